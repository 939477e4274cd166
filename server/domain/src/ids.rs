//! Typed ids. An order's id cannot be passed where an item's is meant; on the wire each is a plain UUID.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )*};
}

ids! {
    /// An organisation: factory, brand, studio, vendor, community or retailer.
    OrgId
    /// A person who signs in.
    UserId
    /// An enrolled handheld.
    DeviceId
    /// One life of one local database, or of one writer of the server.
    StreamId
    /// A thing that is made, or a component of one.
    ItemId
    /// A purchase order.
    OrderId
    /// One variant within an order.
    OrderLineId
    /// A workflow over all its versions.
    WorkflowId
    /// One immutable version of a workflow.
    WorkflowVersionId
    /// A place: site, area, station, rack …
    LocationId
    /// A worker's active session on the floor.
    ShiftId
    /// A queue of items waiting.
    QueueId
    /// A group of workers.
    TeamId
    /// A code on an item, a place or a badge.
    LabelId
    /// A stored picture.
    PhotoId
    /// An entry that did not book and waits for a person.
    CaseId
    /// A signed statement of what an actor may do while offline.
    LeaseId
}

/// The key of one entry: its stream and its place in it. Never used twice, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EntryKey {
    pub stream_id: StreamId,
    pub seq: i64,
}
