//! What a batch asks for, brought from the tables: first everything it need not lock, then its rows under their locks.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use floorline_domain::item::Item;
use floorline_domain::label::{self, Target};
use floorline_domain::{CaseId, EntryKey, ItemId, LabelId, LeaseId, LocationId, OrderId, StreamId, UserId};
use floorline_mobile_sync::chain::Hash;
use floorline_mobile_sync::entry::Origin;
use floorline_mobile_sync::limits::OFFLINE_MAX;
use floorline_server::floor::engine::core::{
    Alias, FoundLabel, FoundOrigin, FoundReceipt, Lease, Loaded, Needs, Person, World,
};

use super::locks::Key;
use super::tables::{ReceiptRow, Tables};

/// What was found at the look-up, before any row but the streams was locked: it may be older than the rows.
#[derive(Clone)]
pub(crate) struct Found {
    receipts: BTreeMap<(StreamId, i64), FoundReceipt>,
    origins: BTreeMap<Origin, FoundOrigin>,
    aliases: BTreeMap<(StreamId, i64), Vec<Alias>>,
    pub(crate) items: BTreeMap<ItemId, Option<OrderId>>,
    labels: BTreeMap<String, FoundLabel>,
    texts: BTreeMap<String, ItemId>,
    people: BTreeMap<UserId, Person>,
    leases: BTreeMap<LeaseId, Lease>,
    places: BTreeMap<LocationId, LocationId>,
    too_old: Option<i64>,
}

/// Looks up what `needs` names and need not be locked.
pub(crate) fn look_up(tables: &Tables, needs: &Needs, now: DateTime<Utc>) -> Found {
    let receipt = |key: &(StreamId, i64)| Some((*key, found(tables.receipts.get(key)?)));
    let cutoff = now - TimeDelta::from_std(OFFLINE_MAX).unwrap_or(TimeDelta::days(14));
    let marks = tables.topics.get(&format!("site:{}", tables.site)).map(|topic| &topic.marks);
    let old = marks.and_then(|marks| marks.values().rev().find(|(committed, _)| *committed < cutoff));
    let places = needs.places.iter().filter_map(|id| Some((*id, *tables.places.get(id)?)));
    let people = needs.users.iter().filter_map(|id| Some((*id, person(tables, *id)?)));
    let items = needs.items.iter().filter_map(|id| Some((*id, tables.item(*id)?.order_id)));
    let text = |text: &String| {
        let item = tables.items.values().find(|held| label::registered_as(&held.item.code) == *text)?;
        Some((text.clone(), item.item.id))
    };
    Found {
        receipts: needs.receipts.iter().filter_map(receipt).collect(),
        origins: needs.origins.iter().filter_map(|origin| Some((*origin, origin_of(tables, origin)?))).collect(),
        aliases: needs.receipts.iter().map(|key| (*key, aliases(tables, *key))).collect(),
        items: items.collect(),
        labels: tables
            .labels
            .values()
            .filter(|held| needs.codes.contains(held.label.code.as_str()))
            .map(|held| (held.label.code.as_str().to_owned(), FoundLabel::of(&held.label)))
            .collect(),
        texts: needs.texts.iter().filter_map(text).collect(),
        people: people.collect(),
        leases: needs.leases.iter().filter_map(|id| Some((*id, tables.leases.get(id)?.clone()))).collect(),
        places: places.collect(),
        too_old: old.map(|(_, cursor)| *cursor),
    }
}

fn found(row: &ReceiptRow) -> FoundReceipt {
    let receipt = &row.receipt;
    FoundReceipt {
        stream_id: receipt.stream_id,
        seq: receipt.seq,
        hash: Hash(receipt.hash),
        outcome: receipt.outcome,
        reason: receipt.reason,
        verdict: row.kept.then(|| receipt.verdict.clone()),
        case_id: row.case,
    }
}

fn origin_of(tables: &Tables, origin: &Origin) -> Option<FoundOrigin> {
    let (own, decided) = (tables.streams.get(&origin.stream_id), tables.decided(origin));
    // A stream that was opened after the backup is not known to a restored server; what was offered again of it is.
    let stream = own.or_else(|| tables.streams.get(&decided?.receipt.stream_id))?;
    Some(FoundOrigin {
        stream_id: origin.stream_id,
        seq: origin.seq,
        hash: origin.hash,
        device_id: stream.held.device,
        outcome: decided.map(|row| row.receipt.outcome),
        reason: decided.and_then(|row| row.receipt.reason),
        verdict: decided.filter(|row| row.kept).map(|row| row.receipt.verdict.clone()),
    })
}

