//! The brand views, read by `floorline_brand`. Every key begins with the factory, so every question names it.

use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, Utc};
use diesel::OptionalExtension as _;
use diesel::sql_types::{
    Array, BigInt, Bool, Date, Integer, Jsonb, Nullable, Numeric, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::RunQueryDsl as _;
use serde_json::Value;
use uuid::Uuid;

use crate::orders::store::OrderRow;
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::BrandTx;

type Result<T> = std::result::Result<T, ApiError>;

/// A row of `brand_orders`.
#[derive(Debug, Clone, diesel::QueryableByName)]
pub(super) struct BrandOrderRow {
    #[diesel(sql_type = SqlUuid)]
    pub(super) id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub(super) factory_id: Uuid,
    #[diesel(sql_type = Text)]
    pub(super) po_number: String,
    #[diesel(sql_type = Text)]
    pub(super) status: String,
    #[diesel(sql_type = Text)]
    pub(super) currency: String,
    #[diesel(sql_type = Numeric)]
    pub(super) total_value: BigDecimal,
    #[diesel(sql_type = Nullable<Date>)]
    pub(super) requested_delivery_date: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Date>)]
    pub(super) promised_delivery_date: Option<NaiveDate>,
    #[diesel(sql_type = Text)]
    pub(super) notes: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) reason: Option<String>,
    #[diesel(sql_type = Bool)]
    pub(super) public_passport: bool,
    #[diesel(sql_type = Timestamptz)]
    pub(super) created_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    pub(super) updated_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub(super) accepted_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub(super) started_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub(super) closed_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = BigInt)]
    pub(super) version: i64,
    #[diesel(sql_type = Integer)]
    pub(super) items_total: i32,
    #[diesel(sql_type = Integer)]
    pub(super) items_completed: i32,
    #[diesel(sql_type = Integer)]
    pub(super) items_scrapped: i32,
    #[diesel(sql_type = Integer)]
    pub(super) items_cancelled: i32,
    #[diesel(sql_type = Integer)]
    pub(super) items_started: i32,
    #[diesel(sql_type = Integer)]
    pub(super) components_total: i32,
    #[diesel(sql_type = Integer)]
    pub(super) reworks: i32,
}

impl From<&OrderRow> for BrandOrderRow {
    fn from(row: &OrderRow) -> Self {
        Self {
            id: row.id,
            factory_id: row.org_id,
            po_number: row.po_number.clone(),
            status: row.status.clone(),
            currency: row.currency.clone(),
            total_value: row.total_value.clone(),
            requested_delivery_date: row.requested_delivery_date,
            promised_delivery_date: row.promised_delivery_date,
            notes: row.notes.clone(),
            reason: row.reason.clone(),
            public_passport: row.public_passport,
            created_at: row.created_at,
            updated_at: row.updated_at,
            accepted_at: row.accepted_at,
            started_at: row.started_at,
            closed_at: row.closed_at,
            version: row.version,
            items_total: row.items_total,
            items_completed: row.items_completed,
            items_scrapped: row.items_scrapped,
            items_cancelled: row.items_cancelled,
            items_started: row.items_started,
            components_total: row.components_total,
            reworks: row.reworks,
        }
    }
}

/// A row of `brand_order_lines`.
#[derive(Debug, diesel::QueryableByName)]
pub(super) struct BrandLineRow {
    #[diesel(sql_type = SqlUuid)]
    pub(super) id: Uuid,
    #[diesel(sql_type = Integer)]
    pub(super) position: i32,
    #[diesel(sql_type = Text)]
    pub(super) code: String,
    #[diesel(sql_type = Text)]
    pub(super) name: String,
    #[diesel(sql_type = Integer)]
    pub(super) quantity: i32,
    #[diesel(sql_type = Numeric)]
    pub(super) unit_price: BigDecimal,
    #[diesel(sql_type = Jsonb)]
    pub(super) attributes: Value,
    #[diesel(sql_type = Jsonb)]
    pub(super) specification: Value,
    #[diesel(sql_type = Jsonb)]
    pub(super) components: Value,
}

/// A row of `brand_items`.
#[derive(Debug, diesel::QueryableByName)]
pub(super) struct BrandItemRow {
    #[diesel(sql_type = SqlUuid)]
    pub(super) id: Uuid,
    #[diesel(sql_type = Text)]
    pub(super) code: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub(super) line_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub(super) parent_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    pub(super) status: String,
    #[diesel(sql_type = Text)]
    pub(super) stage: String,
    #[diesel(sql_type = BigInt)]
    pub(super) version: i64,
    #[diesel(sql_type = Timestamptz)]
    pub(super) created_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    pub(super) updated_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub(super) completed_at: Option<DateTime<Utc>>,
}

