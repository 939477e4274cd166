//! JSON carried as the text it came as: entries, verdicts and feed events are spliced verbatim, never written again.

use std::fmt;

use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Error, read, read_bytes, write};

/// The name by which a value asks a reader for its text, and tells a writer that it is text already.
///
/// It is `serde_json`'s own for its `RawValue`, so that this one passes through there as well. `serde_json` does not
/// promise it; a test tells when it changes.
pub(super) const RAW: &str = "$serde_json::private::RawValue";

/// One JSON value as text, without the blanks around it.
#[derive(Clone)]
pub struct Raw(Box<str>);

impl Raw {
    /// Takes a text that is one JSON value.
    pub fn new(text: impl AsRef<str>) -> Result<Self, Error> {
        read(text.as_ref())
    }

    /// Takes the UTF-8 bytes of one JSON value.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        read_bytes(bytes)
    }

    /// Writes a value once; from here on its text stays.
    pub fn of(value: &impl Serialize) -> Result<Self, Error> {
        write(value).and_then(Self::new)
    }

    /// The text as it stands in a frame.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The bytes as they stand in a frame, which is what the chain hashes.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Reads the text as a `T`.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        read(&self.0)
    }
}

impl Default for Raw {
    /// `null`.
    fn default() -> Self {
        Self("null".into())
    }
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = serializer.serialize_struct(RAW, 1)?;
        text.serialize_field(RAW, self.text())?;
        text.end()
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(RAW, TextOfValue)
    }
}

struct TextOfValue;

impl<'de> Visitor<'de> for TextOfValue {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut text: A) -> Result<Raw, A::Error> {
        let named = text.next_entry::<String, String>()?;
        named.map(|(_, text)| Raw(text.into())).ok_or_else(|| A::Error::custom("no text"))
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
