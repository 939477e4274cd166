//! One file of the device, its schema, and whether a transaction is open in it.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::store::StoreError;

pub(super) const OUTBOX: &str = "
CREATE TABLE IF NOT EXISTS streams (
    id TEXT PRIMARY KEY, acked_seq INTEGER NOT NULL, acked_hash TEXT NOT NULL, open INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS entries (
    act INTEGER PRIMARY KEY AUTOINCREMENT, stream_id TEXT NOT NULL, seq INTEGER NOT NULL, bytes TEXT NOT NULL, hash TEXT NOT NULL,
    made_time INTEGER NOT NULL, verdict TEXT, attention INTEGER NOT NULL DEFAULT 0, shown_topic TEXT, shown_cursor INTEGER,
    settled_time INTEGER, UNIQUE (stream_id, seq)
);
CREATE TABLE IF NOT EXISTS earlier_verdicts (
    act INTEGER PRIMARY KEY, earlier TEXT NOT NULL -- from before the server was rewound, until there is one again
);
CREATE TABLE IF NOT EXISTS server (one INTEGER PRIMARY KEY CHECK (one = 1), epoch TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS entries_open ON entries (act) WHERE verdict IS NULL OR attention <> 0 OR shown_topic IS NOT NULL;
CREATE TABLE IF NOT EXISTS leases (
    lease_id TEXT PRIMARY KEY, actor TEXT NOT NULL, kept_time INTEGER NOT NULL, lease TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS photos (
    sha256 TEXT PRIMARY KEY, size INTEGER NOT NULL, mime TEXT NOT NULL, upload TEXT,
    stored INTEGER NOT NULL DEFAULT 0 -- 1 by the server, 2 refused for good
);";

pub(super) const FLOOR: &str = "
CREATE TABLE IF NOT EXISTS topics (topic TEXT PRIMARY KEY, epoch TEXT NOT NULL, cursor INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS rows (
    topic TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (topic, kind, id)
) WITHOUT ROWID;";

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}

/// A file of the device, and whether a transaction is open in it.
#[derive(Debug)]
pub(super) struct File {
    pub(super) connection: Connection,
    pub(super) writing: bool,
}

impl File {
    pub(super) fn open(path: &Path, synchronous: &str, schema: &str) -> Result<Self, StoreError> {
        let connection = Connection::open(path)?;
        connection.set_prepared_statement_cache_capacity(32);
        connection
            .execute_batch(&format!("PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; {schema}"))?;
        Ok(Self { connection, writing: false })
    }

    /// The connection, in a transaction.
    pub(super) fn write(&mut self) -> Result<&Connection, StoreError> {
        if !self.writing {
            self.connection.execute_batch("BEGIN IMMEDIATE")?;
            self.writing = true;
        }
        Ok(&self.connection)
    }

    pub(super) fn commit(&mut self) -> Result<(), StoreError> {
        if self.writing {
            self.connection.execute_batch("COMMIT")?;
            self.writing = false;
        }
        Ok(())
    }
}

pub(super) fn discard(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        // A file that is not there is as good as deleted; any other failure shows when it is opened again.
        let _ = std::fs::remove_file(PathBuf::from(name));
    }
}
