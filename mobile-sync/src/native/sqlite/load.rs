//! Reading what the core opens with.

use floorline_domain::ids::StreamId;
use rusqlite::OptionalExtension;

use super::SqliteStore;
use super::columns::parse;
use crate::store::{KeptLease, Loaded, StoreError, StreamState, TopicCursor};

impl SqliteStore {
    pub(super) fn read_all(&mut self) -> Result<Loaded, StoreError> {
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
        let outbox = self.lines("verdict IS NULL ORDER BY seq", [])?;
        let open =
            self.lines("verdict IS NOT NULL AND (attention <> 0 OR shown_topic IS NOT NULL) ORDER BY act", [])?;
        let server_epoch = connection.query_row("SELECT epoch FROM server", [], |row| row.get(0)).optional()?;
        Ok(Loaded {
            stream,
            server_epoch,
            outbox: outbox.into_iter().map(|line| line.kept).collect(),
            open,
            last_act: u64::try_from(last_act.unwrap_or_default()).unwrap_or_default(),
            leases: self.leases()?,
            topics: self.topics()?,
        })
    }

    fn leases(&self) -> Result<Vec<KeptLease>, StoreError> {
        let connection = &self.outbox.connection;
        let mut statement = connection.prepare_cached("SELECT lease_id, actor, kept_time, lease FROM leases")?;
        let mut rows = statement.query([])?;
        let mut leases = Vec::new();
        while let Some(row) = rows.next()? {
            let (lease_id, actor) = (parse(row, 0)?, parse(row, 1)?);
            leases.push(KeptLease { lease_id, actor, kept_time: row.get(2)?, lease: row.get(3)? });
        }
        Ok(leases)
    }

    fn topics(&self) -> Result<Vec<TopicCursor>, StoreError> {
        let mut statement = self.floor.connection.prepare_cached("SELECT topic, epoch, cursor FROM topics")?;
        let mut rows = statement.query([])?;
        let mut topics = Vec::new();
        while let Some(row) = rows.next()? {
            topics.push(TopicCursor { topic: parse(row, 0)?, epoch: row.get(1)?, cursor: row.get(2)? });
        }
        Ok(topics)
    }
}
