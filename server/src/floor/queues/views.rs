//! Queues and what waits in them as JSON.

use chrono::{DateTime, Utc};
use floorline_domain::queue::{Priority, Sla};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::platform::db::schema::queues;

/// A queue: which open items of a site it shows.
#[derive(Debug, Clone, Serialize, ToSchema, diesel::Queryable, diesel::Selectable)]
#[diesel(table_name = queues, check_for_backend(diesel::pg::Pg))]
pub(super) struct Queue {
    /// Its id.
    pub id: Uuid,
    /// What people call it; unique on its site.
    pub name: String,
    /// The site whose items it shows.
    pub site_id: Uuid,
    /// Only items at exactly this place.
    pub location_id: Option<Uuid>,
    /// The team it is for.
    pub team_id: Option<Uuid>,
    /// Only items of this workflow, in any version.
    pub workflow_id: Option<Uuid>,
    /// Only items in this stage.
    pub stage: Option<String>,
    /// By hand, no item is added beyond this number.
    pub max_items: Option<i32>,
    /// False once boards need not show it.
    pub active: bool,
    /// Its events so far.
    #[serde(skip)]
    pub events: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// The `ETag`.
    pub version: i64,
}

/// A queue with how much waits in it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QueueView {
    /// The queue.
    #[serde(flatten)]
    pub queue: Queue,
    /// How much waits in it.
    pub counts: Counts,
}

/// How much waits in a queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Counts {
    /// All items.
    pub total: i64,
    /// Those not begun.
    pub not_started: i64,
    /// Those being worked on.
    pub active: i64,
    /// Those paused, on hold or in error.
    pub stopped: i64,
    /// Those in their stage for four hours or longer, or for what the organisation set (`stuck_after_minutes`).
    pub stuck: i64,
    /// Those that are somebody's.
    pub assigned: i64,
}

/// What a new queue is made from.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct NewQueue {
    /// 1–200 characters.
    pub name: String,
    /// A site.
    pub site_id: Uuid,
    /// A place on it.
    pub location_id: Option<Uuid>,
    /// A team.
    pub team_id: Option<Uuid>,
    /// A workflow.
    pub workflow_id: Option<Uuid>,
    /// A stage's key.
    pub stage: Option<String>,
    /// At least 1.
    pub max_items: Option<i32>,
}

/// What may change. An absent field stays; null takes it away.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct QueueChange {
    /// 1–200 characters.
    pub name: Option<String>,
    /// A place on its site.
    #[serde(default, deserialize_with = "crate::platform::http::given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub location_id: Option<Option<Uuid>>,
    /// A team.
    #[serde(default, deserialize_with = "crate::platform::http::given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub team_id: Option<Option<Uuid>>,
    /// A workflow.
    #[serde(default, deserialize_with = "crate::platform::http::given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub workflow_id: Option<Option<Uuid>>,
    /// A stage's key.
    #[serde(default, deserialize_with = "crate::platform::http::given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub stage: Option<Option<String>>,
    /// At least 1.
    #[serde(default, deserialize_with = "crate::platform::http::given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i32>)]
    pub max_items: Option<Option<i32>>,
    /// Whether boards show it.
    pub active: Option<bool>,
}

/// An item that waits.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Waiting {
    /// The item.
    pub item_id: Uuid,
    /// Its human number.
    pub code: String,
    /// Its order.
    pub order_id: Option<Uuid>,
    /// What it is a component of.
    pub parent_id: Option<Uuid>,
    /// `not_started`, `active`, `paused`, `on_hold` or `error`.
    pub status: String,
    /// Its stage's key.
    pub stage: String,
    /// Its stage's name.
    pub stage_name: String,
    /// Where it is.
    pub location_id: Option<Uuid>,
    /// The number of its events.
    pub version: i64,
    /// In this queue; the item's own unless somebody said otherwise here.
    #[schema(value_type = String)]
    pub priority: Priority,
    /// In this queue; the item's own unless somebody said otherwise here.
    pub assigned_to: Option<Uuid>,
    /// Since when it waits here: since it entered its stage, or since it was added by hand.
    pub added_at: DateTime<Utc>,
    /// It was added by hand.
    pub by_hand: bool,
    /// When it came to its stage.
    pub stage_entered_at: DateTime<Utc>,
    /// What the stage should take.
    pub expected_minutes: Option<u32>,
    /// `green`, `yellow` or `red` against that.
    #[schema(value_type = String)]
    pub sla: Sla,
    /// It has been in its stage for four hours or longer, or for what the organisation set.
    pub stuck: bool,
}

/// A page of what waits, in the order of work.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WaitingPage {
    /// The items.
    pub data: Vec<Waiting>,
    /// Give this as `cursor` for the next page; null at the end.
    pub next_cursor: Option<String>,
    /// Of the whole queue.
    pub counts: Counts,
}

/// An item to add by hand.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct NewEntry {
    /// An open item of the queue's site.
    pub item_id: Uuid,
    /// In this queue; absent: the item's own.
    #[schema(value_type = Option<String>)]
    pub priority: Option<Priority>,
    /// In this queue; absent: the item's own.
    pub assigned_to: Option<Uuid>,
}

/// What is said of an item that waits. An absent field stays; null goes back to the item's own.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct EntryChange {
    /// In this queue.
    #[serde(default, deserialize_with = "crate::platform::http::given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub priority: Option<Option<Priority>>,
    /// In this queue.
    #[serde(default, deserialize_with = "crate::platform::http::given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub assigned_to: Option<Option<Uuid>>,
}
