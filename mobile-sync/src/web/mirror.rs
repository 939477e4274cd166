//! A store in memory that notes what was changed, for storage that answers later.

use std::sync::Arc;

use floorline_domain::ids::{LeaseId, StreamId, UserId};
use serde::Serialize;

use super::kept::{EntryRecord, Everything, FileRecord, LeaseRecord, Meta, RowRecord, TopicRecord};
use crate::chain::Hash;
use crate::entry::Blob;
use crate::store::{
    ActId, JournalLine, Kept, KeptLease, Loaded, MemoryStore, Row, Settled, Store, StoreError, StreamState, TopicCursor,
};
use crate::topic::Topic;

/// What is kept, in memory, and what of it storage does not have yet.
#[derive(Debug, Default)]
pub struct Mirror {
    memory: MemoryStore,
    touched: Touched,
}

#[derive(Debug, Default)]
struct Touched {
    meta: bool,
    entries: Vec<ActId>,
    leases: Vec<LeaseId>,
    files: Vec<Hash>,
    topics: Vec<Topic>,
    rows: Vec<(Topic, String, String)>,
    /// Feeds whose rows are all replaced; those in `rows` come after.
    swapped: Vec<Topic>,
    cleared: bool,
}

/// What storage has to write, in one transaction: what goes first, then what is put.
#[derive(Debug, Default, Serialize)]
pub(super) struct Changes {
    meta: Option<Meta>,
    entries: Vec<EntryRecord>,
    gone_entries: Vec<ActId>,
    leases: Vec<LeaseRecord>,
    files: Vec<FileRecord>,
    gone_files: Vec<Hash>,
    /// Forget all feeds and rows.
    cleared: bool,
    /// Forget all rows of these feeds.
    swapped: Vec<Topic>,
    topics: Vec<TopicRecord>,
    gone_topics: Vec<Topic>,
    rows: Vec<RowRecord>,
    gone_rows: Vec<(Topic, String, String)>,
}

impl Mirror {
    /// The mirror of what storage keeps.
    pub(super) fn of(kept: Everything) -> Result<Self, StoreError> {
        let mut mirror = Self::default();
        let now = &mut mirror.memory.now;
        if let Some(meta) = kept.meta {
            now.stream = meta.stream.as_ref().map(StreamState::from);
            now.server_epoch = meta.server_epoch;
            now.last_act = meta.last_act;
        }
        for record in kept.entries {
            let line = JournalLine::try_from(record).map_err(|error| StoreError(error.to_string()))?;
            now.last_act = now.last_act.max(line.kept.act.0);
            Arc::make_mut(&mut now.entries).insert(line.kept.act, Arc::new(line));
        }
        now.leases = kept.leases.into_iter().map(KeptLease::from).map(|lease| (lease.lease_id, lease)).collect();
        now.files = kept.files.into_iter().map(|file| (file.sha256, file.uploaded)).collect();
        now.topics = kept.topics.into_iter().map(TopicCursor::from).map(|at| (at.topic, at)).collect();
        let rows = kept.rows.into_iter().map(RowRecord::row);
        let rows = rows.map(|(topic, row)| ((topic, row.kind.clone(), row.id.clone()), Arc::new(row)));
        now.rows = Arc::new(rows.collect());
        Ok(mirror)
    }

