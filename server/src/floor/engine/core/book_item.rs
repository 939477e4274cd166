//! Carries out what happened to an item.

use floorline_domain::item::{self, Change, Item};
use floorline_domain::{ItemId, OrderId, OrgId, UserId, order};
use floorline_mobile_sync::entry::Entry;
use floorline_mobile_sync::verdict::After;
use serde_json::{Value, json};

use super::book::Booked;
use super::book_order::{count, follow, progress};
use super::ledger::Ledger;
use super::record::{Record, Subject, Topic};
use super::world::{MeasurementRow, PhotoReference, World};
use crate::identity::push::News;

/// Applies events to an item, one feed event each, and lets its components and its order follow.
pub(super) fn book_item(
    world: &mut World,
    ledger: &mut Ledger,
    entry: &Entry,
    id: ItemId,
    events: &[item::Event],
) -> Booked {
    let mut booked = Booked::default();
    for event in events {
        let Some(carried) = carry(world, ledger, id, event) else { break };
        for (component, event) in following(world, &carried.after, event) {
            carry(world, ledger, component, &event);
        }
        for (order, command) in carried.for_order {
            follow(world, ledger, order, &command, carried.after.site_id);
        }
        let after = carried.after;
        keep_particulars(world, entry, &after, event, carried.brand);
        if matches!(event.change, Change::Released { .. }) {
            ledger.job("cases.retry", json!({ "item_id": id }), ledger.now());
        }
        booked.after = Some(After { item_id: id, version: after.version, stage: after.stage.clone() });
        booked.item = Some(after);
    }
    booked.evidence_pending = pending(world, events);
    booked
}

/// One event of one item, carried out and told.
struct Carried {
    after: Item,
    brand: Option<OrgId>,
    /// What follows for its order.
    for_order: Vec<(OrderId, order::Command)>,
}

fn carry(world: &mut World, ledger: &mut Ledger, id: ItemId, event: &item::Event) -> Option<Carried> {
    let held = world.items.get_mut(&id)?;
    let after = item::apply(held.item.clone(), event);
    let before = std::mem::replace(&mut held.item, after.clone());
    held.changed = true;
    if let Some((user, news)) = news(&before, event) {
        ledger.tell(user, news, id.0);
    }
    let brand = held.brand;
    let counted = after.order_id.filter(|_| after.parent_id.is_none());
    let for_order = counted.map(|order| count(world, order, &before, &after, event)).unwrap_or_default();
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
    ledger.record(Record {
        subject: Subject::item(id),
        version: after.version,
        kind: event.kind(),
        data: serde_json::to_value(event).unwrap_or_default(),
        after: &after,
        topics,
        brand_after,
    });
    Some(Carried { after, brand, for_order })
}

/// Whom it concerns beside the one who did it, and as what.
fn news(before: &Item, event: &item::Event) -> Option<(UserId, News)> {
    let (user, news) = match &event.change {
        Change::Assigned { user_id } => (*user_id, News::ItemAssigned),
        Change::Held { .. } => (before.assigned_to?, News::ItemHeld),
        Change::Scrapped { .. } => (before.assigned_to?, News::ItemScrapped),
        Change::Cancelled { .. } => (before.assigned_to?, News::ItemCancelled),
        Change::Released { .. } => (before.assigned_to?, News::ItemReleased),
        _ => return None,
    };
    (user != event.stamp.by).then_some((user, news))
}

/// What an event of an item means for its components. They were loaded with it, under lock.
fn following(world: &World, item: &Item, event: &item::Event) -> Vec<(ItemId, item::Event)> {
    let components = world.items.iter();
    components.filter_map(|(id, held)| Some((*id, item::follow(item, event, &held.item)?))).collect()
}

fn pending(world: &World, events: &[item::Event]) -> bool {
    events.iter().any(|event| match &event.change {
        Change::ActionCompleted { evidence, .. } => evidence.iter().any(|sha256| !world.photos.contains_key(sha256)),
        _ => false,
    })
}

/// Readings and references to files, kept in tables of their own.
fn keep_particulars(world: &mut World, entry: &Entry, item: &Item, event: &item::Event, brand: Option<OrgId>) {
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
