//! What a change is told as: about what, by whom, to whom.

use chrono::{DateTime, Utc};
use floorline_domain::{CaseId, ItemId, LabelId, LocationId, OrderId, OrgId, QueueId, ShiftId, StreamId, UserId};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// Who an event is told to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Everybody on a site.
    Site(LocationId),
    /// What has no site yet: orders before acceptance, blank labels.
    Org,
    /// The brand of an order; its events carry the brand's view only.
    Order {
        /// The order.
        order: OrderId,
        /// The organisation that reads it.
        brand: OrgId,
    },
    /// One person: their cases and alerts.
    User(UserId),
}

impl Topic {
    /// The topic's name on the wire.
    pub fn name(&self, org: OrgId) -> String {
        match self {
            Self::Site(id) => format!("site:{id}"),
            Self::Org => format!("org:{org}"),
            Self::Order { order, .. } => format!("order:{order}"),
            Self::User(id) => format!("user:{id}"),
        }
    }

    /// The organisation that reads it, in a ledger of `org`.
    pub fn reader(&self, org: OrgId) -> OrgId {
        match self {
            Self::Order { brand, .. } => *brand,
            _ => org,
        }
    }
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// The noun.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Its id.
    pub id: Uuid,
}

impl Subject {
    /// An item.
    pub fn item(id: ItemId) -> Self {
        Self { kind: "item", id: id.0 }
    }

    /// An order.
    pub fn order(id: OrderId) -> Self {
        Self { kind: "order", id: id.0 }
    }

    /// A label.
    pub fn label(id: LabelId) -> Self {
        Self { kind: "label", id: id.0 }
    }

    /// A code of another maker.
    pub fn item_code(id: Uuid) -> Self {
        Self { kind: "item_code", id }
    }

    /// A shift.
    pub fn shift(id: ShiftId) -> Self {
        Self { kind: "shift", id: id.0 }
    }

    /// A queue.
    pub fn queue(id: QueueId) -> Self {
        Self { kind: "queue", id: id.0 }
    }

    /// A stream.
    pub fn stream(id: StreamId) -> Self {
        Self { kind: "stream", id: id.0 }
    }

    /// A case.
    pub fn case(id: CaseId) -> Self {
        Self { kind: "case", id: id.0 }
    }
}

/// The entry whose consequences are being recorded.
#[derive(Clone, Debug)]
pub struct Cause {
    /// Its stream.
    pub stream_id: StreamId,
    /// Its place there.
    pub seq: i64,
    /// Who did it.
    pub actor: Actor,
    /// When it was done, as far as clocks can be believed.
    pub occurred_at: DateTime<Utc>,
    /// How far off that may be.
    pub uncertainty_ms: Option<i64>,
}

/// Who did something.
#[derive(Clone, Debug, Serialize)]
pub struct Actor {
    /// The user.
    pub id: UserId,
    /// Their name at the time.
    pub name: String,
}

/// One change, to be logged and told.
#[derive(Clone, Debug)]
pub struct Record<State = Value> {
    /// What changed.
    pub subject: Subject,
    /// The subject's version after the change: the number of its events.
    pub version: i64,
    /// `noun.past_participle`.
    pub kind: &'static str,
    /// The change itself; folding these gives the subject.
    pub data: Value,
    /// The subject's public state after the change.
    pub after: State,
    /// Who is told. A topic of an order is told `brand_after`, or nothing when that is absent.
    pub topics: Vec<Topic>,
    /// What the brand may see of it.
    pub brand_after: Option<Value>,
}
