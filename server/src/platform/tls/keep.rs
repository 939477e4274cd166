//! Files that only their owner may read, each there whole or not at all.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use uuid::Uuid;

use super::TlsError;

/// Makes a folder that only its owner may enter, unless it is there.
pub(super) fn make_folder(folder: &Path) -> Result<(), TlsError> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|source| TlsError::File { path: folder.to_owned(), source })
}

/// Writes a file, over the one that is there.
pub(super) fn write(path: &Path, text: &str) -> Result<(), TlsError> {
    let beside = path.with_extension(format!("{}.new", Uuid::new_v4().simple()));
    let written = || {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    };
    written().map_err(|source| TlsError::File { path: path.to_owned(), source })
}

/// What a file holds.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::File { path: path.to_owned(), source })
}
