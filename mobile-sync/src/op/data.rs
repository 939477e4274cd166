//! The members of each operation, as they are read. Members this build does not know are ignored.

use std::str::FromStr;

use floorline_domain::action::Blob as Evidence;
use floorline_domain::ids::EntryKey;
use floorline_domain::item::Command;
use serde_json::{Map, Value};

use super::Operation;
use super::read::{Unreadable, malformed, unsupported};
use crate::entry::{Blob, WireEntry};

/// What an entry of a device does.
pub(crate) fn read_operation(wire: &WireEntry) -> Result<Operation, Unreadable> {
    let data = Members::of(&wire.data)?;
    Ok(match wire.op.as_str() {
        "scan.record" => Operation::ScanRecord { raw: data.text("raw")? },
        "label.claim" => Operation::LabelClaim { code: data.text("code")?, replace: data.flag("replace")? },
        "shift.start" => Operation::ShiftStart {
            site_id: data.id("site_id")?,
            location_id: data.id_if_any("location_id")?,
            team_id: data.id_if_any("team_id")?,
        },
        "shift.end" => Operation::ShiftEnd,
        _ => Operation::Item(read_command(wire, &data)?),
    })
}

fn read_command(wire: &WireEntry, data: &Members<'_>) -> Result<Command, Unreadable> {
    let reason = || data.text("reason");
    Ok(match wire.op.as_str() {
        "action.complete" => {
            let evidence = wire.blobs.iter().map(evidence).collect();
            Command::CompleteAction { action_id: action(wire)?, data: wire.data.clone(), evidence }
        }
        "action.skip" => Command::SkipAction { action_id: action(wire)?, reason: reason()? },
        "item.advance" => Command::Advance { to: data.text_if_any("to")? },
        "item.pause" => Command::Pause,
        "item.resume" => Command::Resume,
        "item.flag" => Command::Flag { reason: reason()? },
        "item.scrap" => Command::Scrap { reason: reason()? },
        "item.hold" => Command::Hold { reason: reason()? },
        "item.release" => Command::Release { reason: data.text_if_any("reason")? },
        "item.rework" => Command::Rework { to: data.text("to")?, reason: reason()? },
        "item.assign" => Command::Assign { user_id: data.id("user_id")? },
        "item.claim" => Command::Claim,
        "item.move" => Command::Move { location_id: data.id("location_id")?, site_id: None },
        "item.assemble" => Command::Assemble { component_ids: data.ids("component_ids")? },
        "item.undo" => Command::Undo { of: Some(data.entry("of")?) },
        "note.add" => Command::AddNote { text: data.text("text")? },
        other => return Err(unsupported("op", format!("{other} is not an operation of devices"))),
    })
}

fn action(wire: &WireEntry) -> Result<String, Unreadable> {
    wire.action_id.clone().ok_or_else(|| malformed(Some("action_id"), "is missing"))
}

fn evidence(blob: &Blob) -> Evidence {
    Evidence { sha256: blob.sha256.to_string(), size: blob.size, mime: blob.mime.clone(), role: blob.role.clone() }
}

/// `data`, member by member: an optional one may be absent or null, but must not be something else.
struct Members<'a>(&'a Map<String, Value>);

impl<'a> Members<'a> {
    fn of(data: &'a Value) -> Result<Self, Unreadable> {
        data.as_object().map(Self).ok_or_else(|| malformed(Some("data"), "is not an object"))
    }

    fn member(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Result<String, Unreadable> {
        said(self.member(name), name).map(str::to_owned)
    }

    fn text_if_any(&self, name: &str) -> Result<Option<String>, Unreadable> {
        self.member(name).map(|value| said(Some(value), name).map(str::to_owned)).transpose()
    }

    fn flag(&self, name: &str) -> Result<bool, Unreadable> {
        match self.0.get(name) {
            None => Ok(false),
            Some(value) => value.as_bool().ok_or_else(|| wrong(name, "true or false")),
        }
    }

    fn id<T: FromStr>(&self, name: &str) -> Result<T, Unreadable> {
        named(self.member(name), name)
    }

    fn id_if_any<T: FromStr>(&self, name: &str) -> Result<Option<T>, Unreadable> {
        self.member(name).map(|value| named(Some(value), name)).transpose()
    }

    fn ids<T: FromStr>(&self, name: &str) -> Result<Vec<T>, Unreadable> {
        let ids = self.member(name).and_then(Value::as_array).ok_or_else(|| wrong(name, "a list of ids"))?;
        ids.iter().map(|id| named(Some(id), name)).collect()
    }

    fn entry(&self, name: &str) -> Result<EntryKey, Unreadable> {
        let key = self.member(name).map(Members::of).ok_or_else(|| wrong(name, "an entry"))??;
        let seq = key.member("seq").and_then(Value::as_i64).ok_or_else(|| wrong("seq", "an integer"))?;
        Ok(EntryKey { stream_id: key.id("stream_id")?, seq })
    }
}

fn said<'a>(value: Option<&'a Value>, name: &str) -> Result<&'a str, Unreadable> {
    value.and_then(Value::as_str).ok_or_else(|| wrong(name, "a text"))
}

fn named<T: FromStr>(value: Option<&Value>, name: &str) -> Result<T, Unreadable> {
    said(value, name)?.parse().map_err(|_| wrong(name, "an id"))
}

fn wrong(name: &str, expected: &str) -> Unreadable {
    malformed(Some("data"), format!("`{name}` must be {expected}"))
}
