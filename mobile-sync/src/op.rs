//! What a person can do on the floor, and how an entry's bytes become it.
//!
//! A new operation is one variant here and one arm in the engine. What only a server does (`order.*`, `label.make` …)
//! is written by the server as a [`WireEntry`] and is never read from a device.

use floorline_domain::action::Blob as Evidence;
use floorline_domain::ids::{EntryKey, ItemId, LocationId, TeamId, UserId};
use floorline_domain::item::Command;
use floorline_domain::refusal::Reason;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::entry::{Blob, Clock, Entry, WireEntry};
use crate::limits::{ENTRY_BYTES, OLDEST_SCHEMA, SCHEMA};
use crate::strict;

/// What was done.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// A scan that satisfies nothing; kept with what it said.
    ScanRecord {
        /// What the code said.
        raw: String,
    },
    /// A step of an item.
    Item(Command),
    /// Binds a blank label to the item.
    LabelClaim {
        /// The label's code.
        code: String,
        /// Replaces the item's active label.
        replace: bool,
    },
    /// Starts the actor's shift.
    ShiftStart {
        /// Where.
        site_id: LocationId,
        /// At which station.
        location_id: Option<LocationId>,
        /// With whom.
        team_id: Option<TeamId>,
    },
    /// Ends the actor's shift.
    ShiftEnd,
}

/// An operation's name and members as they travel.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// Such as `item.advance`.
    pub op: &'static str,
    /// For `action.*`.
    pub action_id: Option<String>,
    /// The operation's own members.
    pub data: Value,
}

impl Operation {
    /// The name and members as they travel.
    pub fn named(&self) -> Named {
        let plain = |op, data| Named { op, action_id: None, data };
        match self {
            Self::ScanRecord { raw } => plain("scan.record", json!({ "raw": raw })),
            Self::Item(command) => name_command(command),
            Self::LabelClaim { code, replace } => plain("label.claim", json!({ "code": code, "replace": replace })),
            Self::ShiftStart { site_id, location_id, team_id } => {
                let mut data = json!({ "site_id": site_id });
                put(&mut data, "location_id", location_id.map(|id| json!(id)));
                put(&mut data, "team_id", team_id.map(|id| json!(id)));
                plain("shift.start", data)
            }
            Self::ShiftEnd => plain("shift.end", json!({})),
        }
    }
}

fn name_command(command: &Command) -> Named {
    let plain = |op, data| Named { op, action_id: None, data };
    let of_action = |op, action_id: &String, data| Named { op, action_id: Some(action_id.clone()), data };
    match command {
        Command::CompleteAction { action_id, data, .. } => of_action("action.complete", action_id, data.clone()),
        Command::SkipAction { action_id, reason } => of_action("action.skip", action_id, json!({ "reason": reason })),
        Command::Advance { to } => {
            let mut data = json!({});
            put(&mut data, "to", to.as_ref().map(|to| json!(to)));
            plain("item.advance", data)
        }
        Command::Pause => plain("item.pause", json!({})),
        Command::Resume => plain("item.resume", json!({})),
        Command::Flag { reason } => plain("item.flag", json!({ "reason": reason })),
        Command::Scrap { reason } => plain("item.scrap", json!({ "reason": reason })),
        Command::Hold { reason } => plain("item.hold", json!({ "reason": reason })),
        Command::Release { reason } => plain("item.release", because(reason.as_ref())),
        Command::Rework { to, reason } => plain("item.rework", json!({ "to": to, "reason": reason })),
        Command::Assign { user_id } => plain("item.assign", json!({ "user_id": user_id })),
        Command::Claim => plain("item.claim", json!({})),
        Command::Move { location_id, .. } => plain("item.move", json!({ "location_id": location_id })),
        Command::Assemble { component_ids } => plain("item.assemble", json!({ "component_ids": component_ids })),
        Command::Undo { of } => {
            let mut data = json!({});
            put(&mut data, "of", of.map(|of| json!(of)));
            plain("item.undo", data)
        }
        Command::AddNote { text } => plain("note.add", json!({ "text": text })),
        Command::RecordScan { raw } => plain("scan.record", json!({ "raw": raw })),
        Command::Cancel { reason } => plain("item.cancel", because(reason.as_ref())),
        Command::Fail { reason } => plain("item.fail", because(reason.as_ref())),
    }
}

