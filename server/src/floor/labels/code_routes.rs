//! `/v1/items/{id}/codes`.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, delete, get, post, web};
use chrono::Utc;
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::views::{ItemCode, NewItemCode};
use super::{codes, store};
use crate::app::App;
use crate::platform::http::{ApiError, Claimed, IdempotencyKey, Page, Problem, replay};
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
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    present(&mut tx, *item).await?;
    let claim = match key.claim(&mut tx, by.user_id.0, &*new).await? {
        Claimed::Fresh(claim) => claim,
        Claimed::Replay { status, body } => return Ok(replay(status, body)),
    };
    let code = codes::register(&mut tx, *item, &new.raw, by.user_id.0, Utc::now()).await?;
    claim.answer(tx, StatusCode::CREATED, &code).await
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
    present(&mut tx, *item).await?;
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
) -> Result<HttpResponse, ApiError> {
    let (item, raw) = path.into_inner();
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    codes::remove(&mut tx, item, &raw).await?;
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn present(tx: &mut TenantTx, item: Uuid) -> Result<(), ApiError> {
    store::site_of_item(tx, item).await?.map(|_| ()).ok_or_else(|| ApiError::not_found("item"))
}
