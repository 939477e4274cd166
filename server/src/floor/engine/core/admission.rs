//! Everything that is settled before an entry's operation is looked at: whose word it is, what it was built on, with which rights.

use floorline_domain::permission::{Permission, PermissionSet};
use floorline_domain::{Outcome, Reason, Refusal};
use floorline_mobile_sync::entry::Entry;
use serde_json::json;

use super::found::FoundOrigin;
use super::intake::{Arrival, By};
use super::judge::Bench;
use super::world::{Lease, World};

/// Whose permissions count.
pub(super) struct Rights<'a> {
    pub(super) permissions: PermissionSet,
    pub(super) roles: Vec<String>,
    pub(super) lease: Option<&'a Lease>,
}

/// Whether an entry that is offered again was decided where it stood first.
pub(super) fn known(bench: &Bench<'_>, arrival: &Arrival, entry: &Entry) -> Result<Option<FoundOrigin>, Refusal> {
    let (Some(origin), By::Device { device, .. }) = (entry.origin, &arrival.by) else { return Ok(None) };
    let found = bench.origins.get(&origin).filter(|found| found.device_id == Some(*device));
    let Some(found) = found else {
        let message = "is not a stream of this device";
        return Err(Refusal::new(Reason::Malformed).with(json!({ "field": "origin", "message": message })));
    };
    Ok(found.outcome.is_some().then(|| found.clone()))
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
        By::Case { with_override, .. } => {
            if *with_override {
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
                return Err(Refusal::new(Reason::NotPermitted).with(json!({ "actor": "unproven" })));
            }
            predecessor(world, arrival, entry)?;
            let seen = entry.base.and_then(|base| base.seen);
            if let (Some(seen), Some(too_old)) = (seen, world.too_old)
                && seen <= too_old
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
    let Some(earlier) = earlier.filter(|earlier| {
        matches!(earlier.outcome, Outcome::Rejected | Outcome::Parked) && earlier.booked != Some(true)
    }) else {
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
