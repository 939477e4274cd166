//! JSON text, read by one small reader.
//!
//! A browser loads the core over a factory's network, and reading JSON was a third of it: what serde derives for a type is
//! compiled once more for every kind of input, with `serde_json`'s own parsing inlined into each copy. Here everything
//! that knows JSON is compiled once, and in a browser kept from being inlined; a type adds little more than the names of its members.
//!
//! It takes what `serde_json` takes and reads it to the same values, with one exception: a struct is read from an object,
//! never from a list. Unknown members are skipped without limit of depth; what is read may nest [`DEPTH`] deep.
//! A [`Raw`] keeps its text.

mod error;
mod raw;
mod reader;
mod real;
#[cfg(test)]
mod tests;
mod text;
mod within;
mod write;
mod writer;

use serde::Deserialize;

pub use self::error::Error;
use self::raw::RAW;
pub use self::raw::Raw;
use self::reader::Reader;
pub use self::text::Text;
pub use self::write::{object, value, write};
pub use crate::object;

/// Arrays and objects within one another, at most.
pub const DEPTH: u8 = 127;

/// Reads one value, with nothing but blanks around it.
pub fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, Error> {
    read_bytes(text.as_bytes())
}

/// Reads one value out of bytes that may not be UTF-8; what is skipped is not looked at so closely.
pub fn read_bytes<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Error> {
    let mut reader = Reader::new(bytes);
    let read = T::deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    read.map_err(|error| reader.place(error))
}
