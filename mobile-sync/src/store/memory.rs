//! The reference: what every other store must keep the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use floorline_domain::ids::{LeaseId, StreamId};

use super::{
    ActId, Attention, JournalLine, Kept, KeptLease, Loaded, Row, Settled, Store, StoreError, StreamState, TopicCursor,
};
use crate::chain::Hash;
use crate::entry::Blob;
use crate::sorted::Sorted;
use crate::topic::Topic;

/// A store in memory, for the simulator and for tests: what is not committed is lost by [`MemoryStore::crash`].
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    durable: Memory,
    pub(crate) now: Memory,
}

/// The two large tables are shared between what is durable and what is not until one of them changes: a commit costs little.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Memory {
    pub(crate) stream: Option<StreamState>,
    pub(crate) server_epoch: Option<String>,
    pub(crate) entries: Arc<BTreeMap<ActId, Arc<JournalLine>>>,
    pub(crate) last_act: u64,
    pub(crate) leases: Sorted<LeaseId, KeptLease>,
    /// By hash: whether the server has it.
    pub(crate) files: Sorted<Hash, bool>,
    pub(crate) topics: Sorted<Topic, TopicCursor>,
    pub(crate) rows: Arc<BTreeMap<RowKey, Arc<Row>>>,
}

/// A feed, a noun and an id.
pub(crate) type RowKey = (Topic, String, String);

impl MemoryStore {
    /// Loses everything since the last commit, as a power cut does.
    pub fn crash(&mut self) {
        self.now = self.durable.clone();
    }

    fn set_attention(&mut self, act: ActId, attention: Attention) -> Result<(), StoreError> {
        if let Some(settled) = &mut self.line(act)?.settled {
            settled.attention = attention;
        }
        Ok(())
    }

    fn line(&mut self, act: ActId) -> Result<&mut JournalLine, StoreError> {
        let line = Arc::make_mut(&mut self.now.entries).get_mut(&act);
        line.map(Arc::make_mut).ok_or_else(|| StoreError(format!("act {} is not kept", act.0)))
    }
}

impl Store for MemoryStore {
    fn load(&mut self) -> Result<Loaded, StoreError> {
        let Memory { stream, server_epoch, entries, last_act, leases, topics, .. } = &self.now;
        let open = |line: &&Arc<JournalLine>| {
            line.settled
                .as_ref()
                .is_some_and(|settled| settled.shown_until.is_some() || settled.attention != Attention::None)
        };
        let mut outbox: Vec<Kept> =
            entries.values().filter(|line| line.settled.is_none()).map(|line| line.kept.clone()).collect();
        outbox.sort_by_key(|kept| kept.key.seq);
        Ok(Loaded {
            stream: *stream,
            server_epoch: server_epoch.clone(),
            outbox,
            open: entries.values().filter(open).map(|line| (**line).clone()).collect(),
            last_act: *last_act,
            leases: leases.values().cloned().collect(),
            topics: topics.values().cloned().collect(),
        })
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.durable = self.now.clone();
        Ok(())
    }

    fn open_stream(&mut self, stream: &StreamState) -> Result<(), StoreError> {
        self.now.stream = Some(*stream);
        Ok(())
    }

    fn set_server_epoch(&mut self, epoch: &str) -> Result<(), StoreError> {
        self.now.server_epoch = Some(epoch.to_owned());
        self.now.files.values_mut().for_each(|uploaded| *uploaded = false);
        Ok(())
    }

    fn append(&mut self, kept: &Kept) -> Result<(), StoreError> {
        self.now.last_act = self.now.last_act.max(kept.act.0);
        let line = JournalLine { kept: kept.clone(), settled: None };
        Arc::make_mut(&mut self.now.entries).insert(kept.act, Arc::new(line));
        Ok(())
    }

    fn reoffer(&mut self, kept: &Kept) -> Result<(), StoreError> {
        *self.line(kept.act)? = JournalLine { kept: kept.clone(), settled: None };
        Ok(())
    }

    fn settle(&mut self, kept: &Kept, settled: &Settled) -> Result<(), StoreError> {
        let line = self.line(kept.act)?;
        line.settled = Some(settled.clone());
        line.kept.earlier = None;
        if let Some(stream) = self.now.stream.as_mut().filter(|stream| stream.id == kept.key.stream_id) {
            stream.acked_seq = kept.key.seq;
            stream.acked_hash = kept.hash;
        }
        Ok(())
    }

    fn judged(&mut self, stream: StreamId, from_seq: i64) -> Result<Vec<JournalLine>, StoreError> {
        let judged = |line: &&Arc<JournalLine>| {
            line.settled.is_some() && line.kept.key.stream_id == stream && line.kept.key.seq >= from_seq
        };
        let judged = self.now.entries.values().filter(judged);
        let mut lines: Vec<JournalLine> = judged.map(|line| (**line).clone()).collect();
        lines.sort_by_key(|line| line.kept.key.seq);
        Ok(lines)
    }