/// A row of `brand_topics`.
#[derive(Debug, diesel::QueryableByName)]
pub(super) struct TopicRow {
    #[diesel(sql_type = SqlUuid)]
    pub(super) factory_id: Uuid,
    #[diesel(sql_type = Text)]
    pub(super) id: String,
    #[diesel(sql_type = Text)]
    pub(super) epoch: String,
    #[diesel(sql_type = BigInt)]
    pub(super) head: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) floor: i64,
}

/// A row of `brand_feed`.
#[derive(Debug, diesel::QueryableByName)]
pub(super) struct FeedRow {
    #[diesel(sql_type = BigInt)]
    pub(super) cursor: i64,
    #[diesel(sql_type = Text)]
    pub(super) body: String,
}

/// Orders, the newest first. No statuses: any.
pub(super) async fn orders(
    tx: &mut BrandTx,
    statuses: Option<Vec<String>>,
    factory: Option<Uuid>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<BrandOrderRow>> {
    let brand = tx.brand().0;
    Ok(sql("WITH asked (brand_id, statuses, factory_id, before) AS (SELECT $1::uuid, $2::text[], $3::uuid, $4::uuid) \
         SELECT o.* FROM asked a JOIN brand_orders o ON o.brand_id = a.brand_id \
         WHERE (a.statuses IS NULL OR o.status = ANY (a.statuses)) AND (a.factory_id IS NULL OR o.factory_id = a.factory_id) \
           AND (a.before IS NULL OR o.id < a.before) ORDER BY o.id DESC LIMIT $5")
    .bind::<SqlUuid, _>(brand)
    .bind::<Nullable<Array<Text>>, _>(statuses)
    .bind::<Nullable<SqlUuid>, _>(factory)
    .bind::<Nullable<SqlUuid>, _>(before)
    .bind::<BigInt, _>(limit + 1)
    .load(tx.conn())
    .await?)
}

pub(super) async fn find(tx: &mut BrandTx, id: Uuid) -> Result<BrandOrderRow> {
    let brand = tx.brand().0;
    sql("SELECT * FROM brand_orders WHERE brand_id = $1 AND id = $2")
        .bind::<SqlUuid, _>(brand)
        .bind::<SqlUuid, _>(id)
        .get_result(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| ApiError::not_found("order"))
}

pub(super) async fn lines(tx: &mut BrandTx, order: &BrandOrderRow) -> Result<Vec<BrandLineRow>> {
    Ok(sql("SELECT * FROM brand_order_lines WHERE factory_id = $1 AND order_id = $2 ORDER BY position")
        .bind::<SqlUuid, _>(order.factory_id)
        .bind::<SqlUuid, _>(order.id)
        .load(tx.conn())
        .await?)
}

pub(super) async fn items(
    tx: &mut BrandTx,
    order: &BrandOrderRow,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<BrandItemRow>> {
    Ok(sql("SELECT * FROM brand_items WHERE factory_id = $1 AND order_id = $2 AND id > $3 ORDER BY id LIMIT $4")
        .bind::<SqlUuid, _>(order.factory_id)
        .bind::<SqlUuid, _>(order.id)
        .bind::<SqlUuid, _>(after.unwrap_or_default())
        .bind::<BigInt, _>(limit + 1)
        .load(tx.conn())
        .await?)
}

pub(super) async fn topic(tx: &mut BrandTx, name: &str) -> Result<TopicRow> {
    sql("SELECT factory_id, id, epoch, head, floor FROM brand_topics WHERE id = $1")
        .bind::<Text, _>(name)
        .get_result(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| ApiError::not_found("order"))
}

pub(super) async fn feed(tx: &mut BrandTx, topic: &TopicRow, after: i64, limit: i64) -> Result<Vec<FeedRow>> {
    Ok(sql("SELECT cursor, body FROM brand_feed WHERE factory_id = $1 AND topic_id = $2 AND cursor > $3 ORDER BY cursor LIMIT $4")
        .bind::<SqlUuid, _>(topic.factory_id)
        .bind::<Text, _>(&topic.id)
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(limit)
        .load(tx.conn())
        .await?)
}
