//! What a device keeps, behind one small trait: SQLite natively, IndexedDB in the browser, memory in the simulator.
//!
//! The core writes, then says what it wants done; whoever drives it commits first and does it afterwards. So "saved" is
//! never shown, no `acked` is ever sent, for something a power cut takes back. When a commit fails, the core in memory
//! is thrown away and opened again from what is kept.

use std::collections::BTreeMap;

use floorline_domain::ids::{EntryKey, LeaseId, StreamId, UserId};
use serde::{Deserialize, Serialize};

use crate::chain::Hash;
use crate::topic::{Position, Topic};
use crate::wire::Raw;

/// The local database failed: full, gone or torn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("local storage: {0}")]
pub struct StoreError(pub String);

/// The name of an act on this device, which stays the same when its entry is re-offered on another stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActId(pub u64);

/// This life of the local database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamState {
    /// Its id.
    pub id: StreamId,
    /// The last `seq` with a stored verdict.
    pub acked_seq: i64,
    /// The chain there.
    pub acked_hash: Hash,
}

/// A saved entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The act.
    pub act: ActId,
    /// Its stream and place.
    pub key: EntryKey,
    /// Its bytes, as they are sent.
    pub bytes: Raw,
    /// The chain after it.
    pub hash: Hash,
    /// When it was made, by the device's clock.
    pub made_time: i64,
}

/// Whether someone must look at what became of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attention {
    /// No, or not any more.
    None,
    /// A quiet card.
    Card,
    /// A full screen that must be confirmed: stop handling the part.
    Stop,
}

/// A final verdict as it is stored with its entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// The verdict's bytes.
    pub verdict: Raw,
    /// Whether someone must look.
    pub attention: Attention,
    /// The screen shows it by prediction until the base has reached this position.
    pub shown_until: Option<Position>,
    /// When it arrived, by the device's clock.
    pub settled_time: i64,
}

/// A line of the journal: an act and, once there is one, its verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct JournalLine {
    /// The entry.
    pub kept: Kept,
    /// What became of it; none while it is still in the outbox.
    pub settled: Option<Settled>,
}

/// A signed permission to work offline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptLease {
    /// Its name in entries.
    pub lease_id: LeaseId,
    /// Whose it is.
    pub actor: UserId,
    /// When it came, by the device's clock.
    pub kept_time: i64,
    /// The JWT.
    pub lease: String,
}

/// How far the base has followed a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicCursor {
    /// The feed.
    pub topic: Topic,
    /// The epoch of the cursor.
    pub epoch: String,
    /// The last event applied.
    pub cursor: i64,
}

/// The public state of one thing, as the server last told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The noun.
    pub kind: String,
    /// Its id; for a label its code.
    pub id: String,
    /// Its version; 0 where the noun has none.
    pub version: i64,
    /// Its state, JSON.
    pub body: String,
}

/// All that the core needs when it opens.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Loaded {
    /// The open stream; none in a new database.
    pub stream: Option<StreamState>,
    /// Entries without a verdict, by place.
    pub outbox: Vec<Kept>,
    /// Entries whose verdict the base does not show yet, and those someone must still look at.
    pub open: Vec<JournalLine>,
    /// The largest act ever named here.
    pub last_act: u64,
    /// Leases.
    pub leases: Vec<KeptLease>,
    /// Feeds.
    pub topics: Vec<TopicCursor>,
}

/// What a device keeps. Everything written between two commits is kept wholly or not at all.
///
/// Two parts: what must not be lost (streams, entries, verdicts, leases) and the base (feeds and their rows), which can
/// be fetched again at any time and may be dropped by the store itself.
pub trait Store {
    /// Reads what the core opens with.
    fn load(&mut self) -> Result<Loaded, StoreError>;
    /// Makes everything since the last commit durable.
    fn commit(&mut self) -> Result<(), StoreError>;

    /// Seals the open stream, if there is one, and opens this one.
    fn open_stream(&mut self, stream: &StreamState) -> Result<(), StoreError>;
    /// Saves a new entry.
    fn append(&mut self, kept: &Kept) -> Result<(), StoreError>;
    /// Gives a saved act its new place, bytes and hash on another stream.
    fn reoffer(&mut self, kept: &Kept) -> Result<(), StoreError>;
    /// Stores the verdict of an entry and moves its stream's `acked_seq` there.
    fn settle(&mut self, kept: &Kept, settled: &Settled) -> Result<(), StoreError>;
    /// The base has reached the act: prediction no longer shows it.
    fn shown(&mut self, act: ActId) -> Result<(), StoreError>;
    /// Someone has looked at it.
    fn looked_at(&mut self, act: ActId) -> Result<(), StoreError>;
    /// The journal after an act, oldest first, unsent acts included.
    fn journal(&mut self, after: ActId, limit: usize) -> Result<Vec<JournalLine>, StoreError>;
    /// Drops verdicts stored before a time (device's clock) that nobody has to look at any more.
    fn prune(&mut self, settled_before: i64) -> Result<(), StoreError>;
    /// Keeps a lease.
    fn keep_lease(&mut self, lease: &KeptLease) -> Result<(), StoreError>;

