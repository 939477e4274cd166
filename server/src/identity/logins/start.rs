//! Signing in, and staying so.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use floorline_domain::{OrgId, UserId};
use serde_json::json;
use uuid::Uuid;

use super::refresh_token::RefreshToken;
use super::store;
use super::views::{Me, SignedIn};
use crate::app::App;
use crate::identity::{audit, lookup, users};
use crate::platform::http::{ApiError, Code};
use crate::platform::tenancy::{ACCESS_TTL, Identity, TenantTx};

/// Who asks, as far as that can be seen.
pub(super) struct Caller {
    pub(super) address: Option<IpAddr>,
    /// What their program says it is.
    pub(super) agent: Option<String>,
}

/// Checks the password and begins a login. An unknown e-mail takes the same steps as a known one. `account` is the e-mail as it is stored.
pub(super) async fn sign_in(
    app: &App,
    account: &str,
    password: &str,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<SignedIn, ApiError> {
    let (org, user) = lookup::user(&app.db, account).await?.unwrap_or((OrgId(Uuid::nil()), Uuid::nil()));
    // Hashing takes long: no transaction is held meanwhile.
    let mut tx = TenantTx::open(&app.db, org).await?;
    let hash = users::password_hash(&mut tx, user, account).await?;
    tx.commit().await?;
    if !app.sign_in.passwords.matches(password, hash.as_deref()).await? {
        tell_failure(app, org, user, caller, now).await;
        return Err(ApiError::new(Code::WrongCredentials, "E-mail or password is wrong."));
    }
    let renewed = renewed(app, hash.as_deref(), password).await;
    let (mut tx, login) = (TenantTx::open(&app.db, org).await?, Uuid::now_v7());
    if let (Some(old), Some(new)) = (&hash, renewed) {
        users::renew_hash(&mut tx, user, old, &new).await?;
    }
    let agent = caller.agent.as_deref();
    store::insert(&mut tx, login, user, agent, now).await?;
    let identity = load(&mut tx, UserId(user), login).await?;
    audit::append(
        &mut tx,
        Some(identity.user_id),
        "login.started",
        json!({ "login_id": login, "user_agent": agent }),
        now,
    )
    .await?;
    tx.commit().await?;
    signed_in(app, &identity, 1, now)
}

/// The hash of today's cost for a password whose stored hash is of an older one. A password that could not be chosen today keeps its own.
async fn renewed(app: &App, stored: Option<&str>, password: &str) -> Option<String> {
    stored.filter(|hash| app.sign_in.passwords.is_outdated(hash))?;
    app.sign_in.passwords.hash(password).await.ok()
}

/// Tells the organisation of a failed attempt on one of its people. There are as many as the throttle lets through. Whether the account
/// exists shows in nothing: for one that does not, the same statements but the last are made, and neither waits for the disk.
async fn tell_failure(app: &App, org: OrgId, user: Uuid, caller: &Caller, now: DateTime<Utc>) {
    let address_hash =
        caller.address.map(|address| app.keys.mac("address in audit", &address.to_canonical().to_string()));
    let detail = json!({ "user_id": user, "address_hash": address_hash, "user_agent": caller.agent });
    let told = async {
        let mut tx = TenantTx::open(&app.db, org).await?;
        store::wait_for_no_disk(&mut tx).await?;
        audit::append_if_known(&mut tx, "login.failed", detail, now).await?;
        tx.commit().await
    };
    if let Err(error) = told.await {
        tracing::warn!(error = %error, "a failed attempt was not told");
    }
}

/// The next access token and the next refresh token; see the module for what a token used twice does.
pub(super) async fn refresh(app: &App, text: &str, now: DateTime<Utc>) -> Result<SignedIn, ApiError> {
    let token = RefreshToken::read(&app.keys, text).ok_or_else(signed_out)?;
    let (org, login) = lookup::login(&app.db, token.login).await?.ok_or_else(signed_out)?;
    let mut tx = TenantTx::open(&app.db, org).await?;
    let open = |row: &store::LoginRow| row.ended_at.is_none() && row.expires_at > now;
    let row = store::find_for_update(&mut tx, login).await?.filter(open).ok_or_else(signed_out)?;
    if token.generation + 1 < row.generation {
        store::end(&mut tx, row.id, now).await?;
        let detail = json!({ "login_id": row.id, "generation": token.generation });
        audit::append(&mut tx, Some(UserId(row.user_id)), "login.reuse_detected", detail, now).await?;
        tx.commit().await?;
        return Err(signed_out());
    }
    // The newest token is used for the first time, or the one before it again: either way its successor is the answer.
    store::move_on(&mut tx, row.id, token.generation + 1, now).await?;
    let identity = load(&mut tx, UserId(row.user_id), row.id).await?;
    tx.commit().await?;
    signed_in(app, &identity, token.generation + 1, now)
}

fn signed_in(app: &App, identity: &Identity, generation: i64, now: DateTime<Utc>) -> Result<SignedIn, ApiError> {
    let access_token =
        app.keys.issue_access(identity.user_id, identity.org_id, identity.login_id, now).map_err(ApiError::internal)?;
    let refresh_token = RefreshToken { login: identity.login_id, generation }.text(&app.keys);
    let user = Me::from(identity);
    Ok(SignedIn { access_token, token_type: "Bearer", expires_in: ACCESS_TTL.num_seconds(), refresh_token, user })
}

async fn load(tx: &mut TenantTx, user: UserId, login: Uuid) -> Result<Identity, ApiError> {
    Identity::load(tx, user, login).await?.ok_or_else(signed_out)
}

fn signed_out() -> ApiError {
    ApiError::new(Code::NotSignedIn, "This login has ended; sign in again.")
}
