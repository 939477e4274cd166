//! Brings a ledger to the database: events and jobs, then the heads, then feed rows, receipts and watermarks together with COMMIT.

use diesel::result::QueryResult;
use diesel::sql_types::{Array, BigInt, Binary, Date, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use floorline_domain::OrgId;
use uuid::Uuid;

use crate::floor::engine::core::{Head, Ledger, Receipt, Watermark};
use crate::identity::{audit, push};
use crate::platform::db::{Statement, execute_all, sql, together};
use crate::platform::http::ApiError;
use crate::platform::telemetry::TraceParent;
use crate::platform::tenancy::TenantTx;

impl Ledger {
    /// Writes the events recorded so far, so that an operation on very many items need not keep them all until its end.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn flush_events(&mut self, tx: &mut TenantTx) -> Result<(), ApiError> {
        execute_all(tx.pipe(), insert_events(self)).await?;
        self.forget_events();
        Ok(())
    }
}

/// Writes events and jobs, then moves and reads the heads. Nothing that needs a lock may follow but [`finish`].
pub(in crate::floor::engine) async fn events(tx: &mut TenantTx, ledger: &Ledger) -> Result<Vec<Head>, ApiError> {
    write_and_move_heads(tx, Vec::new(), ledger).await
}

/// Executes `rows`, writes events and jobs, then moves and reads the heads, all in one round trip.
pub(super) async fn write_and_move_heads(
    tx: &mut TenantTx,
    rows: Vec<Statement<'_>>,
    ledger: &Ledger,
) -> Result<Vec<Head>, ApiError> {
    let written = rows.into_iter().chain(insert_events(ledger)).chain(insert_jobs(ledger));
    let written = written.chain(insert_notices(ledger)?);
    let ((), heads) = together(execute_all(tx.pipe(), written), move_heads(tx.pipe(), ledger)).await?;
    Ok(heads)
}

