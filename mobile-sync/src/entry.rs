//! One act of one person, as it is saved, sent, judged and kept.

use floorline_domain::ids::{ItemId, LeaseId, StreamId, UserId};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::chain::Hash;
use crate::op::Operation;

/// What the worker's screen was based on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// The item's version last received from the server, not a predicted one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// The `seq` of this stream's latest earlier entry on the same item: the chain of one phone's steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predecessor: Option<i64>,
    /// The cursor of the site's topic that the screen showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<i64>,
}

/// A file that belongs to an entry and travels apart from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blob {
    /// SHA-256 of its bytes.
    pub sha256: Hash,
    /// Bytes.
    pub size: u64,
    /// Its media type.
    pub mime: String,
    /// What it shows, such as `front`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// Where a re-offered entry stood first. An origin of an origin names the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Origin {
    /// The sealed stream.
    pub stream_id: StreamId,
    /// Its place there.
    pub seq: i64,
    /// The chain after it there.
    pub hash: Hash,
}

/// The device's clocks at the act. No verdict reads `device_time`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// Milliseconds since 1970, by a clock that may be wrong.
    pub device_time: i64,
    /// Milliseconds since the start of the clock named by `boot_id`.
    pub monotonic: i64,
    /// Differences of `monotonic` count only within one of these.
    pub boot_id: String,
}

/// An entry that has been read. Its bytes, not this, are what is hashed and kept.
///
/// Serialises to the wire's form, so that what came in over HTTP is kept as an entry of the server's own stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its place in the stream.
    pub seq: i64,
    /// The schema it was written in.
    pub schema: i64,
    /// What was done.
    pub op: Operation,
    /// To which item; absent for shifts and for scans that resolved to none.
    pub item_id: Option<ItemId>,
    /// The stage the worker believed the item to be in.
    pub stage: Option<String>,
    /// What the screen was based on; absent for what happened in the server's presence.
    pub base: Option<Base>,
    /// Who did it.
    pub actor: UserId,
    /// The lease that proves the actor when the session is not theirs.
    pub lease_id: Option<LeaseId>,
    /// The device's clocks; always there in entries from devices.
    pub clock: Option<Clock>,
    /// Files that belong to it.
    pub blobs: Vec<Blob>,
    /// Where it stood before its stream was sealed.
    pub origin: Option<Origin>,
}

/// An entry as it travels. `op` and `data` are open here, so that the server writes its own operations in the same form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WireEntry {
    /// See [`Entry::seq`].
    pub seq: i64,
    /// See [`Entry::schema`].
    pub schema: i64,
    /// The operation's name, such as `action.complete`.
    pub op: String,
    /// See [`Entry::item_id`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item_id: Option<ItemId>,
    /// `<stage>.<action>`, for `action.*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_id: Option<String>,
    /// See [`Entry::stage`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// See [`Entry::base`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Base>,
    /// See [`Entry::actor`].
    pub actor: UserId,
    /// See [`Entry::lease_id`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_id: Option<LeaseId>,
    /// See [`Clock::device_time`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_time: Option<i64>,
    /// See [`Clock::monotonic`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monotonic: Option<i64>,
    /// See [`Clock::boot_id`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot_id: Option<String>,
    /// The operation's own members.
    pub data: Value,
    /// See [`Entry::blobs`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blobs: Vec<Blob>,
    /// See [`Entry::origin`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

impl Entry {
    /// The form that travels.
    pub fn wire(&self) -> WireEntry {
        let named = self.op.named();
        let (device_time, monotonic, boot_id) = match &self.clock {
            Some(clock) => (Some(clock.device_time), Some(clock.monotonic), Some(clock.boot_id.clone())),
            None => (None, None, None),
        };
        WireEntry {
            seq: self.seq,
            schema: self.schema,
            op: named.op.to_owned(),
            item_id: self.item_id,
            action_id: named.action_id,
            stage: self.stage.clone(),
            base: self.base,
            actor: self.actor,
            lease_id: self.lease_id,
            device_time,
            monotonic,
            boot_id,
            data: named.data,
            blobs: self.blobs.clone(),
            origin: self.origin,
        }
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.wire().serialize(serializer)
    }
}
