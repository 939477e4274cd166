//! Signing in, and staying so.

use chrono::{DateTime, Utc};
use floorline_domain::{OrgId, UserId};
use serde_json::json;
use uuid::Uuid;

use super::refresh_token::RefreshToken;
use super::store;
use super::views::{Credentials, Me, SignedIn};
use crate::app::App;
use crate::identity::{audit, lookup, users};
use crate::platform::http::{ApiError, Code};
use crate::platform::tenancy::{ACCESS_TTL, Identity, TenantTx};

/// Checks the password and begins a login. An unknown e-mail takes the same steps as a known one.
pub(super) async fn sign_in(
    app: &App,
    credentials: &Credentials,
    agent: Option<&str>,
    now: DateTime<Utc>,
) -> Result<SignedIn, ApiError> {
    let (org, user) =
        lookup::user(&app.db, credentials.email.trim()).await?.unwrap_or((OrgId(Uuid::nil()), Uuid::nil()));
    // Hashing takes long: no transaction is held meanwhile.
    let mut tx = TenantTx::open(&app.db, org).await?;
    let hash = users::password_hash(&mut tx, user).await?;
    tx.commit().await?;
    if !app.sign_in.passwords.matches(&credentials.password, hash.as_deref()).await? {
        return Err(ApiError::new(Code::WrongCredentials, "E-mail or password is wrong."));
    }
    let (mut tx, login) = (TenantTx::open(&app.db, org).await?, Uuid::now_v7());
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
