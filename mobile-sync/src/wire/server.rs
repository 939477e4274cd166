//! What a server says: how far it is, what became of entries, and whether it stays.

use floorline_domain::ids::LeaseId;
use serde::{Deserialize, Serialize};

use super::{Raw, TopicState};
use crate::chain::Hash;
use crate::limits;

/// The answer to a hello.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Rises with each hello of the stream; a stale one is closed with 4409.
    pub session: i64,
    /// The server's clock, milliseconds since 1970.
    pub server_time: i64,
    /// Replaced when the server may have been rewound.
    pub server_epoch: String,
    /// The last `seq` of the stream that has a verdict; 0 for a read-only session.
    pub last_seq: i64,
    /// The chain at `last_seq`; absent for a read-only session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<Hash>,
    /// Verdicts from `acked_seq + 1` on, one page of them.
    #[serde(default)]
    pub results: Vec<Raw>,
    /// More pages follow; no submit is accepted before they are fetched.
    #[serde(default)]
    pub more: bool,
    /// The state of each feed asked for.
    #[serde(default)]
    pub topics: Vec<TopicState>,
    /// The numbers of this server.
    pub limits: Limits,
    /// The oldest app that is served.
    pub minimum_app: String,
}

/// The numbers a server asks its clients to keep; see [`limits`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Bytes of one entry.
    pub entry_bytes: usize,
    /// Entries in one submit.
    pub batch_entries: usize,
    /// Bytes of entries in one submit.
    pub batch_bytes: usize,
    /// Submits without an answer.
    pub in_flight: usize,
    /// Milliseconds between pings.
    pub heartbeat_ms: u64,
    /// Seconds after which a worker's view is too old.
    pub offline_max_s: u64,
    /// Milliseconds over which returning phones spread.
    pub jitter_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        let millis = |span: std::time::Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self {
            entry_bytes: limits::ENTRY_BYTES,
            batch_entries: limits::BATCH_ENTRIES,
            batch_bytes: limits::BATCH_BYTES,
            in_flight: 1,
            heartbeat_ms: millis(limits::HEARTBEAT),
            offline_max_s: limits::OFFLINE_MAX.as_secs(),
            jitter_ms: millis(limits::JITTER),
        }
    }
}

/// Verdicts, in the order of their `seq`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Results {
    /// Every entry up to here has a verdict.
    pub upto_seq: i64,
    /// The verdicts, the stored bytes.
    pub results: Vec<Raw>,
    /// More pages follow.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

/// Nothing was stored; send again from `from_seq` after a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// The first entry to send again.
    pub from_seq: i64,
    /// A word for the log, such as `DB_BUSY`.
    pub reason: String,
    /// Milliseconds to wait.
    pub after_ms: u64,
}

/// Nothing was stored; the client rewinds to `expect_seq`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The `seq` the server waits for.
    pub expect_seq: i64,
}

/// A signed permission to work offline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Its name in entries.
    pub lease_id: LeaseId,
    /// The JWT.
    pub lease: String,
}

/// The device may no longer write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// A word for the screen.
    pub reason: String,
}

/// The server is going; come back within the jitter window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goaway {
    /// Milliseconds over which returning phones spread.
    pub jitter_ms: u64,
    /// A word for the log, such as `DEPLOY`.
    pub reason: String,
}
