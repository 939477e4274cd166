//! `/v1/partnerships`.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::store::{self, PartnershipRow};
use super::views::{NewPartnership, PartnershipFilter, PartnershipView};
use crate::app::App;
use crate::identity::audit;
use crate::platform::clock;
use crate::platform::http::{ApiError, Claimed, Code, IdempotencyKey, Page, PageQuery, etag, replay};
use crate::platform::tenancy::{Allowed, Identity, TenantTx, may};

pub(in super::super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list_partnerships)
        .service(propose_partnership)
        .service(show_partnership)
        .service(accept_partnership)
        .service(end_partnership);
}

/// The partnerships of the organisation, whoever proposed them.
#[utoipa::path(tag = "partnerships", security(("bearer" = [])), params(PageQuery, PartnershipFilter), responses((status = 200, body = Page<PartnershipView>)))]
#[get("/v1/partnerships")]
async fn list_partnerships(
    app: Data<App>,
    by: Identity,
    page: Query<PageQuery>,
    filter: Query<PartnershipFilter>,
) -> Result<Json<Page<PartnershipView>>, ApiError> {
    let limit = page.limit()?;
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let rows = store::page(&mut tx, filter.status.as_deref(), page.after_id()?, limit + 1).await?;
    tx.commit().await?;
    Ok(Json(Page::from_rows(rows, limit, |row| row.id.to_string(), PartnershipView::from)))
}

/// Proposes a partnership, or one that ended again. It becomes active when the other side accepts.
#[utoipa::path(tag = "partnerships", security(("bearer" = [])), request_body = NewPartnership, responses((status = 201, body = PartnershipView)))]
#[post("/v1/partnerships")]
async fn propose_partnership(
    app: Data<App>,
    by: Allowed<may::ManagePartnerships>,
    key: IdempotencyKey,
    body: Json<NewPartnership>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let claim = match key.claim(&mut tx, by.user_id.0, &*body).await? {
        Claimed::Replay { status, body } => return Ok(replay(status, body)),
        Claimed::Fresh(claim) => claim,
    };
    let row = propose(&mut tx, &body, clock::now()).await?;
    record(&mut tx, &by, "partnership.proposed", &row).await?;
    claim.answer(tx, StatusCode::CREATED, &PartnershipView::from(row)).await
}

/// One partnership.
#[utoipa::path(tag = "partnerships", security(("bearer" = [])), responses((status = 200, body = PartnershipView)))]
#[get("/v1/partnerships/{id}")]
async fn show_partnership(app: Data<App>, by: Identity, id: Path<Uuid>) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let row = store::find(&mut tx, *id).await?;
    tx.commit().await?;
    Ok(HttpResponse::Ok().insert_header(etag(row.version)).json(PartnershipView::from(row)))
}

/// The other side's consent. Accepting an active partnership again changes nothing.
#[utoipa::path(tag = "partnerships", security(("bearer" = [])), responses((status = 200, body = PartnershipView)))]
#[post("/v1/partnerships/{id}/accept")]
async fn accept_partnership(
    app: Data<App>,
    by: Allowed<may::ManagePartnerships>,
    id: Path<Uuid>,
) -> Result<Json<PartnershipView>, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let row = store::find(&mut tx, *id).await?;
    if row.status == "active" {
        return Ok(Json(row.into()));
    }
    let row = accepted(row, by.org_id.0, clock::now())?;
    store::update(&mut tx, &row).await?;
    record(&mut tx, &by, "partnership.accepted", &row).await?;
    tx.commit().await?;
    Ok(Json(row.into()))
}

/// Ends a partnership or declines a proposed one. Orders already accepted go on; new ones are refused.
#[utoipa::path(tag = "partnerships", security(("bearer" = [])), responses((status = 200, body = PartnershipView)))]
#[post("/v1/partnerships/{id}/end")]
async fn end_partnership(
    app: Data<App>,
    by: Allowed<may::ManagePartnerships>,
    id: Path<Uuid>,
) -> Result<Json<PartnershipView>, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let mut row = store::find(&mut tx, *id).await?;
    if row.status == "ended" {
        return Ok(Json(row.into()));
    }
    row.status = "ended".into();
    (row.brand_accepted_at, row.factory_accepted_at) = (None, None);
    (row.updated_at, row.version) = (clock::now(), row.version + 1);
    store::update(&mut tx, &row).await?;
    record(&mut tx, &by, "partnership.ended", &row).await?;
    tx.commit().await?;
    Ok(Json(row.into()))
}

async fn propose(tx: &mut TenantTx, body: &NewPartnership, now: DateTime<Utc>) -> Result<PartnershipRow, ApiError> {
    let own = tx.org().0;
    if own != body.brand_id && own != body.factory_id {
        return Err(ApiError::invalid_field(
            "brand_id",
            "NOT_YOURS",
            "One side of a partnership is your own organisation.",
        ));
    }
    let brand_name = name_of(tx, "brand_id", body.brand_id, "brand").await?;
    let factory_name = name_of(tx, "factory_id", body.factory_id, "factory").await?;
    let known = store::between(tx, body.brand_id, body.factory_id).await?;
    if let Some(row) = known.as_ref().filter(|row| row.status != "ended") {
        return Err(ApiError::new(Code::Duplicate, format!("There is a partnership already; it is {}.", row.status)));
    }
    let consent = |side: Uuid| (side == own).then_some(now);
    let row = PartnershipRow {
        id: known.as_ref().map_or_else(Uuid::now_v7, |row| row.id),
        brand_id: body.brand_id,
        factory_id: body.factory_id,
        brand_name,
        factory_name,
        status: "proposed".into(),
        proposed_by: own,
        brand_accepted_at: consent(body.brand_id),
        factory_accepted_at: consent(body.factory_id),
        created_at: known.as_ref().map_or(now, |row| row.created_at),
        updated_at: now,
        version: known.as_ref().map_or(1, |row| row.version + 1),
    };
    match known {
        Some(_) => store::update(tx, &row).await?,
        None => store::insert(tx, &row).await?,
    }
    Ok(row)
}

fn accepted(mut row: PartnershipRow, own: Uuid, now: DateTime<Utc>) -> Result<PartnershipRow, ApiError> {
    if row.status == "ended" {
        return Err(ApiError::new(Code::StateConflict, "It has ended; propose it again."));
    }
    if row.proposed_by == own {
        return Err(ApiError::new(Code::StateConflict, "The other side accepts what you proposed."));
    }
    let consent = if own == row.brand_id { &mut row.brand_accepted_at } else { &mut row.factory_accepted_at };
    *consent = Some(now);
    row.status = "active".into();
    (row.updated_at, row.version) = (now, row.version + 1);
    Ok(row)
}

async fn name_of(tx: &mut TenantTx, field: &str, id: Uuid, kind: &str) -> Result<String, ApiError> {
    match store::organization(tx, id).await? {
        Some(known) if known.kind == kind => Ok(known.name),
        _ => Err(ApiError::invalid_field(field, "UNKNOWN", format!("There is no such {kind}."))),
    }
}

async fn record(tx: &mut TenantTx, by: &Identity, kind: &str, row: &PartnershipRow) -> Result<(), ApiError> {
    let detail = json!({ "partnership_id": row.id, "brand_id": row.brand_id, "factory_id": row.factory_id });
    audit::append(tx, Some(by.user_id), kind, detail, row.updated_at).await
}
