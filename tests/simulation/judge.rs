//! What is asked of a run once it is over.

use std::collections::BTreeSet;

use floorline_domain::ItemId;
use floorline_mobile_sync::store::{ActId, JournalLine, Store as _};
use floorline_mobile_sync::topic::Topic;
use floorline_server::checker::{self, Base, Device, History};

use crate::phone::Phone;
use crate::world::World;

impl World {
    /// Everything that is known afterwards.
    pub(crate) fn history(&mut self) -> History {
        let mut history = self.database.tables.history();
        let restored = self.restored;
        let epoch = &self.database.tables.server_epoch;
        // What a restored server has forgotten comes back with the phones that do.
        let phones = self.phones.iter_mut().filter(|phone| !restored || (!phone.destroyed && phone.epoch == *epoch));
        history.devices = phones.map(Phone::leave).collect();
        history
    }

    /// What was found to be wrong.
    pub(crate) fn judge(&mut self, history: &History) -> Vec<String> {
        let mut found = std::mem::take(&mut self.found);
        let report = checker::check(history);
        found.extend(report.violations.iter().map(ToString::to_string));
        for number in 0..self.phones.len() {
            found.extend(self.missing_acts(number));
            if self.drained_at.is_some() {
                found.extend(self.diverged(number, history));
            }
        }
        found
    }

    /// S1: what a screen said was saved is in the journal.
    fn missing_acts(&mut self, number: usize) -> Option<String> {
        let phone = self.phones.get_mut(number).filter(|phone| !phone.destroyed)?;
        let kept: BTreeSet<ActId> = phone.journal().iter().map(|line| line.kept.act).collect();
        let gone: Vec<u64> = phone.saved_acts().difference(&kept).map(|act| act.0).collect();
        (!gone.is_empty()).then(|| format!("S1: phone {number} said acts {gone:?} were saved and does not have them"))
    }

    /// S8, L3: the floor of a phone is the fold of the log to its cursor, and its cursor is the head.
    fn diverged(&mut self, number: usize, history: &History) -> Vec<String> {
        let topic = Topic::Site(self.scene.site);
        let items: Vec<ItemId> = self.scene.items.iter().copied().chain([self.scene.unborn]).collect();
        let head = self.database.tables.topics.get(&topic.to_string()).map_or(0, |topic| topic.head);
        let devices = &self.database.tables.devices;
        let told = |phone: &&mut Phone| phone.follows() && devices.get(&phone.device).is_some_and(Option::is_none);
        let Some(phone) = self.phones.get_mut(number).filter(told) else { return Vec::new() };
        let Some((cursor, items)) = phone.base(&items) else {
            return vec![format!("L3: phone {number} has no floor")];
        };
        let mut found: Vec<String> = Vec::new();
        if cursor < head {
            found.push(format!("L3: phone {number} is at {cursor} of {head}"));
        }
        let base = Base { topic, cursor, items };
        found.extend(checker::converged(&base, history).iter().map(ToString::to_string));
        found
    }
}

impl Phone {
    pub(crate) fn journal(&mut self) -> Vec<JournalLine> {
        self.store.journal(ActId(0), usize::MAX).unwrap_or_default()
    }

    /// What the checker is told of it.
    fn leave(&mut self) -> Device {
        let journal = self.journal();
        Device { id: self.device, destroyed: self.destroyed, journal, told: self.take_told() }
    }
}
