//! `order.create`: a brand asks, or a factory enters what it was asked for.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use chrono::Datelike as _;
use floorline_domain::{OrderId, OrgId};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use uuid::Uuid;

use super::new_order::{OrderRequest, day};
use super::record::{Acting, tell};
use super::store::{self, OrderRow};
use super::views;
use crate::floor::engine::{Ledger, ServerOperation};
use crate::floor::workflows::exists;
use crate::platform::http::{ApiError, Code};
use crate::platform::tenancy::TenantTx;

/// A generated number that a brand used by hand is passed over; nobody uses this many in advance.
const NUMBER_TRIES: usize = 1_000;

/// Creates an order for `brand` in the factory that runs it.
pub(super) struct CreateOrder {
    pub(super) id: OrderId,
    pub(super) brand: OrgId,
    pub(super) request: OrderRequest,
    pub(super) acting: Acting,
}

impl ServerOperation for CreateOrder {
    fn name(&self) -> &'static str {
        "order.create"
    }

    fn data(&self) -> Value {
        json!({ "brand_id": self.brand, "order": self.request })
    }

    fn status(&self) -> StatusCode {
        StatusCode::CREATED
    }

    fn apply<'a>(&'a mut self, tx: &'a mut TenantTx, ledger: &'a mut Ledger) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(self.create(tx, ledger))
    }
}

impl CreateOrder {
    async fn create(&self, tx: &mut TenantTx, ledger: &mut Ledger) -> Result<Value, ApiError> {
        let errors = self.request.faults(day(ledger.now()), false);
        if !errors.is_empty() {
            return Err(ApiError::invalid(errors));
        }
        if self.brand != tx.org() && !store::is_partner(tx, self.brand).await? {
            return Err(ApiError::invalid_field(
                "brand_id",
                "unknown",
                "There is no active partnership with that brand.",
            ));
        }
        if let Some(workflow) = self.request.workflow_id
            && !exists(tx, workflow).await?
        {
            return Err(ApiError::invalid_field("workflow_id", "unknown", "There is no such workflow in use."));
        }
        let row = self.insert(tx, ledger).await?;
        let lines = self.request.line_rows(row.org_id, row.brand_id, self.id)?;
        store::insert_lines(tx, &lines).await?;
        let data = json!({ "kind": "order.created", "order": self.request });
        tell(ledger, &row, "order.created", data)?;
        let mut view = self.acting.view(&row)?;
        if let Some(members) = view.as_object_mut() {
            let lines: Vec<_> = lines.into_iter().map(views::line).collect();
            members.insert("lines".into(), serde_json::to_value(lines).map_err(ApiError::internal)?);
        }
        Ok(view)
    }

    async fn insert(&self, tx: &mut TenantTx, ledger: &Ledger) -> Result<OrderRow, ApiError> {
        let mut row = self.row(tx.org(), ledger);
        if let Some(number) = &self.request.po_number {
            row.po_number = number.trim().to_owned();
            if !store::insert(tx, &row).await? {
                let detail = format!("There is an order {} already.", row.po_number);
                return Err(ApiError::new(Code::Duplicate, detail));
            }
            return Ok(row);
        }
        let year = ledger.now().year();
        let counter = BTreeMap::from([(format!("order:{}:{year}", self.brand), 1)]);
        for _ in 0..NUMBER_TRIES {
            let taken = store::take_numbers(tx, &counter).await?;
            let number = taken.values().next().copied().unwrap_or(1);
            row.po_number = format!("PO-{year}-{number:04}");
            if store::insert(tx, &row).await? {
                return Ok(row);
            }
        }
        Err(ApiError::new(Code::Duplicate, "No number is free; give one."))
    }

    fn row(&self, org: OrgId, ledger: &Ledger) -> OrderRow {
        let (request, now) = (&self.request, ledger.now());
        OrderRow {
            org_id: org.0,
            id: self.id.0,
            brand_id: self.brand.0,
            po_number: String::new(),
            status: "pending".into(),
            workflow_id: request.workflow_id,
            workflow_version_id: None,
            site_id: None,
            currency: request.currency.clone(),
            total_value: request.total_value.0.clone(),
            requested_delivery_date: request.requested_delivery_date,
            promised_delivery_date: None,
            notes: request.notes.clone(),
            reason: None,
            public_passport: request.public_passport,
            created_by: ledger.actor().id.0,
            created_at: now,
            updated_at: now,
            accepted_at: None,
            started_at: None,
            closed_at: None,
            version: 1,
            items_total: 0,
            items_completed: 0,
            items_scrapped: 0,
            items_cancelled: 0,
            items_started: 0,
            components_total: 0,
            reworks: 0,
        }
    }
}

/// The id a new order gets, which the idempotency of its request does not depend on.
pub(super) fn new_id() -> OrderId {
    OrderId(Uuid::now_v7())
}
