//! Orders and items as their brand sees them: no people, no places, no workflow.

use chrono::{DateTime, NaiveDate, Utc};
use floorline_domain::order::Schedule;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{BrandItemRow, BrandLineRow, BrandOrderRow};
use crate::orders::store::OrderRow;
use crate::orders::views::{Counts, LineView, Tally, money, schedule};

/// An order as its brand sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::orders) struct BrandOrderView {
    /// Its id.
    id: Uuid,
    /// Who makes it.
    factory_id: Uuid,
    /// The number people use.
    po_number: String,
    /// `pending`, `accepted`, `in_production`, `paused`, `completed`, `rejected` or `cancelled`.
    status: String,
    /// ISO 4217.
    currency: String,
    /// A decimal number.
    total_value: String,
    /// When it should be there.
    requested_delivery_date: Option<NaiveDate>,
    /// When the factory said it would be there.
    promised_delivery_date: Option<NaiveDate>,
    /// For people.
    notes: String,
    /// Of the latest rejection, pause, cancellation or closing by hand.
    reason: Option<String>,
    /// Whether anybody who scans an item may see its passport.
    public_passport: bool,
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
    /// The `ETag`.
    version: i64,
    /// How far it is.
    progress: Counts,
    /// `ahead`, `on_track` or `behind` what was promised, while it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    schedule: Option<Schedule>,
    /// What is to be made, in a single order's answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<Vec<LineView>>,
}

/// An item as its brand sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BrandItemView {
    /// Its id.
    id: Uuid,
    /// Its human number.
    code: String,
    /// The order's line.
    line_id: Option<Uuid>,
    /// The item it is a component of.
    parent_id: Option<Uuid>,
    /// As of an item.
    status: String,
    /// How far it is.
    stage: String,
    /// The number of its events.
    version: i64,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When anything last happened to it.
    updated_at: DateTime<Utc>,
    /// When it was completed.
    completed_at: Option<DateTime<Utc>>,
}

/// One answer of a feed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FeedPage {
    /// `order:<id>`.
    pub(super) topic: String,
    /// Replaced when history may have been rewound; then begin again from 0.
    pub(super) epoch: String,
    /// What happened after the cursor that was sent, each with its own `cursor`.
    #[schema(value_type = Vec<Object>)]
    pub(super) events: Vec<Value>,
    /// Send this as `cursor` next time.
    pub(super) cursor: i64,
    /// The newest cursor there is.
    pub(super) head: i64,
    /// Events up to the cursor that was sent are no longer kept: read the order itself.
    pub(super) reset: bool,
}

/// What a factory's row shows to the brand; the brand's feed tells it.
pub(in crate::orders) fn brand_order(row: &OrderRow) -> BrandOrderView {
    order(&BrandOrderRow::from(row))
}

pub(super) fn order(row: &BrandOrderRow) -> BrandOrderView {
    let tally = Tally {
        total: row.items_total,
        completed: row.items_completed,
        scrapped: row.items_scrapped,
        cancelled: row.items_cancelled,
        started: row.items_started,
        reworks: row.reworks,
        components: row.components_total,
    };
    BrandOrderView {
        id: row.id,
        factory_id: row.factory_id,
        po_number: row.po_number.clone(),
        status: row.status.clone(),
        currency: row.currency.clone(),
        total_value: money(&row.total_value),
        requested_delivery_date: row.requested_delivery_date,
        promised_delivery_date: row.promised_delivery_date,
        notes: row.notes.clone(),
        reason: row.reason.clone(),
        public_passport: row.public_passport,
        created_at: row.created_at,
        updated_at: row.updated_at,
        accepted_at: row.accepted_at,
        started_at: row.started_at,
        closed_at: row.closed_at,
        version: row.version,
        progress: tally.counts(),
        schedule: None,
        lines: None,
    }
}

/// The order as it is read now.
pub(super) fn order_now(row: &BrandOrderRow, now: DateTime<Utc>) -> BrandOrderView {
    let view = order(row);
    let schedule = schedule(&row.status, view.progress.percent, row.created_at, row.promised_delivery_date, now);
    BrandOrderView { schedule, ..view }
}

/// The order with its lines.
pub(super) fn order_with_lines(row: &BrandOrderRow, lines: Vec<BrandLineRow>, now: DateTime<Utc>) -> BrandOrderView {
    let lines = lines.into_iter().map(|row| LineView {
        id: row.id,
        position: row.position,
        code: row.code,
        name: row.name,
        quantity: row.quantity,
        unit_price: money(&row.unit_price),
        attributes: row.attributes,
        specification: row.specification,
        components: row.components,
    });
    BrandOrderView { lines: Some(lines.collect()), ..order_now(row, now) }
}

pub(super) fn item(row: BrandItemRow) -> BrandItemView {
    let BrandItemRow { id, code, line_id, parent_id, status, stage, version, created_at, updated_at, completed_at } =
        row;
    BrandItemView { id, code, line_id, parent_id, status, stage, version, created_at, updated_at, completed_at }
}
