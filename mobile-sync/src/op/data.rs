//! The members of each operation, as they are read.

use floorline_domain::action::Blob as Evidence;
use floorline_domain::ids::{EntryKey, ItemId, LocationId, TeamId, UserId};
use floorline_domain::item::Command;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Operation;
use super::read::{Unreadable, malformed, unsupported};
use crate::entry::{Blob, WireEntry};

pub(crate) fn read_operation(wire: &WireEntry) -> Result<Operation, Unreadable> {
    Ok(match wire.op.as_str() {
        "scan.record" => {
            let Raw { raw } = data(wire)?;
            Operation::ScanRecord { raw }
        }
        "label.claim" => {
            let LabelClaim { code, replace } = data(wire)?;
            Operation::LabelClaim { code, replace }
        }
        "shift.start" => {
            let ShiftStart { site_id, location_id, team_id } = data(wire)?;
            Operation::ShiftStart { site_id, location_id, team_id }
        }
        "shift.end" => nothing(wire).map(|()| Operation::ShiftEnd)?,
        _ => Operation::Item(read_command(wire)?),
    })
}

fn read_command(wire: &WireEntry) -> Result<Command, Unreadable> {
    Ok(match wire.op.as_str() {
        "action.complete" => {
            let Value::Object(_) = &wire.data else { return Err(malformed(Some("data"), "is not an object")) };
            let evidence = wire.blobs.iter().map(evidence).collect();
            Command::CompleteAction { action_id: action(wire)?, data: wire.data.clone(), evidence }
        }
        "action.skip" => Command::SkipAction { action_id: action(wire)?, reason: reason(wire)? },
        "item.advance" => {
            let Advance { to } = data(wire)?;
            Command::Advance { to }
        }
        "item.pause" => nothing(wire).map(|()| Command::Pause)?,
        "item.resume" => nothing(wire).map(|()| Command::Resume)?,
        "item.flag" => Command::Flag { reason: reason(wire)? },
        "item.scrap" => Command::Scrap { reason: reason(wire)? },
        "item.hold" => Command::Hold { reason: reason(wire)? },
        "item.release" => {
            let Release { reason } = data(wire)?;
            Command::Release { reason }
        }
        "item.rework" => {
            let Rework { to, reason } = data(wire)?;
            Command::Rework { to, reason }
        }
        "item.assign" => {
            let Assign { user_id } = data(wire)?;
            Command::Assign { user_id }
        }
        "item.claim" => nothing(wire).map(|()| Command::Claim)?,
        "item.move" => {
            let Move { location_id } = data(wire)?;
            Command::Move { location_id, site_id: None }
        }
        "item.assemble" => {
            let Assemble { component_ids } = data(wire)?;
            Command::Assemble { component_ids }
        }
        "item.undo" => {
            let Undo { of } = data(wire)?;
            Command::Undo { of: Some(of) }
        }
        "note.add" => {
            let Note { text } = data(wire)?;
            Command::AddNote { text }
        }
        other => return Err(unsupported("op", format!("{other} is not an operation of devices"))),
    })
}

/// Reads `data` as the operation's members; members this build does not know are ignored.
fn data<T: DeserializeOwned>(wire: &WireEntry) -> Result<T, Unreadable> {
    if !wire.data.is_object() {
        return Err(malformed(Some("data"), "is not an object"));
    }
    T::deserialize(&wire.data).map_err(|error| malformed(Some("data"), error.to_string()))
}

fn nothing(wire: &WireEntry) -> Result<(), Unreadable> {
    data::<Nothing>(wire).map(|Nothing {}| ())
}

fn reason(wire: &WireEntry) -> Result<String, Unreadable> {
    data::<Because>(wire).map(|because| because.reason)
}

fn action(wire: &WireEntry) -> Result<String, Unreadable> {
    wire.action_id.clone().ok_or_else(|| malformed(Some("action_id"), "is missing"))
}

fn evidence(blob: &Blob) -> Evidence {
    Evidence { sha256: blob.sha256.to_string(), size: blob.size, mime: blob.mime.clone(), role: blob.role.clone() }
}

#[derive(Deserialize)]
struct Nothing {}

#[derive(Deserialize)]
struct Because {
    reason: String,
}

#[derive(Deserialize)]
struct Raw {
    raw: String,
}

#[derive(Deserialize)]
struct LabelClaim {
    code: String,
    #[serde(default)]
    replace: bool,
}

#[derive(Deserialize)]
struct ShiftStart {
    site_id: LocationId,
    #[serde(default)]
    location_id: Option<LocationId>,
    #[serde(default)]
    team_id: Option<TeamId>,
}

#[derive(Deserialize)]
struct Advance {
    #[serde(default)]
    to: Option<String>,
}

#[derive(Deserialize)]
struct Release {
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Rework {
    to: String,
    reason: String,
}

#[derive(Deserialize)]
struct Assign {
    user_id: UserId,
}

#[derive(Deserialize)]
struct Move {
    location_id: LocationId,
}

#[derive(Deserialize)]
struct Assemble {
    component_ids: Vec<ItemId>,
}

#[derive(Deserialize)]
struct Undo {
    of: EntryKey,
}

#[derive(Deserialize)]
struct Note {
    text: String,
}