    /// What was changed since the last call.
    pub(super) fn take_changes(&mut self) -> Changes {
        let touched = std::mem::take(&mut self.touched);
        let now = &self.memory.now;
        let mut changes = Changes { cleared: touched.cleared, ..Changes::default() };
        changes.meta = touched.meta.then(|| Meta {
            stream: now.stream.map(Into::into),
            server_epoch: now.server_epoch.clone(),
            last_act: now.last_act,
        });
        for act in once(touched.entries) {
            match now.entries.get(&act) {
                Some(line) => changes.entries.push(EntryRecord::from(&**line)),
                None => changes.gone_entries.push(act),
            }
        }
        changes.leases =
            once(touched.leases).iter().filter_map(|id| now.leases.get(id)).map(LeaseRecord::from).collect();
        for sha256 in once(touched.files) {
            match now.files.get(&sha256) {
                Some(uploaded) => changes.files.push(FileRecord { sha256, uploaded: *uploaded }),
                None => changes.gone_files.push(sha256),
            }
        }
        changes.swapped = once(touched.swapped);
        for topic in once(touched.topics) {
            match now.topics.get(&topic) {
                Some(at) => changes.topics.push(TopicRecord::from(at)),
                None => changes.gone_topics.push(topic),
            }
        }
        for key in once(touched.rows) {
            match now.rows.get(&key) {
                Some(row) => changes.rows.push(RowRecord::of(key.0, row)),
                None => changes.gone_rows.push(key),
            }
        }
        changes
    }

    /// Files that the server does not have.
    pub(super) fn waiting_files(&self) -> impl Iterator<Item = &Hash> {
        self.memory.now.files.iter().filter(|(_, uploaded)| !**uploaded).map(|(sha256, _)| sha256)
    }

    /// The newest lease of a person.
    pub(super) fn lease_of(&self, actor: UserId) -> Option<LeaseId> {
        let own = self.memory.now.leases.values().filter(|lease| lease.actor == actor);
        own.max_by_key(|lease| lease.kept_time).map(|lease| lease.lease_id)
    }

    /// The act with its verdict.
    pub(super) fn line(&self, act: ActId) -> Option<&JournalLine> {
        self.memory.now.entries.get(&act).map(|line| &**line)
    }

    /// Everything done here before an act, the latest first.
    pub(super) fn before(&self, act: Option<ActId>) -> impl Iterator<Item = &JournalLine> {
        let end = act.unwrap_or(ActId(u64::MAX));
        self.memory.now.entries.range(..end).rev().map(|(_, line)| &**line)
    }

    fn touch_stream(&mut self, stream: StreamId, from_seq: i64) {
        let of = |line: &&Arc<JournalLine>| line.kept.key.stream_id == stream && line.kept.key.seq >= from_seq;
        self.touched.entries.extend(self.memory.now.entries.values().filter(of).map(|line| line.kept.act));
    }
}

/// Each of them, in order.
fn once<T: Ord>(mut touched: Vec<T>) -> Vec<T> {
    touched.sort_unstable();
    touched.dedup();
    touched
}

impl Store for Mirror {
    fn load(&mut self) -> Result<Loaded, StoreError> {
        self.memory.load()
    }

