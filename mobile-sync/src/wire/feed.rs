//! Feeds: what a client follows, how it goes on, and what it is told.

use serde::{Deserialize, Serialize};

use super::Raw;
use crate::topic::Topic;

/// A feed to follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// The feed.
    pub topic: Topic,
    /// The epoch the cursor belongs to; absent before the first snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<String>,
    /// The last event the client has; 0 before the first snapshot.
    #[serde(default)]
    pub cursor: i64,
}

/// How a feed goes on after a hello.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicState {
    /// The feed.
    pub topic: Topic,
    /// From the cursor, from a snapshot, or not at all.
    pub mode: Mode,
    /// The epoch now.
    pub epoch: String,
    /// The last event there is.
    pub head: i64,
}

/// See [`TopicState::mode`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The missing events follow as pushes.
    Delta,
    /// The client fetches a snapshot and reports its cursor; no push comes before.
    Snapshot,
    /// Not this reader's.
    Denied,
}

/// Feed events; applied only if `from` is the client's cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    /// The feed.
    pub topic: Topic,
    /// The epoch of the cursors.
    pub epoch: String,
    /// The cursor before the first event.
    pub from: i64,
    /// The cursor after the last, events that this reader may not see included.
    pub to: i64,
    /// The events, see [`crate::feed::FeedEvent`].
    pub events: Vec<Raw>,
    /// The last event there is.
    pub head: i64,
}

/// Why a feed starts over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ResetReason {
    /// The cursor lies before what is kept.
    TooOld,
    /// The reader may see other things now.
    ScopeChanged,
    /// History may have been rewound.
    Epoch,
    /// The reader fell too far behind.
    Slow,
}

/// The feed starts over from a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reset {
    /// The feed.
    pub topic: Topic,
    /// Why.
    pub reason: ResetReason,
    /// Path and query of the snapshot.
    pub snapshot: String,
}

/// How far the client has applied a feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CursorAt {
    /// The feed.
    pub topic: Topic,
    /// The epoch of the cursor.
    pub epoch: String,
    /// The last event applied.
    pub cursor: i64,
}
