//! Renaming a device, or moving it to another site.

use chrono::{DateTime, Utc};
use floorline_domain::UserId;
use serde_json::json;
use uuid::Uuid;

use super::store::{self, DeviceRow};
use super::views::DeviceChange;
use crate::identity::{audit, checks};
use crate::platform::http::{ApiError, IfMatch};
use crate::platform::tenancy::TenantTx;

/// What is absent of `change` stays.
pub(super) async fn change(
    tx: &mut TenantTx,
    by: UserId,
    (id, version): (Uuid, IfMatch),
    change: &DeviceChange,
    now: DateTime<Utc>,
) -> Result<DeviceRow, ApiError> {
    let mut row = store::find_for_update(tx, id).await?;
    version.check(row.version)?;
    let mut faults = Vec::new();
    if let Some(name) = &change.name {
        row.name = checks::name("name", name, 200, &mut faults);
    }
    checks::refuse(faults)?;
    if let Some(site) = change.site_id {
        if !store::is_site(tx, site).await? {
            return Err(ApiError::invalid_field("site_id", "UNKNOWN", "There is no such site."));
        }
        row.site_id = site;
    }
    (row.updated_at, row.version) = (now, row.version + 1);
    store::update(tx, &row).await?;
    let detail = json!({ "device_id": row.id, "name": row.name, "site_id": row.site_id });
    audit::append(tx, Some(by), "device.changed", detail, now).await?;
    Ok(row)
}
