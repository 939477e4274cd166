//! Which way an item goes: conditions, groups and their merge, dependencies, rework.

use floorline_domain::{
    Reason,
    item::{Status, route},
};
use serde_json::json;

use crate::floor::*;

/// An inspection that decides: passed to packing, failed to repair, from where it comes again.
fn inspected() -> Floor {
    Floor::new(workflow(json!({"name": "Inspected", "entry": "check", "stages": [
        {"key": "check", "name": "Check",
         "actions": [{"key": "look", "kind": "inspection", "required": true, "config": {"checks": ["seam", "hem"]}},
                     {"key": "note", "kind": "note"}],
         "next": [{"to": "pack", "when": {"action": "check.look", "field": "passed", "is": true}},
                  {"to": "repair", "when": {"action": "check.look", "field": "passed", "is": false}}]},
        {"key": "repair", "name": "Repair", "next": [{"to": "pack"}], "rework": [{"to": "check", "max_visits": 1}]},
        {"key": "pack", "name": "Pack"}]})))
}

fn look(seam: bool) -> floorline_domain::item::Command {
    complete("check.look", json!({"checks": [{"item": "seam", "passed": seam}, {"item": "hem", "passed": true}]}))
}

#[test]
fn a_condition_on_a_failure_lets_the_failure_through() {
    let mut floor = inspected();
    floor.must(&worker(1), look(false));
    floor.must(&worker(1), advance());
    assert_eq!(floor.item.stage, "repair");
}

#[test]
fn a_condition_not_yet_decided_means_actions_are_missing() {
    let floor = inspected();
    no(&floor.refusal(&worker(1), advance()), Reason::ActionsMissing);
    no(&floor.refusal(&worker(1), advance_to("pack")), Reason::ActionsMissing);
}

#[test]
fn a_way_that_is_closed_is_not_taken() {
    let mut floor = inspected();
    floor.must(&worker(1), look(true));
    let refusal = floor.refusal(&worker(1), advance_to("repair"));
    no(&refusal, Reason::StageNotAllowed);
    assert_eq!(refusal.detail, json!({"from": "check", "to": "repair", "allowed": ["pack"]}));
    floor.must(&worker(1), advance_to("pack"));
}

#[test]
fn a_failure_that_no_condition_looks_at_stays_in_the_way() {
    let mut document = serde_json::to_value(&inspected().workflow).unwrap();
    document["stages"][0]["next"] = json!([{"to": "pack"}, {"to": "repair"}]);
    let mut floor = Floor::new(workflow(document));
    floor.must(&worker(1), look(false));
    no(&floor.refusal(&worker(1), advance()), Reason::ActionsMissing);
}

#[test]
fn rework_is_counted_for_each_edge() {
    let mut floor = inspected();
    floor.must(&worker(1), look(false));
    floor.must(&worker(1), advance());
    let refusal = floor.refusal(&worker(1), rework("pack"));
    assert_eq!((refusal.reason, &refusal.detail["allowed"]), (Reason::StageNotAllowed, &json!(["check"])));
    floor.must(&worker(1), rework("check"));
    floor.must(&worker(1), look(false));
    floor.must(&worker(1), advance());
    let refusal = floor.refusal(&worker(1), rework("check"));
    no(&refusal, Reason::VisitsExceeded);
    assert_eq!(refusal.detail, json!({"from": "repair", "to": "check", "visits": 1, "max_visits": 1}));
}

#[test]
fn conditions_look_at_attributes_and_contents() {
    let cases = [
        (json!({"attribute": "color", "is": "red"}), true),
        (json!({"attribute": "color", "is": "blue"}), false),
        (json!({"attribute": "color", "any_of": ["blue", "red"]}), true),
        (json!({"attribute": "size", "min": 40}), true),
        (json!({"attribute": "size", "max": 41.9}), false),
        (json!({"attribute": "size", "is": 42.0}), true),
        (json!({"attribute": "none", "is": null}), true),
        (json!({"attribute": "none", "min": 0}), false),
        (json!({"action": "sew.m", "field": "length", "min": 10}), true),
        (json!({"action": "sew.f", "field": "grade", "is": "A"}), true),
        (json!({"action": "sew.i", "field": "hem", "is": false}), true),
        (json!({"action": "sew.i", "is": false}), true),
        (json!({"action": "sew.m", "field": "skipped", "is": false}), true),
        (json!({"action": "sew.never", "is": false}), false),
        (json!([{"attribute": "color", "is": "red"}, {"attribute": "size", "is": 42}]), true),
        (json!([{"attribute": "color", "is": "red"}, {"attribute": "size", "is": 43}]), false),
    ];
    for (when, expected) in cases {
        let mut floor = Floor::new(workflow(json!({"name": "W", "entry": "sew", "stages": [
            {"key": "sew", "name": "Sew", "next": [{"to": "yes", "when": when}, {"to": "no"}], "actions": [
                {"key": "m", "kind": "measurement", "config": {"readings": [{"name": "length", "unit": "mm"}]}},
                {"key": "f", "kind": "form", "config": {"fields": [{"key": "grade", "type": "text"}]}},
                {"key": "i", "kind": "inspection", "config": {"checks": ["hem"]}},
                {"key": "never", "kind": "note"}]},
            {"key": "yes", "name": "Yes"}, {"key": "no", "name": "No"}]})));
        floor.item.attributes = [("color".to_owned(), json!("red")), ("size".to_owned(), json!(42))].into();
        floor.must(&worker(1), complete("sew.m", json!({"readings": [{"name": "length", "value": 12, "unit": "mm"}]})));
        floor.must(&worker(1), complete("sew.f", json!({"fields": {"grade": "A"}})));
        floor.must(&worker(1), complete("sew.i", json!({"checks": [{"item": "hem", "passed": false}]})));
        floor.must(&worker(1), advance());
        assert_eq!(floor.item.stage, if expected { "yes" } else { "no" }, "{when}");
    }
}

