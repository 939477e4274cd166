//! What an event makes of an item. It cannot fail: everything it needs is in the event.

use super::{
    ActionRecord, Change, Event, Flag, Item, LastEntry, MAX_FLAGS, Mark, New, Passage, Progress, Snapshot, Stamp,
    Status, rework_edge,
};
use crate::json;

/// The event by which an item comes to be.
pub fn create(new: New, stamp: Stamp) -> Event {
    Event { change: Change::Created(Box::new(new)), stamp }
}

/// The item that a whole log tells of; none when the log does not begin with `item.created`.
pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Option<Item> {
    let mut events = events.into_iter();
    let first = events.next()?;
    let Change::Created(new) = &first.change else {
        return None;
    };
    Some(events.fold(made(new, first.stamp), apply))
}

/// The item after the event.
pub fn apply(item: Item, event: &Event) -> Item {
    let stamp = event.stamp;
    if let Change::Created(new) = &event.change {
        return made(new, stamp);
    }
    let mut item = remember(item, event);
    item.version += 1;
    item.updated_at = stamp.at;
    match &event.change {
        Change::Created(_) | Change::NoteAdded { .. } | Change::ScanRecorded { .. } => {}
        Change::Started | Change::Resumed => item.turn(Status::Active, stamp, None),
        Change::ActionCompleted { action_id, passed, content, evidence } => {
            let record = ActionRecord {
                passed: *passed,
                skipped: false,
                by: stamp.by,
                at: stamp.at,
                visit: item.visit(),
                content: content.clone(),
                evidence: evidence.clone(),
            };
            item.record(action_id, record);
        }
        Change::ActionSkipped { action_id, reason } => {
            let record = ActionRecord {
                passed: true,
                skipped: true,
                by: stamp.by,
                at: stamp.at,
                visit: item.visit(),
                content: json::object! { "reason" => reason.as_str() },
                evidence: Vec::new(),
            };
            item.record(action_id, record);
        }
        Change::Advanced { from, to } => {
            item.leave(from, Some(to), stamp);
            item.enter(to, stamp);
        }
        Change::Completed { from } => {
            item.leave(from, None, stamp);
            item.completed_at = Some(stamp.at);
            item.turn(Status::Completed, stamp, None);
        }
        Change::Paused => item.turn(Status::Paused, stamp, None),
        Change::Flagged { reason } => {
            let flags = &mut item.progress.flags;
            flags.push(Flag { reason: reason.clone(), by: stamp.by, at: stamp.at });
            if flags.len() > MAX_FLAGS {
                flags.remove(0);
            }
        }
        Change::Scrapped { reason } => item.turn(Status::Scrapped, stamp, Some(reason)),
        Change::Held { reason } => {
            item.status_before_hold = Some(item.status);
            item.hold_version = Some(item.version);
            item.status = Status::OnHold;
            item.progress.held = Some(Mark { by: stamp.by, at: stamp.at, reason: Some(reason.clone()) });
        }
        Change::Released { .. } => {
            // The mark of the status before is still there.
            item.status = item.status_before_hold.unwrap_or(Status::Active);
            item.unhold();
        }
        Change::Reworked { from, to, reopened, .. } => {
            *item.progress.reworks.entry(rework_edge(from, to)).or_default() += 1;
            for stage in reopened {
                item.progress.completed_stages.remove(stage);
            }
            item.enter(to, stamp);
        }
        Change::Assigned { user_id } => item.assigned_to = Some(*user_id),
        Change::Claimed => item.assigned_to = Some(stamp.by),
        Change::Moved { location_id, site_id, .. } => {
            item.location_id = Some(*location_id);
            item.site_id = *site_id;
        }
        Change::Assembled { component_ids } => item.progress.assembled.extend(component_ids),
        Change::Undone { state, .. } => item = restore(item, state),
        Change::Cancelled { reason, .. } => item.turn(Status::Cancelled, stamp, reason.as_ref()),
        Change::Failed { reason } => item.turn(Status::Error, stamp, reason.as_ref()),
    }
    item
}

fn made(new: &New, stamp: Stamp) -> Item {
    Item {
        id: new.id,
        code: new.code.clone(),
        order_id: new.order_id,
        line_id: new.line_id,
        parent_id: new.parent_id,
        workflow_version_id: new.workflow_version_id,
        site_id: new.site_id,
        location_id: new.location_id,
        assigned_to: None,
        priority: new.priority,
        status: Status::NotStarted,
        stage: new.stage.clone(),
        version: 1,
        status_before_hold: None,
        hold_version: None,
        stage_entered_at: stamp.at,
        created_at: stamp.at,
        updated_at: stamp.at,
        completed_at: None,
        attributes: new.attributes.clone(),
        progress: Progress {
            visits: [(new.stage.clone(), 1)].into(),
            components: new.components.clone(),
            ..Progress::default()
        },
    }
}

/// Makes the event's entry the latest one. An entry of several events keeps the state from before its first.
fn remember(mut item: Item, event: &Event) -> Item {
    if matches!(event.change, Change::NoteAdded { .. } | Change::ScanRecorded { .. }) {
        return item;
    }
    let Stamp { by, at, entry } = event.stamp;
    let op = event.change.op();
    let undone = match &event.change {
        Change::Undone { of, .. } => Some(*of),
        _ => None,
    };
    let comes_back = op.is_undoable() || matches!(event.change, Change::Cancelled { with: Some(_), .. });
    let before = match item.progress.last.take() {
        Some(last) if last.entry == entry => last.before,
        _ => comes_back.then(|| Box::new(item.snapshot())),
    };
    item.progress.last = Some(LastEntry { entry, op, by, at, before, undone });
    item
}

fn restore(mut item: Item, state: &Snapshot) -> Item {
    let last = item.progress.last.take();
    item.status = state.status;
    item.stage = state.stage.clone();
    item.stage_entered_at = state.stage_entered_at;
    item.status_before_hold = state.status_before_hold;
    item.hold_version = state.hold_version;
    item.completed_at = state.completed_at;
    item.progress = Progress { last, ..state.progress.clone() };
    item
}

impl Item {
    fn turn(&mut self, status: Status, stamp: Stamp, reason: Option<&String>) {
        self.status = status;
        self.unhold();
        self.progress.mark = Some(Mark { by: stamp.by, at: stamp.at, reason: reason.cloned() });
    }

    fn unhold(&mut self) {
        self.status_before_hold = None;
        self.hold_version = None;
        self.progress.held = None;
    }

    fn record(&mut self, action_id: &str, record: ActionRecord) {
        self.progress.actors.entry(action_id.to_owned()).or_default().insert(record.by);
        self.progress.results.insert(action_id.to_owned(), record);
    }

    fn leave(&mut self, stage: &str, to: Option<&String>, stamp: Stamp) {
        let passage = Passage { by: stamp.by, at: stamp.at, to: to.cloned() };
        self.progress.completed_stages.insert(stage.to_owned(), passage);
    }

    fn enter(&mut self, stage: &str, stamp: Stamp) {
        self.stage = stage.to_owned();
        self.stage_entered_at = stamp.at;
        self.progress.completed_stages.remove(stage);
        self.progress.actors.clear();
        self.progress.moved_by = Some(stamp.by);
        *self.progress.visits.entry(stage.to_owned()).or_default() += 1;
    }
}
