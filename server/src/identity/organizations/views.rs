//! Organisations as JSON.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::OrganizationRow;

/// An organisation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrganizationView {
    id: Uuid,
    /// `factory`, `brand`, `studio`, `vendor`, `community` or `retailer`.
    kind: String,
    name: String,
    /// What it set otherwise than the defaults, by name.
    settings: Value,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

impl From<OrganizationRow> for OrganizationView {
    fn from(row: OrganizationRow) -> Self {
        let OrganizationRow { id, kind, name, settings, created_at, updated_at, version } = row;
        Self { id, kind, name, settings, created_at, updated_at, version }
    }
}

/// An organisation to found.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct NewOrganization {
    pub(super) name: String,
    /// `factory`, `brand`, `studio`, `vendor`, `community` or `retailer`.
    pub(super) kind: String,
    pub(super) administrator: NewAdministrator,
}

/// Who administers it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct NewAdministrator {
    pub(super) email: String,
    pub(super) name: String,
    #[schema(format = Password)]
    pub(super) password: String,
}

/// The organisation founded, and its administrator.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FoundedView {
    #[serde(flatten)]
    pub(super) organization: OrganizationView,
    pub(super) administrator_id: Uuid,
}

/// What to change; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct OrganizationChange {
    pub(super) name: Option<String>,
    /// Merged into the settings by name; null takes a setting back to its default. Known here: `photo_bytes`, `strict_permissions` and
    /// `stuck_after_minutes` (5 to 43200; an item longer than that in its stage counts as stuck).
    pub(super) settings: Option<serde_json::Map<String, Value>>,
}
