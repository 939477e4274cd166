//! Carries out what was decided: moves the world on, and writes into the ledger what happened and who must hear of it.

use floorline_domain::item::Item;
use floorline_domain::label::{self, Resolved};
use floorline_domain::shift::{self, Shift};
use floorline_mobile_sync::entry::Entry;
use floorline_mobile_sync::op::Operation;
use floorline_mobile_sync::verdict::{After, EVIDENCE_PENDING};
use serde_json::{Value, json};

use super::book_item::book_item;
use super::decide::Effect;
use super::found::FoundLabel;
use super::intake::{Arrival, By};
use super::ledger::Ledger;
use super::record::{Record, Subject, Topic};
use super::world::{HeldShift, ScanRow, World};
use crate::floor::shifts::END_IDLE;

/// What the verdict says of an entry that was carried out.
#[derive(Debug, Default)]
pub(super) struct Booked {
    pub(super) after: Option<After>,
    pub(super) item: Option<Item>,
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
        Effect::Item { id, events, scanned, overridden } => {
            // What a decided case is lent is in the record of that decision.
            if overridden && !matches!(arrival.by, By::Case { lent_by: Some(_), .. }) {
                ledger.audit("item.overridden", json!({ "item_id": id, "op": named(entry) }));
            }
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

/// The operation by its name on the wire.
fn named(entry: &Entry) -> Option<&'static str> {
    match &entry.op {
        Operation::Item(command) => Some(command.op().as_str()),
        _ => None,
    }
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

/// Gives the label that was claimed: the last event is about it.
fn book_labels(world: &mut World, ledger: &mut Ledger, events: &[label::Event]) -> Option<Value> {
    let mut claimed = None;
    for event in events {
        let Some(held) = world.held_labels.get_mut(&event.label_id()) else { continue };
        held.label = label::apply(held.label.clone(), event);
        held.version += 1;
        held.changed = true;
        // What is scanned later in this batch resolves as it would in the next.
        let scanned = FoundLabel::of(&held.label);
        world.labels.insert(scanned.code.clone(), scanned);
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
