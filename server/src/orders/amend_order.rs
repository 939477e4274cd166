//! `order.amend`: changes what is asked for, while nothing was promised.

use floorline_domain::OrderId;
use floorline_domain::order::{Command, Money};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::new_order::{OrderChange, OrderRequest, day};
use super::record::{Acting, judge, record};
use super::store::{self, LineRow, OrderRow};
use crate::floor::engine::{Ledger, ServerOperation};
use crate::floor::workflows::exists;
use crate::platform::http::{ApiError, IfMatch};
use crate::platform::tenancy::TenantTx;

/// Amends a pending order, by either side.
pub(super) struct AmendOrder {
    pub(super) id: OrderId,
    pub(super) expected: IfMatch,
    pub(super) change: OrderChange,
    pub(super) acting: Acting,
}

impl ServerOperation for AmendOrder {
    fn name(&self) -> &'static str {
        "order.amend"
    }

    fn data(&self) -> Value {
        json!({ "order_id": self.id, "version": self.expected.0, "change": self.change })
    }

    fn apply<'a>(&'a mut self, tx: &'a mut TenantTx, ledger: &'a mut Ledger) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(self.amend(tx, ledger))
    }
}

impl AmendOrder {
    async fn amend(&self, tx: &mut TenantTx, ledger: &mut Ledger) -> Result<Value, ApiError> {
        let mut row = store::load_for_update(tx, self.id).await?;
        let event = judge(&row, &Command::Amend, false, &self.acting)?;
        self.expected.check(row.version)?;
        let wanted = self.wanted(&row, &store::lines(tx, row.id).await?)?;
        let errors = wanted.faults(day(ledger.now()), self.change.requested_delivery_date.is_none());
        if !errors.is_empty() {
            return Err(ApiError::invalid(errors));
        }
        if let Some(workflow) = self.change.workflow_id
            && !exists(tx, workflow).await?
        {
            return Err(ApiError::invalid_field("workflow_id", "unknown", "There is no such workflow in use."));
        }
        if self.change.lines.is_some() {
            store::delete_lines(tx, row.id).await?;
            store::insert_lines(tx, &wanted.line_rows(row.org_id, row.brand_id, self.id)?).await?;
        }
        row.po_number = wanted.po_number.map_or(row.po_number, |number| number.trim().to_owned());
        row.workflow_id = wanted.workflow_id;
        row.currency = wanted.currency;
        row.requested_delivery_date = wanted.requested_delivery_date;
        row.total_value = wanted.total_value.0;
        row.notes = wanted.notes;
        row.public_passport = wanted.public_passport;
        if let Some(event) = event {
            record(tx, ledger, &mut row, &event, json!({ "change": self.change })).await?;
        }
        self.acting.view(&row)
    }

    /// The order as it would be asked for after the change.
    fn wanted(&self, row: &OrderRow, lines: &[LineRow]) -> Result<OrderRequest, ApiError> {
        let change = self.change.clone();
        let lines = match change.lines {
            Some(lines) => lines,
            None => lines.iter().map(LineRow::request).collect::<Result<_, _>>()?,
        };
        Ok(OrderRequest {
            po_number: change.po_number.or_else(|| Some(row.po_number.clone())),
            factory_id: None,
            brand_id: None,
            workflow_id: change.workflow_id.or(row.workflow_id),
            currency: change.currency.unwrap_or_else(|| row.currency.clone()),
            requested_delivery_date: change.requested_delivery_date.or(row.requested_delivery_date),
            total_value: change.total_value.unwrap_or_else(|| Money(row.total_value.clone())),
            notes: change.notes.unwrap_or_else(|| row.notes.clone()),
            public_passport: change.public_passport.unwrap_or(row.public_passport),
            lines,
        })
    }
}
