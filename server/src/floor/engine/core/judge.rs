//! One entry, one verdict: who did it, whether it may be looked at at all, what the rules say.
//!
//! Pure over the [`World`]: nothing here waits, nothing looks anything up, nothing is changed, so the same entry can be tried with the
//! permissions of now and with those of its lease. What was decided is carried out by `book.rs`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use floorline_domain::{Reason, Refusal, ShiftId, StreamId};
use floorline_mobile_sync::entry::{Entry, Origin};
use floorline_mobile_sync::verdict::LATE;
use serde_json::json;

use super::admission::{Rights, admit, known};
use super::decide::{Effect, decide};
use super::found::FoundOrigin;
use super::intake::{Arrival, HeldStream};
use super::world::World;

/// What an entry turned out to mean.
#[derive(Debug)]
pub(super) enum Decision {
    /// It happens.
    Book { effect: Effect, flags: Vec<&'static str> },
    /// A rule said no, or the goal was true already.
    Refuse(Refusal),
    /// It was decided where it stood first; that verdict again.
    Again(Box<FoundOrigin>),
}

/// What all entries of a batch are judged with.
pub(super) struct Bench<'a> {
    pub(super) now: DateTime<Utc>,
    pub(super) origins: &'a BTreeMap<Origin, FoundOrigin>,
    /// Entries that failed again and again: parked without being looked at.
    pub(super) poisoned: &'a BTreeSet<(StreamId, i64)>,
    /// An id for a shift that starts.
    pub(super) new_shift: ShiftId,
}

/// Judges one arrival.
pub(super) fn judge(bench: &Bench<'_>, world: &World, stream: &HeldStream, arrival: &Arrival) -> Decision {
    match known(bench, world, arrival) {
        Ok(None) => {}
        Ok(Some(found)) => return Decision::Again(Box::new(found)),
        Err(refusal) => return Decision::Refuse(refusal),
    }
    if bench.poisoned.contains(&(arrival.stream, arrival.seq)) {
        return Decision::Refuse(Refusal::new(Reason::Internal));
    }
    let entry = match &arrival.read {
        Ok(entry) => entry,
        Err(unreadable) => {
            let detail = json!({ "field": unreadable.field, "message": unreadable.message });
            return Decision::Refuse(Refusal::new(unreadable.reason).with(detail));
        }
    };
    match admit(world, arrival, entry).and_then(|rights| with_rights(bench, world, stream, arrival, entry, rights)) {
        Ok((effect, flags)) => Decision::Book { effect, flags },
        Err(refusal) => Decision::Refuse(refusal),
    }
}

/// Decides with the permissions of now and, where these do not suffice, with those of the lease as well.
fn with_rights(
    bench: &Bench<'_>,
    world: &World,
    stream: &HeldStream,
    arrival: &Arrival,
    entry: &Entry,
    mut rights: Rights<'_>,
) -> Result<(Effect, Vec<&'static str>), Refusal> {
    let first = decide(bench, world, stream, arrival, entry, &rights);
    match (first, rights.lease) {
        (Err(refusal), Some(lease)) if refusal.reason == Reason::NotPermitted && !world.strict => {
            rights.permissions.extend(lease.permissions.iter().copied());
            rights.roles.extend(lease.roles.iter().cloned());
            decide(bench, world, stream, arrival, entry, &rights).map(|effect| (effect, vec![LATE]))
        }
        (decided, _) => decided.map(|effect| (effect, Vec::new())),
    }
}
