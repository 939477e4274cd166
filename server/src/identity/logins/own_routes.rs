//! `/v1/me`: who is signed in, and what they change of their own.

use actix_web::web::{Data, Json};
use actix_web::{HttpResponse, get, post, put};
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;

use super::counted;
use super::views::{Me, OwnPin, PasswordChange};
use crate::app::App;
use crate::identity::{audit, passwords, pins, users};
use crate::platform::clock;
use crate::platform::http::ApiError;
use crate::platform::tenancy::{Identity, TenantTx};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(me).service(change_password).service(set_own_pin);
}

/// Who is signed in, and what they may do.
#[utoipa::path(tag = "auth", security(("bearer" = [])), responses((status = 200, body = Me)))]
#[get("/v1/me")]
async fn me(by: Identity) -> Json<Me> {
    Json(Me::from(&by))
}

/// Changes one's own password and ends one's other logins.
#[utoipa::path(tag = "auth", security(("bearer" = [])), request_body = PasswordChange, responses((status = 204, description = "Changed")))]
#[post("/v1/me/password")]
async fn change_password(app: Data<App>, by: Identity, body: Json<PasswordChange>) -> Result<HttpResponse, ApiError> {
    let now = clock::now();
    passwords::check("new_password", &body.new_password)?;
    counted::own_password(&app, &by, is_own_password(&app, &by, &body.current_password), now).await?;
    let hash = app.sign_in.passwords.hash(&body.new_password).await?;
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    users::set_password(&mut tx, by.user_id.0, &hash, now).await?;
    users::end_logins(&mut tx, by.user_id.0, Some(by.login_id), now).await?;
    audit::append(&mut tx, Some(by.user_id), "user.password_changed", json!({ "user_id": by.user_id }), now).await?;
    tx.commit().await?;
    app.sockets.check_user(by.user_id);
    Ok(HttpResponse::NoContent().finish())
}

/// Sets the PIN that goes with one's own badge. Replacing one ends one's other logins.
#[utoipa::path(tag = "auth", security(("bearer" = [])), request_body = OwnPin, responses((status = 204, description = "Set")))]
#[put("/v1/me/pin")]
async fn set_own_pin(app: Data<App>, by: Identity, body: Json<OwnPin>) -> Result<HttpResponse, ApiError> {
    let now = clock::now();
    pins::check("pin", &body.pin)?;
    counted::own_password(&app, &by, is_own_password(&app, &by, &body.current_password), now).await?;
    let hash = app.sign_in.passwords.hash_pin(&body.pin).await?;
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    users::set_pin(&mut tx, by.user_id.0, Some(&hash), Some(by.login_id), now).await?;
    audit::append(&mut tx, Some(by.user_id), "user.pin_set", json!({ "user_id": by.user_id }), now).await?;
    tx.commit().await?;
    app.sockets.check_user(by.user_id);
    Ok(HttpResponse::NoContent().finish())
}

async fn is_own_password(app: &App, by: &Identity, password: &str) -> Result<bool, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let stored = users::password_hash(&mut tx, by.user_id.0, &by.email).await?;
    tx.commit().await?;
    app.sign_in.passwords.matches(password, stored.as_deref()).await
}
