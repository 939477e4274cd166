//! Faults of the graph as a whole: stages that nothing leads to, ways that lead nowhere or round in circles,
//! dependencies that cannot be met.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Fault, Workflow,
    graph::{Graph, Units},
};

/// Every fault of the shape. References to stages that do not exist are told elsewhere and lead nowhere here.
pub(super) fn faults(workflow: &Workflow) -> Vec<Fault> {
    let graph = Graph::of(workflow);
    let Some(entry) = graph.unit(&workflow.entry) else {
        // Nothing can be said without a beginning, except about circles.
        return cycles(&graph).into_iter().collect();
    };
    let reached = graph.reach(vec![entry], true);
    let mut faults = unreachable(workflow, &graph, &reached);
    faults.extend(exit(workflow, &graph, &reached));
    faults.extend(cycles(&graph));
    faults.extend(dependencies(workflow, &graph, entry));
    faults
}

fn unreachable(workflow: &Workflow, graph: &Graph<'_>, reached: &Units) -> Vec<Fault> {
    let lost = |key: &str| graph.unit(key).is_none_or(|unit| !reached.contains(unit));
    let stages = workflow.stages.iter().enumerate().filter(|(_, stage)| lost(&stage.key));
    stages
        .map(|(index, stage)| {
            let message = format!("no way leads to stage {:?}", stage.key);
            Fault::new("unreachable_stage", format!("stages[{index}]"), message)
        })
        .collect()
}

fn exit(workflow: &Workflow, graph: &Graph<'_>, reached: &Units) -> Option<Fault> {
    let mut stages = graph.members(reached).filter_map(|key| graph.stages.get(key));
    let has_exit = stages.any(|stage| workflow.is_exit(stage));
    (!has_exit).then(|| Fault::new("no_exit", "stages", "no stage without a next one can be reached"))
}

/// A circle of `next`, where a group counts as one: its members come in any order.
fn cycles(graph: &Graph<'_>) -> Option<Fault> {
    let circle = on_circles(graph.size(), &graph.ways().collect::<Vec<_>>());
    (!circle.is_empty()).then(|| {
        let names = circle.into_iter().map(|unit| graph.name(unit)).collect();
        let message = format!("only rework may lead back; there is a circle through {}", listed(&names));
        Fault::new("cycle", "stages", message)
    })
}

/// What is left after taking away, again and again, every node that nothing leads to or that leads nowhere: it is on a
/// circle or between two.
fn on_circles(nodes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let backwards: Vec<(usize, usize)> = edges.iter().map(|(from, to)| (*to, *from)).collect();
    let (led_to, leading) = (behind_sources(nodes, edges), behind_sources(nodes, &backwards));
    let both = led_to.into_iter().zip(leading).enumerate();
    both.filter(|(_, (led_to, leading))| *led_to && *leading).map(|(node, _)| node).collect()
}

/// Which nodes stay when those that nothing leads to are taken away, and then those that only they led to, and so on.
fn behind_sources(nodes: usize, edges: &[(usize, usize)]) -> Vec<bool> {
    let (mut ways, mut led_to_by) = (vec![Vec::new(); nodes], vec![0_usize; nodes]);
    for (from, to) in edges {
        if let (Some(ways), Some(count)) = (ways.get_mut(*from), led_to_by.get_mut(*to)) {
            ways.push(*to);
            *count += 1;
        }
    }
    let mut open: Vec<usize> = (0..nodes).filter(|node| led_to_by.get(*node) == Some(&0)).collect();
    let mut stays = vec![true; nodes];
    while let Some(node) = open.pop() {
        if let Some(stays) = stays.get_mut(node) {
            *stays = false;
        }
        for next in ways.get(node).into_iter().flatten() {
            let Some(count) = led_to_by.get_mut(*next) else { continue };
            *count -= 1;
            if *count == 0 {
                open.push(*next);
            }
        }
    }
    stays
}

/// A dependency must be able to come first. Stages that only rework leads to are asked along rework edges too. What
/// follows a unit is found once for all that wait for one of its stages.
fn dependencies(workflow: &Workflow, graph: &Graph<'_>, entry: usize) -> Vec<Fault> {
    let mut faults = Vec::new();
    let forward = graph.reach(vec![entry], false);
    let places: BTreeMap<&str, usize> = graph.stages.keys().copied().zip(0..).collect();
    let mut after: BTreeMap<(usize, bool), Units> = BTreeMap::new();
    let mut edges = BTreeSet::new();
    for (index, stage) in workflow.stages.iter().enumerate() {
        let Some(unit) = graph.unit(&stage.key) else { continue };
        let back = !forward.contains(unit);
        for (place, key) in stage.depends_on.iter().enumerate() {
            let (Some(dependency), Some(own), Some(other)) =
                (graph.unit(key), places.get(stage.key.as_str()), places.get(key.as_str()))
            else {
                continue;
            };
            edges.insert((*own, *other));
            let reached = after.entry((dependency, back)).or_insert_with(|| graph.reach(vec![dependency], back));
            let comes_first = reached.contains(unit) && *key != stage.key && stage.key != workflow.entry;
            if !comes_first {
                let message = format!("stage {key:?} cannot be completed before {:?} begins", stage.key);
                faults.push(Fault::new("unmet_dependency", format!("stages[{index}].depends_on[{place}]"), message));
            }
        }
    }
    let circle: BTreeSet<usize> =
        on_circles(places.len(), &edges.into_iter().collect::<Vec<_>>()).into_iter().collect();
    if !circle.is_empty() {
        let waiting = places.iter().filter(|(_, place)| circle.contains(place)).map(|(key, _)| *key).collect();
        let message = format!("stages wait for one another: {}", listed(&waiting));
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
