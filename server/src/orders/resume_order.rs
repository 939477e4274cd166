//! `order.resume`: work goes on where it was paused.

use floorline_domain::OrderId;
use floorline_domain::order::Command;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::record::{Acting, judge, named, record};
use super::store;
use crate::floor::engine::{Ledger, ServerOperation};
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// Resumes a paused order.
pub(super) struct ResumeOrder {
    pub(super) id: OrderId,
    pub(super) acting: Acting,
}

impl ServerOperation for ResumeOrder {
    fn name(&self) -> &'static str {
        "order.resume"
    }

    fn data(&self) -> Value {
        named(self.id, None)
    }

    fn apply<'a>(&'a mut self, tx: &'a mut TenantTx, ledger: &'a mut Ledger) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(async move {
            let mut row = store::load_for_update(tx, self.id).await?;
            if let Some(event) = judge(&row, &Command::Resume, false, &self.acting)? {
                record(tx, ledger, &mut row, &event, Value::Null).await?;
            }
            self.acting.view(&row)
        })
    }
}
