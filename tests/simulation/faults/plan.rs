//! What is drawn, how often, and for when.

use floorline_domain::item::Command;
use floorline_domain::order;

use super::Fault;
use crate::calendar::Time;
use crate::phone::Doom;
use crate::server::{Barrier, DeskAct};
use crate::world::{Event, World};

/// Each with how often it is drawn.
const DRAWN: &[(Fault, u32)] = &[
    (Fault::Reset, 10),
    (Fault::BlackHole, 6),
    (Fault::NoNetwork, 10),
    (Fault::Captive, 3),
    (Fault::Doom(Doom::BeforeCommit), 5),
    (Fault::Doom(Doom::AfterCommit), 5),
    (Fault::Doom(Doom::DiskFull), 3),
    (Fault::Reboot, 4),
    (Fault::Freeze, 3),
    (Fault::Evict, 3),
    (Fault::PutAway, 8),
    (Fault::Clone, 6),
    (Fault::Lose, 1),
    (Fault::Slow, 3),
    (Fault::Offline, 8),
    (Fault::KillServer(Barrier::BeforeVerdict), 3),
    (Fault::KillServer(Barrier::BeforeCommit), 3),
    (Fault::KillServer(Barrier::AfterCommit), 4),
    (Fault::KillServer(Barrier::AfterReply), 3),
    (Fault::StopServer, 4),
    (Fault::Drain, 3),
    (Fault::StopDatabase, 5),
    (Fault::UnknownCommit, 8),
    (Fault::Hiccup, 8),
    (Fault::Backup, 8),
    (Fault::Restore, 8),
    (Fault::Revoke, 2),
    (Fault::Withdraw, 4),
    (Fault::SwitchUser, 4),
    (Fault::WeeksAway, 2),
    (Fault::Poison, 2),
    (Fault::PruneFeed, 3),
    (Fault::PruneVerdicts, 8),
    (Fault::PruneJournal, 6),
];

impl World {
    /// Notes what goes wrong in this run, and when nothing does any more.
    ///
    /// What is left out was drawn like the rest, so that everything else stays as it was.
    pub(crate) fn plan_faults(&mut self, left_out: u64) {
        let over = self.chance.u64(60_000..420_000);
        for _ in 0..self.chance.u32(2..16) {
            let at = self.chance.u64(2_000..over);
            let fault = self.draw();
            self.plan(left_out, at, format!("{fault:?}"), Event::Fault(fault));
        }
        for _ in 0..self.chance.u32(2..12) {
            let at = self.chance.u64(5_000..over);
            let act = self.draw_desk_act();
            self.plan(left_out, at, format!("{act:?}"), Event::Desk(act));
        }
        let born = self.chance.u64(30_000..over);
        self.calendar.note(born, Event::Desk(DeskAct::Bear));
        self.calendar.note(over, Event::Calm);
        self.calendar.note(over, Event::Look);
    }

    fn plan(&mut self, left_out: u64, at: Time, what: String, event: Event) {
        if left_out >> self.plan.len() & 1 == 0 {
            self.calendar.note(at, event);
        }
        self.plan.push(format!("at {at} ms: {what}"));
    }

    fn draw(&mut self) -> Fault {
        let all: u32 = DRAWN.iter().map(|(_, weight)| weight).sum();
        let mut left = self.chance.u32(0..all);
        for (fault, weight) in DRAWN {
            match left.checked_sub(*weight) {
                Some(rest) => left = rest,
                None => return *fault,
            }
        }
        Fault::Reset
    }

    fn draw_desk_act(&mut self) -> DeskAct {
        let place = self.chance.usize(0..self.scene.items.len());
        let item = self.scene.items.get(place).copied().unwrap_or(self.scene.unborn);
        let reason = "by the desk".to_owned();
        match self.chance.u8(0..12) {
            0..=2 => DeskAct::Item(item, Command::Hold { reason }),
            3 | 4 => DeskAct::Item(item, Command::Release { reason: None }),
            5 => DeskAct::Item(item, Command::Scrap { reason }),
            6 => DeskAct::Item(item, Command::Pause),
            7 => DeskAct::Item(item, Command::Advance { to: None }),
            8 => DeskAct::Order(order::Status::Paused),
            9 => DeskAct::Order(order::Status::InProduction),
            _ => DeskAct::BookAny,
        }
    }
}
