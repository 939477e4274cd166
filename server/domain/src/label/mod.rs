//! Labels: the codes on things, places and badges.
//!
//! Nothing about the item is in its code, and nobody can guess one. The check characters catch what hands and cameras
//! do to them.

mod code;
mod gs1;
mod machine;
mod read;

pub use code::{CODE_LENGTH, Code, CodeError, check_characters, draw};
pub use machine::{Command, Event, Facts, Label, Target, allowed, apply, decide};
pub use read::{Read, Resolved, read, registered_as};

use crate::words::words;

words! {
    "kind of label"
    /// What a code is on.
    pub enum Kind {
        /// Letter `M`.
        Item = "item",
        /// Letter `P`.
        Location = "location",
        /// Letter `W`, a worker's badge.
        User = "user",
    }
}

impl Kind {
    /// The letter its codes begin with.
    pub fn letter(self) -> char {
        match self {
            Self::Item => 'M',
            Self::Location => 'P',
            Self::User => 'W',
        }
    }

    /// The kind whose codes begin with this letter.
    pub fn from_letter(letter: char) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.letter() == letter)
    }
}

words! {
    "label status"
    /// What may be done with a label.
    pub enum Status {
        /// On nothing yet.
        Blank = "blank",
        /// Names its thing.
        Active = "active",
        /// Names its thing still, with a notice; another label took its place.
        Replaced = "replaced",
        /// Names nothing any more.
        Revoked = "revoked",
    }
}
