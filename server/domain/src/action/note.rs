//! `note`: a text.

use crate::json;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Judged, MAX_TEXT, content::Reader};
use crate::FieldError;

/// Configuration of a note.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NoteConfig {
    /// In characters; absent: [`MAX_TEXT`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
}

impl NoteConfig {
    /// Reads `{"text"}`.
    pub(super) fn judge(&self, data: &Map<String, Value>) -> Result<Judged, Vec<FieldError>> {
        let mut reader = Reader::default();
        let text = reader.text(data, "", "text");
        let max = self.max_length.and_then(|max| usize::try_from(max).ok()).unwrap_or(MAX_TEXT);
        if text.as_ref().is_some_and(|text| text.chars().count() > max) {
            reader.fault("text", "too_long", format!("text has more than {max} characters"));
        }
        reader.finish(Judged::new(true, json::object! { "text" => text }))
    }

    pub(super) fn faults(&self) -> Vec<FieldError> {
        match self.max_length {
            Some(0) => vec![FieldError::new("max_length", "range", "no text has less than one character")],
            _ => Vec::new(),
        }
    }
}
