//! A photo that is here all at once: announced, stored and looked at as one that was uploaded in parts.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use floorline_mobile_sync::chain::Hash;
use uuid::Uuid;

use super::tus::Announced;
use super::{complete_upload, create_upload, parts_folder, upload_store};
use crate::app::App;
use crate::platform::config::Limits;
use crate::platform::http::ApiError;
use crate::platform::tenancy::{Identity, TenantTx};

/// Whether the photo was here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It was not.
    New,
    /// The same bytes were.
    Known,
}

/// Bytes that the largest photo has which any organisation of this server takes.
pub fn largest(limits: &Limits) -> u64 {
    upload_store::largest_ever(limits)
}

/// Keeps a photo that hashes to `sha256`.
pub async fn keep(
    app: &App,
    by: &Identity,
    sha256: Hash,
    mime: &str,
    bytes: Bytes,
    now: DateTime<Utc>,
) -> Result<Kept, ApiError> {
    let announced = Announced::of(i64::try_from(bytes.len()).map_err(ApiError::internal)?, sha256, mime)?;
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let upload = create_upload::create(&mut tx, by.user_id, announced, &app.limits, Uuid::now_v7(), now).await?;
    tx.commit().await?;
    if upload.photo_id.is_some() {
        return Ok(Kept::Known);
    }
    let part = format!("{}/{:012}-{}", parts_folder(by.org_id, upload.id), 0, Uuid::now_v7());
    app.objects.put(&part, bytes).await.map_err(ApiError::internal)?;
    complete_upload::complete(app, upload, &[part], now).await?;
    Ok(Kept::New)
}
