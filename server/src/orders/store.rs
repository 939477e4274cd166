//! Rows of orders and their lines.

use std::collections::BTreeMap;

use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, Utc};
use diesel::PgTextExpressionMethods as _;
use diesel::pg::Pg;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, SelectableHelper as _,
};
use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
use floorline_domain::item::Status as ItemStatus;
use floorline_domain::order::{Facts, Status};
use floorline_domain::{OrderId, OrgId};
use serde_json::Value;
use uuid::Uuid;

use super::record_routes::OrderFilter;
use crate::platform::db::schema::order_lines::dsl as ol;
use crate::platform::db::schema::orders::dsl as o;
use crate::platform::db::schema::{order_lines, orders};
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::{BrandTx, TenantTx};

type Result<T> = std::result::Result<T, ApiError>;

/// An order as its table holds it.
#[derive(Debug, Clone, diesel::Queryable, diesel::Selectable, diesel::Insertable, diesel::AsChangeset)]
#[diesel(table_name = orders, primary_key(org_id, id), treat_none_as_null = true, check_for_backend(Pg))]
pub(super) struct OrderRow {
    pub(super) org_id: Uuid,
    pub(super) id: Uuid,
    pub(super) brand_id: Uuid,
    pub(super) po_number: String,
    pub(super) status: String,
    pub(super) workflow_id: Option<Uuid>,
    pub(super) workflow_version_id: Option<Uuid>,
    pub(super) site_id: Option<Uuid>,
    pub(super) currency: String,
    pub(super) total_value: BigDecimal,
    pub(super) requested_delivery_date: Option<NaiveDate>,
    pub(super) promised_delivery_date: Option<NaiveDate>,
    pub(super) notes: String,
    pub(super) reason: Option<String>,
    pub(super) public_passport: bool,
    pub(super) created_by: Uuid,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) accepted_at: Option<DateTime<Utc>>,
    pub(super) started_at: Option<DateTime<Utc>>,
    pub(super) closed_at: Option<DateTime<Utc>>,
    pub(super) version: i64,
    pub(super) items_total: i32,
    pub(super) items_completed: i32,
    pub(super) items_scrapped: i32,
    pub(super) items_cancelled: i32,
    pub(super) items_started: i32,
    pub(super) components_total: i32,
    pub(super) reworks: i32,
}

impl OrderRow {
    /// Its status; a column the database checks.
    pub(super) fn status(&self) -> Result<Status> {
        self.status.parse().map_err(ApiError::internal)
    }

    /// Items that are neither completed, scrapped nor cancelled.
    pub(super) const fn open_items(&self) -> i32 {
        self.items_total - self.items_completed - self.items_scrapped - self.items_cancelled
    }

    /// What the rules look at besides the status. `workflow` is given with the acceptance, if at all.
    pub(super) fn facts(&self) -> Facts {
        Facts {
            workflow: self.workflow_id.is_some(),
            started: self.items_started > 0,
            open_items: u64::try_from(self.open_items()).unwrap_or_default(),
        }
    }
}

/// A line of an order as its table holds it.
#[derive(Debug, Clone, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = order_lines, check_for_backend(Pg))]
pub(super) struct LineRow {
    pub(super) org_id: Uuid,
    pub(super) id: Uuid,
    pub(super) order_id: Uuid,
    pub(super) brand_id: Uuid,
    pub(super) position: i32,
    pub(super) code: String,
    pub(super) name: String,
    pub(super) quantity: i32,
    pub(super) unit_price: BigDecimal,
    pub(super) attributes: Value,
    pub(super) specification: Value,
    pub(super) components: Value,
}

pub(super) async fn list(
    tx: &mut TenantTx,
    filter: &OrderFilter,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<OrderRow>> {
    let org = tx.org().0;
    let mut query = o::orders.filter(o::org_id.eq(org)).select(OrderRow::as_select()).into_boxed();
    if let Some(status) = &filter.status {
        query = query.filter(o::status.eq_any(status.split(',').map(str::to_owned).collect::<Vec<_>>()));
    }
    if let Some(brand) = filter.brand_id {
        query = query.filter(o::brand_id.eq(brand));
    }
    if let Some(text) = &filter.q {
        query = query.filter(o::po_number.ilike(super::record_routes::pattern(text)));
    }
    if let Some(after) = after {
        query = query.filter(o::id.lt(after));
    }
    Ok(query.order(o::id.desc()).limit(limit + 1).load(tx.conn()).await?)
}

pub(super) async fn find(tx: &mut TenantTx, id: Uuid) -> Result<OrderRow> {
    let org = tx.org().0;
    o::orders
        .find((org, id))
        .select(OrderRow::as_select())
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| ApiError::not_found("order"))
}

