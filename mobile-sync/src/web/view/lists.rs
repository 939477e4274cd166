//! Lists: items that a filter lets through, and queues in the order of work.

use chrono::{DateTime, Utc};
use floorline_domain::ids::{ItemId, LocationId, OrderId, QueueId, UserId, WorkflowId, WorkflowVersionId};
use floorline_domain::item::{Item, Status};
use floorline_domain::json;
use floorline_domain::queue::{self, Priority};
use floorline_domain::workflow::Workflow;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::floor::Floor;
use crate::overlay::{ActState, Predicted};
use crate::sorted::Sorted;
use crate::store::{Store, StoreError};
use crate::web::mirror::Mirror;

/// A line of a list.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ItemLine {
    id: ItemId,
    code: String,
    status: Status,
    stage: String,
    stage_name: String,
    workflow_name: String,
    priority: Priority,
    assigned_to: Option<UserId>,
    location_id: Option<LocationId>,
    parent_id: Option<ItemId>,
    order_id: Option<OrderId>,
    stage_entered_at: DateTime<Utc>,
    expected_minutes: Option<u32>,
    flags: usize,
    own: Option<ActState>,
}

impl ItemLine {
    pub(super) fn of(Predicted { item, marks, .. }: &Predicted, workflow: Option<&Workflow>) -> Self {
        let stage = workflow.and_then(|workflow| workflow.stage(&item.stage));
        Self {
            id: item.id,
            code: item.code.clone(),
            status: item.status,
            stage: item.stage.clone(),
            stage_name: stage.map_or_else(|| item.stage.clone(), |stage| stage.name.clone()),
            workflow_name: workflow.map(|workflow| workflow.name.clone()).unwrap_or_default(),
            priority: item.priority,
            assigned_to: item.assigned_to,
            location_id: item.location_id,
            parent_id: item.parent_id,
            order_id: item.order_id,
            stage_entered_at: item.stage_entered_at,
            expected_minutes: stage.and_then(|stage| stage.expected_minutes),
            flags: item.progress.flags.len(),
            own: marks.iter().map(|mark| mark.state).min(),
        }
    }
}

/// Which items.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct Filter {
    stage: Option<String>,
    /// Where the work is to be done.
    place: Option<LocationId>,
    assigned_to: Option<UserId>,
    /// Part of the code, in any case.
    text: Option<String>,
    /// `open` or `all`.
    status: Option<String>,
    limit: Option<usize>,
    offset: usize,
}

/// A page of them.
#[derive(Serialize)]
pub(in super::super) struct Page {
    items: Vec<ItemLine>,
    total: usize,
}

/// Items in the order of work.
pub(in super::super) fn items(filter: &Filter, client: &mut Client, store: &mut Mirror) -> Result<Page, StoreError> {
    let mut floor = client.floor(store);
    let text = filter.text.as_ref().map(|text| text.to_lowercase());
    let all = filter.status.as_deref() == Some("all");
    let mut found: Vec<Predicted> = floor.items()?;
    let mut workflows = Sorted::default();
    if let Some(place) = filter.place {
        let mut there = Vec::new();
        for shown in found {
            if is_work_of(place, &shown.item, workflow(&shown.item, &mut workflows, &mut floor)?) {
                there.push(shown);
            }
        }
        found = there;
    }
    found.retain(|Predicted { item, .. }| {
        (all || !item.status.is_final())
            && filter.stage.as_ref().is_none_or(|stage| item.stage == *stage)
            && filter.assigned_to.is_none_or(|user| item.assigned_to == Some(user))
            && text.as_ref().is_none_or(|text| item.code.to_lowercase().contains(text))
    });
    found.sort_by_key(|Predicted { item, .. }| (std::cmp::Reverse(item.priority), item.stage_entered_at, item.id));
    let total = found.len();
    let page: Vec<Predicted> = found.into_iter().skip(filter.offset).take(filter.limit.unwrap_or(usize::MAX)).collect();
    Ok(Page { items: lines(&page, &mut floor)?, total })
}

/// What lies there, and what nobody brought to another place of its stage yet.
fn is_work_of(place: LocationId, item: &Item, workflow: Option<&Workflow>) -> bool {
    let places = workflow.and_then(|workflow| workflow.stage(&item.stage)).map(|stage| stage.location_ids.as_slice());
    let places = places.unwrap_or_default();
    item.location_id == Some(place)
        || (places.contains(&place) && !item.location_id.is_some_and(|lies| places.contains(&lies)))
}

