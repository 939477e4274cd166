//! What is kept: the stream, its entries with their verdicts, leases, and the base's feeds and rows.

use floorline_domain::ids::{EntryKey, LeaseId, StreamId, UserId};
use serde::{Deserialize, Serialize};

use crate::chain::Hash;
use crate::topic::{Position, Topic};
use crate::verdict::Verdict;
use crate::wire::Raw;

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
    /// What had become of it before the server was rewound, until it has a verdict again.
    pub earlier: Option<Raw>,
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

impl Attention {
    /// What a verdict asks for.
    pub fn to(verdict: &Verdict) -> Self {
        match (verdict.needs_someone(), verdict.stops()) {
            (false, _) => Self::None,
            (true, false) => Self::Card,
            (true, true) => Self::Stop,
        }
    }
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
    /// The server's epoch at the last welcome.
    pub server_epoch: Option<String>,
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
