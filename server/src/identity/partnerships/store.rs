//! Rows of `partnerships`. Row-level security shows them to both sides and to nobody else.

use chrono::{DateTime, Utc};
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel::{BoolExpressionMethods as _, ExpressionMethods as _, HasQuery, OptionalExtension as _, QueryDsl as _};
use diesel_async::RunQueryDsl as _;
use uuid::Uuid;

use crate::platform::db::schema::partnerships;
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// A partnership.
#[derive(Clone, Debug, HasQuery, diesel::Insertable)]
#[diesel(table_name = partnerships)]
pub(super) struct PartnershipRow {
    pub(super) id: Uuid,
    pub(super) brand_id: Uuid,
    pub(super) factory_id: Uuid,
    pub(super) brand_name: String,
    pub(super) factory_name: String,
    pub(super) status: String,
    /// The organisation that proposed it.
    pub(super) proposed_by: Uuid,
    pub(super) brand_accepted_at: Option<DateTime<Utc>>,
    pub(super) factory_accepted_at: Option<DateTime<Utc>>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) version: i64,
}

/// The name and kind of any organisation; nothing else of it is to be had.
#[derive(Debug, diesel::QueryableByName)]
pub(super) struct Known {
    #[diesel(sql_type = Text)]
    pub(super) kind: String,
    #[diesel(sql_type = Text)]
    pub(super) name: String,
}

pub(super) async fn organization(tx: &mut TenantTx, id: Uuid) -> Result<Option<Known>, ApiError> {
    let found = sql("SELECT kind, name FROM find_organization($1)").bind::<SqlUuid, _>(id);
    Ok(found.get_result(tx.conn()).await.optional()?)
}

/// By status, in order of their ids.
pub(super) async fn page(
    tx: &mut TenantTx,
    status: Option<&str>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<PartnershipRow>, ApiError> {
    let org = tx.org().0;
    let mut query = PartnershipRow::query()
        .filter(partnerships::brand_id.eq(org).or(partnerships::factory_id.eq(org)))
        .filter(partnerships::id.gt(after.unwrap_or(Uuid::nil())))
        .order(partnerships::id)
        .limit(limit)
        .into_boxed();
    if let Some(status) = status {
        query = query.filter(partnerships::status.eq(status.to_owned()));
    }
    Ok(query.load(tx.conn()).await?)
}

pub(super) async fn find(tx: &mut TenantTx, id: Uuid) -> Result<PartnershipRow, ApiError> {
    let org = tx.org().0;
    let query = PartnershipRow::query()
        .filter(partnerships::id.eq(id))
        .filter(partnerships::brand_id.eq(org).or(partnerships::factory_id.eq(org)))
        .for_no_key_update();
    query.first(tx.conn()).await.optional()?.ok_or_else(|| ApiError::not_found("partnership"))
}

/// The one between these two, locked, if there ever was one.
pub(super) async fn between(tx: &mut TenantTx, brand: Uuid, factory: Uuid) -> Result<Option<PartnershipRow>, ApiError> {
    let query = PartnershipRow::query()
        .filter(partnerships::brand_id.eq(brand))
        .filter(partnerships::factory_id.eq(factory))
        .for_no_key_update();
    Ok(query.first(tx.conn()).await.optional()?)
}

pub(super) async fn insert(tx: &mut TenantTx, row: &PartnershipRow) -> Result<(), ApiError> {
    diesel::insert_into(partnerships::table).values(row.clone()).execute(tx.conn()).await?;
    Ok(())
}

/// Everything that can change, as it is now.
pub(super) async fn update(tx: &mut TenantTx, row: &PartnershipRow) -> Result<(), ApiError> {
    diesel::update(partnerships::table.find(row.id))
        .set((
            partnerships::brand_name.eq(&row.brand_name),
            partnerships::factory_name.eq(&row.factory_name),
            partnerships::status.eq(&row.status),
            partnerships::proposed_by.eq(row.proposed_by),
            partnerships::brand_accepted_at.eq(row.brand_accepted_at),
            partnerships::factory_accepted_at.eq(row.factory_accepted_at),
            partnerships::updated_at.eq(row.updated_at),
            partnerships::version.eq(row.version),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}
