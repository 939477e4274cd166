//! The last byte has come: the parts become one object, the object is looked at, and a photo is there.
//!
//! Bytes first and durable, then the row. Until the row is there the upload does not count its last part, so a server that dies here is
//! asked for that part again and gets to the same end.

use chrono::{DateTime, Utc};
use floorline_domain::{OrgId, UserId};
use uuid::Uuid;

use super::create_upload::KEPT;
use super::hold_content::hold_content;
use super::inspect::{Inspected, inspect};
use super::let_go::{let_go, remove_unneeded};
use super::receive_upload::moved_on;
use super::store::NewPhoto;
use super::upload_store::{self, Upload};
use super::{content_path, parts_folder, store};
use crate::app::App;
use crate::platform::http::{ApiError, Code};
use crate::platform::storage::ObjectError;
use crate::platform::tenancy::TenantTx;

/// Makes the photo of an upload whose last parts are stored as `last`; the upload as it stands afterwards.
pub(super) async fn complete(
    app: &App,
    upload: Upload,
    last: &[String],
    now: DateTime<Utc>,
) -> Result<Upload, ApiError> {
    let org = OrgId(upload.org_id);
    let path = content_path(org, &upload.sha256);
    let parts = [upload.parts.as_slice(), last].concat();
    match app.objects.assemble(&parts, &path, &upload.sha256).await {
        Ok(_) => {}
        Err(ObjectError::Mismatch { .. }) => {
            remove(app, &upload, now).await?;
            let detail = "The photo does not hash to the sha256 announced; it was dropped. Upload it again.";
            return Err(ApiError::new(Code::ChecksumMismatch, detail));
        }
        Err(ObjectError::Absent(_)) => {
            if is_finished(app, &upload).await? {
                return Err(moved_on());
            }
            remove(app, &upload, now).await?;
            return Err(ApiError::new(Code::Expired, "Parts of the upload are gone. Begin again."));
        }
        Err(error) => return Err(ApiError::internal(error)),
    }
    let mut tx = TenantTx::open(&app.db, org).await?;
    let known = upload_store::photo_of(&mut tx, &upload.sha256, upload.length).await?;
    tx.commit().await?;
    let inspected = match known {
        Some(_) => None,
        None => Some(look_at(app, &upload, &path, now).await?),
    };
    let Some(upload) = note(app, &upload, inspected, &path, now).await? else {
        abandon(app, &upload).await?;
        return Err(moved_on());
    };
    if let Err(error) = app.objects.delete_folder(&parts_folder(org, upload.id)).await {
        // They go when the upload's time is over.
        tracing::warn!(%error, "the parts of a finished upload could not be removed");
    }
    Ok(upload)
}

async fn look_at(app: &App, upload: &Upload, path: &str, now: DateTime<Utc>) -> Result<Inspected, ApiError> {
    let turn = app.pictures.turn().await?;
    let limit = u64::try_from(upload.length).unwrap_or_default();
    let bytes = app.objects.get(path, limit).await.map_err(ApiError::internal)?;
    let inspected = turn.work(move || inspect(&bytes)).await;
    if let Err(refusal) = &inspected
        && !refusal.code().retryable()
    {
        remove(app, upload, now).await?;
    }
    inspected
}

/// Writes the photo, unless somebody uploaded the same bytes meanwhile, and the end of its upload, together. None when the upload does not
/// stand where it did: then nothing was written.
async fn note(
    app: &App,
    upload: &Upload,
    inspected: Option<Inspected>,
    path: &str,
    now: DateTime<Utc>,
) -> Result<Option<Upload>, ApiError> {
    let mut tx = TenantTx::open(&app.db, OrgId(upload.org_id)).await?;
    hold_content(tx.conn(), OrgId(upload.org_id), &upload.sha256).await?;
    let known = upload_store::photo_of(&mut tx, &upload.sha256, upload.length).await?;
    let photo = match (known, inspected) {
        (Some(id), _) => id,
        (None, Some(inspected)) => {
            let new = NewPhoto::of(upload, inspected, path, Uuid::now_v7(), now)?;
            store::insert(&mut tx, &new).await?
        }
        (None, None) => {
            return Err(ApiError::busy("The photo was removed as its bytes came again; send the last of them anew."));
        }
    };
    let expires_at = now + KEPT;
    if !upload_store::finish(&mut tx, upload, photo, expires_at).await? {
        return Ok(None);
    }
    tx.commit().await?;
    Ok(Some(Upload { received: upload.length, expires_at, photo_id: Some(photo), ..upload.clone() }))
}

/// The upload was given up while its last bytes came: what they became is nobody's, unless another upload brings the same.
async fn abandon(app: &App, upload: &Upload) -> Result<(), ApiError> {
    let org = OrgId(upload.org_id);
    let mut tx = TenantTx::open(&app.db, org).await?;
    hold_content(tx.conn(), org, &upload.sha256).await?;
    remove_unneeded(tx.conn(), &app.objects, org, &upload.sha256).await?;
    tx.commit().await
}

async fn is_finished(app: &App, upload: &Upload) -> Result<bool, ApiError> {
    let mut tx = TenantTx::open(&app.db, OrgId(upload.org_id)).await?;
    let row = upload_store::find(&mut tx, upload.id, UserId(upload.user_id)).await?;
    Ok(row.is_some_and(|row| row.photo_id.is_some()))
}

/// Removes an upload and its parts. The photo it became stays.
pub(super) async fn remove(app: &App, upload: &Upload, now: DateTime<Utc>) -> Result<(), ApiError> {
    let org = OrgId(upload.org_id);
    let mut tx = TenantTx::open(&app.db, org).await?;
    hold_content(tx.conn(), org, &upload.sha256).await?;
    if let Some(leaving) = upload_store::expire(&mut tx, upload.id, now).await? {
        let_go(tx.conn(), &app.objects, &leaving).await?;
    }
    tx.commit().await
}
