//! Rows of places.

use std::collections::HashSet;

use diesel::sql_types::{Bool, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, SelectableHelper as _};
use diesel_async::RunQueryDsl as _;
use floorline_domain::LocationId;
use uuid::Uuid;

use super::routes::LocationFilter;
use super::views::Location;
use crate::platform::db::schema::locations::dsl as l;
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

type Result<T> = std::result::Result<T, ApiError>;

/// The active sites, oldest first.
///
/// # Errors
/// Those of the database.
pub async fn active_sites(tx: &mut TenantTx) -> Result<Vec<LocationId>> {
    let org = tx.org().0;
    let ids: Vec<Uuid> = l::locations
        .filter(l::org_id.eq(org))
        .filter(l::kind.eq("site"))
        .filter(l::active)
        .order(l::id)
        .select(l::id)
        .load(tx.conn())
        .await?;
    Ok(ids.into_iter().map(LocationId).collect())
}

/// Which of these places exist and are in use.
///
/// # Errors
/// Those of the database.
pub async fn known_locations(tx: &mut TenantTx, ids: &[LocationId]) -> Result<HashSet<LocationId>> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let org = tx.org().0;
    let found: Vec<Uuid> = l::locations
        .filter(l::org_id.eq(org))
        .filter(l::id.eq_any(ids.iter().map(|id| id.0).collect::<Vec<_>>()))
        .filter(l::active)
        .select(l::id)
        .load(tx.conn())
        .await?;
    Ok(found.into_iter().map(LocationId).collect())
}

pub(super) async fn list(
    tx: &mut TenantTx,
    filter: &LocationFilter,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Location>> {
    let org = tx.org().0;
    let mut query = l::locations.filter(l::org_id.eq(org)).select(Location::as_select()).into_boxed();
    if let Some(kind) = &filter.kind {
        query = query.filter(l::kind.eq(kind));
    }
    if let Some(parent) = filter.parent_id {
        query = query.filter(l::parent_id.eq(parent));
    }
    if let Some(site) = filter.site_id {
        query = query.filter(l::site_id.eq(site));
    }
    if let Some(active) = filter.active {
        query = query.filter(l::active.eq(active));
    }
    if let Some(after) = after {
        query = query.filter(l::id.gt(after));
    }
    Ok(query.order(l::id).limit(limit + 1).load(tx.conn()).await?)
}

pub(super) async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<Location>> {
    let org = tx.org().0;
    Ok(l::locations.find((org, id)).select(Location::as_select()).first(tx.conn()).await.optional()?)
}

/// Loads a place and keeps others from changing it.
pub(super) async fn load_for_update(tx: &mut TenantTx, id: Uuid) -> Result<Location> {
    let org = tx.org().0;
    l::locations
        .find((org, id))
        .select(Location::as_select())
        .for_no_key_update()
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| ApiError::not_found("location"))
}

pub(super) async fn insert(tx: &mut TenantTx, row: &Location) -> Result<()> {
    let org = tx.org().0;
    diesel::insert_into(l::locations)
        .values((
            l::org_id.eq(org),
            l::id.eq(row.id),
            l::kind.eq(&row.kind),
            l::name.eq(&row.name),
            l::parent_id.eq(row.parent_id),
            l::site_id.eq(row.site_id),
            l::capacity.eq(row.capacity),
            l::active.eq(row.active),
            l::created_at.eq(row.created_at),
            l::updated_at.eq(row.updated_at),
            l::version.eq(row.version),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(super) async fn update(tx: &mut TenantTx, row: &Location) -> Result<()> {
    let org = tx.org().0;
    diesel::update(l::locations.find((org, row.id)))
        .set((
            l::name.eq(&row.name),
            l::parent_id.eq(row.parent_id),
            l::site_id.eq(row.site_id),
            l::capacity.eq(row.capacity),
            l::active.eq(row.active),
            l::updated_at.eq(row.updated_at),
            l::version.eq(row.version),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// One change of the tree's shape at a time: two moves that are harmless alone can close a circle together.
pub(super) async fn lock_tree(tx: &mut TenantTx) -> Result<()> {
    let org = tx.org().0;
    sql("SELECT 1 FROM organizations WHERE id = $1 FOR NO KEY UPDATE")
        .bind::<SqlUuid, _>(org)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Whether `id` is `root` or inside of it.
pub(super) async fn is_within(tx: &mut TenantTx, id: Uuid, root: Uuid) -> Result<bool> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        within: bool,
    }
    let org = tx.org().0;
    let row: Row = sql("WITH RECURSIVE up (org_id, id, parent_id) AS ( \
           SELECT org_id, id, parent_id FROM locations WHERE org_id = $1 AND id = $2 \
           UNION SELECT l.org_id, l.id, l.parent_id FROM locations l JOIN up ON l.org_id = up.org_id AND l.id = up.parent_id) \
         SELECT EXISTS (SELECT FROM up WHERE id = $3) AS within")
    .bind::<SqlUuid, _>(org)
    .bind::<SqlUuid, _>(id)
    .bind::<SqlUuid, _>(root)
    .get_result(tx.conn())
    .await?;
    Ok(row.within)
}

/// Puts everything inside of `root` on `site`.
pub(super) async fn move_tree(
    tx: &mut TenantTx,
    root: Uuid,
    site: Uuid,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<()> {
    let org = tx.org().0;
    sql("WITH RECURSIVE down (org_id, id) AS ( \
           SELECT org_id, id FROM locations WHERE org_id = $1 AND parent_id = $2 \
           UNION SELECT l.org_id, l.id FROM locations l JOIN down ON l.org_id = down.org_id AND l.parent_id = down.id) \
         UPDATE locations l SET site_id = $3, updated_at = $4, version = l.version + 1 \
         FROM down WHERE l.org_id = down.org_id AND l.id = down.id")
    .bind::<SqlUuid, _>(org)
    .bind::<SqlUuid, _>(root)
    .bind::<SqlUuid, _>(site)
    .bind::<Timestamptz, _>(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What keeps a place from going out of use.
#[derive(Debug, diesel::QueryableByName)]
pub(super) struct Uses {
    /// Open items in the place or anywhere inside of it.
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub(super) items: i64,
    /// Codes of the first of them.
    #[diesel(sql_type = diesel::sql_types::Array<diesel::sql_types::Text>)]
    pub(super) codes: Vec<String>,
    /// Active places inside of it.
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub(super) places: i64,
}

/// Who uses the place `id` now; `site` is given when it is a site, whose items need not be at any place of it.
pub(super) async fn uses(tx: &mut TenantTx, id: Uuid, site: Option<Uuid>) -> Result<Uses> {
    let org = tx.org().0;
    Ok(sql(include_str!("uses.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(id)
        .bind::<Nullable<SqlUuid>, _>(site)
        .get_result(tx.conn())
        .await?)
}
