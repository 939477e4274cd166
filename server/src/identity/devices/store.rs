//! Rows of `devices` and `enrolments`.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{ExpressionMethods as _, HasQuery, OptionalExtension as _, QueryDsl as _};
use diesel_async::RunQueryDsl as _;
use floorline_domain::{DeviceId, LocationId, OrgId, UserId};
use serde_json::Value;
use uuid::Uuid;

use crate::platform::db::schema::{devices, enrolments, locations, logins};
use crate::platform::http::{ApiError, Code};
use crate::platform::tenancy::TenantTx;

/// How long an enrolment code is good for.
const CODE_TTL: TimeDelta = TimeDelta::minutes(10);

/// Where a device stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceState {
    /// It waits for an administrator.
    Pending,
    /// It may work.
    Active,
    /// It was shut out then.
    Revoked(DateTime<Utc>),
}

/// A device that proved itself.
#[derive(Clone, Debug)]
pub struct Device {
    /// Whose it is.
    pub org: OrgId,
    /// Its id.
    pub id: DeviceId,
    /// What people call it.
    pub name: String,
    /// Where it works.
    pub site: LocationId,
    /// Where it stands.
    pub state: DeviceState,
    /// Who let it in; stands for it when nobody is signed in on it any more.
    pub enrolled_by: UserId,
}

/// A device.
#[derive(Debug, HasQuery)]
#[diesel(table_name = devices)]
pub(super) struct DeviceRow {
    pub(super) id: Uuid,
    pub(super) site_id: Uuid,
    pub(super) name: String,
    pub(super) platform: String,
    pub(super) app_version: String,
    pub(super) public_key: Value,
    pub(super) state: String,
    pub(super) digits: String,
    pub(super) enrolled_by: Uuid,
    pub(super) approved_by: Option<Uuid>,
    pub(super) approved_at: Option<DateTime<Utc>>,
    pub(super) revoked_by: Option<Uuid>,
    pub(super) revoked_at: Option<DateTime<Utc>>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) version: i64,
}

/// A one-time code that was given out.
#[derive(Debug, HasQuery)]
#[diesel(table_name = enrolments)]
pub(super) struct EnrolmentRow {
    pub(super) id: Uuid,
    pub(super) site_id: Uuid,
    pub(super) name: String,
    pub(super) created_by: Uuid,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) device_id: Option<Uuid>,
}

/// Which devices a list shows.
pub(super) struct Wanted<'a> {
    pub(super) after: Option<Uuid>,
    pub(super) state: Option<&'a str>,
    pub(super) site_id: Option<Uuid>,
    pub(super) limit: i64,
}

impl Device {
    /// From its row.
    ///
    /// # Errors
    /// 500 for a state the database does not allow.
    pub(super) fn of(org: OrgId, row: &DeviceRow) -> Result<Self, ApiError> {
        let state = match (row.state.as_str(), row.revoked_at) {
            ("pending", _) => DeviceState::Pending,
            ("active", _) => DeviceState::Active,
            ("revoked", Some(at)) => DeviceState::Revoked(at),
            (other, _) => return Err(ApiError::internal(anyhow::anyhow!("a device is {other}"))),
        };
        Ok(Self {
            org,
            id: DeviceId(row.id),
            name: row.name.clone(),
            site: LocationId(row.site_id),
            state,
            enrolled_by: UserId(row.enrolled_by),
        })
    }
}

impl Device {
    /// Itself, if it may work.
    ///
    /// # Errors
    /// 403 while nobody confirmed it, and after it was revoked.
    pub(in super::super) fn at_work(self) -> Result<Self, ApiError> {
        match self.state {
            DeviceState::Active => Ok(self),
            DeviceState::Pending => Err(pending()),
            DeviceState::Revoked(_) => Err(revoked()),
        }
    }
}

/// Nobody confirmed it yet.
pub(super) fn pending() -> ApiError {
    ApiError::new(Code::DevicePending, "An administrator has to confirm the device first.")
}

/// It was shut out.
pub(super) fn revoked() -> ApiError {
    ApiError::new(Code::DeviceRevoked, "This device was blocked.")
}

/// Whether it is a site of the organisation where work goes on.
pub(super) async fn is_site(tx: &mut TenantTx, id: Uuid) -> Result<bool, ApiError> {
    let sites = locations::table
        .filter(locations::org_id.eq(tx.org().0))
        .filter(locations::id.eq(id))
        .filter(locations::kind.eq("site"))
        .filter(locations::active)
        .count();
    Ok(sites.get_result::<i64>(tx.conn()).await? == 1)
}