    /// Moves a feed's cursor.
    fn set_cursor(&mut self, at: &TopicCursor) -> Result<(), StoreError>;
    /// Replaces all rows of a feed and sets its cursor.
    fn swap(&mut self, at: &TopicCursor, rows: &[Row]) -> Result<(), StoreError>;
    /// Writes a row.
    fn put_row(&mut self, topic: Topic, row: &Row) -> Result<(), StoreError>;
    /// Removes a row.
    fn drop_row(&mut self, topic: Topic, kind: &str, id: &str) -> Result<(), StoreError>;
    /// Reads a row.
    fn row(&mut self, topic: Topic, kind: &str, id: &str) -> Result<Option<Row>, StoreError>;
    /// Reads all rows of a noun, by id.
    fn rows(&mut self, topic: Topic, kind: &str) -> Result<Vec<Row>, StoreError>;
    /// Forgets feeds and rows.
    fn clear_base(&mut self) -> Result<(), StoreError>;
}

/// A store in memory, for the simulator and for tests: what is not committed is lost by [`MemoryStore::crash`].
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    durable: Memory,
    now: Memory,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Memory {
    stream: Option<StreamState>,
    entries: BTreeMap<ActId, JournalLine>,
    last_act: u64,
    leases: BTreeMap<LeaseId, KeptLease>,
    topics: BTreeMap<Topic, TopicCursor>,
    rows: BTreeMap<(Topic, String, String), Row>,
}

impl MemoryStore {
    /// Loses everything since the last commit, as a power cut does.
    pub fn crash(&mut self) {
        self.now = self.durable.clone();
    }

    fn line(&mut self, act: ActId) -> Result<&mut JournalLine, StoreError> {
        self.now.entries.get_mut(&act).ok_or_else(|| StoreError(format!("act {} is not kept", act.0)))
    }
}

impl Store for MemoryStore {
    fn load(&mut self) -> Result<Loaded, StoreError> {
        let Memory { stream, entries, last_act, leases, topics, .. } = &self.now;
        let open = |line: &&JournalLine| {
            line.settled
                .as_ref()
                .is_some_and(|settled| settled.shown_until.is_some() || settled.attention != Attention::None)
        };
        let mut outbox: Vec<Kept> =
            entries.values().filter(|line| line.settled.is_none()).map(|line| line.kept.clone()).collect();
        outbox.sort_by_key(|kept| kept.key.seq);
        Ok(Loaded {
            stream: *stream,
            outbox,
            open: entries.values().filter(open).cloned().collect(),
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

    fn append(&mut self, kept: &Kept) -> Result<(), StoreError> {
        self.now.last_act = self.now.last_act.max(kept.act.0);
        self.now.entries.insert(kept.act, JournalLine { kept: kept.clone(), settled: None });
        Ok(())
    }

    fn reoffer(&mut self, kept: &Kept) -> Result<(), StoreError> {
        self.line(kept.act)?.kept = kept.clone();
        Ok(())
    }

    fn settle(&mut self, kept: &Kept, settled: &Settled) -> Result<(), StoreError> {
        self.line(kept.act)?.settled = Some(settled.clone());
        if let Some(stream) = self.now.stream.as_mut().filter(|stream| stream.id == kept.key.stream_id) {
            stream.acked_seq = kept.key.seq;
            stream.acked_hash = kept.hash;
        }
        Ok(())
    }

    fn shown(&mut self, act: ActId) -> Result<(), StoreError> {
        if let Some(settled) = &mut self.line(act)?.settled {
            settled.shown_until = None;
        }
        Ok(())
    }

    fn looked_at(&mut self, act: ActId) -> Result<(), StoreError> {
        if let Some(settled) = &mut self.line(act)?.settled {
            settled.attention = Attention::None;
        }
        Ok(())
    }

    fn journal(&mut self, after: ActId, limit: usize) -> Result<Vec<JournalLine>, StoreError> {
        let later = (std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded);
        Ok(self.now.entries.range(later).take(limit).map(|(_, line)| line.clone()).collect())
    }

    fn prune(&mut self, settled_before: i64) -> Result<(), StoreError> {
        self.now.entries.retain(|_, line| {
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

    fn set_cursor(&mut self, at: &TopicCursor) -> Result<(), StoreError> {
        self.now.topics.insert(at.topic, at.clone());
        Ok(())
    }

    fn swap(&mut self, at: &TopicCursor, rows: &[Row]) -> Result<(), StoreError> {
        self.now.rows.retain(|(topic, _, _), _| *topic != at.topic);
        for row in rows {
            self.put_row(at.topic, row)?;
        }
        self.set_cursor(at)
    }

    fn put_row(&mut self, topic: Topic, row: &Row) -> Result<(), StoreError> {
        self.now.rows.insert((topic, row.kind.clone(), row.id.clone()), row.clone());
        Ok(())
    }

    fn drop_row(&mut self, topic: Topic, kind: &str, id: &str) -> Result<(), StoreError> {
        self.now.rows.remove(&(topic, kind.to_owned(), id.to_owned()));
        Ok(())
    }

    fn row(&mut self, topic: Topic, kind: &str, id: &str) -> Result<Option<Row>, StoreError> {
        Ok(self.now.rows.get(&(topic, kind.to_owned(), id.to_owned())).cloned())
    }

    fn rows(&mut self, topic: Topic, kind: &str) -> Result<Vec<Row>, StoreError> {
        let from = (topic, kind.to_owned(), String::new());
        let same = |((of, noun, _), _): &(&(Topic, String, String), &Row)| *of == topic && noun == kind;
        Ok(self.now.rows.range(from..).take_while(same).map(|(_, row)| row.clone()).collect())
    }

    fn clear_base(&mut self) -> Result<(), StoreError> {
        self.now.topics.clear();
        self.now.rows.clear();
        Ok(())
    }
}