/// start → {a, b, c in any order} → merge
fn grouped() -> Floor {
    let member = |key: &str, order: i32| {
        json!({"key": key, "name": key, "order": order, "group": "prep", "next": [{"to": "merge"}],
               "rework": [{"to": "start", "max_visits": 3}]})
    };
    Floor::new(workflow(json!({"name": "Grouped", "entry": "start", "stages": [
        {"key": "start", "name": "Start", "next": [{"to": "b"}]},
        member("a", 3), member("b", 2), member("c", 1),
        {"key": "merge", "name": "Merge", "depends_on": ["a", "b", "c"],
         "rework": [{"to": "a", "max_visits": 3}, {"to": "start", "max_visits": 3}]}]})))
}

fn targets(floor: &Floor) -> Vec<&str> {
    let stage = floor.workflow.stage(&floor.item.stage).unwrap();
    route::ways(&floor.workflow, stage, &floor.item).into_iter().map(|way| way.to.unwrap().key.as_str()).collect()
}

#[test]
fn a_group_is_visited_in_any_order_and_wholly() {
    let mut floor = grouped();
    floor.must(&worker(1), advance());
    assert_eq!(floor.item.stage, "b");
    assert_eq!(targets(&floor), ["c", "a"], "the lowest order first");
    no(&floor.refusal(&worker(1), advance_to("merge")), Reason::StageNotAllowed);
    floor.must(&worker(1), advance_to("a"));
    assert_eq!(targets(&floor), ["c"]);
    floor.must(&worker(1), advance());
    assert_eq!(targets(&floor), ["merge"]);
    floor.must(&worker(1), advance());
    floor.must(&worker(1), advance());
    assert_eq!(floor.item.status, Status::Completed);
}

#[test]
fn sending_back_to_one_member_redoes_only_that_one() {
    let mut floor = grouped();
    for _ in 0..4 {
        floor.must(&worker(1), advance());
    }
    assert_eq!(floor.item.stage, "merge");
    floor.must(&worker(1), rework("a"));
    assert_eq!(targets(&floor), ["merge"]);
}

#[test]
fn sending_back_before_the_group_redoes_all_of_it() {
    let mut floor = grouped();
    for _ in 0..4 {
        floor.must(&worker(1), advance());
    }
    floor.must(&worker(1), rework("start"));
    floor.must(&worker(1), advance());
    assert_eq!(targets(&floor), ["c", "a"]);
}

#[test]
fn sending_back_out_of_a_group_redoes_what_was_done_of_it() {
    let mut floor = grouped();
    floor.must(&worker(1), advance());
    floor.must(&worker(1), advance());
    floor.must(&worker(1), rework("start"));
    assert!(floor.item.progress.completed_stages.is_empty());
}

#[test]
fn a_stage_waits_for_what_it_depends_on() {
    let mut floor = Floor::new(workflow(json!({"name": "W", "entry": "a", "stages": [
        {"key": "a", "name": "A", "next": [{"to": "c"}, {"to": "b"}]},
        {"key": "b", "name": "B", "next": [{"to": "c"}]},
        {"key": "c", "name": "C", "depends_on": ["a", "b"]}]})));
    let refusal = floor.refusal(&worker(1), advance());
    no(&refusal, Reason::StageNotAllowed);
    assert_eq!(refusal.detail, json!({"from": "a", "to": "c", "unmet": ["b"]}));
    floor.must(&worker(1), advance_to("b"));
    floor.must(&worker(1), advance());
    assert_eq!(floor.item.stage, "c");
}

#[test]
fn a_workflow_that_is_not_the_items_is_noticed() {
    let mut floor = inspected();
    floor.item.stage = "elsewhere".to_owned();
    no(&floor.refusal(&worker(1), advance()), Reason::Internal);
}
