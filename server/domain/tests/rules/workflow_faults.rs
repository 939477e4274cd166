//! Every fault of a workflow, named, and all of them at once.

use floorline_domain::workflow::{MAX_BYTES, MAX_PATTERNS, MAX_STAGES, Workflow};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    floor::{place, workflow},
    workflows,
};

fn faults(workflow: &Workflow) -> Vec<String> {
    let known = |location| location == place(1);
    workflow.validate(known).into_iter().map(|fault| format!("{} {}", fault.path, fault.code)).collect()
}

/// A sound row a → b → c, with some of it changed.
fn changed(pointer: &str, value: Value) -> Vec<String> {
    let mut document = json!({"name": "Row", "entry": "a", "stages": [
        {"key": "a", "name": "A", "location_ids": [place(1)], "group": null, "depends_on": [], "roles": [],
         "actions": [{"key": "n", "kind": "note"}, {"key": "m", "kind": "note", "config": {}}],
         "next": [{"to": "b", "when": {"action": "a.n", "is": true}}, {"to": "b"}], "rework": []},
        {"key": "b", "name": "B", "group": null, "depends_on": ["a"], "next": [{"to": "c"}],
         "rework": [{"to": "a", "max_visits": 2}]},
        {"key": "c", "name": "C", "group": null, "depends_on": ["a", "b"], "next": []}]});
    if pointer.is_empty() {
        return faults(&workflow(document));
    }
    *document.pointer_mut(pointer).unwrap() = value;
    faults(&workflow(document))
}

#[test]
fn a_sound_workflow_has_no_faults() {
    assert_eq!(changed("", json!(null)), Vec::<String>::new());
}

#[test]
fn each_fault_is_named() {
    let cases = [
        ("/name", json!(" "), vec!["name required"]),
        ("/entry", json!("x"), vec!["entry unknown_stage"]),
        ("/stages/1/name", json!(""), vec!["stages[1].name required"]),
        ("/stages/0/location_ids", json!([place(2)]), vec!["stages[0].location_ids[0] unknown_location"]),
        ("/stages/0/actions/1/key", json!("n"), vec!["stages[0].actions[1].key duplicate_id"]),
        ("/stages/0/actions/1/key", json!("a.b"), vec!["stages[0].actions[1].key invalid_key"]),
        (
            "/stages/0/actions/1/config",
            json!({"max_length": 0}),
            vec!["stages[0].actions[1].config.max_length invalid_config"],
        ),
        ("/stages/0/roles", json!(vec!["r"; 101]), vec!["stages[0].roles too_many"]),
        ("/stages/0/roles", json!(["r".repeat(201)]), vec!["stages[0].roles[0] too_long"]),
        ("/stages/0/name", json!("n".repeat(201)), vec!["stages[0].name too_long"]),
        ("/stages/0/group", json!("g".repeat(201)), vec!["stages[0].group too_long"]),
        ("/name", json!("n".repeat(201)), vec!["name too_long"]),
        (
            "/stages/0/actions/1",
            json!({"key": "m", "kind": "note", "label": "l".repeat(201)}),
            vec!["stages[0].actions[1].label too_long"],
        ),
        (
            "/stages/0/actions/1",
            json!({"key": "m", "kind": "scan", "config": {"expected": " "}}),
            vec!["stages[0].actions[1].config.expected invalid_config"],
        ),
        (
            "/stages/0/actions/1",
            json!({"key": "m", "kind": "inspection", "config": {"checks": (0..201).map(|n| n.to_string()).collect::<Vec<_>>()}}),
            vec!["stages[0].actions[1].config.checks invalid_config"],
        ),
        (
            "/stages/0/next/0/when",
            json!(vec![json!({"attribute": "x", "is": 1}); 51]),
            vec!["stages[0].next[0].when too_many"],
        ),
        ("/stages/0/next/0/when", json!({"action": "a.x", "is": 1}), vec!["stages[0].next[0].when unknown_action"]),
        ("/stages/0/next/0/when", json!({"attribute": "x", "any_of": []}), vec!["stages[0].next[0].when never_true"]),
        (
            "/stages/0/next/0/when",
            json!({"attribute": "x", "min": 2, "max": 1}),
            vec!["stages[0].next[0].when never_true"],
        ),
        ("/stages/1/rework/0/to", json!("x"), vec!["stages[1].rework[0].to unknown_stage"]),
        ("/stages/1/rework/0/to", json!("b"), vec!["stages[1].rework[0].to cycle"]),
        ("/stages/1/rework/0/max_visits", json!(0), vec!["stages[1].rework[0].max_visits range"]),
        (
            "/stages/1/rework",
            json!([{"to": "a", "max_visits": 1}, {"to": "a", "max_visits": 2}]),
            vec!["stages[1].rework[1].to duplicate_id"],
        ),
        ("/stages/1/next/0/to", json!("b"), vec!["stages[1].next[0].to cycle"]),
        ("/stages/2/next", json!([{"to": "a"}]), vec!["stages no_exit", "stages cycle"]),
        ("/stages/1/depends_on/0", json!("x"), vec!["stages[1].depends_on[0] unknown_stage"]),
        (
            "/stages/1/depends_on/0",
            json!("c"),
            vec!["stages[1].depends_on[0] unmet_dependency", "stages dependency_cycle"],
        ),
        (
            "/stages/0/depends_on",
            json!(["b"]),
            vec!["stages[0].depends_on[0] unmet_dependency", "stages dependency_cycle"],
        ),
    ];
    for (pointer, value, mut expected) in cases {
        let mut got = changed(pointer, value.clone());
        // A change may bring about more than the fault it is for: the way onwards is then broken too.
        if pointer == "/stages/1/next/0/to" {
            got.retain(|fault| fault.ends_with("cycle"));
        }
        got.sort();
        expected.sort_unstable();
        assert_eq!(got, expected, "{pointer} {value}");
    }
}

