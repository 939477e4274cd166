//! The store on SQLite: what must not be lost in one file, what can be fetched again in another.
//!
//! The outbox file is written with a WAL and `synchronous = FULL`: when a commit returns, the entry survives a power cut.
//! The floor's file is never synced, and is deleted and fetched again when it cannot be read.

mod columns;
mod file;
mod keep;
mod load;
mod photos;

use std::path::Path;

use rusqlite::Connection;

use self::columns::{line, number};
use self::file::{FLOOR, File, OUTBOX, discard};
pub use self::photos::WaitingPhoto;
use crate::store::{ActId, JournalLine, StoreError};

/// A device's storage.
#[derive(Debug)]
pub struct SqliteStore {
    /// Held as long as the store: two owners of one folder would be two futures of one stream.
    _owner: std::fs::File,
    outbox: File,
    floor: File,
    /// Acts the floor shows by now. Written with the next change that matters: losing this costs nothing.
    shown: Vec<ActId>,
}

impl SqliteStore {
    /// Opens the two files in a folder, which exists.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let owner = own(folder)?;
        let outbox = File::open(&folder.join("outbox.sqlite"), "FULL", OUTBOX)?;
        let path = folder.join("floor.sqlite");
        let floor = match File::open(&path, "OFF", FLOOR) {
            Ok(floor) => floor,
            Err(_) => {
                discard(&path);
                File::open(&path, "OFF", FLOOR)?
            }
        };
        Ok(Self { _owner: owner, outbox, floor, shown: Vec::new() })
    }

    /// Takes back everything since the last commit.
    pub fn roll_back(&mut self) -> Result<(), StoreError> {
        for file in [&mut self.outbox, &mut self.floor] {
            if std::mem::take(&mut file.writing) {
                file.connection.execute_batch("ROLLBACK")?;
            }
        }
        Ok(())
    }

    fn kept(&mut self) -> Result<&Connection, StoreError> {
        let connection = self.outbox.write()?;
        for act in self.shown.drain(..) {
            connection
                .prepare_cached("UPDATE entries SET shown_topic = NULL, shown_cursor = NULL WHERE act = ?1")?
                .execute([number(act.0)])?;
        }
        Ok(connection)
    }

    fn lines(&self, filter: &str, values: impl rusqlite::Params) -> Result<Vec<JournalLine>, StoreError> {
        let sql = format!(
            "SELECT act, stream_id, seq, bytes, hash, made_time, verdict, attention, shown_topic, shown_cursor, settled_time,
                    earlier
             FROM entries LEFT JOIN earlier_verdicts USING (act) WHERE {filter}"
        );
        let mut statement = self.outbox.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(values)?;
        let mut lines = Vec::new();
        while let Some(row) = rows.next()? {
            lines.push(line(row)?);
        }
        Ok(lines)
    }
}

/// Locks the folder, waiting a little for an owner that is just closing.
fn own(folder: &Path) -> Result<std::fs::File, StoreError> {
    let failed = |error: std::io::Error| StoreError(format!("{}: {error}", folder.display()));
    let file = std::fs::File::create(folder.join("device.lock")).map_err(failed)?;
    for _ in 0..100 {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(std::fs::TryLockError::WouldBlock) => std::thread::sleep(std::time::Duration::from_millis(50)),
            Err(std::fs::TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
    Err(StoreError("the device's folder is in use".to_owned()))
}
