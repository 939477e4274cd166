//! `/v1/locations/{id}/label` and `/v1/users/{id}/badge`.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use floorline_domain::{LocationId, UserId};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::carriers::{self, Carrier};
use super::documents::{self, Drawing, Form, address};
use super::make_label::MakeLabel;
use super::routes::actor;
use super::views::Label;
use crate::app::App;
use crate::platform::http::{ApiError, IdempotencyKey, Problem};
use crate::platform::tenancy::{Allowed, Identity, TenantTx, may};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(make_place_label).service(draw_place_label).service(make_badge).service(draw_badge);
}

/// Makes the label of a place. The one that is there now is replaced, and still says where it is.
#[utoipa::path(tag = "labels", security(("bearer" = [])), responses(
    (status = 201, description = "The label", body = Label),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/locations/{id}/label")]
async fn make_place_label(
    app: web::Data<App>,
    by: Allowed<may::ManageLabels>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
) -> Result<HttpResponse, ApiError> {
    let operation = MakeLabel(Carrier::Place(LocationId(*id)));
    Ok(app.engine.run(actor(&by), by.org_id, Box::new(operation), key).await?.into())
}

/// Draws the label of a place. Drawing is not printing: say what came out of a printer by `POST /v1/labels/prints`.
#[utoipa::path(tag = "labels", security(("bearer" = [])), params(
    ("id" = Uuid, Path), ("form" = String, Path, description = "`svg`, `png`, `pdf` or `zpl`"), Drawing), responses(
    (status = 200, description = "The label", content_type = "image/svg+xml"),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/locations/{id}/label.{form}")]
async fn draw_place_label(
    app: web::Data<App>,
    by: Allowed<may::ViewLabels>,
    path: web::Path<(Uuid, String)>,
    drawing: web::Query<Drawing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (id, form) = path.into_inner();
    drawn(&app, &by, Carrier::Place(LocationId(id)), &form, &drawing, &request).await
}

/// Makes a worker's badge. The one they have now is replaced, and still says whose it is.
#[utoipa::path(tag = "labels", security(("bearer" = [])), responses(
    (status = 201, description = "The label", body = Label),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/users/{id}/badge")]
async fn make_badge(
    app: web::Data<App>,
    by: Allowed<may::ManageLabels>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
) -> Result<HttpResponse, ApiError> {
    let operation = MakeLabel(Carrier::Worker(UserId(*id)));
    Ok(app.engine.run(actor(&by), by.org_id, Box::new(operation), key).await?.into())
}

/// Draws a worker's badge. Drawing is not printing: say what came out of a printer by `POST /v1/labels/prints`.
#[utoipa::path(tag = "labels", security(("bearer" = [])), params(
    ("id" = Uuid, Path), ("form" = String, Path, description = "`svg`, `png`, `pdf` or `zpl`"), Drawing), responses(
    (status = 200, description = "The badge", content_type = "image/svg+xml"),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/users/{id}/badge.{form}")]
async fn draw_badge(
    app: web::Data<App>,
    by: Allowed<may::ViewLabels>,
    path: web::Path<(Uuid, String)>,
    drawing: web::Query<Drawing>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (id, form) = path.into_inner();
    drawn(&app, &by, Carrier::Worker(UserId(id)), &form, &drawing, &request).await
}

async fn drawn(
    app: &App,
    by: &Identity,
    carrier: Carrier,
    form: &str,
    drawing: &Drawing,
    request: &HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let form = Form::of_one(form)?;
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let row = carriers::printable(&mut tx, carrier).await?;
    drop(tx);
    documents::one(address(app, request)?, row, form, drawing).await
}
