//! JSON carried as the text it came as: entries, verdicts and feed events are spliced verbatim, never written again.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// One JSON value as text, without blanks around it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Raw(Box<RawValue>);

impl Raw {
    /// Takes a text that is one JSON value.
    pub fn new(text: impl Into<String>) -> Result<Self, serde_json::Error> {
        let text: String = text.into();
        let trimmed = text.trim_matches([' ', '\t', '\n', '\r']);
        RawValue::from_string(if trimmed.len() == text.len() { text } else { trimmed.to_owned() }).map(Self)
    }

    /// Takes the UTF-8 bytes of one JSON value.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes).map(Self)
    }

    /// Writes a value once; from here on its text stays.
    pub fn of(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(value).map(Self)
    }

    /// The text as it stands in a frame.
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// The bytes as they stand in a frame, which is what the chain hashes.
    pub fn bytes(&self) -> &[u8] {
        self.0.get().as_bytes()
    }

    /// Reads the text as a `T`.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.0.get())
    }
}

impl Default for Raw {
    /// `null`.
    fn default() -> Self {
        Self(RawValue::NULL.to_owned())
    }
}

impl PartialEq for Raw {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Raw {}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_text_but_not_the_blanks_around_it() {
        let raw = Raw::new(" {\"b\": 1.0,  \"a\":1e2}\n").unwrap();
        assert_eq!(raw.text(), "{\"b\": 1.0,  \"a\":1e2}");
        let listed: Vec<Raw> = serde_json::from_str("[ {\"b\": 1.0} , 2 ]").unwrap();
        assert_eq!(listed[0].text(), "{\"b\": 1.0}");
        assert_eq!(serde_json::to_string(&listed).unwrap(), "[{\"b\": 1.0},2]");
        assert!(Raw::new("{").is_err());
    }
}
