//! One item: where it is in its workflow, what is to be done there, and the next step for one large button.

use chrono::{DateTime, Utc};
use floorline_domain::ids::{EntryKey, ItemId, LocationId, UserId};
use floorline_domain::item::route::{missing, ways};
use floorline_domain::item::{ActionRecord, Command, Item, Status, UNDO_WITHIN, UNDO_WITHIN_OVERRIDE};
use floorline_domain::json;
use floorline_domain::permission::Permission;
use floorline_domain::refusal::{Reason, Refusal};
use floorline_domain::workflow::{Action, Stage, Workflow};
use serde::Serialize;
use serde_json::Value;

use super::act::ActLine;
use super::lists::ItemLine;
use super::names;
use crate::client::Client;
use crate::floor::Floor;
use crate::overlay::Predicted;
use crate::session::Now;
use crate::store::{Store, StoreError};
use crate::web::mirror::Mirror;
use crate::web::told::reason;

/// An item as its screen shows it.
#[derive(Serialize)]
pub(in super::super) struct ItemView {
    #[serde(flatten)]
    line: ItemLine,
    version: i64,
    po_number: Option<String>,
    attributes: Value,
    stages: Vec<Value>,
    actions: Vec<Value>,
    next: Value,
    targets: Vec<Value>,
    rework: Vec<Value>,
    components: Vec<Value>,
    flag_list: Vec<Value>,
    notes: Vec<Value>,
    hold: Option<Value>,
    assigned_name: Option<String>,
    location_name: Option<String>,
    acts: Vec<ActLine>,
    undo: Option<Value>,
    photos: Vec<String>,
}

/// The item with this device's own acts; none when it is not known here.
pub(in super::super) fn item(
    id: ItemId,
    now: Now,
    client: &mut Client,
    store: &mut Mirror,
) -> Result<Option<ItemView>, StoreError> {
    let Some(shown) = client.floor(store).item(id)? else { return Ok(None) };
    let acts = shown.marks.iter().filter_map(|mark| Some((mark, client.held(mark.act)?)));
    let acts = acts.map(|(mark, held)| ActLine::held(held).may_conflict(mark.conflict.as_ref())).collect();
    let mut floor = client.floor(store);
    let workflow = floor.workflow(shown.item.workflow_version_id)?;
    let screen = Screen { shown: &shown, workflow: workflow.as_ref(), now };
    screen.view(acts, &mut floor).map(Some)
}

struct Screen<'a> {
    shown: &'a Predicted,
    workflow: Option<&'a Workflow>,
    now: Now,
}

