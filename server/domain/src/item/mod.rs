//! An item: one made thing, or a component of one, on its way through a workflow.
//!
//! Choices that the rest relies on:
//! - An [`Event`] is who, when, by which entry, and a [`Change`]; its `kind` is the change's tag. `apply` needs nothing
//!   else, so the item is the fold of its events, and `version` counts them.
//! - An item is in exactly one stage. What was done in a stage belongs to one *visit* of it; coming back begins a new
//!   one, and a result counts only in the visit it was made in.
//! - Leaving a stage completes it. Rework reopens the stage gone back to and all that come after it.
//! - `progress.last` keeps the state from before the latest entry, so that undoing it needs no log. Scans and notes
//!   change nothing and do not become the latest entry.
//! - A component ends with its item: [`follow`] says how an event of the one concerns the other.
//! - `Refusal::detail` names people by their ids; whoever shows it knows their names.

mod admit;
mod apply;
mod command;
mod complete;
mod context;
mod decide;
mod event;
mod gates;
mod leave;
pub mod route;
mod together;
mod undo;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use admit::allowed;
pub use apply::{apply, create, fold};
pub use command::{Command, Op};
pub use context::{Actor, Component, Context, PhotoSize};
pub use decide::{MAX_REASON, decide, overrides};
pub use event::{Change, Event, New, Stamp};
pub use together::follow;
pub use undo::{UNDO_WITHIN, UNDO_WITHIN_OVERRIDE};

use crate::{
    ids::{EntryKey, ItemId, LocationId, OrderId, OrderLineId, StreamId, UserId, WorkflowVersionId},
    queue::Priority,
    words::words,
    workflow::{ActionId, StageKey},
};

/// One made thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    pub id: ItemId,
    /// The human number, such as `JKT-AURORA-M-0042`.
    pub code: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_id: Option<OrderLineId>,
    /// The item this is a component of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<ItemId>,
    pub workflow_version_id: WorkflowVersionId,
    pub site_id: LocationId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_id: Option<LocationId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned_to: Option<UserId>,
    #[serde(default)]
    pub priority: Priority,
    pub status: Status,
    /// Where it is; where it was when it closed.
    pub stage: StageKey,
    /// How many events it has.
    pub version: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_before_hold: Option<Status>,
    /// The version of the hold that holds it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_version: Option<i64>,
    pub stage_entered_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Value>,
    #[serde(default)]
    pub progress: Progress,
}

words! {
    "item status"
    /// What may be done with an item at all.
    pub enum Status {
        NotStarted = "not_started",
        Active = "active",
        Paused = "paused",
        OnHold = "on_hold",
        Error = "error",
        Completed = "completed",
        Scrapped = "scrapped",
        Cancelled = "cancelled",
    }
}

impl Status {
    /// Completed, scrapped or cancelled: no work is done on it any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Scrapped | Self::Cancelled)
    }
}

/// What was done with an item so far.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// The latest result of each action.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub results: BTreeMap<ActionId, ActionRecord>,
    /// Stages left by an advance and not reopened since.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub completed_stages: BTreeMap<StageKey, Passage>,
    /// How often each stage was entered.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub visits: BTreeMap<StageKey, u32>,
    /// How often each rework edge was taken, by [`rework_edge`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reworks: BTreeMap<String, u32>,
    /// Who acted in this visit of the stage, by action: none of them may approve it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub actors: BTreeMap<ActionId, BTreeSet<UserId>>,
    /// How many components of each code the order asks for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub components: BTreeMap<String, u32>,
    /// Components that were put in.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub assembled: BTreeSet<ItemId>,
    /// The latest [`MAX_FLAGS`] flags; the log has all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<Flag>,
    /// Who brought the item to its stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_by: Option<UserId>,
    /// Who brought the item to its status (other than by holding it), when and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
    /// Who holds it, when and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Mark>,
    /// The latest entry that changed the item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<LastEntry>,
}

/// An item carries at most this many flags.
pub const MAX_FLAGS: usize = 100;

/// The key of a rework edge in [`Progress::reworks`].
pub fn rework_edge(from: &str, to: &str) -> String {
    format!("{from}>{to}")
}

/// The result of an action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionRecord {
    pub passed: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub skipped: bool,
    pub by: UserId,
    pub at: DateTime<Utc>,
    /// The visit of its stage it was made in.
    pub visit: u32,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub content: Value,
    /// Hashes of the files it refers to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

/// How a stage was left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    pub by: UserId,
    pub at: DateTime<Utc>,
    /// The stage gone to; none: the item was completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<StageKey>,
}

/// A defect or a remark that someone should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flag {
    pub reason: String,
    pub by: UserId,
    pub at: DateTime<Utc>,
}

/// Who did it, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub by: UserId,
    pub at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The latest entry that changed an item, and the state from before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "LastEntryForm")]
pub struct LastEntry {
    #[serde(flatten)]
    pub entry: EntryKey,
    pub op: Op,
    pub by: UserId,
    pub at: DateTime<Utc>,
    /// Kept only for operations that can be undone, and for what was cancelled with the item it is a component of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Box<Snapshot>>,
    /// The entry this one took back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<EntryKey>,
}

/// As it is read: what is flattened would be buffered member by member first.
#[derive(Deserialize)]
struct LastEntryForm {
    stream_id: StreamId,
    seq: i64,
    op: Op,
    by: UserId,
    at: DateTime<Utc>,
    #[serde(default)]
    before: Option<Box<Snapshot>>,
    #[serde(default)]
    undone: Option<EntryKey>,
}

impl From<LastEntryForm> for LastEntry {
    fn from(LastEntryForm { stream_id, seq, op, by, at, before, undone }: LastEntryForm) -> Self {
        Self { entry: EntryKey { stream_id, seq }, op, by, at, before, undone }
    }
}

/// The part of an item that undoable operations change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    pub status: Status,
    pub stage: StageKey,
    pub stage_entered_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_before_hold: Option<Status>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_version: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<DateTime<Utc>>,
    /// Without its `last`.
    pub progress: Progress,
}

impl Item {
    /// Which visit of its stage the item is in, from 1.
    pub fn visit(&self) -> u32 {
        self.progress.visits.get(&self.stage).copied().unwrap_or(1)
    }

    /// The result of an action of the present stage in its present visit.
    pub fn result(&self, action_id: &str) -> Option<&ActionRecord> {
        self.progress.results.get(action_id).filter(|record| record.visit == self.visit())
    }

    /// The state that an undo of the next entry will bring back.
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot {
            status: self.status,
            stage: self.stage.clone(),
            stage_entered_at: self.stage_entered_at,
            status_before_hold: self.status_before_hold,
            hold_version: self.hold_version,
            completed_at: self.completed_at,
            progress: Progress { last: None, ..self.progress.clone() },
        }
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
}
