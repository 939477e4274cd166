//! S5: every step of an item was open to it, and its row is what its log makes of it.
//!
//! What a step asked of the moment (who may do it, what was scanned, which pictures had arrived) is not in the log and not judged again.

use std::collections::BTreeSet;

use floorline_domain::item::route::{missing, unmet, ways};
use floorline_domain::item::{Change, Event, Item, Snapshot, Status, allowed, rework_edge};
use floorline_domain::workflow::{Stage, Workflow};
use floorline_domain::{EntryKey, ItemId};

use super::history::{Columns, ItemRow};
use super::index::Index;
use super::item_log::{ItemLog, Leavings, alike, same_item};
use super::report::Invariant::S5;
use super::report::Violation;

/// Versions are 1, 2, 3 …, and each event was allowed by the workflow the item is pinned to. The first fault of each item.
pub(super) fn logs_are_legal(index: &Index<'_>) -> Vec<Violation> {
    let faults = index.logs.iter().filter_map(|(id, log)| Some((id, fault_of(index, *id, log)?)));
    faults.map(|(id, what)| S5.broken(format!("item {id}: {what}"))).collect()
}

fn fault_of(index: &Index<'_>, id: ItemId, log: &ItemLog<'_>) -> Option<String> {
    match log.events.first().map(|event| &event.change) {
        Some(Change::Created(new)) => {
            let Some(workflow) = index.workflow(new.workflow_version_id) else {
                return Some(format!("there is no workflow version {}", new.workflow_version_id));
            };
            if new.id != id || new.stage != workflow.entry {
                return Some("was made as another item, or beyond the entry of its workflow".to_owned());
            }
            step_at_fault(log, workflow).or_else(|| log.fault.clone())
        }
        Some(change) => Some(format!("begins with {}", change.kind())),
        None => log.fault.clone(),
    }
}

fn step_at_fault(log: &ItemLog<'_>, workflow: &Workflow) -> Option<String> {
    let mut leavings = Leavings::default();
    log.walk(|before, event, after| {
        // A visit left twice is a double advance, and found as such.
        if leavings.follow(before, event).is_some() {
            return None;
        }
        let what = objection(before, event, workflow)?;
        Some(format!("version {} is {}, {what}", after.version, event.kind()))
    })
}

/// Why the item could not take this step.
fn objection(item: &Item, event: &Event, workflow: &Workflow) -> Option<String> {
    let op = event.change.op();
    match &event.change {
        Change::Created(_) => return Some("and it was there already".to_owned()),
        Change::Started => {
            return (item.status != Status::NotStarted).then(|| format!("and it was {}", item.status));
        }
        Change::Undone { of, state, .. } => return undo(item, *of, state),
        _ => {}
    }
    if !allowed(item.status).contains(&op) || (op.is_stage_work() && item.status == Status::NotStarted) {
        return Some(format!("and it was {}", item.status));
    }
    let stage = workflow.stage(&item.stage);
    match &event.change {
        Change::ActionCompleted { action_id, .. } | Change::ActionSkipped { action_id, .. } => {
            let here = workflow.action(action_id).is_some_and(|(stage, _)| stage.key == item.stage);
            (!here).then(|| format!("and {action_id} is no action of {}", item.stage))
        }
        Change::Advanced { from, to } => onwards(item, from, stage, Some(to), workflow),
        Change::Completed { from } => onwards(item, from, stage, None, workflow),
        Change::Reworked { from, to, reopened, .. } => back(item, from, stage, to, reopened, workflow),
        Change::Claimed => item.assigned_to.map(|user| format!("and it was {user}'s")),
        _ => None,
    }
}

fn onwards(item: &Item, from: &str, stage: Option<&Stage>, to: Option<&String>, workflow: &Workflow) -> Option<String> {
    let Some(stage) = stage.filter(|stage| stage.key == from) else {
        return Some(format!("from {from}, and it was in {}", item.stage));
    };
    let is_open = ways(workflow, stage, item).iter().any(|way| {
        way.to.map(|target| &target.key) == to
            && missing(stage, item, way.when).is_empty()
            && way.to.is_none_or(|target| unmet(target, stage, item).is_empty())
    });
    let goal = to.map_or("out", String::as_str);
    (!is_open).then(|| format!("from {from} to {goal}, and that way was not open"))
}

fn back(
    item: &Item,
    from: &str,
    stage: Option<&Stage>,
    to: &str,
    reopened: &[String],
    workflow: &Workflow,
) -> Option<String> {
    let Some(stage) = stage.filter(|stage| stage.key == from) else {
        return Some(format!("from {from}, and it was in {}", item.stage));
    };
    let taken = item.progress.reworks.get(&rework_edge(from, to)).copied().unwrap_or_default();
    if !stage.rework.iter().any(|edge| edge.to == to && taken < edge.max_visits) {
        return Some(format!("from {from} to {to}, and that way was not open"));
    }
    let downstream = workflow.downstream(to);
    let completed = item.progress.completed_stages.keys().filter(|key| downstream.contains(*key));
    (!completed.eq(reopened)).then(|| "and other stages have to be done again".to_owned())
}

/// Only the latest entry is taken back, and what holds again is what held before it.
fn undo(item: &Item, of: EntryKey, state: &Snapshot) -> Option<String> {
    let Some(last) = item.progress.last.as_ref().filter(|last| last.entry == of) else {
        return Some("of an entry that was not the latest".to_owned());
    };
    let as_json = |snapshot: &Snapshot| serde_json::to_value(snapshot).unwrap_or_default();
    let same = last.before.as_deref().is_some_and(|before| before == state || alike(&as_json(before), &as_json(state)));
    (!same).then(|| "and not to what was before".to_owned())
}

/// Every item has a log, every log an item; its state is the fold, and its columns are the state's.
pub(super) fn items_are_their_logs(index: &Index<'_>) -> Vec<Violation> {
    let differs = |row: &&ItemRow| match index.logs.get(&row.state.id) {
        // A log that cannot be followed is found above.
        Some(log) if log.fault.is_some() => false,
        Some(log) => {
            let folded = log.at(log.len());
            folded.is_some_and(|item| !same_item(&item, &row.state) || row.columns != Columns::of(&item))
        }
        None => true,
    };
    let strayed = index.history.items.iter().filter(differs);
    let mut found: Vec<Violation> =
        strayed.map(|row| S5.broken(format!("item {} is not what its log makes of it", row.state.id))).collect();
    let rows: BTreeSet<ItemId> = index.history.items.iter().map(|row| row.columns.id).collect();
    let bodiless = index.logs.keys().filter(|id| !rows.contains(id));
    found.extend(bodiless.map(|id| S5.broken(format!("item {id} has a log and no row"))));
    found
}
