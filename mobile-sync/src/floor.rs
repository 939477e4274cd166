//! Reading the floor: rows of the base with this device's own acts on top.

use std::sync::Arc;

use floorline_domain::action::{Config, Expected};
use floorline_domain::ids::{ItemId, LocationId, OrderId, TeamId, UserId, WorkflowVersionId};
use floorline_domain::item::{Command, Component, Item};
use floorline_domain::json;
use floorline_domain::label::{self, Code, Read, Resolved, Target};
use floorline_domain::order;
use floorline_domain::permission::Permission;
use floorline_domain::refusal::Refusal;
use floorline_domain::workflow::{Action, ActionId, Workflow};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::base::{Base, read_row};
use crate::op::Operation;
use crate::outbox::{Held, Outbox};
use crate::overlay::{Facts, LookUp, Predicted, fold, foresee};
use crate::session::{Now, Session};
use crate::sorted::Sorted;
use crate::store::{Row, Store, StoreError};
use crate::topic::Topic;
use crate::wire::Raw;

/// The floor of one site as this device sees it.
pub struct Floor<'a, S: Store> {
    pub(crate) site: Topic,
    pub(crate) base: &'a mut Base,
    pub(crate) outbox: &'a Outbox,
    pub(crate) sessions: &'a Sorted<UserId, Session>,
    pub(crate) actor: Option<UserId>,
    pub(crate) store: &'a mut S,
}

impl<'a, S: Store> Floor<'a, S> {
    /// The cursor the floor is based on; none before the first snapshot, and in another epoch before that one's.
    pub fn cursor(&self) -> Option<i64> {
        self.base.cursor(self.site)
    }

    /// The item as the server last told it.
    pub fn base_item(&mut self, id: ItemId) -> Result<Option<Item>, StoreError> {
        Ok(self.base.item(id, self.store)?.map(Arc::unwrap_or_clone))
    }

    /// The item with this device's own acts; none when it is not known here.
    pub fn item(&mut self, id: ItemId) -> Result<Option<Predicted>, StoreError> {
        match self.base_item(id)? {
            Some(item) => self.predict(item).map(Some),
            None => Ok(None),
        }
    }

    /// Every item known here, with this device's own acts, by id.
    pub fn items(&mut self) -> Result<Vec<Predicted>, StoreError> {
        let items = self.base.all_items(self.store)?;
        items.into_iter().map(|item| self.predict(Arc::unwrap_or_clone(item))).collect()
    }

    /// The scan of the item itself that its stage still waits for.
    pub(crate) fn awaited_scan(&mut self, id: ItemId) -> Result<Option<ActionId>, StoreError> {
        let Some(Predicted { item, .. }) = self.item(id)? else { return Ok(None) };
        let Some(workflow) = self.workflow(item.workflow_version_id)? else { return Ok(None) };
        let Some(stage) = workflow.stage(&item.stage).filter(|_| !item.status.is_final()) else { return Ok(None) };
        let of_item =
            |action: &&Action| matches!(&action.config, Config::Scan(scan) if scan.expected == Expected::ThisItem);
        let scans = stage.actions.iter().filter(of_item).map(|action| stage.action_id(action));
        Ok(scans.into_iter().find(|id| !item.result(id).is_some_and(|record| record.passed)))
    }

    /// Rows of a noun as they were told: `queue`, `location`, `user`, `order` …
    pub fn rows(&mut self, kind: &str) -> Result<Vec<Row>, StoreError> {
        self.store.rows(self.site, kind)
    }

    /// A row of a noun, read; none when it is not known here.
    pub(crate) fn row<T: serde::de::DeserializeOwned>(
        &mut self,
        kind: &str,
        id: &str,
    ) -> Result<Option<T>, StoreError> {
        self.row_of(self.site, kind, id)
    }

    /// The same, of another feed.
    pub(crate) fn row_of<T: serde::de::DeserializeOwned>(
        &mut self,
        topic: Topic,
        kind: &str,
        id: &str,
    ) -> Result<Option<T>, StoreError> {
        read_row(topic, kind, id, self.store)
    }

    /// Whether who works here may do this.
    pub(crate) fn may(&self, permission: Permission) -> bool {
        self.actor
            .and_then(|actor| self.sessions.get(&actor))
            .is_some_and(|session| session.permissions.contains(&permission))
    }

