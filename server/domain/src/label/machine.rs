//! What may be done with a label: blank ones are claimed, active ones replaced, both revoked. Printing is no status.

use crate::json;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Code, Kind, Status};
use crate::{
    ids::{ItemId, LabelId, LocationId, UserId},
    item,
    refusal::{Reason, Refusal},
};

/// A label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    pub id: LabelId,
    pub code: Code,
    pub status: Status,
    /// What it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// The label that took its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<LabelId>,
}

/// What a label names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "snake_case")]
pub enum Target {
    Item(ItemId),
    Location(LocationId),
    User(UserId),
}

impl Target {
    /// The kind of label that may name it.
    pub fn kind(self) -> Kind {
        match self {
            Self::Item(_) => Kind::Item,
            Self::Location(_) => Kind::Location,
            Self::User(_) => Kind::User,
        }
    }

    /// Its id.
    pub fn id(self) -> Uuid {
        match self {
            Self::Item(id) => id.0,
            Self::Location(id) => id.0,
            Self::User(id) => id.0,
        }
    }
}

/// What someone wants to do with a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Put it on something; with `replace` instead of the label that is on it now.
    Claim {
        target: Target,
        replace: bool,
    },
    Revoke {
        reason: Option<String>,
    },
}

/// What is known of the thing a label is to be put on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// The label that is on it now.
    pub present: Option<&'a Label>,
    /// Its status, when it is an item.
    pub item: Option<item::Status>,
}

/// What happened to a label. A claim that replaces is two events, one for each label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Event {
    #[serde(rename = "label.claimed")]
    Claimed { label_id: LabelId, target: Target, by: UserId, at: DateTime<Utc> },
    #[serde(rename = "label.replaced")]
    Replaced { label_id: LabelId, replaced_by: LabelId, by: UserId, at: DateTime<Utc> },
    #[serde(rename = "label.revoked")]
    Revoked {
        label_id: LabelId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        by: UserId,
        at: DateTime<Utc>,
    },
}

impl Event {
    /// The name of the event.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Claimed { .. } => "label.claimed",
            Self::Replaced { .. } => "label.replaced",
            Self::Revoked { .. } => "label.revoked",
        }
    }

    /// The label it happened to.
    pub fn label_id(&self) -> LabelId {
        match self {
            Self::Claimed { label_id, .. } | Self::Replaced { label_id, .. } | Self::Revoked { label_id, .. } => {
                *label_id
            }
        }
    }
}

/// The statuses a label may go to from `from`.
pub fn allowed(from: Status) -> &'static [Status] {
    match from {
        Status::Blank => &[Status::Active, Status::Revoked],
        Status::Active => &[Status::Replaced, Status::Revoked],
        Status::Replaced | Status::Revoked => &[],
    }
}

/// What follows when `by` wants this of a label.
pub fn decide(
    label: &Label,
    command: &Command,
    facts: Facts<'_>,
    by: UserId,
    at: DateTime<Utc>,
) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Claim { target, replace } => claim(label, *target, *replace, facts, by, at),
        Command::Revoke { reason } => match label.status {
            Status::Blank | Status::Active => {
                Ok(vec![Event::Revoked { label_id: label.id, reason: reason.clone(), by, at }])
            }
            Status::Revoked => Err(Refusal::new(Reason::AlreadyDone)),
            Status::Replaced => Err(not_from(label)),
        },
    }
}

fn claim(
    label: &Label,
    target: Target,
    replace: bool,
    facts: Facts<'_>,
    by: UserId,
    at: DateTime<Utc>,
) -> Result<Vec<Event>, Refusal> {
    if label.code.kind() != target.kind() {
        return Err(Refusal::new(Reason::WrongCode)
            .with(json::object! { "expected": target.kind(), "scanned": label.code.kind() }));
    }
    match label.status {
        Status::Blank => {}
        Status::Active if label.target == Some(target) => {
            return Err(Refusal::new(Reason::AlreadyDone));
        }
        Status::Active => {
            return Err(
                Refusal::new(Reason::LabelTaken).with(json::object! { "code": label.code, "target": label.target })
            );
        }
        Status::Revoked => {
            return Err(Refusal::new(Reason::LabelRevoked).with(json::object! { "code": label.code }));
        }
        Status::Replaced => return Err(not_from(label)),
    }
    if let Some(status) = facts.item.filter(|status| status.is_final()) {
        return Err(Refusal::new(Reason::ItemClosed).with(json::object! { "status": status }));
    }
    let claimed = Event::Claimed { label_id: label.id, target, by, at };
    match facts.present {
        None => Ok(vec![claimed]),
        Some(present) if replace => {
            Ok(vec![Event::Replaced { label_id: present.id, replaced_by: label.id, by, at }, claimed])
        }
        Some(present) => Err(Refusal::new(Reason::TransitionNotAllowed)
            .with(json::object! { "from": label.status, "allowed": Vec::<Status>::new(), "needs": "replace", "present_code": present.code })),
    }
}

fn not_from(label: &Label) -> Refusal {
    Refusal::new(Reason::TransitionNotAllowed)
        .with(json::object! { "from": label.status, "allowed": allowed(label.status) })
}

/// The label after an event that happened to it.
pub fn apply(label: Label, event: &Event) -> Label {
    match event {
        Event::Claimed { target, .. } => Label { status: Status::Active, target: Some(*target), ..label },
        Event::Replaced { replaced_by, .. } => {
            Label { status: Status::Replaced, replaced_by: Some(*replaced_by), ..label }
        }
        Event::Revoked { .. } => Label { status: Status::Revoked, ..label },
    }
}
