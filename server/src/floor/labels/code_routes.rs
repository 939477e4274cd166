//! `/v1/items/{id}/codes`.

use actix_web::{HttpResponse, delete, get, post, web};
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::register_code::{RegisterCode, RemoveCode};
use super::routes::actor;
use super::views::{ItemCode, NewItemCode};
use super::{codes, store};
use crate::app::App;
use crate::platform::http::{ApiError, IdempotencyKey, Page, Problem};
use crate::platform::tenancy::{Allowed, TenantTx, may};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(register_code).service(list_codes).service(remove_code);
}

/// Registers a code that another maker printed, so that scanning it finds the item.
#[utoipa::path(tag = "labels", security(("bearer" = [])), request_body = NewItemCode, responses(
    (status = 201, description = "The code", body = ItemCode),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/items/{id}/codes")]
async fn register_code(
    app: web::Data<App>,
    by: Allowed<may::ManageLabels>,
    item: web::Path<Uuid>,
    key: IdempotencyKey,
    new: web::Json<NewItemCode>,
) -> Result<HttpResponse, ApiError> {
    let operation = RegisterCode::of(*item, &new.raw)?;
    Ok(app.engine.run(actor(&by), by.org_id, Box::new(operation), key).await?.into())
}

/// Lists the codes of others that stand for an item: all of them, they are few.
#[utoipa::path(tag = "labels", security(("bearer" = [])), responses(
    (status = 200, description = "The codes", body = Page<ItemCode>),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/items/{id}/codes")]
async fn list_codes(
    app: web::Data<App>,
    by: Allowed<may::ViewLabels>,
    item: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    if store::site_of_item(&mut tx, *item).await?.is_none() {
        return Err(ApiError::not_found("item"));
    }
    let data = codes::of_item(&mut tx, *item).await?;
    Ok(HttpResponse::Ok().json(json!({ "data": data, "next_cursor": null })))
}

/// Takes a code of another maker from an item.
#[utoipa::path(tag = "labels", security(("bearer" = [])), params(("id" = Uuid, Path), ("raw" = String, Path, description = "What the code says")), responses(
    (status = 204, description = "It stands for nothing any more"),
    (status = "4XX", description = "Not done", body = Problem)))]
#[delete("/v1/items/{id}/codes/{raw}")]
async fn remove_code(
    app: web::Data<App>,
    by: Allowed<may::ManageLabels>,
    path: web::Path<(Uuid, String)>,
    key: IdempotencyKey,
) -> Result<HttpResponse, ApiError> {
    let (item, raw) = path.into_inner();
    app.engine.run(actor(&by), by.org_id, Box::new(RemoveCode { item, raw }), key).await?;
    Ok(HttpResponse::NoContent().finish())
}
