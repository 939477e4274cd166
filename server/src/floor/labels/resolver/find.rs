//! Finds what a code belongs to: first whose it is, then the rest in that factory's own transaction.

use chrono::{DateTime, Utc};
use diesel::OptionalExtension as _;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::OrgId;
use floorline_domain::label::Code;
use uuid::Uuid;

use super::card::Happened;
use crate::platform::db::{Db, Role, sql};
use crate::platform::http::ApiError;
use crate::platform::tenancy::{BrandTx, TenantTx};

/// Events shown.
const HISTORY: i64 = 20;

/// The factory whose label this is, before anybody has said who they are.
///
/// # Errors
/// Those of the database.
pub async fn factory_of(db: &Db, code: &Code) -> Result<Option<OrgId>, ApiError> {
    #[derive(diesel::QueryableByName)]
    struct Found {
        #[diesel(sql_type = SqlUuid)]
        org_id: Uuid,
    }
    let mut conn = db.get(Role::App).await?;
    let found: Option<Found> = sql("SELECT org_id FROM find_label($1)")
        .bind::<Text, _>(code.as_str())
        .get_result(&mut conn)
        .await
        .optional()?;
    Ok(found.map(|found| OrgId(found.org_id)))
}

/// A label with what it is on.
#[derive(Debug, diesel::QueryableByName)]
pub(super) struct Found {
    #[diesel(sql_type = Text)]
    pub(super) kind: String,
    #[diesel(sql_type = Text)]
    pub(super) status: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) successor: Option<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub(super) item_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) place: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) place_kind: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) worker: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) item_code: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) item_status: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub(super) completed_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub(super) order_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) line_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) po_number: Option<String>,
    #[diesel(sql_type = Bool)]
    pub(super) public_passport: bool,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) brand_name: Option<String>,
    #[diesel(sql_type = Text)]
    pub(super) factory_name: String,
}

/// What the label is on.
pub(super) async fn label(tx: &mut TenantTx, code: &Code) -> Result<Option<Found>, ApiError> {
    let org = tx.org().0;
    Ok(sql(include_str!("find.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<Text, _>(code.as_str())
        .get_result(tx.conn())
        .await
        .optional()?)
}

/// What happened to an item last.
pub(super) async fn history(tx: &mut TenantTx, item: Uuid) -> Result<Vec<Happened>, ApiError> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        kind: String,
        #[diesel(sql_type = Timestamptz)]
        occurred_at: DateTime<Utc>,
        #[diesel(sql_type = Nullable<Text>)]
        name: Option<String>,
    }
    let org = tx.org().0;
    let rows: Vec<Row> = sql("SELECT e.kind, e.occurred_at, u.name FROM events e LEFT JOIN users u ON u.org_id = e.org_id AND u.id = e.actor_id \
                              WHERE e.org_id = $1 AND e.subject_type = 'item' AND e.subject_id = $2 ORDER BY e.version DESC LIMIT $3")
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(item)
        .bind::<BigInt, _>(HISTORY)
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().map(|row| Happened { at: row.occurred_at, kind: row.kind, by: row.name }).collect())
}

/// An order as its brand sees it.
#[derive(Debug, diesel::QueryableByName)]
pub(super) struct BrandOrder {
    #[diesel(sql_type = Text)]
    pub(super) status: String,
    #[diesel(sql_type = Integer)]
    pub(super) items_total: i32,
    #[diesel(sql_type = Integer)]
    pub(super) items_started: i32,
    #[diesel(sql_type = Integer)]
    pub(super) items_completed: i32,
    #[diesel(sql_type = Integer)]
    pub(super) items_scrapped: i32,
}

/// The order, if it is this brand's.
pub(super) async fn order_of_brand(tx: &mut BrandTx, order: Uuid) -> Result<Option<BrandOrder>, ApiError> {
    Ok(sql(
        "SELECT status, items_total, items_started, items_completed, items_scrapped FROM brand_orders WHERE id = $1",
    )
    .bind::<SqlUuid, _>(order)
    .get_result(tx.conn())
    .await
    .optional()?)
}
