//! What people do at a desk, over HTTP: acts on items, cases, devices, roles, orders.

use chrono::TimeDelta;
use floorline_domain::item::Command;
use floorline_domain::{CaseId, DeviceId, ItemId, UserId, order};
use floorline_mobile_sync::chain::Hash;
use floorline_mobile_sync::entry::Origin;
use floorline_mobile_sync::op::Operation;
use floorline_server::floor::engine::core::{Actor, CaseState, JobRow, StreamState};
use floorline_server::floor::engine::{Act, KeptEntry};

use super::Work;
use crate::broken::Broken;
use crate::database::{CaseRow, Key};
use crate::world::{Event, World};

/// One thing done at a desk.
#[derive(Clone, Debug)]
pub(crate) enum DeskAct {
    /// An act on an item.
    Item(ItemId, Command),
    /// Books a case; without a decider because a later event brings it back.
    Book(CaseId, Option<UserId>),
    /// Books some case that is open, lending it the supervisor's rights.
    BookAny,
    /// Blocks a device.
    Revoke(DeviceId),
    /// Pauses the order, or opens it again.
    Order(order::Status),
    /// The item that the phones know of is made.
    Bear,
}

impl World {
    /// Someone at a desk does something, on whichever server answers.
    pub(crate) fn desk(&mut self, act: DeskAct) {
        let up: Vec<usize> = self.working_nodes();
        let Some(node) = self.chance.choice(up).filter(|_| self.database.up) else {
            self.desk_later(act);
            return;
        };
        match act {
            DeskAct::Item(item, command) => {
                let actor = self.supervisor();
                let act = Act {
                    item_id: Some(item),
                    operation: Operation::Item(command),
                    blobs: Vec::new(),
                    idempotency: Default::default(),
                };
                self.give(node, Work::Act { actor, act: Box::new(act) });
            }
            DeskAct::Book(case, lent_by) => self.book(node, case, lent_by),
            DeskAct::BookAny => {
                if let Some(case) = self.open_case() {
                    self.book(node, case, Some(self.scene.supervisor));
                }
            }
            DeskAct::Revoke(device) => self.revoke(node, device),
            DeskAct::Order(status) => {
                if let Some(order) = self.database.tables.orders.get_mut(&self.scene.order) {
                    order.status = status;
                }
            }
            DeskAct::Bear => {
                let now = self.clock(node);
                self.scene.bear(&mut self.database.tables, now);
                let item = self.scene.unborn;
                self.retry_cases(item);
            }
        }
    }

    fn desk_later(&mut self, act: DeskAct) {
        self.calendar.note(self.calendar.now() + 1_500, Event::Desk(act));
    }

    fn give(&mut self, node: usize, work: Work) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.queue.push_back(work);
        }
        self.kick(node);
    }

    fn supervisor(&self) -> Actor {
        Actor { id: self.scene.supervisor, name: "Kim".to_owned() }
    }

    fn book(&mut self, node: usize, case: CaseId, lent_by: Option<UserId>) {
        let Some(row) = self.database.tables.cases.get(&case).filter(|row| row.state == CaseState::Open) else {
            return;
        };
        let actor = match (lent_by, row.entries.iter().find_map(|entry| entry.actor)) {
            (Some(_), _) => self.supervisor(),
            (None, Some(id)) => Actor { id, name: String::new() },
            (None, None) => return,
        };
        let entries = row.entries.iter().map(|entry| self.kept(entry)).collect();
        self.give(node, Work::Booking { case, entries, lent_by, actor });
    }

    fn kept(&self, entry: &floorline_server::floor::engine::core::NewCase) -> KeptEntry {
        let receipt = self.database.tables.receipts.get(&(entry.stream, entry.seq));
        let receipt = receipt.filter(|row| Hash(row.receipt.hash) == entry.hash);
        KeptEntry {
            body: entry.body.clone(),
            origin: Origin { stream_id: entry.stream, seq: entry.seq, hash: entry.hash },
            occurred_at: receipt.map(|row| row.receipt.occurred_at),
            uncertainty_ms: receipt.and_then(|row| row.receipt.uncertainty_ms),
        }
    }

    /// Fences the streams of a device, once nobody holds them.
    fn revoke(&mut self, node: usize, device: DeviceId) {
        let now = self.clock(node);
        let own: Vec<_> = self.database.tables.streams.values().filter(|row| row.held.device == Some(device)).collect();
        if own.iter().any(|row| !self.database.locks.is_free(&Key::Stream(row.held.id))) {
            self.calendar.note(self.calendar.now() + 15, Event::Desk(DeskAct::Revoke(device)));
            return;
        }
        self.coverage.saw("fault: device revoked");
        let unfenced = self.is(Broken::LeavesUnfenced);
        let tables = &mut self.database.tables;
        tables.devices.insert(device, Some(now));
        for row in tables.streams.values_mut().filter(|row| row.held.device == Some(device)) {
            row.fence.get_or_insert(row.held.last_seq);
            if row.held.state == StreamState::Open && !unfenced {
                row.held.state = StreamState::Fenced;
            }
        }
    }

    /// A job that a commit brought.
    pub(super) fn run_job(&mut self, job: &JobRow) {
        if job.kind == "cases.retry"
            && let Some(item) = job.payload.get("item_id").and_then(|id| id.as_str()?.parse().ok())
        {
            self.retry_cases(item);
        }
    }

    /// What was parked because an item was held or not known is tried again.
    fn retry_cases(&mut self, item: ItemId) {
        // All servers have the same clock, right or wrong.
        let now = self.clock(0);
        let waits = |case: &CaseRow| {
            let first = case.entries.first().filter(|entry| entry.item == Some(item));
            let reason = first.map(|entry| entry.reason.as_str());
            let recent = now - case.opened_at < TimeDelta::days(7);
            case.state == CaseState::Open && (reason == Some("ON_HOLD") || (reason == Some("UNKNOWN_ITEM") && recent))
        };
        let waiting: Vec<CaseId> =
            self.database.tables.cases.iter().filter(|(_, case)| waits(case)).map(|(id, _)| *id).collect();
        for case in waiting {
            let at = self.calendar.now() + self.chance.u64(50..500);
            self.calendar.note(at, Event::Desk(DeskAct::Book(case, None)));
        }
    }
}