pub(super) async fn insert_enrolment(
    tx: &mut TenantTx,
    id: Uuid,
    (site_id, name, code_hash): (Uuid, &str, &[u8]),
    by: UserId,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, ApiError> {
    let expires_at = now + CODE_TTL;
    diesel::insert_into(enrolments::table)
        .values((
            enrolments::org_id.eq(tx.org().0),
            enrolments::id.eq(id),
            enrolments::site_id.eq(site_id),
            enrolments::name.eq(name),
            enrolments::code_hash.eq(code_hash),
            enrolments::created_by.eq(by.0),
            enrolments::created_at.eq(now),
            enrolments::expires_at.eq(expires_at),
        ))
        .execute(tx.conn())
        .await?;
    Ok(expires_at)
}

/// Locked: one claim at a time.
pub(super) async fn find_enrolment(tx: &mut TenantTx, id: Uuid) -> Result<EnrolmentRow, ApiError> {
    let query =
        EnrolmentRow::query().filter(enrolments::org_id.eq(tx.org().0)).filter(enrolments::id.eq(id)).for_update();
    query.first(tx.conn()).await.optional()?.ok_or_else(|| ApiError::not_found("enrolment"))
}

pub(super) async fn claim_enrolment(tx: &mut TenantTx, id: Uuid, device: Uuid) -> Result<(), ApiError> {
    diesel::update(enrolments::table.find((tx.org().0, id)))
        .set(enrolments::device_id.eq(device))
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(super) async fn insert(tx: &mut TenantTx, row: &DeviceRow) -> Result<(), ApiError> {
    diesel::insert_into(devices::table)
        .values((
            devices::org_id.eq(tx.org().0),
            devices::id.eq(row.id),
            devices::site_id.eq(row.site_id),
            devices::name.eq(&row.name),
            devices::platform.eq(&row.platform),
            devices::app_version.eq(&row.app_version),
            devices::public_key.eq(&row.public_key),
            devices::state.eq(&row.state),
            devices::digits.eq(&row.digits),
            devices::enrolled_by.eq(row.enrolled_by),
            devices::created_at.eq(row.created_at),
            devices::updated_at.eq(row.updated_at),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(super) async fn page(tx: &mut TenantTx, wanted: &Wanted<'_>) -> Result<Vec<DeviceRow>, ApiError> {
    let mut query = DeviceRow::query()
        .filter(devices::org_id.eq(tx.org().0))
        .filter(devices::id.gt(wanted.after.unwrap_or(Uuid::nil())))
        .order(devices::id)
        .limit(wanted.limit)
        .into_boxed();
    if let Some(state) = wanted.state {
        query = query.filter(devices::state.eq(state.to_owned()));
    }
    if let Some(site) = wanted.site_id {
        query = query.filter(devices::site_id.eq(site));
    }
    Ok(query.load(tx.conn()).await?)
}

pub(super) async fn find(tx: &mut TenantTx, id: Uuid) -> Result<DeviceRow, ApiError> {
    let query = DeviceRow::query().filter(devices::org_id.eq(tx.org().0)).filter(devices::id.eq(id));
    query.first(tx.conn()).await.optional()?.ok_or_else(|| ApiError::not_found("device"))
}

/// Locked against a stream that is opened for it at the same moment.
pub(super) async fn find_for_update(tx: &mut TenantTx, id: Uuid) -> Result<DeviceRow, ApiError> {
    let query = DeviceRow::query().filter(devices::org_id.eq(tx.org().0)).filter(devices::id.eq(id)).for_update();
    query.first(tx.conn()).await.optional()?.ok_or_else(|| ApiError::not_found("device"))
}

/// The device as it is until this transaction ends, if it may work.
pub(in super::super) async fn lock_at_work(tx: &mut TenantTx, id: DeviceId) -> Result<Device, ApiError> {
    let row = find_for_update(tx, id.0).await?;
    Device::of(tx.org(), &row)?.at_work()
}

/// Ends every login that is refreshed by this device's key.
pub(super) async fn end_logins(tx: &mut TenantTx, id: Uuid, now: DateTime<Utc>) -> Result<(), ApiError> {
    let open = logins::table
        .filter(logins::org_id.eq(tx.org().0))
        .filter(logins::device_id.eq(id))
        .filter(logins::ended_at.is_null());
    diesel::update(open).set(logins::ended_at.eq(now)).execute(tx.conn()).await?;
    Ok(())
}

/// Locks a device, whatever its state.
///
/// # Errors
/// 404 for one that does not exist.
pub(in super::super) async fn lock(tx: &mut TenantTx, id: Uuid) -> Result<(), ApiError> {
    find_for_update(tx, id).await.map(drop)
}

/// Locks a device that may work.
///
/// # Errors
/// 404 for one that does not exist, 403 for one that waits or was shut out.
pub(in super::super) async fn lock_active(tx: &mut TenantTx, id: Uuid) -> Result<(), ApiError> {
    match find_for_update(tx, id).await?.state.as_str() {
        "active" => Ok(()),
        "pending" => Err(ApiError::new(Code::DevicePending, "An administrator has to confirm the device first.")),
        _ => Err(ApiError::new(Code::DeviceRevoked, "This device was blocked.")),
    }
}

/// Everything that can change, as it is now.
pub(super) async fn update(tx: &mut TenantTx, row: &DeviceRow) -> Result<(), ApiError> {
    diesel::update(devices::table.find((tx.org().0, row.id)))
        .set((
            devices::site_id.eq(row.site_id),
            devices::name.eq(&row.name),
            devices::state.eq(&row.state),
            devices::approved_by.eq(row.approved_by),
            devices::approved_at.eq(row.approved_at),
            devices::revoked_by.eq(row.revoked_by),
            devices::revoked_at.eq(row.revoked_at),
            devices::updated_at.eq(row.updated_at),
            devices::version.eq(row.version),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}
