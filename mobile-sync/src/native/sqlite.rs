//! The store on SQLite: what must not be lost in one file, what can be fetched again in another.
//!
//! The outbox file is written with a WAL and `synchronous = FULL`: when a commit returns, the entry survives a power cut.
//! The floor's file is never synced, and is deleted and fetched again when it cannot be read.

use std::path::{Path, PathBuf};

use floorline_domain::ids::{EntryKey, StreamId};
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};

use crate::chain::Hash;
use crate::store::{
    ActId, Attention, JournalLine, Kept, KeptLease, Loaded, Row, Settled, Store, StoreError, StreamState, TopicCursor,
};
use crate::topic::{Position, Topic};
use crate::wire::Raw;

const OUTBOX: &str = "
CREATE TABLE IF NOT EXISTS streams (
    id TEXT PRIMARY KEY, acked_seq INTEGER NOT NULL, acked_hash TEXT NOT NULL, open INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS entries (
    act INTEGER PRIMARY KEY AUTOINCREMENT, stream_id TEXT NOT NULL, seq INTEGER NOT NULL, bytes TEXT NOT NULL, hash TEXT NOT NULL,
    made_time INTEGER NOT NULL, verdict TEXT, attention INTEGER NOT NULL DEFAULT 0, shown_topic TEXT, shown_cursor INTEGER,
    settled_time INTEGER, UNIQUE (stream_id, seq)
);
CREATE INDEX IF NOT EXISTS entries_open ON entries (act) WHERE verdict IS NULL OR attention <> 0 OR shown_topic IS NOT NULL;
CREATE TABLE IF NOT EXISTS leases (
    lease_id TEXT PRIMARY KEY, actor TEXT NOT NULL, kept_time INTEGER NOT NULL, lease TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS photos (
    sha256 TEXT PRIMARY KEY, size INTEGER NOT NULL, mime TEXT NOT NULL, upload TEXT,
    stored INTEGER NOT NULL DEFAULT 0 -- 1 by the server, 2 refused for good
);";

const FLOOR: &str = "
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
struct File {
    connection: Connection,
    writing: bool,
}

impl File {
    fn open(path: &Path, synchronous: &str, schema: &str) -> Result<Self, StoreError> {
        let connection = Connection::open(path)?;
        connection.set_prepared_statement_cache_capacity(32);
        connection
            .execute_batch(&format!("PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; {schema}"))?;
        Ok(Self { connection, writing: false })
    }

    /// The connection, in a transaction.
    fn write(&mut self) -> Result<&Connection, StoreError> {
        if !self.writing {
            self.connection.execute_batch("BEGIN IMMEDIATE")?;
            self.writing = true;
        }
        Ok(&self.connection)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        if self.writing {
            self.connection.execute_batch("COMMIT")?;
            self.writing = false;
        }
        Ok(())
    }
}

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
            "SELECT act, stream_id, seq, bytes, hash, made_time, verdict, attention, shown_topic, shown_cursor, settled_time
             FROM entries WHERE {filter}"
        );
        let mut statement = self.outbox.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(values)?;
        let mut lines = Vec::new();
        while let Some(row) = rows.next()? {
            lines.push(line(row)?);
        }
        Ok(lines)
    }

    /// Notes a photo whose file is in place.
    pub fn keep_photo(&mut self, photo: &WaitingPhoto) -> Result<(), StoreError> {
        self.kept()?
            .prepare_cached("INSERT INTO photos (sha256, size, mime) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
            .execute(params![photo.sha256.to_string(), number(photo.size), photo.mime])?;
        Ok(())
    }

    /// Notes where an upload was begun, or that it has to begin again.
    pub fn photo_upload(&mut self, sha256: &Hash, upload: Option<&str>) -> Result<(), StoreError> {
        self.kept()?
            .prepare_cached("UPDATE photos SET upload = ?2 WHERE sha256 = ?1")?
            .execute(params![sha256.to_string(), upload])?;
        Ok(())
    }

    /// The server has the photo.
    pub fn photo_stored(&mut self, sha256: &Hash) -> Result<(), StoreError> {
        self.kept()?
            .prepare_cached("UPDATE photos SET stored = 1, upload = NULL WHERE sha256 = ?1")?
            .execute([sha256.to_string()])?;
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

fn discard(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        // A file that is not there is as good as deleted; any other failure shows when it is opened again.
        let _ = std::fs::remove_file(PathBuf::from(name));
    }
}

/// SQLite's integers are signed; acts and sizes never come near the end of them.
fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn parse<T: std::str::FromStr>(row: &SqlRow<'_>, column: usize) -> Result<T, StoreError>
where
    T::Err: std::fmt::Display,
{
    row.get::<_, String>(column)?.parse().map_err(|error: T::Err| StoreError(error.to_string()))
}

fn raw(text: String) -> Result<Raw, StoreError> {
    Raw::new(text).map_err(|error| StoreError(error.to_string()))
}

fn line(row: &SqlRow<'_>) -> Result<JournalLine, StoreError> {
    let kept = Kept {
        act: act(row, 0)?,
        key: EntryKey { stream_id: parse(row, 1)?, seq: row.get(2)? },
        bytes: raw(row.get(3)?)?,
        hash: parse(row, 4)?,
        made_time: row.get(5)?,
    };
    let Some(verdict) = row.get::<_, Option<String>>(6)? else { return Ok(JournalLine { kept, settled: None }) };
    let shown_until = match row.get::<_, Option<String>>(8)? {
        Some(_) => Some(Position { topic: parse(row, 8)?, cursor: row.get(9)? }),
        None => None,
    };
    let attention = match row.get::<_, i64>(7)? {
        0 => Attention::None,
        1 => Attention::Card,
        _ => Attention::Stop,
    };
    let settled = Settled { verdict: raw(verdict)?, attention, shown_until, settled_time: row.get(10)? };
    Ok(JournalLine { kept, settled: Some(settled) })
}

fn act(row: &SqlRow<'_>, column: usize) -> Result<ActId, StoreError> {
    Ok(ActId(u64::try_from(row.get::<_, i64>(column)?).unwrap_or_default()))
}

fn attention(attention: Attention) -> i64 {
    match attention {
        Attention::None => 0,
        Attention::Card => 1,
        Attention::Stop => 2,
    }
}

impl Store for SqliteStore {
    fn load(&mut self) -> Result<Loaded, StoreError> {
        let connection = &self.outbox.connection;
        let stream = connection
            .query_row("SELECT id, acked_seq, acked_hash FROM streams WHERE open = 1", [], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
            })
            .optional()?;
        let stream = match stream {
            Some((id, acked_seq, hash)) => Some(StreamState {
                id: id.parse::<StreamId>().map_err(|error| StoreError(error.to_string()))?,
                acked_seq,
                acked_hash: hash.parse().map_err(|_| StoreError("a stream's hash is torn".to_owned()))?,
            }),
            None => None,
        };
        let last_act: Option<i64> = connection
            .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'entries'", [], |row| row.get(0))
            .optional()?;
        let mut leases = Vec::new();
        {
            let mut statement = connection.prepare_cached("SELECT lease_id, actor, kept_time, lease FROM leases")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let (lease_id, actor) = (parse(row, 0)?, parse(row, 1)?);
                leases.push(KeptLease { lease_id, actor, kept_time: row.get(2)?, lease: row.get(3)? });
            }
        }
        let mut topics = Vec::new();
        {
            let mut statement = self.floor.connection.prepare_cached("SELECT topic, epoch, cursor FROM topics")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                topics.push(TopicCursor { topic: parse(row, 0)?, epoch: row.get(1)?, cursor: row.get(2)? });
            }
        }
        let outbox = self.lines("verdict IS NULL ORDER BY seq", [])?;
        let open =
            self.lines("verdict IS NOT NULL AND (attention <> 0 OR shown_topic IS NOT NULL) ORDER BY act", [])?;
        Ok(Loaded {
            stream,
            outbox: outbox.into_iter().map(|line| line.kept).collect(),
            open,
            last_act: u64::try_from(last_act.unwrap_or_default()).unwrap_or_default(),
            leases,
            topics,
        })
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.outbox.commit()?;
        self.floor.commit()
    }

    fn open_stream(&mut self, stream: &StreamState) -> Result<(), StoreError> {
        let connection = self.kept()?;
        connection.prepare_cached("UPDATE streams SET open = 0")?.execute([])?;
        connection
            .prepare_cached("INSERT INTO streams (id, acked_seq, acked_hash, open) VALUES (?1, ?2, ?3, 1)")?
            .execute(params![stream.id.to_string(), stream.acked_seq, stream.acked_hash.to_string()])?;
        Ok(())
    }

    fn append(&mut self, kept: &Kept) -> Result<(), StoreError> {
        self.kept()?
            .prepare_cached(
                "INSERT INTO entries (act, stream_id, seq, bytes, hash, made_time) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                number(kept.act.0),
                kept.key.stream_id.to_string(),
                kept.key.seq,
                kept.bytes.text(),
                kept.hash.to_string(),
                kept.made_time
            ])?;
        Ok(())
    }

    fn reoffer(&mut self, kept: &Kept) -> Result<(), StoreError> {
        self.kept()?
            .prepare_cached("UPDATE entries SET stream_id = ?2, seq = ?3, bytes = ?4, hash = ?5 WHERE act = ?1")?
            .execute(params![
                number(kept.act.0),
                kept.key.stream_id.to_string(),
                kept.key.seq,
                kept.bytes.text(),
                kept.hash.to_string()
            ])?;
        Ok(())
    }

    fn settle(&mut self, kept: &Kept, settled: &Settled) -> Result<(), StoreError> {
        let connection = self.kept()?;
        let (topic, cursor) =
            (settled.shown_until.map(|at| at.topic.to_string()), settled.shown_until.map(|at| at.cursor));
        connection
            .prepare_cached(
                "UPDATE entries SET verdict = ?2, attention = ?3, shown_topic = ?4, shown_cursor = ?5, settled_time = ?6
                 WHERE act = ?1",
            )?
            .execute(params![
                number(kept.act.0),
                settled.verdict.text(),
                attention(settled.attention),
                topic,
                cursor,
                settled.settled_time
            ])?;
        connection
            .prepare_cached("UPDATE streams SET acked_seq = ?2, acked_hash = ?3 WHERE id = ?1")?
            .execute(params![kept.key.stream_id.to_string(), kept.key.seq, kept.hash.to_string()])?;
        Ok(())
    }

    fn shown(&mut self, act: ActId) -> Result<(), StoreError> {
        self.shown.push(act);
        Ok(())
    }

    fn looked_at(&mut self, act: ActId) -> Result<(), StoreError> {
        self.kept()?.prepare_cached("UPDATE entries SET attention = 0 WHERE act = ?1")?.execute([number(act.0)])?;
        Ok(())
    }

    fn journal(&mut self, after: ActId, limit: usize) -> Result<Vec<JournalLine>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.lines("act > ?1 ORDER BY act LIMIT ?2", params![number(after.0), limit])
    }

    fn prune(&mut self, settled_before: i64) -> Result<(), StoreError> {
        self.kept()?
            .prepare_cached(
                "DELETE FROM entries
                 WHERE verdict IS NOT NULL AND settled_time < ?1 AND attention = 0 AND shown_topic IS NULL",
            )?
            .execute([settled_before])?;
        Ok(())
    }

    fn keep_lease(&mut self, lease: &KeptLease) -> Result<(), StoreError> {
        self.kept()?
            .prepare_cached(
                "INSERT OR REPLACE INTO leases (lease_id, actor, kept_time, lease) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![lease.lease_id.to_string(), lease.actor.to_string(), lease.kept_time, lease.lease])?;
        Ok(())
    }

    fn set_cursor(&mut self, at: &TopicCursor) -> Result<(), StoreError> {
        self.floor
            .write()?
            .prepare_cached("INSERT OR REPLACE INTO topics (topic, epoch, cursor) VALUES (?1, ?2, ?3)")?
            .execute(params![at.topic.to_string(), at.epoch, at.cursor])?;
        Ok(())
    }

    fn swap(&mut self, at: &TopicCursor, rows: &[Row]) -> Result<(), StoreError> {
        self.floor.write()?.prepare_cached("DELETE FROM rows WHERE topic = ?1")?.execute([at.topic.to_string()])?;
        for row in rows {
            self.put_row(at.topic, row)?;
        }
        self.set_cursor(at)
    }

    fn put_row(&mut self, topic: Topic, row: &Row) -> Result<(), StoreError> {
        self.floor
            .write()?
            .prepare_cached("INSERT OR REPLACE INTO rows (topic, kind, id, version, body) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![topic.to_string(), row.kind, row.id, row.version, row.body])?;
        Ok(())
    }

    fn drop_row(&mut self, topic: Topic, kind: &str, id: &str) -> Result<(), StoreError> {
        self.floor
            .write()?
            .prepare_cached("DELETE FROM rows WHERE topic = ?1 AND kind = ?2 AND id = ?3")?
            .execute(params![topic.to_string(), kind, id])?;
        Ok(())
    }

    fn row(&mut self, topic: Topic, kind: &str, id: &str) -> Result<Option<Row>, StoreError> {
        let connection = &self.floor.connection;
        let mut statement = connection
            .prepare_cached("SELECT kind, id, version, body FROM rows WHERE topic = ?1 AND kind = ?2 AND id = ?3")?;
        Ok(statement.query_row(params![topic.to_string(), kind, id], row).optional()?)
    }

    fn rows(&mut self, topic: Topic, kind: &str) -> Result<Vec<Row>, StoreError> {
        let connection = &self.floor.connection;
        let mut statement = connection
            .prepare_cached("SELECT kind, id, version, body FROM rows WHERE topic = ?1 AND kind = ?2 ORDER BY id")?;
        let rows = statement.query_map(params![topic.to_string(), kind], row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn clear_base(&mut self) -> Result<(), StoreError> {
        let connection = self.floor.write()?;
        connection.execute_batch("DELETE FROM topics; DELETE FROM rows;")?;
        Ok(())
    }
}

fn row(row: &SqlRow<'_>) -> rusqlite::Result<Row> {
    Ok(Row { kind: row.get(0)?, id: row.get(1)?, version: row.get(2)?, body: row.get(3)? })
}
