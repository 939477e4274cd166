//! An item and its components share one end: what happens to a component because of what happened to its item.

use super::{Change, Event, Item, Op, Status};

/// What an event of `item`, which is applied to it already, means for one of its components.
///
/// An item that is given up, or done, has no use for the components that are still open: they are cancelled with it, by
/// the same entry. When that entry is taken back they are as they were before.
pub fn follow(item: &Item, event: &Event, component: &Item) -> Option<Event> {
    if component.parent_id != Some(item.id) {
        return None;
    }
    let cancelled = |reason: Option<&String>| Change::Cancelled { reason: reason.cloned(), with: Some(item.id) };
    let change = match &event.change {
        Change::Scrapped { reason } if !component.status.is_final() => cancelled(Some(reason)),
        Change::Completed { .. } if !component.status.is_final() => cancelled(None),
        Change::Undone { of, .. } if component.status == Status::Cancelled => {
            let last = component.progress.last.as_ref().filter(|last| last.entry == *of)?;
            Change::Undone { of: *of, op: Op::Cancel, state: last.before.clone()? }
        }
        _ => return None,
    };
    Some(Event { change, stamp: event.stamp })
}
