//! Ends what need not be kept for ever, for all organisations at once: it is the owner's work, as the making of partitions is.
//!
//! What is kept how long (`sync-protocol.md` section 5): verdicts until acknowledged and 30 days, (seq, hash, outcome) 13 months, the
//! feed 7 days or a million events a topic, marks 60 days. Stream rows and events are kept for ever. Every statement is bounded, and
//! locks nothing that a writer holds; what is left over is there for the next time.

use chrono::{DateTime, Days, Months, NaiveDate, TimeDelta, Utc};
use diesel::sql_types::{BigInt, Date, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};

use crate::platform::db::{Db, Role, sql};
use crate::platform::http::ApiError;

/// Rows one statement touches.
const BATCH: i64 = 5_000;
/// Statements of one kind in one run.
const BATCHES: usize = 200;
/// Days that the feed goes back.
const FEED_DAYS: u64 = 7;
/// Events of one topic that are kept at most.
const FEED_EVENTS: i64 = 1_000_000;
/// How long a verdict's bytes are kept after they were stored, if they were acknowledged.
const VERDICTS: TimeDelta = TimeDelta::days(30);
/// How long (seq, hash, outcome) are kept.
const RECEIPTS: Months = Months::new(13);
/// How long the cursor of an hour can be looked up.
const MARKS: TimeDelta = TimeDelta::days(60);

/// What one run took away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Verdicts whose bytes went; they answer `pruned` from now on.
    pub verdicts: usize,
    /// Receipts that went altogether.
    pub receipts: usize,
    /// Feed rows of topics with more than a million.
    pub feed: usize,
    /// Whole days of feed.
    pub days: usize,
}

/// Prunes once, as of `now`.
///
/// # Errors
/// Those of the database; what was pruned before stays pruned.
pub async fn prune(db: &Db, now: DateTime<Utc>) -> Result<Pruned, ApiError> {
    let mut conn = db.get(Role::Owner).await?;
    let conn = &mut *conn;
    let verdicts = repeat(conn, include_str!("verdicts.sql"), now - VERDICTS).await?;
    let receipts = repeat(conn, include_str!("receipts.sql"), now - RECEIPTS).await?;
    let feed = prune_long_topics(conn).await?;
    let days = prune_days(conn, (now - Days::new(FEED_DAYS)).date_naive()).await?;
    sql("DELETE FROM sync_marks WHERE hour < $1").bind::<Timestamptz, _>(now - MARKS).execute(conn).await?;
    sql("DELETE FROM sync_attempts WHERE first_at < $1").bind::<Timestamptz, _>(now - MARKS).execute(conn).await?;
    Ok(Pruned { verdicts, receipts, feed, days })
}

async fn repeat(conn: &mut AsyncPgConnection, text: &'static str, before: DateTime<Utc>) -> Result<usize, ApiError> {
    let mut total = 0;
    for _ in 0..BATCHES {
        let touched = sql(text).bind::<Timestamptz, _>(before).bind::<BigInt, _>(BATCH).execute(conn).await?;
        total += touched;
        if touched == 0 {
            break;
        }
    }
    Ok(total)
}

async fn prune_long_topics(conn: &mut AsyncPgConnection) -> Result<usize, ApiError> {
    sql(include_str!("raise_floors.sql")).bind::<BigInt, _>(FEED_EVENTS).execute(conn).await?;
    let mut total = 0;
    for _ in 0..BATCHES {
        let touched = sql(include_str!("feed.sql")).bind::<BigInt, _>(BATCH).execute(conn).await?;
        total += touched;
        if touched == 0 {
            break;
        }
    }
    Ok(total)
}

/// Drops the partitions of days before `first`, and what strayed into the default one.
async fn prune_days(conn: &mut AsyncPgConnection, first: NaiveDate) -> Result<usize, ApiError> {
    #[derive(diesel::QueryableByName)]
    struct Partition {
        #[diesel(sql_type = Text)]
        name: String,
    }
    sql(include_str!("raise_floors_to_day.sql")).bind::<Date, _>(first).execute(conn).await?;
    let old: Vec<Partition> = sql(include_str!("old_partitions.sql")).bind::<Date, _>(first).load(conn).await?;
    for partition in &old {
        // The name is `sync_feed_` and eight digits, as the statement checked.
        conn.batch_execute(&format!("DROP TABLE {}", partition.name)).await?;
    }
    sql("DELETE FROM sync_feed_default WHERE day < $1").bind::<Date, _>(first).execute(conn).await?;
    Ok(old.len())
}
