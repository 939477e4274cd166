//! Takes a workflow out of use. Its versions stay: items that went through them name them.

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::store;
use crate::platform::http::{ApiError, Code, IfMatch};
use crate::platform::tenancy::TenantTx;

/// Marks the workflow inactive.
///
/// # Errors
/// 409 while open items use it, naming some of them.
pub(super) async fn retire(tx: &mut TenantTx, id: Uuid, expected: IfMatch, now: DateTime<Utc>) -> Result<(), ApiError> {
    let mut row = store::load_for_update(tx, id).await?;
    expected.check(row.version)?;
    no_open_items(tx, id).await?;
    row.active = false;
    row.updated_at = now;
    row.version += 1;
    store::update(tx, &row).await
}

/// Refuses while items are on their way through the workflow.
///
/// # Errors
/// 409 that names some of them.
pub(super) async fn no_open_items(tx: &mut TenantTx, id: Uuid) -> Result<(), ApiError> {
    let open = store::open_items(tx, id).await?;
    if open.items == 0 {
        return Ok(());
    }
    let detail = format!("{} open items use it, such as {}.", open.items, open.codes.join(", "));
    Err(ApiError::new(Code::InUse, detail).with(json!({ "items": open.items, "codes": open.codes })))
}
