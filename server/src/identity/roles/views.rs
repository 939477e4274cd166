//! Roles as JSON.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::RoleRow;

/// A role.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RoleView {
    id: Uuid,
    name: String,
    /// Such as `item:advance`.
    permissions: Vec<String>,
    /// It came with the organisation.
    template: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

impl From<RoleRow> for RoleView {
    fn from(row: RoleRow) -> Self {
        let RoleRow { id, name, permissions, template, created_at, updated_at, version } = row;
        Self { id, name, permissions, template, created_at, updated_at, version }
    }
}

/// A role to make.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct RoleBody {
    pub(super) name: String,
    pub(super) permissions: Vec<String>,
}

/// What to change; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct RoleChange {
    pub(super) name: Option<String>,
    pub(super) permissions: Option<Vec<String>>,
}
