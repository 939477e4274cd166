//! `inspection`: a checklist and how much of it must pass.

use serde::{Deserialize, Serialize};

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
