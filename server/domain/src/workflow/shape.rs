//! Faults of the graph as a whole: stages that nothing leads to, ways that lead nowhere or round in circles,
//! dependencies that cannot be met.

use std::collections::{BTreeMap, BTreeSet};

use super::{Fault, Workflow, graph::Graph};

/// Every fault of the shape. References to stages that do not exist are told elsewhere and lead nowhere here.
pub(super) fn faults(workflow: &Workflow) -> Vec<Fault> {
    let graph = Graph::of(workflow);
    if !graph.stages.contains_key(workflow.entry.as_str()) {
        // Nothing can be said without a beginning, except about circles.
        return cycles(workflow, &graph).into_iter().collect();
    }
    let mut faults = unreachable(workflow, &graph);
    faults.extend(exit(workflow, &graph));
    faults.extend(cycles(workflow, &graph));
    faults.extend(dependencies(workflow, &graph));
    faults
}

fn unreachable(workflow: &Workflow, graph: &Graph<'_>) -> Vec<Fault> {
    let reachable = graph.reachable([workflow.entry.as_str()], true);
    let lost = workflow.stages.iter().enumerate().filter(|(_, stage)| !reachable.contains(stage.key.as_str()));
    lost.map(|(index, stage)| {
        let message = format!("no way leads to stage {:?}", stage.key);
        Fault::new("unreachable_stage", format!("stages[{index}]"), message)
    })
    .collect()
}

fn exit(workflow: &Workflow, graph: &Graph<'_>) -> Option<Fault> {
    let reachable = graph.reachable([workflow.entry.as_str()], true);
    let has_exit = reachable.iter().filter_map(|key| graph.stages.get(key)).any(|stage| workflow.is_exit(stage));
    (!has_exit).then(|| Fault::new("no_exit", "stages", "no stage without a next one can be reached"))
}

/// A circle of `next`, where a group counts as one: its members come in any order. What is left after taking away,
/// again and again, every unit that nothing leads to or that leads nowhere, is on a circle or between two.
fn cycles(workflow: &Workflow, graph: &Graph<'_>) -> Option<Fault> {
    let mut edges: BTreeSet<(&str, &str)> = BTreeSet::new();
    for stage in &workflow.stages {
        let (from, targets) = (graph.unit(&stage.key), graph.next(&stage.key));
        edges.extend(targets.into_iter().map(|to| (from, graph.unit(to))).filter(|(from, to)| from != to));
    }
    let circle = on_circles(edges);
    (!circle.is_empty()).then(|| {
        let message = format!("only rework may lead back; there is a circle through {}", listed(&circle));
        Fault::new("cycle", "stages", message)
    })
}

fn on_circles<'a>(mut edges: BTreeSet<(&'a str, &'a str)>) -> BTreeSet<&'a str> {
    loop {
        let sources: BTreeSet<&str> = edges.iter().map(|(from, _)| *from).collect();
        let targets: BTreeSet<&str> = edges.iter().map(|(_, to)| *to).collect();
        let before = edges.len();
        edges.retain(|(from, to)| targets.contains(from) && sources.contains(to));
        if edges.len() == before {
            return edges.into_iter().map(|(from, _)| from).collect();
        }
    }
}

/// A dependency must be able to come first. Stages that only rework leads to are asked along rework edges too.
fn dependencies(workflow: &Workflow, graph: &Graph<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let forward = graph.reachable([workflow.entry.as_str()], false);
    let mut after: BTreeMap<(&str, bool), BTreeSet<&str>> = BTreeMap::new();
    let mut edges = BTreeSet::new();
    for (index, stage) in workflow.stages.iter().enumerate() {
        let back = !forward.contains(stage.key.as_str());
        for (place, key) in stage.depends_on.iter().enumerate() {
            let Some(dependency) = graph.stages.get(key.as_str()) else { continue };
            edges.insert((stage.key.as_str(), dependency.key.as_str()));
            let reached = after
                .entry((&dependency.key, back))
                .or_insert_with(|| graph.reachable([dependency.key.as_str()], back));
            let comes_first = reached.contains(stage.key.as_str()) && *key != stage.key && stage.key != workflow.entry;
            if !comes_first {
                let message = format!("stage {key:?} cannot be completed before {:?} begins", stage.key);
                faults.push(Fault::new("unmet_dependency", format!("stages[{index}].depends_on[{place}]"), message));
            }
        }
    }
    let circle = on_circles(edges);
    if !circle.is_empty() {
        let message = format!("stages wait for one another: {}", listed(&circle));
        faults.push(Fault::new("dependency_cycle", "stages", message));
    }
    faults
}

/// The first few, by name.
fn listed(keys: &BTreeSet<&str>) -> String {
    let mut names: Vec<&str> = keys.iter().copied().take(10).collect();
    if keys.len() > names.len() {
        names.push("…");
    }
    names.join(", ")
}
