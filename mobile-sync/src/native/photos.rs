//! Photos: in their own files before the entry that names them is saved, uploaded one chunk at a time afterwards.
//!
//! Verdicts do not wait for photos, and photos do not wait for verdicts. An upload goes on where it stopped.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, Response};
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::api::{checked, headers, number};
use super::error::NativeError;
use super::phone::Inner;
use super::sqlite::WaitingPhoto;
use super::worker::ask;
use crate::chain::{Hash, sha256};
use crate::client::Event;
use crate::entry::Blob;
use crate::limits::UPLOAD_CHUNK;
use crate::store::Store;

/// Uploads of one photo that may end in a mismatch before it is left for the next round.
const TRIES: u32 = 3;

/// Between two looks when nothing is known to wait.
const IDLE: Duration = Duration::from_secs(60);

/// Where a photo's bytes lie.
pub(super) fn path(folder: &Path, hash: &Hash) -> PathBuf {
    folder.join("photos").join(hash.to_string())
}

/// Puts a photo's bytes in their own file and notes that it waits for its upload.
pub(super) async fn keep(inner: &Inner, bytes: Vec<u8>, mime: &str, role: Option<String>) -> Result<Blob, NativeError> {
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let folder = inner.folder.clone();
    let write = move || {
        let hash = sha256(&bytes);
        let path = path(&folder, &hash);
        if !path.exists() {
            std::fs::create_dir_all(folder.join("photos"))?;
            super::key::write_private(&path, &bytes)?;
        }
        Ok::<Hash, NativeError>(hash)
    };
    let hash = tokio::task::spawn_blocking(write).await.map_err(|_| NativeError::Closed)??;
    let blob = Blob { sha256: hash, size, mime: mime.to_owned(), role };
    let file = blob.clone();
    ask(&inner.asks, move |_, store, _| Ok(store.keep_file(&file)?)).await?;
    inner.photos.notify_one();
    Ok(blob)
}

