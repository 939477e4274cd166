//! An order follows from its items: their counts, and what the counts mean for its status.

use chrono::{DateTime, Utc};
use floorline_domain::item::{Change, Event, Item, Status};
use floorline_domain::permission::PermissionSet;
use floorline_domain::{LocationId, OrderId, order};
use serde_json::{Value, json};

use super::ledger::Ledger;
use super::record::{Record, Subject, Topic};
use super::world::{HeldOrder, World};

/// Moves the order's counts by what happened to one of its items; says what follows for the order itself.
pub(super) fn count(
    world: &mut World,
    id: OrderId,
    before: &Item,
    after: &Item,
    event: &Event,
) -> Vec<(OrderId, order::Command)> {
    let Some(order) = world.orders.get_mut(&id) else { return Vec::new() };
    let is = |item: &Item, status: Status| i32::from(item.status == status);
    // Work starts an item; being held, or given up untouched, does not. What is taken back was never begun.
    let begun = match &event.change {
        Change::Started => 1,
        Change::Undone { op, state, .. } if op.is_stage_work() && state.status == Status::NotStarted => -1,
        _ => 0,
    };
    let reworked = i32::from(matches!(event.change, Change::Reworked { .. }));
    let moves = [
        (&mut order.completed, is(after, Status::Completed) - is(before, Status::Completed)),
        (&mut order.scrapped, is(after, Status::Scrapped) - is(before, Status::Scrapped)),
        (&mut order.cancelled, is(after, Status::Cancelled) - is(before, Status::Cancelled)),
        (&mut order.started, begun),
        (&mut order.reworks, reworked),
    ];
    for (figure, by) in moves {
        if by != 0 {
            *figure += by;
            order.changed = true;
        }
    }
    let mut follows = Vec::new();
    if order.status == order::Status::Accepted && order.started > 0 && matches!(event.change, Change::Started) {
        follows.push((id, order::Command::Start));
    }
    let open = order.total - order.completed - order.scrapped - order.cancelled;
    if open == 0 && !order.status.is_final() {
        follows.push((id, order::Command::Finish));
    }
    if open > 0 && order.status == order::Status::Completed {
        follows.push((id, order::Command::Reopen));
    }
    follows
}

/// An order's status follows from its items.
pub(super) fn follow(world: &mut World, ledger: &mut Ledger, id: OrderId, command: &order::Command, site: LocationId) {
    let Some(order) = world.orders.get_mut(&id) else { return };
    let nobody = PermissionSet::new();
    let actor = order::Actor { party: order::Party::Factory, permissions: &nobody };
    let open = u64::try_from(order.total - order.completed - order.scrapped - order.cancelled).unwrap_or_default();
    let facts = order::Facts { workflow: true, started: order.started > 0, open_items: open };
    let Ok(event) = order::decide(order.status, command, facts, actor) else { return };
    order.status = order::apply(order.status, &event);
    order.version += 1;
    order.changed = true;
    stamp(order, &event, ledger.now());
    let state = json!({
        "id": id, "po_number": order.po_number, "status": order.status, "version": order.version, "progress": progress(order),
    });
    ledger.record(Record {
        subject: Subject::order(id),
        version: order.version,
        kind: event.kind(),
        data: serde_json::to_value(&event).unwrap_or_default(),
        after: state.clone(),
        topics: vec![Topic::Site(site), Topic::Order { order: id, brand: order.brand }],
        brand_after: Some(state),
    });
}

fn stamp(order: &mut HeldOrder, event: &order::Event, now: DateTime<Utc>) {
    match event {
        order::Event::Started => order.started_at = Some(now),
        order::Event::Completed { .. } => order.closed_at = Some(now),
        _ => {}
    }
}

/// An order's progress as feeds tell it.
pub(super) fn progress(order: &HeldOrder) -> Value {
    json!({
        "total": order.total, "completed": order.completed, "scrapped": order.scrapped, "cancelled": order.cancelled,
        "open": order.total - order.completed - order.scrapped - order.cancelled, "reworks": order.reworks,
    })
}
