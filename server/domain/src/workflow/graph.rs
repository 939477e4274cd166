//! The workflow as a graph: what follows what.
//!
//! Its nodes are *units*: a group with all its members, or a stage by itself. Whoever comes to a member of a group visits them all, so
//! what can be reached is a question about units, and each is looked at once however many members it has.

use std::collections::{BTreeMap, BTreeSet};

use super::{Stage, StageKey, Workflow};

impl Workflow {
    /// The stage and every stage that comes after it. Whoever comes to a member of a group visits them all; but going
    /// on from one member (an item sent back to it alone) leaves the others as they were.
    pub fn downstream(&self, from: &str) -> BTreeSet<StageKey> {
        let graph = Graph::of(self);
        let Some(stage) = graph.stages.get(from) else { return BTreeSet::new() };
        let ways = stage.next.iter().filter_map(|next| graph.unit(&next.to)).collect();
        let found = graph.reach(ways, false);
        let mut keys: BTreeSet<StageKey> = graph.members(&found).map(str::to_owned).collect();
        keys.insert(from.to_owned());
        keys
    }
}

/// A set of units.
#[derive(Debug, Clone)]
pub(super) struct Units(Vec<bool>);

impl Units {
    pub(super) fn contains(&self, unit: usize) -> bool {
        self.0.get(unit).copied().unwrap_or_default()
    }

    /// Puts it in; false when it was there.
    fn insert(&mut self, unit: usize) -> bool {
        self.0.get_mut(unit).is_some_and(|there| !std::mem::replace(there, true))
    }
}

/// An index over a workflow's stages. References to stages that do not exist lead nowhere; where a key is used twice
/// the first stage counts.
pub(super) struct Graph<'a> {
    pub(super) stages: BTreeMap<&'a str, &'a Stage>,
    /// The unit of each stage.
    units: BTreeMap<&'a str, usize>,
    /// The stages of each unit, in the order of the workflow.
    members: Vec<Vec<&'a str>>,
    /// The units that each names as its next ones.
    onwards: Vec<BTreeSet<usize>>,
    /// The units that each can send items back to.
    back: Vec<BTreeSet<usize>>,
}

impl<'a> Graph<'a> {
    pub(super) fn of(workflow: &'a Workflow) -> Self {
        let (mut stages, mut units, mut groups) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::<&str, usize>::new());
        let mut members: Vec<Vec<&str>> = Vec::new();
        for stage in &workflow.stages {
            if stages.contains_key(stage.key.as_str()) {
                continue;
            }
            let fresh = members.len();
            let unit = stage.group.as_deref().map_or(fresh, |group| *groups.entry(group).or_insert(fresh));
            match members.get_mut(unit) {
                Some(members) => members.push(&stage.key),
                None => members.push(vec![&stage.key]),
            }
            stages.insert(stage.key.as_str(), stage);
            units.insert(stage.key.as_str(), unit);
        }
        let none = vec![BTreeSet::new(); members.len()];
        let mut graph = Self { stages, units, members, onwards: none.clone(), back: none };
        graph.connect();
        graph
    }

    fn connect(&mut self) {
        for (key, stage) in &self.stages {
            let Some(unit) = self.units.get(key).copied() else { continue };
            let to = |key: &str| self.units.get(key).copied();
            if let Some(onwards) = self.onwards.get_mut(unit) {
                onwards.extend(stage.next.iter().filter_map(|next| to(&next.to)));
            }
            if let Some(back) = self.back.get_mut(unit) {
                back.extend(stage.rework.iter().filter_map(|rework| to(&rework.to)));
            }
        }
    }

    /// The unit a stage belongs to.
    pub(super) fn unit(&self, key: &str) -> Option<usize> {
        self.units.get(key).copied()
    }

    /// How many units there are.
    pub(super) fn size(&self) -> usize {
        self.members.len()
    }

    /// One name for a unit: that of its first stage.
    pub(super) fn name(&self, unit: usize) -> &'a str {
        self.members.get(unit).and_then(|members| members.first()).copied().unwrap_or_default()
    }

    /// The stages of all these units.
    pub(super) fn members(&self, units: &Units) -> impl Iterator<Item = &'a str> {
        let within = self.members.iter().enumerate().filter(|(unit, _)| units.contains(*unit));
        within.flat_map(|(_, members)| members.iter().copied())
    }

    /// Every way onwards between units, once. Members of one group do not name one another.
    pub(super) fn ways(&self) -> impl Iterator<Item = (usize, usize)> {
        let ways = self.onwards.iter().enumerate().flat_map(|(from, next)| next.iter().map(move |to| (from, *to)));
        ways.filter(|(from, to)| from != to)
    }

    /// Every unit that an item in one of these can come to, these included; `back` also follows rework. Looks at each
    /// unit once and at each way of it once.
    pub(super) fn reach(&self, from: Vec<usize>, back: bool) -> Units {
        let mut found = Units(vec![false; self.size()]);
        let mut open: Vec<usize> = from.into_iter().filter(|unit| found.insert(*unit)).collect();
        while let Some(unit) = open.pop() {
            let returns = self.back.get(unit).into_iter().flatten().filter(|_| back);
            for next in self.onwards.get(unit).into_iter().flatten().chain(returns) {
                if found.insert(*next) {
                    open.push(*next);
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;

    /// Two groups of `size`, in which every member of the first names ten members of the second.
    fn two_groups(size: usize) -> Workflow {
        let member = |group: &str, n: usize, next: Vec<serde_json::Value>| json!({ "key": format!("{group}{n}"), "name": "S", "group": group, "next": next });
        let first = (0..size).map(|n| {
            let next = (0..10).map(|k| json!({ "to": format!("b{}", (n + k) % size) })).collect();
            member("a", n, next)
        });
        let second = (0..size).map(|n| member("b", n, Vec::new()));
        let stages: Vec<_> = first.chain(second).collect();
        Workflow::read(json!({ "name": "G", "entry": "a0", "stages": stages })).unwrap()
    }

    #[test]
    fn a_search_costs_what_the_groups_are_and_not_what_their_members_are() {
        let workflow = two_groups(250);
        let graph = Graph::of(&workflow);
        assert_eq!((graph.size(), graph.ways().count()), (2, 1));
        let reached = graph.reach(vec![graph.unit("a7").unwrap()], true);
        assert_eq!(graph.members(&reached).count(), 500);
        assert_eq!(graph.reach(vec![graph.unit("b0").unwrap()], true).0, [false, true]);
    }

    #[test]
    fn from_one_member_of_a_group_the_others_are_left_as_they_were() {
        let workflow = two_groups(10);
        let found = workflow.downstream("a3");
        assert_eq!(found.len(), 11);
        assert!(found.contains("a3") && found.contains("b9") && !found.contains("a4"));
        assert_eq!(workflow.downstream("b1"), BTreeSet::from(["b1".to_owned()]));
        assert!(workflow.downstream("nowhere").is_empty());
    }
}
