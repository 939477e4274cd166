//! Taking back.

use chrono::Duration;
use floorline_domain::{
    EntryKey, Reason, StreamId,
    item::{Command, Item, Progress, Status},
    order,
    permission::Permission,
};
use serde_json::json;

use crate::floor::*;

/// An item as far as an undo brings it back: all but how often and when it changed.
pub(crate) fn comparable(item: &Item) -> Item {
    let progress = Progress { last: None, ..item.progress.clone() };
    Item { version: 0, updated_at: noon(), progress, ..item.clone() }
}

#[test]
fn each_undoable_operation_is_taken_back_wholly() {
    let reason = || "because".to_owned();
    let cases = [
        (Status::NotStarted, note("cut.extra")),
        (Status::NotStarted, skip("cut.extra")),
        (Status::NotStarted, advance()),
        (Status::Active, note("pack.extra")),
        (Status::Active, advance()),
        (Status::Active, rework("cut")),
        (Status::Active, Command::Scrap { reason: reason() }),
        (Status::Paused, Command::Scrap { reason: reason() }),
        (Status::OnHold, Command::Scrap { reason: reason() }),
        (Status::Active, Command::Flag { reason: reason() }),
        (Status::Paused, Command::Hold { reason: reason() }),
    ];
    for (status, command) in cases {
        let mut floor = Floor::at(status);
        let before = floor.item.clone();
        floor.must(&worker(1), command.clone());
        assert_eq!(floor.must(&worker(1), undo()), ["item.undone"], "{command:?}");
        assert_eq!(comparable(&floor.item), comparable(&before), "{command:?}");
        assert!(floor.item.version > before.version);
    }
}

#[test]
fn only_the_latest_entry_is_taken_back() {
    let mut floor = Floor::at(Status::NotStarted);
    floor.must(&worker(1), note("cut.extra"));
    let first = floor.last_entry();
    floor.must(&worker(1), advance());
    let refusal = floor.refusal(&worker(1), Command::Undo { of: Some(first) });
    no(&refusal, Reason::UndoTooLate);
    assert_eq!((&refusal.detail["superseded"], &refusal.detail["op"]), (&json!(true), &json!("item.advance")));
    floor.must(&worker(1), Command::Undo { of: Some(floor.last_entry()) });
    assert_eq!(floor.item.stage, "cut");
}

#[test]
fn an_undo_is_not_itself_undone_and_not_done_twice() {
    let mut floor = Floor::at(Status::Active);
    let entry = floor.last_entry();
    floor.must(&worker(1), Command::Undo { of: Some(entry) });
    no(&floor.refusal(&worker(1), Command::Undo { of: Some(entry) }), Reason::AlreadyDone);
    no(&floor.refusal(&worker(1), undo()), Reason::TransitionNotAllowed);
}

#[test]
fn an_entry_is_also_known_by_where_it_was_first() {
    let floor = Floor::at(Status::Active);
    let elsewhere = EntryKey { stream_id: StreamId(uuid(77)), seq: 5 };
    let command = Command::Undo { of: Some(elsewhere) };
    no(&floor.refusal(&worker(1), command.clone()), Reason::UndoTooLate);
    let aliases = [floor.last_entry()];
    assert!(floor.ask_knowing(&worker(1), &command, View { aliases: &aliases, ..View::default() }).is_ok());
}

#[test]
fn scans_and_notes_do_not_come_between() {
    let mut floor = Floor::at(Status::Active);
    floor.must(&worker(2), Command::AddNote { text: "look".to_owned() });
    floor.must(&worker(2), Command::RecordScan { raw: "x".to_owned() });
    floor.must(&worker(1), undo());
    assert_eq!(floor.item.status, Status::NotStarted);
}

#[test]
fn what_cannot_be_undone_comes_between() {
    let mut floor = Floor::at(Status::Active);
    floor.must(&worker(1), Command::Claim);
    let refusal = floor.refusal(&worker(1), undo());
    no(&refusal, Reason::TransitionNotAllowed);
    assert_eq!(refusal.detail["op"], "item.claim");
}

#[test]
fn only_the_same_person_undoes() {
    let floor = Floor::at(Status::Active);
    for other in [worker(2), lead(2)] {
        let refusal = floor.refusal(&other, undo());
        no(&refusal, Reason::NotPermitted);
        assert_eq!(refusal.detail["by"], json!(worker(1).id));
    }
    no(&floor.refusal(&worker(1).without(Permission::ItemAct), undo()), Reason::NotPermitted);
}

#[test]
fn there_is_a_time_to_undo_and_a_longer_one_by_override() {
    let cases = [
        (worker(1), Duration::minutes(10), true),
        (worker(1), Duration::minutes(10) + Duration::seconds(1), false),
        (lead(1), Duration::hours(24), true),
        (lead(1), Duration::hours(24) + Duration::seconds(1), false),
    ];
    for (who, waited, possible) in cases {
        let mut floor = Floor::at(Status::Active);
        floor.wait(waited);
        let reason = floor.ask(&who, &undo()).err().map(|refusal| refusal.reason);
        assert_eq!(reason, (!possible).then_some(Reason::UndoTooLate), "{waited}");
    }
}

#[test]
fn an_item_comes_back_into_an_order_that_it_completed() {
    use order::Status::{Accepted, Cancelled, Completed, InProduction, Paused, Pending, Rejected};
    let scrap = || {
        let mut floor = Floor::at(Status::Active);
        floor.must(&worker(1), Command::Scrap { reason: "torn".to_owned() });
        floor
    };
    for (status, advance_back, scrap_back) in [
        (Accepted, true, true),
        (InProduction, true, true),
        (Completed, true, true),
        (Paused, false, true),
        (Cancelled, false, false),
        (Rejected, false, false),
        (Pending, false, false),
    ] {
        for (mut floor, possible) in [(Floor::at(Status::Completed), advance_back), (scrap(), scrap_back)] {
            floor.order = Some(status);
            let reason = floor.ask(&worker(1), &undo()).err().map(|refusal| refusal.reason);
            assert_eq!(reason, (!possible).then_some(Reason::OrderNotOpen), "{status}");
        }
    }
}
