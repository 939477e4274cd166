//! `/v1/items/{id}/…`: what is done with an item. Each request becomes one entry and goes through the door, as a phone's would.

use actix_web::{HttpResponse, post, web};
use floorline_domain::item::Command;
use floorline_domain::{ItemId, LocationId, UserId};
use floorline_mobile_sync::entry::Blob;
use floorline_mobile_sync::op::Operation;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::act_views::{
    ActedView, AdvanceTarget, AssembledParts, Assignee, Completion, ItemReason, NewNote, NewPlace, OptionalReason,
    ReworkTarget, UndoEntry,
};
use super::store;
use crate::app::App;
use crate::floor::engine::{Act, Actor};
use crate::platform::http::{ApiError, IdempotencyKey, OptionalJson, Problem};
use crate::platform::tenancy::{Allowed, Identity, TenantTx, may};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(complete_action)
        .service(skip_action)
        .service(advance)
        .service(pause)
        .service(resume)
        .service(flag)
        .service(rework)
        .service(scrap)
        .service(hold)
        .service(release)
        .service(assign)
        .service(claim)
        .service(move_item)
        .service(assemble)
        .service(add_note)
        .service(undo);
}

/// Completes an action of the item's stage. An approval takes `approval:give`, everything else `item:act`.
#[utoipa::path(tag = "items", security(("bearer" = [])), request_body = Completion, responses(
    (status = 200, description = "Done, or done already", body = ActedView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/items/{id}/actions")]
async fn complete_action(
    app: web::Data<App>,
    by: Allowed<may::CompleteActions>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
    work: web::Json<Completion>,
) -> Result<HttpResponse, ApiError> {
    let Completion { action_id, data, blobs } = work.into_inner();
    let command = Command::CompleteAction { action_id, data, evidence: blobs.iter().map(evidence).collect() };
    act(&app, &by, *id, key, command, blobs).await
}

/// Skips an action that is not required.
#[utoipa::path(tag = "items", security(("bearer" = [])), request_body = ItemReason, params(
    ("id" = Uuid, Path, description = "The item"), ("action_id" = String, Path, description = "`<stage>.<action>`")), responses(
    (status = 200, description = "Done, or done already", body = ActedView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/items/{id}/actions/{action_id}/skip")]
async fn skip_action(
    app: web::Data<App>,
    by: Allowed<may::ActOnItems>,
    path: web::Path<(Uuid, String)>,
    key: IdempotencyKey,
    because: web::Json<ItemReason>,
) -> Result<HttpResponse, ApiError> {
    let (id, action_id) = path.into_inner();
    let command = Command::SkipAction { action_id, reason: because.into_inner().reason };
    act(&app, &by, id, key, command, Vec::new()).await
}

/// Moves the item on to its next stage, or out of its last one.
#[utoipa::path(tag = "items", security(("bearer" = [])), request_body = AdvanceTarget, responses(
    (status = 200, description = "Done, or done already", body = ActedView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/items/{id}/advance")]
async fn advance(
    app: web::Data<App>,
    by: Allowed<may::AdvanceItems>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
    target: OptionalJson<AdvanceTarget>,
) -> Result<HttpResponse, ApiError> {
    act(&app, &by, *id, key, Command::Advance { to: target.0.to }, Vec::new()).await
}

/// Interrupts work on the item.
#[utoipa::path(tag = "items", security(("bearer" = [])), responses(
    (status = 200, description = "Done, or done already", body = ActedView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/items/{id}/pause")]
async fn pause(
    app: web::Data<App>,
    by: Allowed<may::ActOnItems>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
) -> Result<HttpResponse, ApiError> {
    act(&app, &by, *id, key, Command::Pause, Vec::new()).await
}

/// Takes work on the item up again.
#[utoipa::path(tag = "items", security(("bearer" = [])), responses(
    (status = 200, description = "Done, or done already", body = ActedView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/items/{id}/resume")]
async fn resume(
    app: web::Data<App>,
    by: Allowed<may::ActOnItems>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
) -> Result<HttpResponse, ApiError> {
    act(&app, &by, *id, key, Command::Resume, Vec::new()).await
}

/// Flags the item for somebody to look at.
#[utoipa::path(tag = "items", security(("bearer" = [])), request_body = ItemReason, responses(
    (status = 200, description = "Done, or done already", body = ActedView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/items/{id}/flag")]
async fn flag(
    app: web::Data<App>,
    by: Allowed<may::FlagItems>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
    because: web::Json<ItemReason>,
) -> Result<HttpResponse, ApiError> {
    act(&app, &by, *id, key, Command::Flag { reason: because.into_inner().reason }, Vec::new()).await
}

/// Sends the item back along a rework edge.
#[utoipa::path(tag = "items", security(("bearer" = [])), request_body = ReworkTarget, responses(
    (status = 200, description = "Done, or done already", body = ActedView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/items/{id}/rework")]
async fn rework(
    app: web::Data<App>,
    by: Allowed<may::ReworkItems>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
    back: web::Json<ReworkTarget>,
) -> Result<HttpResponse, ApiError> {
    let ReworkTarget { to, reason } = back.into_inner();
    act(&app, &by, *id, key, Command::Rework { to, reason }, Vec::new()).await
}

/// Gives the item up.
#[utoipa::path(tag = "items", security(("bearer" = [])), request_body = ItemReason, responses(
    (status = 200, description = "Done, or done already", body = ActedView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/items/{id}/scrap")]
async fn scrap(
    app: web::Data<App>,
    by: Allowed<may::ScrapItems>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
    because: web::Json<ItemReason>,
) -> Result<HttpResponse, ApiError> {
    act(&app, &by, *id, key, Command::Scrap { reason: because.into_inner().reason }, Vec::new()).await
}

/// Holds the item: nobody works on it until it is released.
#[utoipa::path(tag = "items", security(("bearer" = [])), request_body = ItemReason, responses(
    (status = 200, description = "Done, or done already", body = ActedView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/items/{id}/hold")]
async fn hold(
    app: web::Data<App>,
    by: Allowed<may::HoldItems>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
    because: web::Json<ItemReason>,
) -> Result<HttpResponse, ApiError> {
    act(&app, &by, *id, key, Command::Hold { reason: because.into_inner().reason }, Vec::new()).await
}

/// Releases a held item into the status it had before.
#[utoipa::path(tag = "items", security(("bearer" = [])), request_body = OptionalReason, responses(
    (status = 200, description = "Done, or done already", body = ActedView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/items/{id}/release")]
async fn release(
    app: web::Data<App>,
    by: Allowed<may::HoldItems>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
    because: OptionalJson<OptionalReason>,
) -> Result<HttpResponse, ApiError> {
    act(&app, &by, *id, key, Command::Release { reason: because.0.reason }, Vec::new()).await
}

/// Assigns the item to somebody.
#[utoipa::path(tag = "items", security(("bearer" = [])), request_body = Assignee, responses(
    (status = 200, description = "Done, or done already", body = ActedView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/items/{id}/assign")]
async fn assign(
    app: web::Data<App>,
    by: Allowed<may::AssignItems>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
    to: web::Json<Assignee>,
) -> Result<HttpResponse, ApiError> {
    act(&app, &by, *id, key, Command::Assign { user_id: UserId(to.user_id) }, Vec::new()).await
}

/// Claims an item that nobody has.
#[utoipa::path(tag = "items", security(("bearer" = [])), responses(
    (status = 200, description = "Done, or done already", body = ActedView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/items/{id}/claim")]
async fn claim(
    app: web::Data<App>,
    by: Allowed<may::ActOnItems>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
) -> Result<HttpResponse, ApiError> {
    act(&app, &by, *id, key, Command::Claim, Vec::new()).await
}

/// Moves the item to another place, perhaps of another site.
#[utoipa::path(tag = "items", security(("bearer" = [])), request_body = NewPlace, responses(
    (status = 200, description = "Done, or done already", body = ActedView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/items/{id}/move")]
async fn move_item(
    app: web::Data<App>,
    by: Allowed<may::MoveItems>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
    to: web::Json<NewPlace>,
) -> Result<HttpResponse, ApiError> {
    let command = Command::Move { location_id: LocationId(to.location_id), site_id: None };
    act(&app, &by, *id, key, command, Vec::new()).await
}

/// Puts completed components into the item.
#[utoipa::path(tag = "items", security(("bearer" = [])), request_body = AssembledParts, responses(
    (status = 200, description = "Done, or done already", body = ActedView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/items/{id}/assemble")]
async fn assemble(
    app: web::Data<App>,
    by: Allowed<may::ActOnItems>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
    parts: web::Json<AssembledParts>,
) -> Result<HttpResponse, ApiError> {
    let component_ids = parts.into_inner().component_ids.into_iter().map(ItemId).collect();
    act(&app, &by, *id, key, Command::Assemble { component_ids }, Vec::new()).await
}

/// Adds a remark to the item's history.
#[utoipa::path(tag = "items", security(("bearer" = [])), request_body = NewNote, responses(
    (status = 200, description = "Done", body = ActedView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/items/{id}/notes")]
async fn add_note(
    app: web::Data<App>,
    by: Allowed<may::ActOnItems>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
    note: web::Json<NewNote>,
) -> Result<HttpResponse, ApiError> {
    act(&app, &by, *id, key, Command::AddNote { text: note.into_inner().text }, Vec::new()).await
}

/// Takes back what the latest entry did to the item.
#[utoipa::path(tag = "items", security(("bearer" = [])), request_body = UndoEntry, responses(
    (status = 200, description = "Done", body = ActedView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/items/{id}/undo")]
async fn undo(
    app: web::Data<App>,
    by: Allowed<may::ActOnItems>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
    what: OptionalJson<UndoEntry>,
) -> Result<HttpResponse, ApiError> {
    act(&app, &by, *id, key, Command::Undo { of: what.0.of }, Vec::new()).await
}

fn evidence(blob: &Blob) -> floorline_domain::action::Blob {
    floorline_domain::action::Blob {
        sha256: blob.sha256.to_string(),
        size: blob.size,
        mime: blob.mime.clone(),
        role: blob.role.clone(),
    }
}

/// Does `command` to an item that exists, and answers with its verdict.
async fn act(
    app: &App,
    by: &Identity,
    id: Uuid,
    key: IdempotencyKey,
    command: Command,
    blobs: Vec<Blob>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let site = store::site_of(&mut tx, id).await?;
    tx.commit().await?;
    let (view, replayed) = act_at(app, by, ItemId(id), site, key, command, blobs).await?;
    let mut response = HttpResponse::Ok();
    if replayed {
        response.insert_header(("Idempotency-Replayed", "true"));
    }
    Ok(response.json(view))
}

/// Does `command` to an item of a site; says whether an earlier request with the same key did it.
pub(super) async fn act_at(
    app: &App,
    by: &Identity,
    id: ItemId,
    site: LocationId,
    idempotency: IdempotencyKey,
    command: Command,
    blobs: Vec<Blob>,
) -> Result<(ActedView, bool), ApiError> {
    let actor = Actor { id: by.user_id, name: by.name.clone() };
    let act = Act { item_id: Some(id), operation: Operation::Item(command), blobs, idempotency };
    let acted = app.engine.act(actor, by.org_id, site, act).await?;
    let verdict = serde_json::to_value(&acted.verdict).map_err(ApiError::internal)?;
    Ok((ActedView { verdict, item: acted.item }, acted.replayed))
}
