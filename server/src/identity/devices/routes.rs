//! `/v1/devices` and `/v1/sync/ticket`.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpRequest, HttpResponse, get, patch, post};
use floorline_domain::DeviceId;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::proof::{DeviceProof, own_address};
use super::signed::Signed;
use super::store::{self, DeviceState, Wanted};
use super::views::{
    Approval, ClaimBody, ClaimedDevice, DeviceChange, DeviceFilter, DeviceStatus, DeviceView, EnrolmentView,
    NewEnrolment, Revocation, TicketBody, TicketView,
};
use super::{change, enrol, revoke, tickets};
use crate::app::App;
use crate::platform::clock;
use crate::platform::http::{ApiError, Claimed, IdempotencyKey, IfMatch, Page, PageQuery, etag, replay};
use crate::platform::tenancy::{Allowed, TenantTx, may};

pub(in super::super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list_devices)
        .service(create_enrolment)
        .service(claim_enrolment)
        .service(show_device)
        .service(change_device)
        .service(approve_device)
        .service(revoke_device)
        .service(device_status)
        .service(create_ticket);
}

/// The devices of the organisation.
#[utoipa::path(tag = "devices", security(("bearer" = [])), params(PageQuery, DeviceFilter), responses((status = 200, body = Page<DeviceView>)))]
#[get("/v1/devices")]
async fn list_devices(
    app: Data<App>,
    by: Allowed<may::ViewDevices>,
    page: Query<PageQuery>,
    filter: Query<DeviceFilter>,
) -> Result<Json<Page<DeviceView>>, ApiError> {
    let limit = page.limit()?;
    let wanted =
        Wanted { after: page.after_id()?, state: filter.state.as_deref(), site_id: filter.site_id, limit: limit + 1 };
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let rows = store::page(&mut tx, &wanted).await?;
    tx.commit().await?;
    Ok(Json(Page::from_rows(rows, limit, |row| row.id.to_string(), DeviceView::from)))
}

/// Makes a one-time code, good for ten minutes, that lets one device ask to be let in.
#[utoipa::path(tag = "devices", security(("bearer" = [])), request_body = NewEnrolment, responses((status = 201, body = EnrolmentView)))]
#[post("/v1/devices/enrolments")]
async fn create_enrolment(
    app: Data<App>,
    by: Allowed<may::ManageDevices>,
    key: IdempotencyKey,
    request: HttpRequest,
    body: Json<NewEnrolment>,
) -> Result<HttpResponse, ApiError> {
    let base = app.public_url.clone().unwrap_or_else(|| own_address(&request));
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let claim = match key.claim(&mut tx, by.user_id.0, &*body).await? {
        Claimed::Replay { status, body } => return Ok(replay(status, body)),
        Claimed::Fresh(claim) => claim,
    };
    let view = enrol::make_code(&mut tx, &by, &body, &base, clock::now()).await?;
    claim.answer(tx, StatusCode::CREATED, &view).await
}

/// A device's request to be let in: the code it read, and the public key it made. Nobody is signed in yet.
#[utoipa::path(tag = "devices", request_body = ClaimBody, responses((status = 200, body = ClaimedDevice)))]
#[post("/v1/devices/enrolments/claim")]
async fn claim_enrolment(app: Data<App>, body: Json<ClaimBody>) -> Result<Json<ClaimedDevice>, ApiError> {
    Ok(Json(enrol::claim(&app, &body, clock::now()).await?))
}

/// One device.
#[utoipa::path(tag = "devices", security(("bearer" = [])), responses((status = 200, body = DeviceView)))]
#[get("/v1/devices/{id}")]
async fn show_device(app: Data<App>, by: Allowed<may::ViewDevices>, id: Path<Uuid>) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let row = store::find(&mut tx, *id).await?;
    tx.commit().await?;
    Ok(HttpResponse::Ok().insert_header(etag(row.version)).json(DeviceView::from(row)))
}

