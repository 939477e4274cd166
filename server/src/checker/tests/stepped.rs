//! S5 and S6: steps that were not open, rows that are not their logs, steps made twice.

use std::collections::BTreeMap;

use floorline_domain::EntryKey;
use floorline_domain::item::{Change, Op, Status};
use serde_json::json;

use super::factory::Factory;
use super::{advance, broken_by, broken_in, note};
use crate::checker::Invariant::{self, S5, S6, S8};
use crate::checker::{History, ItemRow};

#[test]
fn a_row_is_what_its_log_makes_of_it() {
    assert_eq!(broken_by(|history| history.items[0].state.status = Status::Paused), [S5]);
    assert_eq!(broken_by(|history| history.items[0].state.progress.results.clear()), [S5]);
    assert_eq!(broken_by(|history| history.items[0].columns.stage = "cut".to_owned()), [S5]);
    assert_eq!(broken_by(|history| history.items[0].columns.version += 1), [S5]);
}

#[test]
fn every_item_has_a_log_and_every_log_an_item() {
    assert_eq!(broken_by(|history| drop(history.items.remove(0))), [S5]);
    let logless = |history: &mut History| {
        let ItemRow { org, mut state, mut columns } = history.items[0].clone();
        state.id = uuid::Uuid::from_u128(7).into();
        columns.id = state.id;
        history.items.push(ItemRow { org, state, columns });
    };
    assert_eq!(broken_by(logless), [S5]);
}

#[test]
fn the_pinned_workflow_had_every_way_that_was_taken() {
    let stage = |history: &mut History, n: usize, change: fn(&mut floorline_domain::workflow::Stage)| {
        change(&mut history.workflows[0].workflow.stages[n]);
    };
    assert_eq!(broken_by(|history| stage(history, 0, |cut| cut.next[0].to = "pack".to_owned())), [S5]);
    assert_eq!(broken_by(|history| stage(history, 0, |cut| cut.actions.clear())), [S5]);
    assert_eq!(broken_by(|history| stage(history, 1, |sew| sew.rework[0].max_visits = 0)), [S5]);
    assert_eq!(broken_by(|history| stage(history, 1, |sew| sew.rework.clear())), [S5]);
    assert_eq!(broken_by(|history| stage(history, 2, |pack| pack.depends_on = vec!["wash".to_owned()])), [S5]);
    let wanting = |history: &mut History| {
        let cut = history.workflows[0].workflow.stages[0].actions.clone();
        history.workflows[0].workflow.stages[1].actions = cut;
    };
    assert_eq!(broken_by(wanting), [S5], "sewing was left with its action undone");
    assert_eq!(broken_by(|history| history.workflows[0].workflow.entry = "sew".to_owned()), [S5]);
    assert_eq!(broken_by(|history| drop(history.workflows.remove(0))), [S5]);
}

#[test]
fn a_log_has_every_version_and_each_can_be_read() {
    let versions = |history: &mut History| {
        let last = history.events.iter_mut().rev().find(|event| event.kind == "note.added").unwrap();
        last.version += 1;
    };
    let found = broken_by(versions);
    assert!(found.contains(&S5), "{found:?}");
    let unreadable = |history: &mut History| {
        history.events.iter_mut().find(|event| event.kind == "item.completed").unwrap().body =
            json!({ "kind": "item.melted" });
    };
    assert_eq!(broken_by(unreadable), [S5, S8]);
    let misnamed = |history: &mut History| {
        history.events.iter_mut().find(|event| event.kind == "item.created").unwrap().kind = "item.started".to_owned();
    };
    assert_eq!(broken_by(misnamed), [S5, S8]);
}

#[test]
fn an_undo_brings_back_what_was() {
    let doctor = |history: &mut History| {
        let undone = history.events.iter_mut().find(|event| event.kind == "item.undone").unwrap();
        undone.body["state"]["progress"]["reworks"] = json!({});
    };
    assert_eq!(broken_by(doctor), [S5, S8]);
}

