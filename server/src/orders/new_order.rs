//! What a request says of an order, and how it becomes rows.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use floorline_domain::order::{self, MAX_UNITS, Money, NewComponent, NewLine, NewOrder, whole};
use floorline_domain::{FieldError, OrderId, WorkflowId};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::LineRow;
use crate::platform::http::{ApiError, sensible};

/// A note has at most this many characters.
const MAX_NOTES: usize = 10_000;

/// An order as it is asked for.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(super) struct OrderRequest {
    /// Unique for a brand at a factory; made when absent.
    pub(super) po_number: Option<String>,
    /// The factory that is asked; absent: one's own.
    pub(super) factory_id: Option<Uuid>,
    /// For whom a factory enters it; absent: on its own account. Brands order for themselves.
    pub(super) brand_id: Option<Uuid>,
    /// Needed to accept, optional before.
    pub(super) workflow_id: Option<Uuid>,
    /// ISO 4217, such as `EUR`.
    pub(super) currency: String,
    /// In the future.
    pub(super) requested_delivery_date: Option<NaiveDate>,
    /// A decimal number: what the lines add up to, to the cent.
    #[schema(value_type = String, example = "1250.00")]
    pub(super) total_value: Money,
    /// For people.
    #[serde(default)]
    pub(super) notes: String,
    /// Whether anybody who scans an item may see its passport.
    #[serde(default)]
    pub(super) public_passport: bool,
    /// 1–1,000 of them.
    pub(super) lines: Vec<LineRequest>,
}

/// One variant to make.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(super) struct LineRequest {
    /// What its items' codes begin with.
    pub(super) code: String,
    /// For people.
    pub(super) name: String,
    /// A whole number from 1.
    #[schema(value_type = i32)]
    pub(super) quantity: Number,
    /// A decimal number.
    #[schema(value_type = String, example = "12.50")]
    pub(super) unit_price: Money,
    /// What every item of it is; workflows may ask for it.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(super) attributes: BTreeMap<String, Value>,
    /// For people and machines.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(super) specification: Value,
    /// What one unit is put together from.
    #[serde(default)]
    pub(super) components: Vec<ComponentRequest>,
}

/// A part of one unit, made by a workflow of its own.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(super) struct ComponentRequest {
    /// Unique in the line.
    pub(super) code: String,
    /// For people.
    pub(super) name: String,
    /// For each unit.
    #[schema(value_type = i32)]
    pub(super) quantity: Number,
    /// Needed to accept, unless the acceptance names one.
    pub(super) workflow_id: Option<Uuid>,
}

impl OrderRequest {
    /// Every fault of it. `day_as_it_was`: the day was asked for before, and may have passed since.
    pub(super) fn faults(&self, today: NaiveDate, day_as_it_was: bool) -> Vec<FieldError> {
        let mut errors = order::check(&self.for_rules());
        if !day_as_it_was {
            errors.extend(self.day_fault(today));
        }
        if self.notes.chars().count() > MAX_NOTES {
            errors.push(FieldError::new("notes", "length", format!("Notes have at most {MAX_NOTES} characters.")));
        }
        errors
    }

    fn day_fault(&self, today: NaiveDate) -> Option<FieldError> {
        let field = "requested_delivery_date";
        let Some(day) = self.requested_delivery_date else {
            return Some(FieldError::new(field, "required", "Say when it should be there."));
        };
        if day <= today {
            return Some(FieldError::new(field, "past", "The day of delivery is in the future."));
        }
        sensible(field, &day).err()
    }

    /// The part the rules look at.
    fn for_rules(&self) -> NewOrder {
        NewOrder {
            po_number: self.po_number.clone(),
            currency: self.currency.clone(),
            total_value: self.total_value.clone(),
            lines: self.lines.iter().map(LineRequest::for_rules).collect(),
        }
    }

    /// Its lines as rows; after [`Self::faults`] found nothing.
    pub(super) fn line_rows(&self, org: Uuid, brand: Uuid, order: OrderId) -> Result<Vec<LineRow>, ApiError> {
        let mut rows = Vec::with_capacity(self.lines.len());
        for (position, line) in (1..).zip(&self.lines) {
            let quantity = whole(&line.quantity, MAX_UNITS).and_then(|quantity| i32::try_from(quantity).ok());
            rows.push(LineRow {
                org_id: org,
                id: Uuid::now_v7(),
                order_id: order.0,
                brand_id: brand,
                position,
                code: line.code.clone(),
                name: line.name.trim().to_owned(),
                quantity: quantity.unwrap_or_default(),
                unit_price: line.unit_price.0.clone(),
                attributes: serde_json::to_value(&line.attributes).map_err(ApiError::internal)?,
                specification: if line.specification.is_null() {
                    Value::Object(serde_json::Map::new())
                } else {
                    line.specification.clone()
                },
                components: serde_json::to_value(line.for_rules().components).map_err(ApiError::internal)?,
            });
        }
        Ok(rows)
    }
}

impl LineRequest {
    fn for_rules(&self) -> NewLine {
        NewLine {
            code: self.code.clone(),
            name: self.name.clone(),
            quantity: self.quantity.clone(),
            unit_price: self.unit_price.clone(),
            attributes: self.attributes.clone(),
            specification: self.specification.clone(),
            components: self
                .components
                .iter()
                .map(|component| NewComponent {
                    code: component.code.clone(),
                    name: component.name.clone(),
                    quantity: component.quantity.clone(),
                    workflow_id: component.workflow_id.map(WorkflowId),
                })
                .collect(),
        }
    }
}

/// What may change while an order is pending; an absent field stays, lines are replaced as a whole.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub(super) struct OrderChange {
    /// Unique for a brand at a factory.
    pub(super) po_number: Option<String>,
    /// What its items will go through.
    pub(super) workflow_id: Option<Uuid>,
    /// ISO 4217.
    pub(super) currency: Option<String>,
    /// In the future.
    pub(super) requested_delivery_date: Option<NaiveDate>,
    /// What the lines add up to.
    #[schema(value_type = Option<String>)]
    pub(super) total_value: Option<Money>,
    /// For people.
    pub(super) notes: Option<String>,
    /// Whether anybody who scans an item may see its passport.
    pub(super) public_passport: Option<bool>,
    /// All lines anew.
    pub(super) lines: Option<Vec<LineRequest>>,
}

impl LineRow {
    /// The line as it would be asked for again.
    pub(super) fn request(&self) -> Result<LineRequest, ApiError> {
        Ok(LineRequest {
            code: self.code.clone(),
            name: self.name.clone(),
            quantity: self.quantity.into(),
            unit_price: Money(self.unit_price.clone()),
            attributes: serde_json::from_value(self.attributes.clone()).map_err(ApiError::internal)?,
            specification: self.specification.clone(),
            components: serde_json::from_value(self.components.clone()).map_err(ApiError::internal)?,
        })
    }
}

/// Whether an order can be promised for this day.
pub(super) fn promise_fault(promised: Option<NaiveDate>, today: NaiveDate) -> Option<FieldError> {
    let (field, day) = ("promised_delivery_date", promised?);
    if day < today {
        return Some(FieldError::new(field, "past", "A promise is not for a day that has passed."));
    }
    sensible(field, &day).err()
}

/// The day in UTC.
pub(super) fn day(now: DateTime<Utc>) -> NaiveDate {
    now.date_naive()
}
