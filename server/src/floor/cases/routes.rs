//! `/v1/sync/cases`.

use actix_web::{HttpResponse, get, post, web};
use floorline_domain::CaseId;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::book::{Decider, book};
use super::close::Close;
use super::look_up;
use super::views::{CaseFilter, CaseView, Decision, State, WholeCaseView};
use crate::app::App;
use crate::floor::engine::Actor;
use crate::platform::http::{ApiError, IdempotencyKey, Page, PageQuery, Problem};
use crate::platform::tenancy::{Allowed, Identity, TenantTx, may};

/// The room's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(get_cases).service(get_case).service(book_case).service(discard_case).service(send_back_case);
}

/// Lists cases, the oldest first; open ones unless another state is asked for.
#[utoipa::path(tag = "cases", security(("bearer" = [])), params(PageQuery, CaseFilter), responses(
    (status = 200, description = "A page", body = Page<CaseView>),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/sync/cases")]
async fn get_cases(
    app: web::Data<App>,
    by: Allowed<may::ViewCases>,
    page: web::Query<PageQuery>,
    filter: web::Query<CaseFilter>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    Ok(HttpResponse::Ok().json(look_up::list(&mut tx, &filter, &page).await?))
}

/// Shows a case with everything it holds.
#[utoipa::path(tag = "cases", security(("bearer" = [])), responses(
    (status = 200, description = "The case", body = WholeCaseView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/sync/cases/{id}")]
async fn get_case(
    app: web::Data<App>,
    by: Allowed<may::ViewCases>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    Ok(HttpResponse::Ok().json(look_up::whole(&mut tx, CaseId(*id)).await?))
}

/// Books what a case holds, with what who decides may do and `item:override`; the original actor and times are kept.
///
/// All its entries go through the door again, in order, and the case is closed with them. When one is refused even so, nothing is booked, the
/// case stays open and the refusal is the answer.
#[utoipa::path(tag = "cases", security(("bearer" = [])), responses(
    (status = 200, description = "The case, booked", body = WholeCaseView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/sync/cases/{id}/book")]
async fn book_case(
    app: web::Data<App>,
    by: Allowed<may::DecideCases>,
    key: IdempotencyKey,
    id: web::Path<Uuid>,
    body: web::Json<Decision>,
) -> Result<HttpResponse, ApiError> {
    let (case, note) = (CaseId(*id), body.note(false)?);
    let decider = Decider { actor: actor(&by), lends: true, note };
    Ok(book(&app, by.org_id, case, decider, key).await?.into())
}

/// Closes a case as mistaken, with a reason.
#[utoipa::path(tag = "cases", security(("bearer" = [])), responses(
    (status = 200, description = "The case, discarded", body = WholeCaseView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/sync/cases/{id}/discard")]
async fn discard_case(
    app: web::Data<App>,
    by: Allowed<may::DecideCases>,
    key: IdempotencyKey,
    id: web::Path<Uuid>,
    body: web::Json<Decision>,
) -> Result<HttpResponse, ApiError> {
    let note = body.note(true)?;
    close(&app, &by, key, CaseId(*id), State::Discarded, note).await
}

/// Closes a case and asks the person to do it again.
#[utoipa::path(tag = "cases", security(("bearer" = [])), responses(
    (status = 200, description = "The case, sent back", body = WholeCaseView),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/sync/cases/{id}/send_back")]
async fn send_back_case(
    app: web::Data<App>,
    by: Allowed<may::DecideCases>,
    key: IdempotencyKey,
    id: web::Path<Uuid>,
    body: web::Json<Decision>,
) -> Result<HttpResponse, ApiError> {
    let note = body.note(false)?;
    close(&app, &by, key, CaseId(*id), State::SentBack, note).await
}

async fn close(
    app: &App,
    by: &Identity,
    key: IdempotencyKey,
    case: CaseId,
    state: State,
    note: Option<String>,
) -> Result<HttpResponse, ApiError> {
    let close = Close { case, state, decided_by: Some(by.user_id), note, entries: None };
    Ok(app.engine.run(actor(by), by.org_id, Box::new(close), key).await?.into())
}

fn actor(by: &Identity) -> Actor {
    Actor { id: by.user_id, name: by.name.clone() }
}
