//! Takes a place out of use, once nothing needs it.

use serde_json::json;

use super::store;
use super::views::Location;
use crate::platform::http::{ApiError, Code};
use crate::platform::tenancy::TenantTx;

/// Marks the place inactive; the caller stores it.
///
/// # Errors
/// 409 while open items are there, or other places in use are inside.
pub(super) async fn retire(tx: &mut TenantTx, location: &mut Location) -> Result<(), ApiError> {
    let site = (location.kind == "site").then_some(location.site_id);
    let uses = store::uses(tx, location.id, site).await?;
    let context = json!({ "items": uses.items, "codes": uses.codes, "locations": uses.places });
    if uses.items > 0 {
        let detail = format!("{} open items are there, such as {}.", uses.items, uses.codes.join(", "));
        return Err(ApiError::new(Code::InUse, detail).with(context));
    }
    if uses.places > 0 {
        let detail = format!("{} places in use are inside of it.", uses.places);
        return Err(ApiError::new(Code::InUse, detail).with(context));
    }
    location.active = false;
    Ok(())
}
