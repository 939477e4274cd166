//! Rows of `organizations`. Row-level security shows a transaction its own only.

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods as _, HasQuery, OptionalExtension as _, QueryDsl as _};
use diesel_async::RunQueryDsl as _;
use floorline_domain::permission::OrganizationKind;
use serde_json::Value;
use uuid::Uuid;

use crate::platform::db::schema::organizations;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// An organisation.
#[derive(Debug, HasQuery)]
#[diesel(table_name = organizations)]
pub(super) struct OrganizationRow {
    pub(super) id: Uuid,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) settings: Value,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) version: i64,
}

/// False when it exists already: a repeated request takes the same id.
pub(super) async fn insert(
    tx: &mut TenantTx,
    kind: OrganizationKind,
    name: &str,
    now: DateTime<Utc>,
) -> Result<bool, ApiError> {
    let org = tx.org().0;
    let inserted = diesel::insert_into(organizations::table)
        .values((
            organizations::id.eq(org),
            organizations::kind.eq(kind.as_str()),
            organizations::name.eq(name),
            organizations::created_at.eq(now),
            organizations::updated_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(tx.conn())
        .await?;
    Ok(inserted == 1)
}

/// Makes changes of who may do what in the organisation wait for one another. Taken first: each of them asks whether somebody is left who
/// administers, or whether a role is still there, and the answer must hold until its commit.
pub(in super::super) async fn lock(tx: &mut TenantTx) -> Result<(), ApiError> {
    let own = organizations::table.find(tx.org().0).select(organizations::id);
    own.for_no_key_update().first::<Uuid>(tx.conn()).await?;
    Ok(())
}

/// The transaction's own organisation.
pub(super) async fn find(tx: &mut TenantTx) -> Result<Option<OrganizationRow>, ApiError> {
    let org = tx.org().0;
    Ok(OrganizationRow::query().filter(organizations::id.eq(org)).first(tx.conn()).await.optional()?)
}

/// The same, locked until the end of the transaction.
pub(super) async fn find_for_update(tx: &mut TenantTx) -> Result<Option<OrganizationRow>, ApiError> {
    let org = tx.org().0;
    Ok(OrganizationRow::query()
        .filter(organizations::id.eq(org))
        .for_no_key_update()
        .first(tx.conn())
        .await
        .optional()?)
}

/// Name and settings as they are now.
pub(super) async fn update(tx: &mut TenantTx, row: &OrganizationRow) -> Result<(), ApiError> {
    diesel::update(organizations::table.find(row.id))
        .set((
            organizations::name.eq(&row.name),
            organizations::settings.eq(&row.settings),
            organizations::updated_at.eq(row.updated_at),
            organizations::version.eq(row.version),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}
