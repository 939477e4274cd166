//! Rows of items.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{
    ExpressionMethods as _, OptionalExtension as _, PgTextExpressionMethods as _, QueryDsl as _, SelectableHelper as _,
};
use diesel_async::RunQueryDsl as _;
use floorline_domain::item::Item;
use floorline_domain::label;
use floorline_domain::{ItemId, LabelId, LocationId, OrderId, OrgId};
use serde_json::Value;
use uuid::Uuid;

use super::views::{ComponentView, ItemFilter, StatusChoice};
use crate::floor::engine::rank;
use crate::platform::db::schema::events::dsl as e;
use crate::platform::db::schema::items::dsl as i;
use crate::platform::db::schema::labels::dsl as l;
use crate::platform::db::schema::workflow_versions::dsl as v;
use crate::platform::db::schema::{events, items};
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

type Result<T> = std::result::Result<T, ApiError>;

/// What lists show of an item.
#[derive(Debug, Clone, diesel::Queryable, diesel::Selectable)]
#[diesel(table_name = items, check_for_backend(Pg))]
pub(super) struct SummaryRow {
    pub(super) id: Uuid,
    pub(super) code: String,
    pub(super) order_id: Option<Uuid>,
    pub(super) line_id: Option<Uuid>,
    pub(super) parent_id: Option<Uuid>,
    pub(super) workflow_version_id: Uuid,
    pub(super) site_id: Uuid,
    pub(super) location_id: Option<Uuid>,
    pub(super) assigned_to: Option<Uuid>,
    pub(super) priority: i16,
    pub(super) status: String,
    pub(super) stage: String,
    pub(super) version: i64,
    pub(super) stage_entered_at: DateTime<Utc>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) completed_at: Option<DateTime<Utc>>,
}

/// One event of the log.
#[derive(Debug, Clone, diesel::Queryable, diesel::Selectable)]
#[diesel(table_name = events, check_for_backend(Pg))]
pub(super) struct EventRow {
    pub(super) version: i64,
    pub(super) kind: String,
    pub(super) body: Value,
    pub(super) actor_id: Option<Uuid>,
    pub(super) stream_id: Uuid,
    pub(super) seq: i64,
    pub(super) occurred_at: DateTime<Utc>,
    pub(super) uncertainty_ms: Option<i64>,
    pub(super) recorded_at: DateTime<Utc>,
}

pub(super) async fn list(
    tx: &mut TenantTx,
    filter: &ItemFilter,
    statuses: &StatusChoice,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<SummaryRow>> {
    let org = tx.org().0;
    let mut query = i::items.filter(i::org_id.eq(org)).select(SummaryRow::as_select()).into_boxed();
    if let Some(order) = filter.order_id {
        query = query.filter(i::order_id.eq(order));
    }
    if let Some(parent) = filter.parent_id {
        query = query.filter(i::parent_id.eq(parent));
    }
    match filter.components {
        Some(true) => query = query.filter(i::parent_id.is_not_null()),
        Some(false) => query = query.filter(i::parent_id.is_null()),
        None => {}
    }
    if let StatusChoice::Some(statuses) = statuses {
        query = query.filter(i::status.eq_any(statuses.iter().map(|status| status.as_str()).collect::<Vec<_>>()));
    }
    if let Some(stage) = &filter.stage {
        query = query.filter(i::stage.eq(stage));
    }
    if let Some(site) = filter.site_id {
        query = query.filter(i::site_id.eq(site));
    }
    if let Some(location) = filter.location_id {
        query = query.filter(i::location_id.eq(location));
    }
    if let Some(user) = filter.assigned_to {
        query = query.filter(i::assigned_to.eq(user));
    }
    if let Some(workflow) = filter.workflow_id {
        let versions = v::workflow_versions.filter(v::org_id.eq(org)).filter(v::workflow_id.eq(workflow)).select(v::id);
        query = query.filter(i::workflow_version_id.eq_any(versions));
    }
    if let Some(start) = &filter.code {
        query = query.filter(i::code.ilike(format!("{}%", escaped(start))));
    }
    if let Some(after) = after {
        query = query.filter(i::id.gt(after));
    }
    Ok(query.order(i::id).limit(limit + 1).load(tx.conn()).await?)
}

/// A text as LIKE takes it literally.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// The whole item as the rules write it.
pub(super) async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Value> {
    let org = tx.org().0;
    i::items
        .find((org, id))
        .select(i::state)
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| ApiError::not_found("item"))
}

