//! What a batch works on: everything its entries may look at, loaded and locked before the first of them is judged.
//!
//! Judging changes this and nothing else; `write.rs` brings the difference to the database in a few set-based statements.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use floorline_domain::item::{Component, Item, PhotoSize};
use floorline_domain::label::{Label, Read, Resolved, Target, read, registered_as};
use floorline_domain::permission::PermissionSet;
use floorline_domain::shift::Shift;
use floorline_domain::workflow::Workflow;
use floorline_domain::{
    CaseId, DeviceId, ItemId, LeaseId, LocationId, OrderId, OrgId, StreamId, UserId, WorkflowVersionId, label, order,
};

use super::cases::NewCase;
use super::found::{Alias, CaseState, FoundLabel, FoundReceipt};

/// An item under lock.
#[derive(Clone, Debug)]
pub struct HeldItem {
    /// As it stands.
    pub item: Item,
    /// The brand of its order.
    pub brand: Option<OrgId>,
    /// Whether the batch moved it.
    pub changed: bool,
}

/// An order under lock, with the counts its items move.
#[derive(Clone, Debug)]
pub struct HeldOrder {
    /// Whose.
    pub brand: OrgId,
    /// What they call it.
    pub po_number: String,
    /// As it stands.
    pub status: order::Status,
    /// The number of its events.
    pub version: i64,
    /// Items ordered, without components.
    pub total: i32,
    /// Of these, completed.
    pub completed: i32,
    /// Scrapped.
    pub scrapped: i32,
    /// Cancelled.
    pub cancelled: i32,
    /// Begun, whatever became of them.
    pub started: i32,
    /// How often one was sent back.
    pub reworks: i32,
    /// When it started, if in this batch.
    pub started_at: Option<DateTime<Utc>>,
    /// When it was completed, if in this batch.
    pub closed_at: Option<DateTime<Utc>>,
    /// Whether the batch moved it.
    pub changed: bool,
}

/// A label under lock.
#[derive(Clone, Debug)]
pub struct HeldLabel {
    /// As it stands.
    pub label: Label,
    /// The number of its events.
    pub version: i64,
    /// Whether the batch moved it.
    pub changed: bool,
}

/// A worker's shift under lock: the one they had, and what became of it.
#[derive(Clone, Debug)]
pub struct HeldShift {
    /// As it stands.
    pub shift: Shift,
    /// The number of its events.
    pub version: i64,
}

/// Someone who acts or is acted for.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their name.
    pub name: String,
    /// Whether they may act at all.
    pub active: bool,
    /// Names of their roles.
    pub roles: Vec<String>,
    /// What these allow.
    pub permissions: PermissionSet,
    /// Where their shift is.
    pub shift_location: Option<LocationId>,
    /// When they last did something in their present shift, as it is stored.
    pub shift_active_at: Option<DateTime<Utc>>,
}

/// What a lease promised.
#[derive(Clone, Debug)]
pub struct Lease {
    /// To whom.
    pub user_id: UserId,
    /// On which device.
    pub device_id: DeviceId,
    /// Names of the roles.
    pub roles: Vec<String>,
    /// What they allowed.
    pub permissions: PermissionSet,
}

/// A scan to be kept.
#[derive(Clone, Debug)]
pub struct ScanRow {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub user: UserId,
    /// On which device.
    pub device: Option<DeviceId>,
    /// The entry's stream.
    pub stream: StreamId,
    /// Its place there.
    pub seq: i64,
    /// The text as it was read.
    pub raw: String,
    /// What it is: `item`, `location`, `user`, `action`, `text` or `unknown`.
    pub kind: &'static str,
    /// What it names.
    pub value: Option<String>,
    /// `success`, `invalid` or `error`.
    pub result: &'static str,
    /// What the worker is told.
    pub explanation: Option<String>,
    /// The item it is about.
    pub item: Option<ItemId>,
    /// The stage it was made in.
    pub stage: Option<String>,
}

/// A reading to be kept.
#[derive(Clone, Debug)]
pub struct MeasurementRow {
    /// Of which item.
    pub item: ItemId,
    /// The event's place in its log.
    pub version: i64,
    /// The reading's place in the event.
    pub ordinal: i32,
    /// When.
    pub at: DateTime<Utc>,
    /// By which action.
    pub action_id: String,
    /// What was measured.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: String,
    /// Whether within limits.
    pub passed: bool,
    /// By whom.
    pub user: UserId,
}

/// A file an act refers to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PhotoReference {
    /// The file.
    pub sha256: String,
    /// Whose.
    pub item: ItemId,
    /// Of which action.
    pub action_id: String,
    /// The brand that may see it.
    pub brand: Option<OrgId>,
    /// What it shows.
    pub role: Option<String>,
}

