//! `order.reject`: the factory says no, and why.

use floorline_domain::OrderId;
use floorline_domain::order::Command;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::record::{Acting, given, judge, named, record};
use super::store;
use crate::floor::engine::{Ledger, ServerOperation};
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// Rejects a pending order.
pub(super) struct RejectOrder {
    pub(super) id: OrderId,
    pub(super) reason: Option<String>,
    pub(super) acting: Acting,
}

impl ServerOperation for RejectOrder {
    fn name(&self) -> &'static str {
        "order.reject"
    }

    fn data(&self) -> Value {
        named(self.id, self.reason.as_ref())
    }

    fn apply<'a>(&'a mut self, tx: &'a mut TenantTx, ledger: &'a mut Ledger) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(async move {
            let mut row = store::load_for_update(tx, self.id).await?;
            let reason = given(self.reason.as_ref())?;
            if let Some(event) = judge(&row, &Command::Reject { reason: reason.clone() }, false, &self.acting)? {
                if reason.is_none() {
                    return Err(ApiError::invalid_field("reason", "required", "Say why the order is rejected."));
                }
                record(tx, ledger, &mut row, &event, Value::Null).await?;
            }
            self.acting.view(&row)
        })
    }
}