impl Screen<'_> {
    fn view<S: Store>(&self, acts: Vec<ActLine>, floor: &mut Floor<'_, S>) -> Result<ItemView, StoreError> {
        let item = &self.shown.item;
        let stage = self.stage();
        let held = item.progress.held.as_ref().filter(|_| item.status == Status::OnHold);
        Ok(ItemView {
            line: ItemLine::of(self.shown, self.workflow),
            version: item.version,
            po_number: item.order_id.map(|id| names::order(id, floor)).transpose()?.flatten(),
            attributes: json::value(&item.attributes),
            stages: self.stages(),
            actions: match stage {
                Some(stage) => stage
                    .actions
                    .iter()
                    .map(|action| action_view(action, stage, item, floor))
                    .collect::<Result<_, _>>()?,
                None => Vec::new(),
            },
            next: self.next(floor)?,
            targets: self.targets(),
            rework: self.rework(),
            components: self.components(floor)?,
            flag_list: item
                .progress
                .flags
                .iter()
                .map(|flag| noted(Some(&flag.reason), flag.by, flag.at, floor))
                .collect::<Result<_, _>>()?,
            notes: self.notes(floor)?,
            hold: held.map(|mark| noted(mark.reason.as_ref(), mark.by, mark.at, floor)).transpose()?,
            assigned_name: item.assigned_to.map(|id| names::person(id, floor)).transpose()?.flatten(),
            location_name: item.location_id.map(|id: LocationId| names::place(id, floor)).transpose()?.flatten(),
            acts,
            undo: self.undo(floor)?,
            photos: item.progress.results.values().flat_map(|record| record.evidence.iter().cloned()).collect(),
        })
    }

    /// What people wrote in steps that ask for a note, the latest first.
    fn notes<S: Store>(&self, floor: &mut Floor<'_, S>) -> Result<Vec<Value>, StoreError> {
        let results = self.shown.item.progress.results.values();
        let mut written: Vec<_> =
            results.filter_map(|record| Some((record, record.content.get("text")?.as_str()?.to_owned()))).collect();
        written.sort_by_key(|(record, _)| std::cmp::Reverse(record.at));
        written.iter().map(|(record, text)| noted(Some(text), record.by, record.at, floor)).collect()
    }

    fn stage(&self) -> Option<&Stage> {
        self.workflow?.stage(&self.shown.item.stage)
    }

    fn stages(&self) -> Vec<Value> {
        let item = &self.shown.item;
        let state = |stage: &Stage| match () {
            () if stage.key == item.stage && item.status != Status::Completed => "here",
            () if item.progress.completed_stages.contains_key(&stage.key) || item.status == Status::Completed => "done",
            () => "ahead",
        };
        let mut stages: Vec<&Stage> = self.workflow.iter().flat_map(|workflow| &workflow.stages).collect();
        stages.sort_by_key(|stage| stage.order);
        let view = |stage: &&Stage| json::object! { "key": stage.key, "name": stage.name, "color": stage.color, "state": state(stage) };
        stages.iter().map(view).collect()
    }

    /// Required before optional, then onwards; what stands in the way is said before anybody tries.
    fn next<S: Store>(&self, floor: &mut Floor<'_, S>) -> Result<Value, StoreError> {
        let item = &self.shown.item;
        let (Some(workflow), Some(stage)) = (self.workflow, self.stage()) else {
            return Ok(json::object! { "kind": "none" });
        };
        match item.status {
            Status::Completed | Status::Scrapped | Status::Cancelled => return Ok(json::object! { "kind": "none" }),
            Status::Paused => return Ok(json::object! { "kind": "resume" }),
            Status::OnHold => return self.held(floor),
            Status::Error => return Ok(wait(&Refusal::new(Reason::TransitionNotAllowed))),
            Status::NotStarted | Status::Active => {}
        }
        let ways = ways(workflow, stage, item);
        if let Some(action_id) = missing(stage, item, ways.first().and_then(|way| way.when)).into_iter().next() {
            return Ok(json::object! { "kind": "action", "action_id": action_id });
        }
        let advance = Command::Advance { to: None };
        if let Some(refusal) = floor.refusal(item, &advance, self.now)? {
            return Ok(wait(&refusal));
        }
        let to = ways.first().and_then(|way| way.to);
        Ok(json::object! { "kind": "advance", "to": to.map(|to| &to.key), "name": to.map(|to| &to.name) })
    }

    fn held<S: Store>(&self, floor: &mut Floor<'_, S>) -> Result<Value, StoreError> {
        let refusal = floor.refusal(&self.shown.item, &Command::Release { reason: None }, self.now)?;
        Ok(refusal.map_or_else(|| json::object! { "kind": "release" }, |_| wait(&Refusal::new(Reason::OnHold))))
    }

    fn targets(&self) -> Vec<Value> {
        let (Some(workflow), Some(stage)) = (self.workflow, self.stage()) else { return Vec::new() };
        let ways = ways(workflow, stage, &self.shown.item);
        ways.iter().filter_map(|way| way.to).map(named).collect()
    }

    fn rework(&self) -> Vec<Value> {
        let (Some(workflow), Some(stage)) = (self.workflow, self.stage()) else { return Vec::new() };
        stage.rework.iter().filter_map(|edge| workflow.stage(&edge.to)).map(named).collect()
    }

    fn components<S: Store>(&self, floor: &mut Floor<'_, S>) -> Result<Vec<Value>, StoreError> {
        let item = &self.shown.item;
        if item.progress.components.is_empty() {
            return Ok(Vec::new());
        }
        let mut parts: Vec<Predicted> = floor.items()?;
        parts.retain(|part| part.item.parent_id == Some(item.id));
        parts.sort_by(|one, other| one.item.code.cmp(&other.item.code));
        let view = |part: &Predicted| {
            let workflow = floor.workflow(part.item.workflow_version_id)?;
            let stage = workflow.as_ref().and_then(|workflow| workflow.stage(&part.item.stage));
            Ok(json::object! {
                "id": part.item.id, "code": part.item.code, "status": part.item.status,
                "stage_name": stage.map_or(&part.item.stage, |stage| &stage.name),
                "assembled": item.progress.assembled.contains(&part.item.id),
            })
        };
        parts.iter().map(view).collect()
    }

    /// The last act, if the rules would let the person take it back now.
    fn undo<S: Store>(&self, floor: &mut Floor<'_, S>) -> Result<Option<Value>, StoreError> {
        let item = &self.shown.item;
        let Some(last) = item.progress.last.as_ref().filter(|last| last.before.is_some() && last.op.is_undoable())
        else {
            return Ok(None);
        };
        let of: EntryKey = last.entry;
        let within = if floor.may(Permission::ItemOverride) { UNDO_WITHIN_OVERRIDE } else { UNDO_WITHIN };
        let until: DateTime<Utc> = last.at + within;
        let refusal = floor.refusal(item, &Command::Undo { of: Some(of) }, self.now)?;
        Ok(refusal.is_none().then(|| {
            json::object! { "of": of, "until_time": until.timestamp_millis(), "op": last.op }
        }))
    }
}

fn wait(refusal: &Refusal) -> Value {
    json::object! { "kind": "wait", "reason": reason(refusal) }
}

fn named(stage: &Stage) -> Value {
    json::object! { "key": stage.key, "name": stage.name }
}

fn noted<S: Store>(
    reason: Option<&String>,
    by: UserId,
    at: DateTime<Utc>,
    floor: &mut Floor<'_, S>,
) -> Result<Value, StoreError> {
    Ok(json::object! { "reason": reason, "by_name": names::person(by, floor)?, "at": at })
}

fn action_view<S: Store>(
    action: &Action,
    stage: &Stage,
    item: &Item,
    floor: &mut Floor<'_, S>,
) -> Result<Value, StoreError> {
    let id = stage.action_id(action);
    let record = item.result(&id);
    let state = |record: &ActionRecord| match (record.skipped, record.passed) {
        (true, _) => "skipped",
        (false, true) => "done",
        (false, false) => "failed",
    };
    let result = record.map(|record| {
        Ok::<Value, StoreError>(json::object! { "by": record.by, "by_name": names::person(record.by, floor)?, "at": record.at, "content": record.content, "evidence": record.evidence })
    });
    let result = result.transpose()?;
    Ok(json::object! {
        "id": id, "key": action.key, "kind": action.kind(), "label": action.label, "required": action.required,
        "config": action.config.write(), "state": record.map_or("open", state), "result": result,
    })
}
