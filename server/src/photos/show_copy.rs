//! Gives a copy of a photo: the one that was drawn before, or a new one that the next who asks will get.

use bytes::Bytes;
use floorline_domain::OrgId;

use super::copies::{Size, draw};
use super::copies_folder;
use super::store::PhotoRow;
use crate::app::App;
use crate::platform::http::ApiError;
use crate::platform::storage::ObjectError;

/// More than any copy has.
const LARGEST: u64 = 512 * 1024 * 1024;

/// The copy's bytes.
pub(super) async fn load_or_draw(app: &App, org: OrgId, photo: &PhotoRow, size: Size) -> Result<Bytes, ApiError> {
    let path = format!("{}/{}", copies_folder(org, &photo.sha256), size.as_str());
    match app.objects.get(&path, LARGEST).await {
        Ok(copy) => return Ok(copy),
        Err(ObjectError::Absent(_)) => {}
        Err(error) => return Err(ApiError::internal(error)),
    }
    let original = app.objects.get(&photo.path, LARGEST).await.map_err(ApiError::internal)?;
    let copy = Bytes::from(app.pictures.work(move || draw(&original, size)).await?);
    if let Err(error) = app.objects.put(&path, copy.clone()).await {
        tracing::warn!(%error, "a copy of a photo could not be kept; it will be drawn again");
    }
    Ok(copy)
}