fn because(reason: Option<&String>) -> Value {
    reason.map_or_else(|| json!({}), |reason| json!({ "reason": reason }))
}

fn put(data: &mut Value, key: &str, value: Option<Value>) {
    if let (Some(members), Some(value)) = (data.as_object_mut(), value) {
        members.insert(key.to_owned(), value);
    }
}

/// Bytes that are kept and parked, but cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unreadable {
    /// [`Reason::Malformed`] or [`Reason::Unsupported`].
    pub reason: Reason,
    /// The member at fault, where there is one.
    pub field: Option<&'static str>,
    /// What is wrong with it.
    pub message: String,
}

fn malformed(field: Option<&'static str>, message: impl Into<String>) -> Unreadable {
    Unreadable { reason: Reason::Malformed, field, message: message.into() }
}

fn unsupported(field: &'static str, message: String) -> Unreadable {
    Unreadable { reason: Reason::Unsupported, field: Some(field), message }
}

/// What must be known before the rest can be read at all.
#[derive(Deserialize)]
struct Head {
    seq: i64,
    schema: i64,
    op: String,
}

/// Reads an entry that a device sent at `place` of its stream.
///
/// What fails here was still hashed like any other entry; it is parked with its bytes.
pub fn read_entry(bytes: &[u8], place: i64) -> Result<Entry, Unreadable> {
    if bytes.len() > ENTRY_BYTES {
        return Err(malformed(None, format!("{} bytes, at most {ENTRY_BYTES} are read", bytes.len())));
    }
    strict::check(bytes).map_err(|fault| malformed(None, fault.to_string()))?;
    let head: Head = serde_json::from_slice(bytes).map_err(|error| malformed(None, error.to_string()))?;
    if head.seq != place {
        return Err(malformed(Some("seq"), format!("says {}, stands at {place}", head.seq)));
    }
    if !(OLDEST_SCHEMA..=SCHEMA).contains(&head.schema) {
        return Err(unsupported("schema", format!("schema {} is not read here", head.schema)));
    }
    if !OPERATIONS.contains(&head.op.as_str()) {
        return Err(unsupported("op", format!("{} is not an operation of devices", head.op)));
    }
    let wire: WireEntry = serde_json::from_slice(bytes).map_err(|error| malformed(None, error.to_string()))?;
    let op = read_operation(&wire)?;
    let (Some(device_time), Some(monotonic), Some(boot_id)) = (wire.device_time, wire.monotonic, wire.boot_id) else {
        return Err(malformed(Some("device_time"), "device_time, monotonic and boot_id are all needed"));
    };
    if wire.item_id.is_none() && needs_item(&op) {
        return Err(malformed(Some("item_id"), "is missing"));
    }
    Ok(Entry {
        seq: wire.seq,
        schema: wire.schema,
        op,
        item_id: wire.item_id,
        stage: wire.stage,
        base: wire.base,
        actor: wire.actor,
        lease_id: wire.lease_id,
        clock: Some(Clock { device_time, monotonic, boot_id }),
        blobs: wire.blobs,
        origin: wire.origin,
    })
}

/// Every operation a device may send.
pub const OPERATIONS: [&str; 20] = [
    "scan.record",
    "action.complete",
    "action.skip",
    "item.advance",
    "item.pause",
    "item.resume",
    "item.flag",
    "item.scrap",
    "item.hold",
    "item.release",
    "item.rework",
    "item.assign",
    "item.claim",
    "item.move",
    "item.assemble",
    "item.undo",
    "note.add",
    "label.claim",
    "shift.start",
    "shift.end",
];

fn needs_item(op: &Operation) -> bool {
    matches!(op, Operation::Item(_) | Operation::LabelClaim { .. })
}

