//! S7 and S8: feeds have no gaps, and whoever follows one sees what the log says.

use std::collections::{BTreeMap, BTreeSet};

use floorline_domain::ItemId;
use floorline_domain::item::{self, Change, Item};
use floorline_mobile_sync::topic::Topic;
use serde_json::Value;

use super::history::Base;
use super::index::{FeedLine, Index};
use super::item_log::{ItemLog, alike, same_item};
use super::report::Invariant::{S7, S8};
use super::report::Violation;

/// Cursors go from the topic's floor to its head, each once; every row can be read.
pub(super) fn feeds_have_no_holes(index: &Index<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut topics = BTreeSet::new();
    for topic in &index.history.topics {
        topics.insert(topic.topic);
        let lines = index.feeds.get(&topic.topic).map(Vec::as_slice).unwrap_or_default();
        let mut next = topic.floor + 1;
        for line in lines.iter().filter(|line| line.row.cursor > topic.floor) {
            if line.row.cursor != next {
                found.push(S7.broken(format!("{} goes from {} to {}", topic.topic, next - 1, line.row.cursor)));
            }
            next = line.row.cursor + 1;
        }
        if next - 1 != topic.head {
            found.push(S7.broken(format!("{} ends at {}, its head is {}", topic.topic, next - 1, topic.head)));
        }
    }
    for (topic, lines) in &index.feeds {
        if !topics.contains(topic) {
            found.push(S7.broken(format!("{topic} has a feed and no head")));
        }
        let unreadable = lines.iter().find(|line| line.body.is_none());
        found.extend(unreadable.map(|line| S7.broken(format!("{topic} cannot be read at {}", line.row.cursor))));
    }
    found
}

/// The state that a site's feed tells of an item is the fold of its log to that version.
pub(super) fn items_are_told_as_they_are(index: &Index<'_>) -> Vec<Violation> {
    let mut told: BTreeMap<ItemId, Vec<(Topic, i64, i64, &Value)>> = BTreeMap::new();
    for (topic, lines) in &index.feeds {
        for line in lines {
            let Some((id, version, after)) = told_item(*topic, line) else { continue };
            told.entry(id).or_default().push((*topic, line.row.cursor, version, after));
        }
    }
    let mut found = Vec::new();
    for (id, rows) in told {
        let states = index.logs.get(&id).map(states).unwrap_or_default();
        for (topic, cursor, version, after) in rows {
            let folded = version.checked_sub(1).and_then(|place| states.get(usize::try_from(place).ok()?));
            if !folded.is_some_and(|state| alike(state, after)) {
                let what = format!("{topic} tells at {cursor} of item {id} what is not its version {version}");
                found.push(S8.broken(what));
            }
        }
    }
    found
}

/// An item's id, version and state, when a site's feed tells of one.
fn told_item<'a>(topic: Topic, line: &'a FeedLine<'_>) -> Option<(ItemId, i64, &'a Value)> {
    let body = line.body.as_ref().filter(|body| body.subject.kind == "item" && body.after.is_object())?;
    let version = body.after.get("version").and_then(Value::as_i64).filter(|_| matches!(topic, Topic::Site(_)))?;
    Some((ItemId(body.subject.id), version, &body.after))
}

/// The item at each version, as JSON.
fn states(log: &ItemLog<'_>) -> Vec<Value> {
    let mut states: Vec<Value> = item::fold(log.events.iter().take(1)).iter().map(as_json).collect();
    log.walk(|_, _, after| {
        states.push(as_json(after));
        None::<()>
    });
    states
}

fn as_json(item: &Item) -> Value {
    serde_json::to_value(item).unwrap_or_default()
}

/// Every step of an item is told to its site, as long as the feed goes back that far. An item may come to be untold: the
/// acceptance of an order tells of all its items at once.
pub(super) fn items_are_told_whole(index: &Index<'_>) -> Vec<Violation> {
    let whole = index.history.topics.iter().filter(|topic| topic.floor == 0).map(|topic| topic.topic);
    let whole: BTreeSet<Topic> = whole.collect();
    let mut told: BTreeSet<(Topic, ItemId, i64)> = BTreeSet::new();
    for (topic, lines) in &index.feeds {
        let items = lines.iter().filter_map(|line| told_item(*topic, line));
        told.extend(items.map(|(id, version, _)| (*topic, id, version)));
    }
    let mut found = Vec::new();
    for (id, log) in &index.logs {
        let untold = log.walk(|_, event, after| {
            let topic = Topic::Site(after.site_id);
            let silent = !matches!(event.change, Change::Created(_)) && whole.contains(&topic);
            (silent && !told.contains(&(topic, *id, after.version))).then_some((topic, after.version))
        });
        found.extend(
            untold.map(|(topic, version)| S8.broken(format!("{topic} never told version {version} of item {id}"))),
        );
    }
    found
}

/// A phone's floor is the fold of the log to its cursor. Items it never loaded are no fault of its; one that it fetched by itself may be
/// ahead of the cursor.
pub(super) fn floors_are_the_log(index: &Index<'_>) -> Vec<Violation> {
    index.history.bases.iter().flat_map(|base| differences(index, base)).collect()
}

fn differences(index: &Index<'_>, base: &Base) -> Vec<Violation> {
    let mut told: BTreeMap<ItemId, i64> = BTreeMap::new();
    let lines = index.feeds.get(&base.topic).map(Vec::as_slice).unwrap_or_default();
    for (id, version, _) in
        lines.iter().filter(|line| line.row.cursor <= base.cursor).filter_map(|line| told_item(base.topic, line))
    {
        told.entry(id).and_modify(|known| *known = version.max(*known)).or_insert(version);
    }
    let mut found = Vec::new();
    for item in &base.items {
        let behind = told.get(&item.id).is_some_and(|version| item.version < *version);
        let folded = index.logs.get(&item.id).and_then(|log| log.at(item.version));
        if behind || !folded.is_some_and(|folded| same_item(&folded, item)) {
            let what = format!("at {} of {} a phone shows another item {}", base.cursor, base.topic, item.id);
            found.push(S8.broken(what));
        }
    }
    found
}
