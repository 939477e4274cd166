//! What goes wrong in servers, the database and its rows.

use std::sync::Arc;

use floorline_domain::ItemId;
use floorline_domain::permission::Permission;
use floorline_mobile_sync::wire::Topic;
use floorline_server::platform::http::Code;

use super::Fault;
use crate::scene;
use crate::world::{Event, World};

impl World {
    pub(super) fn some_node(&mut self) -> usize {
        self.chance.usize(0..self.nodes.len())
    }

    pub(super) fn trouble_server(&mut self, fault: Fault) {
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

    pub(super) fn trouble_database(&mut self, fault: Fault) {
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

    pub(super) fn trouble_storage(&mut self, fault: Fault) {
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
        // What was counted since the backup is counted anew.
        self.failures.clear();
        self.coverage.saw("fault: restored from backup");
        self.restored = true;
    }

    pub(super) fn trouble_rows(&mut self, fault: Fault) {
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
}
