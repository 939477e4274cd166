//! Writing: any value as JSON text, byte for byte as `serde_json` writes it.
//!
//! Like the reader, it is one type whose work is compiled once; `serde_json`'s would bring a table of ten kilobytes
//! for numbers with fractions, and its way to a [`Value`] a whole second reader.

use serde::Serialize;
use serde_json::{Map, Value};

use super::writer::Writer;
use super::{Error, read};

/// Writes a value.
pub fn write<T: Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    let mut writer = Writer::default();
    value.serialize(&mut writer)?;
    Ok(writer.into_text())
}

/// The value as an open one; null where JSON cannot say it.
pub fn value<T: Serialize + ?Sized>(value: &T) -> Value {
    write(value).and_then(|text| read(&text)).unwrap_or_default()
}

/// An object of these members, which are taken.
pub fn object(members: &mut [(&str, Value)]) -> Value {
    let mut object = Map::new();
    for (name, value) in members {
        object.insert((*name).to_owned(), value.take());
    }
    Value::Object(object)
}

/// An object with its members named, as a [`Value`].
///
/// `object!{ "from": stage, "allowed": allowed }` takes whatever can be written; `object!{ "text" => text }` what is a value
/// as it stands, and moves it.
#[macro_export]
macro_rules! object {
    ($($name:literal => $value:expr),+ $(,)?) => {
        $crate::json::object(&mut [$(($name, $value.into())),+])
    };
    ($($name:literal: $value:expr),* $(,)?) => {
        $crate::json::object(&mut [$(($name, $crate::json::value(&$value))),*])
    };
}
