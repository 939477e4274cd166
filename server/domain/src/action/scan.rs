//! `scan`: a code that must be the one expected.

use crate::json;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Judged, content::Reader};
use crate::FieldError;

/// Configuration of a scan.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ScanConfig {
    #[serde(default)]
    pub expected: Expected,
}

/// What must be scanned. On the wire a word, or the very text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Expected {
    /// The item the action belongs to.
    #[default]
    ThisItem,
    /// A place where the stage may be done.
    Location,
    /// A worker's badge.
    User,
    /// A component of the item.
    Component,
    /// Exactly this text.
    Text(String),
}

impl From<String> for Expected {
    fn from(text: String) -> Self {
        match text.as_str() {
            "this_item" => Self::ThisItem,
            "location" => Self::Location,
            "user" => Self::User,
            "component" => Self::Component,
            _ => Self::Text(text),
        }
    }
}

impl From<Expected> for String {
    fn from(expected: Expected) -> Self {
        match expected {
            Expected::ThisItem => "this_item".to_owned(),
            Expected::Location => "location".to_owned(),
            Expected::User => "user".to_owned(),
            Expected::Component => "component".to_owned(),
            Expected::Text(text) => text,
        }
    }
}

impl ScanConfig {
    /// Reads `{"raw"}`. What the text means has been looked up by the caller.
    pub(super) fn judge(&self, data: &Map<String, Value>) -> Result<Judged, Vec<FieldError>> {
        let mut reader = Reader::default();
        let raw = reader.text(data, "", "raw");
        reader.finish(Judged::new(true, json::object! { "raw" => raw }))
    }

    pub(super) fn faults(&self) -> Vec<FieldError> {
        match &self.expected {
            // What is scanned is compared without the blanks around it.
            Expected::Text(text) if text.is_empty() || text.trim() != text => {
                vec![FieldError::new(
                    "expected",
                    "required",
                    "the text to scan is not blank and has no blanks around it",
                )]
            }
            _ => Vec::new(),
        }
    }
}