    /// How many items are known here.
    pub(crate) fn item_count(&mut self) -> Result<usize, StoreError> {
        self.base.item_count(self.store)
    }

    /// The workflow version an item runs.
    pub fn workflow(&mut self, id: WorkflowVersionId) -> Result<Option<Workflow>, StoreError> {
        let row: Option<WorkflowRow> = read_row(self.site, "workflow_version", &id.to_string(), self.store)?;
        Ok(row.map(|row| row.workflow))
    }

    /// What a scanned text means here, as far as this device knows.
    pub fn resolve(&mut self, raw: &str) -> Result<Resolved, StoreError> {
        match label::read(raw) {
            Read::Code(code) => self.label(code),
            Read::Text(_) => Ok(self.named(raw)?.map_or_else(|| Resolved::unaided(raw), Resolved::Item)),
            _ => Ok(Resolved::unaided(raw)),
        }
    }

    /// The item that a text stands for: another maker's code that was registered for it, or its human number.
    fn named(&mut self, raw: &str) -> Result<Option<ItemId>, StoreError> {
        let text = label::registered_as(raw);
        let row: Option<ItemCodeRow> = read_row(self.site, "item_code", &text, self.store)?;
        if let Some(item) = row.and_then(|row| row.item_id) {
            return Ok(Some(item));
        }
        Ok(self.base.all_items(self.store)?.iter().find(|item| item.code == text).map(|item| item.id))
    }

    fn label(&mut self, code: Code) -> Result<Resolved, StoreError> {
        let row: Option<LabelRow> = read_row(self.site, "label", &code.to_string(), self.store)?;
        let Some((status, names)) = row.and_then(|row| Some((row.status, row.names().ok()?))) else {
            return Ok(Resolved::Foreign(code));
        };
        Ok(match (status, names) {
            (label::Status::Revoked, _) => Resolved::Revoked(code),
            (_, Some(Target::Item(id))) => Resolved::Item(id),
            (_, Some(Target::Location(id))) => Resolved::Location(id),
            (_, Some(Target::User(id))) => Resolved::User(id),
            (_, None) => Resolved::Blank(code),
        })
    }

    fn predict(&mut self, item: Item) -> Result<Predicted, StoreError> {
        let acts: Vec<&Held> = self.outbox.over(item.id).collect();
        let workflow = if acts.is_empty() { None } else { self.workflow(item.workflow_version_id)? };
        let Some(workflow) = workflow else {
            let marks = acts.iter().map(|held| crate::overlay::Mark {
                act: held.kept.act,
                state: held.state(),
                conflict: None,
            });
            return Ok(Predicted { base_version: item.version, marks: marks.collect(), item });
        };
        let facts = self.facts(&item, workflow)?;
        fold(item, acts.into_iter(), &facts, self)
    }

    /// What the rules would say if the person did this now; none: nothing against it, as far as this device knows.
    pub(crate) fn refusal(&mut self, item: &Item, command: &Command, now: Now) -> Result<Option<Refusal>, StoreError> {
        let (Some(actor), Some(workflow)) = (self.actor, self.workflow(item.workflow_version_id)?) else {
            return Ok(None);
        };
        let facts = self.facts(item, workflow)?;
        foresee(item, command, actor, &facts, now, self)
    }

