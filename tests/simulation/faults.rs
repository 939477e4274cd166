//! What goes wrong, and when. Everything is drawn from the seed, noted in the calendar before the run begins, and healed at the end of it.

use floorline_domain::item::Command;
use floorline_domain::permission::Permission;
use floorline_domain::{CaseId, ItemId, order};
use floorline_mobile_sync::store::Store as _;
use floorline_mobile_sync::wire::{ResetReason, Topic};
use floorline_server::floor::engine::core::CaseState;
use floorline_server::platform::http::Code;
use std::sync::Arc;

use crate::calendar::Time;
use crate::phone::{Air, Doom, PhoneEvent};
use crate::scene;
use crate::server::{Barrier, DeskAct};
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

    fn some_phone(&mut self) -> usize {
        self.chance.usize(0..self.phones.len())
    }

    fn some_node(&mut self) -> usize {
        self.chance.usize(0..self.nodes.len())
    }

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

    fn trouble_line(&mut self, fault: Fault) {
        let lines = self.network.open_lines();
        let Some(line) = self.chance.choice(lines) else { return };
        match fault {
            Fault::Reset => {
                self.coverage.saw("fault: reset");
                self.cut(line);
            }
            Fault::BlackHole => {
                self.coverage.saw("fault: black hole");
                if let Some(line) = self.network.line_mut(line) {
                    line.dead = true;
                }
            }
            _ => {
                let topic = Topic::Site(self.scene.site);
                self.fall_behind(line, topic, ResetReason::Slow);
            }
        }
    }

    fn trouble_air(&mut self, fault: Fault) {
        let number = match fault {
            Fault::Network(number) => number,
            _ => self.some_phone(),
        };
        let away = self.chance.u64(2_000..120_000);
        let Some(phone) = self.phones.get_mut(number) else { return };
        match fault {
            Fault::NoNetwork => phone.air = Air::Dead,
            Fault::Captive => {
                phone.air = Air::Captive;
                self.coverage.saw("fault: captive portal");
            }
            Fault::Network(_) => {
                phone.air = Air::Clear;
                return;
            }
            _ => {
                self.note_phone(number, 1, PhoneEvent::Online(false));
                self.note_phone(number, away, PhoneEvent::Online(true));
                return;
            }
        }
        for line in self.network.open_lines() {
            if self.network.line(line).is_some_and(|line| line.phone == number) {
                self.cut(line);
            }
        }
        self.later(away, Fault::Network(number));
    }

    fn trouble_phone(&mut self, fault: Fault) {
        let number = self.some_phone();
        let now = self.calendar.now();
        let away = self.chance.u64(5_000..240_000);
        let workers = self.scene.workers.len();
        let Some(phone) = self.phones.get_mut(number).filter(|phone| !phone.destroyed) else { return };
        match fault {
            Fault::Doom(doom) => phone.doom = Some(doom),
            Fault::Reboot => self.kill_phone(number, true),
            Fault::Freeze => {
                phone.frozen_until = now + away;
                self.coverage.saw("fault: frozen");
            }
            Fault::Evict => {
                let cleared = phone.store.clear_base().and_then(|()| phone.store.commit());
                debug_assert!(cleared.is_ok(), "a store in memory does not fail by itself");
                self.coverage.saw("fault: base evicted");
                self.kill_phone(number, false);
            }
            _ => {
                phone.user = (phone.user + 1) % workers;
                self.coverage.saw("fault: user switched");
                self.sign_in(number);
            }
        }
    }

    fn trouble_device(&mut self, fault: Fault) {
        let number = self.some_phone();
        match fault {
            Fault::PutAway => {
                let (after, taken_out) = (self.chance.u64(20_000..120_000), self.chance.bool());
                let Some(phone) = self.phones.get_mut(number) else { return };
                phone.puts_away = true;
                if taken_out {
                    self.later(after, Fault::PruneVerdicts);
                    self.later(after + 1, Fault::TakeOut(number));
                }
            }
            Fault::Clone => self.clone_phone(number),
            Fault::TakeOut(number) => self.clone_phone(number),
            Fault::Lose => self.lose_phone(number),
            Fault::PruneJournal => self.prune_phone(number),
            _ => {
                let Some(device) = self.phones.get(number).map(|phone| phone.device) else { return };
                self.desk(DeskAct::Revoke(device));
            }
        }
    }

    fn trouble_server(&mut self, fault: Fault) {
        let number = self.some_node();
        let now = self.calendar.now();
        match fault {
            Fault::KillServer(barrier) => {
                if let Some(node) = self.nodes.get_mut(number).filter(|node| node.up) {
                    node.doom = Some(barrier);
                }
            }
            Fault::StopServer => {
                if let Some(node) = self.nodes.get_mut(number).filter(|node| node.up) {
                    node.stopped_until = now + 30_000;
                    self.coverage.saw("fault: server stopped");
                }
            }
            Fault::Drain => self.drain_node(number),
            _ => {}
        }
    }

    fn trouble_database(&mut self, fault: Fault) {
        match fault {
            Fault::StopDatabase if self.database.up => {
                self.database.stop();
                self.coverage.saw("fault: database restarted");
                let after = self.chance.u64(500..15_000);
                self.later(after, Fault::StartDatabase);
            }
            Fault::StopDatabase => {}
            Fault::StartDatabase => self.database.up = true,
            Fault::UnknownCommit => {
                let happens = self.chance.bool();
                self.database.unknown_commits.push(happens);
            }
            _ => {
                let code = if self.chance.bool() { Code::DbBusy } else { Code::RowLocked };
                for _ in 0..self.chance.u8(1..4) {
                    self.hiccups.push(code);
                }
            }
        }
    }

    fn trouble_storage(&mut self, fault: Fault) {
        match fault {
            Fault::Backup => self.database.backup = Some(Box::new(self.database.tables.clone())),
            Fault::Restore => self.restore(),
            Fault::PruneFeed => {
                let name = Topic::Site(self.scene.site).to_string();
                if let Some(topic) = self.database.tables.topics.get_mut(&name) {
                    topic.floor = topic.head;
                    let floor = topic.floor;
                    topic.feed.retain(|(cursor, _)| *cursor > floor);
                }
            }
            _ => {
                let acked: Vec<_> =
                    self.database.tables.streams.values().map(|row| (row.held.id, row.acked_seq)).collect();
                for (stream, acked) in acked {
                    for (_, row) in self.database.tables.receipts.range_mut((stream, 0)..=(stream, acked)) {
                        Arc::make_mut(row).kept = false;
                    }
                }
            }
        }
    }

    /// The installation is put back to where its backup was: it has another epoch from here on, and so has every topic.
    fn restore(&mut self) {
        let Some(backup) = self.database.backup.clone() else { return };
        // Either the servers are started again with it, or they notice.
        let restart = self.chance.bool();
        for number in 0..self.nodes.len() {
            if restart {
                self.kill_node(number);
                let after = self.chance.u64(1_000..8_000);
                self.calendar.note(self.calendar.now() + after, Event::StartNode(number));
            }
        }
        // Files lie beside the database, in a store of their own.
        let photos = std::mem::take(&mut self.database.tables.photos);
        self.database.stop();
        self.database.up = true;
        self.database.tables = *backup;
        self.database.tables.photos = photos;
        self.database.tables.server_epoch = scene::epoch(&mut self.chance);
        for topic in self.database.tables.topics.values_mut() {
            topic.epoch = scene::epoch(&mut self.chance);
        }
        self.coverage.saw("fault: restored from backup");
        self.restored = true;
    }

    fn trouble_rows(&mut self, fault: Fault) {
        let place = self.chance.usize(0..self.scene.workers.len());
        match fault {
            Fault::Withdraw => {
                let worker = self.worker(place);
                if let Some(person) = self.database.tables.people.get_mut(&worker) {
                    person.permissions.remove(&Permission::ItemAct);
                    person.permissions.remove(&Permission::ItemAdvance);
                }
                self.coverage.saw("fault: role withdrawn");
                let after = self.chance.u64(10_000..90_000);
                self.later(after, Fault::Grant(place));
            }
            Fault::Grant(place) => {
                let worker = self.worker(place);
                if let Some(person) = self.database.tables.people.get_mut(&worker) {
                    person.permissions = scene::worker_rights();
                }
            }
            Fault::Poison => {
                let item: Option<ItemId> = self.scene.items.last().copied();
                self.database.tables.unreadable.extend(item);
                self.coverage.saw("fault: poison");
                self.later(150_000, Fault::Cure);
            }
            _ => self.database.tables.unreadable.clear(),
        }
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
