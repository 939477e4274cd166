//! What makes an entry happen once: its receipt, its stream's watermark, and the heads of the topics that tell of it.

use chrono::{DateTime, Utc};
use floorline_domain::{Outcome, Reason, StreamId, UserId};
use serde_json::Value;

/// A receipt: the stored end of an entry.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The entry.
    pub stream_id: StreamId,
    /// Its place in the stream.
    pub seq: i64,
    /// Its hash.
    pub hash: [u8; 32],
    /// How it ended.
    pub outcome: Outcome,
    /// Why, when not applied.
    pub reason: Option<Reason>,
    /// Exactly the bytes that are sent.
    pub verdict: String,
    /// Who did it.
    pub actor_id: Option<UserId>,
    /// What the device's clock said.
    pub device_time: Option<i64>,
    /// When it was done.
    pub occurred_at: DateTime<Utc>,
    /// How far off that may be.
    pub uncertainty_ms: Option<i64>,
    /// The entry of an earlier stream that this one offers again.
    pub origin: Option<(StreamId, i64, [u8; 32])>,
}

/// Where a stream stands after the batch.
#[derive(Clone, Debug)]
pub struct Watermark {
    /// The stream.
    pub stream_id: StreamId,
    /// Its last entry with a verdict.
    pub last_seq: i64,
    /// That entry's hash.
    pub last_hash: [u8; 32],
    /// When its latest act happened; never goes back.
    pub last_occurred_at: Option<DateTime<Utc>>,
    /// Scans of the last ten seconds by the stream's own clock, for `DUPLICATE_SCAN`.
    pub recent_scans: Value,
}

/// A topic's head after the batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The topic's name.
    pub topic: String,
    /// Its last cursor.
    pub head: i64,
    /// Its epoch.
    pub epoch: String,
}
