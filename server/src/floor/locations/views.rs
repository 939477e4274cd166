//! Places as JSON.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::platform::db::schema::locations;

/// A place.
#[derive(Debug, Clone, Serialize, ToSchema, diesel::Queryable, diesel::Selectable)]
#[diesel(table_name = locations, check_for_backend(diesel::pg::Pg))]
pub(super) struct Location {
    /// Its id.
    pub id: Uuid,
    /// `site`, `area`, `station`, `warehouse`, `room`, `rack`, `shelf`, `bin` or `zone`.
    pub kind: String,
    /// What people call it.
    pub name: String,
    /// The place it is in; null for a site.
    pub parent_id: Option<Uuid>,
    /// The root of its tree; itself, for a site.
    pub site_id: Uuid,
    /// How many items fit, when that matters.
    pub capacity: Option<i32>,
    /// False once it is out of use.
    pub active: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// The `ETag`.
    pub version: i64,
}

/// What a new place is made from.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct NewLocation {
    /// One of the kinds.
    pub kind: String,
    /// 1–200 characters.
    pub name: String,
    /// Absent for a site, given for everything else.
    pub parent_id: Option<Uuid>,
    /// At least 1, when given.
    pub capacity: Option<i32>,
}

/// What may change. An absent field stays; `capacity: null` takes the limit away.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct LocationChange {
    /// 1–200 characters.
    pub name: Option<String>,
    /// The place it moves into, with all that is in it.
    pub parent_id: Option<Uuid>,
    /// At least 1, or null for no limit.
    #[serde(default, deserialize_with = "crate::platform::http::given")]
    #[schema(value_type = Option<i32>)]
    pub capacity: Option<Option<i32>>,
    /// True brings a place back into use.
    pub active: Option<bool>,
}
