//! Makes items with their labels, thousands at a time: a few set-based statements a chunk, whatever the number.

use std::collections::BTreeMap;

use floorline_domain::item::{self, Item, New, Stamp};
use floorline_domain::label::{self, draw};
use floorline_domain::{EntryKey, ItemId, LabelId, OrgId};
use serde_json::{Value, json};
use uuid::Uuid;

use super::store::{self, NewLabel};
use super::views::for_brand;
use crate::floor::cases;
use crate::floor::engine::{Ledger, Record, Subject, Topic};
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
    store::insert(tx, brand, &items, ledger.now()).await?;
    label_items(tx, ledger, stamp, &items).await?;
    cases::retry_known(tx, ledger, &items.iter().map(|item| item.id).collect::<Vec<_>>()).await?;
    ledger.flush_events(tx).await?;
    Ok(items)
}

fn told(item: &Item, brand: Option<OrgId>) -> Result<(Value, Vec<Topic>, Option<Value>), ApiError> {
    let after = serde_json::to_value(item).map_err(ApiError::internal)?;
    let mut topics = vec![Topic::Site(item.site_id)];
    let brand_after = item.order_id.zip(brand).map(|(order, brand)| {
        topics.push(Topic::Order { order, brand });
        for_brand(item)
    });
    Ok((after, topics, brand_after))
}

/// Draws a code for each item. A code that some installation-wide label has already is drawn again.
async fn label_items(tx: &mut TenantTx, ledger: &mut Ledger, stamp: Stamp, items: &[Item]) -> Result<(), ApiError> {
    let mut open: BTreeMap<ItemId, &Item> = items.iter().map(|item| (item.id, item)).collect();
    while !open.is_empty() {
        let drawn: BTreeMap<ItemId, (LabelId, label::Code)> = open
            .keys()
            .map(|id| (*id, (LabelId(Uuid::now_v7()), draw(label::Kind::Item, rand::random::<u64>))))
            .collect();
        let rows: Vec<NewLabel<'_>> = drawn
            .iter()
            .filter_map(|(item, (id, code))| {
                let order = open.get(item)?.order_id;
                Some(NewLabel { id: *id, code, item: *item, order })
            })
            .collect();
        for item in store::insert_labels(tx, &rows, ledger.now()).await? {
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
