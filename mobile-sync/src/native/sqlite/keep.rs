//! Each change the core makes, as one statement in the transaction that is open in its file.

use floorline_domain::ids::StreamId;
use rusqlite::{OptionalExtension, params};

use super::SqliteStore;
use super::columns::{attention, number, row};
use crate::chain::Hash;
use crate::entry::Blob;
use crate::store::{
    ActId, Attention, JournalLine, Kept, KeptLease, Loaded, Row, Settled, Store, StoreError, StreamState, TopicCursor,
};
use crate::topic::Topic;

impl SqliteStore {
    fn set_attention(&mut self, act: ActId, to: Attention) -> Result<(), StoreError> {
        let values = params![number(act.0), attention(to)];
        self.kept()?.prepare_cached("UPDATE entries SET attention = ?2 WHERE act = ?1")?.execute(values)?;
        Ok(())
    }
}

impl Store for SqliteStore {
    fn load(&mut self) -> Result<Loaded, StoreError> {
        self.read_all()
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

    fn set_server_epoch(&mut self, epoch: &str) -> Result<(), StoreError> {
        let connection = self.kept()?;
        connection.prepare_cached("INSERT OR REPLACE INTO server (one, epoch) VALUES (1, ?1)")?.execute([epoch])?;
        connection.prepare_cached("UPDATE photos SET stored = 0, upload = NULL WHERE stored = 1")?.execute([])?;
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
        let connection = self.kept()?;
        connection
            .prepare_cached(
                "UPDATE entries SET stream_id = ?2, seq = ?3, bytes = ?4, hash = ?5, verdict = NULL, attention = 0,
                        shown_topic = NULL, shown_cursor = NULL, settled_time = NULL
                 WHERE act = ?1",
            )?
            .execute(params![
                number(kept.act.0),
                kept.key.stream_id.to_string(),
                kept.key.seq,
                kept.bytes.text(),
                kept.hash.to_string()
            ])?;
        if let Some(earlier) = &kept.earlier {
            connection
                .prepare_cached("INSERT OR REPLACE INTO earlier_verdicts (act, earlier) VALUES (?1, ?2)")?
                .execute(params![number(kept.act.0), earlier.text()])?;
        }
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
        if kept.earlier.is_some() {
            connection.prepare_cached("DELETE FROM earlier_verdicts WHERE act = ?1")?.execute([number(kept.act.0)])?;
        }
        connection
            .prepare_cached("UPDATE streams SET acked_seq = ?2, acked_hash = ?3 WHERE id = ?1")?
            .execute(params![kept.key.stream_id.to_string(), kept.key.seq, kept.hash.to_string()])?;
        Ok(())
    }

    fn judged(&mut self, stream: StreamId, from_seq: i64) -> Result<Vec<JournalLine>, StoreError> {
        let values = params![stream.to_string(), from_seq];
        self.lines("stream_id = ?1 AND seq >= ?2 AND verdict IS NOT NULL ORDER BY seq", values)
    }

    fn rewind(&mut self, stream: &StreamState) -> Result<(), StoreError> {
        let connection = self.kept()?;
        let id = stream.id.to_string();
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO earlier_verdicts (act, earlier)
                 SELECT act, verdict FROM entries WHERE stream_id = ?1 AND seq > ?2 AND verdict IS NOT NULL",
            )?
            .execute(params![id, stream.acked_seq])?;
        connection
            .prepare_cached(
                "UPDATE entries SET verdict = NULL, attention = 0, shown_topic = NULL, shown_cursor = NULL, settled_time = NULL
                 WHERE stream_id = ?1 AND seq > ?2",
            )?
            .execute(params![id, stream.acked_seq])?;
        connection
            .prepare_cached("UPDATE streams SET acked_seq = ?2, acked_hash = ?3 WHERE id = ?1")?
            .execute(params![id, stream.acked_seq, stream.acked_hash.to_string()])?;
        Ok(())
    }

    fn shown(&mut self, act: ActId) -> Result<(), StoreError> {
        self.shown.push(act);
        Ok(())
    }

    fn looked_at(&mut self, act: ActId) -> Result<(), StoreError> {
        self.set_attention(act, Attention::None)
    }

    fn look_again(&mut self, act: ActId) -> Result<(), StoreError> {
        self.set_attention(act, Attention::Card)
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

    fn keep_file(&mut self, file: &Blob) -> Result<(), StoreError> {
        self.kept()?
            .prepare_cached("INSERT INTO photos (sha256, size, mime) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
            .execute(params![file.sha256.to_string(), number(file.size), file.mime])?;
        Ok(())
    }

    fn set_uploaded(&mut self, sha256: &Hash) -> Result<(), StoreError> {
        self.kept()?
            .prepare_cached("UPDATE photos SET stored = 1, upload = NULL WHERE sha256 = ?1")?
            .execute([sha256.to_string()])?;
        Ok(())
    }

    fn forget_file(&mut self, sha256: &Hash) -> Result<(), StoreError> {
        self.kept()?
            .prepare_cached("DELETE FROM photos WHERE sha256 = ?1 AND stored = 0")?
            .execute([sha256.to_string()])?;
        Ok(())
    }

    fn uploaded(&mut self, sha256: &Hash) -> Result<Option<bool>, StoreError> {
        let connection = &self.outbox.connection;
        let mut statement = connection.prepare_cached("SELECT stored = 1 FROM photos WHERE sha256 = ?1")?;
        Ok(statement.query_row([sha256.to_string()], |row| row.get(0)).optional()?)
    }

    fn set_cursor(&mut self, at: &TopicCursor) -> Result<(), StoreError> {
        self.floor
            .write()?
            .prepare_cached("INSERT OR REPLACE INTO topics (topic, epoch, cursor) VALUES (?1, ?2, ?3)")?
            .execute(params![at.topic.to_string(), at.epoch, at.cursor])?;
        Ok(())
    }

    fn forget_cursor(&mut self, topic: Topic) -> Result<(), StoreError> {
        self.floor.write()?.prepare_cached("DELETE FROM topics WHERE topic = ?1")?.execute([topic.to_string()])?;
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
