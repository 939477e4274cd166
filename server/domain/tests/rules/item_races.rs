//! Two people, one item: whoever comes second is told the truth and nothing happens twice.

use floorline_domain::{
    Outcome, Reason,
    item::{Command, Status},
};
use serde_json::json;

use crate::floor::*;

/// cut → sew → pack, a required note in each; packing can send back to cutting.
fn garment() -> Floor {
    let stage = |key: &str, next: Option<&str>| {
        let next: Vec<_> = next.into_iter().map(|to| json!({ "to": to })).collect();
        let rework = if key == "pack" { json!([{"to": "cut", "max_visits": 2}]) } else { json!([]) };
        json!({"key": key, "name": key, "actions": [{"key": "note", "kind": "note", "required": true}],
               "next": next, "rework": rework})
    };
    Floor::new(workflow(json!({"name": "Garment", "entry": "cut", "stages": [
        stage("cut", Some("sew")), stage("sew", Some("pack")), stage("pack", None)]})))
}

fn through(floor: &mut Floor, stages: &[&str]) {
    for stage in stages {
        floor.must(&worker(1), note(&format!("{stage}.note")));
        floor.must(&worker(1), advance());
    }
}

#[test]
fn the_same_action_twice_is_done_already() {
    let mut floor = garment();
    floor.must(&worker(1), note("cut.note"));
    let refusal = floor.late(&worker(2), "cut", note("cut.note"));
    no(&refusal, Reason::AlreadyDone);
    assert_eq!(refusal.outcome, Outcome::Noop);
    assert_eq!((&refusal.detail["by"], &refusal.detail["at"]), (&json!(worker(1).id), &json!(noon())));
}

#[test]
fn the_same_action_after_the_item_went_on_is_done_already() {
    let mut floor = garment();
    through(&mut floor, &["cut"]);
    no(&floor.late(&worker(2), "cut", note("cut.note")), Reason::AlreadyDone);
}

#[test]
fn the_same_advance_twice_is_done_already() {
    let mut floor = garment();
    through(&mut floor, &["cut"]);
    let refusal = floor.late(&worker(2), "cut", advance());
    no(&refusal, Reason::AlreadyDone);
    assert_eq!(refusal.detail["stage_now"], "sew");
    no(&floor.late(&worker(2), "cut", advance_to("sew")), Reason::AlreadyDone);
}

#[test]
fn an_advance_elsewhere_is_not_the_same() {
    let mut floor = garment();
    through(&mut floor, &["cut"]);
    let refusal = floor.late(&worker(2), "cut", advance_to("pack"));
    no(&refusal, Reason::StageMoved);
    assert_eq!(refusal.detail, json!({"stage_now": "sew", "by": worker(1).id, "at": noon()}));
}

#[test]
fn the_last_step_twice_is_done_already_and_not_an_alarm() {
    let mut floor = garment();
    through(&mut floor, &["cut", "sew", "pack"]);
    assert_eq!(floor.item.status, Status::Completed);
    no(&floor.late(&worker(2), "pack", advance()), Reason::AlreadyDone);
    no(&floor.late(&worker(2), "pack", note("pack.note")), Reason::AlreadyDone);
    no(&floor.late(&worker(2), "pack", rework("cut")), Reason::ItemClosed);
    no(&floor.late(&worker(2), "pack", Command::Scrap { reason: "torn".to_owned() }), Reason::ItemClosed);
}

#[test]
fn work_for_a_stage_that_was_left_is_refused() {
    let mut floor = garment();
    through(&mut floor, &["cut", "sew"]);
    floor.must(&worker(3), rework("cut"));
    // Sewing has to be done again, so that it was done once answers nothing.
    for action in ["sew.note", "pack.note", "cut.note"] {
        let refusal = floor.late(&worker(2), "sew", note(action));
        no(&refusal, Reason::StageMoved);
        assert_eq!(refusal.detail["stage_now"], "cut", "{action}");
    }
    no(&floor.refusal(&worker(2), note("sew.note")), Reason::StageMoved);
    no(&floor.late(&worker(2), "sew", advance()), Reason::StageMoved);
}

