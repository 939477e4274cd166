//! When somebody is not to be disturbed. PostgreSQL knows the time zones.

use chrono::{DateTime, NaiveTime, Utc};
use diesel::OptionalExtension as _;
use diesel::sql_types::{Bool, Text, Time, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::{FieldError, UserId};

use super::views::{QuietHours, time_of_day};
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = Time)]
    starts: NaiveTime,
    #[diesel(sql_type = Time)]
    ends: NaiveTime,
    #[diesel(sql_type = Text)]
    time_zone: String,
}

/// The end of the quiet hours that a user has `now`; none when they may be told.
///
/// # Errors
/// Those of the database.
pub async fn quiet_until(
    tx: &mut TenantTx,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, ApiError> {
    #[derive(diesel::QueryableByName)]
    struct Until {
        #[diesel(sql_type = Timestamptz)]
        until: DateTime<Utc>,
    }
    let row: Option<Until> = sql(include_str!("quiet_until.sql"))
        .bind::<SqlUuid, _>(tx.org().0)
        .bind::<SqlUuid, _>(user.0)
        .bind::<Timestamptz, _>(now)
        .get_result(tx.conn())
        .await
        .optional()?;
    Ok(row.map(|row| row.until))
}

pub(super) async fn find(tx: &mut TenantTx, user: UserId) -> Result<Option<QuietHours>, ApiError> {
    let row: Option<Row> = sql("SELECT starts, ends, time_zone FROM quiet_hours WHERE org_id = $1 AND user_id = $2")
        .bind::<SqlUuid, _>(tx.org().0)
        .bind::<SqlUuid, _>(user.0)
        .get_result(tx.conn())
        .await
        .optional()?;
    let text = |time: NaiveTime| time.format("%H:%M").to_string();
    Ok(row.map(|row| QuietHours { start: text(row.starts), end: text(row.ends), time_zone: row.time_zone }))
}

/// Keeps a user's quiet hours.
///
/// # Errors
/// 422 that names what is wrong.
pub(super) async fn put(
    tx: &mut TenantTx,
    user: UserId,
    hours: &QuietHours,
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    let (starts, ends) = read(hours, is_time_zone(tx, &hours.time_zone).await?)?;
    sql("INSERT INTO quiet_hours (org_id, user_id, starts, ends, time_zone, updated_at) SELECT $1, $2, $3, $4, $5, $6 \
         ON CONFLICT (org_id, user_id) DO UPDATE \
         SET starts = excluded.starts, ends = excluded.ends, time_zone = excluded.time_zone, updated_at = excluded.updated_at")
    .bind::<SqlUuid, _>(tx.org().0)
    .bind::<SqlUuid, _>(user.0)
    .bind::<Time, _>(starts)
    .bind::<Time, _>(ends)
    .bind::<Text, _>(&hours.time_zone)
    .bind::<Timestamptz, _>(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn remove(tx: &mut TenantTx, user: UserId) -> Result<(), ApiError> {
    sql("DELETE FROM quiet_hours WHERE org_id = $1 AND user_id = $2")
        .bind::<SqlUuid, _>(tx.org().0)
        .bind::<SqlUuid, _>(user.0)
        .execute(tx.conn())
        .await?;
    Ok(())
}

fn read(hours: &QuietHours, known_zone: bool) -> Result<(NaiveTime, NaiveTime), ApiError> {
    let mut faults = Vec::new();
    let mut time = |field: &str, text: &str| {
        let time = time_of_day(text);
        if time.is_none() {
            faults.push(FieldError::new(field, "TIME", format!("{field} is a time such as 22:00.")));
        }
        time
    };
    let times = (time("start", &hours.start), time("end", &hours.end));
    if !known_zone {
        faults.push(FieldError::new("time_zone", "UNKNOWN", "time_zone is a name such as Europe/Madrid."));
    }
    match times {
        (Some(start), Some(end)) if start == end => {
            Err(ApiError::invalid_field("end", "EMPTY", "Quiet hours that start as they end are none."))
        }
        (Some(start), Some(end)) if faults.is_empty() => Ok((start, end)),
        _ => Err(ApiError::invalid(faults)),
    }
}

/// Whether it is a place's name for a time zone: an offset or an abbreviation would forget about summer.
async fn is_time_zone(tx: &mut TenantTx, name: &str) -> Result<bool, ApiError> {
    #[derive(diesel::QueryableByName)]
    struct Known {
        #[diesel(sql_type = Bool)]
        known: bool,
    }
    let row: Known = sql("SELECT EXISTS (SELECT FROM pg_timezone_names WHERE name = $1) AS known")
        .bind::<Text, _>(name)
        .get_result(tx.conn())
        .await?;
    Ok(row.known)
}
