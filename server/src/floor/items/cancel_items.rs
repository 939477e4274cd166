//! Cancels what is still open of an order, with the order.

use diesel::sql_types::{Array, BigInt, Jsonb, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::item::{self, Change, Event, Item, Stamp};
use floorline_domain::{EntryKey, OrderId, OrgId};
use serde_json::{Value, json};

use crate::floor::engine::{Ledger, Record, Subject, Topic};
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// How many were cancelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cancelled {
    /// Items as the order counts them.
    pub items: i32,
    /// Components of items.
    pub components: i32,
}

/// Cancels every item and component of the order that is neither completed nor scrapped nor cancelled. The order's row is locked by
/// the caller.
///
/// # Errors
/// Those of the database.
pub async fn cancel_open_items(
    tx: &mut TenantTx,
    ledger: &mut Ledger,
    order: OrderId,
    brand: OrgId,
    reason: Option<&str>,
) -> Result<Cancelled, ApiError> {
    let cause = ledger.cause();
    let entry = EntryKey { stream_id: cause.stream_id, seq: cause.seq };
    let stamp = Stamp { by: cause.actor.id, at: ledger.now(), entry };
    let mut count = Cancelled::default();
    let mut changed = Vec::new();
    for item in lock_open(tx, order).await? {
        match item.parent_id {
            None => count.items += 1,
            Some(_) => count.components += 1,
        }
        let event = Event { change: Change::Cancelled { reason: reason.map(str::to_owned) }, stamp };
        let item = item::apply(item, &event);
        let state = serde_json::to_value(&item).map_err(ApiError::internal)?;
        ledger.record(Record {
            subject: Subject::item(item.id),
            version: item.version,
            kind: event.kind(),
            data: serde_json::to_value(&event).map_err(ApiError::internal)?,
            after: state.clone(),
            topics: vec![Topic::Site(item.site_id), Topic::Order { order, brand }],
            brand_after: Some(json!({
                "id": item.id, "code": item.code, "parent_id": item.parent_id, "status": item.status, "stage": item.stage, "version": item.version,
            })),
        });
        changed.push((item, state));
    }
    store(tx, ledger, &changed).await?;
    Ok(count)
}

async fn lock_open(tx: &mut TenantTx, order: OrderId) -> Result<Vec<Item>, ApiError> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Jsonb)]
        state: Value,
    }
    let org = tx.org().0;
    let rows: Vec<Row> = sql("SELECT state FROM items WHERE org_id = $1 AND order_id = $2 \
         AND status IN ('not_started', 'active', 'paused', 'on_hold', 'error') ORDER BY id FOR NO KEY UPDATE")
    .bind::<SqlUuid, _>(org)
    .bind::<SqlUuid, _>(order.0)
    .load(tx.conn())
    .await?;
    rows.into_iter().map(|row| serde_json::from_value(row.state).map_err(ApiError::internal)).collect()
}

async fn store(tx: &mut TenantTx, ledger: &Ledger, changed: &[(Item, Value)]) -> Result<(), ApiError> {
    let org = tx.org().0;
    for chunk in changed.chunks(1_000) {
        sql("WITH batch (org_id, now) AS (SELECT $1::uuid, $2::timestamptz) \
             UPDATE items i SET status = r.status, version = r.version, hold_version = NULL, updated_at = b.now, state = r.state \
             FROM batch b, unnest($3, $4, $5, $6) AS r (id, status, version, state) WHERE i.org_id = b.org_id AND i.id = r.id")
        .bind::<SqlUuid, _>(org)
        .bind::<Timestamptz, _>(ledger.now())
        .bind::<Array<SqlUuid>, _>(chunk.iter().map(|(item, _)| item.id.0).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(chunk.iter().map(|(item, _)| item.status.as_str()).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(chunk.iter().map(|(item, _)| item.version).collect::<Vec<_>>())
        .bind::<Array<Jsonb>, _>(chunk.iter().map(|(_, state)| state).collect::<Vec<_>>())
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}
