//! The workflow as a graph: what follows what.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Stage, StageKey, Workflow};

impl Workflow {
    /// The stage and every stage that comes after it. Whoever comes to a member of a group visits them all; but going
    /// on from one member (an item sent back to it alone) leaves the others as they were.
    pub fn downstream(&self, from: &str) -> BTreeSet<StageKey> {
        let graph = Graph::of(self);
        let Some((from, _)) = graph.stages.get_key_value(from) else { return BTreeSet::new() };
        let next = graph.next(from);
        let mut found = if next.is_empty() { BTreeSet::new() } else { graph.reachable(next, false) };
        found.insert(from);
        found.into_iter().map(str::to_owned).collect()
    }
}

/// An index over a workflow's stages. References to stages that do not exist lead nowhere; where a key is used twice
/// the first stage counts.
pub(super) struct Graph<'a> {
    pub(super) stages: BTreeMap<&'a str, &'a Stage>,
    groups: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Graph<'a> {
    pub(super) fn of(workflow: &'a Workflow) -> Self {
        let mut stages = BTreeMap::new();
        let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for stage in &workflow.stages {
            if let Some(group) = &stage.group {
                groups.entry(group).or_default().push(&stage.key);
            }
            stages.entry(stage.key.as_str()).or_insert(stage);
        }
        Self { stages, groups }
    }

    /// The stages that a stage names as its next ones.
    pub(super) fn next(&self, key: &str) -> Vec<&'a str> {
        let stage = self.stages.get(key).copied();
        let next = stage.into_iter().flat_map(|stage| stage.next.iter().map(|next| next.to.as_str()));
        next.filter(|to| self.stages.contains_key(to)).collect()
    }

    /// The stages that a stage can send items back to.
    fn rework(&self, key: &str) -> Vec<&'a str> {
        let stage = self.stages.get(key).copied();
        let rework = stage.into_iter().flat_map(|stage| stage.rework.iter().map(|rework| rework.to.as_str()));
        rework.filter(|to| self.stages.contains_key(to)).collect()
    }

    /// The stage with all that share its group.
    fn with_group(&self, key: &'a str) -> Vec<&'a str> {
        let group = self.stages.get(key).and_then(|stage| stage.group.as_deref());
        group.and_then(|group| self.groups.get(group)).cloned().unwrap_or_else(|| vec![key])
    }

    /// One name for all members of a group; any other stage is its own.
    pub(super) fn unit(&self, key: &'a str) -> &'a str {
        self.with_group(key).first().copied().unwrap_or(key)
    }

    /// Every stage that an item in one of these can come to, these and their groups included; `back` also follows
    /// rework.
    pub(super) fn reachable(&self, from: impl IntoIterator<Item = &'a str>, back: bool) -> BTreeSet<&'a str> {
        let mut found: BTreeSet<&str> = from.into_iter().flat_map(|key| self.with_group(key)).collect();
        let mut open: VecDeque<&str> = found.iter().copied().collect();
        while let Some(key) = open.pop_front() {
            let mut ways = self.next(key);
            if back {
                ways.extend(self.rework(key));
            }
            for next in ways.into_iter().flat_map(|next| self.with_group(next)) {
                if found.insert(next) {
                    open.push_back(next);
                }
            }
        }
        found
    }
}
