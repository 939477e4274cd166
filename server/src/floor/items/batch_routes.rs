//! `/v1/items/batch/…`: many items in one request. Each has its own result; the engine takes them all in one go.

use std::collections::HashMap;

use actix_web::{HttpResponse, post, web};
use floorline_domain::item::Command;
use floorline_domain::{ItemId, LocationId, UserId};
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::act_routes::act_at;
use super::act_views::ActedView;
use super::create_items::{CreateItems, NewItem};
use super::store;
use crate::app::App;
use crate::floor::engine::Actor;
use crate::platform::http::{ApiError, IdempotencyKey, Problem};
use crate::platform::tenancy::{Allowed, Identity, TenantTx, may};

/// Items one request may name.
const MAX_BATCH: usize = 500;

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(advance_items).service(assign_items).service(create_items);
}

/// Items to move on.
#[derive(Debug, Deserialize, ToSchema)]
struct Advances {
    /// At most 500.
    items: Vec<AdvanceOne>,
}

/// One of them.
#[derive(Debug, Deserialize, ToSchema)]
struct AdvanceOne {
    /// The item.
    id: Uuid,
    /// A stage; absent: the first whose condition holds.
    to: Option<String>,
}

/// Items to assign.
#[derive(Debug, Deserialize, ToSchema)]
struct Assignments {
    /// At most 500.
    items: Vec<AssignOne>,
}

/// One of them.
#[derive(Debug, Deserialize, ToSchema)]
struct AssignOne {
    /// The item.
    id: Uuid,
    /// To whom.
    user_id: Uuid,
}

/// Items to make without an order's acceptance.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct Creations {
    /// At most 500.
    items: Vec<NewItem>,
}

/// One result an item, in the order they were named.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Results {
    results: Vec<BatchResult>,
}

/// How one of them ended.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BatchResult {
    /// Its place in the request.
    index: usize,
    /// `ok` or `error`.
    status: &'static str,
    #[serde(flatten)]
    end: BatchEnd,
}

/// What happened, or why nothing did.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum BatchEnd {
    /// It was done.
    Done(ActedView),
    /// It was not.
    Refused {
        /// The problem document.
        error: Problem,
    },
}

/// Moves many items on.
#[utoipa::path(tag = "items", security(("bearer" = [])), request_body = Advances, responses(
    (status = 200, description = "One result an item", body = Results),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/items/batch/advance")]
async fn advance_items(
    app: web::Data<App>,
    by: Allowed<may::AdvanceItems>,
    key: IdempotencyKey,
    wish: web::Json<Advances>,
) -> Result<HttpResponse, ApiError> {
    let commands = wish.into_inner().items.into_iter().map(|one| (one.id, Command::Advance { to: one.to })).collect();
    act_on_all(&app, &by, key, commands).await
}

/// Assigns many items.
#[utoipa::path(tag = "items", security(("bearer" = [])), request_body = Assignments, responses(
    (status = 200, description = "One result an item", body = Results),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/items/batch/assign")]
async fn assign_items(
    app: web::Data<App>,
    by: Allowed<may::AssignItems>,
    key: IdempotencyKey,
    wish: web::Json<Assignments>,
) -> Result<HttpResponse, ApiError> {
    let items = wish.into_inner().items;
    let commands = items.into_iter().map(|one| (one.id, Command::Assign { user_id: UserId(one.user_id) })).collect();
    act_on_all(&app, &by, key, commands).await
}

/// Makes items, with or without an order.
#[utoipa::path(tag = "items", security(("bearer" = [])), request_body = Creations, responses(
    (status = 200, description = "One result an item", body = Object),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/items/batch/create")]
async fn create_items(
    app: web::Data<App>,
    by: Allowed<may::CreateItems>,
    key: IdempotencyKey,
    wish: web::Json<Creations>,
) -> Result<HttpResponse, ApiError> {
    let items = wish.into_inner().items;
    check_size(items.len())?;
    let actor = Actor { id: by.user_id, name: by.name.clone() };
    let answer = app.engine.run(actor, by.org_id, Box::new(CreateItems { items }), key).await?;
    Ok(answer.into())
}

fn check_size(items: usize) -> Result<(), ApiError> {
    if (1..=MAX_BATCH).contains(&items) {
        return Ok(());
    }
    Err(ApiError::invalid_field("items", "count", format!("Name 1 to {MAX_BATCH} items; these are {items}.")))
}

/// Sends all commands to the door at once, so that they share its batches.
async fn act_on_all(
    app: &App,
    by: &Identity,
    key: IdempotencyKey,
    commands: Vec<(Uuid, Command)>,
) -> Result<HttpResponse, ApiError> {
    check_size(commands.len())?;
    let ids: Vec<Uuid> = commands.iter().map(|(id, _)| *id).collect();
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let sites: HashMap<Uuid, Uuid> = store::sites_of(&mut tx, &ids).await?.into_iter().collect();
    tx.commit().await?;
    let acts = commands.into_iter().enumerate().map(|(index, (id, command))| {
        let (site, key) = (sites.get(&id).copied(), key.part(index));
        async move {
            let site = site.map(LocationId).ok_or_else(|| ApiError::not_found("item"))?;
            act_at(app, by, ItemId(id), site, key, command, Vec::new()).await
        }
    });
    let results = join_all(acts)
        .await
        .into_iter()
        .enumerate()
        .map(|(index, result)| match result {
            Ok((done, _)) => BatchResult { index, status: "ok", end: BatchEnd::Done(done) },
            Err(error) => BatchResult { index, status: "error", end: BatchEnd::Refused { error: error.problem() } },
        })
        .collect();
    Ok(HttpResponse::Ok().json(Results { results }))
}
