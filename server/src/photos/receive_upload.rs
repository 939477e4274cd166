//! Takes the bytes of a PATCH, a part at a time, so that neither memory nor what a broken connection loses grows with the photo.

use std::time::Duration;

use actix_web::web::Payload;
use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use floorline_domain::OrgId;
use futures_util::StreamExt as _;
use serde_json::json;
use uuid::Uuid;

use super::create_upload::KEPT;
use super::tus::{Checksum, Chunk};
use super::upload_store::{self as store, Upload};
use super::{complete_upload, parts_folder};
use crate::app::App;
use crate::platform::http::{ApiError, Code};
use crate::platform::tenancy::TenantTx;

/// Bytes held in memory and stored at once.
const PART_BYTES: usize = 1024 * 1024;
/// A body that says nothing for this long has ended.
pub const SILENCE: Duration = Duration::from_secs(30);

/// Takes what `body` brings; the upload as it stands afterwards.
pub(super) async fn receive(
    app: &App,
    upload: Upload,
    chunk: Chunk,
    body: Payload,
    now: DateTime<Utc>,
) -> Result<Upload, ApiError> {
    if chunk.offset != upload.received {
        let detail = format!("The upload stands at {}.", upload.received);
        return Err(ApiError::new(Code::StateConflict, detail).with(json!({ "upload_offset": upload.received })));
    }
    let room = upload.length - upload.received;
    if upload.photo_id.is_some() {
        // Nothing is missing. A client that did not hear so asks again with an empty body.
        Arriving { body, room }.next_part().await?;
        return Ok(upload);
    }
    if chunk.length.is_some_and(|length| length > room) {
        return Err(too_much());
    }
    let mut held = Held::default();
    let taken = take(app, upload, chunk.checksum, Arriving { body, room }, &mut held, now).await;
    if taken.is_err() {
        held.throw_away(app).await;
    }
    taken
}

async fn take(
    app: &App,
    mut upload: Upload,
    mut checksum: Option<Checksum>,
    mut arriving: Arriving,
    held: &mut Held,
    now: DateTime<Utc>,
) -> Result<Upload, ApiError> {
    loop {
        let (part, end) = arriving.next_part().await?;
        if let Some(checksum) = &mut checksum {
            checksum.update(&part);
        }
        held.keep(app, &upload, part).await?;
        if end == End::More && checksum.is_some() {
            // With a checksum nothing counts before all of it has come.
            continue;
        }
        if checksum.take().is_some_and(|checksum| end == End::Broken || !checksum.fits()) {
            let detail = "The bytes do not fit Upload-Checksum; send them again.";
            return Err(ApiError::new(Code::ChecksumMismatch, detail));
        }
        if upload.received + held.bytes == upload.length {
            return complete_upload::complete(app, upload, &held.paths, now).await;
        }
        upload = held.note(app, upload, now).await?;
        if end != End::More {
            return Ok(upload);
        }
    }
}

/// Somebody else brought the same bytes at the same time, and was first.
pub(super) fn moved_on() -> ApiError {
    ApiError::new(Code::StateConflict, "Another request moved the upload on; ask where it stands.")
}

fn too_much() -> ApiError {
    ApiError::new(Code::TooLarge, "The body has more bytes than the upload is missing.")
}

/// Why a part ends where it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// It is full.
    More,
    /// The body has ended.
    Done,
    /// The connection broke, or is silent.
    Broken,
}

struct Arriving {
    body: Payload,
    /// Bytes the upload still takes.
    room: i64,
}

impl Arriving {
    async fn next_part(&mut self) -> Result<(Bytes, End), ApiError> {
        let mut part = BytesMut::new();
        while part.len() < PART_BYTES {
            let bytes = match tokio::time::timeout(SILENCE, self.body.next()).await {
                Ok(Some(Ok(bytes))) => bytes,
                Ok(None) => return Ok((part.freeze(), End::Done)),
                Ok(Some(Err(_))) | Err(_) => return Ok((part.freeze(), End::Broken)),
            };
            self.room -= i64::try_from(bytes.len()).unwrap_or(i64::MAX);
            if self.room < 0 {
                return Err(too_much());
            }
            part.extend_from_slice(&bytes);
        }
        Ok((part.freeze(), End::More))
    }
}

/// Parts that are stored and not noted yet.
#[derive(Default)]
struct Held {
    paths: Vec<String>,
    bytes: i64,
}

impl Held {
    async fn keep(&mut self, app: &App, upload: &Upload, part: Bytes) -> Result<(), ApiError> {
        let size = i64::try_from(part.len()).map_err(ApiError::internal)?;
        if size == 0 {
            return Ok(());
        }
        // Two requests may bring the same bytes at once; only one of them is noted, each under its own name.
        let folder = parts_folder(OrgId(upload.org_id), upload.id);
        let path = format!("{folder}/{:012}-{}", upload.received + self.bytes, Uuid::now_v7());
        app.objects.put(&path, part).await.map_err(ApiError::internal)?;
        self.paths.push(path);
        self.bytes += size;
        Ok(())
    }

    /// Makes them count: what was noted is not asked for again.
    async fn note(&mut self, app: &App, mut upload: Upload, now: DateTime<Utc>) -> Result<Upload, ApiError> {
        if self.bytes == 0 {
            return Ok(upload);
        }
        let mut tx = TenantTx::open(&app.db, OrgId(upload.org_id)).await?;
        let noted = store::append(&mut tx, &upload, self.bytes, &self.paths, now + KEPT).await?;
        tx.commit().await?;
        if !noted {
            return Err(moved_on());
        }
        upload.received += self.bytes;
        upload.expires_at = now + KEPT;
        upload.parts.append(&mut self.paths);
        self.bytes = 0;
        Ok(upload)
    }

    async fn throw_away(&mut self, app: &App) {
        for path in self.paths.drain(..) {
            if let Err(error) = app.objects.delete(&path).await {
                // It goes with the upload's folder later.
                tracing::warn!(%error, "a part of an upload could not be removed");
            }
        }
    }
}
