//! What a handheld says: who it is, how far it is, and what was done on it.

use floorline_domain::ids::{DeviceId, StreamId};
use serde::{Deserialize, Deserializer, Serialize};

use super::{BadFrame, Raw, Subscription};
use crate::chain::Hash;
use crate::limits;
use crate::strict;

/// The first message of a connection. Without `device_id` and `stream_id` it opens a read-only session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The one-time ticket; absent over HTTP, where the request's own headers prove who is asking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// The enrolled device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<DeviceId>,
    /// This life of the device's database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_id: Option<StreamId>,
    /// The `seq` the next new entry will get.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_seq: Option<i64>,
    /// The last `seq` whose verdict is stored on the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acked_seq: Option<i64>,
    /// The chain at `acked_seq`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<Hash>,
    /// Leases (JWTs) that entries name and the server may not have seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leases: Vec<String>,
    /// The app that speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<App>,
    /// The device's clock, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_time: Option<i64>,
    /// Milliseconds since the start of the clock named by `boot_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monotonic: Option<i64>,
    /// One life of the clock that `monotonic` counts on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot_id: Option<String>,
    /// The feeds to follow, and where the client stands in each.
    #[serde(default)]
    pub subscriptions: Vec<Subscription>,
}

/// The app's version, and the entry schema it writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// Such as `1.4.2`.
    pub version: String,
    /// The schema of the entries it writes.
    pub schema: i64,
}

/// Asks for the next page of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultsAfter {
    /// The last `seq` whose verdict has arrived.
    pub after: i64,
}

/// A batch of entries, their bytes as they were saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submit {
    /// The session of the welcome; absent over HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<i64>,
    /// The place of the first entry; the others follow without holes.
    pub first_seq: i64,
    /// The entries.
    pub entries: Vec<Raw>,
    /// The chain after each entry.
    pub hashes: Vec<Hash>,
    /// A W3C `traceparent` that the server's trace goes on from. Put in where the frame is sent, and absent over HTTP, which has a header for it; what is
    /// none is ignored.
    #[serde(default, deserialize_with = "text_if_it_is_one", skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

/// Anything but a text counts as absent, as an unknown field does.
fn text_if_it_is_one<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    Ok(Raw::deserialize(value)?.read().ok())
}

impl Submit {
    /// What the frame itself must keep; the entries are judged one by one by `read_entry`.
    pub(super) fn check(&self) -> Result<(), BadFrame> {
        let safe = |n: i64| (-limits::MAX_INTEGER..=limits::MAX_INTEGER).contains(&n);
        if safe(self.first_seq) && self.session.is_none_or(safe) { Ok(()) } else { Err(strict::Fault::Integer.into()) }
    }
}

/// The last `seq` whose verdict is stored on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acked {
    /// See [`Hello::acked_seq`].
    pub seq: i64,
}

/// Why a client ends its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SealReason {
    /// Two futures for one `seq`.
    Fork,
    /// Entries that the rewound server asks for are no longer on the device, or stand on an earlier stream.
    Hole,
    /// The device's storage was lost or replaced.
    Wiped,
}

/// Ends this stream; answered by close 4412 once stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Why.
    pub reason: SealReason,
}
