//! S8 and S9 while they happen: what was confirmed stays on the screen, and the screen never goes back.

use floorline_domain::ItemId;
use floorline_domain::Outcome;
use floorline_mobile_sync::store::ActId;
use floorline_mobile_sync::verdict::Verdict;

use super::Phone;
use crate::world::World;

impl World {
    /// The screen said that an act is booked.
    pub(super) fn confirm(&mut self, number: usize, act: ActId, verdict: &Verdict) {
        let Some(phone) = self.phones.get_mut(number) else { return };
        if let Some(after) = verdict.after.as_ref().filter(|_| verdict.outcome == Outcome::Applied) {
            phone.confirmed.insert(act, (after.item_id, after.version));
        }
    }

    /// The server was rewound: what it had said does not count any more.
    pub(super) fn forget_confirmed(&mut self, number: usize) {
        if let Some(phone) = self.phones.get_mut(number) {
            phone.confirmed.clear();
        }
    }

    /// Looks at the screen. Between a rewind and the welcome that tells of it the screen may go back: the server knows no more either.
    pub(super) fn watch(&mut self, number: usize) {
        let epoch = &self.database.tables.server_epoch;
        if self.phones.get(number).is_some_and(|phone| phone.epoch != *epoch) {
            self.forget_confirmed(number);
        }
        let Some(phone) = self.phones.get_mut(number).filter(|phone| !phone.confirmed.is_empty()) else { return };
        let confirmed = std::mem::take(&mut phone.confirmed);
        for (act, (item, version)) in confirmed {
            match shown(phone, item) {
                // It was fetched away, or never loaded: the screen shows nothing of it.
                None => {}
                Some(base) if base >= version => {}
                Some(_) if still_predicted(phone, act) => drop(phone.confirmed.insert(act, (item, version))),
                Some(base) => {
                    let what = format!(
                        "S9: phone {number} shows version {base} of item {item} after act {} was confirmed at {version}",
                        act.0
                    );
                    self.found.push(what);
                    return;
                }
            }
        }
    }
}

/// The version of the item that the server told last.
fn shown(phone: &mut Phone, item: ItemId) -> Option<i64> {
    let client = phone.client.as_mut()?;
    let mut floor = client.floor(&mut phone.store);
    floor.cursor()?;
    floor.base_item(item).ok().flatten().map(|item| item.version)
}

/// The act is still folded over what the server told.
fn still_predicted(phone: &Phone, act: ActId) -> bool {
    let held = phone.client.as_ref().and_then(|client| client.held(act));
    held.is_some_and(|held| held.settled.as_ref().is_some_and(|settled| settled.shown_until.is_some()))
}

impl Phone {
    pub(crate) fn saved_acts(&self) -> &std::collections::BTreeSet<ActId> {
        &self.saved
    }

    pub(crate) fn take_told(&mut self) -> Vec<floorline_server::checker::Told> {
        std::mem::take(&mut self.told)
    }

    /// It is connected, and follows its site.
    pub(crate) fn follows(&self) -> bool {
        let live = |client: &floorline_mobile_sync::client::Client| {
            client.link() == floorline_mobile_sync::resume::LinkState::Live
        };
        !self.destroyed && self.client.as_ref().is_some_and(live)
    }

    /// How far its floor is, and these items as it holds them, without its own acts.
    pub(crate) fn base(&mut self, items: &[ItemId]) -> Option<(i64, Vec<floorline_domain::item::Item>)> {
        let client = self.client.as_mut()?;
        let mut floor = client.floor(&mut self.store);
        let cursor = floor.cursor()?;
        let items = items.iter().filter_map(|id| floor.base_item(*id).ok().flatten()).collect();
        Some((cursor, items))
    }
}
