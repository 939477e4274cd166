//! An act that is kept, and why one was not.

use crate::entry::Entry;
use crate::store::{Kept, Settled};

/// An act that is kept in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// What is stored.
    pub kept: Kept,
    /// What it says; none when another version of the app wrote it in a way this one cannot read.
    pub entry: Option<Entry>,
    /// Its verdict, once there is one.
    pub settled: Option<Settled>,
    /// It went out on the present connection.
    pub sent: bool,
}

/// Why an act was not saved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    SignedOut,
    /// More scans than a hand can make.
    #[error("too fast, wait {wait_ms} ms")]
    TooFast {
        /// Milliseconds until the next one.
        wait_ms: i64,
    },
    /// The entry does not fit.
    #[error("too large: {bytes} bytes")]
    TooLarge {
        /// What it would have taken.
        bytes: usize,
    },
    /// Too much is unsent; nothing old is dropped to make room.
    #[error("too much is unsent: {count} entries")]
    Full {
        /// Unsent entries.
        count: usize,
    },
    /// No server could read it.
    #[error("{0}")]
    Unreadable(String),
}
