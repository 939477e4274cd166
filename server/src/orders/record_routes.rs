//! `/v1/orders`: what is known of an order.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, get, web};
use chrono::Utc;
use floorline_domain::item::Status as ItemStatus;
use floorline_domain::order::{self, Count, Schedule, Status};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::store::{self, Alike};
use super::views::{self, OrderView};
use crate::app::App;
use crate::floor::items::{EventView, ItemFilter, ItemSummary, events_of, list_items};
use crate::platform::http::{ApiError, Page, PageQuery, Problem, etag};
use crate::platform::tenancy::{Allowed, TenantTx, may};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_orders).service(get_order).service(get_items).service(get_progress).service(get_events);
}

/// What a list is narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OrderFilter {
    /// One status, or several with commas.
    pub(super) status: Option<String>,
    /// Only of this brand.
    pub(super) brand_id: Option<Uuid>,
    /// Part of the order's number.
    pub(super) q: Option<String>,
}

impl OrderFilter {
    /// Refuses statuses that no order can have.
    fn check(&self) -> Result<(), ApiError> {
        check_statuses(self.status.as_deref())
    }
}

/// Refuses statuses that no order can have.
pub(super) fn check_statuses(statuses: Option<&str>) -> Result<(), ApiError> {
    let known = |status: &str| status.parse::<Status>().is_ok();
    match statuses.map(|statuses| statuses.split(',').find(|status| !known(status))) {
        Some(Some(unknown)) => {
            Err(ApiError::invalid_field("status", "unknown", format!("{unknown:?} is no status of an order.")))
        }
        _ => Ok(()),
    }
}

/// A text to be found anywhere, as ILIKE wants it.
pub(super) fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// Lists orders, the newest first.
#[utoipa::path(tag = "orders", security(("bearer" = [])), params(PageQuery, OrderFilter), responses(
    (status = 200, description = "A page", body = Page<OrderView>),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/orders")]
async fn list_orders(
    app: web::Data<App>,
    by: Allowed<may::ViewOrders>,
    page: web::Query<PageQuery>,
    filter: web::Query<OrderFilter>,
) -> Result<HttpResponse, ApiError> {
    let limit = page.limit()?;
    filter.check()?;
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let rows = store::list(&mut tx, &filter, page.after_id()?, limit).await?;
    let now = Utc::now();
    Ok(HttpResponse::Ok().json(Page::from_rows(
        rows,
        limit,
        |row| row.id.to_string(),
        |row| views::order_now(&row, now),
    )))
}

/// Shows an order with its lines.
#[utoipa::path(tag = "orders", security(("bearer" = [])), responses(
    (status = 200, description = "The order", body = OrderView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/orders/{id}")]
async fn get_order(
    app: web::Data<App>,
    by: Allowed<may::ViewOrders>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let row = store::find(&mut tx, *id).await?;
    let lines = store::lines(&mut tx, *id).await?;
    Ok(HttpResponse::Ok().insert_header(etag(row.version)).json(views::order_with_lines(&row, lines, Utc::now())))
}

/// Lists an order's items, components too.
#[utoipa::path(tag = "orders", security(("bearer" = [])), params(PageQuery), responses(
    (status = 200, description = "A page", body = Page<ItemSummary>),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/orders/{id}/items")]
async fn get_items(
    app: web::Data<App>,
    by: Allowed<may::ViewOrders>,
    id: web::Path<Uuid>,
    page: web::Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    store::find(&mut tx, *id).await?;
    let filter = ItemFilter { order_id: Some(*id), ..ItemFilter::default() };
    Ok(HttpResponse::Ok().json(list_items(&mut tx, &filter, &page).await?))
}

/// How far an order is, counted from its items.
#[derive(Debug, Serialize, ToSchema)]
struct OrderProgressView {
    /// The order as a whole.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    whole: order::Progress,
    /// `ahead`, `on_track` or `behind` what was promised, while it is made.
    #[schema(value_type = Option<String>)]
    schedule: Option<Schedule>,
    /// By line.
    #[schema(value_type = Object)]
    lines: BTreeMap<Uuid, order::Progress>,
    /// Open items by stage.
    stages: BTreeMap<String, u64>,
}

/// Counts an order's items, by status, line and stage.
#[utoipa::path(tag = "orders", security(("bearer" = [])), responses(
    (status = 200, description = "Counts", body = OrderProgressView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/orders/{id}/progress")]
async fn get_progress(
    app: web::Data<App>,
    by: Allowed<may::ViewOrders>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let row = store::find(&mut tx, *id).await?;
    let counted = store::count_items(&mut tx, *id).await?;
    let (whole, lines, stages) = add_up(&counted)?;
    let schedule = views::schedule(&row.status, whole.percent, row.created_at, row.promised_delivery_date, Utc::now());
    Ok(HttpResponse::Ok().json(OrderProgressView { whole, schedule, lines, stages }))
}

type Sums = (order::Progress, BTreeMap<Uuid, order::Progress>, BTreeMap<String, u64>);

fn add_up(counted: &[Alike]) -> Result<Sums, ApiError> {
    let mut whole = Vec::new();
    let mut lines: BTreeMap<Uuid, Vec<Count>> = BTreeMap::new();
    let mut stages = BTreeMap::new();
    for alike in counted {
        let status: ItemStatus = alike.status()?;
        let count = Count { status, reworked: alike.reworked, items: alike.items() };
        whole.push(count);
        if let Some(line) = alike.line_id {
            lines.entry(line).or_default().push(count);
        }
        if !status.is_final() {
            *stages.entry(alike.stage.clone()).or_default() += count.items;
        }
    }
    let lines = lines.into_iter().map(|(line, counts)| (line, order::progress(counts))).collect();
    Ok((order::progress(whole), lines, stages))
}

/// Lists what happened to an order, the first first.
#[utoipa::path(tag = "orders", security(("bearer" = [])), params(PageQuery), responses(
    (status = 200, description = "A page", body = Page<EventView>),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/orders/{id}/events")]
async fn get_events(
    app: web::Data<App>,
    by: Allowed<may::ViewOrders>,
    id: web::Path<Uuid>,
    page: web::Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    store::find(&mut tx, *id).await?;
    Ok(HttpResponse::Ok().json(events_of(&mut tx, "order", *id, &page).await?))
}
