//! Taking back the latest entry of an item. The state from before it was kept, so no log is needed.

use crate::json;
use chrono::Duration;

use super::{
    Change, Context, Item, LastEntry, Op, Status,
    admit::{self, not_permitted},
};
use crate::{
    ids::EntryKey,
    order,
    permission::Permission,
    refusal::{Reason, Refusal},
};

/// How long a person may take back what they did.
pub const UNDO_WITHIN: Duration = Duration::minutes(10);

/// The same with `item:override`.
pub const UNDO_WITHIN_OVERRIDE: Duration = Duration::hours(24);

/// Takes back the entry `of`, or the latest: only the latest, only by who made it, only for a while.
pub(super) fn undo(item: &Item, of: Option<EntryKey>, ctx: &Context<'_>) -> Result<Change, Refusal> {
    let named = |key: EntryKey| of.is_none_or(|of| of == key) || ctx.entry_aliases.contains(&key);
    let Some(last) = &item.progress.last else { return Err(nothing(item, None)) };
    if of.is_some() && last.undone.is_some_and(named) {
        return Err(Refusal::new(Reason::AlreadyDone).with(json::object! { "by": last.by, "at": last.at }));
    }
    if !named(last.entry) {
        let detail = json::object! { "superseded": true, "op": last.op, "by": last.by, "at": last.at };
        return Err(Refusal::new(Reason::UndoTooLate).with(detail));
    }
    // What was cancelled with its item comes back with it, and not by itself.
    let Some(before) = last.before.as_ref().filter(|_| last.op.is_undoable()) else {
        return Err(nothing(item, Some(last)));
    };
    order_allows(item, last.op, before.status, ctx)?;
    if !ctx.actor.may(Permission::ItemAct) {
        return Err(not_permitted(Permission::ItemAct));
    }
    if last.by != ctx.actor.id {
        return Err(Refusal::new(Reason::NotPermitted).with(json::object! { "by": last.by }));
    }
    let within = if ctx.actor.may(Permission::ItemOverride) { UNDO_WITHIN_OVERRIDE } else { UNDO_WITHIN };
    let until = last.at.checked_add_signed(within).unwrap_or(last.at);
    if ctx.now > until {
        return Err(Refusal::new(Reason::UndoTooLate).with(json::object! { "at": last.at, "until": until }));
    }
    Ok(Change::Undone { of: last.entry, op: last.op, state: before.clone() })
}

/// What cannot be taken back at all.
fn nothing(item: &Item, last: Option<&LastEntry>) -> Refusal {
    if item.status == Status::Cancelled {
        return admit::closed(item);
    }
    let detail =
        json::object! { "from": item.status, "allowed": admit::allowed(item.status), "op": last.map(|last| last.op) };
    Refusal::new(Reason::TransitionNotAllowed).with(detail)
}

/// An undo asks of the order what the operation asked; and it may bring an item back into an order that was completed
/// by it, but not into one that was closed otherwise.
fn order_allows(item: &Item, op: Op, status_before: Status, ctx: &Context<'_>) -> Result<(), Refusal> {
    let Some(status) = ctx.order else { return Ok(()) };
    let reopens = item.status.is_final() && !status_before.is_final();
    let open = match status {
        order::Status::Accepted | order::Status::InProduction | order::Status::Completed => true,
        order::Status::Paused => !op.is_stage_work(),
        order::Status::Pending | order::Status::Rejected | order::Status::Cancelled => !reopens && !op.is_stage_work(),
    };
    if open { Ok(()) } else { Err(Refusal::new(Reason::OrderNotOpen).with(json::object! { "order_status": status })) }
}
