//! Labels to print, and the count of prints.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::count_prints::CountPrints;
use super::documents::{self, Choice, Drawing, Form, address};
use super::store;
use super::views::{Counted, Prints};
use crate::app::App;
use crate::floor::engine::Actor;
use crate::platform::http::{ApiError, Code, IdempotencyKey, Problem};
use crate::platform::tenancy::{Allowed, TenantTx, may};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(item_label).service(order_labels).service(blank_labels).service(count_prints);
}

/// Draws the label that is on an item. Drawing is not printing: say what came out of a printer by `POST /v1/labels/prints`.
#[utoipa::path(tag = "labels", security(("bearer" = [])), params(
    ("id" = Uuid, Path), ("form" = String, Path, description = "`svg`, `png`, `pdf` or `zpl`"), Drawing), responses(
    (status = 200, description = "The label", content_type = "image/svg+xml"),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/items/{id}/label.{form}")]
async fn item_label(
    app: web::Data<App>,
    by: Allowed<may::ViewLabels>,
    path: web::Path<(Uuid, String)>,
    drawing: web::Query<Drawing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (item, form) = path.into_inner();
    let form = Form::of_one(&form)?;
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    store::site_of_item(&mut tx, item).await?.ok_or_else(|| ApiError::not_found("item"))?;
    let row = store::of_item(&mut tx, item).await?;
    drop(tx);
    let row =
        row.ok_or_else(|| ApiError::new(Code::StateConflict, "No label is on this item; claim a blank one for it."))?;
    documents::one(address(&app, &request)?, row, form, &drawing).await
}

/// Which labels of an order.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfLine {
    /// Only of this line.
    line_id: Option<Uuid>,
}

/// Draws the labels of an order's items and their components, in the order these were made. When `limit` leaves some out, `Link` leads to
/// the next document.
#[utoipa::path(tag = "labels", security(("bearer" = [])), params(
    ("id" = Uuid, Path), ("form" = String, Path, description = "`pdf` or `zpl`"), Drawing, Choice, OfLine), responses(
    (status = 200, description = "The labels", content_type = "application/pdf"),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/orders/{id}/labels.{form}")]
async fn order_labels(
    app: web::Data<App>,
    by: Allowed<may::ViewLabels>,
    path: web::Path<(Uuid, String)>,
    drawing: web::Query<Drawing>,
    choice: web::Query<Choice>,
    of_line: web::Query<OfLine>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (order, form) = path.into_inner();
    let (form, span) = (Form::of_many(&form)?, choice.span()?);
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    if !store::order_exists(&mut tx, order).await? {
        return Err(ApiError::not_found("order"));
    }
    let mut rows = store::of_order(&mut tx, order, of_line.line_id, span).await?;
    drop(tx);
    let next = choice.cut(&mut rows)?;
    let response = documents::many(address(&app, &request)?, rows, form, &drawing).await?;
    Ok(linked(response, &request, next))
}

/// Draws blank labels, the oldest first: `unprinted=true` for those that are to be printed next.
#[utoipa::path(tag = "labels", security(("bearer" = [])), params(
    ("form" = String, Path, description = "`pdf` or `zpl`"), Drawing, Choice), responses(
    (status = 200, description = "The labels", content_type = "application/pdf"),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/labels/blanks.{form}")]
async fn blank_labels(
    app: web::Data<App>,
    by: Allowed<may::ViewLabels>,
    form: web::Path<String>,
    drawing: web::Query<Drawing>,
    choice: web::Query<Choice>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (form, span) = (Form::of_many(&form)?, choice.span()?);
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let mut rows = store::blanks(&mut tx, span).await?;
    drop(tx);
    let next = choice.cut(&mut rows)?;
    let response = documents::many(address(&app, &request)?, rows, form, &drawing).await?;
    Ok(linked(response, &request, next))
}

/// Counts labels that came out of a printer: those named, or the active ones of an order.
#[utoipa::path(tag = "labels", security(("bearer" = [])), request_body = Prints, responses(
    (status = 200, description = "What was counted", body = Counted),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/labels/prints")]
async fn count_prints(
    app: web::Data<App>,
    by: Allowed<may::ViewLabels>,
    key: IdempotencyKey,
    prints: web::Json<Prints>,
) -> Result<HttpResponse, ApiError> {
    let operation = CountPrints::of(prints.into_inner())?;
    let actor = Actor { id: by.user_id, name: by.name.clone() };
    Ok(app.engine.run(actor, by.org_id, Box::new(operation), key).await?.into())
}

/// The same request, going on after `next`.
fn linked(mut response: HttpResponse, request: &HttpRequest, next: Option<Uuid>) -> HttpResponse {
    let Some(next) = next else { return response };
    let kept = request.query_string().split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("after="));
    let query: Vec<&str> = kept.collect();
    let link = format!("<{}?{}&after={next}>; rel=\"next\"", request.path(), query.join("&"));
    if let Ok(value) = header::HeaderValue::from_str(&link) {
        response.headers_mut().insert(header::LINK, value);
    }
    response
}