fn insert_events(ledger: &Ledger) -> Option<Statement<'_>> {
    let rows = ledger.events();
    if rows.is_empty() {
        return None;
    }
    let statement = sql(include_str!("insert_events.sql"))
        .bind::<SqlUuid, _>(ledger.org().0)
        .bind::<Timestamptz, _>(ledger.now())
        .bind::<Array<Text>, _>(rows.iter().map(|row| row.subject.kind).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(rows.iter().map(|row| row.subject.id).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.version).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(rows.iter().map(|row| row.cause.stream_id.0).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.cause.seq).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(rows.iter().map(|row| row.ordinal).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(rows.iter().map(|row| row.kind).collect::<Vec<_>>())
        .bind::<Array<Jsonb>, _>(rows.iter().map(|row| &row.body).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(rows.iter().map(|row| row.cause.actor.id.0).collect::<Vec<_>>())
        .bind::<Array<Timestamptz>, _>(rows.iter().map(|row| row.cause.occurred_at).collect::<Vec<_>>())
        .bind::<Array<Nullable<BigInt>>, _>(rows.iter().map(|row| row.cause.uncertainty_ms).collect::<Vec<_>>());
    Some(statement)
}

fn insert_jobs(ledger: &Ledger) -> Option<Statement<'_>> {
    if ledger.jobs().is_empty() {
        return None;
    }
    let statement = sql(include_str!("insert_jobs.sql"))
        .bind::<SqlUuid, _>(ledger.org().0)
        .bind::<Timestamptz, _>(ledger.now())
        .bind::<Nullable<Text>, _>(TraceParent::here().map(|here| here.to_string()))
        .bind::<Array<SqlUuid>, _>(ledger.jobs().iter().map(|_| Uuid::now_v7()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(ledger.jobs().iter().map(|job| job.kind).collect::<Vec<_>>())
        .bind::<Array<Jsonb>, _>(ledger.jobs().iter().map(|job| &job.payload).collect::<Vec<_>>())
        .bind::<Array<Timestamptz>, _>(ledger.jobs().iter().map(|job| job.run_at).collect::<Vec<_>>());
    Some(statement)
}

/// A job for each notice, but for people who are reached nowhere.
fn insert_notices(ledger: &Ledger) -> Result<Option<Statement<'_>>, ApiError> {
    let notices = ledger.notices();
    if notices.len() == 0 {
        return Ok(None);
    }
    let (mut ids, mut users, mut payloads) = (Vec::new(), Vec::new(), Vec::new());
    for notice in notices {
        ids.push(Uuid::now_v7());
        users.push(notice.user_id.0);
        payloads.push(serde_json::to_value(notice).map_err(ApiError::internal)?);
    }
    let statement = sql(include_str!("insert_notices.sql"))
        .bind::<SqlUuid, _>(ledger.org().0)
        .bind::<Timestamptz, _>(ledger.now())
        .bind::<Nullable<Text>, _>(TraceParent::here().map(|here| here.to_string()))
        .bind::<Text, _>(push::TELL)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Array<SqlUuid>, _>(users)
        .bind::<Array<Jsonb>, _>(payloads);
    Ok(Some(statement))
}

async fn move_heads(mut conn: &AsyncPgConnection, ledger: &Ledger) -> QueryResult<Vec<Head>> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        id: String,
        #[diesel(sql_type = BigInt)]
        head: i64,
        #[diesel(sql_type = Text)]
        epoch: String,
    }
    let moves: Vec<_> = ledger.moves().collect();
    if moves.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> = sql(include_str!("move_heads.sql"))
        .bind::<SqlUuid, _>(ledger.org().0)
        .bind::<Array<Text>, _>(moves.iter().map(|topic| topic.name).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(moves.iter().map(|topic| topic.reader.0).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(moves.iter().map(|_| Uuid::new_v4().simple().to_string()).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(moves.iter().map(|topic| topic.rows).collect::<Vec<_>>())
        .load(&mut conn)
        .await?;
    Ok(rows.into_iter().map(|row| Head { topic: row.id, head: row.head, epoch: row.epoch }).collect())
}

/// Ends streams for good.
pub(super) fn seal(org: OrgId, streams: &[Uuid]) -> Option<Statement<'_>> {
    let statement = || {
        sql("UPDATE sync_streams SET state = 'sealed' WHERE org_id = $1 AND id = ANY ($2)")
            .bind::<SqlUuid, _>(org.0)
            .bind::<Array<SqlUuid>, _>(streams)
    };
    (!streams.is_empty()).then(statement)
}

/// Writes what is to be audited, then feed rows, receipts and watermarks in one statement, and commits with it.
pub(in crate::floor::engine) async fn finish(
    mut tx: TenantTx,
    ledger: &Ledger,
    receipts: &[Receipt],
    watermarks: &[Watermark],
) -> Result<(), ApiError> {
    for audit in ledger.audits() {
        audit::append(&mut tx, Some(audit.actor), audit.kind, audit.detail.clone(), ledger.now()).await?;
    }
    let feed = ledger.feed();
    let last = sql(include_str!("finish.sql"))
        .bind::<SqlUuid, _>(ledger.org().0)
        .bind::<Timestamptz, _>(ledger.now())
        .bind::<Date, _>(ledger.now().date_naive())
        .bind::<Array<Text>, _>(feed.iter().map(|row| row.topic).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(feed.iter().map(|row| row.cursor).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(feed.iter().map(|row| row.reader.0).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(feed.iter().map(|row| row.body).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(receipts.iter().map(|receipt| receipt.stream_id.0).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(receipts.iter().map(|receipt| receipt.seq).collect::<Vec<_>>())
        .bind::<Array<Binary>, _>(receipts.iter().map(|receipt| receipt.hash.as_slice()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(receipts.iter().map(|receipt| receipt.outcome.as_str()).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(
            receipts.iter().map(|receipt| receipt.reason.map(|reason| reason.as_str())).collect::<Vec<_>>(),
        )
        .bind::<Array<Text>, _>(receipts.iter().map(|receipt| receipt.verdict.as_str()).collect::<Vec<_>>())
        .bind::<Array<Nullable<SqlUuid>>, _>(
            receipts.iter().map(|receipt| receipt.actor_id.map(|id| id.0)).collect::<Vec<_>>(),
        )
        .bind::<Array<Nullable<BigInt>>, _>(receipts.iter().map(|receipt| receipt.device_time).collect::<Vec<_>>())
        .bind::<Array<Timestamptz>, _>(receipts.iter().map(|receipt| receipt.occurred_at).collect::<Vec<_>>())
        .bind::<Array<Nullable<BigInt>>, _>(receipts.iter().map(|receipt| receipt.uncertainty_ms).collect::<Vec<_>>())
        .bind::<Array<Nullable<SqlUuid>>, _>(
            receipts.iter().map(|receipt| receipt.origin.map(|origin| origin.0.0)).collect::<Vec<_>>(),
        )
        .bind::<Array<Nullable<BigInt>>, _>(
            receipts.iter().map(|receipt| receipt.origin.map(|origin| origin.1)).collect::<Vec<_>>(),
        )
        .bind::<Array<Nullable<Binary>>, _>(
            receipts.iter().map(|receipt| receipt.origin.map(|origin| origin.2.to_vec())).collect::<Vec<_>>(),
        )
        .bind::<Array<Text>, _>(ledger.heads().map(|head| head.topic.as_str()).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(ledger.heads().map(|head| head.head).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(watermarks.iter().map(|mark| mark.stream_id.0).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(watermarks.iter().map(|mark| mark.last_seq).collect::<Vec<_>>())
        .bind::<Array<Binary>, _>(watermarks.iter().map(|mark| mark.last_hash.as_slice()).collect::<Vec<_>>())
        .bind::<Array<Nullable<Timestamptz>>, _>(
            watermarks.iter().map(|mark| mark.last_occurred_at).collect::<Vec<_>>(),
        )
        .bind::<Array<Jsonb>, _>(watermarks.iter().map(|mark| &mark.recent_scans).collect::<Vec<_>>());
    tx.commit_with(last).await
}
