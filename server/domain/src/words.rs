//! Enums that are words: one list gives the type, its text on the wire and in the database, and the way back.

use std::fmt;

/// A text that is none of the words of its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownWord {
    /// What was looked for, such as `item status`.
    pub what: &'static str,
    pub word: String,
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no {}", self.word, self.what)
    }
}

impl std::error::Error for UnknownWord {}

macro_rules! words {
    (
        $what:literal
        $(#[$doc:meta])*
        pub enum $enum:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $enum {
            $($(#[$variant_doc])* #[doc = concat!("`", $text, "`")] #[serde(rename = $text)] $variant,)*
        }

        impl $enum {
            /// Every one, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word on the wire and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl std::fmt::Display for $enum {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $enum {
            type Err = $crate::words::UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($text => Ok(Self::$variant),)*
                    _ => Err($crate::words::UnknownWord { what: $what, word: word.to_owned() }),
                }
            }
        }
    };
}

pub(crate) use words;
