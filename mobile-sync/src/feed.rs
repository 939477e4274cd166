//! What a feed tells, and what a snapshot starts it from.

use chrono::{DateTime, Utc};
use floorline_domain::ids::{
    CaseId, ItemId, LabelId, LocationId, OrderId, QueueId, ShiftId, StreamId, UserId, WorkflowVersionId,
};
use floorline_domain::item::{Item, Status};
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

/// An item as a feed tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ItemState {
    /// In a `site:` feed: all there is.
    Whole(Box<Item>),
    /// In an `order:` feed: how far it is, and nothing of who and where.
    Seen(ItemSeen),
}

/// An item as its brand sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemSeen {
    /// Its id.
    pub id: ItemId,
    /// Its human number.
    pub code: String,
    /// The item it is a component of.
    #[serde(default)]
    pub parent_id: Option<ItemId>,
    /// Its status.
    pub status: Status,
    /// How far it is.
    pub stage: String,
    /// The number of its events.
    pub version: i64,
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
    /// An open item of the site, or an item of the order.
    Item {
        /// Its state, as the feed tells it.
        item: ItemState,
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
    /// What a code of another maker stands for.
    ItemCode {
        /// Its id.
        id: Uuid,
        /// What it says, as it is registered.
        raw: String,
        /// The item.
        item_id: ItemId,
        /// The number of its events.
        version: i64,
    },
    /// A person of the factory.
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
        /// What its brand calls it.
        #[serde(default)]
        po_number: Option<String>,
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
    /// A shift that lasts. Its events say no version, so neither does its line: what the feed tells later always counts.
    Shift {
        /// Its id.
        id: ShiftId,
        /// Its state, as in the shift's feed events.
        #[serde(flatten)]
        state: Map<String, Value>,
    },
    /// An entry of the person's that waits for somebody.
    Case {
        /// Its id.
        id: CaseId,
        /// Its state, as in the case's feed events.
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
