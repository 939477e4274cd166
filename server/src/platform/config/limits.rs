//! How much one server takes on before it says "later". What a phone may send is part of the protocol and not set here.
//!
//! | variable | in the file | default | meaning |
//! |---|---|---|---|
//! | `FLOORLINE_CONNECTIONS` | `limits.connections` | 20000, or what the file-descriptor limit leaves | open connections, sockets of phones among them; more are answered 503 |
//! | `FLOORLINE_SOCKETS` | `limits.sockets` | 2000 | live sockets of one organisation |
//! | `FLOORLINE_PHOTO_BYTES` | `limits.photo_bytes` | 10485760 | largest photo; an organisation's own setting `photo_bytes` may allow up to five times as much |
//! | `FLOORLINE_JOBS` | `limits.jobs` | 4 | jobs run at one time |
//! | `FLOORLINE_DRAIN_SECONDS` | `limits.drain_seconds` | 20 | how long requests and batches under way may take to end when the server stops |

use std::num::NonZeroUsize;
use std::time::Duration;

use rustix::process::{Resource, getrlimit};

use super::Source;

/// Descriptors kept for the database, files and the unforeseen.
const RESERVED_DESCRIPTORS: usize = 512;

/// See the module.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Open connections of the whole server.
    pub connections: usize,
    /// Live sockets of one organisation.
    pub sockets: usize,
    /// Largest photo in bytes.
    pub photo_bytes: u64,
    /// Jobs at one time.
    pub jobs: usize,
    /// Grace when stopping.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: room_for_connections().min(20_000),
            sockets: 2_000,
            photo_bytes: 10 * 1024 * 1024,
            jobs: 4,
            drain: Duration::from_secs(20),
        }
    }
}

impl Limits {
    pub(super) fn read(source: &mut Source) -> Self {
        let usual = Self::default();
        let connections = source.get("limits.connections", "FLOORLINE_CONNECTIONS");
        Self {
            connections: connections.map_or(usual.connections, |wanted: usize| wanted.min(room_for_connections())),
            sockets: source.get("limits.sockets", "FLOORLINE_SOCKETS").unwrap_or(usual.sockets),
            photo_bytes: source.get("limits.photo_bytes", "FLOORLINE_PHOTO_BYTES").unwrap_or(usual.photo_bytes),
            jobs: source.get("limits.jobs", "FLOORLINE_JOBS").map_or(usual.jobs, NonZeroUsize::get),
            drain: source
                .get("limits.drain_seconds", "FLOORLINE_DRAIN_SECONDS")
                .map_or(usual.drain, Duration::from_secs),
        }
    }
}

/// At the descriptor limit further clients would hang instead of being refused.
fn room_for_connections() -> usize {
    let limit = getrlimit(Resource::Nofile).current.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    limit.saturating_sub(RESERVED_DESCRIPTORS).max(limit / 2)
}
