//! The factory: one site, a workflow with every kind of action and gate, a few items, people with different rights.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use fastrand::Rng;
use floorline_domain::item::{self, New, Stamp};
use floorline_domain::label::{self, Code, Kind, Label, Target};
use floorline_domain::permission::{Permission, PermissionSet};
use floorline_domain::workflow::Workflow;
use floorline_domain::{
    EntryKey, ItemId, LabelId, LocationId, OrderId, OrgId, Outcome, StreamId, UserId, WorkflowVersionId, order,
};
use floorline_mobile_sync::chain;
use floorline_mobile_sync::feed::Subject;
use floorline_server::checker;
use floorline_server::floor::engine::core::{HeldItem, HeldLabel, HeldOrder, HeldStream, Person, Receipt, StreamState};
use serde_json::json;
use uuid::Uuid;

use crate::database::{ReceiptRow, StreamRow, Tables};

/// What the people of a run know by name.
#[derive(Clone)]
pub(crate) struct Scene {
    pub(crate) site: LocationId,
    pub(crate) bench: LocationId,
    pub(crate) elsewhere: LocationId,
    pub(crate) workers: Vec<UserId>,
    pub(crate) supervisor: UserId,
    /// Items, the first of which has the component that follows it.
    pub(crate) items: Vec<ItemId>,
    /// An item that the phones hear of before the server does.
    pub(crate) unborn: ItemId,
    pub(crate) order: OrderId,
    pub(crate) blanks: Vec<Code>,
    pub(crate) revoked: Code,
    workflow: WorkflowVersionId,
    founder: StreamId,
}

/// An id that is drawn.
pub(crate) fn id(chance: &mut Rng) -> Uuid {
    uuid::Builder::from_random_bytes(chance.u128(..).to_be_bytes()).into_uuid()
}

/// An epoch that is drawn.
pub(crate) fn epoch(chance: &mut Rng) -> String {
    format!("{:016x}", chance.u64(..))
}

fn line() -> Workflow {
    Workflow::read(json!({"name": "Line", "entry": "prep", "stages": [
        {"key": "prep", "name": "Prepare", "order": 1, "next": [{"to": "make"}], "actions": [
            {"key": "scan", "kind": "scan", "label": "Scan it", "required": true, "config": {"expected": "this_item"}},
            {"key": "note", "kind": "note", "label": "Note"}]},
        {"key": "make", "name": "Make", "order": 2, "next": [{"to": "check"}], "hard_gate": true, "actions": [
            {"key": "length", "kind": "measurement", "label": "Length", "required": true,
             "config": {"readings": [{"name": "length", "unit": "mm", "min": 9.0, "max": 11.0}]}},
            {"key": "front", "kind": "photo", "label": "Front"}]},
        {"key": "check", "name": "Check", "order": 3, "next": [{"to": "join"}], "rework": [{"to": "make", "max_visits": 1}], "actions": [
            {"key": "look", "kind": "inspection", "label": "Look", "config": {"checks": ["seam", "colour"]}},
            {"key": "form", "kind": "form", "label": "Form", "config": {"fields": [{"key": "lot", "type": "text", "required": true}]}},
            {"key": "ok", "kind": "approval", "label": "Good", "required": true}]},
        {"key": "join", "name": "Join", "order": 4, "next": [], "assembly": true}]}))
    .unwrap_or_else(|error| panic!("the scene's workflow: {error:?}"))
}

fn part() -> Workflow {
    Workflow::read(
        json!({"name": "Part", "entry": "cut", "stages": [{"key": "cut", "name": "Cut", "order": 1, "next": []}]}),
    )
    .unwrap_or_else(|error| panic!("the scene's other workflow: {error:?}"))
}

/// The rights of a worker.
pub(crate) fn worker_rights() -> PermissionSet {
    use Permission::{
        ApprovalGive, ItemAct, ItemAdvance, ItemFlag, ItemMove, ItemRework, ItemView, ScanRecord, ShiftWork,
        SyncConnect,
    };
    [ApprovalGive, ItemAct, ItemAdvance, ItemFlag, ItemMove, ItemRework, ItemView, ScanRecord, ShiftWork, SyncConnect]
        .into()
}

/// The rights of someone with every one.
pub(crate) fn all_rights() -> PermissionSet {
    Permission::ALL.iter().copied().collect()
}

fn person(name: &str, permissions: PermissionSet) -> Person {
    Person {
        name: name.to_owned(),
        active: true,
        roles: vec!["operator".to_owned()],
        permissions,
        shift_location: None,
        shift_active_at: None,
    }
}

