//! `note`: a text.

use serde::{Deserialize, Serialize};

/// Configuration of a note.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NoteConfig {
    /// In characters; absent: [`MAX_TEXT`](super::MAX_TEXT).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
}