#[test]
fn what_comes_before_the_stage_gone_back_to_stays_done() {
    let mut floor = Floor::new(workflow(json!({"name": "Garment", "entry": "cut", "stages": [
        {"key": "cut", "name": "Cut", "actions": [{"key": "note", "kind": "note"}], "next": [{"to": "sew"}]},
        {"key": "sew", "name": "Sew", "actions": [{"key": "note", "kind": "note"}], "next": [{"to": "pack"}]},
        {"key": "pack", "name": "Pack", "rework": [{"to": "sew", "max_visits": 2}]}]})));
    through(&mut floor, &["cut", "sew"]);
    floor.must(&worker(3), rework("sew"));
    no(&floor.late(&worker(2), "cut", note("cut.note")), Reason::AlreadyDone);
    floor.must(&worker(1), note("sew.note"));
    no(&floor.late(&worker(2), "sew", note("sew.note")), Reason::AlreadyDone);
}

#[test]
fn an_action_of_another_stage_is_refused_even_without_a_stage_seen() {
    let floor = garment();
    no(&floor.refusal(&worker(1), note("sew.note")), Reason::StageMoved);
}

#[test]
fn after_rework_the_stage_is_done_anew() {
    let mut floor = garment();
    through(&mut floor, &["cut", "sew"]);
    floor.must(&worker(1), rework("cut"));
    assert_eq!(floor.item.visit(), 2);
    assert!(floor.item.result("cut.note").is_none());
    no(&floor.refusal(&worker(1), advance()), Reason::ActionsMissing);
    through(&mut floor, &["cut", "sew", "pack"]);
    assert_eq!(floor.item.status, Status::Completed);
}

#[test]
fn the_same_rework_twice_is_done_already() {
    let mut floor = garment();
    through(&mut floor, &["cut", "sew"]);
    floor.must(&worker(1), rework("cut"));
    no(&floor.late(&worker(2), "pack", rework("cut")), Reason::AlreadyDone);
    assert_eq!(floor.item.progress.reworks["pack>cut"], 1);
}

#[test]
fn an_advance_to_where_the_item_is_needs_no_step() {
    let mut floor = garment();
    through(&mut floor, &["cut"]);
    no(&floor.refusal(&worker(2), advance_to("sew")), Reason::AlreadyDone);
    // Someone who saw it there and still wants it there is mistaken.
    floor.must(&worker(1), note("sew.note"));
    no(&floor.late(&worker(2), "sew", advance_to("sew")), Reason::StageNotAllowed);
}

#[test]
fn a_hold_the_worker_could_not_know_of_keeps_the_work() {
    let mut floor = garment();
    floor.must(&worker(1), Command::Hold { reason: "crack".to_owned() });
    let hold = floor.item.hold_version.unwrap();
    let ask = |base, present| {
        let asked =
            floor.ask_knowing(&worker(2), &note("cut.note"), View { version: base, present, ..View::default() });
        let refusal = asked.unwrap_err();
        no(&refusal, Reason::OnHold);
        assert_eq!(refusal.detail["reason"], "crack");
        refusal.outcome
    };
    assert_eq!(ask(Some(hold - 1), false), Outcome::Parked);
    assert_eq!(ask(Some(hold), false), Outcome::Rejected);
    assert_eq!(ask(Some(hold + 1), false), Outcome::Rejected);
    assert_eq!(ask(None, false), Outcome::Parked);
    assert_eq!(ask(None, true), Outcome::Rejected);
}

#[test]
fn notes_and_scans_of_others_disturb_nothing() {
    let mut floor = garment();
    floor.must(&worker(2), Command::AddNote { text: "look".to_owned() });
    floor.must(&worker(3), Command::RecordScan { raw: "x".to_owned() });
    let asked = floor.ask_knowing(
        &worker(1),
        &note("cut.note"),
        View { stage: Some("cut"), version: Some(1), ..View::default() },
    );
    assert!(asked.is_ok());
}

#[test]
fn closing_beats_holding_beats_pausing_beats_the_order() {
    let mut floor = Floor::at(Status::Paused);
    floor.order = Some(floorline_domain::order::Status::Paused);
    no(&floor.late(&worker(2), "cut", note("cut.extra")), Reason::ItemPaused);
    floor.must(&worker(1), Command::Hold { reason: "crack".to_owned() });
    no(&floor.late(&worker(2), "cut", note("cut.extra")), Reason::OnHold);
    floor.must(&worker(1), Command::Scrap { reason: "torn".to_owned() });
    no(&floor.late(&worker(2), "cut", note("cut.extra")), Reason::ItemClosed);
    let mut floor = Floor::at(Status::Active);
    floor.order = Some(floorline_domain::order::Status::Paused);
    no(&floor.late(&worker(2), "cut", note("cut.extra")), Reason::OrderNotOpen);
    floor.order = None;
    no(&floor.late(&worker(2), "cut", note("cut.extra")), Reason::StageMoved);
}
