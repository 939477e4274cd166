//! The forms in which items, events and workflows are stored and travel.

use floorline_domain::{
    item::{Command, Event, Op, Status},
    order,
    workflow::Workflow,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{floor::*, workflows};

#[test]
fn an_event_is_flat_and_says_who_when_and_why() {
    let mut floor = Floor::at(Status::NotStarted);
    floor.must(&worker(1), advance());
    let stamp = json!({"by": worker(1).id, "at": "2026-11-20T12:00:00Z", "stream_id": floor.stream, "seq": 2});
    let with = |more: Value| {
        let mut event = more;
        event.as_object_mut().unwrap().extend(stamp.as_object().unwrap().clone());
        event
    };
    let events: Vec<Value> = floor.log[1..].iter().map(|event| serde_json::to_value(event).unwrap()).collect();
    assert_eq!(
        events,
        [with(json!({"kind": "item.started"})), with(json!({"kind": "item.advanced", "from": "cut", "to": "pack"}))]
    );
}

#[test]
fn every_event_is_named_as_it_is_stored() {
    let mut floor = Floor::at(Status::NotStarted);
    floor.components = vec![crate::item_components::component(1, Status::Completed)];
    let reason = || "because".to_owned();
    let lead = lead(1);
    let steps = vec![
        note("cut.extra"),
        advance(),
        skip("pack.extra"),
        rework("cut"),
        Command::Pause,
        Command::Resume,
        Command::Fail { reason: None },
        Command::Resume,
        Command::Flag { reason: reason() },
        Command::Hold { reason: reason() },
        Command::Release { reason: None },
        Command::Claim,
        Command::Assign { user_id: worker(3).id },
        Command::Move { location_id: place(4), site_id: Some(place(0)) },
        Command::Assemble { component_ids: vec![floor.components[0].id] },
        Command::AddNote { text: reason() },
        Command::RecordScan { raw: reason() },
        advance(),
        advance(),
        undo(),
        Command::Scrap { reason: reason() },
        undo(),
        Command::Cancel { reason: None },
    ];
    for step in steps {
        floor.must(&lead, step);
    }
    let mut kinds = std::collections::BTreeSet::new();
    for event in &floor.log {
        let stored = serde_json::to_value(event).unwrap();
        assert_eq!(stored["kind"], event.kind());
        assert_eq!(serde_json::from_value::<Event>(stored).unwrap(), *event);
        kinds.insert(event.kind());
    }
    assert_eq!(kinds.len(), 22, "{kinds:?}");
    assert_eq!(floorline_domain::item::fold(&floor.log).unwrap(), floor.item);
}

#[test]
fn a_new_item_is_compact() {
    let stored = serde_json::to_value(&Floor::at(Status::NotStarted).item).unwrap();
    assert_eq!(stored["progress"], json!({"visits": {"cut": 1}}));
    for absent in ["order_id", "hold_version", "attributes", "completed_at", "assigned_to"] {
        assert!(stored.get(absent).is_none(), "{absent}");
    }
}

#[test]
fn the_workflow_of_the_document_is_read_and_written() {
    let document = json!({"name": "Jackets", "entry": "cut", "stages": [
        {"key": "cut", "name": "Cutting", "order": 1, "completion_rule": "all", "next": [{"to": "sew"}]},
        {"key": "sew", "name": "Sewing", "order": 2, "expected_minutes": 20, "location_ids": [place(1)],
         "roles": ["operator"], "assigned_only": true, "assembly": true, "hard_gate": true, "completion_rule": "any",
         "depends_on": ["cut"], "group": "g", "color": "#aabbcc", "position": {"x": 0.0, "y": 1.5},
         "actions": [
            {"key": "seam", "kind": "measurement", "label": "Seam", "required": true,
             "config": {"readings": [{"name": "seam", "unit": "mm", "nominal": 10.0, "tolerance": 0.5}]}},
            {"key": "finish", "kind": "inspection", "label": "", "required": false,
             "config": {"checks": ["hem"], "pass": 1}},
            {"key": "who", "kind": "scan", "label": "", "required": false, "config": {"expected": "user"}}],
         "next": [{"to": "wash", "when": {"action": "sew.finish", "field": "passed", "is": true}},
                  {"to": "wash", "when": [{"attribute": "size", "min": 1.0, "max": 2.0},
                                          {"attribute": "color", "any_of": ["red", null]}]},
                  {"to": "wash", "when": {"attribute": "color", "is": null}},
                  {"to": "pack"}],
         "rework": [{"to": "cut", "max_visits": 3}]},
        {"key": "wash", "name": "Washing", "order": 3, "completion_rule": "all"},
        {"key": "pack", "name": "Packing", "order": 4, "completion_rule": "all"}]});
    let workflow = Workflow::read(document.clone()).unwrap();
    assert_eq!(serde_json::to_value(&workflow).unwrap(), document);
}

#[test]
fn a_condition_is_one_thing_of_one_kind() {
    for when in [
        json!({"is": true}),
        json!({"action": "a.b", "attribute": "c", "is": true}),
        json!({"action": "a.b"}),
        json!({"action": "a.b", "is": true, "min": 1}),
        json!({"attribute": "a", "any_of": ["x"], "is": "x"}),
        json!("always"),
    ] {
        let stage = json!({"key": "a", "name": "A", "next": [{"to": "b", "when": when}]});
        let read = Workflow::read(json!({"name": "W", "entry": "a", "stages": [stage]}));
        assert_eq!(read.unwrap_err().code, "malformed", "{when}");
    }
}

#[test]
fn operations_and_statuses_are_words() {
    for op in Op::ALL {
        assert_eq!(op.as_str().parse(), Ok(*op));
    }
    for status in Status::ALL {
        assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
    }
    for status in order::Status::ALL {
        assert_eq!(status.as_str().parse(), Ok(*status));
    }
    assert_eq!("fine".parse::<Status>().unwrap_err().to_string(), "\"fine\" is no item status");
}

proptest! {
    #[test]
    fn workflows_survive_storage(workflow in workflows::wild()) {
        let stored = serde_json::to_string(&workflow).unwrap();
        prop_assert_eq!(Workflow::read(serde_json::from_str(&stored).unwrap()).unwrap(), workflow);
    }

    /// Attributes and contents may hold any number; none changes on the way.
    #[test]
    fn numbers_survive_storage(number in any::<f64>().prop_filter("JSON has no infinity", |number| number.is_finite())) {
        let mut floor = Floor::at(Status::NotStarted);
        floor.item.attributes.insert("weight".to_owned(), json!(number));
        let stored = serde_json::to_string(&floor.item).unwrap();
        prop_assert_eq!(serde_json::from_str::<floorline_domain::item::Item>(&stored).unwrap(), floor.item);
    }
}
