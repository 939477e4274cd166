//! Every operation in every status.

use floorline_domain::{
    Reason,
    item::{Command, Op, Status, allowed},
};
use serde_json::json;

use crate::floor::*;

/// One command for each operation.
fn command(op: Op, floor: &Floor) -> Command {
    let reason = "because".to_owned();
    let action_id = format!("{}.extra", floor.item.stage);
    match op {
        Op::Create => unreachable!("an item is created by no command"),
        Op::CompleteAction => note(&action_id),
        Op::SkipAction => skip(&action_id),
        Op::Advance => advance(),
        Op::Pause => Command::Pause,
        Op::Resume => Command::Resume,
        Op::Flag => Command::Flag { reason },
        Op::Scrap => Command::Scrap { reason },
        Op::Hold => Command::Hold { reason },
        Op::Release => Command::Release { reason: None },
        Op::Rework => rework("cut"),
        Op::Assign => Command::Assign { user_id: worker(9).id },
        Op::Claim => Command::Claim,
        Op::Move => Command::Move { location_id: place(7), site_id: Some(place(0)) },
        Op::Assemble => Command::Assemble { component_ids: vec![floor.components[0].id] },
        Op::Undo => undo(),
        Op::AddNote => Command::AddNote { text: "look".to_owned() },
        Op::RecordScan => Command::RecordScan { raw: "M123".to_owned() },
        Op::Cancel => Command::Cancel { reason: None },
        Op::Fail => Command::Fail { reason: None },
    }
}

const COLUMNS: [Status; 8] = [
    Status::NotStarted,
    Status::Active,
    Status::Paused,
    Status::OnHold,
    Status::Error,
    Status::Completed,
    Status::Scrapped,
    Status::Cancelled,
];

/// A cell is the status afterwards, or the reason why not. The item is held from `active`; an item that was started is
/// at packing, from where an advance completes it.
const TABLE: &str = "
    action.complete  active       active     ITEM_PAUSED  ON_HOLD    TRANSITION_NOT_ALLOWED  ITEM_CLOSED  ITEM_CLOSED   ITEM_CLOSED
    action.skip      active       active     ITEM_PAUSED  ON_HOLD    TRANSITION_NOT_ALLOWED  ITEM_CLOSED  ITEM_CLOSED   ITEM_CLOSED
    item.advance     active       completed  ITEM_PAUSED  ON_HOLD    TRANSITION_NOT_ALLOWED  ITEM_CLOSED  ITEM_CLOSED   ITEM_CLOSED
    item.pause       TRANSITION_NOT_ALLOWED paused ALREADY_DONE ON_HOLD TRANSITION_NOT_ALLOWED ITEM_CLOSED ITEM_CLOSED  ITEM_CLOSED
    item.resume      TRANSITION_NOT_ALLOWED ALREADY_DONE active ON_HOLD active               ITEM_CLOSED  ITEM_CLOSED   ITEM_CLOSED
    item.flag        not_started  active     paused       on_hold    error                   ITEM_CLOSED  ITEM_CLOSED   ITEM_CLOSED
    item.scrap       scrapped     scrapped   scrapped     scrapped   scrapped                ITEM_CLOSED  ALREADY_DONE  ITEM_CLOSED
    item.hold        on_hold      on_hold    on_hold      ALREADY_DONE TRANSITION_NOT_ALLOWED ITEM_CLOSED ITEM_CLOSED   ITEM_CLOSED
    item.release     ALREADY_DONE ALREADY_DONE ALREADY_DONE active   TRANSITION_NOT_ALLOWED  ITEM_CLOSED  ITEM_CLOSED   ITEM_CLOSED
    item.rework      TRANSITION_NOT_ALLOWED active ITEM_PAUSED ON_HOLD TRANSITION_NOT_ALLOWED ITEM_CLOSED ITEM_CLOSED   ITEM_CLOSED
    item.assign      not_started  active     paused       on_hold    error                   ITEM_CLOSED  ITEM_CLOSED   ITEM_CLOSED
    item.claim       not_started  active     paused       on_hold    error                   ITEM_CLOSED  ITEM_CLOSED   ITEM_CLOSED
    item.move        not_started  active     paused       on_hold    error                   ITEM_CLOSED  ITEM_CLOSED   ITEM_CLOSED
    item.assemble    not_started  active     paused       on_hold    error                   ITEM_CLOSED  ITEM_CLOSED   ITEM_CLOSED
    item.undo        TRANSITION_NOT_ALLOWED not_started TRANSITION_NOT_ALLOWED active TRANSITION_NOT_ALLOWED active active ITEM_CLOSED
    note.add         not_started  active     paused       on_hold    error                   completed    scrapped      cancelled
    scan.record      not_started  active     paused       on_hold    error                   completed    scrapped      cancelled
    item.cancel      cancelled    cancelled  cancelled    cancelled  cancelled               ITEM_CLOSED  ITEM_CLOSED   ALREADY_DONE
    item.fail        TRANSITION_NOT_ALLOWED error TRANSITION_NOT_ALLOWED ON_HOLD ALREADY_DONE ITEM_CLOSED ITEM_CLOSED   ITEM_CLOSED