/// All of it.
pub struct World {
    /// The writer's.
    pub site: Option<LocationId>,
    /// Items under lock, with their components.
    pub items: BTreeMap<ItemId, HeldItem>,
    /// Their orders, under lock.
    pub orders: BTreeMap<OrderId, HeldOrder>,
    /// Labels under lock.
    pub held_labels: BTreeMap<floorline_domain::LabelId, HeldLabel>,
    /// Active shifts under lock, by worker.
    pub shifts: BTreeMap<UserId, HeldShift>,
    /// Shifts that ended or began in this batch, in order.
    pub shift_rows: Vec<HeldShift>,
    /// Workers whose shift's last activity is to be moved on.
    pub touched: BTreeSet<UserId>,
    /// The versions that items pin.
    pub workflows: BTreeMap<WorkflowVersionId, Arc<Workflow>>,
    /// Who acts or is acted for.
    pub people: BTreeMap<UserId, Person>,
    /// What was promised to phones.
    pub leases: BTreeMap<LeaseId, Lease>,
    /// Locations, with their sites.
    pub places: BTreeMap<LocationId, LocationId>,
    /// Labels as scans resolve them, by code.
    pub labels: BTreeMap<String, FoundLabel>,
    /// Items by other texts on them.
    pub texts: BTreeMap<String, ItemId>,
    /// Items that exist, whether locked or not.
    pub known_items: BTreeSet<ItemId>,
    /// Files that are completely stored.
    pub photos: BTreeMap<String, PhotoSize>,
    /// Earlier ends of entries.
    pub receipts: BTreeMap<(StreamId, i64), FoundReceipt>,
    /// Where entries that were offered again were booked, by where they stood first.
    pub aliases: BTreeMap<(StreamId, i64), Vec<Alias>>,
    /// The cases of earlier entries, under lock.
    pub case_states: BTreeMap<CaseId, CaseState>,
    /// Items whose rows this build cannot read; what names them fails, and nothing else.
    pub unreadable: BTreeSet<ItemId>,
    /// Nothing is applied on a lease alone.
    pub strict: bool,
    /// A view at or before this cursor of the site's topic is older than the offline limit.
    pub too_old: Option<i64>,
    /// To be kept.
    pub scans: Vec<ScanRow>,
    /// To be kept.
    pub measurements: Vec<MeasurementRow>,
    /// To be kept.
    pub photo_references: BTreeSet<PhotoReference>,
    /// To be opened or to get an entry more.
    pub cases: Vec<NewCase>,
}

/// How far the stored last activity of a shift may lag behind: it is for hours, and a row written at every scan costs.
const TOUCH_AFTER: TimeDelta = TimeDelta::minutes(1);

impl World {
    /// `user` did something now.
    pub fn touch(&mut self, user: UserId, now: DateTime<Utc>) {
        let Some(person) = self.people.get_mut(&user) else { return };
        if person.shift_active_at.is_some_and(|at| now - at >= TOUCH_AFTER) {
            person.shift_active_at = Some(now);
            self.touched.insert(user);
        }
    }

    /// What a scanned text means here.
    pub fn resolve(&self, raw: &str) -> Resolved {
        match read(raw) {
            Read::Code(code) => match self.labels.get(code.as_str()) {
                None => Resolved::Foreign(code),
                Some(label) => match (label.status, label.target()) {
                    (label::Status::Revoked, _) => Resolved::Revoked(code),
                    (_, Some(Target::Item(id))) => Resolved::Item(id),
                    (_, Some(Target::Location(id))) => Resolved::Location(id),
                    (_, Some(Target::User(id))) => Resolved::User(id),
                    (_, None) => Resolved::Blank(code),
                },
            },
            Read::Unsound { code, .. } => Resolved::Unsound(code),
            Read::Item(id) if self.known_items.contains(&id) => Resolved::Item(id),
            Read::Location(id) if self.places.contains_key(&id) => Resolved::Location(id),
            Read::User(id) if self.people.contains_key(&id) => Resolved::User(id),
            Read::Action(id) => Resolved::Action(id),
            Read::Item(_) | Read::Location(_) | Read::User(_) | Read::Text(_) => {
                match self.texts.get(&registered_as(raw)) {
                    Some(item) => Resolved::Item(*item),
                    None => Resolved::Text(raw.trim().to_owned()),
                }
            }
        }
    }

    /// The components of an item, as `decide` wants them.
    pub fn components_of(&self, parent: ItemId) -> Vec<Component> {
        self.items
            .values()
            .filter(|held| held.item.parent_id == Some(parent))
            .map(|held| Component {
                id: held.item.id,
                code: held.item.code.clone(),
                line_component: line_component(&held.item.code).to_owned(),
                status: held.item.status,
            })
            .collect()
    }
}

/// `JKT-M-0042/SLEEVE-2` → `SLEEVE`.
fn line_component(code: &str) -> &str {
    let own = code.rsplit_once('/').map_or(code, |(_, own)| own);
    own.rsplit_once('-').map_or(own, |(component, _)| component)
}
