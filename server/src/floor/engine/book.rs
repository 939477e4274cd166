//! Carries out what was decided: moves the world on, and writes into the ledger what happened and who must hear of it.

use chrono::{DateTime, Utc};
use floorline_domain::item::{self, Change, Item, Status};
use floorline_domain::label::{self, Resolved};
use floorline_domain::order;
use floorline_domain::permission::PermissionSet;
use floorline_domain::shift::{self, Shift};
use floorline_domain::{ItemId, OrderId};
use floorline_mobile_sync::entry::Entry;
use floorline_mobile_sync::verdict::{After, EVIDENCE_PENDING};
use serde_json::{Value, json};

use super::intake::{Arrival, By};
use super::judge::Effect;
use super::ledger::{Ledger, Record, Subject, Topic};
use super::world::{HeldOrder, HeldShift, MeasurementRow, PhotoReference, ScanRow, World};
use crate::floor::shifts::END_IDLE;

/// What the verdict says of an entry that was carried out.
#[derive(Debug, Default)]
pub(super) struct Booked {
    pub(super) after: Option<After>,
    pub(super) item: Option<Value>,
    pub(super) record: Option<Value>,
    pub(super) evidence_pending: bool,
}

impl Booked {
    /// Remarks for the verdict.
    pub(super) fn flags(&self) -> impl Iterator<Item = &'static str> {
        self.evidence_pending.then_some(EVIDENCE_PENDING).into_iter()
    }
}

/// Carries out `effect` of `arrival`.
pub(super) fn book(world: &mut World, ledger: &mut Ledger, arrival: &Arrival, entry: &Entry, effect: Effect) -> Booked {
    world.touch(entry.actor, ledger.now());
    match effect {
        Effect::Item { id, events, scanned } => {
            if let Some((raw, resolved)) = scanned {
                keep_scan(world, arrival, entry, &raw, &resolved, "success", None);
            }
            book_item(world, ledger, entry, id, &events)
        }
        Effect::Scan { raw, resolved } => {
            let (result, explanation) = explain(&resolved);
            keep_scan(world, arrival, entry, &raw, &resolved, result, explanation);
            Booked::default()
        }
        Effect::Labels(events) => Booked { record: book_labels(world, ledger, &events), ..Booked::default() },
        Effect::Shift(events) => Booked { record: book_shift(world, ledger, &events), ..Booked::default() },
    }
}

/// Applies events to an item, one feed event each, and lets its order follow.
pub(super) fn book_item(
    world: &mut World,
    ledger: &mut Ledger,
    entry: &Entry,
    id: ItemId,
    events: &[item::Event],
) -> Booked {
    let mut booked = Booked::default();
    for event in events {
        let Some(held) = world.items.get_mut(&id) else { break };
        let before = held.item.clone();
        held.item = item::apply(before.clone(), event);
        held.changed = true;
        let (after, brand) = (held.item.clone(), held.brand);
        let state = serde_json::to_value(&after).unwrap_or_default();
        let order = after.order_id.filter(|_| after.parent_id.is_none());
        let followed = order.map(|order| count(world, order, &before, &after, event)).unwrap_or_default();
        let mut topics = vec![Topic::Site(after.site_id)];
        if before.site_id != after.site_id {
            topics.push(Topic::Site(before.site_id));
        }
        let brand_after = brand.zip(after.order_id).filter(|_| brand_sees(&event.change)).map(|(brand, order)| {
            topics.push(Topic::Order { order, brand });
            json!({
                "id": after.id, "code": after.code, "parent_id": after.parent_id, "status": after.status, "stage": after.stage, "version": after.version,
                "progress": world.orders.get(&order).map(progress),
            })
        });
        let data = serde_json::to_value(event).unwrap_or_default();
        ledger.record(Record {
            subject: Subject::item(id),
            version: after.version,
            kind: event.kind(),
            data,
            after: state.clone(),
            topics,
            brand_after,
        });
        for (order, command) in followed {
            follow(world, ledger, order, &command, after.site_id);
        }
        keep_particulars(world, entry, &after, event, brand);
        if matches!(event.change, Change::Released { .. }) {
            ledger.job("cases.retry", json!({ "item_id": id }), ledger.now());
        }
        booked.after = Some(After { item_id: id, version: after.version, stage: after.stage });
        booked.item = Some(state);
    }
    booked.evidence_pending = pending(world, events);
    booked
}

