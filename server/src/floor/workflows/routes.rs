//! `/v1/workflows` and their versions.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, delete, get, patch, post, web};
use chrono::{DateTime, Utc};
use floorline_domain::UserId;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::change_workflow::{self, check_name};
use super::store::{self, Body, VersionRow, WorkflowRow};
use super::views::{
    self, Candidate, CloneName, FaultView, Findings, NewWorkflow, VersionView, WorkflowChange, WorkflowSummary,
    WorkflowView,
};
use super::{definition, publish_version, retire_workflow};
use crate::app::App;
use crate::platform::http::{
    ApiError, Claimed, IdempotencyKey, IfMatch, OptionalJson, Page, PageQuery, Problem, etag, replay,
};
use crate::platform::tenancy::{Allowed, TenantTx, may};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(create_workflow)
        .service(list_workflows)
        .service(get_workflow)
        .service(patch_workflow)
        .service(delete_workflow)
        .service(list_versions)
        .service(publish_draft)
        .service(get_version)
        .service(validate_workflow)
        .service(clone_workflow);
}

/// What a list is narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct WorkflowFilter {
    /// Only workflows in use, or only those that are not.
    pub(super) active: Option<bool>,
    /// Only patterns, or only what is none.
    pub(super) template: Option<bool>,
}

/// Makes a workflow; its stages are a draft until they are published.
#[utoipa::path(tag = "workflows", security(("bearer" = [])), request_body = NewWorkflow, responses(
    (status = 201, description = "The workflow with its draft", body = WorkflowView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/workflows")]
async fn create_workflow(
    app: web::Data<App>,
    by: Allowed<may::ManageWorkflows>,
    key: IdempotencyKey,
    new: web::Json<NewWorkflow>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let claim = match key.claim(&mut tx, by.user_id.0, &*new).await? {
        Claimed::Fresh(claim) => claim,
        Claimed::Replay { status, body } => return Ok(replay(status, body)),
    };
    let new = new.into_inner();
    check_name(&new.name)?;
    let body = definition::read(&new.name, new.entry, new.stages)?;
    let row = WorkflowRow {
        description: new.description,
        template: new.template,
        ..fresh(&new.name, by.user_id, Utc::now())
    };
    let draft = insert_with_draft(&mut tx, &row, body, by.user_id).await?;
    claim.answer(tx, StatusCode::CREATED, &views::workflow(row, vec![draft])).await
}

/// Lists workflows, without their stages.
#[utoipa::path(tag = "workflows", security(("bearer" = [])), params(PageQuery, WorkflowFilter), responses(
    (status = 200, description = "A page", body = Page<WorkflowSummary>),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/workflows")]
async fn list_workflows(
    app: web::Data<App>,
    by: Allowed<may::ViewWorkflows>,
    page: web::Query<PageQuery>,
    filter: web::Query<WorkflowFilter>,
) -> Result<HttpResponse, ApiError> {
    let limit = page.limit()?;
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let rows = store::list(&mut tx, &filter, page.after_id()?, limit).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let numbers = store::current_numbers(&mut tx, &ids).await?;
    let page = Page::from_rows(rows, limit, |row| row.id.to_string(), |row| views::summary(row, &numbers));
    Ok(HttpResponse::Ok().json(page))
}

/// Shows a workflow with its published version and its draft.
#[utoipa::path(tag = "workflows", security(("bearer" = [])), responses(
    (status = 200, description = "The workflow", body = WorkflowView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/workflows/{id}")]
async fn get_workflow(
    app: web::Data<App>,
    by: Allowed<may::ViewWorkflows>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let row = store::find(&mut tx, *id).await?;
    let versions = store::current_versions(&mut tx, &[*id]).await?;
    Ok(HttpResponse::Ok().insert_header(etag(row.version)).json(views::workflow(row, versions)))
}

/// Changes a workflow; its stages through its draft.
#[utoipa::path(tag = "workflows", security(("bearer" = [])), request_body = WorkflowChange, params(
    ("If-Match" = String, Header, description = "The ETag that is changed")), responses(
    (status = 200, description = "The workflow", body = WorkflowView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[patch("/v1/workflows/{id}")]
async fn patch_workflow(
    app: web::Data<App>,
    by: Allowed<may::ManageWorkflows>,
    id: web::Path<Uuid>,
    expected: IfMatch,
    wish: web::Json<WorkflowChange>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let row = change_workflow::change(&mut tx, *id, expected, wish.into_inner(), by.user_id, Utc::now()).await?;
    let versions = store::current_versions(&mut tx, &[*id]).await?;
    tx.commit().await?;
    Ok(HttpResponse::Ok().insert_header(etag(row.version)).json(views::workflow(row, versions)))
}

/// Takes a workflow out of use; refused while open items use it.
#[utoipa::path(tag = "workflows", security(("bearer" = [])), params(
    ("If-Match" = String, Header, description = "The ETag that is changed")), responses(
    (status = 204, description = "It is out of use"),
    (status = "4XX", description = "Not done", body = Problem)))]
