//! Phones and servers in one seeded world: single-threaded, in virtual time, with every fault that the protocol must survive.
//!
//! The phones are the client core over its store in memory; the servers are the engine's and the session's pure parts over [`database`]. Nothing
//! waits, nothing reads a clock, all chance comes from the seed: a run that fails is run again by its seed, to the letter.
//!
//! While it runs, what screens show is watched ([`phone`]). Afterwards the checker reads what phones and tables hold ([`judge`]), the same
//! checker that reads the journals and the database of real processes.

mod broken;
mod calendar;
mod coverage;
mod database;
mod faults;
mod judge;
mod network;
mod phone;
mod scene;
mod server;
mod sweep;
mod world;

use floorline_domain::{EntryKey, Outcome, Reason};

pub use self::broken::Broken;
pub use self::coverage::{Coverage, MUST_HAPPEN};
pub use self::sweep::{BLOCK, Swept, sweep, swept};
pub use self::world::Skew;
use self::world::World;

/// How a run is run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// How wrong clocks are.
    pub skew: Skew,
    /// A deliberate mistake.
    pub broken: Option<Broken>,
    /// Say everything that happens.
    pub trace: bool,
    /// What was planned to go wrong and is left out, by its place in the plan: one bit each.
    pub left_out: u64,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Outcomes {
    /// What happened.
    pub coverage: Coverage,
    /// What was found to be wrong.
    pub found: Vec<String>,
    /// What was planned to go wrong, and when.
    pub plan: Vec<String>,
    /// Entries on phones.
    pub entries: usize,
    /// How every entry of every stream ended, and the order of all events: what must not depend on clocks.
    pub story: Story,
}

/// How everything ended, without any time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Story {
    /// The end of each entry.
    pub ends: Vec<(EntryKey, Outcome, Option<Reason>)>,
    /// Each event's entry, kind and version, in the order of the log.
    pub events: Vec<(EntryKey, String, i64)>,
}

/// Runs the world of `seed`.
#[must_use]
pub fn run(seed: u64, settings: Settings) -> Outcomes {
    let mut world = World::new(seed, settings);
    world.run();
    let history = world.history();
    let found = world.judge(&history);
    Outcomes {
        found,
        entries: history.devices.iter().map(|device| device.journal.len()).sum(),
        story: Story {
            ends: history.receipts.iter().map(|row| (row.key, row.outcome, row.reason)).collect(),
            events: history.events.iter().map(|row| (row.key, row.kind.clone(), row.version)).collect(),
        },
        plan: world.plan,
        coverage: world.coverage,
    }
}

/// The least of a failing seed's plan that still fails by the same invariant: one after another is left out for good if it does so without it.
#[must_use]
pub fn minimize(seed: u64, settings: Settings) -> Settings {
    let first = run(seed, settings);
    let wanted = first.found.first().map(|what| invariant(what).to_owned());
    (0..first.plan.len().min(64)).fold(settings, |kept, place| {
        let tried = Settings { left_out: kept.left_out | 1 << place, trace: false, ..kept };
        let found = run(seed, tried).found;
        if found.iter().any(|what| Some(invariant(what)) == wanted.as_deref()) { tried } else { kept }
    })
}

/// What a finding begins with: the invariant that is broken.
fn invariant(found: &str) -> &str {
    found.split_once(':').map_or(found, |(invariant, _)| invariant)
}
