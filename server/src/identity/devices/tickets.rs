//! Tickets: what opens a socket, since an address carries no token. Good for thirty seconds and for one `hello`.

use actix_web::{FromRequest as _, HttpRequest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _};
use diesel_async::RunQueryDsl as _;
use floorline_domain::permission::Permission;
use floorline_domain::{DeviceId, OrgId, UserId};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::proof::DeviceProof;
use super::store::{self, DeviceState};
use crate::app::App;
use crate::identity::lookup;
use crate::platform::db::Db;
use crate::platform::db::schema::tickets;
use crate::platform::http::{ApiError, Code};
use crate::platform::tenancy::{Identity, TenantTx};

/// Seconds a ticket is good for.
pub(super) const TTL_S: i64 = 30;
/// A revoked device may hand in what it holds for this long.
const QUARANTINE: TimeDelta = TimeDelta::days(7);

/// Whom a ticket, or a request's own headers, let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Their organisation.
    pub org: OrgId,
    /// The signed-in user; for a revoked device who enrolled it.
    pub user: UserId,
    /// The login. None for a revoked device: it came by its proof alone and may only hand in what it holds.
    pub login: Option<Uuid>,
    /// The device that proved itself. None for a session that only reads.
    pub device: Option<DeviceId>,
}

/// Who asks with a device's proof: its signed-in user, or, within a week of its revocation, the device alone.
///
/// # Errors
/// 401 without a sound proof or a login, 403 for a device that waits, was revoked long ago, or whose user may not connect.
pub async fn device_session(
    app: &App,
    request: &HttpRequest,
    id: DeviceId,
    now: DateTime<Utc>,
) -> Result<Session, ApiError> {
    let device = DeviceProof::extract(request).await?.device(app, id).await?;
    match device.state {
        DeviceState::Pending => Err(store::pending()),
        DeviceState::Revoked(at) if now - at < QUARANTINE => {
            Ok(Session { org: device.org, user: device.enrolled_by, login: None, device: Some(id) })
        }
        DeviceState::Revoked(_) => Err(store::revoked()),
        DeviceState::Active => {
            let session = user_session(request).await?;
            if session.org != device.org {
                return Err(ApiError::new(Code::BadDeviceProof, "The device belongs to another organisation."));
            }
            Ok(Session { device: Some(id), ..session })
        }
    }
}

/// Who asks without a device; they may read.
pub(super) async fn user_session(request: &HttpRequest) -> Result<Session, ApiError> {
    let by = Identity::extract(request).await?;
    by.require(Permission::SyncConnect)?;
    Ok(Session { org: by.org_id, user: by.user_id, login: Some(by.login_id), device: None })
}

/// Writes a ticket for `session` and gives its text, which is kept nowhere.
pub(super) async fn issue(db: &Db, session: Session, now: DateTime<Utc>) -> Result<String, ApiError> {
    let ticket = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>());
    let mut tx = TenantTx::open(db, session.org).await?;
    let org = session.org.0;
    // Old ones go as new ones come.
    let stale =
        tickets::table.filter(tickets::org_id.eq(org)).filter(tickets::expires_at.lt(now - TimeDelta::hours(1)));
    diesel::delete(stale).execute(tx.conn()).await?;
    diesel::insert_into(tickets::table)
        .values((
            tickets::org_id.eq(org),
            tickets::id.eq(Uuid::now_v7()),
            tickets::ticket_hash.eq(hash(&ticket)),
            tickets::user_id.eq(session.user.0),
            tickets::login_id.eq(session.login),
            tickets::device_id.eq(session.device.map(|device| device.0)),
            tickets::expires_at.eq(now + TimeDelta::seconds(TTL_S)),
        ))
        .execute(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(ticket)
}

/// Uses a ticket up. None when it is unknown, used or late. Whether its device and its login are still good is asked by whoever lets them in.
///
/// # Errors
/// Those of the database.
pub async fn redeem_ticket(db: &Db, ticket: &str, now: DateTime<Utc>) -> Result<Option<Session>, ApiError> {
    let Some((org, id)) = lookup::ticket(db, &hash(ticket)).await? else { return Ok(None) };
    let mut tx = TenantTx::open(db, org).await?;
    let good = tickets::table.find((org.0, id)).filter(tickets::used_at.is_null()).filter(tickets::expires_at.gt(now));
    let used: Option<(Uuid, Option<Uuid>, Option<Uuid>)> = diesel::update(good)
        .set(tickets::used_at.eq(now))
        .returning((tickets::user_id, tickets::login_id, tickets::device_id))
        .get_result(tx.conn())
        .await
        .optional()?;
    tx.commit().await?;
    Ok(used.map(|(user, login, device)| Session { org, user: UserId(user), login, device: device.map(DeviceId) }))
}

fn hash(ticket: &str) -> Vec<u8> {
    Sha256::digest(ticket.as_bytes()).to_vec()
}
