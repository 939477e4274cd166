//! Hints: what the servers on one database tell each other, so that nobody waits for the poll.
//!
//! After its commits a server names the topics that moved, and whoever hears that looks at them at once. A hint says *that* something moved,
//! never what: it holds ids of topics and nothing of any organisation's. Nothing depends on one: each server polls the heads of its followed
//! topics anyway, so what is lost with a connection costs a second and no event.
//!
//! A commit's transaction says nothing itself: `NOTIFY` takes a lock that the whole database shares, through the commit. Topics are collected in
//! the [`Outbox`] and told together, at most every [`outbox::PACE`], on a connection of their own ([`postgres`]), or over [`nats`] where one is
//! configured and there. Everybody hears both ways, so servers with and without NATS understand each other.

mod frames;
mod moved;
mod nats;
mod outbox;
mod postgres;

use std::time::Duration;

pub(super) use self::moved::Moved;
pub(super) use self::outbox::Outbox;
use super::Hub;
use crate::platform::config::{Nats, Realtime};
use crate::platform::telemetry::names;

/// The longest pause between two tries.
const LONGEST: Duration = Duration::from_secs(30);

/// How a hint travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Notify,
    Nats,
}

impl Way {
    const fn word(self) -> &'static str {
        match self {
            Self::Notify => "notify",
            Self::Nats => "nats",
        }
    }
}

/// Tells and hears until the hub closes.
pub(super) fn start(hub: &Hub, settings: &Realtime) {
    hub.spawn(keep(hub.clone(), None, settings.pause));
    if let Some(server) = &settings.nats {
        hub.spawn(keep(hub.clone(), Some(server.clone()), settings.pause));
    }
}

/// Carries hints one way, again and again: over this NATS server, or over PostgreSQL.
async fn keep(hub: Hub, nats: Option<Nats>, pause: Duration) {
    let way = if nats.is_some() { Way::Nats } else { Way::Notify };
    let mut tries = Tries { first: pause, failed: 0 };
    loop {
        let Err(error) = match &nats {
            Some(server) => nats::carry(&hub, server, &mut tries).await,
            None => postgres::carry(&hub, &mut tries).await,
        };
        // What was told last may have got lost on the way; the other way, or the next connection, says so.
        hub.outbox().add(&Moved::Any);
        let (error, way) = (format!("{error:#}"), way.word());
        if tries.failed == 0 {
            tracing::warn!(way, error, "hints do not go this way any more; trying again");
        } else {
            tracing::debug!(way, error, "hints do not go this way yet");
        }
        tokio::time::sleep(tries.pause(rand::random())).await;
    }
}

/// How often opening failed, and how long to wait for the next try.
struct Tries {
    first: Duration,
    failed: u32,
}

impl Tries {
    /// A connection is open.
    fn opened(&mut self, hub: &Hub, way: Way) {
        tracing::info!(way = way.word(), "hints go this way");
        self.failed = 0;
        // Nobody said anything here before.
        hub.look(&Moved::Any);
    }

    /// Doubles up to [`LONGEST`] and not below the first; `roll` (0 to 1) takes up to a half away, so that servers do not return together.
    fn pause(&mut self, roll: f64) -> Duration {
        let full = self.first.saturating_mul(1 << self.failed.min(10)).min(LONGEST.max(self.first));
        self.failed += 1;
        full.mul_f64(1.0 - roll.clamp(0.0, 1.0) / 2.0)
    }
}

/// A hint came. Our own say nothing new.
fn heard(hub: &Hub, way: Way, text: &str) {
    match Moved::read(text) {
        Some((from, _)) if from == hub.node() => {}
        Some((_, moved)) => {
            metrics::counter!(names::HINTS_HEARD, "way" => way.word()).increment(1);
            hub.look(&moved);
        }
        None => tracing::debug!(way = way.word(), "something else was said where hints are"),
    }
}

fn told(way: Way) {
    metrics::counter!(names::HINTS_SENT, "way" => way.word()).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_have_an_end() {
        let mut tries = Tries { first: Duration::from_millis(500), failed: 0 };
        let pauses = [0; 9].map(|_| tries.pause(0.0).as_millis());
        assert_eq!(pauses, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
        assert_eq!(tries.pause(1.0), LONGEST / 2);
        let mut patient = Tries { first: Duration::from_secs(86_400), failed: 3 };
        assert_eq!(patient.pause(0.0), Duration::from_secs(86_400));
    }
}
