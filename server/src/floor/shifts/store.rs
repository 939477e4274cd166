//! Rows of shifts. Only [`end`] writes, for the operation that ends what nobody uses; everything else is the engine's.

use chrono::{DateTime, Utc};
use diesel::OptionalExtension as _;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::shift::{EndReason, Shift};
use floorline_domain::{DeviceId, LocationId, ShiftId, TeamId, UserId};
use uuid::Uuid;

use super::routes::ShiftFilter;
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

type Result<T> = std::result::Result<T, ApiError>;

/// A shift as it is stored.
#[derive(Debug, diesel::QueryableByName)]
pub(super) struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    user_id: Uuid,
    #[diesel(sql_type = Text)]
    pub(super) user_name: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    device_id: Option<Uuid>,
    #[diesel(sql_type = SqlUuid)]
    site_id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    location_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    team_id: Option<Uuid>,
    #[diesel(sql_type = Timestamptz)]
    started_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    last_activity_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    ended_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Text>)]
    end_reason: Option<String>,
    #[diesel(sql_type = BigInt)]
    pub(super) version: i64,
}

impl Row {
    /// The shift as the rules know it.
    pub(super) fn shift(&self) -> Shift {
        Shift {
            id: ShiftId(self.id),
            user_id: UserId(self.user_id),
            site_id: LocationId(self.site_id),
            location_id: self.location_id.map(LocationId),
            team_id: self.team_id.map(TeamId),
            device_id: self.device_id.map(DeviceId),
            started_at: self.started_at,
            last_active_at: self.last_activity_at,
            ended_at: self.ended_at,
            end_reason: self.end_reason.as_deref().and_then(|reason| reason.parse::<EndReason>().ok()),
        }
    }
}

/// The shift a worker has now.
pub(super) async fn active(tx: &mut TenantTx, user: UserId) -> Result<Option<Row>> {
    let org = tx.org().0;
    Ok(sql("SELECT s.*, u.name AS user_name FROM shifts s JOIN users u ON u.org_id = s.org_id AND u.id = s.user_id \
            WHERE s.org_id = $1 AND s.user_id = $2 AND s.ended_at IS NULL")
    .bind::<SqlUuid, _>(org)
    .bind::<SqlUuid, _>(user.0)
    .get_result(tx.conn())
    .await
    .optional()?)
}

/// Any shift.
pub(super) async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<Row>> {
    let org = tx.org().0;
    Ok(sql("SELECT s.*, u.name AS user_name FROM shifts s JOIN users u ON u.org_id = s.org_id AND u.id = s.user_id \
            WHERE s.org_id = $1 AND s.id = $2")
    .bind::<SqlUuid, _>(org)
    .bind::<SqlUuid, _>(id)
    .get_result(tx.conn())
    .await
    .optional()?)
}

/// A shift that lasts, locked.
pub(super) async fn lock_active(tx: &mut TenantTx, id: ShiftId) -> Result<Option<Row>> {
    let org = tx.org().0;
    Ok(sql("SELECT s.*, u.name AS user_name FROM shifts s JOIN users u ON u.org_id = s.org_id AND u.id = s.user_id \
            WHERE s.org_id = $1 AND s.id = $2 AND s.ended_at IS NULL FOR NO KEY UPDATE OF s")
    .bind::<SqlUuid, _>(org)
    .bind::<SqlUuid, _>(id.0)
    .get_result(tx.conn())
    .await
    .optional()?)
}

/// Ends a shift under lock.
pub(super) async fn end(tx: &mut TenantTx, id: ShiftId, reason: EndReason, at: DateTime<Utc>) -> Result<()> {
    let org = tx.org().0;
    sql("UPDATE shifts SET end_reason = $1, ended_at = $2, version = version + 1 WHERE org_id = $3 AND id = $4")
        .bind::<Text, _>(reason.as_str())
        .bind::<Timestamptz, _>(at)
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(id.0)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// A page of shifts, the latest first.
pub(super) async fn list(
    tx: &mut TenantTx,
    filter: &ShiftFilter,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Row>> {
    let org = tx.org().0;
    Ok(sql(include_str!("list.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<Nullable<SqlUuid>, _>(filter.user_id)
        .bind::<Nullable<SqlUuid>, _>(filter.site_id)
        .bind::<Nullable<SqlUuid>, _>(filter.location_id)
        .bind::<Nullable<Bool>, _>(filter.active)
        .bind::<Nullable<SqlUuid>, _>(before)
        .bind::<BigInt, _>(limit + 1)
        .load(tx.conn())
        .await?)
}