/// Renames a device or moves it to another site.
#[utoipa::path(tag = "devices", security(("bearer" = [])), request_body = DeviceChange, params(
    ("If-Match" = String, Header, description = "The ETag that is changed")), responses((status = 200, body = DeviceView)))]
#[patch("/v1/devices/{id}")]
async fn change_device(
    app: Data<App>,
    by: Allowed<may::ManageDevices>,
    id: Path<Uuid>,
    version: IfMatch,
    body: Json<DeviceChange>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let row = change::change(&mut tx, by.user_id, (*id, version), &body, clock::now()).await?;
    tx.commit().await?;
    app.sockets.check_device(DeviceId(row.id));
    Ok(HttpResponse::Ok().insert_header(etag(row.version)).json(DeviceView::from(row)))
}

/// Lets a device in whose screen shows these digits.
#[utoipa::path(tag = "devices", security(("bearer" = [])), request_body = Approval, responses((status = 200, body = DeviceView)))]
#[post("/v1/devices/{id}/approve")]
async fn approve_device(
    app: Data<App>,
    by: Allowed<may::ManageDevices>,
    id: Path<Uuid>,
    body: Json<Approval>,
) -> Result<Json<DeviceView>, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let row = enrol::approve(&mut tx, by.user_id, *id, &body.digits, clock::now()).await?;
    tx.commit().await?;
    Ok(Json(row.into()))
}

/// Shuts a device out. Nothing it did is applied from then on; for seven days it may still hand in what it holds, to be looked at.
#[utoipa::path(tag = "devices", security(("bearer" = [])), request_body = Revocation, responses((status = 200, body = DeviceView)))]
#[post("/v1/devices/{id}/revoke")]
async fn revoke_device(
    app: Data<App>,
    by: Allowed<may::ManageDevices>,
    id: Path<Uuid>,
    body: Option<Json<Revocation>>,
) -> Result<Json<DeviceView>, ApiError> {
    let reason = body.map(|body| body.into_inner().reason).unwrap_or_default();
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let row = revoke::revoke(&mut tx, by.user_id, *id, &reason, clock::now()).await?;
    tx.commit().await?;
    app.sockets.check_device(DeviceId(row.id));
    Ok(Json(row.into()))
}

/// A device asks where it stands, by its proof alone.
#[utoipa::path(tag = "devices", params(("DPoP" = String, Header, description = "The device's proof")), responses((status = 200, body = DeviceStatus)))]
#[get("/v1/devices/{id}/status")]
async fn device_status(app: Data<App>, proof: DeviceProof, id: Path<Uuid>) -> Result<Json<DeviceStatus>, ApiError> {
    let device = proof.device(&app, DeviceId(*id)).await?;
    let status = match device.state {
        DeviceState::Pending => "pending",
        DeviceState::Active => "active",
        DeviceState::Revoked(_) => "revoked",
    };
    Ok(Json(DeviceStatus {
        device_id: device.id.0,
        status,
        name: device.name,
        site_id: device.site.0,
        organization_id: device.org.0,
    }))
}

/// A ticket for one `hello` over `GET /v1/sync`. A device adds its proof; without `device_id` the session only reads.
#[utoipa::path(tag = "sync", security(("bearer" = [])), request_body = TicketBody, responses((status = 200, body = TicketView)))]
#[post("/v1/sync/ticket")]
async fn create_ticket(
    app: Data<App>,
    _: Signed,
    request: HttpRequest,
    body: Json<TicketBody>,
) -> Result<Json<TicketView>, ApiError> {
    let now = clock::now();
    let session = match body.device_id {
        Some(id) => tickets::device_session(&app, &request, DeviceId(id), now).await?,
        None => tickets::user_session(&request).await?,
    };
    let ticket = tickets::issue(&app.db, session, now).await?;
    Ok(Json(TicketView { ticket, expires_in: tickets::TTL_S }))
}
