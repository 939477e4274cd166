//! Where photos are stored.
//!
//! | variable | in the file | default | meaning |
//! |---|---|---|---|
//! | `FLOORLINE_OBJECTS` | `objects.url` | `<data>/objects` | a folder, as a path or a `file://` URL |

use std::path::PathBuf;

use super::{Data, Source};

/// See the module.
#[derive(Debug, Clone)]
pub struct Objects {
    /// Made if absent.
    pub folder: PathBuf,
}

impl Objects {
    pub(super) fn read(source: &mut Source, data: &Data) -> Self {
        Self {
            folder: source
                .parse("objects.url", "FLOORLINE_OBJECTS", folder)
                .unwrap_or_else(|| data.folder.join("objects")),
        }
    }
}

fn folder(text: &str) -> Result<PathBuf, String> {
    match text.split_once("://") {
        None => Ok(PathBuf::from(text)),
        Some(("file", path)) if path.starts_with('/') => Ok(PathBuf::from(path)),
        Some((scheme, _)) => Err(format!("{scheme}:// is not a place this version stores objects in; give a folder")),
    }
}