/// Builds the factory with `workers` workers and `items` items besides the component.
pub(crate) fn found(chance: &mut Rng, now: DateTime<Utc>, workers: usize, items: usize) -> (Scene, Tables) {
    let (org, site) = (OrgId(id(chance)), LocationId(id(chance)));
    let mut tables = Tables::new(org, site, epoch(chance));
    let scene = Scene {
        site,
        bench: LocationId(id(chance)),
        elsewhere: LocationId(id(chance)),
        workers: (0..workers).map(|_| UserId(id(chance))).collect(),
        supervisor: UserId(id(chance)),
        items: (0..=items).map(|_| ItemId(id(chance))).collect(),
        unborn: ItemId(id(chance)),
        order: OrderId(id(chance)),
        blanks: (0..2).map(|_| label::draw(Kind::Item, || chance.u64(..))).collect(),
        revoked: label::draw(Kind::Item, || chance.u64(..)),
        workflow: WorkflowVersionId(id(chance)),
        founder: StreamId(id(chance)),
    };
    let cut = WorkflowVersionId(id(chance));
    tables.places.extend([(scene.bench, site)]);
    tables.workflows = BTreeMap::from([(scene.workflow, Arc::new(line())), (cut, Arc::new(part()))]);
    for (number, worker) in scene.workers.iter().enumerate() {
        tables.people.insert(*worker, person(&format!("Worker {number}"), worker_rights()));
    }
    tables.people.insert(scene.supervisor, person("Kim", all_rights()));
    let total = i32::try_from(items).unwrap_or_default();
    tables.orders.insert(scene.order, order_of(OrgId(id(chance)), total));
    open_stream(&mut tables, scene.founder, None);
    for (place, item) in scene.items.iter().enumerate() {
        scene.make(&mut tables, *item, place, cut, now);
        let code = label::draw(Kind::Item, || chance.u64(..));
        put_label(&mut tables, LabelId(id(chance)), code, label::Status::Active, Some(Target::Item(*item)));
    }
    for code in scene.blanks.clone() {
        put_label(&mut tables, LabelId(id(chance)), code, label::Status::Blank, None);
    }
    put_label(&mut tables, LabelId(id(chance)), scene.revoked.clone(), label::Status::Revoked, None);
    (scene, tables)
}

fn order_of(brand: OrgId, total: i32) -> HeldOrder {
    HeldOrder {
        brand,
        po_number: "PO-1".to_owned(),
        status: order::Status::InProduction,
        version: 3,
        total,
        completed: 0,
        scrapped: 0,
        cancelled: 0,
        started: 0,
        reworks: 0,
        started_at: None,
        closed_at: None,
        changed: false,
    }
}

fn put_label(tables: &mut Tables, id: LabelId, code: Code, status: label::Status, target: Option<Target>) {
    let label = Label { id, code, status, target, replaced_by: None };
    tables.labels.insert(id, HeldLabel { label, version: 1, changed: false });
}

/// Opens a stream of the server itself, or of a device.
pub(crate) fn open_stream(tables: &mut Tables, id: StreamId, device: Option<floorline_domain::DeviceId>) {
    let held = HeldStream {
        id,
        device,
        state: StreamState::Open,
        session: 0,
        server_epoch: String::new(),
        stored_seq: 0,
        last_seq: 0,
        last_hash: chain::start(id),
        last_occurred_at: None,
        recent_scans: Vec::new(),
        changed: false,
    };
    tables.streams.insert(id, StreamRow { held, acked_seq: 0, fence: None });
}

impl Scene {
    /// Makes the item that the phones know of already.
    pub(crate) fn bear(&self, tables: &mut Tables, now: DateTime<Utc>) {
        self.create(tables, self.new_item(self.unborn, "LATE-1".to_owned(), None, self.workflow, "prep"), now);
    }

    fn make(&self, tables: &mut Tables, item: ItemId, place: usize, cut: WorkflowVersionId, now: DateTime<Utc>) {
        let new = match place {
            0 => New {
                components: BTreeMap::from([("SLEEVE".to_owned(), 1)]),
                ..self.new_item(item, "CAP-0".to_owned(), None, self.workflow, "prep")
            },
            1 => self.new_item(item, "CAP-0/SLEEVE-1".to_owned(), self.items.first().copied(), cut, "cut"),
            _ => self.new_item(item, format!("CAP-{place}"), None, self.workflow, "prep"),
        };
        self.create(tables, new, now);
    }

    fn new_item(
        &self,
        id: ItemId,
        code: String,
        parent_id: Option<ItemId>,
        workflow_version_id: WorkflowVersionId,
        stage: &str,
    ) -> New {
        New {
            id,
            code,
            order_id: Some(self.order),
            line_id: None,
            parent_id,
            workflow_version_id,
            site_id: self.site,
            location_id: None,
            priority: Default::default(),
            stage: stage.to_owned(),
            attributes: BTreeMap::new(),
            components: BTreeMap::new(),
        }
    }

    /// One entry of the founding stream, as the acceptance of an order makes items without a word to the floor.
    fn create(&self, tables: &mut Tables, new: New, now: DateTime<Utc>) {
        let Some(stream) = tables.streams.get_mut(&self.founder) else { return };
        let seq = stream.held.last_seq + 1;
        let hash = chain::next(&stream.held.last_hash, b"{}");
        stream.held.last_seq = seq;
        stream.held.stored_seq = seq;
        stream.held.last_hash = hash;
        let key = EntryKey { stream_id: self.founder, seq };
        let event = item::create(new, Stamp { by: self.supervisor, at: now, entry: key });
        let Some(item) = item::fold([&event]) else { return };
        let brand = tables.orders.get(&self.order).map(|order| order.brand);
        tables.versions.insert(("item".to_owned(), item.id.0, 1));
        tables.events.push(Arc::new(checker::Event {
            org: tables.org,
            subject: Subject { kind: "item".to_owned(), id: item.id.0 },
            version: 1,
            key,
            kind: event.kind().to_owned(),
            body: serde_json::to_value(&event).unwrap_or_default(),
        }));
        tables.items.insert(item.id, Arc::new(HeldItem { item, brand, changed: false }));
        let receipt = Receipt {
            stream_id: self.founder,
            seq,
            hash: hash.0,
            outcome: Outcome::Applied,
            reason: None,
            verdict: json!({ "seq": seq, "outcome": "applied" }).to_string(),
            actor_id: Some(self.supervisor),
            device_time: None,
            occurred_at: now,
            uncertainty_ms: None,
            origin: None,
        };
        tables.receipts.insert((self.founder, seq), Arc::new(ReceiptRow { receipt, case: None, kept: true }));
    }
}
