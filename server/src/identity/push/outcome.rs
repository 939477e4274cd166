//! How it went with one notice for one phone.

use std::time::Duration;

/// What a push service made of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It took it.
    Sent,
    /// It does not know the address any more: nothing will ever reach it.
    Gone(&'static str),
    /// Another time.
    Later {
        /// Why, without anything secret.
        why: String,
        /// Not before, if it said so.
        after: Option<Duration>,
    },
    /// This server has no such way.
    Off,
}

impl Outcome {
    /// Another time, without a word on when.
    pub(super) fn later(why: impl Into<String>) -> Self {
        Self::Later { why: why.into(), after: None }
    }
}
