//! `form`: typed fields.

use crate::json;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Judged, MAX_TEXT, content::Reader, repeated};
use crate::FieldError;

/// Configuration of a form.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FormConfig {
    #[serde(default)]
    pub fields: Vec<Field>,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    pub key: String,
    #[serde(default)]
    pub label: String,
    #[serde(rename = "type")]
    pub field_type: FieldType,
    #[serde(default)]
    pub required: bool,
    /// What a `select` offers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// The least number, or the least length of a text in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The greatest number, or the greatest length of a text in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// A regular expression that the whole of a text must match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    Text,
    Number,
    Select,
    Checkbox,
    Date,
}

/// A pattern has at most this many characters.
const MAX_PATTERN: usize = 200;

impl FormConfig {
    /// How many of its fields have a pattern, each of which has to be compiled.
    pub(crate) fn patterns(&self) -> usize {
        self.fields.iter().filter(|field| field.pattern.is_some()).count()
    }

    /// Reads `{"fields":{…}}`.
    pub(super) fn judge(&self, data: &Map<String, Value>) -> Result<Judged, Vec<FieldError>> {
        let mut reader = Reader::default();
        let Some(given) = data.get("fields").and_then(Value::as_object) else {
            reader.fault("fields", "required", "fields must be an object");
            return reader.finish(Judged::new(false, Value::Null));
        };
        for key in given.keys().filter(|key| !self.fields.iter().any(|field| field.key == **key)) {
            reader.fault(&format!("fields.{key}"), "unknown", "there is no such field");
        }
        let mut kept = Map::new();
        for field in &self.fields {
            let path = format!("fields.{}", field.key);
            match given.get(&field.key).filter(|value| !is_blank(value)) {
                None if field.required => reader.fault(&path, "required", "this field is required"),
                None => {}
                Some(value) => match field.check(value) {
                    Ok(()) => {
                        kept.insert(field.key.clone(), value.clone());
                    }
                    Err((code, message)) => reader.fault(&path, code, message),
                },
            }
        }
        reader.finish(Judged::new(true, json::object! { "fields" => kept }))
    }

    pub(super) fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        if self.fields.is_empty() {
            faults.push(FieldError::new("fields", "required", "a form has at least one field"));
        }
        for key in repeated(self.fields.iter().map(|field| field.key.as_str())) {
            faults.push(FieldError::new("fields", "duplicate", format!("the field {key:?} is there twice")));
        }
        for (index, field) in self.fields.iter().enumerate() {
            if let Some((code, message)) = field.fault() {
                faults.push(FieldError::new(format!("fields[{index}]"), code, message));
            }
        }
        faults
    }
}

type Wrong = (&'static str, String);

impl Field {
    fn check(&self, value: &Value) -> Result<(), Wrong> {
        match self.field_type {
            FieldType::Text => self.check_text(value.as_str().ok_or_else(|| wrong_type("a text"))?),
            FieldType::Number => {
                let number = value.as_f64().ok_or_else(|| wrong_type("a number"))?;
                self.check_range(number, "the number")
            }
            FieldType::Select => {
                let choice = value.as_str().ok_or_else(|| wrong_type("one of the options"))?;
                let known = self.options.iter().any(|option| option == choice);
                known.then_some(()).ok_or_else(|| ("option", format!("{choice:?} is not one of the options")))
            }
            FieldType::Checkbox => value.is_boolean().then_some(()).ok_or_else(|| wrong_type("true or false")),
            FieldType::Date => {
                let date = value.as_str().and_then(|date| chrono::NaiveDate::parse_from_str(date, "%Y-%m-%d").ok());
                date.map(|_| ()).ok_or_else(|| wrong_type("a date such as 2026-11-20"))
            }
        }
    }

    fn check_text(&self, text: &str) -> Result<(), Wrong> {
        let length = text.chars().count();
        if length > MAX_TEXT {
            return Err(("too_long", format!("the text has more than {MAX_TEXT} characters")));
        }
        self.check_range(f64::from(u32::try_from(length).unwrap_or(u32::MAX)), "the text's length")?;
        match self.pattern.as_deref().map(whole_match) {
            Some(Ok(pattern)) if !pattern.is_match(text) => {
                Err(("pattern", "the text does not have the form asked for".to_owned()))
            }
            _ => Ok(()),
        }
    }

    fn check_range(&self, value: f64, what: &str) -> Result<(), Wrong> {
        match (self.min, self.max) {
            (Some(min), _) if value < min => Err(("range", format!("{what} is below {min}"))),
            (_, Some(max)) if value > max => Err(("range", format!("{what} is above {max}"))),
            _ => Ok(()),
        }
    }

    fn fault(&self) -> Option<(&'static str, String)> {
        if self.key.trim().is_empty() {
            return Some(("required", "a field has a key".to_owned()));
        }
        if self.field_type == FieldType::Select && self.options.is_empty() {
            return Some(("required", "a select has options".to_owned()));
        }
        if self.min.zip(self.max).is_some_and(|(min, max)| min > max) {
            return Some(("range", "min is above max".to_owned()));
        }
        let pattern = self.pattern.as_deref()?;
        if pattern.chars().count() > MAX_PATTERN {
            return Some(("too_long", format!("a pattern has at most {MAX_PATTERN} characters")));
        }
        whole_match(pattern).err().map(|error| ("pattern", error.to_string()))
    }
}

fn wrong_type(expected: &str) -> Wrong {
    ("type", format!("this must be {expected}"))
}

/// A pattern that has to match from beginning to end. It runs in linear time.
fn whole_match(pattern: &str) -> Result<regex_lite::Regex, regex_lite::Error> {
    regex_lite::RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(1 << 16).build()
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}
