//! Rows of `sync_cases` and `sync_case_entries`.

use chrono::{DateTime, Utc};
use diesel::OptionalExtension as _;
use diesel::sql_types::{Array, BigInt, Binary, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::{CaseId, ItemId, LocationId, UserId};
use uuid::Uuid;

use super::views::{CaseFilter, State};
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// A case with the names of what it is about.
#[derive(Clone, Debug, diesel::QueryableByName)]
pub(super) struct CaseRow {
    #[diesel(sql_type = SqlUuid)]
    pub(super) id: Uuid,
    #[diesel(sql_type = Text)]
    pub(super) state: String,
    #[diesel(sql_type = Text)]
    pub(super) reason: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub(super) actor_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) actor_name: Option<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub(super) site_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub(super) item_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) item_code: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    pub(super) opened_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub(super) decided_by: Option<Uuid>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub(super) decided_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) note: Option<String>,
    #[diesel(sql_type = BigInt)]
    pub(super) entry_count: i64,
}

/// An entry of a case.
#[derive(Clone, Debug, diesel::QueryableByName)]
pub(super) struct EntryRow {
    #[diesel(sql_type = SqlUuid)]
    pub(super) stream_id: Uuid,
    #[diesel(sql_type = BigInt)]
    pub(super) seq: i64,
    #[diesel(sql_type = Binary)]
    pub(super) hash: Vec<u8>,
    #[diesel(sql_type = Text)]
    pub(super) outcome: String,
    #[diesel(sql_type = Text)]
    pub(super) reason: String,
    #[diesel(sql_type = Binary)]
    pub(super) body: Vec<u8>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) error: Option<String>,
    /// When it was done, if it has a receipt.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub(super) occurred_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(super) uncertainty_ms: Option<i64>,
}

/// What deciding a case needs of it.
#[derive(Clone, Debug, diesel::QueryableByName)]
pub(super) struct LockedCase {
    #[diesel(sql_type = Text)]
    pub(super) state: String,
    #[diesel(sql_type = Text)]
    pub(super) reason: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub(super) actor_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub(super) site_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub(super) item_id: Option<Uuid>,
}

#[derive(diesel::QueryableByName)]
struct IdRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

pub(super) async fn list(
    tx: &mut TenantTx,
    filter: &CaseFilter,
    after: Option<Uuid>,
    most: i64,
) -> Result<Vec<CaseRow>, ApiError> {
    let (org, after) = (tx.org().0, after.unwrap_or(Uuid::nil()));
    let page = match filter.state()? {
        Some(state) => sql(include_str!("list_in_state.sql"))
            .bind::<SqlUuid, _>(org)
            .bind::<Text, _>(state.as_str())
            .bind::<SqlUuid, _>(after),
        None => sql(include_str!("list.sql")).bind::<SqlUuid, _>(org).bind::<SqlUuid, _>(after),
    };
    let rows = page
        .bind::<Nullable<SqlUuid>, _>(filter.site_id)
        .bind::<Nullable<SqlUuid>, _>(filter.item_id)
        .bind::<Nullable<SqlUuid>, _>(filter.actor_id)
        .bind::<BigInt, _>(most)
        .load(tx.conn())
        .await?;
    Ok(rows)
}

pub(super) async fn find(tx: &mut TenantTx, id: CaseId) -> Result<CaseRow, ApiError> {
    let org = tx.org().0;
    let row = sql(include_str!("find.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(id.0)
        .get_result(tx.conn())
        .await
        .optional()?;
    row.ok_or_else(|| ApiError::not_found("case"))
}

/// The case's entries in the order they were done.
pub(super) async fn entries(tx: &mut TenantTx, id: CaseId) -> Result<Vec<EntryRow>, ApiError> {
    let org = tx.org().0;
    let rows =
        sql(include_str!("entries.sql")).bind::<SqlUuid, _>(org).bind::<SqlUuid, _>(id.0).load(tx.conn()).await?;
    Ok(rows)
}

/// Takes the case's row lock.
pub(super) async fn lock(tx: &mut TenantTx, id: CaseId) -> Result<LockedCase, ApiError> {
    let org = tx.org().0;
    let row = sql("SELECT state, reason, actor_id, site_id, item_id FROM sync_cases \
                   WHERE org_id = $1 AND id = $2 FOR NO KEY UPDATE")
    .bind::<SqlUuid, _>(org)
    .bind::<SqlUuid, _>(id.0)
    .get_result(tx.conn())
    .await
    .optional()?;
    row.ok_or_else(|| ApiError::not_found("case"))
}

/// Closes an open case.
pub(super) async fn close(
    tx: &mut TenantTx,
    id: CaseId,
    state: State,
    by: Option<UserId>,
    note: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    let org = tx.org().0;
    sql("UPDATE sync_cases SET state = $1, decided_by = $2, decided_at = $3, note = $4 WHERE org_id = $5 AND id = $6")
        .bind::<Text, _>(state.as_str())
        .bind::<Nullable<SqlUuid>, _>(by.map(|by| by.0))
        .bind::<Timestamptz, _>(now)
        .bind::<Nullable<Text>, _>(note)
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(id.0)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Where an item is; a case's entries go to that site's writer.
pub(super) async fn site_of(tx: &mut TenantTx, item: ItemId) -> Result<Option<LocationId>, ApiError> {
    let org = tx.org().0;
    let row: Option<IdRow> = sql("SELECT site_id AS id FROM items WHERE org_id = $1 AND id = $2")
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(item.0)
        .get_result(tx.conn())
        .await
        .optional()?;
    Ok(row.map(|row| LocationId(row.id)))
}

/// Cases of an item that may book by themselves now, the oldest first.
pub(super) async fn waiting(tx: &mut TenantTx, item: ItemId, now: DateTime<Utc>) -> Result<Vec<CaseId>, ApiError> {
    let org = tx.org().0;
    let rows: Vec<IdRow> = sql(include_str!("waiting.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(item.0)
        .bind::<Timestamptz, _>(now)
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().map(|row| CaseId(row.id)).collect())
}

/// Which of `items` open cases wait for.
pub(super) async fn waited_for(tx: &mut TenantTx, items: &[ItemId]) -> Result<Vec<ItemId>, ApiError> {
    let org = tx.org().0;
    let rows: Vec<IdRow> = sql(include_str!("known.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<Array<SqlUuid>, _>(items.iter().map(|item| item.0).collect::<Vec<_>>())
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().map(|row| ItemId(row.id)).collect())
}
