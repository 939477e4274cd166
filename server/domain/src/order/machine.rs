//! The status of an order.

use crate::json;
use serde::{Deserialize, Serialize};

use super::Status;
use crate::{
    FieldError,
    permission::{Permission, PermissionSet},
    refusal::{Reason, Refusal},
};

/// What is wanted of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Change what is asked for.
    Amend,
    Accept,
    Reject {
        reason: Option<String>,
    },
    Pause {
        reason: Option<String>,
    },
    Resume,
    /// Close it by hand; items still open are cancelled.
    Complete {
        reason: Option<String>,
    },
    Cancel {
        reason: Option<String>,
    },
    /// Its first item was worked on.
    Start,
    /// Its last open item was closed.
    Finish,
    /// One of its items was taken back into work.
    Reopen,
}

/// On whose side the actor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    Factory,
    Brand,
}

/// Who wants it. `Start`, `Finish` and `Reopen` follow from items and ask for no permission.
#[derive(Debug, Clone, Copy)]
pub struct Actor<'a> {
    pub party: Party,
    pub permissions: &'a PermissionSet,
}

/// What is known of an order besides its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// It has a workflow, or is given one with the acceptance.
    pub workflow: bool,
    /// Work on one of its items has begun.
    pub started: bool,
    /// Items that are neither completed, scrapped nor cancelled.
    pub open_items: u64,
}

/// What happened to an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Event {
    #[serde(rename = "order.amended")]
    Amended,
    #[serde(rename = "order.accepted")]
    Accepted,
    #[serde(rename = "order.rejected")]
    Rejected {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    #[serde(rename = "order.paused")]
    Paused {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    #[serde(rename = "order.resumed")]
    Resumed { to: Status },
    #[serde(rename = "order.started")]
    Started,
    #[serde(rename = "order.completed")]
    Completed {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    #[serde(rename = "order.cancelled")]
    Cancelled {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    #[serde(rename = "order.reopened")]
    Reopened,
}

impl Event {
    /// The name of the event.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Amended => "order.amended",
            Self::Accepted => "order.accepted",
            Self::Rejected { .. } => "order.rejected",
            Self::Paused { .. } => "order.paused",
            Self::Resumed { .. } => "order.resumed",
            Self::Started => "order.started",
            Self::Completed { .. } => "order.completed",
            Self::Cancelled { .. } => "order.cancelled",
            Self::Reopened => "order.reopened",
        }
    }
}

/// The statuses an order may go to from `from` when people ask for it.
pub fn allowed(from: Status, started: bool) -> &'static [Status] {
    use Status::{Accepted, Cancelled, Completed, InProduction, Paused, Pending, Rejected};
    match from {
        Pending => &[Accepted, Rejected, Cancelled],
        Accepted => &[InProduction, Paused, Completed, Cancelled],
        InProduction => &[Paused, Completed, Cancelled],
        Paused if started => &[InProduction, Completed, Cancelled],
        Paused => &[Accepted, Completed, Cancelled],
        Completed | Rejected | Cancelled => &[],
    }
}

/// What follows from the command.
pub fn decide(status: Status, command: &Command, facts: Facts, actor: Actor<'_>) -> Result<Event, Refusal> {
    use Status::{Accepted, Cancelled, Completed, InProduction, Paused, Pending, Rejected};
    let no = || {
        Err(Refusal::new(Reason::TransitionNotAllowed)
            .with(json::object! { "from": status, "allowed": allowed(status, facts.started) }))
    };
    let done = || Err(Refusal::new(Reason::AlreadyDone).with(json::object! { "status": status }));
    let event = match (command, status) {
        (Command::Amend, Pending) => Event::Amended,
        (Command::Accept, Pending) => Event::Accepted,
        (Command::Accept, Accepted) => return done(),
        (Command::Reject { reason }, Pending) => Event::Rejected { reason: reason.clone() },
        (Command::Reject { .. }, Rejected) => return done(),
        (Command::Pause { reason }, Accepted | InProduction) => Event::Paused { reason: reason.clone() },
        (Command::Pause { .. }, Paused) => return done(),
        (Command::Resume, Paused) => Event::Resumed { to: if facts.started { InProduction } else { Accepted } },
        (Command::Resume, Accepted | InProduction) => return done(),
        (Command::Complete { reason }, Accepted | InProduction | Paused) => Event::Completed { reason: reason.clone() },
        (Command::Complete { .. } | Command::Finish, Completed) => return done(),
        (Command::Cancel { reason }, Pending) => Event::Cancelled { reason: reason.clone() },
        (Command::Cancel { reason }, Accepted | InProduction | Paused) if actor.party == Party::Factory => {
            Event::Cancelled { reason: reason.clone() }
        }
        (Command::Cancel { .. }, Cancelled) => return done(),
        (Command::Start, Accepted) => Event::Started,
        (Command::Start, InProduction) => return done(),
        (Command::Finish, Accepted | InProduction | Paused) if facts.open_items == 0 => {
            Event::Completed { reason: None }
        }
        (Command::Reopen, Completed) => Event::Reopened,
        (Command::Reopen, InProduction) => return done(),
        _ => return no(),
    };
    permit(command, actor)?;
    gate(command, facts, actor)?;
    Ok(event)
}

/// Whether the actor may ask for this: an order's fate is the factory's, but for what its brand still may while pending.
fn permit(command: &Command, actor: Actor<'_>) -> Result<(), Refusal> {
    let permission = match command {
        Command::Accept | Command::Reject { .. } => Permission::OrderAccept,
        Command::Amend
        | Command::Pause { .. }
        | Command::Resume
        | Command::Complete { .. }
        | Command::Cancel { .. } => Permission::OrderManage,
        Command::Start | Command::Finish | Command::Reopen => return Ok(()),
    };
    let brand_may = matches!(command, Command::Amend | Command::Cancel { .. });
    if actor.permissions.contains(&permission) && (actor.party == Party::Factory || brand_may) {
        return Ok(());
    }
    Err(Refusal::new(Reason::NotPermitted).with(json::object! { "permission": permission }))
}

/// What must be given besides the permission.
fn gate(command: &Command, facts: Facts, actor: Actor<'_>) -> Result<(), Refusal> {
    match command {
        Command::Accept if !facts.workflow => {
            Err(Refusal::invalid(&[FieldError::new("workflow_id", "required", "an order is accepted with a workflow")]))
        }
        Command::Complete { reason } if facts.open_items > 0 => {
            if !actor.permissions.contains(&Permission::OrderOverride) {
                let detail = json::object! { "open_items": facts.open_items, "permission": Permission::OrderOverride };
                return Err(Refusal::new(Reason::TransitionNotAllowed).with(detail));
            }
            if reason.as_ref().is_none_or(|reason| reason.trim().is_empty()) {
                let message = "say why open items are cancelled";
                return Err(Refusal::invalid(&[FieldError::new("reason", "required", message)]));
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The status after the event.
pub fn apply(status: Status, event: &Event) -> Status {
    match event {
        Event::Amended => status,
        Event::Accepted => Status::Accepted,
        Event::Rejected { .. } => Status::Rejected,
        Event::Paused { .. } => Status::Paused,
        Event::Resumed { to } => *to,
        Event::Started | Event::Reopened => Status::InProduction,
        Event::Completed { .. } => Status::Completed,
        Event::Cancelled { .. } => Status::Cancelled,
    }
}
