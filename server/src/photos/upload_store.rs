//! Rows of uploads, and what an organisation takes.

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, SelectableHelper as _};
use diesel_async::RunQueryDsl as _;
use floorline_domain::UserId;
use uuid::Uuid;

use super::let_go::Leaving;
use crate::platform::config::Limits;
use crate::platform::db::schema::{photos, uploads};
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

type Result<T> = std::result::Result<T, ApiError>;

/// An organisation's own limit is at most this many times the server's.
const OWN_LIMIT_TIMES: u64 = 5;

/// An upload under way, or just ended.
#[derive(Debug, Clone, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = uploads, check_for_backend(diesel::pg::Pg))]
pub(super) struct Upload {
    pub(super) org_id: Uuid,
    pub(super) id: Uuid,
    pub(super) user_id: Uuid,
    pub(super) length: i64,
    pub(super) received: i64,
    pub(super) sha256: String,
    pub(super) mime: String,
    pub(super) metadata: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
    /// The objects that hold what was received, in order.
    pub(super) parts: Vec<String>,
    /// The photo it became.
    pub(super) photo_id: Option<Uuid>,
}

/// The largest photo, in bytes, that the organisation takes: the server's limit unless its setting `photo_bytes` says otherwise, and
/// never more than five times the server's.
pub(super) async fn largest_photo(tx: &mut TenantTx, limits: &Limits) -> Result<u64> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<Text>)]
        own: Option<String>,
    }
    let org = tx.org().0;
    let row: Option<Row> = sql("SELECT settings ->> 'photo_bytes' AS own FROM organizations WHERE id = $1")
        .bind::<SqlUuid, _>(org)
        .get_result(tx.conn())
        .await
        .optional()?;
    let own = row.and_then(|row| row.own).and_then(|text| text.parse::<u64>().ok());
    Ok(own.map_or(limits.photo_bytes, |own| own.min(largest_ever(limits))))
}

/// The most that any organisation of this server can take.
pub(super) fn largest_ever(limits: &Limits) -> u64 {
    limits.photo_bytes.saturating_mul(OWN_LIMIT_TIMES)
}

pub(super) async fn insert(tx: &mut TenantTx, upload: &Upload) -> Result<()> {
    diesel::insert_into(uploads::table).values(upload).execute(tx.conn()).await?;
    Ok(())
}

/// The user's own upload; another's is not there for them.
pub(super) async fn find(tx: &mut TenantTx, id: Uuid, user: UserId) -> Result<Option<Upload>> {
    let org = tx.org().0;
    Ok(uploads::table
        .find((org, id))
        .filter(uploads::user_id.eq(user.0))
        .select(Upload::as_select())
        .first(tx.conn())
        .await
        .optional()?)
}

/// How many uploads of the user are not finished.
pub(super) async fn count_open(tx: &mut TenantTx, user: UserId, now: DateTime<Utc>) -> Result<i64> {
    let org = tx.org().0;
    Ok(uploads::table
        .filter(uploads::org_id.eq(org))
        .filter(uploads::user_id.eq(user.0))
        .filter(uploads::photo_id.is_null())
        .filter(uploads::expires_at.gt(now))
        .count()
        .get_result(tx.conn())
        .await?)
}

/// Notes parts that are stored. False when the upload does not stand where they belong.
pub(super) async fn append(
    tx: &mut TenantTx,
    upload: &Upload,
    bytes: i64,
    parts: &[String],
    expires_at: DateTime<Utc>,
) -> Result<bool> {
    let moved = sql("UPDATE uploads SET received = received + $1, parts = parts || $2, expires_at = $3 \
         WHERE org_id = $4 AND id = $5 AND received = $6 AND photo_id IS NULL")
    .bind::<BigInt, _>(bytes)
    .bind::<Array<Text>, _>(parts)
    .bind::<Timestamptz, _>(expires_at)
    .bind::<SqlUuid, _>(upload.org_id)
    .bind::<SqlUuid, _>(upload.id)
    .bind::<BigInt, _>(upload.received)
    .execute(tx.conn())
    .await?;
    Ok(moved == 1)
}

/// Notes what the upload became. False when it does not stand where it did.
pub(super) async fn finish(tx: &mut TenantTx, upload: &Upload, photo: Uuid, expires_at: DateTime<Utc>) -> Result<bool> {
    let done = sql("UPDATE uploads SET received = length, parts = '{}', photo_id = $1, expires_at = $2 \
         WHERE org_id = $3 AND id = $4 AND received = $5 AND photo_id IS NULL")
    .bind::<SqlUuid, _>(photo)
    .bind::<Timestamptz, _>(expires_at)
    .bind::<SqlUuid, _>(upload.org_id)
    .bind::<SqlUuid, _>(upload.id)
    .bind::<BigInt, _>(upload.received)
    .execute(tx.conn())
    .await?;
    Ok(done == 1)
}

/// Ends the upload's time; none when it is gone already.
pub(super) async fn expire(tx: &mut TenantTx, id: Uuid, now: DateTime<Utc>) -> Result<Option<Leaving>> {
    let org = tx.org().0;
    Ok(sql("UPDATE uploads SET expires_at = $1 WHERE org_id = $2 AND id = $3 RETURNING org_id, id, sha256, expires_at")
        .bind::<Timestamptz, _>(now)
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(id)
        .get_result(tx.conn())
        .await
        .optional()?)
}

/// The photo with these bytes.
pub(super) async fn photo_of(tx: &mut TenantTx, sha256: &str, size: i64) -> Result<Option<Uuid>> {
    let org = tx.org().0;
    Ok(photos::table
        .filter(photos::org_id.eq(org))
        .filter(photos::sha256.eq(sha256))
        .filter(photos::size.eq(size))
        .select(photos::id)
        .first(tx.conn())
        .await
        .optional()?)
}
