//! `inspection`: a checklist and how much of it must pass.

use crate::json;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    Judged, MAX_TEXT,
    content::{Reader, at},
    repeated,
};
use crate::FieldError;

/// Configuration of an inspection.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct InspectionConfig {
    #[serde(default)]
    pub checks: Vec<String>,
    #[serde(default)]
    pub pass: PassMark,
}

/// How many checks must pass: `"all"` or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "PassForm", into = "PassForm")]
pub enum PassMark {
    #[default]
    All,
    AtLeast(u32),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum PassForm {
    Number(u32),
    Word(String),
}

impl TryFrom<PassForm> for PassMark {
    type Error = &'static str;

    fn try_from(form: PassForm) -> Result<Self, Self::Error> {
        match form {
            PassForm::Number(number) => Ok(Self::AtLeast(number)),
            PassForm::Word(word) if word == "all" => Ok(Self::All),
            PassForm::Word(_) => Err("pass is \"all\" or a number"),
        }
    }
}

impl From<PassMark> for PassForm {
    fn from(mark: PassMark) -> Self {
        match mark {
            PassMark::All => Self::Word("all".to_owned()),
            PassMark::AtLeast(number) => Self::Number(number),
        }
    }
}

impl InspectionConfig {
    /// Reads `{"checks":[{"item","passed","note"}]}`: each check answered, once.
    pub(super) fn judge(&self, data: &Map<String, Value>) -> Result<Judged, Vec<FieldError>> {
        let mut reader = Reader::default();
        let mut answered: Vec<(String, bool, Option<String>)> = Vec::new();
        for (path, check) in reader.objects(data, "checks") {
            let name = reader.text(check, &path, "item");
            let passed = reader.flag(check, &path, "passed");
            let note = reader.text_if_any(check, &path, "note", MAX_TEXT).flatten();
            let (Some(name), Some(passed)) = (name, passed) else { continue };
            if !self.checks.contains(&name) {
                reader.fault(&at(&path, "item"), "unknown", format!("no check is called {name:?}"));
            } else if answered.iter().any(|(other, ..)| *other == name) {
                reader.fault(&at(&path, "item"), "duplicate", format!("the check {name:?} is there twice"));
            } else {
                answered.push((name, passed, note));
            }
        }
        for check in self.checks.iter().filter(|check| !answered.iter().any(|(name, ..)| name == *check)) {
            reader.fault("checks", "missing", format!("the check {check:?} is missing"));
        }
        let passes = answered.iter().filter(|(_, passed, _)| *passed).count();
        let enough = match self.pass {
            PassMark::All => passes == self.checks.len(),
            PassMark::AtLeast(number) => usize::try_from(number).is_ok_and(|number| passes >= number),
        };
        let checks: Vec<Value> = answered
            .into_iter()
            .map(|(name, passed, note)| match note {
                Some(note) => json::object! { "item" => name, "passed" => passed, "note" => note },
                None => json::object! { "item" => name, "passed" => passed },
            })
            .collect();
        reader.finish(Judged::new(enough, json::object! { "checks" => checks }))
    }

    pub(super) fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        if self.checks.is_empty() || self.checks.iter().any(|check| check.trim().is_empty()) {
            faults.push(FieldError::new("checks", "required", "an inspection has checks, each with a name"));
        }
        for check in repeated(self.checks.iter().map(String::as_str)) {
            faults.push(FieldError::new("checks", "duplicate", format!("the check {check:?} is there twice")));
        }
        let reachable = match self.pass {
            PassMark::All => true,
            PassMark::AtLeast(number) => usize::try_from(number).is_ok_and(|number| number <= self.checks.len()),
        };
        if !reachable {
            faults.push(FieldError::new("pass", "range", "more checks would have to pass than there are"));
        }
        faults
    }
}
