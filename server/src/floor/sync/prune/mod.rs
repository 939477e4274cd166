//! Ends what need not be kept for ever, for all organisations at once: it is the owner's work, as the making of partitions is.
//!
//! What is kept how long (`sync-protocol.md` section 5): verdicts until acknowledged and 30 days, (seq, hash, outcome) 13 months, the
//! feed 7 days or a million events a topic, marks 60 days. Besides, whatever bears its own end: leases, logins and enrolments 60 days past
//! theirs, answers of idempotent requests a day. Stream rows and events are kept for ever.
//!
//! Every step is a bounded statement in a transaction of its own (`steps.rs`), and locks nothing that a writer holds; what is left over is there
//! for the next time. One part that fails keeps no other from its work.

mod feed;
mod steps;

use chrono::{DateTime, Days, Months, TimeDelta, Utc};
use diesel::sql_types::{BigInt, Nullable, Timestamptz};
use diesel_async::RunQueryDsl as _;

use self::steps::{BATCH, BATCHES, delete, turn};
use crate::platform::db::{Db, sql};
use crate::platform::http::{ANSWERS_KEPT, ApiError};

/// Days that the feed goes back.
const FEED_DAYS: u64 = 7;
/// How long a verdict's bytes are kept after they were stored, if they were acknowledged.
const VERDICTS: TimeDelta = TimeDelta::days(30);
/// How long (seq, hash, outcome) are kept.
const RECEIPTS: Months = Months::new(13);
/// How long the cursor of an hour can be looked up.
const MARKS: TimeDelta = TimeDelta::days(60);
/// How long a lease, a login or an enrolment is kept past its end: a phone that lay in a drawer still finds what its acts were allowed by.
const ENDED: TimeDelta = TimeDelta::days(60);

/// Deletes the oldest rows of a table, leaving out those somebody holds.
macro_rules! oldest {
    ($table:literal by $column:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE ctid = ANY (ARRAY(SELECT ctid FROM ",
            $table,
            " WHERE ",
            $column,
            " < $1 ORDER BY ",
            $column,
            " LIMIT $2 FOR UPDATE SKIP LOCKED))"
        )
    };
}

/// What one run took away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Verdicts whose bytes went; they answer `pruned` from now on.
    pub verdicts: usize,
    /// Receipts that went altogether.
    pub receipts: usize,
    /// Feed rows of topics with more than a million, and such as strayed.
    pub feed: usize,
    /// Whole days of feed.
    pub days: usize,
    /// Cursors of hours.
    pub marks: usize,
    /// Counts of failed attempts.
    pub attempts: usize,
    /// Offline leases.
    pub leases: usize,
    /// Sessions of use.
    pub logins: usize,
    /// Codes that enrolled a phone, or did not.
    pub enrolments: usize,
    /// Answers kept for an `Idempotency-Key`.
    pub answers: usize,
}

/// Prunes once, as of `now`.
///
/// # Errors
/// The first part that failed, once all were tried; what was pruned stays pruned.
pub async fn prune(db: &Db, now: DateTime<Utc>) -> Result<Pruned, ApiError> {
    let first_day = (now - Days::new(FEED_DAYS)).date_naive();
    let mut parts = Parts::default();
    let pruned = Pruned {
        verdicts: parts.part("verdicts", verdicts(db, now - VERDICTS)).await,
        receipts: parts.part("receipts", delete(db, include_str!("receipts.sql"), now - RECEIPTS)).await,
        days: parts.part("days of feed", feed::prune_days(db, first_day)).await,
        feed: parts.part("long feeds", feed::prune_long_topics(db)).await
            + parts.part("strayed feed", feed::prune_strayed(db, first_day)).await,
        marks: parts.part("marks", delete(db, oldest!("sync_marks" by "hour"), now - MARKS)).await,
        attempts: parts.part("attempts", delete(db, oldest!("sync_attempts" by "first_at"), now - MARKS)).await,
        leases: parts.part("leases", delete(db, oldest!("leases" by "expires_at"), now - ENDED)).await,
        logins: parts.part("logins", delete(db, oldest!("logins" by "expires_at"), now - ENDED)).await,
        enrolments: parts.part("enrolments", delete(db, oldest!("enrolments" by "expires_at"), now - ENDED)).await,
        answers: parts
            .part("answers", delete(db, oldest!("idempotency_keys" by "created_at"), now - ANSWERS_KEPT))
            .await,
    };
    parts.first_error.map_or(Ok(pruned), Err)
}

/// Parts of one run, each on its own.
#[derive(Default)]
struct Parts {
    first_error: Option<ApiError>,
}

impl Parts {
    async fn part(&mut self, name: &str, work: impl Future<Output = Result<usize, ApiError>>) -> usize {
        work.await.unwrap_or_else(|error| {
            tracing::error!(error = %error, part = name, "could not be pruned");
            self.first_error.get_or_insert(error);
            0
        })
    }
}

#[derive(diesel::QueryableByName)]
struct Freed {
    #[diesel(sql_type = BigInt)]
    touched: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    last: Option<DateTime<Utc>>,
}

async fn verdicts(db: &Db, before: DateTime<Utc>) -> Result<usize, ApiError> {
    let (mut total, mut after) = (0, DateTime::UNIX_EPOCH);
    for _ in 0..BATCHES {
        let Some(mut tx) = turn(db).await? else { break };
        let freed: Freed = sql(include_str!("verdicts.sql"))
            .bind::<Timestamptz, _>(after)
            .bind::<Timestamptz, _>(before)
            .bind::<BigInt, _>(BATCH)
            .get_result(tx.conn())
            .await?;
        tx.commit().await?;
        total += usize::try_from(freed.touched).unwrap_or(0);
        let Some(last) = freed.last else { break };
        after = last;
    }
    Ok(total)
}
