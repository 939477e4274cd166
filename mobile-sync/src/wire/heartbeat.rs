//! The heartbeat of both sides, and what is still unsent: a board that knows of it never pretends to be complete.

use serde::{Deserialize, Serialize};

/// The heartbeat, and from a client its presence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {
    /// Returned in the pong.
    pub n: i64,
    /// What is still unsent; only from a client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outbox: Option<Unsent>,
}

/// What is still unsent on a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsent {
    /// How many entries.
    pub count: i64,
    /// When the oldest was made, by the device's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_time: Option<i64>,
}

/// The answer to a ping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pong {
    /// The ping's number.
    pub n: i64,
    /// The server's clock; only from a server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_time: Option<i64>,
}
