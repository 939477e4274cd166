//! What goes wrong on phones, and between them and the servers.

use floorline_mobile_sync::store::Store as _;
use floorline_mobile_sync::wire::{ResetReason, Topic};

use super::Fault;
use crate::phone::{Air, PhoneEvent};
use crate::server::DeskAct;
use crate::world::World;

impl World {
    pub(super) fn some_phone(&mut self) -> usize {
        self.chance.usize(0..self.phones.len())
    }

    pub(super) fn trouble_line(&mut self, fault: Fault) {
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

    pub(super) fn trouble_air(&mut self, fault: Fault) {
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

    pub(super) fn trouble_phone(&mut self, fault: Fault) {
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

    pub(super) fn trouble_device(&mut self, fault: Fault) {
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
}