    fn rewind(&mut self, stream: &StreamState) -> Result<(), StoreError> {
        let forgotten =
            |line: &&mut Arc<JournalLine>| line.kept.key.stream_id == stream.id && line.kept.key.seq > stream.acked_seq;
        for line in Arc::make_mut(&mut self.now.entries).values_mut().filter(forgotten).map(Arc::make_mut) {
            if let Some(settled) = line.settled.take() {
                line.kept.earlier = Some(settled.verdict);
            }
        }
        self.now.stream = Some(*stream);
        Ok(())
    }

    fn shown(&mut self, act: ActId) -> Result<(), StoreError> {
        if let Some(settled) = &mut self.line(act)?.settled {
            settled.shown_until = None;
        }
        Ok(())
    }

    fn looked_at(&mut self, act: ActId) -> Result<(), StoreError> {
        self.set_attention(act, Attention::None)
    }

    fn look_again(&mut self, act: ActId) -> Result<(), StoreError> {
        self.set_attention(act, Attention::Card)
    }

    fn journal(&mut self, after: ActId, limit: usize) -> Result<Vec<JournalLine>, StoreError> {
        let later = (std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded);
        Ok(self.now.entries.range(later).take(limit).map(|(_, line)| (**line).clone()).collect())
    }

    fn prune(&mut self, settled_before: i64) -> Result<(), StoreError> {
        Arc::make_mut(&mut self.now.entries).retain(|_, line| {
            line.settled.as_ref().is_none_or(|settled| {
                settled.settled_time >= settled_before
                    || settled.attention != Attention::None
                    || settled.shown_until.is_some()
            })
        });
        Ok(())
    }

    fn keep_lease(&mut self, lease: &KeptLease) -> Result<(), StoreError> {
        self.now.leases.insert(lease.lease_id, lease.clone());
        Ok(())
    }

    fn keep_file(&mut self, file: &Blob) -> Result<(), StoreError> {
        self.now.files.or_insert_with(file.sha256, bool::default);
        Ok(())
    }

    fn set_uploaded(&mut self, sha256: &Hash) -> Result<(), StoreError> {
        if let Some(uploaded) = self.now.files.get_mut(sha256) {
            *uploaded = true;
        }
        Ok(())
    }

    fn forget_file(&mut self, sha256: &Hash) -> Result<(), StoreError> {
        if self.now.files.get(sha256) == Some(&false) {
            self.now.files.remove(sha256);
        }
        Ok(())
    }

    fn uploaded(&mut self, sha256: &Hash) -> Result<Option<bool>, StoreError> {
        Ok(self.now.files.get(sha256).copied())
    }

    fn set_cursor(&mut self, at: &TopicCursor) -> Result<(), StoreError> {
        self.now.topics.insert(at.topic, at.clone());
        Ok(())
    }

    fn forget_cursor(&mut self, topic: Topic) -> Result<(), StoreError> {
        self.now.topics.remove(&topic);
        Ok(())
    }

    fn swap(&mut self, at: &TopicCursor, rows: &[Row]) -> Result<(), StoreError> {
        Arc::make_mut(&mut self.now.rows).retain(|(topic, _, _), _| *topic != at.topic);
        for row in rows {
            self.put_row(at.topic, row)?;
        }
        self.set_cursor(at)
    }

    fn put_row(&mut self, topic: Topic, row: &Row) -> Result<(), StoreError> {
        Arc::make_mut(&mut self.now.rows).insert((topic, row.kind.clone(), row.id.clone()), Arc::new(row.clone()));
        Ok(())
    }

    fn drop_row(&mut self, topic: Topic, kind: &str, id: &str) -> Result<(), StoreError> {
        Arc::make_mut(&mut self.now.rows).remove(&(topic, kind.to_owned(), id.to_owned()));
        Ok(())
    }

    fn row(&mut self, topic: Topic, kind: &str, id: &str) -> Result<Option<Row>, StoreError> {
        Ok(self.now.rows.get(&(topic, kind.to_owned(), id.to_owned())).map(|row| (**row).clone()))
    }

    fn rows(&mut self, topic: Topic, kind: &str) -> Result<Vec<Row>, StoreError> {
        let from = (topic, kind.to_owned(), String::new());
        let same = |((of, noun, _), _): &(&RowKey, &Arc<Row>)| *of == topic && noun == kind;
        Ok(self.now.rows.range(from..).take_while(same).map(|(_, row)| (**row).clone()).collect())
    }

    fn clear_base(&mut self) -> Result<(), StoreError> {
        self.now.topics = Sorted::default();
        self.now.rows = Arc::default();
        Ok(())
    }
}