fn aliases(tables: &Tables, (stream_id, seq): (StreamId, i64)) -> Vec<Alias> {
    let range = (stream_id, seq, Hash([0; 32]))..=(stream_id, seq, Hash([255; 32]));
    let alias = |((_, _, hash), (stream, seq)): (&(_, _, Hash), &(_, _))| Alias {
        hash: *hash,
        key: EntryKey { stream_id: *stream, seq: *seq },
    };
    tables.origins.range(range).map(alias).collect()
}

fn person(tables: &Tables, id: UserId) -> Option<Person> {
    let shift = tables.shifts.get(&id);
    Some(Person {
        shift_location: shift.and_then(|held| held.shift.location_id),
        shift_active_at: shift.map(|held| held.shift.last_active_at),
        ..tables.people.get(&id)?.clone()
    })
}

/// The rows to lock after the look-up, in the protocol's order.
pub(crate) fn row_keys(tables: &Tables, needs: &Needs, found: &Found) -> Vec<Key> {
    let cases: BTreeSet<CaseId> =
        found.receipts.values().filter_map(|receipt| receipt.case_id).chain(needs.cases.iter().copied()).collect();
    let orders: BTreeSet<OrderId> = found.items.values().flatten().copied().collect();
    let cases = cases.into_iter().map(Key::Case);
    let orders = orders.into_iter().map(Key::Order);
    let items = family(tables, needs).into_iter().map(Key::Item);
    let labels = labels(tables, needs).into_iter().map(Key::Label);
    let shifts = needs.shifts.iter().copied().map(Key::Shift);
    cases.chain(orders).chain(items).chain(labels).chain(shifts).collect()
}

/// Items with their components.
fn family(tables: &Tables, needs: &Needs) -> BTreeSet<ItemId> {
    let of = |item: &Item| {
        needs.items.contains(&item.id) || item.parent_id.is_some_and(|parent| needs.items.contains(&parent))
    };
    tables.items.values().filter(|held| of(&held.item)).map(|held| held.item.id).collect()
}

fn labels(tables: &Tables, needs: &Needs) -> Vec<LabelId> {
    if needs.claimed.is_empty() {
        return Vec::new();
    }
    let wanted = |label: &label::Label| {
        let on = |id: &ItemId| label.status == label::Status::Active && label.target == Some(Target::Item(*id));
        needs.claimed.contains(label.code.as_str()) || needs.claiming.iter().any(on)
    };
    tables.labels.values().filter(|held| wanted(&held.label)).map(|held| held.label.id).collect()
}

/// The rows themselves, once they are locked.
pub(crate) fn load(tables: &Tables, needs: &Needs, found: Found) -> Loaded {
    let cases = found.receipts.values().filter_map(|receipt| receipt.case_id).chain(needs.cases.iter().copied());
    let case_states = cases.filter_map(|id| Some((id, tables.cases.get(&id)?.state))).collect();
    let (unreadable, readable): (BTreeSet<ItemId>, BTreeSet<ItemId>) =
        family(tables, needs).into_iter().partition(|id| tables.unreadable.contains(id));
    let items = readable.iter().filter_map(|id| Some((*id, (**tables.items.get(id)?).clone()))).collect();
    let orders = found.items.values().flatten().filter_map(|id| Some((*id, tables.orders.get(id)?.clone()))).collect();
    let held_labels = labels(tables, needs).into_iter().filter_map(|id| Some((id, tables.labels.get(&id)?.clone())));
    let shifts = needs.shifts.iter().filter_map(|id| Some((*id, tables.shifts.get(id)?.clone())));
    let world = World {
        site: Some(tables.site),
        items,
        orders,
        held_labels: held_labels.collect(),
        shifts: shifts.collect(),
        shift_rows: Vec::new(),
        touched: BTreeSet::new(),
        workflows: tables.workflows.clone(),
        people: found.people,
        leases: found.leases,
        places: found.places,
        labels: found.labels,
        texts: found.texts,
        known_items: found.items.keys().copied().collect(),
        photos: tables.photos.clone(),
        receipts: found.receipts,
        aliases: found.aliases,
        case_states,
        unreadable,
        strict: false,
        too_old: found.too_old,
        scans: Vec::new(),
        measurements: Vec::new(),
        photo_references: BTreeSet::new(),
        cases: Vec::new(),
    };
    Loaded { world, origins: found.origins }
}
