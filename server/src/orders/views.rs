//! Orders as JSON.

use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use floorline_domain::order::{self, Schedule};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{LineRow, OrderRow};

/// An order as its factory sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderView {
    /// Its id.
    id: Uuid,
    /// Who ordered it; the factory itself for what it makes on its own account.
    brand_id: Uuid,
    /// The number people use; unique for a brand at a factory.
    po_number: String,
    /// `pending`, `accepted`, `in_production`, `paused`, `completed`, `rejected` or `cancelled`.
    status: String,
    /// What its items go through.
    workflow_id: Option<Uuid>,
    /// The version they are pinned to.
    workflow_version_id: Option<Uuid>,
    /// Where it is made.
    site_id: Option<Uuid>,
    /// ISO 4217.
    currency: String,
    /// A decimal number.
    total_value: String,
    /// When the brand would like it.
    requested_delivery_date: Option<NaiveDate>,
    /// When the factory said it would be there.
    promised_delivery_date: Option<NaiveDate>,
    /// For people.
    notes: String,
    /// Of the latest rejection, pause, cancellation or closing by hand.
    reason: Option<String>,
    /// Whether anybody who scans an item may see its passport.
    public_passport: bool,
    /// Who asked for it.
    created_by: Uuid,
    /// When it was asked for.
    created_at: DateTime<Utc>,
    /// When it or one of its counts last changed.
    updated_at: DateTime<Utc>,
    /// When the factory accepted it.
    accepted_at: Option<DateTime<Utc>>,
    /// When the first item was worked on.
    started_at: Option<DateTime<Utc>>,
    /// When it was completed, rejected or cancelled.
    closed_at: Option<DateTime<Utc>>,
    /// The `ETag`: the number of its events.
    version: i64,
    /// How far it is.
    progress: Counts,
    /// `ahead`, `on_track` or `behind` what was promised; absent where nothing is made any more or yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    schedule: Option<Schedule>,
    /// What is to be made, in a single order's answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<Vec<LineView>>,
}

/// How far an order is, from the counts its items move.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(super) struct Counts {
    /// Items, components left out.
    pub(super) total: i32,
    /// Items done.
    pub(super) completed: i32,
    /// Items given up.
    pub(super) scrapped: i32,
    /// Items not wanted any more.
    pub(super) cancelled: i32,
    /// Items still to be done.
    pub(super) open: i32,
    /// Items that were worked on at all.
    pub(super) started: i32,
    /// How often an item was sent back.
    pub(super) reworks: i32,
    /// Components of items.
    pub(super) components: i32,
    /// Completed of those still wanted, in whole percent, rounded down.
    pub(super) percent: u8,
}

/// One variant of an order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LineView {
    /// Its id.
    pub(super) id: Uuid,
    /// 1, 2, 3 …
    pub(super) position: i32,
    /// What its items' codes begin with.
    pub(super) code: String,
    /// For people.
    pub(super) name: String,
    /// Units.
    pub(super) quantity: i32,
    /// A decimal number.
    pub(super) unit_price: String,
    /// What every item of it is, such as its colour; workflows may ask for it.
    #[schema(value_type = Object)]
    pub(super) attributes: Value,
    /// For people and machines.
    #[schema(value_type = Object)]
    pub(super) specification: Value,
    /// What one unit is put together from.
    #[schema(value_type = Vec<Object>)]
    pub(super) components: Value,
}

/// A decimal number with at least two decimals and no more than it needs.
pub(super) fn money(value: &BigDecimal) -> String {
    let value = value.normalized();
    let (_, scale) = value.as_bigint_and_exponent();
    value.with_scale(scale.max(2)).to_plain_string()
}

/// An order's counts as its columns hold them.
pub(super) struct Tally {
    pub(super) total: i32,
    pub(super) completed: i32,
    pub(super) scrapped: i32,
    pub(super) cancelled: i32,
    pub(super) started: i32,
    pub(super) reworks: i32,
    pub(super) components: i32,
}

impl Tally {
    pub(super) fn counts(&self) -> Counts {
        let wanted = self.total - self.scrapped - self.cancelled;
        let percent = match (self.total, wanted) {
            (0, _) => 0,
            (_, 0) => 100,
            _ => u8::try_from(i64::from(self.completed) * 100 / i64::from(wanted)).unwrap_or(100),
        };
        Counts {
            total: self.total,
            completed: self.completed,
            scrapped: self.scrapped,
            cancelled: self.cancelled,
            open: wanted - self.completed,
            started: self.started,
            reworks: self.reworks,
            components: self.components,
            percent,
        }
    }
}

fn counts(row: &OrderRow) -> Counts {
    let tally = Tally {
        total: row.items_total,
        completed: row.items_completed,
        scrapped: row.items_scrapped,
        cancelled: row.items_cancelled,
        started: row.items_started,
        reworks: row.reworks,
        components: row.components_total,
    };
    tally.counts()
}

/// The order as the log and the feeds tell of it: nothing in it depends on the time it is read.
pub(super) fn order(row: &OrderRow) -> OrderView {
    OrderView {
        id: row.id,
        brand_id: row.brand_id,
        po_number: row.po_number.clone(),
        status: row.status.clone(),
        workflow_id: row.workflow_id,
        workflow_version_id: row.workflow_version_id,
        site_id: row.site_id,
        currency: row.currency.clone(),
        total_value: money(&row.total_value),
        requested_delivery_date: row.requested_delivery_date,
        promised_delivery_date: row.promised_delivery_date,
        notes: row.notes.clone(),
        reason: row.reason.clone(),
        public_passport: row.public_passport,
        created_by: row.created_by,
        created_at: row.created_at,
        updated_at: row.updated_at,
        accepted_at: row.accepted_at,
        started_at: row.started_at,
        closed_at: row.closed_at,
        version: row.version,
        progress: counts(row),
        schedule: None,
        lines: None,
    }
}

/// The order as it is read now.
pub(super) fn order_now(row: &OrderRow, now: DateTime<Utc>) -> OrderView {
    let percent = counts(row).percent;
    OrderView {
        schedule: schedule(&row.status, percent, row.created_at, row.promised_delivery_date, now),
        ..order(row)
    }
}

/// The order with its lines.
pub(super) fn order_with_lines(row: &OrderRow, lines: Vec<LineRow>, now: DateTime<Utc>) -> OrderView {
    OrderView { lines: Some(lines.into_iter().map(line).collect()), ..order_now(row, now) }
}

pub(super) fn line(row: LineRow) -> LineView {
    LineView {
        id: row.id,
        position: row.position,
        code: row.code,
        name: row.name,
        quantity: row.quantity,
        unit_price: money(&row.unit_price),
        attributes: row.attributes,
        specification: row.specification,
        components: row.components,
    }
}

/// Against the end of the day it was promised for.
pub(super) fn schedule(
    status: &str,
    percent: u8,
    submitted: DateTime<Utc>,
    promised: Option<NaiveDate>,
    now: DateTime<Utc>,
) -> Option<Schedule> {
    let being_made = matches!(status, "accepted" | "in_production" | "paused");
    let end = promised.and_then(|day| day.succ_opt()).map(|day| day.and_time(NaiveTime::MIN).and_utc());
    being_made.then(|| order::schedule(percent, submitted, end, now))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn money_has_two_decimals_or_as_many_as_it_needs() {
        for (stored, shown) in [("12.500000", "12.50"), ("0.125000", "0.125"), ("100", "100.00"), ("0", "0.00")] {
            assert_eq!(money(&stored.parse().unwrap()), shown);
        }
    }
}
