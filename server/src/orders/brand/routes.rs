//! `/v1/brand/*`.

use actix_web::{HttpResponse, get, web};
use chrono::Utc;
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::store;
use super::views::{self, BrandItemView, BrandOrderView, FeedPage};
use crate::app::App;
use crate::orders::record_routes::check_statuses;
use crate::platform::http::{ApiError, Page, PageQuery, Problem, etag};
use crate::platform::tenancy::{Allowed, BrandTx, may};

pub(in crate::orders) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_orders).service(get_order).service(get_items).service(get_feed);
}

/// What a list is narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// One status, or several with commas.
    status: Option<String>,
    /// Only with this factory.
    factory_id: Option<Uuid>,
}

/// From where on.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct From {
    /// The `cursor` of the answer before; absent: from the beginning.
    cursor: Option<i64>,
    /// The `epoch` of the answer before.
    epoch: Option<String>,
    /// Events to answer, 1–200.
    limit: Option<i64>,
}

/// Lists the brand's orders, the newest first.
#[utoipa::path(tag = "brand", security(("bearer" = [])), params(PageQuery, Filter), responses(
    (status = 200, description = "A page", body = Page<BrandOrderView>),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/brand/orders")]
async fn list_orders(
    app: web::Data<App>,
    by: Allowed<may::ViewAsBrand>,
    page: web::Query<PageQuery>,
    filter: web::Query<Filter>,
) -> Result<HttpResponse, ApiError> {
    let limit = page.limit()?;
    check_statuses(filter.status.as_deref())?;
    let statuses = filter.status.as_ref().map(|text| text.split(',').map(str::to_owned).collect());
    let mut tx = BrandTx::open(&app.db, by.org_id).await?;
    let rows = store::orders(&mut tx, statuses, filter.factory_id, page.after_id()?, limit).await?;
    let now = Utc::now();
    Ok(HttpResponse::Ok().json(Page::from_rows(
        rows,
        limit,
        |row| row.id.to_string(),
        |row| views::order_now(&row, now),
    )))
}

/// Shows one of the brand's orders with its lines.
#[utoipa::path(tag = "brand", security(("bearer" = [])), responses(
    (status = 200, description = "The order", body = BrandOrderView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/brand/orders/{id}")]
async fn get_order(
    app: web::Data<App>,
    by: Allowed<may::ViewAsBrand>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = BrandTx::open(&app.db, by.org_id).await?;
    let row = store::find(&mut tx, *id).await?;
    let lines = store::lines(&mut tx, &row).await?;
    Ok(HttpResponse::Ok().insert_header(etag(row.version)).json(views::order_with_lines(&row, lines, Utc::now())))
}

/// Lists an order's items, components too.
#[utoipa::path(tag = "brand", security(("bearer" = [])), params(PageQuery), responses(
    (status = 200, description = "A page", body = Page<BrandItemView>),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/brand/orders/{id}/items")]
async fn get_items(
    app: web::Data<App>,
    by: Allowed<may::ViewAsBrand>,
    id: web::Path<Uuid>,
    page: web::Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = page.limit()?;
    let mut tx = BrandTx::open(&app.db, by.org_id).await?;
    let order = store::find(&mut tx, *id).await?;
    let rows = store::items(&mut tx, &order, page.after_id()?, limit).await?;
    Ok(HttpResponse::Ok().json(Page::from_rows(rows, limit, |row| row.id.to_string(), views::item)))
}

/// What happened to an order and its items after a cursor.
#[utoipa::path(tag = "brand", security(("bearer" = [])), params(From), responses(
    (status = 200, description = "Events", body = FeedPage),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/brand/orders/{id}/feed")]
async fn get_feed(
    app: web::Data<App>,
    by: Allowed<may::ViewAsBrand>,
    id: web::Path<Uuid>,
    from: web::Query<From>,
) -> Result<HttpResponse, ApiError> {
    let limit = PageQuery { limit: from.limit, cursor: None }.limit()?;
    let asked = from.cursor.unwrap_or(0);
    let name = format!("order:{id}");
    let mut tx = BrandTx::open(&app.db, by.org_id).await?;
    let topic = store::topic(&mut tx, &name).await?;
    let renewed = from.epoch.as_ref().is_some_and(|epoch| *epoch != topic.epoch);
    let reset = renewed || !(topic.floor..=topic.head).contains(&asked);
    let after = if reset { topic.floor } else { asked };
    let rows = store::feed(&mut tx, &topic, after, limit).await?;
    let cursor = rows.last().map_or(after, |row| row.cursor);
    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
        let mut event: Value = serde_json::from_str(&row.body).map_err(ApiError::internal)?;
        if let Some(members) = event.as_object_mut() {
            members.insert("cursor".into(), row.cursor.into());
        }
        events.push(event);
    }
    let page = FeedPage { topic: name, epoch: topic.epoch, events, cursor, head: topic.head, reset };
    Ok(HttpResponse::Ok().json(page))
}