/// Uploads whatever waits, whenever there is a connection, until the device is closed.
pub(super) async fn upload_all(inner: Arc<Inner>) {
    let mut pause = IDLE;
    loop {
        tokio::select! {
            () = inner.photos.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
        if !inner.is_online() {
            pause = IDLE;
            continue;
        }
        let Ok(waiting) = ask(&inner.asks, |_, store, _| Ok(store.waiting_photos()?)).await else { return };
        let mut failed = false;
        for photo in waiting {
            failed |= !try_upload(&inner, &photo).await;
        }
        pause = match failed {
            true if pause == IDLE => Duration::from_millis(500),
            true => (pause * 2).min(IDLE / 2),
            false => IDLE,
        };
    }
}

/// Uploads one photo. False: it waits for another round. One that the server will never take is kept, and not tried again.
async fn try_upload(inner: &Inner, photo: &WaitingPhoto) -> bool {
    if matches!(tokio::fs::try_exists(path(&inner.folder, &photo.sha256)).await, Ok(false)) {
        tracing::warn!(device_id = %inner.device_id, sha256 = %photo.sha256, "photo gone");
        inner.give(Event::FileGone { sha256: photo.sha256 });
        return true;
    }
    let Err(error) = upload(inner, photo).await else { return true };
    let for_good = matches!(error.status(), Some(400 | 413 | 415 | 422));
    if for_good {
        tracing::warn!(device_id = %inner.device_id, sha256 = %photo.sha256, %error, "photo refused");
        let hash = photo.sha256;
        return ask(&inner.asks, move |_, store, _| Ok(store.photo_refused(&hash)?)).await.is_ok();
    }
    tracing::debug!(device_id = %inner.device_id, sha256 = %photo.sha256, %error, "photo waits");
    false
}

/// Uploads one photo, from where it stopped.
async fn upload(inner: &Inner, photo: &WaitingPhoto) -> Result<(), NativeError> {
    let mut location = photo.upload.clone();
    for _ in 0..TRIES {
        let (url, mut offset) = match resume(inner, location.take()).await? {
            Some(begun) => begun,
            None => begin(inner, photo).await?,
        };
        while offset < photo.size {
            let chunk = read_chunk(&path(&inner.folder, &photo.sha256), offset).await?;
            let response = patch(inner, &url, offset, chunk).await?;
            match response.status().as_u16() {
                // The bytes were not those of the hash, or the upload is gone: begin again.
                460 | 404 | 410 => break,
                409 => offset = head(inner, &url).await?.unwrap_or_default(),
                _ => offset = number(checked(response).await?.headers(), "Upload-Offset").unwrap_or(photo.size),
            }
        }
        if offset >= photo.size {
            inner.give(Event::Uploaded { sha256: photo.sha256 });
            return Ok(());
        }
        remember(inner, photo.sha256, None).await?;
    }
    Err(NativeError::Unreachable("the photo arrives changed".to_owned()))
}

/// The offset of an upload begun earlier; none when it is gone.
async fn resume(inner: &Inner, location: Option<String>) -> Result<Option<(String, u64)>, NativeError> {
    let Some(url) = location else { return Ok(None) };
    Ok(head(inner, &url).await?.map(|offset| (url, offset)))
}

async fn begin(inner: &Inner, photo: &WaitingPhoto) -> Result<(String, u64), NativeError> {
    let encode = |text: &str| STANDARD.encode(text);
    let metadata = format!("sha256 {},mime {}", encode(&photo.sha256.to_string()), encode(&photo.mime));
    let headers = headers([
        ("Tus-Resumable", "1.0.0".to_owned()),
        ("Upload-Length", photo.size.to_string()),
        ("Upload-Metadata", metadata),
    ]);
    let response = checked(inner.api.upload(Method::POST, "/v1/uploads", headers, Vec::new()).await?).await?;
    let offset = number(response.headers(), "Upload-Offset").unwrap_or_default();
    let location = response.headers().get("Location").and_then(|location| location.to_str().ok()).map(str::to_owned);
    match location {
        Some(location) => {
            remember(inner, photo.sha256, Some(location.clone())).await?;
            Ok((location, offset))
        }
        None if offset >= photo.size => Ok((String::new(), offset)),
        None => Err(NativeError::Unreachable("an upload without a location".to_owned())),
    }
}

async fn remember(inner: &Inner, hash: Hash, location: Option<String>) -> Result<(), NativeError> {
    ask(&inner.asks, move |_, store, _| Ok(store.photo_upload(&hash, location.as_deref())?)).await
}

/// How much the server has; none when it knows no such upload.
async fn head(inner: &Inner, url: &str) -> Result<Option<u64>, NativeError> {
    let response =
        inner.api.upload(Method::HEAD, url, headers([("Tus-Resumable", "1.0.0".to_owned())]), Vec::new()).await?;
    match response.status().as_u16() {
        404 | 410 => Ok(None),
        _ => Ok(number(checked(response).await?.headers(), "Upload-Offset")),
    }
}

async fn patch(inner: &Inner, url: &str, offset: u64, chunk: Vec<u8>) -> Result<Response, NativeError> {
    let headers = headers([
        ("Tus-Resumable", "1.0.0".to_owned()),
        ("Upload-Offset", offset.to_string()),
        ("Content-Type", "application/offset+octet-stream".to_owned()),
    ]);
    inner.api.upload(Method::PATCH, url, headers, chunk).await
}

async fn read_chunk(path: &Path, offset: u64) -> Result<Vec<u8>, NativeError> {
    let mut file = tokio::fs::File::open(path).await?;
    file.seek(std::io::SeekFrom::Start(offset)).await?;
    let mut chunk = Vec::with_capacity(UPLOAD_CHUNK);
    file.take(u64::try_from(UPLOAD_CHUNK).unwrap_or(u64::MAX)).read_to_end(&mut chunk).await?;
    Ok(chunk)
}
