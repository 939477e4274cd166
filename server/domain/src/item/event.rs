//! What happened to an item. Events are stored as JSON and travel in feeds; their bodies are complete.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Op, Snapshot};
use crate::{
    ids::{EntryKey, ItemId, LocationId, OrderId, OrderLineId, UserId, WorkflowVersionId},
    queue::Priority,
    workflow::{ActionId, StageKey},
};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    #[serde(flatten)]
    pub change: Change,
    #[serde(flatten)]
    pub stamp: Stamp,
}

/// Who did it, when it was applied, and by which entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    pub by: UserId,
    pub at: DateTime<Utc>,
    #[serde(flatten)]
    pub entry: EntryKey,
}

/// What changed. `kind` is the name of the event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Change {
    #[serde(rename = "item.created")]
    Created(Box<New>),
    /// The first work on it.
    #[serde(rename = "item.started")]
    Started,
    #[serde(rename = "action.completed")]
    ActionCompleted {
        action_id: ActionId,
        passed: bool,
        #[serde(default, skip_serializing_if = "Value::is_null")]
        content: Value,
        /// Hashes of the files it refers to.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        evidence: Vec<String>,
    },
    #[serde(rename = "action.skipped")]
    ActionSkipped { action_id: ActionId, reason: String },
    #[serde(rename = "item.advanced")]
    Advanced { from: StageKey, to: StageKey },
    #[serde(rename = "item.completed")]
    Completed { from: StageKey },
    #[serde(rename = "item.paused")]
    Paused,
    #[serde(rename = "item.resumed")]
    Resumed,
    #[serde(rename = "item.flagged")]
    Flagged { reason: String },
    #[serde(rename = "item.scrapped")]
    Scrapped { reason: String },
    #[serde(rename = "item.held")]
    Held { reason: String },
    #[serde(rename = "item.released")]
    Released {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// `reopened` are the stages that have to be completed again.
    #[serde(rename = "item.reworked")]
    Reworked {
        from: StageKey,
        to: StageKey,
        reason: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reopened: Vec<StageKey>,
    },
    #[serde(rename = "item.assigned")]
    Assigned { user_id: UserId },
    #[serde(rename = "item.claimed")]
    Claimed,
    #[serde(rename = "item.moved")]
    Moved {
        location_id: LocationId,
        site_id: LocationId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<LocationId>,
    },
    #[serde(rename = "item.assembled")]
    Assembled { component_ids: Vec<ItemId> },
    /// `state` is what holds again.
    #[serde(rename = "item.undone")]
    Undone { of: EntryKey, op: Op, state: Box<Snapshot> },
    #[serde(rename = "item.cancelled")]
    Cancelled {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// The item it was a component of, when it was cancelled because that one ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        with: Option<ItemId>,
    },
    #[serde(rename = "item.failed")]
    Failed {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    #[serde(rename = "note.added")]
    NoteAdded { text: String },
    #[serde(rename = "scan.recorded")]
    ScanRecorded { raw: String },
}

impl Change {
    /// The name of the event.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Created(_) => "item.created",
            Self::Started => "item.started",
            Self::ActionCompleted { .. } => "action.completed",
            Self::ActionSkipped { .. } => "action.skipped",
            Self::Advanced { .. } => "item.advanced",
            Self::Completed { .. } => "item.completed",
            Self::Paused => "item.paused",
            Self::Resumed => "item.resumed",
            Self::Flagged { .. } => "item.flagged",
            Self::Scrapped { .. } => "item.scrapped",
            Self::Held { .. } => "item.held",
            Self::Released { .. } => "item.released",
            Self::Reworked { .. } => "item.reworked",
            Self::Assigned { .. } => "item.assigned",
            Self::Claimed => "item.claimed",
            Self::Moved { .. } => "item.moved",
            Self::Assembled { .. } => "item.assembled",
            Self::Undone { .. } => "item.undone",
            Self::Cancelled { .. } => "item.cancelled",
            Self::Failed { .. } => "item.failed",
            Self::NoteAdded { .. } => "note.added",
            Self::ScanRecorded { .. } => "scan.recorded",
        }
    }

    /// The operation that an entry with this event asked for. `item.started` belongs to whatever follows it.
    pub fn op(&self) -> Op {
        match self {
            Self::Created(_) => Op::Create,
            Self::ActionCompleted { .. } => Op::CompleteAction,
            Self::ActionSkipped { .. } => Op::SkipAction,
            Self::Started | Self::Advanced { .. } | Self::Completed { .. } => Op::Advance,
            Self::Paused => Op::Pause,
            Self::Resumed => Op::Resume,
            Self::Flagged { .. } => Op::Flag,
            Self::Scrapped { .. } => Op::Scrap,
            Self::Held { .. } => Op::Hold,
            Self::Released { .. } => Op::Release,
            Self::Reworked { .. } => Op::Rework,
            Self::Assigned { .. } => Op::Assign,
            Self::Claimed => Op::Claim,
            Self::Moved { .. } => Op::Move,
            Self::Assembled { .. } => Op::Assemble,
            Self::Undone { .. } => Op::Undo,
            Self::Cancelled { .. } => Op::Cancel,
            Self::Failed { .. } => Op::Fail,
            Self::NoteAdded { .. } => Op::AddNote,
            Self::ScanRecorded { .. } => Op::RecordScan,
        }
    }
}

impl Event {
    /// The name of the event.
    pub fn kind(&self) -> &'static str {
        self.change.kind()
    }
}

/// An item as it is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct New {
    pub id: ItemId,
    pub code: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_id: Option<OrderLineId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<ItemId>,
    pub workflow_version_id: WorkflowVersionId,
    pub site_id: LocationId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_id: Option<LocationId>,
    #[serde(default)]
    pub priority: Priority,
    /// The workflow's entry.
    pub stage: StageKey,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Value>,
    /// How many components of each code the order asks for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub components: BTreeMap<String, u32>,
}
