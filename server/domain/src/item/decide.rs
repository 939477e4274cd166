//! Whether a command may be carried out, and what happens then.
//!
//! Questions are asked in a fixed order, so that a worker always hears the most telling answer: is the item closed,
//! held, paused, in a status that knows no such operation; is its order open; was the step done already, or did the
//! item move on; may this person do it; do the gates of the workflow and the content allow it.

use super::{Actor, Change, Command, Context, Event, Item, Stamp, admit, complete, gates, leave, undo};
use crate::json;
use crate::{
    FieldError,
    action::MAX_TEXT,
    ids::ItemId,
    item::Status,
    permission::Permission,
    refusal::{Reason, Refusal},
};

/// A reason or remark has at most this many characters.
pub const MAX_REASON: usize = 1_000;

/// The events that the command amounts to, or why it does not. Looks nothing up.
pub fn decide(item: &Item, command: &Command, ctx: &Context<'_>) -> Result<Vec<Event>, Refusal> {
    let changes = match command {
        Command::Undo { of } => vec![undo::undo(item, *of, ctx)?],
        _ => {
            admit::admit(item, command, ctx)?;
            carry_out(item, command, ctx)?
        }
    };
    let stamp = Stamp { by: ctx.actor.id, at: ctx.now, entry: ctx.entry };
    Ok(changes.into_iter().map(|change| Event { change, stamp }).collect())
}

/// Whether only `item:override` makes this possible: without it the answer would be no.
pub fn overrides(item: &Item, command: &Command, ctx: &Context<'_>) -> bool {
    let mut permissions = ctx.actor.permissions.clone();
    if !permissions.remove(&Permission::ItemOverride) {
        return false;
    }
    let actor = Actor { permissions: &permissions, ..ctx.actor };
    decide(item, command, ctx).is_ok() && decide(item, command, &Context { actor, ..*ctx }).is_err()
}

fn carry_out(item: &Item, command: &Command, ctx: &Context<'_>) -> Result<Vec<Change>, Refusal> {
    let change = match command {
        Command::CompleteAction { action_id, data, evidence } => {
            return Ok(started(item, complete::complete(item, action_id, data, evidence, ctx)?));
        }
        Command::SkipAction { action_id, reason } => {
            return Ok(started(item, complete::skip(item, action_id, reason, ctx)?));
        }
        Command::Advance { to } => return Ok(started(item, leave::advance(item, to.as_deref(), ctx)?)),
        Command::Rework { to, reason } => leave::rework(item, to, &reason_given(reason)?, ctx)?,
        Command::Pause => Change::Paused,
        Command::Resume => Change::Resumed,
        Command::Flag { reason } => Change::Flagged { reason: reason_given(reason)? },
        Command::Scrap { reason } => Change::Scrapped { reason: reason_given(reason)? },
        Command::Hold { reason } => Change::Held { reason: reason_given(reason)? },
        Command::Release { reason } => Change::Released { reason: reason_if_any(reason.as_ref())? },
        Command::Assign { user_id } if item.assigned_to == Some(*user_id) => return Err(already_assigned(item)),
        Command::Assign { user_id } => Change::Assigned { user_id: *user_id },
        Command::Claim => claim(item, ctx)?,
        Command::Move { location_id, site_id } => {
            let unknown = || Refusal::new(Reason::WrongLocation).with(json::object! { "location": location_id });
            let site_id = site_id.ok_or_else(unknown)?;
            if (item.location_id, item.site_id) == (Some(*location_id), site_id) {
                return Err(Refusal::new(Reason::AlreadyDone).with(json::object! { "location": location_id }));
            }
            Change::Moved { location_id: *location_id, site_id, from: item.location_id }
        }
        Command::Assemble { component_ids } => assemble(item, component_ids, ctx)?,
        Command::AddNote { text } => Change::NoteAdded { text: text_given("text", text, MAX_TEXT)? },
        Command::RecordScan { raw } => Change::ScanRecorded { raw: text_given("raw", raw, MAX_TEXT)? },
        Command::Cancel { reason } => Change::Cancelled { reason: reason_if_any(reason.as_ref())?, with: None },
        Command::Fail { reason } => Change::Failed { reason: reason_if_any(reason.as_ref())? },
        Command::Undo { of } => undo::undo(item, *of, ctx)?,
    };
    Ok(vec![change])
}

/// The first work on an item starts it.
fn started(item: &Item, change: Change) -> Vec<Change> {
    let start = (item.status == Status::NotStarted).then_some(Change::Started);
    start.into_iter().chain([change]).collect()
}

fn claim(item: &Item, ctx: &Context<'_>) -> Result<Change, Refusal> {
    match item.assigned_to {
        None => Ok(Change::Claimed),
        Some(user) if user == ctx.actor.id => Err(already_assigned(item)),
        Some(user) => Err(Refusal::new(Reason::ClaimLost).with(json::object! { "by": user })),
    }
}

fn already_assigned(item: &Item) -> Refusal {
    Refusal::new(Reason::AlreadyDone).with(json::object! { "assigned_to": item.assigned_to })
}

/// Only the item's own components go into it, and only completed ones.
fn assemble(item: &Item, ids: &[ItemId], ctx: &Context<'_>) -> Result<Change, Refusal> {
    gates::worker(item, ctx)?;
    if ids.is_empty() {
        let error = FieldError::new("component_ids", "required", "name the components that were put in");
        return Err(Refusal::invalid(&[error]));
    }
    let own = |id: &&ItemId| ctx.components.iter().any(|component| component.id == **id);
    let foreign: Vec<&ItemId> = ids.iter().filter(|id| !own(id)).collect();
    if !foreign.is_empty() {
        let detail = json::object! { "expected": "component", "component_ids": foreign };
        return Err(Refusal::new(Reason::WrongCode).with(detail));
    }
    let named = ctx.components.iter().filter(|component| ids.contains(&component.id));
    let unready: Vec<_> = named.filter(|component| component.status != Status::Completed).collect();
    if !unready.is_empty() {
        return Err(gates::components_refused(&unready, &[]));
    }
    let mut new: Vec<ItemId> = ids.iter().copied().filter(|id| !item.progress.assembled.contains(id)).collect();
    new.sort();
    new.dedup();
    if new.is_empty() {
        return Err(Refusal::new(Reason::AlreadyDone).with(json::object! { "component_ids": ids }));
    }
    Ok(Change::Assembled { component_ids: new })
}

pub(super) fn reason_given(reason: &str) -> Result<String, Refusal> {
    text_given("reason", reason, MAX_REASON)
}

fn reason_if_any(reason: Option<&String>) -> Result<Option<String>, Refusal> {
    let given = reason.filter(|reason| !reason.trim().is_empty());
    given.map(|reason| reason_given(reason)).transpose()
}

fn text_given(field: &str, text: &str, max: usize) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal::invalid(&[FieldError::new(field, "required", format!("{field} is missing"))]));
    }
    if text.chars().count() > max {
        let message = format!("{field} has more than {max} characters");
        return Err(Refusal::invalid(&[FieldError::new(field, "too_long", message)]));
    }
    Ok(text.to_owned())
}
