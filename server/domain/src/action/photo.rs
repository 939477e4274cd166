//! `photo`: pictures, enough of them, large enough, from every angle asked for.

use serde::{Deserialize, Serialize};

/// Configuration of a photo.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PhotoConfig {
    /// At least this many; absent: one, or one for each angle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// In pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_width: Option<u32>,
    /// In pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_height: Option<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub angles: Vec<String>,
}