#[test]
fn all_faults_are_told_at_once() {
    let broken = workflow(json!({"name": "", "entry": "a", "stages": [
        {"key": "a", "name": "", "location_ids": [place(9)], "next": [{"to": "b"}, {"to": "x"}]},
        {"key": "b", "name": "B", "next": [{"to": "a"}]},
        {"key": "b", "name": "B again"},
        {"key": "lost", "name": "Lost"}]}));
    let found = faults(&broken);
    for expected in [
        "name required",
        "stages[0].name required",
        "stages[0].location_ids[0] unknown_location",
        "stages[0].next[1].to unknown_stage",
        "stages[2].key duplicate_id",
        "stages[3] unreachable_stage",
        "stages no_exit",
        "stages cycle",
    ] {
        assert!(found.iter().any(|fault| fault == expected), "{expected} is not in {found:?}");
    }
}

#[test]
fn groups_are_reached_and_left_as_one() {
    let member = |key: &str| json!({"key": key, "name": key, "group": "g", "next": [{"to": "merge"}]});
    let grouped = |a: Value, merge: Value| {
        workflow(json!({"name": "G", "entry": "start", "stages": [
            {"key": "start", "name": "S", "next": [{"to": "a"}]}, a, member("b"), merge]}))
    };
    let merge = json!({"key": "merge", "name": "M", "depends_on": ["a", "b"]});
    assert_eq!(faults(&grouped(member("a"), merge.clone())), Vec::<String>::new());
    let names_member = json!({"key": "a", "name": "a", "group": "g", "next": [{"to": "b"}]});
    assert_eq!(faults(&grouped(names_member, merge)), ["stages[1].next[0].to group_member"]);
    let back = json!({"key": "merge", "name": "M", "next": [{"to": "b"}]});
    assert_eq!(faults(&grouped(member("a"), back)), ["stages no_exit", "stages cycle"]);
}

#[test]
fn members_of_a_group_may_wait_for_one_another_but_not_round_in_circles() {
    let member = |key: &str, on: Value| json!({"key": key, "name": key, "group": "g", "depends_on": on});
    let pair = |a: Value, b: Value| {
        workflow(json!({"name": "G", "entry": "s", "stages": [{"key": "s", "name": "S", "next": [{"to": "a"}]}, a, b]}))
    };
    assert_eq!(faults(&pair(member("a", json!([])), member("b", json!(["a"])))), Vec::<String>::new());
    assert_eq!(faults(&pair(member("a", json!(["b"])), member("b", json!(["a"])))), ["stages dependency_cycle"]);
}

#[test]
fn where_items_begin_nothing_can_have_come_before() {
    let member = |key: &str, on: Value| json!({"key": key, "name": key, "group": "g", "depends_on": on});
    let stages = json!([member("a", json!(["b"])), member("b", json!([]))]);
    let begun = workflow(json!({"name": "G", "entry": "a", "stages": stages}));
    assert_eq!(faults(&begun), ["stages[0].depends_on[0] unmet_dependency"]);
}

#[test]
fn a_stage_that_only_rework_leads_to_is_reached() {
    let repaired = workflow(json!({"name": "R", "entry": "check", "stages": [
        {"key": "check", "name": "C", "rework": [{"to": "repair", "max_visits": 3}]},
        {"key": "repair", "name": "R", "next": [{"to": "check"}]}]}));
    assert_eq!(faults(&repaired), Vec::<String>::new());
}

