//! What goes wrong, and when. Everything is drawn from the seed, noted in the calendar before the run begins, and healed at the end of it.

mod at_phones;
mod at_servers;
mod plan;

use floorline_domain::CaseId;
use floorline_server::floor::engine::core::CaseState;

use crate::calendar::Time;
use crate::phone::{Air, Doom, PhoneEvent};
use crate::server::Barrier;
use crate::world::{Event, World};

/// Something that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Reset,
    BlackHole,
    NoNetwork,
    Network(usize),
    Captive,
    Doom(Doom),
    Reboot,
    Freeze,
    Evict,
    PutAway,
    Clone,
    TakeOut(usize),
    Lose,
    Slow,
    Offline,
    KillServer(Barrier),
    StopServer,
    Drain,
    StopDatabase,
    StartDatabase,
    UnknownCommit,
    Hiccup,
    Backup,
    Restore,
    Revoke,
    Withdraw,
    Grant(usize),
    SwitchUser,
    WeeksAway,
    Weeks,
    Poison,
    Cure,
    PruneFeed,
    PruneVerdicts,
    PruneJournal,
}

impl World {
    /// It goes wrong.
    pub(crate) fn fault(&mut self, fault: Fault) {
        if self.calm_since.is_some() {
            return;
        }
        self.tell(|| format!("fault {fault:?}"));
        match fault {
            Fault::Reset | Fault::BlackHole | Fault::Slow => self.trouble_line(fault),
            Fault::NoNetwork | Fault::Network(_) | Fault::Captive | Fault::Offline => self.trouble_air(fault),
            Fault::Doom(_) | Fault::Reboot | Fault::Freeze | Fault::Evict | Fault::SwitchUser => {
                self.trouble_phone(fault)
            }
            Fault::PutAway | Fault::Clone | Fault::TakeOut(_) | Fault::Lose | Fault::Revoke | Fault::PruneJournal => {
                self.trouble_device(fault)
            }
            Fault::KillServer(_) | Fault::StopServer | Fault::Drain => self.trouble_server(fault),
            Fault::StopDatabase | Fault::StartDatabase | Fault::UnknownCommit | Fault::Hiccup => {
                self.trouble_database(fault);
            }
            Fault::Backup | Fault::Restore | Fault::PruneFeed | Fault::PruneVerdicts => self.trouble_storage(fault),
            Fault::Withdraw | Fault::Grant(_) | Fault::Poison | Fault::Cure => self.trouble_rows(fault),
            Fault::WeeksAway | Fault::Weeks => self.trouble_time(fault),
        }
    }

    fn later(&mut self, after: Time, fault: Fault) {
        self.calendar.note(self.calendar.now() + after, Event::Fault(fault));
    }

    /// The factory is shut for more than the two weeks that work may be old.
    fn trouble_time(&mut self, fault: Fault) {
        if fault == Fault::WeeksAway {
            let first = self.some_phone();
            for number in 0..self.phones.len() {
                let after = if number == first { 1 } else { 90_000 };
                self.note_phone(number, after, PhoneEvent::Online(false));
            }
            self.later(95_000, Fault::Weeks);
            return;
        }
        self.coverage.saw("fault: weeks away");
        self.calendar.put_off(16 * 24 * 3_600_000);
        for number in 0..self.phones.len() {
            self.note_phone(number, 1, PhoneEvent::Online(true));
        }
    }

    /// From here on nothing goes wrong any more.
    pub(crate) fn calm(&mut self) {
        let now = self.calendar.now();
        self.tell(|| "calm".to_owned());
        self.calm_since = Some(now);
        self.database.up = true;
        self.database.unknown_commits.clear();
        self.database.tables.unreadable.clear();
        self.hiccups.clear();
        self.budget = self.budget.min(4);
        for number in 0..self.nodes.len() {
            if let Some(node) = self.nodes.get_mut(number) {
                node.stopped_until = node.stopped_until.min(now);
                node.doom = None;
            }
            self.start_node(number);
        }
        for number in 0..self.phones.len() {
            if let Some(phone) = self.phones.get_mut(number) {
                phone.air = Air::Clear;
                phone.doom = None;
                if std::mem::take(&mut phone.frozen_until) > now {
                    // What was put off for it would come too late.
                    self.kill_phone(number, false);
                }
            }
            self.note_phone(number, 1, PhoneEvent::Online(true));
        }
    }

    /// Cases that wait for a person.
    pub(crate) fn open_case(&mut self) -> Option<CaseId> {
        let open = self.database.tables.cases.iter().filter(|(_, case)| case.state == CaseState::Open);
        let open: Vec<CaseId> = open.map(|(id, _)| *id).collect();
        self.chance.choice(open)
    }
}
