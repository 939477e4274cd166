//! `/v1/queues`.

use actix_web::{HttpResponse, delete, get, patch, post, web};
use chrono::Utc;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::change_queue::{ChangeQueue, CreateQueue, DeleteQueue};
use super::store;
use super::views::{NewQueue, Queue, QueueChange, QueueView};
use crate::app::App;
use crate::floor::engine::Actor;
use crate::platform::http::{ApiError, IdempotencyKey, IfMatch, Page, PageQuery, Problem, etag};
use crate::platform::tenancy::{Allowed, Identity, TenantTx, may};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(create_queue).service(list_queues).service(get_queue).service(patch_queue).service(delete_queue);
}

/// What a list is narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct QueueFilter {
    /// Only of this site.
    pub site_id: Option<Uuid>,
    /// Only of this place.
    pub location_id: Option<Uuid>,
    /// Only for this team.
    pub team_id: Option<Uuid>,
    /// Only of this workflow.
    pub workflow_id: Option<Uuid>,
    /// Only of this stage.
    pub stage: Option<String>,
    /// Only those boards show, or only those they do not.
    pub active: Option<bool>,
}

/// Makes a queue.
#[utoipa::path(tag = "queues", security(("bearer" = [])), request_body = NewQueue, responses(
    (status = 201, description = "The queue", body = Queue),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/queues")]
async fn create_queue(
    app: web::Data<App>,
    by: Allowed<may::ManageQueues>,
    key: IdempotencyKey,
    new: web::Json<NewQueue>,
) -> Result<HttpResponse, ApiError> {
    Ok(app.engine.run(actor(&by), by.org_id, Box::new(CreateQueue(new.into_inner())), key).await?.into())
}

/// Lists queues with how much waits in each.
#[utoipa::path(tag = "queues", security(("bearer" = [])), params(PageQuery, QueueFilter), responses(
    (status = 200, description = "A page", body = Page<QueueView>),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/queues")]
async fn list_queues(
    app: web::Data<App>,
    by: Allowed<may::ViewQueues>,
    page: web::Query<PageQuery>,
    filter: web::Query<QueueFilter>,
) -> Result<HttpResponse, ApiError> {
    let limit = page.limit()?;
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let rows = store::list(&mut tx, &filter, page.after_id()?, limit).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let counts = store::counts(&mut tx, &ids, Utc::now()).await?;
    let view = |queue: Queue| QueueView { counts: counts.get(&queue.id).cloned().unwrap_or_default(), queue };
    Ok(HttpResponse::Ok().json(Page::from_rows(rows, limit, |row| row.id.to_string(), view)))
}

/// Shows a queue with how much waits in it.
#[utoipa::path(tag = "queues", security(("bearer" = [])), responses(
    (status = 200, description = "The queue", body = QueueView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/queues/{id}")]
async fn get_queue(
    app: web::Data<App>,
    by: Allowed<may::ViewQueues>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let queue = store::find(&mut tx, *id).await?;
    let counts = store::counts(&mut tx, &[queue.id], Utc::now()).await?.remove(&queue.id).unwrap_or_default();
    Ok(HttpResponse::Ok().insert_header(etag(queue.version)).json(QueueView { queue, counts }))
}

/// Changes a queue.
#[utoipa::path(tag = "queues", security(("bearer" = [])), request_body = QueueChange, params(
    ("If-Match" = String, Header, description = "The ETag that is changed")), responses(
    (status = 200, description = "The queue", body = Queue),
    (status = "4XX", description = "Not done", body = Problem)))]
#[patch("/v1/queues/{id}")]
async fn patch_queue(
    app: web::Data<App>,
    by: Allowed<may::ManageQueues>,
    id: web::Path<Uuid>,
    expected: IfMatch,
    key: IdempotencyKey,
    wish: web::Json<QueueChange>,
) -> Result<HttpResponse, ApiError> {
    let operation = ChangeQueue { id: *id, expected, wish: wish.into_inner() };
    Ok(app.engine.run(actor(&by), by.org_id, Box::new(operation), key).await?.into())
}

/// Removes a queue; the items in it stay where they are.
#[utoipa::path(tag = "queues", security(("bearer" = [])), params(
    ("If-Match" = String, Header, description = "The ETag that is removed")), responses(
    (status = 204, description = "It is gone"),
    (status = "4XX", description = "Not done", body = Problem)))]
#[delete("/v1/queues/{id}")]
async fn delete_queue(
    app: web::Data<App>,
    by: Allowed<may::ManageQueues>,
    id: web::Path<Uuid>,
    expected: IfMatch,
    key: IdempotencyKey,
) -> Result<HttpResponse, ApiError> {
    app.engine.run(actor(&by), by.org_id, Box::new(DeleteQueue { id: *id, expected }), key).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) fn actor(by: &Identity) -> Actor {
    Actor { id: by.user_id, name: by.name.clone() }
}
