//! `order.cancel`: the brand while it is pending, the factory until it is completed. Its items that are not done go with it.

use floorline_domain::order::Command;
use floorline_domain::{OrderId, OrgId};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::record::{Acting, given, judge, named, record};
use super::store;
use crate::floor::engine::{Ledger, ServerOperation};
use crate::floor::items::cancel_open_items;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// Cancels an order.
pub(super) struct CancelOrder {
    pub(super) id: OrderId,
    pub(super) reason: Option<String>,
    pub(super) acting: Acting,
}

impl ServerOperation for CancelOrder {
    fn name(&self) -> &'static str {
        "order.cancel"
    }

    fn data(&self) -> Value {
        named(self.id, self.reason.as_ref())
    }

    fn apply<'a>(&'a mut self, tx: &'a mut TenantTx, ledger: &'a mut Ledger) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(async move {
            let reason = given(self.reason.as_ref())?;
            close_with_items(tx, ledger, self.id, &Command::Cancel { reason: reason.clone() }, reason, &self.acting)
                .await
        })
    }
}

/// Closes an order by `command` and cancels what is still open of it.
pub(super) async fn close_with_items(
    tx: &mut TenantTx,
    ledger: &mut Ledger,
    id: OrderId,
    command: &Command,
    reason: Option<String>,
    acting: &Acting,
) -> Result<Value, ApiError> {
    store::allow_a_minute(tx).await?;
    let mut row = store::load_for_update(tx, id).await?;
    let Some(event) = judge(&row, command, false, acting)? else { return acting.view(&row) };
    let cancelled = cancel_open_items(tx, ledger, id, OrgId(row.brand_id), reason.as_deref()).await?;
    row.items_cancelled += cancelled.items;
    if matches!(command, Command::Complete { .. }) && cancelled.items > 0 {
        let detail = json!({ "order_id": id, "reason": reason, "items_cancelled": cancelled.items });
        ledger.audit("order.overridden", detail);
    }
    let data = json!({ "items_cancelled": cancelled.items, "components_cancelled": cancelled.components });
    record(tx, ledger, &mut row, &event, data).await?;
    acting.view(&row)
}