/// The site of an item, which is also the question whether there is one.
pub(super) async fn site_of(tx: &mut TenantTx, id: Uuid) -> Result<LocationId> {
    let org = tx.org().0;
    let site: Option<Uuid> = i::items.find((org, id)).select(i::site_id).first(tx.conn()).await.optional()?;
    site.map(LocationId).ok_or_else(|| ApiError::not_found("item"))
}

/// The sites of many items; those that do not exist are left out.
pub(super) async fn sites_of(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<(Uuid, Uuid)>> {
    let org = tx.org().0;
    Ok(i::items.filter(i::org_id.eq(org)).filter(i::id.eq_any(ids)).select((i::id, i::site_id)).load(tx.conn()).await?)
}

/// The version an item is pinned to: its number and definition.
pub(super) async fn version(tx: &mut TenantTx, id: Uuid) -> Result<(i32, Value)> {
    let org = tx.org().0;
    Ok(v::workflow_versions.find((org, id)).select((v::number, v::body)).first(tx.conn()).await?)
}

pub(super) async fn components(tx: &mut TenantTx, parent: Uuid) -> Result<Vec<ComponentView>> {
    let org = tx.org().0;
    let rows: Vec<(Uuid, String, String, String)> = i::items
        .filter(i::org_id.eq(org))
        .filter(i::parent_id.eq(parent))
        .order(i::code)
        .select((i::id, i::code, i::status, i::stage))
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().map(|(id, code, status, stage)| ComponentView { id, code, status, stage }).collect())
}

/// The code of the label that is on an item now.
pub(super) async fn label(tx: &mut TenantTx, item: Uuid) -> Result<Option<String>> {
    let org = tx.org().0;
    Ok(l::labels
        .filter(l::org_id.eq(org))
        .filter(l::item_id.eq(item))
        .filter(l::status.eq("active"))
        .select(l::code)
        .first(tx.conn())
        .await
        .optional()?)
}

pub(super) async fn events(
    tx: &mut TenantTx,
    subject: &str,
    id: Uuid,
    after: i64,
    limit: i64,
) -> Result<Vec<EventRow>> {
    let org = tx.org().0;
    Ok(e::events
        .filter(e::org_id.eq(org))
        .filter(e::subject_type.eq(subject))
        .filter(e::subject_id.eq(id))
        .filter(e::version.gt(after))
        .order(e::version)
        .limit(limit + 1)
        .select(EventRow::as_select())
        .load(tx.conn())
        .await?)
}

