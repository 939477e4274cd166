//! Carries out what happened to an item.

use floorline_domain::ItemId;
use floorline_domain::item::{self, Change, Item};
use floorline_mobile_sync::entry::Entry;
use floorline_mobile_sync::verdict::After;
use serde_json::{Value, json};

use super::book::Booked;
use super::book_order::{count, follow, progress};
use super::ledger::Ledger;
use super::record::{Record, Subject, Topic};
use super::world::{MeasurementRow, PhotoReference, World};

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
