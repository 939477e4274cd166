//! `/v1/auth/…` and `/v1/me`.

use actix_web::http::header::USER_AGENT;
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, get, post};
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;

use super::views::{Credentials, Me, PasswordChange, RefreshBody, SignedIn};
use super::{start, store};
use crate::app::App;
use crate::identity::{audit, users};
use crate::platform::clock;
use crate::platform::http::{ApiError, Code, address_of};
use crate::platform::tenancy::{Identity, TenantTx};

pub(in super::super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(login).service(refresh).service(logout).service(me).service(change_password);
}

/// Signs in. Five failures in fifteen minutes, from one address or on one account, are answered 429 until the oldest is forgotten.
#[utoipa::path(tag = "auth", request_body = Credentials, responses((status = 200, body = SignedIn)))]
#[post("/v1/auth/login")]
async fn login(app: Data<App>, request: HttpRequest, body: Json<Credentials>) -> HttpResponse {
    let (now, account) = (clock::now(), body.email.trim());
    let address = address_of(&request, app.sign_in.behind_proxy);
    let standing = match app.sign_in.throttle.attempt(address, account, now) {
        Ok(standing) => standing,
        Err(refused) => {
            let error =
                ApiError::new(Code::TooMany, "Too many failed attempts; wait a while.").retry_after(refused.reset_s);
            let mut response = error.error_response();
            refused.tell(response.headers_mut());
            return response;
        }
    };
    let agent = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
    match start::sign_in(&app, &body, agent, now).await {
        Ok(signed_in) => {
            app.sign_in.throttle.succeeded(address, account);
            HttpResponse::Ok().json(signed_in)
        }
        Err(error) => {
            if error.code() != Code::WrongCredentials {
                app.sign_in.throttle.taken_back(address, account);
            }
            let mut response = error.error_response();
            standing.tell(response.headers_mut());
            response
        }
    }
}

/// The next access token, and the next refresh token. Repeating it with the same token is safe until the successor is used.
#[utoipa::path(tag = "auth", request_body = RefreshBody, responses((status = 200, body = SignedIn)))]
#[post("/v1/auth/refresh")]
async fn refresh(app: Data<App>, body: Json<RefreshBody>) -> Result<Json<SignedIn>, ApiError> {
    Ok(Json(start::refresh(&app, &body.refresh_token, clock::now()).await?))
}

/// Ends this login; its tokens are good for nothing afterwards. What a phone has not sent yet stays on the phone.
#[utoipa::path(tag = "auth", security(("bearer" = [])), responses((status = 204, description = "Signed out")))]
#[post("/v1/auth/logout")]
async fn logout(app: Data<App>, by: Identity) -> Result<HttpResponse, ApiError> {
    let now = clock::now();
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    store::end(&mut tx, by.login_id, now).await?;
    audit::append(&mut tx, Some(by.user_id), "login.ended", json!({ "login_id": by.login_id }), now).await?;
    tx.commit().await?;
    app.sockets.check_user(by.user_id);
    Ok(HttpResponse::NoContent().finish())
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
    let attempt = app.sign_in.throttle.attempt(None, &by.email, now);
    attempt.map_err(|wait| {
        ApiError::new(Code::TooMany, "Too many failed attempts; wait a while.").retry_after(wait.reset_s)
    })?;
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let stored = users::password_hash(&mut tx, by.user_id.0).await?;
    tx.commit().await?;
    if !app.sign_in.passwords.matches(&body.current_password, stored.as_deref()).await? {
        return Err(ApiError::invalid_field("current_password", "WRONG", "That is not your password."));
    }
    app.sign_in.throttle.succeeded(None, &by.email);
    let hash = app.sign_in.passwords.hash(&body.new_password).await?;
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    users::set_password(&mut tx, by.user_id.0, &hash, now).await?;
    users::end_logins(&mut tx, by.user_id.0, Some(by.login_id), now).await?;
    audit::append(&mut tx, Some(by.user_id), "user.password_changed", json!({ "user_id": by.user_id }), now).await?;
    tx.commit().await?;
    app.sockets.check_user(by.user_id);
    Ok(HttpResponse::NoContent().finish())
}
