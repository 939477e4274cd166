//! What a scan request brings: JSON with the text, or a form with a picture.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::{self, Payload};
use actix_web::{FromRequest as _, HttpRequest};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use multer::{Constraints, Multipart, SizeLimit};
use uuid::Uuid;

use super::views::NewScan;
use crate::photos::SILENCE;
use crate::platform::http::{ApiError, Code};

/// What the fields of the form and the lines between them may take beside the picture.
const FORM_BYTES: usize = 64 * 1024;

/// A body that is not here after this does not come. Ten mebibytes in a minute are a poor line.
const WITHIN: Duration = Duration::from_secs(60);

/// A scan, as it was asked for.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) what: What,
    /// The item that is being worked on.
    pub(super) item_id: Option<Uuid>,
}

#[derive(Debug)]
pub(super) enum What {
    /// What a code says.
    Text(String),
    /// A picture of one.
    Picture(Bytes),
}

/// Reads the body; a picture has at most `picture_bytes`.
pub(super) async fn read(request: &HttpRequest, body: Payload, picture_bytes: usize) -> Result<Wanted, ApiError> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    match content_type.and_then(|content_type| multer::parse_boundary(content_type).ok()) {
        Some(boundary) => {
            let body = in_time(collect(request, body, picture_bytes)).await?;
            read_form(body, boundary, picture_bytes).await
        }
        None => {
            let read = web::Json::<NewScan>::from_request(request, &mut body.into_inner()).await;
            let NewScan { raw, item_id } = read.map_err(|error| problem(&error))?.into_inner();
            Ok(Wanted { what: What::Text(raw), item_id })
        }
    }
}

/// What the extractor's error handler made of it.
fn problem(error: &actix_web::Error) -> ApiError {
    let known = error.as_error::<ApiError>().map(ApiError::again);
    known.unwrap_or_else(|| ApiError::new(Code::BadRequest, "The body cannot be read."))
}

/// The body's bytes are held in memory while they come: not for as long as the client likes.
async fn in_time(body: impl Future<Output = Result<Bytes, ApiError>>) -> Result<Bytes, ApiError> {
    tokio::time::timeout(WITHIN, body).await.unwrap_or_else(|_| Err(too_slow()))
}

/// The whole body, unless it is too large: then no more than that is read.
async fn collect(request: &HttpRequest, mut body: Payload, picture_bytes: usize) -> Result<Bytes, ApiError> {
    let most = picture_bytes.saturating_add(FORM_BYTES);
    let too_large = || too_large(picture_bytes);
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|announced: usize| announced > most) {
        return Err(too_large());
    }
    let mut bytes = BytesMut::new();
    loop {
        let piece = match tokio::time::timeout(SILENCE, body.next()).await {
            Ok(Some(piece)) => piece.map_err(|_| ApiError::new(Code::BadRequest, "The body ended too early."))?,
            Ok(None) => return Ok(bytes.freeze()),
            Err(_) => return Err(too_slow()),
        };
        if bytes.len() + piece.len() > most {
            return Err(too_large());
        }
        bytes.extend_from_slice(&piece);
    }
}

async fn read_form(body: Bytes, boundary: String, picture_bytes: usize) -> Result<Wanted, ApiError> {
    let per_field = u64::try_from(picture_bytes).unwrap_or(u64::MAX);
    let constraints = Constraints::new().size_limit(SizeLimit::new().per_field(per_field));
    let whole = futures_util::stream::once(async move { Ok::<_, Infallible>(body) });
    let mut form = Multipart::with_constraints(whole, boundary, constraints);
    let (mut picture, mut item_id) = (None, None);
    let faulty = |error: multer::Error| match error {
        multer::Error::FieldSizeExceeded { .. } => too_large(picture_bytes),
        error => ApiError::new(Code::BadRequest, format!("The form cannot be read: {error}.")),
    };
    while let Some(field) = form.next_field().await.map_err(faulty)? {
        match field.name() {
            Some("image") => picture = Some(field.bytes().await.map_err(faulty)?),
            Some("item_id") => item_id = Some(field.text().await.map_err(faulty)?),
            _ => {}
        }
    }
    let picture = picture
        .ok_or_else(|| ApiError::invalid_field("image", "REQUIRED", "Send the picture in the form's field `image`."))?;
    let item_id = item_id
        .map(|text| text.trim().parse())
        .transpose()
        .map_err(|_| ApiError::invalid_field("item_id", "FORMAT", "item_id is an item's id."))?;
    Ok(Wanted { what: What::Picture(picture), item_id })
}

fn too_large(picture_bytes: usize) -> ApiError {
    ApiError::new(Code::TooLarge, format!("A picture to be scanned has at most {picture_bytes} bytes."))
}

fn too_slow() -> ApiError {
    ApiError::new(Code::BadRequest, "The picture came too slowly; send it again.")
}
