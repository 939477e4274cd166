//! Workflows to walk through: any at all, and sound ones.

use floorline_domain::{
    action::{Config, Kind},
    workflow::{Action, Workflow},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::floor::place;

/// The keys stages have.
pub(crate) const KEYS: [&str; 10] = ["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "nowhere"];

fn key() -> impl Strategy<Value = &'static str> {
    prop::sample::select(KEYS.to_vec())
}

fn action(key: &'static str, kinds: Vec<Kind>) -> impl Strategy<Value = Value> {
    (prop::sample::select(kinds), any::<bool>()).prop_map(move |(kind, required)| {
        let config = match kind {
            Kind::Inspection => json!({"checks": ["seam"]}),
            Kind::Measurement => json!({"readings": [{"name": "seam", "unit": "mm", "min": 9, "max": 11}]}),
            Kind::Form => json!({"fields": [{"key": "grade", "type": "text", "required": true}]}),
            Kind::Scan => json!({"expected": "this_item"}),
            _ => json!({}),
        };
        json!({"key": key, "kind": kind, "required": required, "config": config})
    })
}

/// What makes a stage besides its ways.
fn traits() -> impl Strategy<Value = Value> {
    let actions =
        (prop::option::of(action("a", Kind::ALL.to_vec())), prop::option::of(action("b", Kind::ALL.to_vec())));
    (actions, 0..5_i32, prop::bool::weighted(0.2), prop::bool::weighted(0.2), any::<bool>(), prop::bool::weighted(0.2))
        .prop_map(|((a, b), order, hard_gate, assigned_only, any_rule, placed)| {
            let actions: Vec<Value> = a.into_iter().chain(b).collect();
            json!({"order": order, "hard_gate": hard_gate, "assigned_only": assigned_only, "actions": actions,
                   "completion_rule": if any_rule { "any" } else { "all" },
                   "location_ids": if placed { vec![place(5)] } else { vec![] }})
        })
}

fn with(mut stage: Value, more: Value) -> Value {
    stage.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    stage
}

/// Anything that can be read: circles, groups across everything, ways into the void.
pub(crate) fn wild() -> impl Strategy<Value = Workflow> {
    let when = prop_oneof![
        3 => Just(json!([])),
        1 => key().prop_map(|key| json!({"action": format!("{key}.a"), "is": true})),
        1 => key().prop_map(|key| json!({"action": format!("{key}.a"), "is": false})),
        1 => Just(json!({"attribute": "color", "is": null})),
    ];
    let next = prop::collection::vec((key(), when).prop_map(|(to, when)| json!({"to": to, "when": when})), 0..3);
    let rework =
        prop::collection::vec((key(), 0..3_u32).prop_map(|(to, max)| json!({"to": to, "max_visits": max})), 0..2);
    let ways = (next, rework, prop::collection::vec(key(), 0..2), prop::option::weighted(0.3, Just("g")));
    let stage = (key(), traits(), ways, prop::bool::weighted(0.2)).prop_map(|(key, traits, ways, assembly)| {
        let (next, rework, depends_on, group) = ways;
        let more = json!({"key": key, "name": key, "next": next, "rework": rework, "depends_on": depends_on,
                          "group": group, "assembly": assembly});
        with(traits, more)
    });
    prop::collection::vec(stage, 1..7)
        .prop_map(|stages| crate::floor::workflow(json!({"name": "Any", "entry": "s0", "stages": stages})))
}

/// Sound ones: a row of stages, some of them side by side in a group, with ways that skip ahead, edges back, and
/// merges that depend on their groups. The last way out of a stage is always open.
pub(crate) fn sound() -> impl Strategy<Value = Workflow> {
    let unit = (1..4_usize, any::<prop::sample::Index>(), prop::bool::weighted(0.3), prop::option::of(0..5_u32));
    (prop::collection::vec(unit, 1..4), prop::collection::vec(traits(), 12), any::<bool>()).prop_map(
        |(units, traits, detour)| {
            let mut stages: Vec<Value> = Vec::new();
            let mut begun: Vec<String> = Vec::new();
            let count = units.len();
            let names =
                |unit: usize, size: usize| -> Vec<String> { (0..size).map(|n| format!("s{}", unit * 3 + n)).collect() };
            let mut traits = traits.into_iter().cycle();
            for (index, (size, pick, skips, reworks)) in units.iter().enumerate() {
                let following = units.get(index + 1).map(|(size, pick, ..)| {
                    let members = names(index + 1, *size);
                    members[pick.index(members.len())].clone()
                });
                let before = if index > 0 { names(index - 1, units[index - 1].0) } else { Vec::new() };
                for key in names(index, *size) {
                    let mut next: Vec<Value> = following.iter().map(|to| json!({ "to": to })).collect();
                    if detour && *skips && following.is_some() {
                        next.insert(0, json!({"to": following, "when": {"attribute": "color", "is": "red"}}));
                    }
                    let target = begun.get(pick.index(begun.len().max(1)));
                    let rework: Vec<Value> =
                        reworks.iter().zip(target).map(|(max, to)| json!({"to": to, "max_visits": max + 1})).collect();
                    let more = json!({"key": key, "name": key, "next": next, "rework": rework, "depends_on": before,
                                      "group": (*size > 1).then(|| format!("g{index}"))});
                    stages.push(with(traits.next().unwrap(), more));
                }
                begun.extend(names(index, *size));
            }
            assert!(count > 0);
            let entry = stages[0]["key"].clone();
            crate::floor::workflow(json!({"name": "Sound", "entry": entry, "stages": stages}))
        },
    )
}

/// Content that passes.
pub(crate) fn good(action: &Action) -> Value {
    match &action.config {
        Config::Scan(_) => json!({"raw": "FL-7"}),
        Config::Photo(_) => json!({"photos": [{"sha256": "ab".repeat(32)}]}),
        Config::Note(_) => json!({"text": "done"}),
        Config::Approval(_) => json!({"approved": true}),
        Config::Measurement(_) => json!({"readings": [{"name": "seam", "value": 10, "unit": "mm"}]}),
        Config::Inspection(_) => json!({"checks": [{"item": "seam", "passed": true}]}),
        Config::Form(_) => json!({"fields": {"grade": "A"}}),
        Config::Signature(_) => json!({"sha256": "ab".repeat(32), "name": "Ana"}),
    }
}
