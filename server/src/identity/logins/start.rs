//! Signing in by password, and what every login begins with.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use floorline_domain::{DeviceId, OrgId, UserId};
use serde_json::{Value, json};
use uuid::Uuid;

use super::refresh_token::RefreshToken;
use super::store;
use super::views::{Me, SignedIn};
use crate::app::App;
use crate::identity::devices::{DeviceProof, lock_at_work};
use crate::identity::{audit, lookup, users};
use crate::platform::http::{ApiError, Code};
use crate::platform::tenancy::{ACCESS_TTL, Identity, TenantTx};

/// Who asks, as far as that can be seen.
pub(super) struct Caller {
    pub(super) address: Option<IpAddr>,
    /// What their program says it is.
    pub(super) agent: Option<String>,
}

/// What somebody signed in by.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    Password,
    Badge,
}

/// A login about to begin: whoever asks has shown that they are this user.
pub(super) struct Beginning {
    pub(super) org: OrgId,
    pub(super) user: Uuid,
    pub(super) way: Way,
    /// The device it will be bound to.
    pub(super) device: Option<DeviceId>,
}

impl Way {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Badge => "badge",
        }
    }
}

/// Checks the password and begins a login, bound to the device whose proof came with it. An unknown e-mail takes the same steps as a known one.
/// `account` is the e-mail as it is stored.
pub(super) async fn by_password(
    app: &App,
    (account, password): (&str, &str),
    proof: Option<&DeviceProof>,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<SignedIn, ApiError> {
    let (org, user) = lookup::user(&app.db, account).await?.unwrap_or((OrgId(Uuid::nil()), Uuid::nil()));
    let device = match proof {
        Some(proof) => Some(proof.enrolled(app, org).await?.at_work()?),
        None => None,
    };
    // Hashing takes long: no transaction is held meanwhile.
    let mut tx = TenantTx::open(&app.db, org).await?;
    let hash = users::password_hash(&mut tx, user, account).await?;
    tx.commit().await?;
    if !app.sign_in.passwords.matches(password, hash.as_deref()).await? {
        tell_failure(app, org, json!({ "user_id": user }), caller, now).await;
        return Err(ApiError::new(Code::WrongCredentials, "E-mail or password is wrong."));
    }
    if device.as_ref().is_some_and(|device| device.org != org) {
        return Err(ApiError::new(Code::BadDeviceProof, "The device belongs to another organisation."));
    }
    if let Some(old) = hash.as_deref()
        && let Some(new) = renewed(app, old, password).await
    {
        let mut tx = TenantTx::open(&app.db, org).await?;
        users::renew_hash(&mut tx, user, old, &new).await?;
        tx.commit().await?;
    }
    let beginning = Beginning { org, user, way: Way::Password, device: device.map(|device| device.id) };
    begin(app, beginning, caller, now).await
}

/// Writes the login and gives its first tokens.
pub(super) async fn begin(
    app: &App,
    Beginning { org, user, way, device }: Beginning,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<SignedIn, ApiError> {
    let (mut tx, login) = (TenantTx::open(&app.db, org).await?, Uuid::now_v7());
    // Who revokes it at this moment ends its logins, and must not miss this one.
    if let Some(device) = device {
        lock_at_work(&mut tx, device).await?;
    }
    let agent = caller.agent.as_deref();
    store::insert(&mut tx, login, user, (device, agent), now).await?;
    let identity = load(&mut tx, UserId(user), login).await?;
    let detail = json!({ "login_id": login, "user_agent": agent, "by": way.as_str(), "device_id": device });
    audit::append(&mut tx, Some(identity.user_id), "login.started", detail, now).await?;
    tx.commit().await?;
    signed_in(app, &identity, 1, now)
}

/// The hash of today's cost for a password whose stored hash is of an older one. A password that could not be chosen today keeps its own.
async fn renewed(app: &App, stored: &str, password: &str) -> Option<String> {
    if !app.sign_in.passwords.is_outdated(stored) {
        return None;
    }
    app.sign_in.passwords.hash(password).await.ok()
}

/// Tells the organisation of a failed attempt on one of its people. There are as many as the throttle lets through. Whether the account
/// exists shows in nothing: for one that does not, the same statements but the last are made, and neither waits for the disk.
pub(super) async fn tell_failure(app: &App, org: OrgId, mut who: Value, caller: &Caller, now: DateTime<Utc>) {
    let address_hash =
        caller.address.map(|address| app.keys.mac("address in audit", &address.to_canonical().to_string()));
    if let Some(who) = who.as_object_mut() {
        who.insert("address_hash".into(), json!(address_hash));
        who.insert("user_agent".into(), json!(caller.agent));
    }
    let told = async {
        let mut tx = TenantTx::open(&app.db, org).await?;
        store::wait_for_no_disk(&mut tx).await?;
        audit::append_if_known(&mut tx, "login.failed", who, now).await?;
        tx.commit().await
    };
    if let Err(error) = told.await {
        tracing::warn!(error = %error, "a failed attempt was not told");
    }
}

/// The tokens of this generation.
pub(super) fn signed_in(
    app: &App,
    identity: &Identity,
    generation: i64,
    now: DateTime<Utc>,
) -> Result<SignedIn, ApiError> {
    let access_token =
        app.keys.issue_access(identity.user_id, identity.org_id, identity.login_id, now).map_err(ApiError::internal)?;
    let refresh_token = RefreshToken { login: identity.login_id, generation }.text(&app.keys);
    let user = Me::from(identity);
    Ok(SignedIn { access_token, token_type: "Bearer", expires_in: ACCESS_TTL.num_seconds(), refresh_token, user })
}

/// The user of a login that goes on.
pub(super) async fn load(tx: &mut TenantTx, user: UserId, login: Uuid) -> Result<Identity, ApiError> {
    Identity::load(tx, user, login).await?.ok_or_else(signed_out)
}

/// What a login that ended is answered.
pub(super) fn signed_out() -> ApiError {
    ApiError::new(Code::NotSignedIn, "This login has ended; sign in again.")
}