/// Keeps a scan whatever became of it.
pub(super) fn keep_scan(
    world: &mut World,
    arrival: &Arrival,
    entry: &Entry,
    raw: &str,
    resolved: &Resolved,
    result: &'static str,
    explanation: Option<&str>,
) {
    let (kind, value) = match resolved {
        Resolved::Item(id) => ("item", Some(id.to_string())),
        Resolved::Location(id) => ("location", Some(id.to_string())),
        Resolved::User(id) => ("user", Some(id.to_string())),
        Resolved::Action(id) => ("action", Some(id.clone())),
        Resolved::Text(text) => ("text", Some(text.clone())),
        Resolved::Blank(code) | Resolved::Revoked(code) | Resolved::Foreign(code) => {
            ("unknown", Some(code.as_str().to_owned()))
        }
        Resolved::Unsound(text) => ("unknown", Some(text.clone())),
    };
    let device = match &arrival.by {
        By::Device { device, .. } => Some(*device),
        _ => None,
    };
    let item = match resolved {
        Resolved::Item(id) => Some(*id),
        _ => entry.item_id.filter(|id| world.items.contains_key(id)),
    };
    world.scans.push(ScanRow {
        at: arrival.occurred_at,
        user: entry.actor,
        device,
        stream: arrival.stream,
        seq: arrival.seq,
        raw: raw.to_owned(),
        kind,
        value,
        result,
        explanation: explanation.map(str::to_owned),
        item,
        stage: entry.stage.clone(),
    });
}

/// What is said of a scan, in the words the worker reads.
pub(super) fn explain(resolved: &Resolved) -> (&'static str, Option<&'static str>) {
    match resolved {
        Resolved::Item(_) | Resolved::Location(_) | Resolved::User(_) | Resolved::Action(_) => ("success", None),
        Resolved::Blank(_) => ("invalid", Some("This label is not on anything yet.")),
        Resolved::Revoked(_) => ("invalid", Some("This label was revoked.")),
        Resolved::Foreign(_) => ("invalid", Some("This is another factory's label.")),
        Resolved::Text(_) => ("invalid", Some("This code is not known here.")),
        Resolved::Unsound(_) => ("invalid", Some("The code was misread or mistyped: its check characters do not fit.")),
    }
}

fn pending(world: &World, events: &[item::Event]) -> bool {
    events.iter().any(|event| match &event.change {
        Change::ActionCompleted { evidence, .. } => evidence.iter().any(|sha256| !world.photos.contains_key(sha256)),
        _ => false,
    })
}

/// Readings and references to files, kept in tables of their own.
fn keep_particulars(
    world: &mut World,
    entry: &Entry,
    item: &Item,
    event: &item::Event,
    brand: Option<floorline_domain::OrgId>,
) {
    let Change::ActionCompleted { action_id, passed, content, evidence } = &event.change else { return };
    for sha256 in evidence {
        let role =
            entry.blobs.iter().find(|blob| blob.sha256.to_string() == *sha256).and_then(|blob| blob.role.clone());
        world.photo_references.insert(PhotoReference {
            sha256: sha256.clone(),
            item: item.id,
            action_id: action_id.clone(),
            brand,
            role,
        });
    }
    let readings = content.get("readings").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for (ordinal, reading) in (0..).zip(readings) {
        let text = |key: &str| reading.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        world.measurements.push(MeasurementRow {
            item: item.id,
            version: item.version,
            ordinal,
            at: event.stamp.at,
            action_id: action_id.clone(),
            name: text("name"),
            value: reading.get("value").and_then(Value::as_f64).unwrap_or_default(),
            unit: text("unit"),
            passed: reading.get("passed").and_then(Value::as_bool).unwrap_or(*passed),
            user: event.stamp.by,
        });
    }
}

/// Stage and status changes; a brand sees how far its items are, not who measured what.
fn brand_sees(change: &Change) -> bool {
    !matches!(
        change,
        Change::ActionCompleted { .. }
            | Change::ActionSkipped { .. }
            | Change::Flagged { .. }
            | Change::Assigned { .. }
            | Change::Claimed
            | Change::Moved { .. }
            | Change::Assembled { .. }
            | Change::NoteAdded { .. }
            | Change::ScanRecorded { .. }
    )
}

/// Moves the order's counts by what happened to one of its items; says what follows for the order itself.
fn count(
    world: &mut World,
    id: OrderId,
    before: &Item,
    after: &Item,
    event: &item::Event,
) -> Vec<(OrderId, order::Command)> {
    let Some(order) = world.orders.get_mut(&id) else { return Vec::new() };
    let is = |item: &Item, status: Status| i32::from(item.status == status);
    let begun = match (before.status, after.status) {
        (Status::NotStarted, Status::NotStarted | Status::Cancelled) => 0,
        (Status::NotStarted, _) => 1,
        (_, Status::NotStarted) => -1,
        _ => 0,
    };
    let reworked = i32::from(matches!(event.change, Change::Reworked { .. }));
    let moves = [
        (&mut order.completed, is(after, Status::Completed) - is(before, Status::Completed)),
        (&mut order.scrapped, is(after, Status::Scrapped) - is(before, Status::Scrapped)),
        (&mut order.cancelled, is(after, Status::Cancelled) - is(before, Status::Cancelled)),
        (&mut order.started, begun),
        (&mut order.reworks, reworked),
    ];
    for (figure, by) in moves {
        if by != 0 {
            *figure += by;
            order.changed = true;
        }
    }
    let mut follows = Vec::new();
    if order.status == order::Status::Accepted && order.started > 0 && matches!(event.change, Change::Started) {
        follows.push((id, order::Command::Start));
    }
    let open = order.total - order.completed - order.scrapped - order.cancelled;
    if open == 0 && !order.status.is_final() {
        follows.push((id, order::Command::Finish));
    }
    if open > 0 && order.status == order::Status::Completed {
        follows.push((id, order::Command::Reopen));
    }
    follows
}

