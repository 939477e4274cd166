//! `/v1/scans`.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{TimeDelta, Utc};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::pace::InTime;
use super::read_body::{self, What};
use super::read_picture::{limits, read_picture};
use super::store;
use super::views::{NewScan, Scan, ScanPicture, Scanned, Statistics};
use crate::app::App;
use crate::platform::http::{ApiError, IdempotencyKey, Page, PageQuery, Problem};
use crate::platform::tenancy::{Allowed, TenantTx, may};

/// What statistics look back on.
const LOOK_BACK: TimeDelta = TimeDelta::hours(24);

/// The routes of this room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(post_scan).service(get_scan_statistics).service(list_scans);
}

/// What a list is narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ScanFilter {
    /// Only this person's.
    pub(super) user_id: Option<Uuid>,
    /// Only those about this item.
    pub(super) item_id: Option<Uuid>,
}

/// Whose scans are counted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct StatisticsFilter {
    /// Only this person's.
    user_id: Option<Uuid>,
}

/// Keeps a scan and tells what it means. A picture is searched for a QR code first. Ten in five seconds, a person.
#[utoipa::path(tag = "scans", security(("bearer" = [])),
    request_body(content((NewScan = "application/json"), (ScanPicture = "multipart/form-data"))), responses(
    (status = 200, description = "What it means, known or not", body = Scanned),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/scans")]
async fn post_scan(
    _: InTime,
    app: web::Data<App>,
    by: Allowed<may::RecordScans>,
    key: IdempotencyKey,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let wanted = read_body::read(&request, body, limits().max_bytes).await?;
    let raw = match wanted.what {
        What::Text(raw) => raw,
        What::Picture(picture) => match read_picture(&app.pictures, picture).await? {
            Some(raw) => raw,
            None => return Ok(HttpResponse::Ok().json(Scanned::unreadable())),
        },
    };
    let (scanned, replayed) = super::record_scan::record_scan(&app, &by, raw, wanted.item_id, key).await?;
    let mut answer = HttpResponse::Ok();
    if replayed {
        answer.insert_header(("Idempotency-Replayed", "true"));
    }
    Ok(answer.json(scanned))
}

/// Lists scans, newest first, made here or with handhelds.
#[utoipa::path(tag = "scans", security(("bearer" = [])), params(PageQuery, ScanFilter), responses(
    (status = 200, description = "A page", body = Page<Scan>),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/scans")]
async fn list_scans(
    app: web::Data<App>,
    by: Allowed<may::ViewScans>,
    page: web::Query<PageQuery>,
    filter: web::Query<ScanFilter>,
) -> Result<HttpResponse, ApiError> {
    let limit = page.limit()?;
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let rows = store::list(&mut tx, &filter, page.after_id()?, limit).await?;
    Ok(HttpResponse::Ok().json(Page::from_rows(rows, limit, |row| row.id.to_string(), |row| row)))
}

/// Counts the scans of the last 24 hours.
#[utoipa::path(tag = "scans", security(("bearer" = [])), params(StatisticsFilter), responses(
    (status = 200, description = "The counts", body = Statistics),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/scans/statistics")]
async fn get_scan_statistics(
    app: web::Data<App>,
    by: Allowed<may::ViewScans>,
    filter: web::Query<StatisticsFilter>,
) -> Result<HttpResponse, ApiError> {
    let now = Utc::now();
    let from = now - LOOK_BACK;
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let counts = store::count_since(&mut tx, from, filter.user_id).await?;
    Ok(HttpResponse::Ok().json(Statistics::new(&counts, from, now)))
}
