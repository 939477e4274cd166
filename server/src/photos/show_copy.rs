//! Gives a copy of a photo: the one that was drawn before, or a new one that the next who asks will get.
//!
//! What is sent is read from the store as the client takes it. Whole pictures are in memory only while it is their turn to be worked on.

use bytes::Bytes;
use floorline_domain::OrgId;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};

use super::copies::{self, Size, draw};
use super::store::{self, PhotoRow};
use super::{copies_folder, copy_path};
use crate::app::App;
use crate::platform::http::ApiError;
use crate::platform::storage::{ObjectError, Pieces};
use crate::platform::tenancy::TenantTx;

/// A copy on its way out.
pub(super) struct Shown {
    pub(super) mime: &'static str,
    /// In bytes.
    pub(super) size: u64,
    pub(super) bytes: BoxStream<'static, Result<Bytes, ObjectError>>,
}

/// The copy.
pub(super) async fn load_or_draw(app: &App, org: OrgId, photo: &PhotoRow, size: Size) -> Result<Shown, ApiError> {
    let path = copy_path(org, &photo.sha256, size);
    if let Some(shown) = load(app, &path).await? {
        return Ok(shown);
    }
    let turn = app.pictures.turn().await?;
    // Whoever had the turn before may have drawn the same.
    if let Some(shown) = load(app, &path).await? {
        return Ok(shown);
    }
    let limit = u64::try_from(photo.size).unwrap_or_default();
    let original = app.objects.get(&photo.path, limit).await.map_err(ApiError::internal)?;
    let copy = Bytes::from(turn.work(move || draw(&original, size)).await?);
    if let Err(error) = app.objects.put(&path, copy.clone()).await {
        tracing::warn!(%error, "a copy of a photo could not be kept; it will be drawn again");
        return Ok(Shown {
            mime: copies::mime(&copy),
            size: u64::try_from(copy.len()).map_err(ApiError::internal)?,
            bytes: stream::once(async { Ok(copy) }).boxed(),
        });
    }
    drop(copy);
    let shown = load(app, &path).await?;
    take_back_if_gone(app, org, photo).await?;
    shown.ok_or_else(|| ApiError::not_found("photo"))
}

/// The copy that is there.
async fn load(app: &App, path: &str) -> Result<Option<Shown>, ApiError> {
    let Pieces { size, mut bytes } = match app.objects.pieces(path).await {
        Ok(pieces) => pieces,
        Err(ObjectError::Absent(_)) => return Ok(None),
        Err(error) => return Err(ApiError::internal(error)),
    };
    let first = bytes.try_next().await.map_err(ApiError::internal)?.unwrap_or_default();
    let mime = copies::mime(&first);
    Ok(Some(Shown { mime, size, bytes: stream::once(async { Ok(first) }).chain(bytes).boxed() }))
}

/// The photo may have been removed while its copy was drawn: then nobody would ever remove the copy.
async fn take_back_if_gone(app: &App, org: OrgId, photo: &PhotoRow) -> Result<(), ApiError> {
    let mut tx = TenantTx::open(&app.db, org).await?;
    let there = store::find(&mut tx, photo.id).await?.is_some();
    tx.commit().await?;
    if there {
        return Ok(());
    }
    app.objects.delete_folder(&copies_folder(org, &photo.sha256)).await.map_err(ApiError::internal)
}