#[delete("/v1/workflows/{id}")]
async fn delete_workflow(
    app: web::Data<App>,
    by: Allowed<may::ManageWorkflows>,
    id: web::Path<Uuid>,
    expected: IfMatch,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    retire_workflow::retire(&mut tx, *id, expected, Utc::now()).await?;
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Lists the versions of a workflow, the first first.
#[utoipa::path(tag = "workflows", security(("bearer" = [])), params(PageQuery), responses(
    (status = 200, description = "A page", body = Page<VersionView>),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/workflows/{id}/versions")]
async fn list_versions(
    app: web::Data<App>,
    by: Allowed<may::ViewWorkflows>,
    id: web::Path<Uuid>,
    page: web::Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = page.limit()?;
    let after = page.after_key()?;
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    store::find(&mut tx, *id).await?;
    let rows = store::versions(&mut tx, *id, after, limit).await?;
    Ok(HttpResponse::Ok().json(Page::from_rows(rows, limit, |row| row.number.to_string(), views::version)))
}

/// Publishes the draft: orders accepted from now on use it. Every fault is named at once.
#[utoipa::path(tag = "workflows", security(("bearer" = [])), responses(
    (status = 201, description = "The version", body = VersionView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/workflows/{id}/versions")]
async fn publish_draft(
    app: web::Data<App>,
    by: Allowed<may::ManageWorkflows>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
) -> Result<HttpResponse, ApiError> {
    let checked = publish_version::check_draft(&app.db, by.org_id, *id).await?;
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let claim = match key.claim(&mut tx, by.user_id.0, &*id).await? {
        Claimed::Fresh(claim) => claim,
        Claimed::Replay { status, body } => return Ok(replay(status, body)),
    };
    let version = publish_version::publish(&mut tx, *id, checked, Utc::now()).await?;
    claim.answer(tx, StatusCode::CREATED, &views::version(version)).await
}

/// Shows one version; `draft` as its number means the draft.
#[utoipa::path(tag = "workflows", security(("bearer" = [])), params(
    ("id" = Uuid, Path, description = "The workflow"),
    ("number" = String, Path, description = "A version's number, or `draft`")), responses(
    (status = 200, description = "The version", body = VersionView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/workflows/{id}/versions/{number}")]
async fn get_version(
    app: web::Data<App>,
    by: Allowed<may::ViewWorkflows>,
    path: web::Path<(Uuid, String)>,
) -> Result<HttpResponse, ApiError> {
    let (id, number) = path.into_inner();
    let number = match number.as_str() {
        "draft" => None,
        number => Some(number.parse().map_err(|_| ApiError::not_found("version"))?),
    };
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let row = store::find(&mut tx, id).await?;
    let version = store::find_version(&mut tx, id, number).await?.ok_or_else(|| ApiError::not_found("version"))?;
    Ok(HttpResponse::Ok().insert_header(etag(row.version)).json(views::version(version)))
}

/// Looks stages through without storing them, or the draft when none are sent.
#[utoipa::path(tag = "workflows", security(("bearer" = [])), request_body = Option<Candidate>, responses(
    (status = 200, description = "Every fault", body = Findings),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/workflows/{id}/validate")]
async fn validate_workflow(
    app: web::Data<App>,
    by: Allowed<may::ViewWorkflows>,
    id: web::Path<Uuid>,
    candidate: OptionalJson<Candidate>,
) -> Result<HttpResponse, ApiError> {
    let faults = publish_version::look_through(&app.db, by.org_id, *id, candidate.0).await?;
    let faults: Vec<_> = faults
        .into_iter()
        .map(|fault| FaultView { code: fault.code, path: fault.path, message: fault.message })
        .collect();
    Ok(HttpResponse::Ok().json(Findings { valid: faults.is_empty(), faults }))
}

/// Copies a workflow into a new one, as a draft.
#[utoipa::path(tag = "workflows", security(("bearer" = [])), request_body = CloneName, responses(
    (status = 201, description = "The copy", body = WorkflowView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/workflows/{id}/clone")]
async fn clone_workflow(
    app: web::Data<App>,
    by: Allowed<may::ManageWorkflows>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
    wish: web::Json<CloneName>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let claim = match key.claim(&mut tx, by.user_id.0, &*wish).await? {
        Claimed::Fresh(claim) => claim,
        Claimed::Replay { status, body } => return Ok(replay(status, body)),
    };
    let original = store::find(&mut tx, *id).await?;
    let mut versions = store::current_versions(&mut tx, &[*id]).await?;
    versions.sort_by_key(|version| version.is_draft());
    let source = versions.into_iter().next().ok_or_else(|| ApiError::not_found("version"))?;
    let name = wish.into_inner().name.unwrap_or_else(|| format!("{} copy", original.name));
    check_name(&name)?;
    let row = WorkflowRow { description: original.description, ..fresh(&name, by.user_id, Utc::now()) };
    let mut body = source.body.0;
    body.name.clone_from(&row.name);
    let draft = insert_with_draft(&mut tx, &row, body, by.user_id).await?;
    claim.answer(tx, StatusCode::CREATED, &views::workflow(row, vec![draft])).await
}

fn fresh(name: &str, by: UserId, now: DateTime<Utc>) -> WorkflowRow {
    WorkflowRow {
        id: Uuid::now_v7(),
        name: name.trim().to_owned(),
        description: String::new(),
        active: true,
        template: false,
        created_by: by.0,
        created_at: now,
        updated_at: now,
        version: 1,
    }
}

async fn insert_with_draft(
    tx: &mut TenantTx,
    row: &WorkflowRow,
    body: floorline_domain::workflow::Workflow,
    by: UserId,
) -> Result<VersionRow, ApiError> {
    store::insert(tx, row).await?;
    let draft = VersionRow {
        id: Uuid::now_v7(),
        workflow_id: row.id,
        number: 1,
        state: "draft".into(),
        body: Body(body),
        created_at: row.created_at,
        updated_at: row.created_at,
        published_at: None,
    };
    store::insert_draft(tx, &draft, by).await?;
    Ok(draft)
}
