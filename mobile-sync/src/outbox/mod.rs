//! Acts that the server has not confirmed, or that the screen does not show from the server's own telling yet.
//!
//! An entry gets its `seq`, its bytes and its hash once, when it is saved, and leaves only with a stored verdict. When
//! its stream is sealed it is offered again as a new entry that names its origin; the act keeps its name. When the server
//! was rewound it is offered again as it was.

mod held;
mod reoffer;
mod rewind;
mod settle;

use std::collections::BTreeMap;

use floorline_domain::ids::{EntryKey, ItemId, LeaseId, StreamId};

pub use self::held::{Held, Refused};
pub(crate) use self::settle::Left;
use crate::chain::{self, Hash};
use crate::entry::Entry;
use crate::limits::{ENTRY_BYTES, ORIGIN_BYTES};
use crate::op::read_entry;
use crate::sorted::Sorted;
use crate::store::{ActId, Kept, Loaded, Settled, Store, StoreError, StreamState};
use crate::topic::Topic;
use crate::wire::{Limits, Raw, Submit, Unsent};

/// The outbox and what lies between it and the base.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outbox {
    stream: StreamState,
    last_act: u64,
    acts: BTreeMap<ActId, Held>,
    /// Entries without a verdict, by their place in the stream.
    queue: Sorted<i64, ActId>,
    /// Acts that prediction folds over the base.
    by_item: Sorted<ItemId, Sorted<ActId, ()>>,
    /// Acts with a verdict that the base does not show yet, by where it will.
    settling: Sorted<(Topic, i64, ActId), ()>,
}

/// A stream before its first entry.
pub(crate) fn fresh(id: StreamId) -> StreamState {
    StreamState { id, acked_seq: 0, acked_hash: chain::start(id) }
}

impl Outbox {
    pub(crate) fn open(loaded: &Loaded, stream: StreamState) -> Self {
        let mut outbox = Self {
            stream,
            last_act: loaded.last_act,
            acts: BTreeMap::new(),
            queue: Sorted::default(),
            by_item: Sorted::default(),
            settling: Sorted::default(),
        };
        for kept in &loaded.outbox {
            outbox.hold(kept.clone(), None);
        }
        for line in &loaded.open {
            outbox.hold(line.kept.clone(), line.settled.clone());
        }
        outbox
    }

    fn hold(&mut self, kept: Kept, settled: Option<Settled>) {
        let entry = read_entry(kept.bytes.bytes(), kept.key.seq).ok();
        if settled.is_none() {
            self.queue.insert(kept.key.seq, kept.act);
        }
        let until = settled.as_ref().and_then(|settled| settled.shown_until);
        if let Some(at) = until {
            self.settling.insert((at.topic, at.cursor, kept.act), ());
        }
        let folded = settled.is_none() || until.is_some();
        if let (true, Some(item)) = (folded, entry.as_ref().and_then(|entry| entry.item_id)) {
            let acts = self.by_item.or_insert_with(item, Sorted::default);
            acts.into_iter().for_each(|acts| acts.insert(kept.act, ()));
        }
        self.acts.insert(kept.act, Held { kept, entry, settled, sent: false });
    }

    pub(crate) fn stream(&self) -> &StreamState {
        &self.stream
    }

