//! How servers on one database tell each other what moved. Each looks by itself in any case; the rest makes it sooner.
//!
//! | variable | in the file | default | meaning |
//! |---|---|---|---|
//! | `FLOORLINE_POLL_MS` | `realtime.poll_ms` | 1000 | between two looks at the heads of followed feeds: how late another server's commit may be told here when no hint comes; from 50 |
//! | `NATS_URL` | `realtime.nats_url` | unset | `nats://[user:password@]host[:4222]`: hints go over NATS while it is there, and over PostgreSQL's `NOTIFY` while it is not |

use std::time::Duration;

use super::{Nats, Source};

/// See the module.
#[derive(Debug, Clone)]
pub struct Realtime {
    /// Between two looks.
    pub poll: Duration,
    /// None: hints go over PostgreSQL alone.
    pub nats: Option<Nats>,
    /// The first pause before a lost connection for hints is opened again; it doubles. Not to be set from outside.
    pub pause: Duration,
}

impl Default for Realtime {
    fn default() -> Self {
        Self { poll: Duration::from_secs(1), nats: None, pause: Duration::from_millis(500) }
    }
}

impl Realtime {
    pub(super) fn read(source: &mut Source) -> Self {
        let usual = Self::default();
        Self {
            poll: source.parse("realtime.poll_ms", "FLOORLINE_POLL_MS", poll).unwrap_or(usual.poll),
            nats: source.parse("realtime.nats_url", "NATS_URL", Nats::read),
            pause: usual.pause,
        }
    }
}

fn poll(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(millis @ 50..=86_400_000) => Ok(Duration::from_millis(millis)),
        _ => Err(format!("{text:?}: must be a number from 50 to 86400000")),
    }
}
