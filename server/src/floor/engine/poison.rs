//! Counts how often an entry brought its batch down, in a transaction of its own.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_types::{BigInt, Integer, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::{OrgId, StreamId};

use crate::platform::db::{Db, sql};
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// One attempt more: how many there were, and how long ago the first was.
pub(super) async fn count(
    db: &Db,
    org: OrgId,
    stream: StreamId,
    seq: i64,
    now: DateTime<Utc>,
) -> Result<(i32, TimeDelta), ApiError> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Integer)]
        n: i32,
        #[diesel(sql_type = Timestamptz)]
        first_at: DateTime<Utc>,
    }
    let mut tx = TenantTx::open(db, org).await?;
    let row: Row = sql("INSERT INTO sync_attempts (stream_id, seq, n, first_at) VALUES ($1, $2, 1, $3) \
         ON CONFLICT (stream_id, seq) DO UPDATE SET n = sync_attempts.n + 1 RETURNING n, first_at")
    .bind::<SqlUuid, _>(stream.0)
    .bind::<BigInt, _>(seq)
    .bind::<Timestamptz, _>(now)
    .get_result(tx.conn())
    .await?;
    tx.commit().await?;
    Ok((row.n, now - row.first_at))
}
