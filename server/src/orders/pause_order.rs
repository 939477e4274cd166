//! `order.pause`: no work in stages until it is resumed; items keep their status.

use floorline_domain::OrderId;
use floorline_domain::order::Command;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::record::{Acting, given, judge, named, record};
use super::store;
use crate::floor::engine::{Ledger, ServerOperation};
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// Pauses an order.
pub(super) struct PauseOrder {
    pub(super) id: OrderId,
    pub(super) reason: Option<String>,
    pub(super) acting: Acting,
}

impl ServerOperation for PauseOrder {
    fn name(&self) -> &'static str {
        "order.pause"
    }

    fn data(&self) -> Value {
        named(self.id, self.reason.as_ref())
    }

    fn apply<'a>(&'a mut self, tx: &'a mut TenantTx, ledger: &'a mut Ledger) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(async move {
            let mut row = store::load_for_update(tx, self.id).await?;
            let command = Command::Pause { reason: given(self.reason.as_ref())? };
            if let Some(event) = judge(&row, &command, false, &self.acting)? {
                record(tx, ledger, &mut row, &event, Value::Null).await?;
            }
            self.acting.view(&row)
        })
    }
}
