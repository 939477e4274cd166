//! What a feed tells, and what a snapshot starts it from.

use chrono::{DateTime, Utc};
use floorline_domain::ids::{LabelId, LocationId, OrderId, QueueId, StreamId, UserId, WorkflowVersionId};
use floorline_domain::item::Item;
use floorline_domain::workflow::Workflow;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::topic::Topic;

/// One event of a feed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeedEvent {
    /// Its place in the topic.
    pub cursor: i64,
    /// `noun.past_participle`.
    pub kind: String,
    /// What it is about.
    pub subject: Subject,
    /// The subject's new public state; for an item of a `site:` feed the domain's `Item`. Null when it is gone.
    #[serde(default)]
    pub after: Value,
    /// What else happened.
    #[serde(default)]
    pub data: Value,
    /// Who; never in an `order:` feed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// The entry that caused it; never in an `order:` feed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// When, as far as the device's clock can be believed.
    pub occurred_at: DateTime<Utc>,
    /// How far `occurred_at` may be off; absent when the server itself was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncertainty_ms: Option<i64>,
    /// When it was stored.
    pub recorded_at: DateTime<Utc>,
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subject {
    /// The noun: `item`, `order`, `queue`, `case` …
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id.
    pub id: Uuid,
}

/// Who caused an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The user.
    pub id: UserId,
    /// Their name now.
    pub name: String,
}

/// The entry that caused an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Its stream.
    pub stream_id: StreamId,
    /// Its place.
    pub seq: i64,
}

/// One line of a snapshot. A file without its end line is discarded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum SnapshotLine {
    /// The first line.
    Head {
        /// The feed.
        topic: Topic,
        /// Its epoch.
        epoch: String,
        /// The last event that the rows contain.
        cursor: i64,
    },
    /// An open item of the site.
    Item {
        /// Its whole state.
        item: Box<Item>,
    },
    /// A workflow version that an open item runs.
    WorkflowVersion {
        /// Its id.
        id: WorkflowVersionId,
        /// The definition.
        workflow: Box<Workflow>,
    },
    /// What a printed code means.
    Label {
        /// Its id.
        id: LabelId,
        /// The 15 characters.
        code: String,
        /// `item`, `location` or `user`.
        target: String,
        /// The id of that; absent for a blank.
        #[serde(default)]
        target_id: Option<Uuid>,
        /// `blank`, `active`, `replaced` or `revoked`.
        status: String,
    },
    /// A person of the shift.
    User {
        /// Their id.
        id: UserId,
        /// Their name.
        name: String,
    },
    /// A place of the site.
    Location {
        /// Its id.
        id: LocationId,
        /// Its name.
        name: String,
        /// `station`, `rack` …
        kind: String,
        /// What it is in.
        #[serde(default)]
        parent_id: Option<LocationId>,
    },
    /// An order whose items are here: its status opens and closes their stages.
    Order {
        /// Its id.
        id: OrderId,
        /// Its status.
        status: String,
    },
    /// A queue with what waits in it.
    Queue {
        /// Its id.
        id: QueueId,
        /// Its state, as in the queue's feed events.
        #[serde(flatten)]
        state: Map<String, Value>,
    },
    /// The last line.
    End {
        /// How many lines stood between the first and this one.
        count: u64,
    },
    /// A line this build does not know: counted, not kept.
    #[serde(other)]
    Unknown,
}
