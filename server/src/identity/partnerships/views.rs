//! Partnerships as JSON.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::store::PartnershipRow;

/// A partnership.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PartnershipView {
    id: Uuid,
    brand_id: Uuid,
    brand_name: String,
    factory_id: Uuid,
    factory_name: String,
    /// `proposed`, `active` or `ended`.
    status: String,
    /// The organisation that proposed it; the other one accepts.
    proposed_by: Uuid,
    brand_accepted_at: Option<DateTime<Utc>>,
    factory_accepted_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

impl From<PartnershipRow> for PartnershipView {
    fn from(row: PartnershipRow) -> Self {
        Self {
            id: row.id,
            brand_id: row.brand_id,
            brand_name: row.brand_name,
            factory_id: row.factory_id,
            factory_name: row.factory_name,
            status: row.status,
            proposed_by: row.proposed_by,
            brand_accepted_at: row.brand_accepted_at,
            factory_accepted_at: row.factory_accepted_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
        }
    }
}

/// Which partnerships to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PartnershipFilter {
    /// `proposed`, `active` or `ended`.
    pub(super) status: Option<String>,
}

/// A partnership to propose. One of the two is the proposer's own organisation.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct NewPartnership {
    pub(super) brand_id: Uuid,
    pub(super) factory_id: Uuid,
}