    /// Nothing: what was changed is written by whoever takes the changes.
    fn commit(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn open_stream(&mut self, stream: &StreamState) -> Result<(), StoreError> {
        self.touched.meta = true;
        self.memory.open_stream(stream)
    }

    fn set_server_epoch(&mut self, epoch: &str) -> Result<(), StoreError> {
        self.touched.meta = true;
        self.touched.files.extend(self.memory.now.files.keys());
        self.memory.set_server_epoch(epoch)
    }

    fn append(&mut self, kept: &Kept) -> Result<(), StoreError> {
        self.touched.meta = true;
        self.touched.entries.push(kept.act);
        self.memory.append(kept)
    }

    fn reoffer(&mut self, kept: &Kept) -> Result<(), StoreError> {
        self.touched.entries.push(kept.act);
        self.memory.reoffer(kept)
    }

    fn settle(&mut self, kept: &Kept, settled: &Settled) -> Result<(), StoreError> {
        self.touched.meta = true;
        self.touched.entries.push(kept.act);
        self.memory.settle(kept, settled)
    }

    fn judged(&mut self, stream: StreamId, from_seq: i64) -> Result<Vec<JournalLine>, StoreError> {
        self.memory.judged(stream, from_seq)
    }

    fn rewind(&mut self, stream: &StreamState) -> Result<(), StoreError> {
        self.touched.meta = true;
        self.touch_stream(stream.id, stream.acked_seq + 1);
        self.memory.rewind(stream)
    }

    fn shown(&mut self, act: ActId) -> Result<(), StoreError> {
        self.touched.entries.push(act);
        self.memory.shown(act)
    }

    fn looked_at(&mut self, act: ActId) -> Result<(), StoreError> {
        self.touched.entries.push(act);
        self.memory.looked_at(act)
    }

    fn look_again(&mut self, act: ActId) -> Result<(), StoreError> {
        self.touched.entries.push(act);
        self.memory.look_again(act)
    }

    fn journal(&mut self, after: ActId, limit: usize) -> Result<Vec<JournalLine>, StoreError> {
        self.memory.journal(after, limit)
    }

    fn prune(&mut self, settled_before: i64) -> Result<(), StoreError> {
        let before: Vec<ActId> = self.memory.now.entries.keys().copied().collect();
        self.memory.prune(settled_before)?;
        let left = &self.memory.now.entries;
        self.touched.entries.extend(before.into_iter().filter(|act| !left.contains_key(act)));
        Ok(())
    }

    fn keep_lease(&mut self, lease: &KeptLease) -> Result<(), StoreError> {
        self.touched.leases.push(lease.lease_id);
        self.memory.keep_lease(lease)
    }

    fn keep_file(&mut self, file: &Blob) -> Result<(), StoreError> {
        self.touched.files.push(file.sha256);
        self.memory.keep_file(file)
    }

    fn set_uploaded(&mut self, sha256: &Hash) -> Result<(), StoreError> {
        self.touched.files.push(*sha256);
        self.memory.set_uploaded(sha256)
    }

    fn forget_file(&mut self, sha256: &Hash) -> Result<(), StoreError> {
        self.touched.files.push(*sha256);
        self.memory.forget_file(sha256)
    }

    fn uploaded(&mut self, sha256: &Hash) -> Result<Option<bool>, StoreError> {
        self.memory.uploaded(sha256)
    }

    fn set_cursor(&mut self, at: &TopicCursor) -> Result<(), StoreError> {
        self.touched.topics.push(at.topic);
        self.memory.set_cursor(at)
    }

    fn forget_cursor(&mut self, topic: Topic) -> Result<(), StoreError> {
        self.touched.topics.push(topic);
        self.memory.forget_cursor(topic)
    }

    fn swap(&mut self, at: &TopicCursor, rows: &[Row]) -> Result<(), StoreError> {
        self.touched.rows.retain(|(topic, _, _)| *topic != at.topic);
        self.touched.swapped.push(at.topic);
        self.touched.topics.push(at.topic);
        self.touched.rows.extend(rows.iter().map(|row| (at.topic, row.kind.clone(), row.id.clone())));
        self.memory.swap(at, rows)
    }

    fn put_row(&mut self, topic: Topic, row: &Row) -> Result<(), StoreError> {
        self.touched.rows.push((topic, row.kind.clone(), row.id.clone()));
        self.memory.put_row(topic, row)
    }

    fn drop_row(&mut self, topic: Topic, kind: &str, id: &str) -> Result<(), StoreError> {
        self.touched.rows.push((topic, kind.to_owned(), id.to_owned()));
        self.memory.drop_row(topic, kind, id)
    }

    fn row(&mut self, topic: Topic, kind: &str, id: &str) -> Result<Option<Row>, StoreError> {
        self.memory.row(topic, kind, id)
    }

    fn rows(&mut self, topic: Topic, kind: &str) -> Result<Vec<Row>, StoreError> {
        self.memory.rows(topic, kind)
    }

    fn clear_base(&mut self) -> Result<(), StoreError> {
        let touched = &mut self.touched;
        (touched.cleared, touched.topics, touched.rows, touched.swapped) = Default::default();
        touched.cleared = true;
        self.memory.clear_base()
    }
}
