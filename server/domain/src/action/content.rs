//! Reading what a worker sent, collecting every fault on the way instead of stopping at the first.

use serde_json::{Map, Value};

use super::MAX_TEXT;
use crate::FieldError;

/// A reader of one result's content.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) errors: Vec<FieldError>,
}

impl Reader {
    /// Notes a fault.
    pub(super) fn fault(&mut self, field: &str, code: &str, message: impl Into<String>) {
        self.errors.push(FieldError::new(field, code, message));
    }

    /// The result, unless there were faults.
    pub(super) fn finish<T>(self, result: T) -> Result<T, Vec<FieldError>> {
        if self.errors.is_empty() { Ok(result) } else { Err(self.errors) }
    }

    /// A text that must be there, without blanks around it.
    pub(super) fn text(&mut self, from: &Map<String, Value>, path: &str, key: &str) -> Option<String> {
        let text = self.text_if_any(from, path, key, MAX_TEXT)?;
        if text.is_none() {
            self.fault(&at(path, key), "required", format!("{key} is missing"));
        }
        text
    }

    /// A text that may be absent, null or blank: then it is none. The outer none stands for a fault.
    pub(super) fn text_if_any(
        &mut self,
        from: &Map<String, Value>,
        path: &str,
        key: &str,
        max: usize,
    ) -> Option<Option<String>> {
        match from.get(key) {
            None | Some(Value::Null) => Some(None),
            Some(Value::String(text)) if text.chars().count() > max => {
                self.fault(&at(path, key), "too_long", format!("{key} has more than {max} characters"));
                None
            }
            Some(Value::String(text)) => Some(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
            Some(_) => {
                self.fault(&at(path, key), "type", format!("{key} is not a text"));
                None
            }
        }
    }

    /// A yes or no that must be there.
    pub(super) fn flag(&mut self, from: &Map<String, Value>, path: &str, key: &str) -> Option<bool> {
        let flag = from.get(key).and_then(Value::as_bool);
        if flag.is_none() {
            let code = if from.contains_key(key) { "type" } else { "required" };
            self.fault(&at(path, key), code, format!("{key} must be true or false"));
        }
        flag
    }

    /// A list of objects that must be there, each with its path.
    pub(super) fn objects<'a>(
        &mut self,
        from: &'a Map<String, Value>,
        key: &str,
    ) -> Vec<(String, &'a Map<String, Value>)> {
        let Some(list) = from.get(key).and_then(Value::as_array) else {
            let code = if from.contains_key(key) { "type" } else { "required" };
            self.fault(key, code, format!("{key} must be a list"));
            return Vec::new();
        };
        let mut objects = Vec::new();
        for (index, entry) in list.iter().enumerate() {
            let path = format!("{key}[{index}]");
            match entry.as_object() {
                Some(object) => objects.push((path, object)),
                None => self.fault(&path, "type", "this must be an object"),
            }
        }
        objects
    }

    /// The hash of a file, 64 lower-case hex digits.
    pub(super) fn sha256(&mut self, from: &Map<String, Value>, path: &str) -> Option<String> {
        let hash = self.text(from, path, "sha256")?;
        if hash.len() != 64 || !hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            self.fault(&at(path, "sha256"), "invalid", "a hash is 64 lower-case hex digits");
            return None;
        }
        Some(hash)
    }
}

/// The path of `key` within `path`.
pub(super) fn at(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
