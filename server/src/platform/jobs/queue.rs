//! The rows of the queue. Leases are measured by the database's clock alone.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Double, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use floorline_domain::OrgId;
use serde_json::Value;
use uuid::Uuid;

use super::{Job, NewJob};
use crate::platform::db::{Connection, sql};
use crate::platform::http::ApiError;
use crate::platform::telemetry::TraceParent;
use crate::platform::tenancy::TenantTx;

/// Another runner has the job: this one took too long, or was thought dead.
#[derive(Debug, thiserror::Error)]
#[error("the lease of job {0} was lost to another runner")]
pub struct LeaseLost(pub Uuid);

/// A job that is due, as the poller may see it.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub(super) struct Due {
    #[diesel(sql_type = SqlUuid)]
    pub(super) org_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub(super) id: Uuid,
}

#[derive(QueryableByName)]
struct Leased {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Jsonb)]
    payload: Value,
    #[diesel(sql_type = Integer)]
    attempts: i32,
    #[diesel(sql_type = Integer)]
    max_attempts: i32,
    #[diesel(sql_type = Nullable<Text>)]
    traceparent: Option<String>,
}

/// Writes jobs into the transaction of the change they follow from. Call `Wake::now` after its commit.
///
/// # Errors
/// Those of the database.
pub async fn enqueue(tx: &mut TenantTx, jobs: &[NewJob]) -> Result<(), ApiError> {
    let org = tx.org().0;
    sql("INSERT INTO jobs (org_id, created_at, traceparent, id, kind, payload, run_at) \
         SELECT $1, now(), $2, * FROM unnest($3, $4, $5, $6)")
    .bind::<SqlUuid, _>(org)
    .bind::<Nullable<Text>, _>(TraceParent::here().map(|here| here.to_string()))
    .bind::<Array<SqlUuid>, _>(jobs.iter().map(|job| job.id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(jobs.iter().map(|job| job.kind).collect::<Vec<_>>())
    .bind::<Array<Jsonb>, _>(jobs.iter().map(|job| job.payload.clone()).collect::<Vec<_>>())
    .bind::<Array<Timestamptz>, _>(jobs.iter().map(|job| job.run_at).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Notes that a job is done, in the transaction of its effect.
///
/// # Errors
/// [`LeaseLost`], on which the caller must not commit; or those of the database.
pub async fn finish(tx: &mut TenantTx, job: &Job) -> Result<(), anyhow::Error> {
    let done = sql(
        "UPDATE jobs SET state = 'done', finished_at = now(), leased_by = NULL, leased_until = NULL, last_error = NULL \
         WHERE org_id = $1 AND id = $2 AND attempts = $3 AND state = 'running'",
    )
    .bind::<SqlUuid, _>(tx.org().0)
    .bind::<SqlUuid, _>(job.id)
    .bind::<Integer, _>(job.attempt)
    .execute(tx.conn())
    .await?;
    if done == 1 { Ok(()) } else { Err(LeaseLost(job.id).into()) }
}

/// The jobs that wait longest, of all organisations; `conn` is the poller's.
pub(super) async fn due(conn: &mut Connection, limit: i64) -> diesel::QueryResult<Vec<Due>> {
    sql("SELECT org_id, id FROM jobs \
         WHERE state IN ('queued', 'running') AND run_at <= now() AND (state = 'queued' OR leased_until < now()) \
         ORDER BY run_at LIMIT $1")
    .bind::<BigInt, _>(limit)
    .load(conn)
    .await
}

/// Takes those of `ids` that nobody else has taken meanwhile, each with the `traceparent` it was written with.
pub(super) async fn lease(
    tx: &mut TenantTx,
    ids: Vec<Uuid>,
    worker: &str,
    lease: Duration,
) -> Result<Vec<(Job, Option<String>)>, ApiError> {
    let org = tx.org();
    let leased: Vec<Leased> = sql(include_str!("lease.sql"))
        .bind::<SqlUuid, _>(org.0)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Text, _>(worker)
        .bind::<Double, _>(lease.as_secs_f64())
        .load(tx.conn())
        .await?;
    Ok(leased.into_iter().map(|row| row.into_job(org)).collect())
}

/// Keeps a job that runs longer than its lease.
pub(super) async fn renew(tx: &mut TenantTx, job: &Job, lease: Duration) -> Result<bool, ApiError> {
    let kept = sql("UPDATE jobs SET leased_until = now() + make_interval(secs => $1) \
         WHERE org_id = $2 AND id = $3 AND attempts = $4 AND state = 'running'")
    .bind::<Double, _>(lease.as_secs_f64())
    .bind::<SqlUuid, _>(tx.org().0)
    .bind::<SqlUuid, _>(job.id)
    .bind::<Integer, _>(job.attempt)
    .execute(tx.conn())
    .await?;
    Ok(kept == 1)
}

/// Notes a failed run: the job waits for `pause`, or is dead when there is none.
pub(super) async fn fail(tx: &mut TenantTx, job: &Job, error: &str, pause: Option<Duration>) -> Result<(), ApiError> {
    sql(include_str!("fail.sql"))
        .bind::<SqlUuid, _>(tx.org().0)
        .bind::<SqlUuid, _>(job.id)
        .bind::<Integer, _>(job.attempt)
        .bind::<Text, _>(error)
        .bind::<Nullable<Double>, _>(pause.map(|pause| pause.as_secs_f64()))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Gives a job back that was not run to its end because the server stops. The run does not count.
pub(super) async fn give_back(tx: &mut TenantTx, job: &Job) -> Result<(), ApiError> {
    sql("UPDATE jobs SET state = 'queued', attempts = attempts - 1, leased_by = NULL, leased_until = NULL \
         WHERE org_id = $1 AND id = $2 AND attempts = $3 AND state = 'running'")
    .bind::<SqlUuid, _>(tx.org().0)
    .bind::<SqlUuid, _>(job.id)
    .bind::<Integer, _>(job.attempt)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Removes the rows of jobs done a week ago; dead ones stay. `conn` is the owner's.
pub(super) async fn forget_done(conn: &mut Connection) -> diesel::QueryResult<usize> {
    sql("DELETE FROM jobs WHERE state = 'done' AND finished_at < now() - interval '7 days'").execute(conn).await
}

impl Leased {
    fn into_job(self, org: OrgId) -> (Job, Option<String>) {
        let Self { id, kind, payload, attempts, max_attempts, traceparent } = self;
        (Job { org, id, kind, payload, attempt: attempts, max_attempts }, traceparent)
    }
}
