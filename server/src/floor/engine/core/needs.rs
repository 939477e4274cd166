//! What the entries of a batch refer to: everything that must be loaded before the first of them is judged.

use std::collections::BTreeSet;

use floorline_domain::item::Command;
use floorline_domain::label::{Read, read, registered_as};
use floorline_domain::{CaseId, ItemId, LeaseId, LocationId, StreamId, UserId};
use floorline_mobile_sync::entry::{Entry, Origin};
use floorline_mobile_sync::op::Operation;

use super::intake::{Arrival, By};

/// See the module.
#[derive(Debug, Default)]
pub struct Needs {
    /// Receipts that repeated entries are compared with, and those of predecessors.
    pub receipts: BTreeSet<(StreamId, i64)>,
    /// Places where entries that are offered again stood first.
    pub origins: BTreeSet<Origin>,
    /// Items, with their components and orders: to be locked.
    pub items: BTreeSet<ItemId>,
    /// Codes of labels that were scanned.
    pub codes: BTreeSet<String>,
    /// Other texts that were scanned.
    pub texts: BTreeSet<String>,
    /// People.
    pub users: BTreeSet<UserId>,
    /// Leases.
    pub leases: BTreeSet<LeaseId>,
    /// Locations.
    pub places: BTreeSet<LocationId>,
    /// Codes that are to be claimed: their labels are to be locked.
    pub claimed: BTreeSet<String>,
    /// Items that claim one: their labels are to be locked.
    pub claiming: BTreeSet<ItemId>,
    /// People whose shift is to be locked.
    pub shifts: BTreeSet<UserId>,
    /// Files that come with entries, by their hash.
    pub files: BTreeSet<String>,
    /// Cases to be locked, beside those of predecessors.
    pub cases: BTreeSet<CaseId>,
}

impl Needs {
    /// A receipt that a repeated entry is compared with.
    pub(super) fn receipt(&mut self, stream: StreamId, seq: i64) {
        self.receipts.insert((stream, seq));
    }

    /// A case that is being decided.
    pub fn case(&mut self, case: CaseId) {
        self.cases.insert(case);
    }

    /// Whose an arrival is, and where it stood first.
    pub(super) fn author(&mut self, arrival: &Arrival) {
        self.origins.extend(arrival.origin());
        self.users.extend(arrival.read.as_ref().ok().map(|entry| entry.actor));
        match &arrival.by {
            By::Device { user, .. } => drop(self.users.insert(*user)),
            By::Case { lent_by, .. } => self.users.extend(*lent_by),
            By::Present => {}
        }
    }

    /// Everything one arrival refers to.
    pub(super) fn arrival(&mut self, arrival: &Arrival) {
        self.author(arrival);
        let Ok(entry) = &arrival.read else { return };
        if let By::Case { origin, .. } = &arrival.by {
            self.receipts.insert((origin.stream_id, origin.seq));
        }
        self.leases.extend(entry.lease_id);
        self.items.extend(entry.item_id);
        self.files.extend(entry.blobs.iter().map(|blob| blob.sha256.to_string()));
        if let Some(predecessor) = entry.base.and_then(|base| base.predecessor) {
            self.receipts.insert((arrival.stream, predecessor));
        }
        self.operation(entry);
    }

    fn operation(&mut self, entry: &Entry) {
        match &entry.op {
            Operation::ScanRecord { raw } => self.text(raw),
            Operation::LabelClaim { code, .. } => {
                if let Read::Code(code) = read(code) {
                    self.claimed.insert(code.as_str().to_owned());
                }
                self.claiming.extend(entry.item_id);
                self.text(code);
            }
            Operation::ShiftStart { site_id, location_id, .. } => {
                self.shifts.insert(entry.actor);
                self.places.insert(*site_id);
                self.places.extend(*location_id);
            }
            Operation::ShiftEnd => {
                self.shifts.insert(entry.actor);
            }
            Operation::Item(command) => self.command(command),
        }
    }

    fn command(&mut self, command: &Command) {
        match command {
            Command::CompleteAction { data, .. } => {
                if let Some(raw) = data.get("raw").and_then(|raw| raw.as_str()) {
                    self.text(raw);
                }
            }
            Command::RecordScan { raw } => self.text(raw),
            Command::Move { location_id, .. } => {
                self.places.insert(*location_id);
            }
            Command::Assign { user_id } => {
                self.users.insert(*user_id);
            }
            Command::Undo { of: Some(of) } => {
                self.receipts.insert((of.stream_id, of.seq));
            }
            _ => {}
        }
    }

    fn text(&mut self, raw: &str) {
        match read(raw) {
            Read::Code(code) => {
                self.codes.insert(code.as_str().to_owned());
            }
            Read::Item(id) => {
                self.items.insert(id);
            }
            Read::Location(id) => {
                self.places.insert(id);
            }
            Read::User(id) => {
                self.users.insert(id);
            }
            Read::Text(_) => {
                self.texts.insert(registered_as(raw));
            }
            Read::Unsound { .. } | Read::Action(_) => {}
        }
    }
}
