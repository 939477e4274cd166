//! `/v1/photos`.

use actix_web::http::header::{self, EntityTag, Header as _, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::copies::Size;
use super::views::Photo;
use super::{show_copy, store};
use crate::app::App;
use crate::platform::http::{ApiError, Page, PageQuery, Problem};
use crate::platform::tenancy::{Allowed, TenantTx, may};

/// The routes for looking at photos.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_photos).service(get_photo).service(get_photo_content);
}

/// What a list is narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PhotoFilter {
    /// Only those that acts on this item refer to.
    pub(super) item_id: Option<Uuid>,
    /// Only the one with this hash.
    pub(super) sha256: Option<String>,
}

/// Which copy is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ContentQuery {
    /// `thumb` (320 pixels), `screen` (1,280 pixels, the default) or `full`.
    #[serde(default)]
    size: Size,
}

/// Lists photos, newest first.
#[utoipa::path(tag = "photos", security(("bearer" = [])), params(PageQuery, PhotoFilter), responses(
    (status = 200, description = "A page", body = Page<Photo>),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/photos")]
async fn list_photos(
    app: web::Data<App>,
    by: Allowed<may::ViewPhotos>,
    page: web::Query<PageQuery>,
    filter: web::Query<PhotoFilter>,
) -> Result<HttpResponse, ApiError> {
    let limit = page.limit()?;
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let rows = store::list(&mut tx, &filter, page.after_id()?, limit).await?;
    let references = store::references(&mut tx, &rows).await?;
    let view = |row: store::PhotoRow| {
        let references = references.get(&row.sha256).cloned().unwrap_or_default();
        Photo::new(row, references)
    };
    Ok(HttpResponse::Ok().json(Page::from_rows(rows, limit, |row| row.id.to_string(), view)))
}

/// Shows what is known of a photo.
#[utoipa::path(tag = "photos", security(("bearer" = [])), responses(
    (status = 200, description = "The photo", body = Photo),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/photos/{id}")]
async fn get_photo(
    app: web::Data<App>,
    by: Allowed<may::ViewPhotos>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let row = store::find(&mut tx, *id).await?.ok_or_else(|| ApiError::not_found("photo"))?;
    let references = store::references(&mut tx, std::slice::from_ref(&row)).await?.remove(&row.sha256);
    Ok(HttpResponse::Ok().json(Photo::new(row, references.unwrap_or_default())))
}

/// Shows the photo itself: a copy without what the camera wrote into it, so without the place it was taken.
#[utoipa::path(tag = "photos", security(("bearer" = [])), params(ContentQuery), responses(
    (status = 200, description = "The copy", content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"))),
    (status = 304, description = "The copy is the one the client has"),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/photos/{id}/content")]
async fn get_photo_content(
    app: web::Data<App>,
    by: Allowed<may::ViewPhotos>,
    id: web::Path<Uuid>,
    query: web::Query<ContentQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let row = store::find(&mut tx, *id).await?.ok_or_else(|| ApiError::not_found("photo"))?;
    tx.commit().await?;
    let tag = EntityTag::new_strong(format!("{}-{}", row.sha256, query.size.as_str()));
    let known = match IfNoneMatch::parse(&request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(&tag)),
        Err(_) => false,
    };
    let mut answer = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    // A photo never changes; who may see it does.
    answer
        .insert_header((header::CACHE_CONTROL, "private, max-age=3600"))
        .insert_header((header::ETAG, tag.to_string()));
    if known {
        return Ok(answer.finish());
    }
    let copy = show_copy::load_or_draw(&app, by.org_id, &row, query.size).await?;
    Ok(answer.content_type(copy.mime).no_chunking(copy.size).streaming(copy.bytes))
}
