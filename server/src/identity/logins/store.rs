//! Rows of `logins`.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{ExpressionMethods as _, HasQuery, OptionalExtension as _, QueryDsl as _};
use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
use floorline_domain::DeviceId;
use uuid::Uuid;

use crate::platform::db::schema::logins;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// How long a login lasts after it was last refreshed.
pub(super) const IDLE: TimeDelta = TimeDelta::days(30);

/// A session of use.
#[derive(Debug, HasQuery)]
#[diesel(table_name = logins)]
pub(super) struct LoginRow {
    pub(super) id: Uuid,
    pub(super) user_id: Uuid,
    /// The device whose key has to sign each refresh; none where the token alone is good.
    pub(super) device_id: Option<Uuid>,
    /// Of the newest refresh token given out.
    pub(super) generation: i64,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) ended_at: Option<DateTime<Utc>>,
}

/// Lets this transaction's commit answer before it is on the disk: for what may be lost in a crash, and must not take longer than nothing.
pub(super) async fn wait_for_no_disk(tx: &mut TenantTx) -> Result<(), ApiError> {
    Ok(tx.conn().batch_execute("SET LOCAL synchronous_commit = off").await?)
}

pub(super) async fn insert(
    tx: &mut TenantTx,
    id: Uuid,
    user: Uuid,
    (device, agent): (Option<DeviceId>, Option<&str>),
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    diesel::insert_into(logins::table)
        .values((
            logins::org_id.eq(tx.org().0),
            logins::id.eq(id),
            logins::user_id.eq(user),
            logins::device_id.eq(device.map(|device| device.0)),
            logins::user_agent.eq(agent),
            logins::created_at.eq(now),
            logins::refreshed_at.eq(now),
            logins::expires_at.eq(now + IDLE),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(super) async fn find_for_update(tx: &mut TenantTx, id: Uuid) -> Result<Option<LoginRow>, ApiError> {
    let query = LoginRow::query().filter(logins::org_id.eq(tx.org().0)).filter(logins::id.eq(id)).for_update();
    Ok(query.first(tx.conn()).await.optional()?)
}

/// A refresh: the next generation is given out.
pub(super) async fn move_on(tx: &mut TenantTx, id: Uuid, generation: i64, now: DateTime<Utc>) -> Result<(), ApiError> {
    diesel::update(logins::table.find((tx.org().0, id)))
        .set((logins::generation.eq(generation), logins::refreshed_at.eq(now), logins::expires_at.eq(now + IDLE)))
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(super) async fn end(tx: &mut TenantTx, id: Uuid, now: DateTime<Utc>) -> Result<(), ApiError> {
    let open = logins::table.find((tx.org().0, id)).filter(logins::ended_at.is_null());
    diesel::update(open).set(logins::ended_at.eq(now)).execute(tx.conn()).await?;
    Ok(())
}
