//! An operation as it travels: its name and its members.

use floorline_domain::item::Command;
use floorline_domain::json;
use serde_json::Value;

use super::Operation;

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
            Self::ScanRecord { raw } => plain("scan.record", json::object! { "raw" => raw.as_str() }),
            Self::Item(command) => name_command(command),
            Self::LabelClaim { code, replace } => {
                plain("label.claim", json::object! { "code" => code.as_str(), "replace" => *replace })
            }
            Self::ShiftStart { site_id, location_id, team_id } => {
                let mut data = json::object! { "site_id": site_id };
                put(&mut data, "location_id", location_id.map(|id| json::value(&id)));
                put(&mut data, "team_id", team_id.map(|id| json::value(&id)));
                plain("shift.start", data)
            }
            Self::ShiftEnd => plain("shift.end", json::object! {}),
        }
    }
}

fn name_command(command: &Command) -> Named {
    let plain = |op, data| Named { op, action_id: None, data };
    let of_action = |op, action_id: &String, data| Named { op, action_id: Some(action_id.clone()), data };
    match command {
        Command::CompleteAction { action_id, data, .. } => of_action("action.complete", action_id, data.clone()),
        Command::SkipAction { action_id, reason } => {
            of_action("action.skip", action_id, json::object! { "reason" => reason.as_str() })
        }
        Command::Advance { to } => {
            let mut data = json::object! {};
            put(&mut data, "to", to.as_ref().map(|to| json::value(&to)));
            plain("item.advance", data)
        }
        Command::Pause => plain("item.pause", json::object! {}),
        Command::Resume => plain("item.resume", json::object! {}),
        Command::Flag { reason } => plain("item.flag", json::object! { "reason" => reason.as_str() }),
        Command::Scrap { reason } => plain("item.scrap", json::object! { "reason" => reason.as_str() }),
        Command::Hold { reason } => plain("item.hold", json::object! { "reason" => reason.as_str() }),
        Command::Release { reason } => plain("item.release", because(reason.as_ref())),
        Command::Rework { to, reason } => {
            plain("item.rework", json::object! { "to" => to.as_str(), "reason" => reason.as_str() })
        }
        Command::Assign { user_id } => plain("item.assign", json::object! { "user_id": user_id }),
        Command::Claim => plain("item.claim", json::object! {}),
        Command::Move { location_id, .. } => plain("item.move", json::object! { "location_id": location_id }),
        Command::Assemble { component_ids } => plain("item.assemble", json::object! { "component_ids": component_ids }),
        Command::Undo { of } => {
            let mut data = json::object! {};
            put(&mut data, "of", of.map(|of| json::value(&of)));
            plain("item.undo", data)
        }
        Command::AddNote { text } => plain("note.add", json::object! { "text" => text.as_str() }),
        Command::RecordScan { raw } => plain("scan.record", json::object! { "raw" => raw.as_str() }),
        Command::Cancel { reason } => plain("item.cancel", because(reason.as_ref())),
        Command::Fail { reason } => plain("item.fail", because(reason.as_ref())),
    }
}

fn because(reason: Option<&String>) -> Value {
    reason.map_or_else(|| json::object! {}, |reason| json::object! { "reason" => reason.as_str() })
}

fn put(data: &mut Value, key: &str, value: Option<Value>) {
    if let (Some(members), Some(value)) = (data.as_object_mut(), value) {
        members.insert(key.to_owned(), value);
    }
}