/// Loads an order and keeps others from changing it.
pub(super) async fn load_for_update(tx: &mut TenantTx, id: OrderId) -> Result<OrderRow> {
    let org = tx.org().0;
    o::orders
        .find((org, id.0))
        .select(OrderRow::as_select())
        .for_no_key_update()
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| ApiError::not_found("order"))
}

pub(super) async fn lines(tx: &mut TenantTx, order: Uuid) -> Result<Vec<LineRow>> {
    let org = tx.org().0;
    Ok(ol::order_lines
        .filter(ol::org_id.eq(org))
        .filter(ol::order_id.eq(order))
        .order(ol::position)
        .select(LineRow::as_select())
        .load(tx.conn())
        .await?)
}

/// Stores a new order; false when the brand has an order of that number already.
pub(super) async fn insert(tx: &mut TenantTx, row: &OrderRow) -> Result<bool> {
    let inserted = diesel::insert_into(o::orders)
        .values(row)
        .on_conflict((o::org_id, o::brand_id, o::po_number))
        .do_nothing()
        .execute(tx.conn())
        .await?;
    Ok(inserted == 1)
}

pub(super) async fn update(tx: &mut TenantTx, row: &OrderRow) -> Result<()> {
    diesel::update(o::orders.find((row.org_id, row.id))).set(row).execute(tx.conn()).await?;
    Ok(())
}

pub(super) async fn insert_lines(tx: &mut TenantTx, rows: &[LineRow]) -> Result<()> {
    diesel::insert_into(ol::order_lines).values(rows).execute(tx.conn()).await?;
    Ok(())
}

pub(super) async fn delete_lines(tx: &mut TenantTx, order: Uuid) -> Result<()> {
    let org = tx.org().0;
    diesel::delete(ol::order_lines.filter(ol::org_id.eq(org).and(ol::order_id.eq(order)))).execute(tx.conn()).await?;
    Ok(())
}

/// Takes `count` numbers from each counter, all in one statement; gives the first of each.
pub(super) async fn take_numbers(tx: &mut TenantTx, counts: &BTreeMap<String, i64>) -> Result<BTreeMap<String, i64>> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = BigInt)]
        next: i64,
    }
    let org = tx.org().0;
    let rows: Vec<Row> = sql("INSERT INTO counters AS c (org_id, name, next) \
         SELECT $1, t.name, 1 + t.taken FROM unnest($2, $3) AS t (name, taken) ORDER BY t.name \
         ON CONFLICT (org_id, name) DO UPDATE SET next = c.next + excluded.next - 1 RETURNING name, next")
    .bind::<SqlUuid, _>(org)
    .bind::<Array<Text>, _>(counts.keys().map(String::as_str).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(counts.values().copied().collect::<Vec<_>>())
    .load(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let taken = counts.get(&row.name).copied().unwrap_or_default();
            (row.name, row.next - taken)
        })
        .collect())
}

/// Takes `count` item numbers of a line code; gives the first.
///
/// # Errors
/// Those of the database.
pub async fn take_item_numbers(tx: &mut TenantTx, line_code: &str, count: usize) -> Result<i64> {
    let count = i64::try_from(count).map_err(ApiError::internal)?;
    if count == 0 {
        return Ok(1);
    }
    let first = take_numbers(tx, &BTreeMap::from([(counter(line_code), count)])).await?;
    Ok(first.into_values().next().unwrap_or(1))
}

/// The counter of a line code's items.
pub(super) fn counter(line_code: &str) -> String {
    format!("item:{line_code}")
}

/// An order under lock, as makers of items see it.
#[derive(Clone, Copy, Debug)]
pub struct HeldOrder {
    /// The second reader.
    pub brand: OrgId,
    /// Whether items may be added.
    pub status: Status,
}

