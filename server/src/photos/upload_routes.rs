//! `/v1/uploads`: tus 1.0 with creation, checksum, expiration and termination.

use actix_web::http::header;
use actix_web::middleware::DefaultHeaders;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, delete, head, options, patch, post, web};
use chrono::Utc;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::tus::{self, Announced, Chunk, Resumable};
use super::upload_store::{self as store, Upload};
use super::{complete_upload, create_upload, receive_upload};
use crate::app::App;
use crate::platform::http::{ApiError, Code, Problem};
use crate::platform::tenancy::{Allowed, Identity, TenantTx, may};

/// The routes for uploading. Every answer, errors included, says which tus it is.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    let said = DefaultHeaders::new().add(("Tus-Resumable", tus::VERSION)).add(("Tus-Version", tus::VERSION));
    config.service(scope::scope("/v1/uploads").wrap(said).configure(|config| {
        config
            .service(describe_uploads)
            .service(post_upload)
            .service(head_upload)
            .service(patch_upload)
            .service(delete_upload);
    }));
}

/// What of tus is spoken here, and how large an upload may be.
#[utoipa::path(tag = "photos", responses((status = 204, description = "In the headers", headers(
    ("Tus-Version" = String), ("Tus-Extension" = String), ("Tus-Max-Size" = i64), ("Tus-Checksum-Algorithm" = String)))))]
#[options("")]
async fn describe_uploads(app: web::Data<App>, by: Option<Identity>) -> Result<HttpResponse, ApiError> {
    let largest = match by {
        Some(by) => store::largest_photo(&mut TenantTx::open(&app.db, by.org_id).await?, &app.limits).await?,
        None => store::largest_ever(&app.limits),
    };
    Ok(HttpResponse::NoContent()
        .insert_header(("Tus-Extension", tus::EXTENSIONS))
        .insert_header(("Tus-Checksum-Algorithm", tus::CHECKSUMS))
        .insert_header(("Tus-Max-Size", largest.to_string()))
        .finish())
}

/// Begins an upload. Bytes that the organisation has already need not be sent: then `Upload-Offset` is the whole length.
#[utoipa::path(tag = "photos", security(("bearer" = [])), params(
    ("Tus-Resumable" = String, Header, description = "`1.0.0`"),
    ("Upload-Length" = i64, Header, description = "Bytes of the photo"),
    ("Upload-Metadata" = String, Header, description = "`sha256` (hexadecimal) and `mime`, each in base64")), responses(
    (status = 201, description = "Send the bytes to `Location`", headers(
        ("Location" = String), ("Upload-Offset" = i64), ("Upload-Expires" = String))),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("")]
async fn post_upload(
    app: web::Data<App>,
    by: Allowed<may::UploadPhotos>,
    _: Resumable,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let announced = Announced::read(request.headers())?;
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let upload = create_upload::create(&mut tx, by.user_id, announced, &app.limits, Uuid::now_v7(), Utc::now()).await?;
    tx.commit().await?;
    let mut answer = HttpResponse::Created();
    answer.insert_header((header::LOCATION, format!("/v1/uploads/{}", upload.id)));
    Ok(standing(answer, &upload).finish())
}

/// Tells where an upload stands.
#[utoipa::path(tag = "photos", security(("bearer" = [])), params(
    ("Tus-Resumable" = String, Header, description = "`1.0.0`")), responses(
    (status = 200, description = "In the headers", headers(
        ("Upload-Offset" = i64), ("Upload-Length" = i64), ("Upload-Metadata" = String), ("Upload-Expires" = String))),
    (status = "4XX", description = "Not done", body = Problem)))]
#[head("/{id}")]
async fn head_upload(
    app: web::Data<App>,
    by: Allowed<may::UploadPhotos>,
    _: Resumable,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let upload = find(&app, &by, *id).await?;
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("Upload-Length", upload.length.to_string()))
        .insert_header(("Upload-Metadata", upload.metadata.clone()));
    Ok(standing(answer, &upload).finish())
}

/// Brings bytes. The last ones make it a photo: they are hashed and looked at before they are taken.
#[utoipa::path(tag = "photos", security(("bearer" = [])), params(
    ("Tus-Resumable" = String, Header, description = "`1.0.0`"),
    ("Upload-Offset" = i64, Header, description = "Where the bytes belong"),
    ("Upload-Checksum" = Option<String>, Header, description = "`sha1` or `sha256`, and the hash of these bytes in base64")),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"), responses(
    (status = 204, description = "Taken; with the last, `Content-Location` is the photo", headers(
        ("Upload-Offset" = i64), ("Upload-Expires" = String), ("Content-Location" = String))),
    (status = 460, description = "They do not hash to what was announced", body = Problem),
    (status = "4XX", description = "Not done", body = Problem)))]
#[patch("/{id}")]
async fn patch_upload(
    app: web::Data<App>,
    by: Allowed<may::UploadPhotos>,
    _: Resumable,
    id: web::Path<Uuid>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let chunk = Chunk::read(request.headers())?;
    let upload = find(&app, &by, *id).await?;
    let upload = receive_upload::receive(&app, upload, chunk, body, Utc::now()).await?;
    Ok(standing(HttpResponse::NoContent(), &upload).finish())
}

/// Gives an upload up. The photo it has become stays.
#[utoipa::path(tag = "photos", security(("bearer" = [])), params(
    ("Tus-Resumable" = String, Header, description = "`1.0.0`")), responses(
    (status = 204, description = "It is gone"),
    (status = "4XX", description = "Not done", body = Problem)))]
#[delete("/{id}")]
async fn delete_upload(
    app: web::Data<App>,
    by: Allowed<may::UploadPhotos>,
    _: Resumable,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let upload = find(&app, &by, *id).await?;
    complete_upload::remove(&app, &upload, Utc::now()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The user's own upload, if its time is not over.
async fn find(app: &App, by: &Identity, id: Uuid) -> Result<Upload, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let upload = store::find(&mut tx, id, by.user_id).await?.ok_or_else(|| ApiError::not_found("upload"))?;
    tx.commit().await?;
    if upload.expires_at <= Utc::now() {
        return Err(ApiError::new(Code::Expired, "The upload was left alone for too long. Begin again."));
    }
    Ok(upload)
}

/// Adds where the upload stands.
fn standing(mut answer: HttpResponseBuilder, upload: &Upload) -> HttpResponseBuilder {
    answer
        .insert_header(("Upload-Offset", upload.received.to_string()))
        .insert_header(("Upload-Expires", tus::http_date(upload.expires_at)));
    if let Some(photo) = upload.photo_id {
        answer.insert_header((header::CONTENT_LOCATION, format!("/v1/photos/{photo}")));
    }
    answer
}
