//! `/v1/shifts`. What changes one is an act of the worker themselves, through the engine.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, patch, post, web};
use floorline_domain::shift;
use floorline_domain::{LocationId, Outcome, TeamId};
use floorline_mobile_sync::op::Operation;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::store::{self, Row};
use super::views::{NewShift, Shift, ShiftChange};
use crate::app::App;
use crate::floor::engine::{Act, Acted, Actor};
use crate::floor::locations::active_sites;
use crate::platform::http::{ApiError, Code, IdempotencyKey, Page, PageQuery, Problem};
use crate::platform::tenancy::{Allowed, Identity, TenantTx, may};

/// The routes of this room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(start_shift).service(active_shift).service(list_shifts).service(move_shift).service(end_shift);
}

/// What a list is narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ShiftFilter {
    /// Only this worker's.
    pub user_id: Option<Uuid>,
    /// Only on this site.
    pub site_id: Option<Uuid>,
    /// Only at this station.
    pub location_id: Option<Uuid>,
    /// Only those that last, or only those that ended.
    pub active: Option<bool>,
}

/// Starts the worker's shift; one they have elsewhere ends.
#[utoipa::path(tag = "shifts", security(("bearer" = [])), request_body = NewShift, responses(
    (status = 201, description = "The shift", body = Shift),
    (status = 200, description = "This very shift lasts already", body = Shift),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/shifts")]
async fn start_shift(
    app: web::Data<App>,
    by: Allowed<may::WorkShifts>,
    key: IdempotencyKey,
    new: web::Json<NewShift>,
) -> Result<HttpResponse, ApiError> {
    let site_id = LocationId(new.site_id);
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    // A writer is started for each site, so it must be one.
    if !active_sites(&mut tx).await?.contains(&site_id) {
        return Err(ApiError::invalid_field("site_id", "unknown", "There is no such site in use."));
    }
    drop(tx);
    let start = Operation::ShiftStart {
        site_id,
        location_id: new.location_id.map(LocationId),
        team_id: new.team_id.map(TeamId),
    };
    let acted = act(&app, &by, site_id, start, key).await?;
    let status = if acted.verdict.outcome == Outcome::Noop { StatusCode::OK } else { StatusCode::CREATED };
    answer(&app, &by, status, &acted).await
}

/// Shows the worker's own shift; 404 when there is none.
#[utoipa::path(tag = "shifts", security(("bearer" = [])), responses(
    (status = 200, description = "The shift", body = Shift),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/shifts/active")]
async fn active_shift(app: web::Data<App>, by: Allowed<may::WorkShifts>) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let row = store::active(&mut tx, by.user_id).await?.ok_or_else(|| ApiError::not_found("shift of yours now"))?;
    Ok(HttpResponse::Ok().json(view(&row)))
}

/// Lists shifts, the latest first.
#[utoipa::path(tag = "shifts", security(("bearer" = [])), params(PageQuery, ShiftFilter), responses(
    (status = 200, description = "A page", body = Page<Shift>),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/shifts")]
async fn list_shifts(
    app: web::Data<App>,
    by: Allowed<may::ViewShifts>,
    page: web::Query<PageQuery>,
    filter: web::Query<ShiftFilter>,
) -> Result<HttpResponse, ApiError> {
    let limit = page.limit()?;
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let rows = store::list(&mut tx, &filter, page.after_id()?, limit).await?;
    Ok(HttpResponse::Ok().json(Page::from_rows(rows, limit, |row| row.shift().id.to_string(), |row| view(&row))))
}

/// Moves the worker's shift to another station: a new shift begins there, and this one ends as `superseded`. Who worked where when thus
/// stays in the log, and a move is nothing that phones do not know already.
#[utoipa::path(tag = "shifts", security(("bearer" = [])), request_body = ShiftChange, responses(
    (status = 200, description = "The new shift", body = Shift),
    (status = "4XX", description = "Not done", body = Problem)))]
#[patch("/v1/shifts/{id}")]
async fn move_shift(
    app: web::Data<App>,
    by: Allowed<may::WorkShifts>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
    wish: web::Json<ShiftChange>,
) -> Result<HttpResponse, ApiError> {
    let shift = own(&app, &by, *id).await?.shift();
    if shift.ended_at.is_some() {
        return Err(ApiError::new(Code::StateConflict, "This shift has ended; start another."));
    }
    let start = Operation::ShiftStart {
        site_id: shift.site_id,
        location_id: wish.location_id.map_or(shift.location_id, |id| id.map(LocationId)),
        team_id: wish.team_id.map_or(shift.team_id, |id| id.map(TeamId)),
    };
    let acted = act(&app, &by, shift.site_id, start, key).await?;
    answer(&app, &by, StatusCode::OK, &acted).await
}

/// Ends the worker's shift; one that ended already is answered as it is.
#[utoipa::path(tag = "shifts", security(("bearer" = [])), responses(
    (status = 200, description = "The shift", body = Shift),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/shifts/{id}/end")]
async fn end_shift(
    app: web::Data<App>,
    by: Allowed<may::WorkShifts>,
    id: web::Path<Uuid>,
    key: IdempotencyKey,
) -> Result<HttpResponse, ApiError> {
    let row = own(&app, &by, *id).await?;
    let shift = row.shift();
    if shift.ended_at.is_some() {
        return Ok(HttpResponse::Ok().json(view(&row)));
    }
    let acted = act(&app, &by, shift.site_id, Operation::ShiftEnd, key).await?;
    if acted.record.is_some() {
        return answer(&app, &by, StatusCode::OK, &acted).await;
    }
    // Ended elsewhere in this very moment.
    Ok(HttpResponse::Ok().json(view(&own(&app, &by, *id).await?)))
}

async fn act(
    app: &App,
    by: &Identity,
    site: LocationId,
    operation: Operation,
    idempotency: IdempotencyKey,
) -> Result<Acted, ApiError> {
    let actor = Actor { id: by.user_id, name: by.name.clone() };
    app.engine.act(actor, by.org_id, site, Act { item_id: None, operation, blobs: Vec::new(), idempotency }).await
}

/// The shift as the act left it, or the one that lasts when there was nothing to do.
async fn answer(app: &App, by: &Identity, status: StatusCode, acted: &Acted) -> Result<HttpResponse, ApiError> {
    let shift = match &acted.record {
        Some(record) => {
            let shift: shift::Shift = serde_json::from_value(record.clone()).map_err(ApiError::internal)?;
            Shift::of(&shift, &by.name)
        }
        None => {
            let mut tx = TenantTx::open(&app.db, by.org_id).await?;
            let row = store::active(&mut tx, by.user_id).await?;
            view(&row.ok_or_else(|| ApiError::not_found("shift of yours now"))?)
        }
    };
    let mut response = HttpResponse::build(status);
    if acted.replayed {
        response.insert_header(("Idempotency-Replayed", "true"));
    }
    Ok(response.json(shift))
}

/// The worker's own shift; nobody ends or moves another's.
async fn own(app: &App, by: &Identity, id: Uuid) -> Result<Row, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let row = store::find(&mut tx, id).await?.ok_or_else(|| ApiError::not_found("shift"))?;
    if row.shift().user_id == by.user_id {
        Ok(row)
    } else {
        Err(ApiError::new(Code::NotPermitted, "A shift is moved and ended by the worker whose it is."))
    }
}

fn view(row: &Row) -> Shift {
    Shift::of(&row.shift(), &row.user_name)
}
