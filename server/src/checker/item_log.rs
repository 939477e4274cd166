//! An item's log, read once, and walked event by event.

use std::collections::{BTreeMap, BTreeSet};

use floorline_domain::item::{self, Change, Item};
use floorline_domain::workflow::StageKey;
use floorline_domain::{EntryKey, ItemId};
use serde_json::Value;

use super::history::Event;

/// The log of one item, as far as it can be followed.
#[derive(Default)]
pub(super) struct ItemLog<'a> {
    /// Its rows by version.
    pub(super) rows: Vec<&'a Event>,
    /// What they say; ends before the first fault.
    pub(super) events: Vec<item::Event>,
    /// The first version that is missing, there twice, or that cannot be read.
    pub(super) fault: Option<String>,
}

impl<'a> ItemLog<'a> {
    /// The logs of all items.
    pub(super) fn all(events: &'a [Event]) -> BTreeMap<ItemId, Self> {
        let mut logs: BTreeMap<ItemId, Self> = BTreeMap::new();
        for event in events.iter().filter(|event| event.subject.kind == "item") {
            logs.entry(ItemId(event.subject.id)).or_default().rows.push(event);
        }
        for log in logs.values_mut() {
            log.rows.sort_by_key(|row| row.version);
            log.read();
        }
        logs
    }

    fn read(&mut self) {
        for (version, row) in (1..).zip(&self.rows) {
            if row.version != version {
                let what = if row.version > version { "is missing" } else { "is there twice" };
                self.fault = Some(format!("version {} {what}", version.min(row.version)));
                return;
            }
            match serde_json::from_value::<item::Event>(row.body.clone()) {
                Ok(event) if event.kind() == row.kind => self.events.push(event),
                Ok(event) => {
                    self.fault = Some(format!("version {version} is called {} and is {}", row.kind, event.kind()));
                    return;
                }
                Err(error) => {
                    self.fault = Some(format!("version {version} cannot be read: {error}"));
                    return;
                }
            }
        }
    }

    /// The item at a version; none before the first and after the last.
    pub(super) fn at(&self, version: i64) -> Option<Item> {
        let events = self.events.get(..usize::try_from(version).ok()?)?;
        item::fold(events)
    }

    /// How many events there are.
    pub(super) fn len(&self) -> i64 {
        self.rows.last().map_or(0, |row| row.version)
    }

    /// Visits the events after the first, each with the item before and after it. Stops at the first word.
    pub(super) fn walk<T>(&self, mut visit: impl FnMut(&Item, &item::Event, &Item) -> Option<T>) -> Option<T> {
        let mut events = self.events.iter();
        let mut item = item::fold(events.by_ref().take(1))?;
        for event in events {
            let after = item::apply(item.clone(), event);
            if let Some(word) = visit(&item, event, &after) {
                return Some(word);
            }
            item = after;
        }
        None
    }
}

/// Which visits of which stages an item has left, and by which entry.
#[derive(Default)]
pub(super) struct Leavings(BTreeMap<(StageKey, u32), EntryKey>);

impl Leavings {
    /// Follows an event; the stage and the visit when it leaves one that was left already. What is undone was not left.
    pub(super) fn follow(&mut self, before: &Item, event: &item::Event) -> Option<(StageKey, u32)> {
        let from = match &event.change {
            Change::Advanced { from, .. } | Change::Completed { from } | Change::Reworked { from, .. } => from,
            Change::Scrapped { .. } | Change::Cancelled { .. } => &before.stage,
            Change::Undone { of, .. } => {
                self.0.retain(|_, by| by != of);
                return None;
            }
            _ => return None,
        };
        let visit = (from.clone(), before.progress.visits.get(from).copied().unwrap_or_default());
        self.0.insert(visit.clone(), event.stamp.entry).map(|_| visit)
    }
}

/// Equal but for how numbers are written: 10 is 10.0, as it is to the database.
pub(super) fn alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            keys.into_iter().all(|key| a.get(key).zip(b.get(key)).is_some_and(|(a, b)| alike(a, b)))
        }
        _ => a == b,
    }
}

/// The same item, whoever wrote its numbers.
pub(super) fn same_item(a: &Item, b: &Item) -> bool {
    a == b || serde_json::to_value(a).ok().zip(serde_json::to_value(b).ok()).is_some_and(|(a, b)| alike(&a, &b))
}
