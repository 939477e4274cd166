//! One step of pruning: a bounded statement, alone in its transaction, by one server at a time.

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Bool, Timestamptz};
use diesel_async::RunQueryDsl as _;

use crate::platform::db::{Db, Role, Statement, Transaction, sql};
use crate::platform::http::ApiError;

/// Rows one statement touches.
pub(super) const BATCH: i64 = 5_000;
/// Statements of one kind in one run.
pub(super) const BATCHES: usize = 1_000;
/// Names the advisory lock of whoever prunes ("prune" in ASCII).
const LOCK: i64 = 0x70_72_75_6e_65;

#[derive(diesel::QueryableByName)]
struct Turn {
    #[diesel(sql_type = Bool)]
    taken: bool,
}

/// A transaction of the owner; none while another server prunes, which does the same work.
pub(super) async fn turn(db: &Db) -> Result<Option<Transaction>, ApiError> {
    let mut tx = db.begin(Role::Owner, "BEGIN").await?;
    let turn: Turn =
        sql("SELECT pg_try_advisory_xact_lock($1) AS taken").bind::<BigInt, _>(LOCK).get_result(tx.conn()).await?;
    Ok(turn.taken.then_some(tx))
}

/// Runs what deletes the oldest rows, given a time and a number of rows, until there are none.
pub(super) async fn delete(db: &Db, text: &'static str, before: DateTime<Utc>) -> Result<usize, ApiError> {
    repeat(db, || sql(text).bind::<Timestamptz, _>(before).bind::<BigInt, _>(BATCH)).await
}

/// Runs `statement` until it touches nothing more; the number of rows it touched.
pub(super) async fn repeat(db: &Db, statement: impl Fn() -> Statement<'static>) -> Result<usize, ApiError> {
    let mut total = 0;
    for _ in 0..BATCHES {
        let Some(mut tx) = turn(db).await? else { break };
        let touched = statement().execute(tx.conn()).await?;
        tx.commit().await?;
        total += touched;
        if touched == 0 {
            break;
        }
    }
    Ok(total)
}