    fn facts(&mut self, item: &Item, workflow: Workflow) -> Result<Facts<'a>, StoreError> {
        Ok(Facts {
            workflow,
            sessions: self.sessions,
            order: item.order_id.map(|id| self.order(id)).transpose()?.flatten(),
            components: self.components(item)?,
            shift: self.shift()?,
            told_files: item.progress.results.values().flat_map(|record| record.evidence.iter().cloned()).collect(),
        })
    }

    /// An order this device knows nothing of is taken to be open.
    fn order(&mut self, id: OrderId) -> Result<Option<order::Status>, StoreError> {
        let row: Option<OrderRow> = read_row(self.site, "order", &id.to_string(), self.store)?;
        Ok(Some(row.map_or(order::Status::InProduction, |row| row.status)))
    }

    fn components(&mut self, item: &Item) -> Result<Vec<Component>, StoreError> {
        if item.progress.components.is_empty() {
            return Ok(Vec::new());
        }
        let parts = self.base.all_items(self.store)?;
        Ok(parts.iter().filter(|part| part.parent_id == Some(item.id)).map(|part| component(item, part)).collect())
    }

    /// Where the person's shift is.
    fn shift(&mut self) -> Result<Option<LocationId>, StoreError> {
        Ok(self.own_shift()?.and_then(|shift| shift.location_id))
    }

    /// The person's shift: by their own unsent acts, else as it was told; none when it has not begun or is over.
    pub(crate) fn own_shift(&mut self) -> Result<Option<Shift>, StoreError> {
        let Some(actor) = self.actor else { return Ok(None) };
        let own = self.outbox.acts().filter_map(|held| held.entry.as_ref()).filter(|entry| entry.actor == actor);
        let latest = own.filter_map(|entry| match &entry.op {
            Operation::ShiftStart { location_id, team_id, .. } => {
                Some(Some(Shift { location_id: *location_id, team_id: *team_id }))
            }
            Operation::ShiftEnd => Some(None),
            _ => None,
        });
        if let Some(shift) = latest.last() {
            return Ok(shift);
        }
        let rows = self.store.rows(self.site, "shift")?;
        let shifts = rows.iter().filter_map(|row| json::read::<ShiftRow>(&row.body).ok());
        let mut active = shifts.filter(|shift| shift.user_id == actor && shift.ended_at.is_none());
        Ok(active.next().map(|ShiftRow { location_id, team_id, .. }| Shift { location_id, team_id }))
    }
}

impl<S: Store> LookUp for Floor<'_, S> {
    fn resolve(&mut self, raw: &str) -> Result<Resolved, StoreError> {
        Floor::resolve(self, raw)
    }

    fn uploaded(&mut self, sha256: &str) -> Result<Option<bool>, StoreError> {
        sha256.parse().map_or(Ok(None), |sha256| self.store.uploaded(&sha256))
    }
}

/// A component's code is `<item code>/<component code>-<k>`.
fn component(item: &Item, part: &Item) -> Component {
    let own = part.code.strip_prefix(&item.code).and_then(|rest| rest.strip_prefix('/'));
    let line_component = own.and_then(|rest| rest.rsplit_once('-')).map_or("", |(code, _)| code).to_owned();
    Component { id: part.id, line_component, status: part.status, code: part.code.clone() }
}

#[derive(Deserialize)]
struct WorkflowRow {
    workflow: Workflow,
}

#[derive(Deserialize)]
struct LabelRow {
    status: label::Status,
    #[serde(default)]
    target: Option<Raw>,
    #[serde(default)]
    target_id: Option<Uuid>,
}

/// What a label names, where that is told in one member.
#[derive(Deserialize)]
struct WholeTarget {
    #[serde(rename = "type")]
    kind: label::Kind,
    id: Uuid,
}

impl LabelRow {
    /// Events tell what a label names in one member, snapshots in two.
    fn names(&self) -> Result<Option<Target>, json::Error> {
        let Some(target) = &self.target else { return Ok(None) };
        let (kind, id) = match target.read::<WholeTarget>() {
            Ok(WholeTarget { kind, id }) => (kind, Some(id)),
            Err(_) => (target.read()?, self.target_id),
        };
        Ok(id.map(|id| match kind {
            label::Kind::Item => Target::Item(ItemId(id)),
            label::Kind::Location => Target::Location(LocationId(id)),
            label::Kind::User => Target::User(UserId(id)),
        }))
    }
}

#[derive(Deserialize)]
struct ItemCodeRow {
    #[serde(default)]
    item_id: Option<ItemId>,
}

#[derive(Deserialize)]
struct OrderRow {
    status: order::Status,
}

/// A shift that is going on at this site.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Shift {
    /// At which station.
    pub(crate) location_id: Option<LocationId>,
    /// With whom.
    pub(crate) team_id: Option<TeamId>,
}

#[derive(Deserialize)]
struct ShiftRow {
    user_id: UserId,
    #[serde(default)]
    location_id: Option<LocationId>,
    #[serde(default)]
    team_id: Option<TeamId>,
    #[serde(default)]
    ended_at: Option<Value>,
}
