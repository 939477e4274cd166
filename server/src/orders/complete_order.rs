//! `order.complete`: closes an order by hand. What is still open is cancelled, which takes a reason and `order:override`.

use floorline_domain::OrderId;
use floorline_domain::order::Command;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::cancel_order::close_with_items;
use super::record::{Acting, given, named};
use crate::floor::engine::{Ledger, ServerOperation};
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// Completes an order.
pub(super) struct CompleteOrder {
    pub(super) id: OrderId,
    pub(super) reason: Option<String>,
    pub(super) acting: Acting,
}

impl ServerOperation for CompleteOrder {
    fn name(&self) -> &'static str {
        "order.complete"
    }

    fn data(&self) -> Value {
        named(self.id, self.reason.as_ref())
    }

    fn apply<'a>(&'a mut self, tx: &'a mut TenantTx, ledger: &'a mut Ledger) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(async move {
            let reason = given(self.reason.as_ref())?;
            close_with_items(tx, ledger, self.id, &Command::Complete { reason: reason.clone() }, reason, &self.acting)
                .await
        })
    }
}
