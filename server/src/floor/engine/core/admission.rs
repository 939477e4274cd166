//! Everything that is settled before an entry's operation is looked at: whose word it is, what it was built on, with which rights.

use floorline_domain::permission::{Permission, PermissionSet};
use floorline_domain::{CaseId, Outcome, Reason, Refusal};
use floorline_mobile_sync::entry::Entry;
use serde_json::json;

use super::found::{CaseState, FoundOrigin};
use super::intake::{Arrival, By};
use super::judge::Bench;
use super::world::{Lease, World};

/// Said of an actor for whom nothing speaks but the entry itself.
pub(super) const UNPROVEN: &str = "unproven";

/// Whose permissions count.
pub(super) struct Rights<'a> {
    pub(super) permissions: PermissionSet,
    pub(super) roles: Vec<String>,
    pub(super) lease: Option<&'a Lease>,
}

/// Whether an entry that is offered again was decided where it stood first.
pub(super) fn known(bench: &Bench<'_>, world: &World, arrival: &Arrival) -> Result<Option<FoundOrigin>, Refusal> {
    let (Some(origin), By::Device { device, .. }) = (arrival.origin(), &arrival.by) else {
        return Ok(booked_elsewhere(world, arrival));
    };
    match bench.origins.get(&origin) {
        // Nothing is known of it: a server that was put back to its backup does not know a stream that was opened later.
        None => Ok(None),
        Some(found) if found.device_id == Some(*device) => Ok(found.outcome.is_some().then(|| found.clone())),
        Some(_) => {
            let message = "is not a stream of this device";
            Err(Refusal::new(Reason::Malformed).with(json!({ "field": "origin", "message": message })))
        }
    }
}

/// An entry of a case that its phone offered again meanwhile, or that was booked before, is there already.
fn booked_elsewhere(world: &World, arrival: &Arrival) -> Option<FoundOrigin> {
    let By::Case { origin, .. } = &arrival.by else { return None };
    let aliases = world.aliases.get(&(origin.stream_id, origin.seq))?;
    aliases.iter().any(|alias| alias.hash == origin.hash).then_some(FoundOrigin {
        stream_id: origin.stream_id,
        seq: origin.seq,
        hash: origin.hash,
        device_id: None,
        outcome: Some(Outcome::Noop),
        reason: Some(Reason::AlreadyDone),
        verdict: None,
    })
}

/// Everything that is settled before the operation is looked at; gives the rights it is judged with.
pub(super) fn admit<'a>(world: &'a World, arrival: &Arrival, entry: &Entry) -> Result<Rights<'a>, Refusal> {
    let person = world.people.get(&entry.actor);
    let held = person.filter(|person| person.active);
    let mut rights = Rights {
        permissions: held.map(|person| person.permissions.clone()).unwrap_or_default(),
        roles: held.map(|person| person.roles.clone()).unwrap_or_default(),
        lease: None,
    };
    match &arrival.by {
        By::Present => {}
        By::Case { lent_by, .. } => {
            if let Some(decider) = lent_by.and_then(|id| world.people.get(&id)) {
                rights.permissions.extend(decider.permissions.iter().copied());
                rights.permissions.insert(Permission::ItemOverride);
            }
        }
        By::Device { device, user, fenced } => {
            if *fenced {
                return Err(Refusal::new(Reason::DeviceRevoked));
            }
            rights.lease = entry
                .lease_id
                .and_then(|id| world.leases.get(&id))
                .filter(|lease| lease.user_id == entry.actor && lease.device_id == *device);
            if (entry.actor != *user && rights.lease.is_none()) || person.is_none() {
                return Err(Refusal::new(Reason::NotPermitted).with(json!({ "actor": UNPROVEN })));
            }
            predecessor(world, arrival, entry)?;
            let seen = entry.base.and_then(|base| base.seen);
            if let (Some(seen), Some(too_old)) = (seen, world.too_old)
                && seen < too_old
            {
                return Err(Refusal::new(Reason::TooOld));
            }
        }
    }
    Ok(rights)
}

/// An entry shares the fate of the one it was built on.
fn predecessor(world: &World, arrival: &Arrival, entry: &Entry) -> Result<(), Refusal> {
    let earlier =
        entry.base.and_then(|base| base.predecessor).and_then(|seq| world.receipts.get(&(arrival.stream, seq)));
    let booked =
        |case: Option<CaseId>| case.is_some_and(|case| world.case_states.get(&case) == Some(&CaseState::Booked));
    let Some(earlier) = earlier
        .filter(|earlier| matches!(earlier.outcome, Outcome::Rejected | Outcome::Parked) && !booked(earlier.case_id))
    else {
        return Ok(());
    };
    let refusal =
        Refusal::new(Reason::PredFailed).with(json!({ "predecessor": earlier.seq, "reason": earlier.reason }));
    Err(if earlier.outcome == Outcome::Rejected {
        Refusal { outcome: Outcome::Rejected, ..refusal }
    } else {
        refusal.parked()
    })
}

/// Whether these rights allow it.
pub(super) fn require(rights: &Rights<'_>, permission: Permission) -> Result<(), Refusal> {
    if rights.permissions.contains(&permission) {
        return Ok(());
    }
    Err(Refusal::new(Reason::NotPermitted).with(json!({ "permission": permission })))
}