";

#[test]
fn every_operation_in_every_status() {
    let mut tried = 0;
    for row in TABLE.lines().filter(|line| !line.trim().is_empty()) {
        let mut cells = row.split_whitespace();
        let op: Op = cells.next().unwrap().parse().unwrap();
        for status in COLUMNS {
            let expected = cells.next().unwrap();
            let mut floor = Floor::at(status);
            floor.components = vec![crate::item_components::component(1, Status::Completed)];
            let command = command(op, &floor);
            // Who may override is asked where it matters; here the same person does everything.
            let result = floor.try_to(&lead(1), &command);
            let got = match result {
                Ok(_) => floor.item.status.as_str(),
                Err(refusal) => refusal.reason.as_str(),
            };
            assert_eq!(got, expected, "{op} in {status}");
            tried += 1;
        }
        assert!(cells.next().is_none());
    }
    assert_eq!(tried, (Op::ALL.len() - 1) * Status::ALL.len());
}

#[test]
fn what_is_allowed_agrees_with_the_table() {
    for row in TABLE.lines().filter(|line| !line.trim().is_empty()) {
        let mut cells = row.split_whitespace();
        let op: Op = cells.next().unwrap().parse().unwrap();
        for status in COLUMNS {
            let happens = cells.next().unwrap().parse::<Status>().is_ok();
            if op != Op::Undo {
                assert_eq!(allowed(status).contains(&op), happens, "{op} in {status}");
            }
        }
    }
}

#[test]
fn the_first_work_starts_an_item() {
    for (command, kind) in
        [(note("cut.extra"), "action.completed"), (skip("cut.extra"), "action.skipped"), (advance(), "item.advanced")]
    {
        let mut floor = Floor::at(Status::NotStarted);
        assert_eq!(floor.must(&worker(1), command), ["item.started", kind]);
        assert_eq!(floor.item.status, Status::Active);
        assert_eq!(floor.item.version, 3);
    }
}

#[test]
fn a_hold_gives_back_the_status_before_it() {
    for status in [Status::NotStarted, Status::Active, Status::Paused] {
        let mut floor = Floor::at(status);
        floor.must(&worker(1), Command::Hold { reason: "crack".to_owned() });
        assert_eq!(floor.item.hold_version, Some(floor.item.version));
        floor.must(&worker(2), Command::Release { reason: None });
        assert_eq!(floor.item.status, status);
        assert_eq!((floor.item.hold_version, floor.item.status_before_hold), (None, None));
    }
}

#[test]
fn a_failed_item_is_resumed_only_by_override() {
    let mut floor = Floor::at(Status::Error);
    let refusal = floor.refusal(&worker(1), Command::Resume);
    no(&refusal, Reason::NotPermitted);
    assert_eq!(refusal.detail, json!({"permission": "item:override"}));
    floor.must(&lead(2), Command::Resume);
    assert_eq!(floor.item.status, Status::Active);
}

#[test]
fn a_closed_item_stops_the_worker_and_says_who_closed_it() {
    let floor = Floor::at(Status::Scrapped);
    let refusal = floor.refusal(&worker(2), note("pack.extra"));
    no(&refusal, Reason::ItemClosed);
    assert!(refusal.stop);
    assert_eq!(refusal.detail, json!({"status": "scrapped", "by": worker(1).id, "at": noon(), "reason": "torn"}));
}

#[test]
fn a_refused_transition_says_what_can_be_done() {
    let refusal = Floor::at(Status::NotStarted).refusal(&worker(1), Command::Pause);
    assert_eq!(refusal.detail["from"], "not_started");
    let allowed = refusal.detail["allowed"].as_array().unwrap();
    assert!(allowed.contains(&json!("item.advance")) && !allowed.contains(&json!("item.pause")));
}

#[test]
fn a_pause_still_names_its_person_after_a_hold() {
    let mut floor = Floor::at(Status::Paused);
    floor.must(&worker(5), Command::Hold { reason: "crack".to_owned() });
    let refusal = floor.refusal(&worker(2), advance());
    assert_eq!((refusal.reason, &refusal.detail["by"]), (Reason::OnHold, &json!(worker(5).id)));
    floor.must(&worker(6), Command::Release { reason: None });
    let refusal = floor.refusal(&worker(2), advance());
    assert_eq!((refusal.reason, &refusal.detail["by"]), (Reason::ItemPaused, &json!(worker(1).id)));
}
