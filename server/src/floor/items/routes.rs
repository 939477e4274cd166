//! `/v1/items`: what is known of items.

use actix_web::{HttpResponse, get, web};
use chrono::Utc;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::look_up::{events_of, find_item, list_items};
use super::store;
use super::views::{EventView, ItemFilter, ItemSummary, ItemView};
use crate::app::App;
use crate::platform::http::{ApiError, Page, PageQuery, Problem};
use crate::platform::tenancy::{Allowed, TenantTx, may};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(get_items).service(get_item).service(get_events);
}

/// What is shown besides.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Expand {
    /// With commas: `stage` (its stage, what leads on, what is missing), `components`, `label`.
    expand: Option<String>,
}

/// What an item may be shown with.
const EXPANSIONS: [&str; 3] = ["stage", "components", "label"];

/// Lists items, the oldest first.
#[utoipa::path(tag = "items", security(("bearer" = [])), params(PageQuery, ItemFilter), responses(
    (status = 200, description = "A page", body = Page<ItemSummary>),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/items")]
async fn get_items(
    app: web::Data<App>,
    by: Allowed<may::ViewItems>,
    page: web::Query<PageQuery>,
    filter: web::Query<ItemFilter>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    Ok(HttpResponse::Ok().json(list_items(&mut tx, &filter, &page).await?))
}

/// Shows an item, whole.
#[utoipa::path(tag = "items", security(("bearer" = [])), params(Expand), responses(
    (status = 200, description = "The item", body = ItemView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/items/{id}")]
async fn get_item(
    app: web::Data<App>,
    by: Allowed<may::ViewItems>,
    id: web::Path<Uuid>,
    query: web::Query<Expand>,
) -> Result<HttpResponse, ApiError> {
    let expand: Vec<&str> = query.expand.as_deref().map(|text| text.split(',').collect()).unwrap_or_default();
    if let Some(unknown) = expand.iter().find(|word| !EXPANSIONS.contains(word)) {
        let message = format!("{unknown:?} is none of {}.", EXPANSIONS.join(", "));
        return Err(ApiError::invalid_field("expand", "unknown", message));
    }
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    Ok(HttpResponse::Ok().json(find_item(&mut tx, *id, &expand, Utc::now()).await?))
}

/// Lists what happened to an item, the first first.
#[utoipa::path(tag = "items", security(("bearer" = [])), params(PageQuery), responses(
    (status = 200, description = "A page", body = Page<EventView>),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/items/{id}/events")]
async fn get_events(
    app: web::Data<App>,
    by: Allowed<may::ViewItems>,
    id: web::Path<Uuid>,
    page: web::Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    store::site_of(&mut tx, *id).await?;
    Ok(HttpResponse::Ok().json(events_of(&mut tx, "item", *id, &page).await?))
}
