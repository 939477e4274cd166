//! A workflow version: stages, the ways between them, and what has to be done in each.
//!
//! This file is the definition as it travels and as it is stored. [`validate`](Workflow::validate) finds every fault
//! of a draft at once; where an item may go from a stage is [`item::route`](crate::item::route). A version is immutable once used, so
//! everything here only reads.

mod condition;
mod graph;
mod shape;
mod validate;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use condition::{Expect, Subject, Test, When};
pub use validate::{
    Fault, MAX_BYTES, MAX_PATTERNS, MAX_PER_STAGE, MAX_STAGES, MAX_TESTS, MAX_TEXT, MAX_VISITS, MAX_WAYS,
};

use crate::{
    action::{Config, Kind},
    ids::LocationId,
};

/// A stage's key, unique in its version.
pub type StageKey = String;

/// An action's name on the wire: `"<stage>.<action>"`.
pub type ActionId = String;

/// One version of a workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Workflow {
    pub name: String,
    /// The stage where items begin.
    pub entry: StageKey,
    pub stages: Vec<Stage>,
}

/// One step of the way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    pub key: StageKey,
    pub name: String,
    /// Where it stands on screens, and which member of a group is the default.
    #[serde(default)]
    pub order: i32,
    /// How long an item should take; the measure of the SLA colours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_minutes: Option<u32>,
    /// Where the work may be done; empty: anywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub location_ids: Vec<LocationId>,
    /// Who may do it, by role; empty: anyone permitted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// An item assigned to someone else may not be worked on.
    #[serde(default, skip_serializing_if = "is_false")]
    pub assigned_only: bool,
    /// Left only when every component is completed and was named by `item.assemble`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub assembly: bool,
    /// Left only when every photo and signature is stored.
    #[serde(default, skip_serializing_if = "is_false")]
    pub hard_gate: bool,
    #[serde(default)]
    pub completion_rule: CompletionRule,
    /// Stages the item must have completed before it enters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<StageKey>,
    /// Stages of one group are visited in any order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
    /// Where an item goes from here, tried in order; empty: this is an exit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<Next>,
    /// Where an item may be sent back to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rework: Vec<Rework>,
}

/// How many of a stage's required actions must be complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompletionRule {
    #[default]
    All,
    /// One required action suffices.
    Any,
}

/// Where a stage is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Position {
    pub x: f64,
    pub y: f64,
}

/// One thing to do in a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "ActionForm", into = "ActionForm")]
pub struct Action {
    pub key: String,
    pub label: String,
    pub required: bool,
    pub config: Config,
}

impl Action {
    /// What kind of action this is.
    pub fn kind(&self) -> Kind {
        self.config.kind()
    }
}

/// An action as it travels: kind and configuration side by side, the configuration absent when it is empty.
#[derive(Serialize, Deserialize)]
struct ActionForm {
    key: String,
    kind: Kind,
    #[serde(default)]
    label: String,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    config: Value,
}

impl TryFrom<ActionForm> for Action {
    type Error = String;

    fn try_from(form: ActionForm) -> Result<Self, Self::Error> {
        let config = Config::read(form.kind, &form.config)
            .map_err(|error| format!("config of action {:?}: {error}", form.key))?;
        Ok(Self { key: form.key, label: form.label, required: form.required, config })
    }
}

impl From<Action> for ActionForm {
    fn from(action: Action) -> Self {
        Self {
            key: action.key,
            kind: action.config.kind(),
            label: action.label,
            required: action.required,
            config: action.config.write(),
        }
    }
}

/// A way onwards. Without `when` it is always open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Next {
    pub to: StageKey,
    #[serde(default, skip_serializing_if = "When::is_empty")]
    pub when: When,
}

/// A way back, the only kind of cycle there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rework {
    pub to: StageKey,
    /// How often one item may take this way.
    pub max_visits: u32,
}

impl Workflow {
    /// Reads a workflow as it travels. What cannot be read at all is one fault; [`Workflow::validate`] says the rest.
    pub fn read(document: Value) -> Result<Self, Fault> {
        serde_json::from_value(document).map_err(|error| Fault::new("malformed", "", error.to_string()))
    }

    /// The stage called `key`.
    pub fn stage(&self, key: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.key == key)
    }

    /// Where items begin.
    pub fn entry_stage(&self) -> Option<&Stage> {
        self.stage(&self.entry)
    }

    /// Whether items complete by leaving this stage.
    pub fn is_exit(&self, stage: &Stage) -> bool {
        stage.next.is_empty()
    }

    /// The stage and the action that `action_id` names.
    pub fn action(&self, action_id: &str) -> Option<(&Stage, &Action)> {
        let (stage, action) = action_id.split_once('.')?;
        let stage = self.stage(stage)?;
        Some((stage, stage.action(action)?))
    }

    /// The members of a group.
    pub fn members<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a Stage> {
        self.stages.iter().filter(move |stage| stage.group.as_deref() == Some(group))
    }
}

impl Stage {
    /// The action called `key`.
    pub fn action(&self, key: &str) -> Option<&Action> {
        self.actions.iter().find(|action| action.key == key)
    }

    /// The wire name of one of its actions.
    pub fn action_id(&self, action: &Action) -> ActionId {
        format!("{}.{}", self.key, action.key)
    }

    /// Its required actions.
    pub fn required(&self) -> impl Iterator<Item = &Action> {
        self.actions.iter().filter(|action| action.required)
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
}
