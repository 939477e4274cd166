//! Cancels what is still open of an order, with the order.

use floorline_domain::item::{self, Change, Event, Stamp};
use floorline_domain::{EntryKey, ItemId, OrderId, OrgId};
use uuid::Uuid;

use super::store;
use super::views::for_brand;
use crate::floor::engine::{Ledger, Record, Subject, Topic};
use crate::identity::push::News;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// Items cancelled by one round of statements.
const CHUNK: i64 = 1_000;

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
    let mut after = ItemId(Uuid::nil());
    loop {
        let open = store::lock_open_of_order(tx, order, after, CHUNK).await?;
        let Some(last) = open.last() else { return Ok(count) };
        after = last.id;
        let mut closed = Vec::with_capacity(open.len());
        for item in open {
            match item.parent_id {
                None => count.items += 1,
                Some(_) => count.components += 1,
            }
            let change = Change::Cancelled { reason: reason.map(str::to_owned), with: None };
            let event = Event { change, stamp };
            let item = item::apply(item, &event);
            if let Some(user) = item.assigned_to.filter(|user| *user != stamp.by) {
                ledger.tell(user, News::ItemCancelled, item.id.0);
            }
            let state = serde_json::to_value(&item).map_err(ApiError::internal)?;
            ledger.record(Record {
                subject: Subject::item(item.id),
                version: item.version,
                kind: event.kind(),
                data: serde_json::to_value(&event).map_err(ApiError::internal)?,
                after: state.clone(),
                topics: vec![Topic::Site(item.site_id), Topic::Order { order, brand }],
                brand_after: Some(for_brand(&item)),
            });
            closed.push((item, state));
        }
        store::close(tx, &closed, ledger.now()).await?;
        ledger.flush_events(tx).await?;
    }
}