/// Names of users of this organisation; others stay nameless here.
pub(super) async fn names(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<(Uuid, String)>> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Text)]
        name: String,
    }
    let org = tx.org().0;
    let rows: Vec<Row> = sql("SELECT id, name FROM users WHERE org_id = $1 AND id = ANY ($2)")
        .bind::<SqlUuid, _>(org)
        .bind::<Array<SqlUuid>, _>(ids)
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// Stores items that were just made.
pub(super) async fn insert(tx: &mut TenantTx, brand: Option<OrgId>, items: &[Item], now: DateTime<Utc>) -> Result<()> {
    let states: Vec<Value> =
        items.iter().map(serde_json::to_value).collect::<std::result::Result<_, _>>().map_err(ApiError::internal)?;
    let org = tx.org().0;
    sql(include_str!("insert_items.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<Nullable<SqlUuid>, _>(brand.map(|brand| brand.0))
        .bind::<Timestamptz, _>(now)
        .bind::<Array<SqlUuid>, _>(items.iter().map(|item| item.id.0).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(items.iter().map(|item| item.code.as_str()).collect::<Vec<_>>())
        .bind::<Array<Nullable<SqlUuid>>, _>(items.iter().map(|item| item.order_id.map(|id| id.0)).collect::<Vec<_>>())
        .bind::<Array<Nullable<SqlUuid>>, _>(items.iter().map(|item| item.line_id.map(|id| id.0)).collect::<Vec<_>>())
        .bind::<Array<Nullable<SqlUuid>>, _>(items.iter().map(|item| item.parent_id.map(|id| id.0)).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(items.iter().map(|item| item.workflow_version_id.0).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(items.iter().map(|item| item.site_id.0).collect::<Vec<_>>())
        .bind::<Array<Nullable<SqlUuid>>, _>(
            items.iter().map(|item| item.location_id.map(|id| id.0)).collect::<Vec<_>>(),
        )
        .bind::<Array<SmallInt>, _>(items.iter().map(|item| rank(item.priority)).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(items.iter().map(|item| item.status.as_str()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(items.iter().map(|item| item.stage.as_str()).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(items.iter().map(|item| item.version).collect::<Vec<_>>())
        .bind::<Array<Jsonb>, _>(states.iter().collect::<Vec<_>>())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// A label about to be on an item.
pub(super) struct NewLabel<'a> {
    pub(super) id: LabelId,
    pub(super) code: &'a label::Code,
    pub(super) item: ItemId,
    pub(super) order: Option<OrderId>,
}

/// Stores labels, but for those whose code some label of the installation has already; gives the items that have theirs now.
pub(super) async fn insert_labels(tx: &mut TenantTx, rows: &[NewLabel<'_>], now: DateTime<Utc>) -> Result<Vec<ItemId>> {
    #[derive(diesel::QueryableByName)]
    struct Stored {
        #[diesel(sql_type = SqlUuid)]
        item_id: Uuid,
    }
    let org = tx.org().0;
    let stored: Vec<Stored> = sql("INSERT INTO labels (org_id, created_at, updated_at, kind, status, id, code, item_id, order_id) \
         SELECT b.org_id, b.now, b.now, 'item', 'active', r.* \
         FROM (SELECT $1::uuid, $2::timestamptz) AS b (org_id, now), unnest($3, $4, $5, $6) AS r (id, code, item_id, order_id) \
         ON CONFLICT (code) DO NOTHING RETURNING item_id")
    .bind::<SqlUuid, _>(org)
    .bind::<Timestamptz, _>(now)
    .bind::<Array<SqlUuid>, _>(rows.iter().map(|row| row.id.0).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(rows.iter().map(|row| row.code.as_str()).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(rows.iter().map(|row| row.item.0).collect::<Vec<_>>())
    .bind::<Array<Nullable<SqlUuid>>, _>(rows.iter().map(|row| row.order.map(|id| id.0)).collect::<Vec<_>>())
    .load(tx.conn())
    .await?;
    Ok(stored.into_iter().map(|row| ItemId(row.item_id)).collect())
}

/// The next items and components of an order that are not final, locked in the order of their ids.
pub(super) async fn lock_open_of_order(
    tx: &mut TenantTx,
    order: OrderId,
    after: ItemId,
    limit: i64,
) -> Result<Vec<Item>> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Jsonb)]
        state: Value,
    }
    let org = tx.org().0;
    let rows: Vec<Row> = sql("SELECT state FROM items WHERE org_id = $1 AND order_id = $2 AND id > $3 \
         AND status IN ('not_started', 'active', 'paused', 'on_hold', 'error') ORDER BY id LIMIT $4 FOR NO KEY UPDATE")
    .bind::<SqlUuid, _>(org)
    .bind::<SqlUuid, _>(order.0)
    .bind::<SqlUuid, _>(after.0)
    .bind::<BigInt, _>(limit)
    .load(tx.conn())
    .await?;
    rows.into_iter().map(|row| serde_json::from_value(row.state).map_err(ApiError::internal)).collect()
}

/// Stores items that were just closed.
pub(super) async fn close(tx: &mut TenantTx, changed: &[(Item, Value)], now: DateTime<Utc>) -> Result<()> {
    let org = tx.org().0;
    sql("WITH batch (org_id, now) AS (SELECT $1::uuid, $2::timestamptz) \
         UPDATE items i SET status = r.status, version = r.version, hold_version = NULL, updated_at = b.now, state = r.state \
         FROM batch b, unnest($3, $4, $5, $6) AS r (id, status, version, state) WHERE i.org_id = b.org_id AND i.id = r.id")
    .bind::<SqlUuid, _>(org)
    .bind::<Timestamptz, _>(now)
    .bind::<Array<SqlUuid>, _>(changed.iter().map(|(item, _)| item.id.0).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(changed.iter().map(|(item, _)| item.status.as_str()).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(changed.iter().map(|(item, _)| item.version).collect::<Vec<_>>())
    .bind::<Array<Jsonb>, _>(changed.iter().map(|(_, state)| state).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}
