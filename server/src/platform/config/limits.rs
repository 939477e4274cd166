//! How much one server takes on before it says "later". What a phone may send is part of the protocol and not set here.
//!
//! | variable | in the file | default | meaning |
//! |---|---|---|---|
//! | `FLOORLINE_CONNECTIONS` | `limits.connections` | 20000, or what the file-descriptor limit leaves | open connections, sockets of phones among them; more are answered 503 |
//! | `FLOORLINE_SOCKETS` | `limits.sockets` | 2000 | live sockets of one organisation |
//! | `FLOORLINE_ADDRESS_RATE` | `limits.address_rate` | `2000/10` | requests of one address: so many within so many seconds, of which all may come at once; more are answered 429. `0` is off |
//! | `FLOORLINE_USER_RATE` | `limits.user_rate` | `400/4` | the same of one signed-in user, from wherever they come |
//! | `FLOORLINE_PHOTO_BYTES` | `limits.photo_bytes` | 10485760 | largest photo; an organisation's own setting `photo_bytes` may allow up to five times as much |
//! | `FLOORLINE_JOBS` | `limits.jobs` | 4 | jobs run at one time; `0` on a server leaves them to `floorline work` |
//! | `FLOORLINE_DRAIN_SECONDS` | `limits.drain_seconds` | 20 | how long requests and batches under way may take to end when the server stops |
//! | `FLOORLINE_JITTER_MS` | `limits.jitter_ms` | 20000 | the window over which phones spread their return after a server stopped or broke; at most 600000 |
//!
//! A factory often stands behind one address, so an address gets five users' worth. Loopback is an address like any other: where a load test or
//! a proxy that sets no `X-Forwarded-For` sends everything from there, the address's rate is to be off or larger. Each server counts for itself.

use std::num::NonZeroU32;
use std::time::Duration;

use floorline_mobile_sync::limits::JITTER;
use rustix::process::{Resource, getrlimit};

use super::Source;

/// Descriptors kept for the database, files and the unforeseen.
const RESERVED_DESCRIPTORS: usize = 512;
/// Longer, and a restart looks like an outage.
const MOST_JITTER_MS: u64 = 600_000;

/// See the module.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Open connections of the whole server.
    pub connections: usize,
    /// Live sockets of one organisation.
    pub sockets: usize,
    /// Requests of one address; none: as many as come.
    pub address_rate: Option<Rate>,
    /// Requests of one user; none: as many as come.
    pub user_rate: Option<Rate>,
    /// Largest photo in bytes.
    pub photo_bytes: u64,
    /// Jobs at one time; 0: others run them.
    pub jobs: usize,
    /// Grace when stopping.
    pub drain: Duration,
    /// Milliseconds over which phones spread their return.
    pub jitter_ms: u64,
}

/// So many requests within so many seconds, refilled evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// At most [`Rate::MOST_REQUESTS`].
    pub requests: NonZeroU32,
    /// At most [`Rate::MOST_SECONDS`].
    pub seconds: NonZeroU32,
}

impl Rate {
    /// The most requests that can be told apart in time.
    pub const MOST_REQUESTS: u32 = 1_000_000;
    /// A day.
    pub const MOST_SECONDS: u32 = 86_400;

    /// None unless both are in their range.
    #[must_use]
    pub fn new(requests: u32, seconds: u32) -> Option<Self> {
        let fit = requests <= Self::MOST_REQUESTS && seconds <= Self::MOST_SECONDS;
        let (requests, seconds) = (NonZeroU32::new(requests)?, NonZeroU32::new(seconds)?);
        fit.then_some(Self { requests, seconds })
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: room_for_connections().min(20_000),
            sockets: 2_000,
            address_rate: Rate::new(2_000, 10),
            user_rate: Rate::new(400, 4),
            photo_bytes: 10 * 1024 * 1024,
            jobs: 4,
            drain: Duration::from_secs(20),
            jitter_ms: u64::try_from(JITTER.as_millis()).unwrap_or(u64::MAX),
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
            address_rate: source
                .parse("limits.address_rate", "FLOORLINE_ADDRESS_RATE", rate)
                .unwrap_or(usual.address_rate),
            user_rate: source.parse("limits.user_rate", "FLOORLINE_USER_RATE", rate).unwrap_or(usual.user_rate),
            photo_bytes: source.get("limits.photo_bytes", "FLOORLINE_PHOTO_BYTES").unwrap_or(usual.photo_bytes),
            jobs: source.get("limits.jobs", "FLOORLINE_JOBS").unwrap_or(usual.jobs),
            drain: source
                .get("limits.drain_seconds", "FLOORLINE_DRAIN_SECONDS")
                .map_or(usual.drain, Duration::from_secs),
            jitter_ms: source.parse("limits.jitter_ms", "FLOORLINE_JITTER_MS", jitter).unwrap_or(usual.jitter_ms),
        }
    }
}

fn jitter(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(millis) if millis <= MOST_JITTER_MS => Ok(millis),
        _ => Err(format!("{text:?}: must be a number from 0 to {MOST_JITTER_MS}")),
    }
}

/// At the descriptor limit further clients would hang instead of being refused.
fn room_for_connections() -> usize {
    let limit = getrlimit(Resource::Nofile).current.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    limit.saturating_sub(RESERVED_DESCRIPTORS).max(limit / 2)
}

/// `400/4`, or `0` for none.
fn rate(text: &str) -> Result<Option<Rate>, String> {
    if text == "0" {
        return Ok(None);
    }
    let read = text
        .split_once('/')
        .and_then(|(requests, seconds)| Rate::new(requests.trim().parse().ok()?, seconds.trim().parse().ok()?));
    read.map(Some).ok_or_else(|| {
        format!(
            "{text:?}: must be requests/seconds such as 400/4, at most {}/{}, or 0 for none",
            Rate::MOST_REQUESTS,
            Rate::MOST_SECONDS
        )
    })
}

#[cfg(test)]
mod tests {
    use super::{Rate, rate};

    #[test]
    fn a_rate_is_requests_within_seconds_or_nothing() {
        assert_eq!(rate("400/4"), Ok(Rate::new(400, 4)));
        assert_eq!(rate("1000000/86400"), Ok(Rate::new(1_000_000, 86_400)));
        assert_eq!(rate("0"), Ok(None));
        for wrong in ["", "400", "0/4", "400/0", "-1/4", "1000001/1", "1/86401", "400/4s", "4/4/4"] {
            assert!(rate(wrong).unwrap_err().contains("must be requests/seconds"), "{wrong}");
        }
    }
}
