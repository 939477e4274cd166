//! What a batch works on: everything its entries may look at, loaded and locked before the first of them is judged.
//!
//! Judging changes this and nothing else; `write.rs` brings the difference to the database in a few set-based statements.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use floorline_domain::item::{Component, Item, PhotoSize};
use floorline_domain::label::{Label, Read, Resolved, Target, read};
use floorline_domain::permission::PermissionSet;
use floorline_domain::shift::Shift;
use floorline_domain::workflow::Workflow;
use floorline_domain::{
    DeviceId, EntryKey, ItemId, LeaseId, LocationId, OrderId, OrgId, StreamId, UserId, WorkflowVersionId, label, order,
};

use super::cases::NewCase;
use super::found::{FoundLabel, FoundReceipt};

/// An item under lock.
#[derive(Clone, Debug)]
pub(super) struct HeldItem {
    pub(super) item: Item,
    pub(super) brand: Option<OrgId>,
    pub(super) changed: bool,
}

/// An order under lock, with the counts its items move.
#[derive(Clone, Debug)]
pub(super) struct HeldOrder {
    pub(super) brand: OrgId,
    pub(super) status: order::Status,
    pub(super) version: i64,
    pub(super) total: i32,
    pub(super) completed: i32,
    pub(super) scrapped: i32,
    pub(super) cancelled: i32,
    pub(super) started: i32,
    pub(super) reworks: i32,
    pub(super) started_at: Option<DateTime<Utc>>,
    pub(super) closed_at: Option<DateTime<Utc>>,
    pub(super) changed: bool,
}

/// A label under lock.
#[derive(Clone, Debug)]
pub(super) struct HeldLabel {
    pub(super) label: Label,
    pub(super) version: i64,
    pub(super) changed: bool,
}

/// A worker's shift under lock: the one they had, and what became of it.
#[derive(Clone, Debug)]
pub(super) struct HeldShift {
    pub(super) shift: Shift,
    pub(super) version: i64,
}

/// Someone who acts or is acted for.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) active: bool,
    pub(super) roles: Vec<String>,
    pub(super) permissions: PermissionSet,
    pub(super) shift_location: Option<LocationId>,
    /// When they last did something in their present shift, as it is stored.
    pub(super) shift_active_at: Option<DateTime<Utc>>,
}

/// What a lease promised.
#[derive(Clone, Debug)]
pub(super) struct Lease {
    pub(super) user_id: UserId,
    pub(super) device_id: DeviceId,
    pub(super) roles: Vec<String>,
    pub(super) permissions: PermissionSet,
}

/// A scan to be kept.
#[derive(Clone, Debug)]
pub(super) struct ScanRow {
    pub(super) at: DateTime<Utc>,
    pub(super) user: UserId,
    pub(super) device: Option<DeviceId>,
    pub(super) stream: StreamId,
    pub(super) seq: i64,
    pub(super) raw: String,
    pub(super) kind: &'static str,
    pub(super) value: Option<String>,
    pub(super) result: &'static str,
    pub(super) explanation: Option<String>,
    pub(super) item: Option<ItemId>,
    pub(super) stage: Option<String>,
}

/// A reading to be kept.
#[derive(Clone, Debug)]
pub(super) struct MeasurementRow {
    pub(super) item: ItemId,
    pub(super) version: i64,
    pub(super) ordinal: i32,
    pub(super) at: DateTime<Utc>,
    pub(super) action_id: String,
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) unit: String,
    pub(super) passed: bool,
    pub(super) user: UserId,
}

/// A file an act refers to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PhotoReference {
    pub(super) sha256: String,
    pub(super) item: ItemId,
    pub(super) action_id: String,
    pub(super) brand: Option<OrgId>,
    pub(super) role: Option<String>,
}

/// All of it.
pub(super) struct World {
    pub(super) site: Option<LocationId>,
    pub(super) items: BTreeMap<ItemId, HeldItem>,
    pub(super) orders: BTreeMap<OrderId, HeldOrder>,
    pub(super) held_labels: BTreeMap<floorline_domain::LabelId, HeldLabel>,
    pub(super) shifts: BTreeMap<UserId, HeldShift>,
    /// Shifts that ended or began in this batch, in order.
    pub(super) shift_rows: Vec<HeldShift>,
    /// Workers whose shift's last activity is to be moved on.
    pub(super) touched: BTreeSet<UserId>,
    pub(super) workflows: BTreeMap<WorkflowVersionId, Arc<Workflow>>,
    pub(super) people: BTreeMap<UserId, Person>,
    pub(super) leases: BTreeMap<LeaseId, Lease>,
    pub(super) places: BTreeMap<LocationId, LocationId>,
    pub(super) labels: BTreeMap<String, FoundLabel>,
    pub(super) texts: BTreeMap<String, ItemId>,
    pub(super) known_items: BTreeSet<ItemId>,
    pub(super) photos: BTreeMap<String, PhotoSize>,
    pub(super) receipts: BTreeMap<(StreamId, i64), FoundReceipt>,
    /// Where entries that were offered again were booked, by where they stood first.
    pub(super) aliases: BTreeMap<(StreamId, i64), EntryKey>,
    pub(super) strict: bool,
    /// A view at or before this cursor of the site's topic is older than the offline limit.
    pub(super) too_old: Option<i64>,
    pub(super) scans: Vec<ScanRow>,
    pub(super) measurements: Vec<MeasurementRow>,
    pub(super) photo_references: BTreeSet<PhotoReference>,
    pub(super) cases: Vec<NewCase>,
}

/// How far the stored last activity of a shift may lag behind: it is for hours, and a row written at every scan costs.
const TOUCH_AFTER: TimeDelta = TimeDelta::minutes(1);

impl World {
    /// `user` did something now.
    pub(super) fn touch(&mut self, user: UserId, now: DateTime<Utc>) {
        let Some(person) = self.people.get_mut(&user) else { return };
        if person.shift_active_at.is_some_and(|at| now - at >= TOUCH_AFTER) {
            person.shift_active_at = Some(now);
            self.touched.insert(user);
        }
    }

    /// What a scanned text means here.
    pub(super) fn resolve(&self, raw: &str) -> Resolved {
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
            Read::Item(_) | Read::Location(_) | Read::User(_) | Read::Text(_) => match self.texts.get(text_key(raw)) {
                Some(item) => Resolved::Item(*item),
                None => Resolved::Text(raw.trim().to_owned()),
            },
        }
    }

    /// The components of an item, as `decide` wants them.
    pub(super) fn components_of(&self, parent: ItemId) -> Vec<Component> {
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

/// The text under which a code may be registered: without the `item:` that some labels carry.
pub(super) fn text_key(raw: &str) -> &str {
    let text = raw.trim();
    text.strip_prefix("item:").unwrap_or(text)
}

/// `JKT-M-0042/SLEEVE-2` → `SLEEVE`.
fn line_component(code: &str) -> &str {
    let own = code.rsplit_once('/').map_or(code, |(_, own)| own);
    own.rsplit_once('-').map_or(own, |(component, _)| component)
}
