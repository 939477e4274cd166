//! `/v1/orders`: what changes an order.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, patch, post, put, web};
use chrono::NaiveDate;
use floorline_domain::{LocationId, OrderId, OrgId, WorkflowId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::accept_order::AcceptOrder;
use super::amend_order::AmendOrder;
use super::cancel_order::CancelOrder;
use super::complete_order::CompleteOrder;
use super::create_order::{CreateOrder, new_id};
use super::new_order::{OrderChange, OrderRequest};
use super::pause_order::PauseOrder;
use super::record::Acting;
use super::reject_order::RejectOrder;
use super::resume_order::ResumeOrder;
use super::store;
use super::views::OrderView;
use crate::app::App;
use crate::floor::engine::{Actor, ServerOperation};
use crate::platform::http::{ApiError, Code, IdempotencyKey, IfMatch, OptionalJson, Problem};
use crate::platform::tenancy::{Allowed, BrandTx, Identity, may};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(create_order)
        .service(amend_order)
        .service(accept_order)
        .service(reject_order)
        .service(pause_order)
        .service(resume_order)
        .service(complete_order)
        .service(cancel_order)
        .service(set_progress);
}

/// What an acceptance decides.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
struct Acceptance {
    /// Needed when the order names none.
    workflow_id: Option<Uuid>,
    /// Needed when there are several sites.
    site_id: Option<Uuid>,
    /// When it will be there.
    promised_delivery_date: Option<NaiveDate>,
    /// By component code, for components that name no workflow.
    #[serde(default)]
    component_workflows: BTreeMap<String, Uuid>,
}

/// What an acceptance made, as its operation writes it.
#[derive(Debug, Serialize, ToSchema)]
struct Accepted {
    /// The order.
    order: OrderView,
    /// Items made by this request; 0 when it was accepted already.
    items_created: i32,
    /// Components made by this request.
    components_created: i32,
}

/// Why.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct OrderReason {
    /// For people; at most 1,000 characters.
    reason: Option<String>,
}

