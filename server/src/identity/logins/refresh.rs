//! Staying signed in. See the module for what a token used twice does.

use chrono::{DateTime, Utc};
use floorline_domain::UserId;
use metrics::counter;
use serde_json::json;
use uuid::Uuid;

use super::refresh_token::RefreshToken;
use super::start::{load, signed_in, signed_out};
use super::views::SignedIn;
use super::{counted, store};
use crate::app::App;
use crate::identity::devices::DeviceProof;
use crate::identity::{audit, lookup};
use crate::platform::http::{ApiError, Code};
use crate::platform::telemetry::names;
use crate::platform::tenancy::TenantTx;

/// The next access token and the next refresh token. The proof is looked at before anything else is: a token alone must not even end the login.
pub(super) async fn refresh(
    app: &App,
    text: &str,
    proof: Option<&DeviceProof>,
    now: DateTime<Utc>,
) -> Result<SignedIn, ApiError> {
    let token = RefreshToken::read(&app.keys, text).ok_or_else(signed_out)?;
    let (org, login) = lookup::login(&app.db, token.login).await?.ok_or_else(signed_out)?;
    let mut tx = TenantTx::open(&app.db, org).await?;
    let open = |row: &store::LoginRow| row.ended_at.is_none() && row.expires_at > now;
    let row = store::find_for_update(&mut tx, login).await?.filter(open).ok_or_else(signed_out)?;
    if let Some(device) = row.device_id
        && let Err(error) = prove(&mut tx, app, (device, proof), now).await
    {
        return Err(if error.code() == Code::BadDeviceProof {
            refused(tx, app, &row, error, now).await?
        } else {
            error
        });
    }
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

/// Whether the device that the login is bound to signed, and may work.
async fn prove(
    tx: &mut TenantTx,
    app: &App,
    (device, proof): (Uuid, Option<&DeviceProof>),
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    let proof = proof.ok_or_else(|| DeviceProof::missing(app, now))?;
    proof.device_in(tx, app, device).await?.at_work().map(drop)
}

/// Counts and tells that somebody has the token and not the key. The login goes on: whoever has the key is not kept out by who has not. What is told
/// is no more than the throttle lets through.
async fn refused(
    mut tx: TenantTx,
    app: &App,
    row: &store::LoginRow,
    error: ApiError,
    now: DateTime<Utc>,
) -> Result<ApiError, ApiError> {
    counter!(names::REFRESHES_REFUSED).increment(1);
    let account = format!("refresh of {}", row.id);
    app.sign_in.throttle.attempt(None, &account, now).map_err(counted::too_many)?;
    let detail = json!({ "login_id": row.id, "user_id": row.user_id, "device_id": row.device_id });
    audit::append(&mut tx, None, "login.refresh_refused", detail, now).await?;
    tx.commit().await?;
    Ok(error)
}