/// An order's status follows from its items.
fn follow(
    world: &mut World,
    ledger: &mut Ledger,
    id: OrderId,
    command: &order::Command,
    site: floorline_domain::LocationId,
) {
    let Some(order) = world.orders.get_mut(&id) else { return };
    let nobody = PermissionSet::new();
    let actor = order::Actor { party: order::Party::Factory, permissions: &nobody };
    let open = u64::try_from(order.total - order.completed - order.scrapped - order.cancelled).unwrap_or_default();
    let facts = order::Facts { workflow: true, started: order.started > 0, open_items: open };
    let Ok(event) = order::decide(order.status, command, facts, actor) else { return };
    order.status = order::apply(order.status, &event);
    order.version += 1;
    order.changed = true;
    stamp(order, &event, ledger.now());
    let state = json!({ "id": id, "status": order.status, "version": order.version, "progress": progress(order) });
    ledger.record(Record {
        subject: Subject::order(id),
        version: order.version,
        kind: event.kind(),
        data: serde_json::to_value(&event).unwrap_or_default(),
        after: state.clone(),
        topics: vec![Topic::Site(site), Topic::Order { order: id, brand: order.brand }],
        brand_after: Some(state),
    });
}

fn stamp(order: &mut HeldOrder, event: &order::Event, now: DateTime<Utc>) {
    match event {
        order::Event::Started => order.started_at = Some(now),
        order::Event::Completed { .. } => order.closed_at = Some(now),
        _ => {}
    }
}

/// An order's progress as feeds tell it.
fn progress(order: &HeldOrder) -> Value {
    json!({
        "total": order.total, "completed": order.completed, "scrapped": order.scrapped, "cancelled": order.cancelled,
        "open": order.total - order.completed - order.scrapped - order.cancelled, "reworks": order.reworks,
    })
}

/// Gives the label that was claimed: the last event is about it.
fn book_labels(world: &mut World, ledger: &mut Ledger, events: &[label::Event]) -> Option<Value> {
    let mut claimed = None;
    for event in events {
        let Some(held) = world.held_labels.get_mut(&event.label_id()) else { continue };
        held.label = label::apply(held.label.clone(), event);
        held.version += 1;
        held.changed = true;
        let topic = world.site.map_or(Topic::Org, Topic::Site);
        let after = serde_json::to_value(&held.label).unwrap_or_default();
        claimed = Some(after.clone());
        ledger.record(Record {
            subject: Subject::label(held.label.id),
            version: held.version,
            kind: event.kind(),
            data: serde_json::to_value(event).unwrap_or_default(),
            after,
            topics: vec![topic],
            brand_after: None,
        });
    }
    claimed
}

/// Gives the shift that began or, when none did, the one that ended: the last event is about it.
fn book_shift(world: &mut World, ledger: &mut Ledger, events: &[shift::Event]) -> Option<Value> {
    let user = ledger.actor().id;
    let mut latest = None;
    for event in events {
        let before = world.shifts.remove(&user);
        let active = shift::apply(before.as_ref().map(|held| held.shift.clone()), event);
        let Some(held) = shift_row(before, active.clone(), event) else { continue };
        let after = serde_json::to_value(&held.shift).unwrap_or_default();
        latest = Some(after.clone());
        if let shift::Event::Started { shift, at } = event {
            ledger.job(END_IDLE, json!({ "shift_id": shift.id }), *at + shift::IDLE_AFTER);
        }
        ledger.record(Record {
            subject: Subject::shift(held.shift.id),
            version: held.version,
            kind: event.kind(),
            data: serde_json::to_value(event).unwrap_or_default(),
            after,
            topics: vec![Topic::Site(held.shift.site_id), Topic::User(user)],
            brand_after: None,
        });
        if let Some(person) = world.people.get_mut(&user) {
            person.shift_location = active.as_ref().and_then(|shift| shift.location_id);
            person.shift_active_at = active.as_ref().map(|shift| shift.last_active_at);
        }
        world.shift_rows.push(held.clone());
        if active.is_some() {
            world.shifts.insert(user, held);
        }
    }
    latest
}

/// The row of the shift that an event is about.
fn shift_row(before: Option<HeldShift>, active: Option<Shift>, event: &shift::Event) -> Option<HeldShift> {
    match event {
        shift::Event::Started { .. } => active.map(|shift| HeldShift { shift, version: 1 }),
        shift::Event::Ended { reason, at, .. } => before.map(|held| HeldShift {
            shift: Shift { ended_at: Some(*at), end_reason: Some(*reason), ..held.shift },
            version: held.version + 1,
        }),
    }
}