/// Asks a factory for something (as a brand), or enters what was asked for (as a factory).
#[utoipa::path(tag = "orders", security(("bearer" = [])), request_body = OrderRequest, responses(
    (status = 201, description = "The order", body = OrderView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/orders")]
async fn create_order(
    app: web::Data<App>,
    by: Allowed<may::CreateOrders>,
    key: IdempotencyKey,
    request: web::Json<OrderRequest>,
) -> Result<HttpResponse, ApiError> {
    let request = request.into_inner();
    let asked = request.factory_id.map(OrgId);
    let (factory, brand) = if is_brand(&by) {
        let factory =
            asked.ok_or_else(|| ApiError::invalid_field("factory_id", "required", "Say which factory is asked."))?;
        let mut tx = BrandTx::open(&app.db, by.org_id).await?;
        let factory = store::brand_may(&mut tx, "create", Some(factory), None).await?;
        (factory.ok_or_else(|| ApiError::not_found("factory"))?, by.org_id)
    } else if asked.is_none_or(|factory| factory == by.org_id) {
        (by.org_id, request.brand_id.map_or(by.org_id, OrgId))
    } else {
        return Err(ApiError::not_found("factory"));
    };
    let operation = CreateOrder { id: new_id(), brand, request, acting: Acting::of(&by) };
    run(&app, &by, factory, operation, key).await
}

/// Changes a pending order, by either side.
#[utoipa::path(tag = "orders", security(("bearer" = [])), request_body = OrderChange, params(
    ("If-Match" = String, Header, description = "The ETag that is changed")), responses(
    (status = 200, description = "The order", body = OrderView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[patch("/v1/orders/{id}")]
async fn amend_order(
    app: web::Data<App>,
    by: Allowed<may::ManageOrders>,
    id: web::Path<Uuid>,
    expected: IfMatch,
    key: IdempotencyKey,
    change: web::Json<OrderChange>,
) -> Result<HttpResponse, ApiError> {
    let id = OrderId(*id);
    let factory = factory_of(&app, &by, "amend", id).await?;
    let operation = AmendOrder { id, expected, change: change.into_inner(), acting: Acting::of(&by) };
    run(&app, &by, factory, operation, key).await
}

/// Accepts a pending order: all its items, components and labels are made at once.
#[utoipa::path(tag = "orders", security(("bearer" = [])), request_body = Acceptance, responses(
    (status = 200, description = "What was made", body = Accepted),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/orders/{id}/accept")]
async fn accept_order(
    app: web::Data<App>,
    by: Allowed<may::AcceptOrders>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
    wish: OptionalJson<Acceptance>,
) -> Result<HttpResponse, ApiError> {
    let wish = wish.0;
    let operation = AcceptOrder {
        id: OrderId(*id),
        workflow: wish.workflow_id.map(WorkflowId),
        site: wish.site_id.map(LocationId),
        promised: wish.promised_delivery_date,
        component_workflows: wish.component_workflows.into_iter().map(|(code, id)| (code, WorkflowId(id))).collect(),
        acting: Acting::of(&by),
    };
    run(&app, &by, by.org_id, operation, key).await
}

/// Rejects a pending order.
#[utoipa::path(tag = "orders", security(("bearer" = [])), request_body = OrderReason, responses(
    (status = 200, description = "The order", body = OrderView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/orders/{id}/reject")]
async fn reject_order(
    app: web::Data<App>,
    by: Allowed<may::AcceptOrders>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
    because: OptionalJson<OrderReason>,
) -> Result<HttpResponse, ApiError> {
    let operation = RejectOrder { id: OrderId(*id), reason: because.0.reason, acting: Acting::of(&by) };
    run(&app, &by, by.org_id, operation, key).await
}

/// Pauses an order: no work in stages until it is resumed.
#[utoipa::path(tag = "orders", security(("bearer" = [])), request_body = OrderReason, responses(
    (status = 200, description = "The order", body = OrderView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/orders/{id}/pause")]
async fn pause_order(
    app: web::Data<App>,
    by: Allowed<may::ManageOrders>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
    because: OptionalJson<OrderReason>,
) -> Result<HttpResponse, ApiError> {
    let operation = PauseOrder { id: OrderId(*id), reason: because.0.reason, acting: Acting::of(&by) };
    run(&app, &by, by.org_id, operation, key).await
}

/// Resumes a paused order.
#[utoipa::path(tag = "orders", security(("bearer" = [])), responses(
    (status = 200, description = "The order", body = OrderView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/orders/{id}/resume")]
async fn resume_order(
    app: web::Data<App>,
    by: Allowed<may::ManageOrders>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
) -> Result<HttpResponse, ApiError> {
    let operation = ResumeOrder { id: OrderId(*id), acting: Acting::of(&by) };
    run(&app, &by, by.org_id, operation, key).await
}

/// Closes an order by hand; what is still open is cancelled, which takes a reason and `order:override`.
#[utoipa::path(tag = "orders", security(("bearer" = [])), request_body = OrderReason, responses(
    (status = 200, description = "The order", body = OrderView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/orders/{id}/complete")]
async fn complete_order(
    app: web::Data<App>,
    by: Allowed<may::ManageOrders>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
    because: OptionalJson<OrderReason>,
) -> Result<HttpResponse, ApiError> {
    let operation = CompleteOrder { id: OrderId(*id), reason: because.0.reason, acting: Acting::of(&by) };
    run(&app, &by, by.org_id, operation, key).await
}

/// Cancels an order, with its items that are not done: the brand while it is pending, the factory until it is completed.
#[utoipa::path(tag = "orders", security(("bearer" = [])), request_body = OrderReason, responses(
    (status = 200, description = "The order", body = OrderView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/orders/{id}/cancel")]
async fn cancel_order(
    app: web::Data<App>,
    by: Allowed<may::ManageOrders>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
    because: OptionalJson<OrderReason>,
) -> Result<HttpResponse, ApiError> {
    let id = OrderId(*id);
    let factory = factory_of(&app, &by, "cancel", id).await?;
    let operation = CancelOrder { id, reason: because.0.reason, acting: Acting::of(&by) };
    run(&app, &by, factory, operation, key).await
}

/// Refused: progress follows from what happens to items.
#[utoipa::path(tag = "orders", security(("bearer" = [])), responses(
    (status = 405, description = "Always", body = Problem)))]
#[put("/v1/orders/{id}/progress")]
async fn set_progress(_by: Allowed<may::ViewOrders>, _id: web::Path<Uuid>) -> Result<HttpResponse, ApiError> {
    Err(ApiError::new(
        Code::MethodNotAllowed,
        "An order's progress follows from what happens to its items and is not set by hand; GET shows it.",
    ))
}

/// The factory that runs the order: a brand's request reaches it only when partnership and order allow.
async fn factory_of(app: &App, by: &Identity, action: &str, order: OrderId) -> Result<OrgId, ApiError> {
    if !is_brand(by) {
        return Ok(by.org_id);
    }
    let mut tx = BrandTx::open(&app.db, by.org_id).await?;
    store::brand_may(&mut tx, action, None, Some(order)).await?.ok_or_else(|| ApiError::not_found("order"))
}

fn is_brand(by: &Identity) -> bool {
    by.organization_kind == "brand"
}

async fn run(
    app: &App,
    by: &Identity,
    factory: OrgId,
    operation: impl ServerOperation + 'static,
    key: IdempotencyKey,
) -> Result<HttpResponse, ApiError> {
    let actor = Actor { id: by.user_id, name: by.name.clone() };
    Ok(app.engine.run(actor, factory, Box::new(operation), key).await?.into())
}