#[test]
fn too_much_is_one_fault() {
    let stage = |n: usize| json!({"key": format!("s{n}"), "name": "", "next": [{"to": "nowhere"}]});
    let many = |count: usize| {
        workflow(json!({"name": "M", "entry": "s0", "stages": (0..count).map(stage).collect::<Vec<_>>()}))
    };
    assert_eq!(faults(&many(10_000)), ["stages too_many_stages"]);
    assert!(faults(&many(MAX_STAGES)).len() > MAX_STAGES);
    let wide = json!({"key": "s0", "name": "S", "next": vec![json!({"to": "s0"}); 5_001]});
    assert_eq!(faults(&workflow(json!({"name": "W", "entry": "s0", "stages": [wide]}))), ["stages too_many_ways"]);
    let patterned = |key: usize| json!({"key": format!("f{key}"), "type": "text", "pattern": "[a-z]+"});
    let form = |from: usize, count: usize| {
        let fields: Vec<Value> = (from..from + count).map(patterned).collect();
        json!({"key": format!("a{from}"), "kind": "form", "config": {"fields": fields}})
    };
    let forms = |count: usize| {
        let stage = json!({"key": "s0", "name": "S", "actions": [form(0, 100), form(100, count)]});
        faults(&workflow(json!({"name": "F", "entry": "s0", "stages": [stage]})))
    };
    assert_eq!(forms(MAX_PATTERNS - 100), Vec::<String>::new());
    assert_eq!(forms(MAX_PATTERNS - 99), ["stages too_many_patterns"]);
    let heavy = json!({"key": "s0", "name": "x".repeat(MAX_BYTES)});
    assert_eq!(faults(&workflow(json!({"name": "H", "entry": "s0", "stages": [heavy]}))), ["stages too_large"]);
}

/// Two groups of 250 as tight as they may be. Looking at every member for every way there is takes a hundred million
/// steps.
#[test]
fn large_groups_that_wait_for_one_another_are_checked_in_good_time() {
    let near = |n: usize| (0..10).map(move |k| (n + k) % 250);
    let first = (0..250).map(|n| {
        let next: Vec<Value> = near(n).map(|k| json!({"to": format!("b{k}")})).collect();
        json!({"key": format!("a{n}"), "name": "A", "group": "a", "next": next})
    });
    let second = (0..250).map(|n| {
        let depends_on: Vec<String> = near(n).map(|k| format!("a{k}")).collect();
        json!({"key": format!("b{n}"), "name": "B", "group": "b", "depends_on": depends_on})
    });
    let stages: Vec<Value> = first.chain(second).collect();
    let started = std::time::Instant::now();
    assert_eq!(faults(&workflow(json!({"name": "L", "entry": "a0", "stages": stages}))), Vec::<String>::new());
    assert!(started.elapsed().as_secs() < 10, "it took {:?}", started.elapsed());
}

#[test]
fn nothing_is_no_workflow() {
    assert_eq!(faults(&workflow(json!({"name": "N", "entry": "a", "stages": []}))), ["stages no_stages"]);
    let error = Workflow::read(json!({"name": "N"})).unwrap_err();
    assert_eq!(error.code, "malformed");
    assert!(error.message.contains("entry"));
}

#[test]
fn the_largest_workflow_is_checked_in_good_time() {
    // A row in which every stage names the next ten and waits for the first.
    let stages: Vec<Value> = (0..MAX_STAGES)
        .map(|n| {
            let next: Vec<Value> =
                (n + 1..(n + 10).min(MAX_STAGES)).map(|to| json!({"to": format!("s{to}")})).collect();
            let depends_on = if n == 0 { vec![] } else { vec!["s0"] };
            json!({"key": format!("s{n}"), "name": "S", "next": next, "depends_on": depends_on})
        })
        .collect();
    assert_eq!(faults(&workflow(json!({"name": "L", "entry": "s0", "stages": stages}))), Vec::<String>::new());
}

proptest! {
    /// Anything that can be read is checked, and faults say where they are.
    #[test]
    fn anything_is_checked(workflow in workflows::wild()) {
        for fault in workflow.validate(|_| true) {
            prop_assert!(!fault.message.is_empty() && !fault.path.is_empty());
        }
    }

    /// A workflow without faults has none of those that stop items.
    #[test]
    fn sound_ones_are_found_sound(workflow in workflows::sound()) {
        prop_assert_eq!(workflow.validate(|_| true), []);
    }

    /// A way back that is not rework is always found.
    #[test]
    fn a_circle_is_always_found(sound in workflows::sound(), from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>()) {
        let mut workflow = sound;
        let from = from.index(workflow.stages.len());
        let key = workflow.stages[to.index(from + 1)].key.clone();
        let next = floorline_domain::workflow::Next { to: key, when: Default::default() };
        workflow.stages[from].next.push(next);
        let codes: Vec<String> = workflow.validate(|_| true).into_iter().map(|fault| fault.code).collect();
        prop_assert!(codes.iter().any(|code| code == "cycle" || code == "group_member"), "{:?}", codes);
    }
}
