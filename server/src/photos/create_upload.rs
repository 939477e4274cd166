//! Begins an upload, or finds that there is nothing left to upload.

use chrono::{DateTime, TimeDelta, Utc};
use floorline_domain::UserId;
use serde_json::json;
use uuid::Uuid;

use super::hold_content::hold_content;
use super::tus::Announced;
use super::upload_store::{self as store, Upload};
use crate::platform::config::Limits;
use crate::platform::http::{ApiError, Code};
use crate::platform::tenancy::TenantTx;

/// An upload that nobody goes on with is forgotten after this.
pub(super) const KEPT: TimeDelta = TimeDelta::hours(24);

/// Unfinished uploads of one person. Phones send one photo after the other.
const OPEN: i64 = 200;

/// Begins the upload; one whose bytes are here already stands at its end from the start.
pub(super) async fn create(
    tx: &mut TenantTx,
    user: UserId,
    announced: Announced,
    limits: &Limits,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<Upload, ApiError> {
    let limit = store::largest_photo(tx, limits).await?;
    if u64::try_from(announced.length).map_or(true, |length| length > limit) {
        let detail = format!("The photo has {} bytes, at most {limit} are taken.", announced.length);
        return Err(ApiError::new(Code::TooLarge, detail).with(json!({ "limit_bytes": limit })));
    }
    if store::count_open(tx, user, now).await? >= OPEN {
        let detail = format!("{OPEN} of your uploads are not finished; finish or delete some first.");
        return Err(ApiError::new(Code::TooMany, detail).retry_after(60));
    }
    // Whoever gives the photo up does so before this, and then the bytes are asked for, or after this, and then finds the upload.
    let org = tx.org();
    hold_content(tx.conn(), org, &announced.sha256).await?;
    let photo_id = store::photo_of(tx, &announced.sha256, announced.length).await?;
    let upload = Upload {
        org_id: org.0,
        id,
        user_id: user.0,
        length: announced.length,
        received: if photo_id.is_some() { announced.length } else { 0 },
        sha256: announced.sha256,
        mime: announced.mime,
        metadata: announced.metadata,
        created_at: now,
        expires_at: now + KEPT,
        parts: Vec::new(),
        photo_id,
    };
    store::insert(tx, &upload).await?;
    Ok(upload)
}
