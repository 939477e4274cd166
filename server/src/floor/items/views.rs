//! Items and their history as JSON.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use floorline_domain::item::{Item, Status};
use floorline_domain::queue::{Priority, Sla};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::store::{EventRow, SummaryRow};
use crate::floor::engine::rank;
use crate::platform::http::ApiError;

/// What a list of items is narrowed to.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ItemFilter {
    /// Only of this order.
    pub order_id: Option<Uuid>,
    /// Only components of this item.
    pub parent_id: Option<Uuid>,
    /// Only components, or only what is none.
    pub components: Option<bool>,
    /// One status, or several with commas; `open` stands for all that are not final.
    pub status: Option<String>,
    /// Only in this stage.
    pub stage: Option<String>,
    /// Only of this site.
    pub site_id: Option<Uuid>,
    /// Only at this place.
    pub location_id: Option<Uuid>,
    /// Only assigned to this user.
    pub assigned_to: Option<Uuid>,
    /// Only made by this workflow, in any version.
    pub workflow_id: Option<Uuid>,
    /// Only codes that begin like this.
    pub code: Option<String>,
}

/// Statuses asked for.
pub(super) enum StatusChoice {
    Any,
    Some(Vec<Status>),
}

impl ItemFilter {
    /// The statuses asked for.
    ///
    /// # Errors
    /// 422 for a word that is no status.
    pub(super) fn statuses(&self) -> Result<StatusChoice, ApiError> {
        let Some(text) = &self.status else { return Ok(StatusChoice::Any) };
        let mut statuses = Vec::new();
        for word in text.split(',') {
            if word == "open" {
                statuses.extend(Status::ALL.iter().copied().filter(|status| !status.is_final()));
            } else {
                statuses.push(word.parse().map_err(|_| {
                    ApiError::invalid_field("status", "unknown", format!("{word:?} is no status of an item."))
                })?);
            }
        }
        Ok(StatusChoice::Some(statuses))
    }
}

/// An item as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ItemSummary {
    /// Its id.
    pub id: Uuid,
    /// Its human number.
    pub code: String,
    /// The order it is made for.
    pub order_id: Option<Uuid>,
    /// The order's line.
    pub line_id: Option<Uuid>,
    /// The item it is a component of.
    pub parent_id: Option<Uuid>,
    /// The version of the workflow it goes through.
    pub workflow_version_id: Uuid,
    /// Where it is made.
    pub site_id: Uuid,
    /// Where it is, when that is known.
    pub location_id: Option<Uuid>,
    /// Who should work on it.
    pub assigned_to: Option<Uuid>,
    /// `low`, `normal`, `high` or `urgent`.
    #[schema(value_type = String)]
    pub priority: Priority,
    /// `not_started`, `active`, `paused`, `on_hold`, `error`, `completed`, `scrapped` or `cancelled`.
    pub status: String,
    /// Where in its workflow it is, or was when it closed.
    pub stage: String,
    /// The number of its events.
    pub version: i64,
    /// When it came to its stage.
    pub stage_entered_at: DateTime<Utc>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When anything last happened to it.
    pub updated_at: DateTime<Utc>,
    /// When it was completed.
    pub completed_at: Option<DateTime<Utc>>,
}

/// An item, whole, with what was asked for in `expand`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ItemView {
    /// The item as feeds and phones know it.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub(super) item: Value,
    /// `expand=stage`: its stage, and what leads on from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) now: Option<StageNow>,
    /// `expand=components`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) components: Option<Vec<ComponentView>>,
    /// `expand=label`: the code of the label that is on it; null when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(super) label_code: Option<Option<String>>,
}

/// Where an item stands in its workflow.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StageNow {
    /// The number of the version it goes through.
    pub(super) version_number: i32,
    /// The workflow's name.
    pub(super) workflow_name: String,
    /// The stage, with its actions.
    #[schema(value_type = Object)]
    pub(super) stage: Value,
    /// Stages it may go to now, the preferred one first; null stands for "completed".
    pub(super) allowed_next: Vec<Option<String>>,
    /// Required actions that are not complete.
    pub(super) missing_actions: Vec<String>,
    /// Stages it may be sent back to.
    pub(super) rework: Vec<String>,
    /// `green`, `yellow` or `red` against the time the stage should take.
    #[schema(value_type = String)]
    pub(super) sla: Sla,
    /// It has been here for four hours or longer, or for what the organisation set.
    pub(super) stuck: bool,
}

/// A component of an item.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ComponentView {
    /// Its id.
    pub(super) id: Uuid,
    /// Its human number.
    pub(super) code: String,
    /// As of an item.
    pub(super) status: String,
    /// Where in its workflow it is.
    pub(super) stage: String,
}

/// One thing that happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventView {
    /// Its place in the subject's history: 1, 2, 3 …
    pub version: i64,
    /// Such as `item.advanced`.
    pub kind: String,
    /// The change.
    #[schema(value_type = Object)]
    pub data: Value,
    /// Who did it.
    pub actor: Option<ActorView>,
    /// The entry that caused it.
    pub cause: CauseView,
    /// When it was done.
    pub occurred_at: DateTime<Utc>,
    /// How far off that may be.
    pub uncertainty_ms: Option<i64>,
    /// When the server learnt of it.
    pub recorded_at: DateTime<Utc>,
}

/// Who did something.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActorView {
    /// The user.
    pub id: Uuid,
    /// Their name; null for people of another organisation.
    pub name: Option<String>,
}

/// An entry.
#[derive(Debug, Serialize, ToSchema)]
pub struct CauseView {
    /// Its stream.
    pub stream_id: Uuid,
    /// Its place there.
    pub seq: i64,
}

pub(super) fn summary(row: SummaryRow) -> ItemSummary {
    let priority = Priority::ALL.iter().copied().find(|priority| rank(*priority) == row.priority);
    ItemSummary {
        id: row.id,
        code: row.code,
        order_id: row.order_id,
        line_id: row.line_id,
        parent_id: row.parent_id,
        workflow_version_id: row.workflow_version_id,
        site_id: row.site_id,
        location_id: row.location_id,
        assigned_to: row.assigned_to,
        priority: priority.unwrap_or_default(),
        status: row.status,
        stage: row.stage,
        version: row.version,
        stage_entered_at: row.stage_entered_at,
        created_at: row.created_at,
        updated_at: row.updated_at,
        completed_at: row.completed_at,
    }
}

pub(super) fn event(row: EventRow, names: &BTreeMap<Uuid, String>) -> EventView {
    EventView {
        version: row.version,
        kind: row.kind,
        data: row.body,
        actor: row.actor_id.map(|id| ActorView { id, name: names.get(&id).cloned() }),
        cause: CauseView { stream_id: row.stream_id, seq: row.seq },
        occurred_at: row.occurred_at,
        uncertainty_ms: row.uncertainty_ms,
        recorded_at: row.recorded_at,
    }
}

/// An item as its brand's feed tells of it.
pub(super) fn for_brand(item: &Item) -> Value {
    json!({
        "id": item.id, "code": item.code, "parent_id": item.parent_id, "status": item.status, "stage": item.stage, "version": item.version,
    })
}
