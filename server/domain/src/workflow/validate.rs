//! Everything that is wrong with a workflow, at once, so that its author need not ask again and again.
//!
//! Here is what can be said of each stage by itself; [`shape`] looks at the graph as a whole.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Action, Expect, Stage, Subject, Test, When, Workflow, shape};
use crate::{action::Config, ids::LocationId};

/// A workflow has at most this many stages.
pub const MAX_STAGES: usize = 500;

/// A stage has at most this many actions, next stages, rework edges, places, roles or dependencies each.
pub const MAX_PER_STAGE: usize = 100;

/// A workflow has at most this many next stages, rework edges and dependencies altogether.
pub const MAX_WAYS: usize = 5_000;

/// A condition has at most this many tests, and a test names at most this many values.
pub const MAX_TESTS: usize = 50;

/// The forms of a workflow have at most this many patterns altogether: each has to be compiled.
pub const MAX_PATTERNS: usize = 200;

/// A workflow as it is written has at most this many bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// A name of a workflow, a stage, an action, a group or a role has at most this many characters.
pub const MAX_TEXT: usize = 200;

/// An item takes one rework edge at most this often.
pub const MAX_VISITS: u32 = 1_000;

/// One fault of a workflow. `path` says where (`stages[2].next[0].to`), `code` is stable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    pub code: String,
    pub path: String,
    pub message: String,
}

impl Fault {
    pub(crate) fn new(code: &str, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), path: path.into(), message: message.into() }
    }
}

impl Workflow {
    /// The bound it is beyond, if any. What is beyond one is not looked into, since looking would cost too much.
    pub fn beyond(&self) -> Option<Fault> {
        let beyond = |code: &str, message: String| Some(Fault::new(code, "stages", message));
        if self.stages.len() > MAX_STAGES {
            let message = format!("a workflow has at most {MAX_STAGES} stages; this one has {}", self.stages.len());
            return beyond("too_many_stages", message);
        }
        let ways = self.stages.iter().map(|stage| stage.next.len() + stage.rework.len() + stage.depends_on.len());
        if ways.sum::<usize>() > MAX_WAYS {
            let message = format!("a workflow has at most {MAX_WAYS} next stages, rework edges and dependencies");
            return beyond("too_many_ways", message);
        }
        let configs = self.stages.iter().flat_map(|stage| &stage.actions).map(|action| &action.config);
        let patterns = configs.map(|config| if let Config::Form(form) = config { form.patterns() } else { 0 });
        if patterns.sum::<usize>() > MAX_PATTERNS {
            return beyond("too_many_patterns", format!("a workflow has at most {MAX_PATTERNS} patterns"));
        }
        // Plain structs with text keys can always be written.
        if serde_json::to_vec(self).map_or(0, |written| written.len()) > MAX_BYTES {
            return beyond("too_large", format!("a workflow has at most {MAX_BYTES} bytes"));
        }
        None
    }

    /// Every fault of it; none: items can run through it. A workflow [`beyond`](Self::beyond) a bound has that one
    /// fault.
    pub fn validate(&self, known_location: impl Fn(LocationId) -> bool) -> Vec<Fault> {
        if let Some(fault) = self.beyond() {
            return vec![fault];
        }
        let mut check = Check { workflow: self, keys: BTreeMap::new(), faults: Vec::new() };
        for stage in &self.stages {
            check.keys.entry(&stage.key).or_insert(stage);
        }
        check.whole();
        let mut seen = BTreeSet::new();
        for (index, stage) in self.stages.iter().enumerate() {
            let path = format!("stages[{index}]");
            if !seen.insert(&stage.key) {
                check.fault("duplicate_id", format!("{path}.key"), format!("the key {:?} is there twice", stage.key));
            }
            check.stage(&path, stage, &known_location);
            check.ways(&path, stage);
        }
        check.faults.extend(shape::faults(self));
        check.faults
    }
}

/// A key is part of ids and paths: letters, digits, `-` and `_`.
fn is_key(key: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=64).contains(&key.len()) && key.bytes().all(plain)
}

struct Check<'a> {
    workflow: &'a Workflow,
    keys: BTreeMap<&'a str, &'a Stage>,
    faults: Vec<Fault>,
}

