//! The seats that are taken, found by socket, device, person and organisation. One lock guards them all, so that they agree.

use std::collections::{HashMap, HashSet};

use floorline_domain::{DeviceId, OrgId, StreamId, UserId};
use tokio::sync::mpsc;

use super::{Order, Who};
use crate::platform::telemetry::names;

#[derive(Default)]
pub(super) struct Seats {
    pub(super) all: HashMap<u64, Taken>,
    pub(super) by_device: HashMap<DeviceId, u64>,
    pub(super) by_user: HashMap<UserId, HashSet<u64>>,
    pub(super) by_organization: HashMap<OrgId, usize>,
}

pub(super) struct Taken {
    pub(super) who: Who,
    /// Of its stream, once its hello was answered.
    pub(super) session: i64,
    pub(super) orders: mpsc::UnboundedSender<Order>,
}

impl Seats {
    pub(super) fn order(&self, id: u64, order: Order) {
        if let Some(taken) = self.all.get(&id) {
            // It may be ending by itself.
            let _ = taken.orders.send(order);
        }
    }

    pub(super) fn count(&self) {
        metrics::gauge!(names::SOCKETS).set(f64::from(u32::try_from(self.all.len()).unwrap_or(u32::MAX)));
    }

    /// How many sockets of a person there are, leaving out those of one device.
    pub(super) fn of_user(&self, user: UserId, but: Option<(DeviceId, StreamId)>) -> usize {
        let others = |id: &&u64| match (but, self.all.get(*id)) {
            (Some((device, _)), Some(taken)) => !taken.who.is_of(device),
            _ => true,
        };
        self.by_user.get(&user).map_or(0, |ids| ids.iter().filter(others).count())
    }

    pub(super) fn insert(&mut self, id: u64, taken: Taken) {
        let who = taken.who;
        if let Some(user) = who.user {
            self.by_user.entry(user).or_default().insert(id);
        }
        *self.by_organization.entry(who.org).or_default() += 1;
        self.all.insert(id, taken);
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<Taken> {
        let taken = self.all.remove(&id)?;
        let who = taken.who;
        if let Some(user) = who.user
            && let Some(ids) = self.by_user.get_mut(&user)
        {
            ids.remove(&id);
            if ids.is_empty() {
                self.by_user.remove(&user);
            }
        }
        if let Some(count) = self.by_organization.get_mut(&who.org) {
            *count -= 1;
            if *count == 0 {
                self.by_organization.remove(&who.org);
            }
        }
        if let Some((device, _)) = who.device
            && self.by_device.get(&device) == Some(&id)
        {
            self.by_device.remove(&device);
        }
        Some(taken)
    }
}