fn read_operation(wire: &WireEntry) -> Result<Operation, Unreadable> {
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

fn evidence(blob: &Blob) -> Evidence {
    Evidence { sha256: blob.sha256.to_string(), size: blob.size, mime: blob.mime.clone(), role: blob.role.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Raw as Text;

    const ENTRY: &str = r#"{"seq":1039,"schema":7,"op":"action.complete","item_id":"018f0000-0000-7000-8000-000000000001","action_id":"weld.seam","stage":"weld","base":{"version":17,"predecessor":1036,"seen":88120},"actor":"018f0000-0000-7000-8000-000000000002","device_time":1763600000123,"monotonic":8123456,"boot_id":"b3","data":{"raw":"x"}}"#;

    fn refused(text: &str) -> (Reason, Option<&'static str>) {
        let error = read_entry(text.as_bytes(), 1039).unwrap_err();
        (error.reason, error.field)
    }

    #[test]
    fn an_entry_is_read_and_written_the_same() {
        let entry = read_entry(ENTRY.as_bytes(), 1039).unwrap();
        assert_eq!(
            entry.base,
            Some(crate::entry::Base { version: Some(17), predecessor: Some(1036), seen: Some(88120) })
        );
        assert_eq!(Text::of(&entry).unwrap().text(), ENTRY);
    }

    #[test]
    fn each_fault_is_told_apart() {
        let with = |from: &str, to: &str| {
            assert!(ENTRY.contains(from));
            ENTRY.replace(from, to)
        };
        assert_eq!(refused(&with(r#""raw":"x""#, r#""raw":"\u0000""#)), (Reason::Malformed, None));
        assert_eq!(refused(&with(r#""raw":"x""#, r#""raw":"\ud800""#)), (Reason::Malformed, None));
        assert_eq!(refused(&with(r#""raw":"x""#, r#""raw":"x","raw":"y""#)), (Reason::Malformed, None));
        assert_eq!(refused(&with(r#""raw":"x""#, r#""raw":9007199254740992"#)), (Reason::Malformed, None));
        assert_eq!(
            refused(&with(r#""raw":"x""#, &format!(r#""raw":{}1{}"#, "[".repeat(40), "]".repeat(40)))),
            (Reason::Malformed, None)
        );
        assert_eq!(
            refused(&with(r#""raw":"x""#, &format!(r#""raw":"{}""#, "x".repeat(ENTRY_BYTES)))),
            (Reason::Malformed, None)
        );
        assert_eq!(refused(&with(r#""seq":1039"#, r#""seq":1040"#)), (Reason::Malformed, Some("seq")));
        assert_eq!(refused(&with(r#""schema":7"#, r#""schema":8"#)), (Reason::Unsupported, Some("schema")));
        assert_eq!(refused(&with("action.complete", "order.accept")), (Reason::Unsupported, Some("op")));
        assert_eq!(refused(&with("action.complete", "item.explode")), (Reason::Unsupported, Some("op")));
        assert_eq!(refused(&with(r#""action_id":"weld.seam","#, "")), (Reason::Malformed, Some("action_id")));
        assert_eq!(
            refused(&with(r#""item_id":"018f0000-0000-7000-8000-000000000001","#, "")),
            (Reason::Malformed, Some("item_id"))
        );
        assert_eq!(refused(&with(r#""boot_id":"b3","#, "")), (Reason::Malformed, Some("device_time")));
        assert_eq!(refused(&with(r#"{"raw":"x"}"#, "[]")), (Reason::Malformed, Some("data")));
        assert_eq!(refused(&with("action.complete", "item.scrap")), (Reason::Malformed, Some("data")));
        assert_eq!(refused(r#"{"seq":1039}"#), (Reason::Malformed, None));
        assert_eq!(refused("not json"), (Reason::Malformed, None));
    }

    #[test]
    fn a_scan_needs_no_item_and_a_note_does() {
        let scan = r#"{"seq":1,"schema":7,"op":"scan.record","actor":"018f0000-0000-7000-8000-000000000002","device_time":1,"monotonic":1,"boot_id":"b","data":{"raw":"?"}}"#;
        assert_eq!(read_entry(scan.as_bytes(), 1).unwrap().op, Operation::ScanRecord { raw: "?".to_owned() });
        let note = scan.replace("scan.record", "note.add").replace(r#""raw""#, r#""text""#);
        assert_eq!(read_entry(note.as_bytes(), 1).unwrap_err().field, Some("item_id"));
    }
}
