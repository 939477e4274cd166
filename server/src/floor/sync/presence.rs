//! What the floor's phones say they still hold: soft state, so that a live board never pretends to be complete.
//!
//! It is kept in memory only, is not in the feed, and no verdict reads it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use floorline_domain::{DeviceId, LocationId, OrgId, UserId};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A phone that was not heard of for this long is forgotten.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// The phones of this node, by device.
#[derive(Default)]
pub(super) struct Presence(Mutex<HashMap<DeviceId, Seen>>);

#[derive(Clone, Debug)]
struct Seen {
    /// The socket that it was last seen on.
    seat: u64,
    org: OrgId,
    site: LocationId,
    user: UserId,
    name: String,
    connected: bool,
    unsent: i64,
    oldest_at: Option<DateTime<Utc>>,
    seen_at: DateTime<Utc>,
}

/// A phone that said hello.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival<'a> {
    pub(super) device: DeviceId,
    /// The socket that it came on. A phone's earlier one may end later than this begins.
    pub(super) seat: u64,
    pub(super) org: OrgId,
    pub(super) site: LocationId,
    pub(super) user: UserId,
    pub(super) name: &'a str,
}

/// One phone, as it was last heard.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct PhoneView {
    /// The device.
    pub(super) device_id: Uuid,
    /// Who is signed in there.
    pub(super) user_id: Uuid,
    /// Their name.
    pub(super) user_name: String,
    /// Whether its socket is open now.
    pub(super) connected: bool,
    /// Entries that it has not sent yet, as it last said.
    pub(super) unsent: i64,
    /// When the oldest of those was made, by the server's clock as far as known.
    pub(super) oldest_unsent_at: Option<DateTime<Utc>>,
    /// When it was last heard.
    pub(super) seen_at: DateTime<Utc>,
}

impl Presence {
    fn phones(&self) -> MutexGuard<'_, HashMap<DeviceId, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A phone said hello.
    pub(super) fn arrived(&self, arrival: Arrival<'_>, now: DateTime<Utc>) {
        let Arrival { device, seat, org, site, user, name } = arrival;
        let mut phones = self.phones();
        phones.retain(|_, seen| seen.connected || now - seen.seen_at < KEPT);
        let (unsent, oldest_at) = phones.get(&device).map_or((0, None), |seen| (seen.unsent, seen.oldest_at));
        let seen = Seen { seat, org, site, user, name: name.into(), connected: true, unsent, oldest_at, seen_at: now };
        phones.insert(device, seen);
    }

    /// A phone told of its outbox.
    pub(super) fn told(&self, device: DeviceId, unsent: i64, oldest_at: Option<DateTime<Utc>>, now: DateTime<Utc>) {
        if let Some(seen) = self.phones().get_mut(&device) {
            seen.unsent = unsent.max(0);
            seen.oldest_at = oldest_at.filter(|_| unsent > 0);
            seen.seen_at = now;
        }
    }

    /// A phone's socket ended. When the phone came back on another one meanwhile, that says nothing.
    pub(super) fn left(&self, device: DeviceId, seat: u64, now: DateTime<Utc>) {
        if let Some(seen) = self.phones().get_mut(&device).filter(|seen| seen.seat == seat) {
            seen.connected = false;
            seen.seen_at = now;
        }
    }

    /// The phones of a site, those heard longest ago first.
    pub(super) fn of_site(&self, org: OrgId, site: LocationId, now: DateTime<Utc>) -> Vec<PhoneView> {
        let mut views: Vec<PhoneView> = self
            .phones()
            .iter()
            .filter(|(_, seen)| seen.org == org && seen.site == site)
            .filter(|(_, seen)| seen.connected || now - seen.seen_at < KEPT)
            .map(|(device, seen)| PhoneView {
                device_id: device.0,
                user_id: seen.user.0,
                user_name: seen.name.clone(),
                connected: seen.connected,
                unsent: seen.unsent,
                oldest_unsent_at: seen.oldest_at,
                seen_at: seen.seen_at,
            })
            .collect();
        views.sort_by_key(|view| (view.seen_at, view.device_id));
        views
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: DeviceId = DeviceId(Uuid::from_u128(4));

    fn ana(seat: u64, org: OrgId, site: LocationId) -> Arrival<'static> {
        Arrival { device: DEVICE, seat, org, site, user: UserId(Uuid::nil()), name: "Ana" }
    }

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    #[test]
    fn a_silent_phone_stays_with_its_unsent_work_and_only_in_its_organisation() {
        let presence = Presence::default();
        let [org, other] = [OrgId(Uuid::from_u128(1)), OrgId(Uuid::from_u128(2))];
        let site = LocationId(Uuid::from_u128(3));
        presence.arrived(ana(1, org, site), at(0));
        presence.told(DEVICE, 12, Some(at(-5)), at(1));
        presence.left(DEVICE, 1, at(2));
        let views = presence.of_site(org, site, at(10));
        assert_eq!(views.len(), 1);
        assert_eq!((views[0].connected, views[0].unsent, views[0].oldest_unsent_at), (false, 12, Some(at(-5))));
        assert!(presence.of_site(other, site, at(10)).is_empty());
        presence.arrived(ana(2, org, site), at(11));
        presence.told(DEVICE, 0, Some(at(-5)), at(12));
        assert_eq!(presence.of_site(org, site, at(12))[0].oldest_unsent_at, None);
        presence.left(DEVICE, 2, at(12));
        assert!(presence.of_site(org, site, at(12) + KEPT).is_empty());
    }

    #[test]
    fn the_end_of_a_replaced_socket_does_not_silence_the_phone() {
        let presence = Presence::default();
        let (org, site) = (OrgId(Uuid::from_u128(1)), LocationId(Uuid::from_u128(3)));
        presence.arrived(ana(1, org, site), at(0));
        presence.arrived(ana(2, org, site), at(1));
        presence.left(DEVICE, 1, at(2));
        assert!(presence.of_site(org, site, at(3))[0].connected);
        presence.left(DEVICE, 2, at(4));
        assert!(!presence.of_site(org, site, at(5))[0].connected);
    }
}
