//! `/v1/auth/…`: in, on and out.

use actix_web::http::header::USER_AGENT;
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse, post};
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;

use super::badge::{self, Shown};
use super::counted::attempt;
use super::start::{self, Caller};
use super::views::{BadgeCredentials, Credentials, RefreshBody, SignedIn};
use super::{own_routes, refresh, store};
use crate::app::App;
use crate::identity::devices::DeviceProof;
use crate::identity::throttle::Origin;
use crate::identity::{audit, checks};
use crate::platform::clock;
use crate::platform::http::{ApiError, address_of};
use crate::platform::tenancy::{Identity, TenantTx};

/// What a client says of itself is kept up to this length, in characters.
const MAX_AGENT: usize = 300;

pub(in super::super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(login).service(by_badge).service(refresh_login).service(logout);
    own_routes::routes(config);
}

/// Signs in. Five failures in fifteen minutes, from one address or on one account, are answered 429 until the oldest is forgotten.
///
/// With a device's proof the login is bound to that device: each refresh needs a proof by the same key.
#[utoipa::path(tag = "auth", request_body = Credentials, params(
    ("DPoP" = Option<String>, Header, description = "The proof of a device that binds the login")), responses((status = 200, body = SignedIn)))]
#[post("/v1/auth/login")]
async fn login(app: Data<App>, request: HttpRequest, body: Json<Credentials>) -> Result<HttpResponse, ApiError> {
    let (now, account) = (clock::now(), checks::folded(&body.email));
    let proof = DeviceProof::if_sent(&request).await?;
    let caller = caller(&request, app.sign_in.behind_proxy);
    let from = caller.address.map(Origin::Address);
    let signing_in = start::by_password(&app, (&account, &body.password), proof.as_ref(), &caller, now);
    Ok(attempt(&app, (from, &account), now, signing_in).await)
}

/// Signs a worker in by badge and PIN, on a device that was let in and proves itself.
///
/// The login is bound to the device. Five failures in fifteen minutes, on one device or with one badge, are answered 429 until the oldest is forgotten.
#[utoipa::path(tag = "auth", request_body = BadgeCredentials, params(
    ("DPoP" = String, Header, description = "The device's proof")), responses((status = 200, body = SignedIn)))]
#[post("/v1/auth/badge")]
async fn by_badge(
    app: Data<App>,
    proof: DeviceProof,
    request: HttpRequest,
    body: Json<BadgeCredentials>,
) -> Result<HttpResponse, ApiError> {
    let (now, shown) = (clock::now(), Shown::read(&body.code));
    let device = badge::device(&app, &proof, &shown).await?;
    let (caller, account) = (caller(&request, app.sign_in.behind_proxy), shown.account(&device));
    let signing_in = badge::sign_in(&app, &device, (&shown, &body.pin), &caller, now);
    Ok(attempt(&app, (Some(Origin::Device(device.id)), &account), now, signing_in).await)
}

/// The next access token, and the next refresh token. Repeating it with the same token is safe until the successor is used.
///
/// A login that is bound to a device needs that device's proof.
#[utoipa::path(tag = "auth", operation_id = "refresh", request_body = RefreshBody, params(
    ("DPoP" = Option<String>, Header, description = "The device's proof, where signing in came with one")), responses((status = 200, body = SignedIn)))]
#[post("/v1/auth/refresh")]
async fn refresh_login(
    app: Data<App>,
    request: HttpRequest,
    body: Json<RefreshBody>,
) -> Result<Json<SignedIn>, ApiError> {
    let proof = DeviceProof::if_sent(&request).await?;
    Ok(Json(refresh::refresh(&app, &body.refresh_token, proof.as_ref(), clock::now()).await?))
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

fn caller(request: &HttpRequest, behind_proxy: bool) -> Caller {
    let agent = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
    Caller {
        address: address_of(request, behind_proxy),
        agent: agent.map(|agent| agent.chars().take(MAX_AGENT).collect()),
    }
}
