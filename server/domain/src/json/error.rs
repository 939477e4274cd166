//! What is wrong with a text, and where.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Expected, Unexpected};
use serde::ser;

use super::text::HALF_A_PAIR;

/// Why a text could not be read, in words, and the place the reader had come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<Fault>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault {
    what: Cow<'static, str>,
    line: usize,
    column: usize,
}

impl Error {
    #[cold]
    #[inline(never)]
    pub(super) fn new(what: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Fault { what: what.into(), line: 1, column: 0 }))
    }

    /// Whether a text ends within a pair of surrogates, or begins with the second of one.
    pub fn is_half_a_pair(&self) -> bool {
        self.0.what == HALF_A_PAIR
    }

    /// The error, at the end of what was read.
    #[cold]
    pub(super) fn after(mut self, read: &[u8]) -> Self {
        let lines = || read.split(|byte| *byte == b'\n');
        (self.0.line, self.0.column) = (lines().count(), lines().next_back().map_or(0, <[u8]>::len));
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {} column {}", self.0.what, self.0.line, self.0.column)
    }
}

impl std::error::Error for Error {}

impl ser::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        <Self as de::Error>::custom(message)
    }
}

/// What type was expected is left out: each type would bring words and code for it, and the place says it as well.
impl de::Error for Error {
    #[cold]
    #[inline(never)]
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    #[inline]
    fn invalid_type(found: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::misplaced(&found)
    }

    #[inline]
    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::new("a value out of range")
    }

    #[inline]
    fn invalid_length(_: usize, _: &dyn Expected) -> Self {
        Self::new("a list of another length than expected")
    }
}

impl Error {
    #[cold]
    #[inline(never)]
    fn misplaced(found: &Unexpected<'_>) -> Self {
        Self::new(match found {
            Unexpected::Bool(_) => "a truth value where another type is expected",
            Unexpected::Unsigned(_) | Unexpected::Signed(_) => "an integer where another type is expected",
            Unexpected::Float(_) => "a number with a fraction where another type is expected",
            Unexpected::Str(_) => "a text where another type is expected",
            Unexpected::Unit => "null where another type is expected",
            Unexpected::Seq => "a list where another type is expected",
            Unexpected::Map => "an object where another type is expected",
            _ => "a value where another type is expected",
        })
    }
}
