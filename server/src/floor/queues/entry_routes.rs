//! `/v1/queues/{id}/entries`.

use actix_web::{HttpResponse, delete, get, patch, post, web};
use chrono::Utc;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::change_entries::{SayInQueue, Saying};
use super::routes::actor;
use super::views::{EntryChange, NewEntry, Waiting, WaitingPage};
use super::{members, store};
use crate::app::App;
use crate::floor::engine::Answer;
use crate::platform::http::{ApiError, IdempotencyKey, PageQuery, Problem};
use crate::platform::tenancy::{Allowed, Identity, TenantTx, may};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_entries).service(add_entry).service(set_entry).service(remove_entry);
}

/// What a list is narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EntryFilter {
    /// Only what is this worker's.
    assigned_to: Option<Uuid>,
}

/// Lists what waits in a queue, in the order of work: the most urgent first, then the longest waiting.
#[utoipa::path(tag = "queues", security(("bearer" = [])), params(("id" = Uuid, Path), PageQuery, EntryFilter), responses(
    (status = 200, description = "A page", body = WaitingPage),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/queues/{id}/entries")]
async fn list_entries(
    app: web::Data<App>,
    by: Allowed<may::ViewQueues>,
    id: web::Path<Uuid>,
    page: web::Query<PageQuery>,
    filter: web::Query<EntryFilter>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let queue = store::find(&mut tx, *id).await?;
    let waiting = members::page(&mut tx, &app.engine, queue.id, filter.assigned_to, &page, Utc::now()).await?;
    Ok(HttpResponse::Ok().json(waiting))
}

/// Adds an item by hand; it stays until it is done or removed, whatever stage it is in.
#[utoipa::path(tag = "queues", security(("bearer" = [])), request_body = NewEntry, responses(
    (status = 201, description = "The item as it waits", body = Waiting),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/queues/{id}/entries")]
async fn add_entry(
    app: web::Data<App>,
    by: Allowed<may::ManageQueues>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
    new: web::Json<NewEntry>,
) -> Result<HttpResponse, ApiError> {
    Ok(say(&app, &by, *id, Saying::Add(new.into_inner()), key).await?.into())
}

/// Gives an item another priority or assignee in this queue.
#[utoipa::path(tag = "queues", security(("bearer" = [])), request_body = EntryChange, responses(
    (status = 200, description = "The item as it waits", body = Waiting),
    (status = "4XX", description = "Not done", body = Problem)))]
#[patch("/v1/queues/{id}/entries/{item_id}")]
async fn set_entry(
    app: web::Data<App>,
    by: Allowed<may::ManageQueues>,
    path: web::Path<(Uuid, Uuid)>,
    key: IdempotencyKey,
    change: web::Json<EntryChange>,
) -> Result<HttpResponse, ApiError> {
    let (queue, item) = path.into_inner();
    Ok(say(&app, &by, queue, Saying::Set(item, change.into_inner()), key).await?.into())
}

/// Takes an item out of this queue until it enters a stage again.
#[utoipa::path(tag = "queues", security(("bearer" = [])), responses(
    (status = 204, description = "It does not wait here any more"),
    (status = "4XX", description = "Not done", body = Problem)))]
#[delete("/v1/queues/{id}/entries/{item_id}")]
async fn remove_entry(
    app: web::Data<App>,
    by: Allowed<may::ManageQueues>,
    path: web::Path<(Uuid, Uuid)>,
    key: IdempotencyKey,
) -> Result<HttpResponse, ApiError> {
    let (queue, item) = path.into_inner();
    say(&app, &by, queue, Saying::Remove(item), key).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn say(app: &App, by: &Identity, queue: Uuid, saying: Saying, key: IdempotencyKey) -> Result<Answer, ApiError> {
    let operation = SayInQueue { queue, saying, engine: app.engine.clone() };
    app.engine.run(actor(by), by.org_id, Box::new(operation), key).await
}
