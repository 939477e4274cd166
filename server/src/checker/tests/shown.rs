//! S8: what subscribers are told, and what they make of it.

use floorline_domain::item::{self, Item};
use floorline_mobile_sync::topic::Topic;

use super::factory::Factory;
use super::story::story;
use super::{advance, broken_by, note};
use crate::checker::Invariant::S8;
use crate::checker::{Base, History, TopicRow, Violation, check};

fn of_site(history: &mut History) -> &mut TopicRow {
    history.topics.iter_mut().find(|row| matches!(row.topic, Topic::Site(_))).unwrap()
}

#[test]
fn a_feed_tells_the_item_as_its_log_has_it() {
    let doctor = |history: &mut History| {
        let row = history.feed.iter_mut().find(|row| row.body.contains("item.reworked")).unwrap();
        row.body = row.body.replace("\"not_started\"", "\"paused\"").replace("\"active\"", "\"paused\"");
    };
    assert_eq!(broken_by(doctor), [S8]);
}

#[test]
fn every_step_is_told() {
    let doctor = |history: &mut History| {
        let topic = of_site(history).topic;
        let last = history.feed.iter().rposition(|row| row.topic == topic && row.body.contains("note.added")).unwrap();
        let cursor = history.feed.remove(last).cursor;
        for row in history.feed.iter_mut().filter(|row| row.topic == topic && row.cursor > cursor) {
            row.cursor -= 1;
        }
        of_site(history).head -= 1;
    };
    assert_eq!(broken_by(doctor), [S8]);
}

/// A history of one item, and the item at each version.
fn walk() -> (History, Vec<Item>) {
    let mut factory = Factory::new(1);
    let (id, phone) = (factory.item(), factory.phone());
    for op in [note(), advance(None), advance(None)] {
        factory.save(phone, Some(id), op);
        factory.deliver(phone);
    }
    let history = factory.finish();
    let events: Vec<item::Event> =
        history.events.iter().map(|event| serde_json::from_value(event.body.clone()).unwrap()).collect();
    let states = (1..=events.len()).map(|n| item::fold(&events[..n]).unwrap()).collect();
    (history, states)
}

/// What is found when a phone shows this.
fn shown(base: Base, history: &History) -> Vec<Violation> {
    check(&History { bases: vec![base], ..history.clone() }).violations
}

#[test]
fn a_phone_shows_the_fold_of_the_log_to_its_cursor() {
    let (mut history, states) = walk();
    let topic = of_site(&mut history).topic;
    let at = |cursor, item: &Item| shown(Base { topic, cursor, items: vec![item.clone()] }, &history);
    // Version 1 was told by no event, so cursor n brings version n + 1.
    for (cursor, item) in (0..).zip(&states) {
        assert_eq!(at(cursor, item), []);
    }
    assert_eq!(at(0, &states[2]), [], "fetched by itself, it may be ahead");
    assert_eq!(at(2, &states[1])[0].invariant, S8, "it is behind");
    let changed = Item { code: "CAP-OTHER".to_owned(), ..states[2].clone() };
    assert_eq!(at(2, &changed)[0].invariant, S8);
    let unheard_of = Item { version: 99, ..states[2].clone() };
    assert_eq!(at(2, &unheard_of)[0].invariant, S8);
    assert_eq!(shown(Base { topic, cursor: 4, items: Vec::new() }, &history), [], "nothing loaded, nothing wrong");
}

#[test]
fn the_story_is_told_as_it_was() {
    let history = story();
    for row in history.topics.iter().filter(|row| matches!(row.topic, Topic::Site(_))) {
        let items = history.items.iter().filter(|item| item.org == row.org).map(|row| row.state.clone()).collect();
        assert_eq!(shown(Base { topic: row.topic, cursor: row.head, items }, &history), []);
    }
}
