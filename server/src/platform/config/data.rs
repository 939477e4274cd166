//! The folder for what the server keeps itself: the embedded database, photos, its signing key.
//!
//! | variable | in the file | default | meaning |
//! |---|---|---|---|
//! | `FLOORLINE_DATA` | `data.folder` | `data` | made if absent; one server at a time |

use std::path::PathBuf;

use super::Source;

/// See the module.
#[derive(Debug, Clone)]
pub struct Data {
    /// Perhaps relative to where the server was started.
    pub folder: PathBuf,
}

impl Data {
    pub(super) fn read(source: &mut Source) -> Self {
        Self { folder: source.get("data.folder", "FLOORLINE_DATA").unwrap_or_else(|| PathBuf::from("data")) }
    }
}
