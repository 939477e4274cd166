//! The rows that a batch changes, each kind locked by one statement in the order of their ids.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::item::Item;
use floorline_domain::label::{Code, Label};
use floorline_domain::shift::Shift;
use floorline_domain::{ItemId, LabelId, OrderId, UserId};
use uuid::Uuid;

use super::damaged;
use crate::floor::engine::core::{HeldItem, HeldLabel, HeldOrder, HeldShift, Needs, target};
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

pub(super) async fn lock_orders(
    tx: &TenantTx,
    ids: BTreeSet<OrderId>,
) -> Result<BTreeMap<OrderId, HeldOrder>, ApiError> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = SqlUuid)]
        brand_id: Uuid,
        #[diesel(sql_type = Text)]
        po_number: String,
        #[diesel(sql_type = Text)]
        status: String,
        #[diesel(sql_type = BigInt)]
        version: i64,
        #[diesel(sql_type = Integer)]
        items_total: i32,
        #[diesel(sql_type = Integer)]
        items_completed: i32,
        #[diesel(sql_type = Integer)]
        items_scrapped: i32,
        #[diesel(sql_type = Integer)]
        items_cancelled: i32,
        #[diesel(sql_type = Integer)]
        items_started: i32,
        #[diesel(sql_type = Integer)]
        reworks: i32,
    }
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let org = tx.org().0;
    let rows: Vec<Row> = sql(include_str!("lock_orders.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<Array<SqlUuid>, _>(ids.iter().map(|id| id.0).collect::<Vec<_>>())
        .load(&mut tx.pipe())
        .await?;
    rows.into_iter()
        .map(|row| {
            let order = HeldOrder {
                brand: row.brand_id.into(),
                po_number: row.po_number,
                status: row.status.parse().map_err(|_| damaged("an order has an unknown status"))?,
                version: row.version,
                total: row.items_total,
                completed: row.items_completed,
                scrapped: row.items_scrapped,
                cancelled: row.items_cancelled,
                started: row.items_started,
                reworks: row.reworks,
                started_at: None,
                closed_at: None,
                changed: false,
            };
            Ok((row.id.into(), order))
        })
        .collect()
}

/// Items with their components, and those among them whose rows this build cannot read.
pub(super) async fn lock_items(
    tx: &TenantTx,
    ids: &BTreeSet<ItemId>,
) -> Result<(BTreeMap<ItemId, HeldItem>, BTreeSet<ItemId>), ApiError> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Nullable<SqlUuid>)]
        brand_id: Option<Uuid>,
        #[diesel(sql_type = Text)]
        state: String,
    }
    if ids.is_empty() {
        return Ok((BTreeMap::new(), BTreeSet::new()));
    }
    let org = tx.org().0;
    let rows: Vec<Row> = sql(include_str!("lock_items.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<Array<SqlUuid>, _>(ids.iter().map(|id| id.0).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(ids.iter().map(|id| id.0).collect::<Vec<_>>())
        .load(&mut tx.pipe())
        .await?;
    let (mut items, mut unreadable) = (BTreeMap::new(), BTreeSet::new());
    for row in rows {
        match serde_json::from_str::<Item>(&row.state) {
            Ok(item) => {
                let held = HeldItem { item, brand: row.brand_id.map(Into::into), changed: false };
                items.insert(row.id.into(), held);
            }
            Err(error) => {
                tracing::error!(item.id = %row.id, error = %error, "an item's row cannot be read");
                unreadable.insert(row.id.into());
            }
        }
    }
    Ok((items, unreadable))
}

pub(super) async fn lock_labels(tx: &TenantTx, needs: &Needs) -> Result<BTreeMap<LabelId, HeldLabel>, ApiError> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Text)]
        code: String,
        #[diesel(sql_type = Text)]
        status: String,
        #[diesel(sql_type = Nullable<SqlUuid>)]
        item_id: Option<Uuid>,
        #[diesel(sql_type = Nullable<SqlUuid>)]
        location_id: Option<Uuid>,
        #[diesel(sql_type = Nullable<SqlUuid>)]
        user_id: Option<Uuid>,
        #[diesel(sql_type = Nullable<SqlUuid>)]
        replaced_by: Option<Uuid>,
        #[diesel(sql_type = BigInt)]
        version: i64,
    }
    if needs.claimed.is_empty() {
        return Ok(BTreeMap::new());
    }
    let org = tx.org().0;
    let rows: Vec<Row> = sql(include_str!("lock_labels.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<Array<Text>, _>(needs.claimed.iter().collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(needs.claiming.iter().map(|id| id.0).collect::<Vec<_>>())
        .load(&mut tx.pipe())
        .await?;
    rows.into_iter()
        .map(|row| {
            let label = Label {
                id: row.id.into(),
                code: Code::parse(&row.code).map_err(|_| damaged("a label has an unsound code"))?,
                status: row.status.parse().map_err(|_| damaged("a label has an unknown status"))?,
                target: target(
                    row.item_id.map(Into::into),
                    row.location_id.map(Into::into),
                    row.user_id.map(Into::into),
                ),
                replaced_by: row.replaced_by.map(Into::into),
            };
            Ok((label.id, HeldLabel { label, version: row.version, changed: false }))
        })
        .collect()
}

pub(super) async fn lock_shifts(
    tx: &TenantTx,
    users: &BTreeSet<UserId>,
) -> Result<BTreeMap<UserId, HeldShift>, ApiError> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = SqlUuid)]
        user_id: Uuid,
        #[diesel(sql_type = Nullable<SqlUuid>)]
        device_id: Option<Uuid>,
        #[diesel(sql_type = SqlUuid)]
        site_id: Uuid,
        #[diesel(sql_type = Nullable<SqlUuid>)]
        location_id: Option<Uuid>,
        #[diesel(sql_type = Nullable<SqlUuid>)]
        team_id: Option<Uuid>,
        #[diesel(sql_type = Timestamptz)]
        started_at: DateTime<Utc>,
        #[diesel(sql_type = Timestamptz)]
        last_activity_at: DateTime<Utc>,
        #[diesel(sql_type = BigInt)]
        version: i64,
    }
    if users.is_empty() {
        return Ok(BTreeMap::new());
    }
    let org = tx.org().0;
    let rows: Vec<Row> = sql(include_str!("lock_shifts.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<Array<SqlUuid>, _>(users.iter().map(|id| id.0).collect::<Vec<_>>())
        .load(&mut tx.pipe())
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let shift = Shift {
                id: row.id.into(),
                user_id: row.user_id.into(),
                site_id: row.site_id.into(),
                location_id: row.location_id.map(Into::into),
                team_id: row.team_id.map(Into::into),
                device_id: row.device_id.map(Into::into),
                started_at: row.started_at,
                last_active_at: row.last_activity_at,
                ended_at: None,
                end_reason: None,
            };
            (shift.user_id, HeldShift { shift, version: row.version })
        })
        .collect())
}