fn lines<S: Store>(items: &[Predicted], floor: &mut Floor<'_, S>) -> Result<Vec<ItemLine>, StoreError> {
    let mut workflows = Sorted::default();
    items.iter().map(|shown| Ok(ItemLine::of(shown, workflow(&shown.item, &mut workflows, floor)?))).collect()
}

fn workflow<'w, S: Store>(
    item: &Item,
    known: &'w mut Sorted<WorkflowVersionId, Option<Workflow>>,
    floor: &mut Floor<'_, S>,
) -> Result<Option<&'w Workflow>, StoreError> {
    let id = item.workflow_version_id;
    if !known.contains_key(&id) {
        known.insert(id, floor.workflow(id)?);
    }
    Ok(known.get(&id).and_then(Option::as_ref))
}

/// A queue as it was told: what belongs there, and what people said about single items.
#[derive(Deserialize)]
struct QueueRow {
    id: QueueId,
    name: String,
    #[serde(default)]
    location_id: Option<LocationId>,
    #[serde(default)]
    workflow_id: Option<WorkflowId>,
    #[serde(default)]
    stage: Option<String>,
    #[serde(default)]
    entries: Vec<Said>,
}

/// Whose version a workflow is.
#[derive(Deserialize)]
struct VersionOf {
    id: WorkflowVersionId,
    workflow_id: WorkflowId,
}

#[derive(Deserialize)]
struct Said {
    item_id: ItemId,
    state: String,
    priority: Option<Priority>,
    assigned_to: Option<UserId>,
    added_at: DateTime<Utc>,
}

/// A queue with who waits in it.
#[derive(Serialize)]
pub(in super::super) struct QueueView {
    id: QueueId,
    name: String,
    location_id: Option<LocationId>,
    items: Vec<Waiting>,
}

#[derive(Serialize)]
struct Waiting {
    item: ItemLine,
    priority: Priority,
    added_at: DateTime<Utc>,
    claimed_by: Option<UserId>,
}

impl QueueRow {
    /// As the server finds it (`floor/queues/member.sql`). An item of a workflow that was not told yet is shown rather than hidden.
    fn waits(&self, item: &Item, of: Option<WorkflowId>) -> Option<(Priority, DateTime<Utc>, Option<UserId>)> {
        if item.status.is_final() {
            return None;
        }
        let said = self.entries.iter().find(|said| said.item_id == item.id);
        let here = self.stage.as_ref().is_none_or(|stage| item.stage == *stage)
            && self.location_id.is_none_or(|place| item.location_id == Some(place))
            && self.workflow_id.is_none_or(|workflow| of.is_none_or(|of| of == workflow));
        let by_hand = said.is_some_and(|said| said.state == "added");
        let counts = said.is_none_or(|said| said.state == "set" || said.added_at < item.stage_entered_at);
        let added_at = said.filter(|_| by_hand).map_or(item.stage_entered_at, |said| said.added_at);
        let priority = said.and_then(|said| said.priority).unwrap_or(item.priority);
        let claimed = said.and_then(|said| said.assigned_to).or(item.assigned_to);
        (by_hand || (here && counts)).then_some((priority, added_at, claimed))
    }
}

/// The site's queues.
pub(in super::super) fn queues(client: &mut Client, store: &mut Mirror) -> Result<Vec<QueueView>, StoreError> {
    let mut floor = client.floor(store);
    let rows = floor.rows("queue")?;
    let queues: Vec<QueueRow> = rows.iter().filter_map(|row| json::read(&row.body).ok()).collect();
    let versions = floor.rows("workflow_version")?;
    let versions = versions.iter().filter_map(|row| json::read::<VersionOf>(&row.body).ok());
    let versions: Sorted<WorkflowVersionId, WorkflowId> = versions.map(|of| (of.id, of.workflow_id)).collect();
    let items = floor.items()?;
    let lines = lines(&items, &mut floor)?;
    let view = |queue: &QueueRow| {
        let mut waiting: Vec<(queue::Entry, Waiting)> = items
            .iter()
            .zip(&lines)
            .filter_map(|(shown, line)| {
                let (priority, added_at, claimed_by) =
                    queue.waits(&shown.item, versions.get(&shown.item.workflow_version_id).copied())?;
                let entry = queue::Entry { item_id: shown.item.id, priority, added_at };
                Some((entry, Waiting { item: line.clone(), priority, added_at, claimed_by }))
            })
            .collect();
        waiting.sort_by_key(|(entry, _)| (std::cmp::Reverse(entry.priority), entry.added_at, entry.item_id));
        QueueView {
            id: queue.id,
            name: queue.name.clone(),
            location_id: queue.location_id,
            items: waiting.into_iter().map(|(_, waiting)| waiting).collect(),
        }
    };
    Ok(queues.iter().map(view).collect())
}
