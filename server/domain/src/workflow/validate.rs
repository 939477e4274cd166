//! Everything that is wrong with a workflow, at once.

use serde::{Deserialize, Serialize};

/// A workflow has at most this many stages.
pub const MAX_STAGES: usize = 500;

/// One fault of a workflow. `path` says where (`stages[2].next[0].to`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    pub code: String,
    pub path: String,
    pub message: String,
}

impl Fault {
    pub(crate) fn new(code: &str, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), path: path.into(), message: message.into() }
    }
}