    pub(crate) fn unsent(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn next_seq(&self) -> i64 {
        self.queue.iter().next_back().map_or(self.stream.acked_seq, |(seq, _)| *seq) + 1
    }

    /// The chain after `seq`, as far back as the last stored verdict.
    pub(crate) fn hash_at(&self, seq: i64) -> Option<Hash> {
        if seq == self.stream.acked_seq {
            return Some(self.stream.acked_hash);
        }
        self.queue.get(&seq).and_then(|act| self.acts.get(act)).map(|held| held.kept.hash)
    }

    pub(crate) fn act(&self, act: ActId) -> Option<&Held> {
        self.acts.get(&act)
    }

    /// Everything held, in the order it was done.
    pub(crate) fn acts(&self) -> impl Iterator<Item = &Held> {
        self.acts.values()
    }

    /// What prediction folds over an item, in the order it was done.
    pub(crate) fn over(&self, item: ItemId) -> impl Iterator<Item = &Held> {
        self.by_item.get(&item).into_iter().flat_map(Sorted::keys).filter_map(|act| self.acts.get(act))
    }

    /// The latest act of this stream on the item that may still decide what a new one meets.
    pub(crate) fn predecessor(&self, item: ItemId) -> Option<i64> {
        self.over(item).filter(|held| held.kept.key.stream_id == self.stream.id).map(|held| held.kept.key.seq).last()
    }

    /// Leases that unsent entries name.
    pub(crate) fn leases(&self) -> Sorted<LeaseId, ()> {
        self.queue.values().filter_map(|act| Some((self.acts.get(act)?.entry.as_ref()?.lease_id?, ()))).collect()
    }

    pub(crate) fn presence(&self) -> Unsent {
        let oldest = self.queue.values().filter_map(|act| self.acts.get(act)).map(|held| held.kept.made_time).min();
        Unsent { count: i64::try_from(self.queue.len()).unwrap_or(i64::MAX), oldest_time: oldest }
    }

    /// Saves an act as the stream's next entry. `entry.seq` is set here.
    pub(crate) fn enqueue(
        &mut self,
        mut entry: Entry,
        made_time: i64,
        store: &mut impl Store,
    ) -> Result<Result<ActId, Refused>, StoreError> {
        entry.seq = self.next_seq();
        let bytes = match Raw::of(&entry) {
            Ok(bytes) => bytes,
            Err(error) => return Ok(Err(Refused::Unreadable(error.to_string()))),
        };
        if bytes.bytes().len() > ENTRY_BYTES - ORIGIN_BYTES {
            return Ok(Err(Refused::TooLarge { bytes: bytes.bytes().len() }));
        }
        if let Err(unreadable) = read_entry(bytes.bytes(), entry.seq) {
            return Ok(Err(Refused::Unreadable(unreadable.message)));
        }
        let kept = self.link(bytes, entry.seq, ActId(self.last_act + 1), made_time);
        store.append(&kept)?;
        self.last_act = kept.act.0;
        let act = kept.act;
        self.hold(kept, None);
        Ok(Ok(act))
    }

    /// The entry as it is stored: chained to the one before it.
    fn link(&self, bytes: Raw, seq: i64, act: ActId, made_time: i64) -> Kept {
        let previous = self.hash_at(seq - 1).unwrap_or(self.stream.acked_hash);
        let hash = chain::next(&previous, bytes.bytes());
        let key = EntryKey { stream_id: self.stream.id, seq };
        Kept { act, key, bytes, hash, made_time, earlier: None }
    }

    /// The next batch: from the first entry without a verdict, as much as one submit may carry.
    pub(crate) fn batch(&mut self, limits: &Limits) -> Option<Submit> {
        let (mut entries, mut hashes, mut bytes) = (Vec::new(), Vec::new(), 0);
        let first_seq = *self.queue.keys().next()?;
        for act in self.queue.values() {
            let Some(held) = self.acts.get_mut(act) else { break };
            bytes += held.kept.bytes.bytes().len();
            if entries.len() >= limits.batch_entries.max(1) || (bytes > limits.batch_bytes && !entries.is_empty()) {
                break;
            }
            held.sent = true;
            entries.push(held.kept.bytes.clone());
            hashes.push(held.kept.hash);
        }
        Some(Submit { session: None, first_seq, entries, hashes, traceparent: None })
    }

    /// The connection is gone: nothing counts as sent.
    pub(crate) fn unsend(&mut self) {
        for act in self.queue.values() {
            if let Some(held) = self.acts.get_mut(act) {
                held.sent = false;
            }
        }
    }
}
