//! Makes items with their labels, thousands at a time: a few set-based statements a chunk, whatever the number.

use std::collections::BTreeMap;

use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::item::{self, Item, New, Stamp};
use floorline_domain::label::{self, draw};
use floorline_domain::{EntryKey, ItemId, LabelId, OrgId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::floor::engine::{Ledger, Record, Subject, Topic, rank};
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// Whether the floor is told of each item, or of all at once by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tell {
    /// One feed event an item.
    Each,
    /// None: the caller tells of the whole.
    Nothing,
}

/// Makes the items, each with an active label, and logs `item.created` and `label.made` for each.
///
/// # Errors
/// Those of the database; `DUPLICATE` when an item has one of the codes already.
pub async fn make_items(
    tx: &mut TenantTx,
    ledger: &mut Ledger,
    brand: Option<OrgId>,
    news: Vec<New>,
    tell: Tell,
) -> Result<Vec<Item>, ApiError> {
    let cause = ledger.cause();
    let entry = EntryKey { stream_id: cause.stream_id, seq: cause.seq };
    let stamp = Stamp { by: cause.actor.id, at: ledger.now(), entry };
    let mut items = Vec::with_capacity(news.len());
    for new in news {
        let event = item::create(new, stamp);
        let Some(item) = item::fold([&event]) else { continue };
        let data = serde_json::to_value(&event).map_err(ApiError::internal)?;
        let (after, topics, brand_after) = match tell {
            Tell::Nothing => (Value::Null, Vec::new(), None),
            Tell::Each => told(&item, brand)?,
        };
        let subject = Subject::item(item.id);
        ledger.record(Record { subject, version: 1, kind: "item.created", data, after, topics, brand_after });
        items.push(item);
    }
    insert_items(tx, ledger, brand, &items).await?;
    label_items(tx, ledger, stamp, &items).await?;
    ledger.flush_events(tx).await?;
    Ok(items)
}

fn told(item: &Item, brand: Option<OrgId>) -> Result<(Value, Vec<Topic>, Option<Value>), ApiError> {
    let after = serde_json::to_value(item).map_err(ApiError::internal)?;
    let mut topics = vec![Topic::Site(item.site_id)];
    let brand_after = item.order_id.zip(brand).map(|(order, brand)| {
        topics.push(Topic::Order { order, brand });
        json!({ "id": item.id, "code": item.code, "parent_id": item.parent_id, "status": item.status, "stage": item.stage, "version": item.version })
    });
    Ok((after, topics, brand_after))
}

async fn insert_items(
    tx: &mut TenantTx,
    ledger: &Ledger,
    brand: Option<OrgId>,
    items: &[Item],
) -> Result<(), ApiError> {
    let states: Vec<Value> =
        items.iter().map(serde_json::to_value).collect::<Result<_, _>>().map_err(ApiError::internal)?;
    let org = tx.org().0;
    sql(include_str!("insert_items.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<Nullable<SqlUuid>, _>(brand.map(|brand| brand.0))
        .bind::<Timestamptz, _>(ledger.now())
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

/// Draws a code for each item. A code that some installation-wide label has already is drawn again.
async fn label_items(tx: &mut TenantTx, ledger: &mut Ledger, stamp: Stamp, items: &[Item]) -> Result<(), ApiError> {
    #[derive(diesel::QueryableByName)]
    struct Stored {
        #[diesel(sql_type = SqlUuid)]
        item_id: Uuid,
    }
    let org = tx.org().0;
    let mut open: BTreeMap<ItemId, &Item> = items.iter().map(|item| (item.id, item)).collect();
    while !open.is_empty() {
        let drawn: BTreeMap<ItemId, (LabelId, label::Code)> = open
            .keys()
            .map(|id| (*id, (LabelId(Uuid::now_v7()), draw(label::Kind::Item, rand::random::<u64>))))
            .collect();
        let stored: Vec<Stored> = sql("INSERT INTO labels (org_id, created_at, updated_at, kind, status, id, code, item_id, order_id) \
             SELECT b.org_id, b.now, b.now, 'item', 'active', r.* \
             FROM (SELECT $1::uuid, $2::timestamptz) AS b (org_id, now), unnest($3, $4, $5, $6) AS r (id, code, item_id, order_id) \
             ON CONFLICT (code) DO NOTHING RETURNING item_id")
        .bind::<SqlUuid, _>(org)
        .bind::<Timestamptz, _>(ledger.now())
        .bind::<Array<SqlUuid>, _>(drawn.values().map(|(id, _)| id.0).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(drawn.values().map(|(_, code)| code.as_str()).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(drawn.keys().map(|id| id.0).collect::<Vec<_>>())
        .bind::<Array<Nullable<SqlUuid>>, _>(open.values().map(|item| item.order_id.map(|id| id.0)).collect::<Vec<_>>())
        .load(tx.conn())
        .await?;
        for Stored { item_id } in stored {
            let item = ItemId(item_id);
            open.remove(&item);
            let Some((id, code)) = drawn.get(&item) else { continue };
            ledger.record(Record {
                subject: Subject::label(*id),
                version: 1,
                kind: "label.made",
                data: json!({ "kind": "label.made", "label_id": id, "code": code, "target": { "type": "item", "id": item }, "by": stamp.by, "at": stamp.at }),
                after: Value::Null,
                topics: Vec::new(),
                brand_after: None,
            });
        }
    }
    Ok(())
}