impl Check<'_> {
    fn fault(&mut self, code: &str, path: impl Into<String>, message: impl Into<String>) {
        self.faults.push(Fault::new(code, path, message));
    }

    /// A text is not too long.
    fn text(&mut self, path: impl Into<String>, text: &str) {
        if text.chars().count() > MAX_TEXT {
            self.fault("too_long", path, format!("this has at most {MAX_TEXT} characters"));
        }
    }

    fn whole(&mut self) {
        if self.workflow.name.trim().is_empty() {
            self.fault("required", "name", "the workflow has no name");
        }
        self.text("name", &self.workflow.name);
        if self.workflow.stages.is_empty() {
            self.fault("no_stages", "stages", "the workflow has no stages");
        } else {
            self.known("entry", &self.workflow.entry);
        }
    }

    /// Whether a stage of this key exists.
    fn known(&mut self, path: &str, key: &str) {
        if !self.keys.contains_key(key) {
            self.fault("unknown_stage", path, format!("there is no stage {key:?}"));
        }
    }

    fn key(&mut self, path: String, key: &str) {
        if !is_key(key) {
            self.fault("invalid_key", path, format!("{key:?}: a key has 1 to 64 letters, digits, '-' or '_'"));
        }
    }

    fn stage(&mut self, path: &str, stage: &Stage, known_location: &impl Fn(LocationId) -> bool) {
        self.key(format!("{path}.key"), &stage.key);
        if stage.name.trim().is_empty() {
            self.fault("required", format!("{path}.name"), "the stage has no name");
        }
        self.text(format!("{path}.name"), &stage.name);
        self.text(format!("{path}.group"), stage.group.as_deref().unwrap_or_default());
        self.text(format!("{path}.color"), stage.color.as_deref().unwrap_or_default());
        for (index, role) in stage.roles.iter().enumerate() {
            self.text(format!("{path}.roles[{index}]"), role);
        }
        let lists = [
            ("actions", stage.actions.len()),
            ("next", stage.next.len()),
            ("rework", stage.rework.len()),
            ("depends_on", stage.depends_on.len()),
            ("location_ids", stage.location_ids.len()),
            ("roles", stage.roles.len()),
        ];
        for (list, _) in lists.iter().filter(|(_, length)| *length > MAX_PER_STAGE) {
            self.fault("too_many", format!("{path}.{list}"), format!("a stage has at most {MAX_PER_STAGE} of these"));
        }
        for (index, location) in stage.location_ids.iter().enumerate() {
            if !known_location(*location) {
                let message = format!("there is no location {location}");
                self.fault("unknown_location", format!("{path}.location_ids[{index}]"), message);
            }
        }
        let mut seen = BTreeSet::new();
        for (index, action) in stage.actions.iter().enumerate() {
            let path = format!("{path}.actions[{index}]");
            if !seen.insert(&action.key) {
                self.fault("duplicate_id", format!("{path}.key"), format!("the key {:?} is there twice", action.key));
            }
            self.action(&path, action);
        }
    }

    fn action(&mut self, path: &str, action: &Action) {
        self.key(format!("{path}.key"), &action.key);
        self.text(format!("{path}.label"), &action.label);
        for fault in action.config.faults() {
            self.fault("invalid_config", format!("{path}.config.{}", fault.field), fault.message);
        }
    }

    fn ways(&mut self, path: &str, stage: &Stage) {
        for (index, key) in stage.depends_on.iter().enumerate() {
            self.known(&format!("{path}.depends_on[{index}]"), key);
        }
        for (index, next) in stage.next.iter().enumerate() {
            let path = format!("{path}.next[{index}]");
            self.known(&format!("{path}.to"), &next.to);
            let target = self.keys.get(next.to.as_str()).copied();
            if next.to == stage.key {
                self.fault("cycle", format!("{path}.to"), format!("stage {:?} leads to itself", stage.key));
            } else if stage.group.is_some() && target.is_some_and(|target| target.group == stage.group) {
                let message = "members of a group are visited in any order and do not name one another";
                self.fault("group_member", format!("{path}.to"), message);
            }
            self.when(&format!("{path}.when"), &next.when);
        }
        let mut seen = BTreeSet::new();
        for (index, rework) in stage.rework.iter().enumerate() {
            let path = format!("{path}.rework[{index}]");
            self.known(&format!("{path}.to"), &rework.to);
            if rework.to == stage.key {
                self.fault("cycle", format!("{path}.to"), "rework leads to another stage");
            }
            if !seen.insert(&rework.to) {
                self.fault("duplicate_id", format!("{path}.to"), "this rework edge is there twice");
            }
            if !(1..=MAX_VISITS).contains(&rework.max_visits) {
                self.fault("range", format!("{path}.max_visits"), format!("max_visits is 1 to {MAX_VISITS}"));
            }
        }
    }

    /// Whether an action of this name exists.
    fn knows(&self, action_id: &str) -> bool {
        let found = action_id.split_once('.').and_then(|(stage, action)| self.keys.get(stage)?.action(action));
        found.is_some()
    }

    fn when(&mut self, path: &str, when: &When) {
        let values = |test: &Test| if let Expect::AnyOf(values) = &test.expect { values.len() } else { 0 };
        if when.0.len() > MAX_TESTS || when.0.iter().any(|test| values(test) > MAX_TESTS) {
            self.fault("too_many", path, format!("a condition has at most {MAX_TESTS} tests, and each as many values"));
            return;
        }
        for test in &when.0 {
            if let Subject::Action { action, .. } = &test.subject
                && !self.knows(action)
            {
                self.fault("unknown_action", path, format!("there is no action {action:?}"));
            }
            let empty = match &test.expect {
                Expect::AnyOf(values) => values.is_empty(),
                Expect::Range { min, max } => min.zip(*max).is_some_and(|(min, max)| min > max),
                Expect::Is(_) => false,
            };
            if empty {
                self.fault("never_true", path, "nothing can meet this condition");
            }
        }
    }
}
