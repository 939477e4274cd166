//! Objects: photos and the parts of uploads that become photos.
//!
//! Bytes live in an object store (a folder by default) and only their hash and path in PostgreSQL. The order is always the same, so that no photo's row names
//! bytes that are not there: bytes first and durable, then the row; when a photo goes, its row first, then the bytes. At any time a row names every object: from
//! its first part on an upload's, which goes only after the objects did. So what a crash leaves is found by its row (`photos/remove_old.rs`).

mod hash;

use std::os::unix::fs::DirBuilderExt;
use std::path::Path as FilePath;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, WriteMultipart};

pub use hash::{Hasher, sha256};

/// Why an object could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// There is no object at this path.
    #[error("there is no object {0}")]
    Absent(String),
    /// Not a path: empty parts, `..`, or characters an object store does not take.
    #[error("{0:?} is no object path")]
    Path(String),
    /// What arrived is not what was announced.
    #[error("the bytes hash to {found}, not to {expected}")]
    Mismatch {
        /// The hash announced, in hexadecimal.
        expected: String,
        /// The hash of the bytes, in hexadecimal.
        found: String,
    },
    /// The object is larger than the reader will take.
    #[error("the object has {size} bytes, more than {limit}")]
    TooLarge {
        /// Its size.
        size: u64,
        /// The reader's limit.
        limit: u64,
    },
    /// The store itself failed; worth trying again.
    #[error("the object store failed: {0}")]
    Store(object_store::Error),
    /// The folder cannot be made.
    #[error("the folder for objects {folder}: {source}")]
    Folder {
        /// The folder.
        folder: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// What is known of stored bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// In bytes.
    pub size: u64,
    /// In hexadecimal.
    pub sha256: String,
}

/// An object that is read as it is needed.
pub struct Pieces {
    /// In bytes, all pieces together.
    pub size: u64,
    /// The pieces in order.
    pub bytes: BoxStream<'static, Result<Bytes, ObjectError>>,
}

/// The store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
}

impl Objects {
    /// Opens a folder as the store, made if absent and closed to other users. A write that returned has reached the disk.
    ///
    /// # Errors
    /// The folder cannot be made or is none.
    pub fn open(folder: &FilePath) -> Result<Self, ObjectError> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|source| ObjectError::Folder { folder: folder.display().to_string(), source })?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(ObjectError::Store)?.with_fsync(true);
        Ok(Self { store: Arc::new(store.with_automatic_cleanup(true)) })
    }

    /// A store that is gone with the value; for tests.
    #[must_use]
    pub fn in_memory() -> Self {
        Self { store: Arc::new(InMemory::new()) }
    }

    /// Stores bytes; an object already there is replaced.
    ///
    /// # Errors
    /// See [`ObjectError`].
    pub async fn put(&self, path: &str, bytes: Bytes) -> Result<(), ObjectError> {
        self.store.put(&parse(path)?, bytes.into()).await.map(drop).map_err(failed)
    }

    /// Stores the parts one after the other as one object, reading each only once, and checks what they hash to. The parts stay.
    ///
    /// # Errors
    /// See [`ObjectError`]; after any of them nothing is at `path` that was not there before.
    pub async fn assemble(&self, parts: &[String], path: &str, expected: &str) -> Result<Stored, ObjectError> {
        let upload = self.store.put_multipart(&parse(path)?).await.map_err(failed)?;
        let mut writer = WriteMultipart::new(upload);
        let mut hasher = Hasher::default();
        match self.pour(parts, &mut writer, &mut hasher).await {
            Ok(()) => {}
            Err(error) => {
                abandon(writer).await;
                return Err(error);
            }
        }
        let stored = hasher.finish();
        if stored.sha256 != expected {
            abandon(writer).await;
            return Err(ObjectError::Mismatch { expected: expected.to_owned(), found: stored.sha256 });
        }
        writer.finish().await.map_err(failed)?;
        Ok(stored)
    }

    async fn pour(
        &self,
        parts: &[String],
        writer: &mut WriteMultipart,
        hasher: &mut Hasher,
    ) -> Result<(), ObjectError> {
        for part in parts {
            let mut bytes = self.pieces(part).await?.bytes;
            while let Some(chunk) = bytes.try_next().await? {
                hasher.update(&chunk);
                writer.wait_for_capacity(2).await.map_err(failed)?;
                writer.put(chunk);
            }
        }
        Ok(())
    }

    /// The whole object in memory, if it has at most `limit` bytes.
    ///
    /// # Errors
    /// See [`ObjectError`].
    pub async fn get(&self, path: &str, limit: u64) -> Result<Bytes, ObjectError> {
        let found = self.store.get(&parse(path)?).await.map_err(failed)?;
        let size = found.meta.size;
        if size > limit {
            return Err(ObjectError::TooLarge { size, limit });
        }
        found.bytes().await.map_err(failed)
    }

    /// The object piece by piece.
    ///
    /// # Errors
    /// See [`ObjectError`]; a failure half way is an item of the stream.
    pub async fn pieces(&self, path: &str) -> Result<Pieces, ObjectError> {
        let found = self.store.get(&parse(path)?).await.map_err(failed)?;
        Ok(Pieces { size: found.meta.size, bytes: found.into_stream().map_err(failed).boxed() })
    }

    /// The object's size in bytes, None when there is none.
    ///
    /// # Errors
    /// See [`ObjectError`].
    pub async fn size(&self, path: &str) -> Result<Option<u64>, ObjectError> {
        match self.store.head(&parse(path)?).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// Removes the object; one that is not there is fine.
    ///
    /// # Errors
    /// See [`ObjectError`].
    pub async fn delete(&self, path: &str) -> Result<(), ObjectError> {
        match self.store.delete(&parse(path)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    /// Removes every object in a folder.
    ///
    /// # Errors
    /// See [`ObjectError`]; some may be gone by then.
    pub async fn delete_folder(&self, folder: &str) -> Result<(), ObjectError> {
        let folder = parse(folder)?;
        let mut found = self.store.list(Some(&folder));
        while let Some(object) = found.try_next().await.map_err(failed)? {
            self.delete(object.location.as_ref()).await?;
        }
        Ok(())
    }
}

async fn abandon(writer: WriteMultipart) {
    if let Err(error) = writer.abort().await {
        tracing::warn!(%error, "an unfinished object could not be removed");
    }
}

fn parse(path: &str) -> Result<Path, ObjectError> {
    match Path::parse(path) {
        Ok(parsed) if !path.is_empty() => Ok(parsed),
        _ => Err(ObjectError::Path(path.to_owned())),
    }
}

fn failed(error: object_store::Error) -> ObjectError {
    match error {
        object_store::Error::NotFound { path, .. } => ObjectError::Absent(path),
        other => ObjectError::Store(other),
    }
}
