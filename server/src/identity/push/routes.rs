//! `/v1/devices/{id}/push`, `/v1/push/key` and `/v1/me/quiet_hours`.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, delete, get, put};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::subscription::Address;
use super::views::{NewSubscription, PushKey, QuietHours, QuietHoursView, SubscriptionView};
use super::{quiet_hours, register};
use crate::app::App;
use crate::platform::clock;
use crate::platform::http::ApiError;
use crate::platform::tenancy::{Allowed, Identity, TenantTx, may};

pub(in super::super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(register_push)
        .service(remove_push)
        .service(push_key)
        .service(get_quiet_hours)
        .service(set_quiet_hours)
        .service(remove_quiet_hours);
}

/// Says where the signed-in user is reached on this device. Saying it again, or another address, replaces what was said; the address is taken
/// away from whoever had it on this device before.
#[utoipa::path(tag = "push", security(("bearer" = [])), request_body = NewSubscription, responses((status = 200, body = SubscriptionView)))]
#[put("/v1/devices/{id}/push")]
async fn register_push(
    app: Data<App>,
    by: Allowed<may::ConnectSync>,
    id: Path<Uuid>,
    body: Json<NewSubscription>,
) -> Result<Json<SubscriptionView>, ApiError> {
    let address = Address::read(&body, app.push.reach())?;
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let view = register::register(&mut tx, &by, *id, &address, clock::now()).await?;
    tx.commit().await?;
    Ok(Json(view))
}

/// Tells the signed-in user nothing more on this device.
#[utoipa::path(tag = "push", security(("bearer" = [])), responses((status = 204, description = "Nothing more is told there")))]
#[delete("/v1/devices/{id}/push")]
async fn remove_push(app: Data<App>, by: Allowed<may::ConnectSync>, id: Path<Uuid>) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    register::unregister(&mut tx, &by, *id).await?;
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}

/// How phones can be reached by this server.
#[utoipa::path(tag = "push", security(("bearer" = [])), responses((status = 200, body = PushKey)))]
#[get("/v1/push/key")]
async fn push_key(app: Data<App>, _: Identity) -> Json<PushKey> {
    Json(app.push.key())
}

/// When the signed-in user is not to be disturbed but by what is urgent.
#[utoipa::path(tag = "push", security(("bearer" = [])), responses((status = 200, body = QuietHoursView)))]
#[get("/v1/me/quiet_hours")]
async fn get_quiet_hours(app: Data<App>, by: Identity) -> Result<Json<QuietHoursView>, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let quiet_hours = quiet_hours::find(&mut tx, by.user_id).await?;
    tx.commit().await?;
    Ok(Json(QuietHoursView { quiet_hours }))
}

/// Sets the signed-in user's quiet hours. What is not urgent then waits for their end, or is not told at all where it is too old by then.
#[utoipa::path(tag = "push", security(("bearer" = [])), request_body = QuietHours, responses((status = 200, body = QuietHoursView)))]
#[put("/v1/me/quiet_hours")]
async fn set_quiet_hours(
    app: Data<App>,
    by: Identity,
    body: Json<QuietHours>,
) -> Result<Json<QuietHoursView>, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    quiet_hours::put(&mut tx, by.user_id, &body, clock::now()).await?;
    let quiet_hours = quiet_hours::find(&mut tx, by.user_id).await?;
    tx.commit().await?;
    Ok(Json(QuietHoursView { quiet_hours }))
}

/// The signed-in user has no quiet hours any more.
#[utoipa::path(tag = "push", security(("bearer" = [])), responses((status = 204, description = "There are none")))]
#[delete("/v1/me/quiet_hours")]
async fn remove_quiet_hours(app: Data<App>, by: Identity) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    quiet_hours::remove(&mut tx, by.user_id).await?;
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}