/// Locks orders, in the order of their ids; those that do not exist are left out.
///
/// # Errors
/// Those of the database.
pub async fn lock_orders(tx: &mut TenantTx, ids: &[OrderId]) -> Result<BTreeMap<OrderId, HeldOrder>> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let org = tx.org().0;
    let rows: Vec<(Uuid, Uuid, String)> = o::orders
        .filter(o::org_id.eq(org))
        .filter(o::id.eq_any(ids.iter().map(|id| id.0).collect::<Vec<_>>()))
        .order(o::id)
        .select((o::id, o::brand_id, o::status))
        .for_no_key_update()
        .load(tx.conn())
        .await?;
    rows.into_iter()
        .map(|(id, brand, status)| {
            let status = status.parse().map_err(ApiError::internal)?;
            Ok((OrderId(id), HeldOrder { brand: OrgId(brand), status }))
        })
        .collect()
}

/// Counts items that were made for orders after their acceptance.
///
/// # Errors
/// Those of the database.
pub async fn add_items(tx: &mut TenantTx, more: &BTreeMap<OrderId, i32>, now: DateTime<Utc>) -> Result<()> {
    if more.is_empty() {
        return Ok(());
    }
    let org = tx.org().0;
    sql("WITH batch (org_id, now) AS (SELECT $1::uuid, $2::timestamptz) \
         UPDATE orders o SET items_total = o.items_total + r.items, updated_at = b.now \
         FROM batch b, unnest($3, $4) AS r (id, items) WHERE o.org_id = b.org_id AND o.id = r.id")
    .bind::<SqlUuid, _>(org)
    .bind::<Timestamptz, _>(now)
    .bind::<Array<SqlUuid>, _>(more.keys().map(|id| id.0).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(more.values().copied().collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Gives a transaction that makes or closes thousands of items the time it needs.
pub(super) async fn allow_a_minute(tx: &mut TenantTx) -> Result<()> {
    Ok(tx.conn().batch_execute("SET LOCAL statement_timeout = '60s'; SET LOCAL lock_timeout = '10s'").await?)
}

/// Whether an organisation is a brand with whom this factory works.
pub(super) async fn is_partner(tx: &mut TenantTx, brand: OrgId) -> Result<bool> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        partner: bool,
    }
    let org = tx.org().0;
    let row: Row = sql("SELECT EXISTS (SELECT FROM partnerships WHERE factory_id = $1 AND brand_id = $2 AND status = 'active') AS partner")
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(brand.0)
        .get_result(tx.conn())
        .await?;
    Ok(row.partner)
}

/// The factory in which a brand may do this, if it may.
pub(super) async fn brand_may(
    tx: &mut BrandTx,
    action: &str,
    factory: Option<OrgId>,
    order: Option<OrderId>,
) -> Result<Option<OrgId>> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<SqlUuid>)]
        factory: Option<Uuid>,
    }
    let brand = tx.brand().0;
    let row: Row = sql("SELECT brand_may($1, $2, $3, $4) AS factory")
        .bind::<Text, _>(action)
        .bind::<SqlUuid, _>(brand)
        .bind::<Nullable<SqlUuid>, _>(factory.map(|id| id.0))
        .bind::<Nullable<SqlUuid>, _>(order.map(|id| id.0))
        .get_result(tx.conn())
        .await?;
    Ok(row.factory.map(OrgId))
}

/// Items of an order that stand alike.
#[derive(Debug, diesel::QueryableByName)]
pub(super) struct Alike {
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub(super) line_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    pub(super) stage: String,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Bool)]
    pub(super) reworked: bool,
    #[diesel(sql_type = BigInt)]
    items: i64,
}

impl Alike {
    pub(super) fn status(&self) -> Result<ItemStatus> {
        self.status.parse().map_err(ApiError::internal)
    }

    pub(super) fn items(&self) -> u64 {
        u64::try_from(self.items).unwrap_or_default()
    }
}

/// Counts an order's items, components left out.
pub(super) async fn count_items(tx: &mut TenantTx, order: Uuid) -> Result<Vec<Alike>> {
    let org = tx.org().0;
    Ok(sql("SELECT line_id, stage, status, state #> '{progress,reworks}' IS NOT NULL AS reworked, count(*) AS items \
         FROM items WHERE org_id = $1 AND order_id = $2 AND parent_id IS NULL GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4")
    .bind::<SqlUuid, _>(org)
    .bind::<SqlUuid, _>(order)
    .load(tx.conn())
    .await?)
}
