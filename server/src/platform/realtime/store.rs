//! Reading topics and their feed.

use std::sync::Arc;

use chrono::{DateTime, Days, Utc};
use diesel::sql_types::{Array, BigInt, Date, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_mobile_sync::wire::Topic;
use uuid::Uuid;

use super::{FeedKey, Reader, TopicHead};
use crate::platform::db::{Db, Role, sql};
use crate::platform::http::ApiError;
use crate::platform::tenancy::{BrandTx, TenantTx};

/// Rows read at once.
pub(super) const PAGE: i64 = 512;

#[derive(diesel::QueryableByName)]
struct HeadRow {
    #[diesel(sql_type = SqlUuid)]
    org_id: Uuid,
    #[diesel(sql_type = Text)]
    epoch: String,
    #[diesel(sql_type = BigInt)]
    head: i64,
    #[diesel(sql_type = BigInt)]
    floor: i64,
}

#[derive(diesel::QueryableByName)]
struct FeedRow {
    #[diesel(sql_type = BigInt)]
    cursor: i64,
    #[diesel(sql_type = Text)]
    body: String,
}

#[derive(diesel::QueryableByName)]
struct PolledRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = BigInt)]
    head: i64,
    #[diesel(sql_type = Text)]
    epoch: String,
}

/// What a poll says of a topic.
pub(super) struct Polled {
    pub(super) topic: Topic,
    pub(super) head: i64,
    pub(super) epoch: String,
}

/// A page of a feed, and where its topic stood just before it was read.
pub(super) struct PageRead {
    pub(super) head: TopicHead,
    pub(super) rows: Vec<(i64, Arc<str>)>,
}

/// The topic's row; `None` when nothing was ever told to it, or when it is not the reader's.
pub(super) async fn head(db: &Db, key: &FeedKey) -> Result<Option<TopicHead>, ApiError> {
    let id = key.topic.to_string();
    let row: Option<HeadRow> = match key.reader {
        Reader::Owner(org) => {
            let mut tx = TenantTx::open(db, org).await?;
            let rows = owner_head(&mut tx, &id).await?;
            tx.commit().await?;
            rows
        }
        Reader::Brand(brand) => brand_head(&mut BrandTx::open(db, brand).await?, &id).await?,
    };
    Ok(row.map(TopicHead::from))
}

/// Up to [`PAGE`] rows after `cursor`, oldest first. `since` leaves older partitions closed; give it only when the rows are recent.
pub(super) async fn page(
    db: &Db,
    key: &FeedKey,
    cursor: i64,
    since: Option<DateTime<Utc>>,
) -> Result<Option<PageRead>, ApiError> {
    let id = key.topic.to_string();
    let day = since.map_or(DateTime::UNIX_EPOCH, |since| since - Days::new(1)).date_naive();
    let (head, rows) = match key.reader {
        Reader::Owner(org) => {
            let mut tx = TenantTx::open(db, org).await?;
            let Some(head) = owner_head(&mut tx, &id).await? else { return Ok(None) };
            let rows: Vec<FeedRow> = sql(
                "SELECT cursor, body FROM sync_feed WHERE org_id = $1 AND topic_id = $2 AND cursor > $3 AND day >= $4 \
                 ORDER BY cursor LIMIT $5",
            )
            .bind::<SqlUuid, _>(org.0)
            .bind::<Text, _>(&id)
            .bind::<BigInt, _>(cursor)
            .bind::<Date, _>(day)
            .bind::<BigInt, _>(PAGE)
            .load(tx.conn())
            .await?;
            tx.commit().await?;
            (head, rows)
        }
        Reader::Brand(brand) => {
            let mut tx = BrandTx::open(db, brand).await?;
            let Some(head) = brand_head(&mut tx, &id).await? else { return Ok(None) };
            let rows: Vec<FeedRow> =
                sql("SELECT cursor, body FROM brand_feed WHERE factory_id = $1 AND topic_id = $2 AND cursor > $3 \
                 ORDER BY cursor LIMIT $4")
                .bind::<SqlUuid, _>(head.org_id)
                .bind::<Text, _>(&id)
                .bind::<BigInt, _>(cursor)
                .bind::<BigInt, _>(PAGE)
                .load(tx.conn())
                .await?;
            (head, rows)
        }
    };
    let rows = rows.into_iter().map(|row| (row.cursor, Arc::from(row.body))).collect();
    Ok(Some(PageRead { head: head.into(), rows }))
}

/// The heads of all `topics` and their epochs in one indexed query, whoever they belong to.
pub(super) async fn poll(db: &Db, topics: &[Topic]) -> Result<Vec<Polled>, ApiError> {
    let ids: Vec<String> = topics.iter().map(ToString::to_string).collect();
    let mut conn = db.get(Role::Poll).await?;
    let rows: Vec<PolledRow> = sql("SELECT id, head, epoch FROM sync_topics WHERE id = ANY($1)")
        .bind::<Array<Text>, _>(ids)
        .load(&mut conn)
        .await?;
    let known = |row: PolledRow| Some(Polled { topic: row.id.parse().ok()?, head: row.head, epoch: row.epoch });
    Ok(rows.into_iter().filter_map(known).collect())
}

async fn owner_head(tx: &mut TenantTx, id: &str) -> Result<Option<HeadRow>, ApiError> {
    let org = tx.org().0;
    let rows: Vec<HeadRow> = sql("SELECT org_id, epoch, head, floor FROM sync_topics WHERE org_id = $1 AND id = $2")
        .bind::<SqlUuid, _>(org)
        .bind::<Text, _>(id)
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().next())
}

async fn brand_head(tx: &mut BrandTx, id: &str) -> Result<Option<HeadRow>, ApiError> {
    let rows: Vec<HeadRow> = sql("SELECT factory_id AS org_id, epoch, head, floor FROM brand_topics WHERE id = $1")
        .bind::<Text, _>(id)
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().next())
}

impl From<HeadRow> for TopicHead {
    fn from(row: HeadRow) -> Self {
        Self { epoch: row.epoch, head: row.head, floor: row.floor }
    }
}
