//! What someone wants to do with an item.

use serde_json::Value;

use crate::{
    action::Blob,
    ids::{EntryKey, ItemId, LocationId, UserId},
    words::words,
    workflow::{ActionId, StageKey},
};

/// A wish, not yet judged.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    CompleteAction {
        action_id: ActionId,
        data: Value,
        /// The files that belong to it.
        evidence: Vec<Blob>,
    },
    SkipAction {
        action_id: ActionId,
        reason: String,
    },
    /// To a stage, or to the first whose condition holds.
    Advance {
        to: Option<StageKey>,
    },
    Pause,
    Resume,
    Flag {
        reason: String,
    },
    Scrap {
        reason: String,
    },
    Hold {
        reason: String,
    },
    Release {
        reason: Option<String>,
    },
    Rework {
        to: StageKey,
        reason: String,
    },
    Assign {
        user_id: UserId,
    },
    Claim,
    /// `site_id` is the site that the place belongs to, filled in by the caller: none means there is no such place.
    Move {
        location_id: LocationId,
        site_id: Option<LocationId>,
    },
    Assemble {
        component_ids: Vec<ItemId>,
    },
    /// The entry to take back; none: the latest.
    Undo {
        of: Option<EntryKey>,
    },
    AddNote {
        text: String,
    },
    RecordScan {
        raw: String,
    },
    /// With its order; server streams only.
    Cancel {
        reason: Option<String>,
    },
    /// Something failed that no one on the floor can help; server streams only.
    Fail {
        reason: Option<String>,
    },
}

impl Command {
    /// The operation it asks for.
    pub fn op(&self) -> Op {
        match self {
            Self::CompleteAction { .. } => Op::CompleteAction,
            Self::SkipAction { .. } => Op::SkipAction,
            Self::Advance { .. } => Op::Advance,
            Self::Pause => Op::Pause,
            Self::Resume => Op::Resume,
            Self::Flag { .. } => Op::Flag,
            Self::Scrap { .. } => Op::Scrap,
            Self::Hold { .. } => Op::Hold,
            Self::Release { .. } => Op::Release,
            Self::Rework { .. } => Op::Rework,
            Self::Assign { .. } => Op::Assign,
            Self::Claim => Op::Claim,
            Self::Move { .. } => Op::Move,
            Self::Assemble { .. } => Op::Assemble,
            Self::Undo { .. } => Op::Undo,
            Self::AddNote { .. } => Op::AddNote,
            Self::RecordScan { .. } => Op::RecordScan,
            Self::Cancel { .. } => Op::Cancel,
            Self::Fail { .. } => Op::Fail,
        }
    }
}

words! {
    "operation on items"
    /// The operations on an item.
    pub enum Op {
        Create = "item.create",
        CompleteAction = "action.complete",
        SkipAction = "action.skip",
        Advance = "item.advance",
        Pause = "item.pause",
        Resume = "item.resume",
        Flag = "item.flag",
        Scrap = "item.scrap",
        Hold = "item.hold",
        Release = "item.release",
        Rework = "item.rework",
        Assign = "item.assign",
        Claim = "item.claim",
        Move = "item.move",
        Assemble = "item.assemble",
        Undo = "item.undo",
        AddNote = "note.add",
        RecordScan = "scan.record",
        Cancel = "item.cancel",
        Fail = "item.fail",
    }
}

impl Op {
    /// Whether `item.undo` can take it back.
    pub fn is_undoable(self) -> bool {
        matches!(
            self,
            Self::CompleteAction
                | Self::SkipAction
                | Self::Advance
                | Self::Rework
                | Self::Scrap
                | Self::Flag
                | Self::Hold
        )
    }

    /// Whether it is work in a stage: refused while the item or its order is paused.
    pub fn is_stage_work(self) -> bool {
        matches!(self, Self::CompleteAction | Self::SkipAction | Self::Advance | Self::Rework)
    }
}