/// What is broken when a server books this on an item that went from cutting to sewing.
fn forced(changes: impl IntoIterator<Item = Vec<Change>>) -> Vec<Invariant> {
    let mut factory = Factory::new(1);
    let (item, phone) = (factory.item(), factory.phone());
    for op in [note(), advance(None)] {
        factory.save(phone, Some(item), op);
        factory.deliver(phone);
    }
    for changes in changes {
        factory.force(phone, item, changes);
    }
    broken_in(&factory.finish())
}

fn advanced(from: &str, to: &str) -> Vec<Change> {
    vec![Change::Advanced { from: from.to_owned(), to: to.to_owned() }]
}

fn completed(from: &str) -> Vec<Change> {
    vec![Change::Completed { from: from.to_owned() }]
}

#[test]
fn what_follows_the_workflow_is_legal_without_a_rule_asked() {
    assert_eq!(forced([advanced("sew", "pack"), completed("pack")]), []);
}

#[test]
fn steps_that_were_not_open_are_found() {
    let scrapped = vec![Change::Scrapped { reason: "torn".to_owned() }];
    let action = vec![Change::ActionSkipped { action_id: "cut.note".to_owned(), reason: "none".to_owned() }];
    for illegal in [advanced("pack", "sew"), advanced("sew", "cut"), completed("sew"), action, vec![Change::Started]] {
        assert_eq!(forced([illegal.clone()]), [S5], "{illegal:?}");
    }
    assert_eq!(forced([scrapped, vec![Change::Held { reason: "late".to_owned() }]]), [S5]);
    assert_eq!(forced([vec![Change::Resumed]]), [S5]);
    assert_eq!(forced([vec![Change::Claimed], vec![Change::Claimed]]), [S5]);
}

#[test]
fn only_the_latest_entry_is_undone() {
    let mut factory = Factory::new(1);
    let (item, phone) = (factory.item(), factory.phone());
    factory.save(phone, Some(item), note());
    factory.deliver(phone);
    let other = EntryKey { seq: 99, stream_id: uuid::Uuid::from_u128(7).into() };
    let mut folded = factory.history.clone();
    let item_now = floorline_domain::item::fold(
        &folded.events.drain(..).map(|event| serde_json::from_value(event.body).unwrap()).collect::<Vec<_>>(),
    );
    let state = item_now.unwrap().progress.last.unwrap().before.unwrap();
    factory.force(phone, item, [Change::Undone { of: other, op: Op::CompleteAction, state }]);
    assert_eq!(broken_in(&factory.finish()), [S5]);
}

#[test]
fn an_item_leaves_a_visit_once() {
    let scrapped = || vec![Change::Scrapped { reason: "torn".to_owned() }];
    let back = vec![Change::Reworked {
        from: "sew".to_owned(),
        to: "cut".to_owned(),
        reason: "seam".to_owned(),
        reopened: vec!["cut".to_owned()],
    }];
    assert_eq!(forced([advanced("cut", "sew")]), [S6], "cutting was left before");
    assert_eq!(forced([advanced("sew", "pack"), advanced("sew", "pack")]), [S6]);
    assert_eq!(forced([advanced("sew", "pack"), back]), [S6]);
    assert_eq!(forced([advanced("sew", "pack"), completed("pack"), completed("pack")]), [S6]);
    assert_eq!(forced([scrapped(), scrapped()]), [S6]);
}

#[test]
fn an_action_passes_once_a_visit() {
    let mut factory = Factory::new(1);
    let (item, phone) = (factory.item(), factory.phone());
    factory.save(phone, Some(item), note());
    factory.deliver(phone);
    let again = Change::ActionCompleted {
        action_id: "cut.note".to_owned(),
        passed: true,
        content: json!({ "text": "fine" }),
        evidence: Vec::new(),
    };
    factory.force(phone, item, [again]);
    let history = factory.finish();
    assert_eq!(broken_in(&history), [S6]);
    let report = crate::checker::check(&history);
    assert_eq!((report.doubled, report.lost, report.outcomes), (1, 0, BTreeMap::from([("applied".to_owned(), 2)])));
}
