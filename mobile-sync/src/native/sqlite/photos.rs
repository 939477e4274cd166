//! Photos that wait for their upload, and what became of it.

use rusqlite::params;

use super::SqliteStore;
use super::columns::parse;
use crate::chain::Hash;
use crate::store::StoreError;

/// A photo that waits for its upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingPhoto {
    /// The hash of its bytes, which is its file's name.
    pub sha256: Hash,
    /// Bytes.
    pub size: u64,
    /// Its media type.
    pub mime: String,
    /// Where an upload was begun.
    pub upload: Option<String>,
}

impl SqliteStore {
    /// Notes where an upload was begun, or that it has to begin again.
    pub fn photo_upload(&mut self, sha256: &Hash, upload: Option<&str>) -> Result<(), StoreError> {
        self.kept()?
            .prepare_cached("UPDATE photos SET upload = ?2 WHERE sha256 = ?1")?
            .execute(params![sha256.to_string(), upload])?;
        Ok(())
    }

    /// The server will never take the photo; its bytes stay.
    pub fn photo_refused(&mut self, sha256: &Hash) -> Result<(), StoreError> {
        self.kept()?
            .prepare_cached("UPDATE photos SET stored = 2, upload = NULL WHERE sha256 = ?1")?
            .execute([sha256.to_string()])?;
        Ok(())
    }

    /// Photos the server does not have, in no particular order.
    pub fn waiting_photos(&mut self) -> Result<Vec<WaitingPhoto>, StoreError> {
        let connection = &self.outbox.connection;
        let mut statement =
            connection.prepare_cached("SELECT sha256, size, mime, upload FROM photos WHERE stored = 0")?;
        let mut rows = statement.query([])?;
        let mut photos = Vec::new();
        while let Some(row) = rows.next()? {
            photos.push(WaitingPhoto {
                sha256: parse(row, 0)?,
                size: u64::try_from(row.get::<_, i64>(1)?).unwrap_or_default(),
                mime: row.get(2)?,
                upload: row.get(3)?,
            });
        }
        Ok(photos)
    }
}
