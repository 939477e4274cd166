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
        if self.drained_at.is_some() {
            history.bases = (0..self.phones.len()).filter_map(|number| self.base(number)).collect();
        }
        history
    }

    /// What was found to be wrong.
    pub(crate) fn judge(&mut self, history: &History) -> Vec<String> {
        let report = checker::check(history);
        self.found.extend(report.violations.iter().map(ToString::to_string));
        for number in 0..self.phones.len() {
            let missing = self.missing_acts(number);
            self.found.extend(missing);
        }
        std::mem::take(&mut self.found)
    }

    /// S1: what a screen said was saved is in the journal.
    fn missing_acts(&mut self, number: usize) -> Option<String> {
        let phone = self.phones.get_mut(number).filter(|phone| !phone.destroyed)?;
        let kept: BTreeSet<ActId> = phone.journal().iter().map(|line| line.kept.act).collect();
        let gone: Vec<u64> = phone.saved_acts().difference(&kept).map(|act| act.0).collect();
        (!gone.is_empty()).then(|| format!("S1: phone {number} said acts {gone:?} were saved and does not have them"))
    }

    /// The floor that a connected phone holds; L3: it is at the head.
    fn base(&mut self, number: usize) -> Option<Base> {
        let topic = Topic::Site(self.scene.site);
        let items: Vec<ItemId> = self.scene.items.iter().copied().chain([self.scene.unborn]).collect();
        let head = self.database.tables.topics.get(&topic.to_string()).map_or(0, |topic| topic.head);
        let devices = &self.database.tables.devices;
        let told = |phone: &&mut Phone| phone.follows() && devices.get(&phone.device).is_some_and(Option::is_none);
        let base = self.phones.get_mut(number).filter(told)?.base(&items);
        let at = base.as_ref().map(|(cursor, _)| *cursor);
        if at.is_none_or(|cursor| cursor < head) {
            self.found.push(format!("L3: phone {number} is at {at:?} of {head}"));
        }
        base.map(|(cursor, items)| Base { topic, cursor, items })
    }
}

impl Phone {
    pub(crate) fn journal(&mut self) -> Vec<JournalLine> {
        self.store.journal(ActId(0), usize::MAX).unwrap_or_default()
    }

    /// What the checker is told of it.
    fn leave(&mut self) -> Device {
        let journal = self.journal();
        Device { id: self.device, destroyed: self.destroyed, copied: self.copied, journal, told: self.take_told() }
    }
}
