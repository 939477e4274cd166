//! `/v1/locations`.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, delete, get, patch, post, web};
use chrono::Utc;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::views::{Location, LocationChange, NewLocation};
use super::{change_location, store};
use crate::app::App;
use crate::platform::http::{ApiError, Claimed, IdempotencyKey, IfMatch, Page, PageQuery, Problem, etag, replay};
use crate::platform::tenancy::{Allowed, TenantTx, may};

/// The routes of this room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(create_location)
        .service(list_locations)
        .service(get_location)
        .service(patch_location)
        .service(delete_location);
}

/// What a list is narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct LocationFilter {
    /// Only this kind.
    pub kind: Option<String>,
    /// Only what is directly in this place.
    pub parent_id: Option<Uuid>,
    /// Only places of this site.
    pub site_id: Option<Uuid>,
    /// Only places in use, or only those that are not.
    pub active: Option<bool>,
}

/// Makes a place.
#[utoipa::path(tag = "locations", security(("bearer" = [])), request_body = NewLocation, responses(
    (status = 201, description = "The place", body = Location),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/locations")]
async fn create_location(
    app: web::Data<App>,
    by: Allowed<may::ManageLocations>,
    key: IdempotencyKey,
    new: web::Json<NewLocation>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let claim = match key.claim(&mut tx, by.user_id.0, &*new).await? {
        Claimed::Fresh(claim) => claim,
        Claimed::Replay { status, body } => return Ok(replay(status, body)),
    };
    let location = change_location::create(&mut tx, &new, Uuid::now_v7(), Utc::now()).await?;
    claim.answer(tx, StatusCode::CREATED, &location).await
}

/// Lists places.
#[utoipa::path(tag = "locations", security(("bearer" = [])), params(PageQuery, LocationFilter), responses(
    (status = 200, description = "A page", body = Page<Location>),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/locations")]
async fn list_locations(
    app: web::Data<App>,
    by: Allowed<may::ViewLocations>,
    page: web::Query<PageQuery>,
    filter: web::Query<LocationFilter>,
) -> Result<HttpResponse, ApiError> {
    let limit = page.limit()?;
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let rows = store::list(&mut tx, &filter, page.after_id()?, limit).await?;
    Ok(HttpResponse::Ok().json(Page::from_rows(rows, limit, |row| row.id.to_string(), |row| row)))
}

/// Shows a place.
#[utoipa::path(tag = "locations", security(("bearer" = [])), responses(
    (status = 200, description = "The place", body = Location),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/locations/{id}")]
async fn get_location(
    app: web::Data<App>,
    by: Allowed<may::ViewLocations>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let location = store::find(&mut tx, *id).await?.ok_or_else(|| ApiError::not_found("location"))?;
    Ok(HttpResponse::Ok().insert_header(etag(location.version)).json(location))
}

/// Changes a place, or moves it with all that is in it.
#[utoipa::path(tag = "locations", security(("bearer" = [])), request_body = LocationChange, params(
    ("If-Match" = String, Header, description = "The ETag that is changed")), responses(
    (status = 200, description = "The place", body = Location),
    (status = "4XX", description = "Not done", body = Problem)))]
#[patch("/v1/locations/{id}")]
async fn patch_location(
    app: web::Data<App>,
    by: Allowed<may::ManageLocations>,
    id: web::Path<Uuid>,
    expected: IfMatch,
    wish: web::Json<LocationChange>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let location = change_location::change(&mut tx, *id, expected, wish.into_inner(), Utc::now()).await?;
    tx.commit().await?;
    Ok(HttpResponse::Ok().insert_header(etag(location.version)).json(location))
}

/// Takes a place out of use; refused while items are there.
#[utoipa::path(tag = "locations", security(("bearer" = [])), params(
    ("If-Match" = String, Header, description = "The ETag that is changed")), responses(
    (status = 204, description = "It is out of use"),
    (status = "4XX", description = "Not done", body = Problem)))]
#[delete("/v1/locations/{id}")]
async fn delete_location(
    app: web::Data<App>,
    by: Allowed<may::ManageLocations>,
    id: web::Path<Uuid>,
    expected: IfMatch,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let wish = LocationChange { name: None, parent_id: None, capacity: None, active: Some(false) };
    change_location::change(&mut tx, *id, expected, wish, Utc::now()).await?;
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}
