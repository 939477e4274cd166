//! Stages and actions of a workflow's draft, one at a time. Each answers the whole draft.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, delete, patch, post, put, web};
use chrono::Utc;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::edit_draft::{self, Edit};
use super::views::{self, VersionView};
use crate::app::App;
use crate::platform::http::{ApiError, Claimed, IdempotencyKey, IfMatch, Problem, etag, replay};
use crate::platform::tenancy::{Allowed, TenantTx, may};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(add_stage)
        .service(reorder_stages)
        .service(patch_stage)
        .service(delete_stage)
        .service(add_action)
        .service(patch_action)
        .service(delete_action);
}

/// The stages' keys in their new order.
#[derive(Debug, Deserialize, ToSchema)]
struct StageOrder {
    /// Every stage of the draft once.
    keys: Vec<String>,
}

/// Adds a stage to the draft.
#[utoipa::path(tag = "workflows", security(("bearer" = [])), request_body = Object, responses(
    (status = 201, description = "The draft", body = VersionView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/workflows/{id}/versions/draft/stages")]
async fn add_stage(
    app: web::Data<App>,
    by: Allowed<may::ManageWorkflows>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
    stage: web::Json<Value>,
) -> Result<HttpResponse, ApiError> {
    add(&app, &by, *id, key, stage.0.clone(), Edit::AddStage(stage.into_inner())).await
}

/// Puts the draft's stages into another order.
#[utoipa::path(tag = "workflows", security(("bearer" = [])), request_body = StageOrder, params(
    ("If-Match" = String, Header, description = "The ETag that is changed")), responses(
    (status = 200, description = "The draft", body = VersionView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[put("/v1/workflows/{id}/versions/draft/stages/reorder")]
async fn reorder_stages(
    app: web::Data<App>,
    by: Allowed<may::ManageWorkflows>,
    id: web::Path<Uuid>,
    expected: IfMatch,
    order: web::Json<StageOrder>,
) -> Result<HttpResponse, ApiError> {
    edit(&app, &by, *id, expected, Edit::Reorder(order.into_inner().keys)).await
}

/// Changes a stage of the draft; null takes a member away.
#[utoipa::path(tag = "workflows", security(("bearer" = [])), request_body = Object, params(
    ("id" = Uuid, Path, description = "The workflow"), ("stage" = String, Path, description = "The stage's key"),
    ("If-Match" = String, Header, description = "The ETag that is changed")), responses(
    (status = 200, description = "The draft", body = VersionView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[patch("/v1/workflows/{id}/versions/draft/stages/{stage}")]
async fn patch_stage(
    app: web::Data<App>,
    by: Allowed<may::ManageWorkflows>,
    path: web::Path<(Uuid, String)>,
    expected: IfMatch,
    change: web::Json<Map<String, Value>>,
) -> Result<HttpResponse, ApiError> {
    let (id, stage) = path.into_inner();
    edit(&app, &by, id, expected, Edit::ChangeStage { stage, change: change.into_inner() }).await
}

/// Takes a stage out of the draft.
#[utoipa::path(tag = "workflows", security(("bearer" = [])), params(
    ("id" = Uuid, Path, description = "The workflow"), ("stage" = String, Path, description = "The stage's key"),
    ("If-Match" = String, Header, description = "The ETag that is changed")), responses(
    (status = 200, description = "The draft", body = VersionView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[delete("/v1/workflows/{id}/versions/draft/stages/{stage}")]
async fn delete_stage(
    app: web::Data<App>,
    by: Allowed<may::ManageWorkflows>,
    path: web::Path<(Uuid, String)>,
    expected: IfMatch,
) -> Result<HttpResponse, ApiError> {
    let (id, stage) = path.into_inner();
    edit(&app, &by, id, expected, Edit::RemoveStage { stage }).await
}

/// Adds an action to a stage of the draft.
#[utoipa::path(tag = "workflows", security(("bearer" = [])), request_body = Object, params(
    ("id" = Uuid, Path, description = "The workflow"), ("stage" = String, Path, description = "The stage's key")), responses(
    (status = 201, description = "The draft", body = VersionView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/workflows/{id}/versions/draft/stages/{stage}/actions")]
async fn add_action(
    app: web::Data<App>,
    by: Allowed<may::ManageWorkflows>,
    path: web::Path<(Uuid, String)>,
    key: IdempotencyKey,
    action: web::Json<Value>,
) -> Result<HttpResponse, ApiError> {
    let (id, stage) = path.into_inner();
    let action = action.into_inner();
    add(&app, &by, id, key, action.clone(), Edit::AddAction { stage, action }).await
}

/// Changes an action of the draft; null takes a member away.
#[utoipa::path(tag = "workflows", security(("bearer" = [])), request_body = Object, params(
    ("id" = Uuid, Path, description = "The workflow"), ("stage" = String, Path, description = "The stage's key"),
    ("action" = String, Path, description = "The action's key"),
    ("If-Match" = String, Header, description = "The ETag that is changed")), responses(
    (status = 200, description = "The draft", body = VersionView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[patch("/v1/workflows/{id}/versions/draft/stages/{stage}/actions/{action}")]
async fn patch_action(
    app: web::Data<App>,
    by: Allowed<may::ManageWorkflows>,
    path: web::Path<(Uuid, String, String)>,
    expected: IfMatch,
    change: web::Json<Map<String, Value>>,
) -> Result<HttpResponse, ApiError> {
    let (id, stage, action) = path.into_inner();
    edit(&app, &by, id, expected, Edit::ChangeAction { stage, action, change: change.into_inner() }).await
}

/// Takes an action out of the draft.
#[utoipa::path(tag = "workflows", security(("bearer" = [])), params(
    ("id" = Uuid, Path, description = "The workflow"), ("stage" = String, Path, description = "The stage's key"),
    ("action" = String, Path, description = "The action's key"),
    ("If-Match" = String, Header, description = "The ETag that is changed")), responses(
    (status = 200, description = "The draft", body = VersionView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[delete("/v1/workflows/{id}/versions/draft/stages/{stage}/actions/{action}")]
async fn delete_action(
    app: web::Data<App>,
    by: Allowed<may::ManageWorkflows>,
    path: web::Path<(Uuid, String, String)>,
    expected: IfMatch,
) -> Result<HttpResponse, ApiError> {
    let (id, stage, action) = path.into_inner();
    edit(&app, &by, id, expected, Edit::RemoveAction { stage, action }).await
}

async fn add(
    app: &App,
    by: &Allowed<may::ManageWorkflows>,
    id: Uuid,
    key: IdempotencyKey,
    asked: Value,
    wish: Edit,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let claim = match key.claim(&mut tx, by.user_id.0, &asked).await? {
        Claimed::Fresh(claim) => claim,
        Claimed::Replay { status, body } => return Ok(replay(status, body)),
    };
    let (_, draft) = edit_draft::edit(&mut tx, id, None, wish, by.user_id, Utc::now()).await?;
    claim.answer(tx, StatusCode::CREATED, &views::version(draft)).await
}

async fn edit(
    app: &App,
    by: &Allowed<may::ManageWorkflows>,
    id: Uuid,
    expected: IfMatch,
    wish: Edit,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let (workflow, draft) = edit_draft::edit(&mut tx, id, Some(expected), wish, by.user_id, Utc::now()).await?;
    tx.commit().await?;
    Ok(HttpResponse::Ok().insert_header(etag(workflow.version)).json(views::version(draft)))
}
