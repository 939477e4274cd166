//! The feed: whole days by dropping their partitions, the rest row by row.

use chrono::NaiveDate;
use diesel::sql_types::{BigInt, Date, Text};
use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};

use super::steps::{BATCH, repeat, turn};
use crate::platform::db::{Db, sql};
use crate::platform::http::ApiError;

/// Events of one topic that are kept at most.
const EVENTS: i64 = 1_000_000;

#[derive(diesel::QueryableByName)]
struct Partition {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Ends what a topic has beyond a million events.
pub(super) async fn prune_long_topics(db: &Db) -> Result<usize, ApiError> {
    let Some(mut tx) = turn(db).await? else { return Ok(0) };
    sql(include_str!("raise_floors.sql")).bind::<BigInt, _>(EVENTS).execute(tx.conn()).await?;
    tx.commit().await?;
    repeat(db, || sql(include_str!("feed.sql")).bind::<BigInt, _>(BATCH)).await
}

/// Drops the partitions of days before `first`, each by itself.
pub(super) async fn prune_days(db: &Db, first: NaiveDate) -> Result<usize, ApiError> {
    let Some(mut tx) = turn(db).await? else { return Ok(0) };
    let old: Vec<Partition> = sql(include_str!("old_partitions.sql")).bind::<Date, _>(first).load(tx.conn()).await?;
    sql(include_str!("raise_floors_to_day.sql")).bind::<Date, _>(first).execute(tx.conn()).await?;
    tx.commit().await?;
    let mut dropped = 0;
    for Partition { name } in old {
        let Some(mut tx) = turn(db).await? else { break };
        // Whoever writes to the feed waits behind this while it waits for a reader: it gives up sooner than they do. The name is `sync_feed_` and
        // eight digits, as the statement checked.
        tx.conn().batch_execute(&format!("SET LOCAL lock_timeout = '500ms'; DROP TABLE {name}")).await?;
        tx.commit().await?;
        dropped += 1;
    }
    Ok(dropped)
}

/// Ends rows of days before `first` that no partition took.
pub(super) async fn prune_strayed(db: &Db, first: NaiveDate) -> Result<usize, ApiError> {
    repeat(db, || sql(include_str!("strayed.sql")).bind::<Date, _>(first).bind::<BigInt, _>(BATCH)).await
}
