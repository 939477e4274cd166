//! Rows of `roles`.

use std::str::FromStr as _;

use chrono::{DateTime, Utc};
use diesel::sql_types::{Bool, Uuid as SqlUuid};
use diesel::{ExpressionMethods as _, HasQuery, OptionalExtension as _, QueryDsl as _};
use diesel_async::RunQueryDsl as _;
use floorline_domain::UserId;
use floorline_domain::permission::{Permission, PermissionSet};
use uuid::Uuid;

use crate::platform::db::schema::{roles, user_roles};
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// A role.
#[derive(Debug, HasQuery)]
#[diesel(table_name = roles)]
pub(super) struct RoleRow {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) permissions: Vec<String>,
    pub(super) template: bool,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) version: i64,
}

/// A role to write.
#[derive(Clone, Debug)]
pub(in super::super) struct NewRole {
    pub(in super::super) id: Uuid,
    pub(in super::super) name: String,
    pub(in super::super) permissions: PermissionSet,
    /// Given to a new organisation, not made by it.
    pub(in super::super) template: bool,
}

/// Writes all of them in one statement.
pub(in super::super) async fn insert(tx: &mut TenantTx, new: &[NewRole], now: DateTime<Utc>) -> Result<(), ApiError> {
    let org = tx.org().0;
    let rows: Vec<_> = new
        .iter()
        .map(|role| {
            (
                roles::org_id.eq(org),
                roles::id.eq(role.id),
                roles::name.eq(&role.name),
                roles::permissions.eq(texts(&role.permissions)),
                roles::template.eq(role.template),
                roles::created_at.eq(now),
                roles::updated_at.eq(now),
            )
        })
        .collect();
    diesel::insert_into(roles::table).values(rows).execute(tx.conn()).await?;
    Ok(())
}

pub(super) async fn page(tx: &mut TenantTx, after: Option<Uuid>, limit: i64) -> Result<Vec<RoleRow>, ApiError> {
    let query = RoleRow::query()
        .filter(roles::org_id.eq(tx.org().0))
        .filter(roles::id.gt(after.unwrap_or(Uuid::nil())))
        .order(roles::id)
        .limit(limit);
    Ok(query.load(tx.conn()).await?)
}

pub(super) async fn find(tx: &mut TenantTx, id: Uuid) -> Result<RoleRow, ApiError> {
    let query = RoleRow::query().filter(roles::org_id.eq(tx.org().0)).filter(roles::id.eq(id));
    query.first(tx.conn()).await.optional()?.ok_or_else(|| ApiError::not_found("role"))
}

pub(super) async fn find_for_update(tx: &mut TenantTx, id: Uuid) -> Result<RoleRow, ApiError> {
    let query = RoleRow::query().filter(roles::org_id.eq(tx.org().0)).filter(roles::id.eq(id)).for_update();
    query.first(tx.conn()).await.optional()?.ok_or_else(|| ApiError::not_found("role"))
}

/// Name and permissions as they are now.
pub(super) async fn update(tx: &mut TenantTx, row: &RoleRow) -> Result<(), ApiError> {
    diesel::update(roles::table.find((tx.org().0, row.id)))
        .set((
            roles::name.eq(&row.name),
            roles::permissions.eq(&row.permissions),
            roles::updated_at.eq(row.updated_at),
            roles::version.eq(row.version),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Who holds it.
pub(super) async fn holders(tx: &mut TenantTx, id: Uuid) -> Result<Vec<UserId>, ApiError> {
    let held = user_roles::table.filter(user_roles::org_id.eq(tx.org().0)).filter(user_roles::role_id.eq(id));
    let users: Vec<Uuid> = held.select(user_roles::user_id).load(tx.conn()).await?;
    Ok(users.into_iter().map(UserId).collect())
}

pub(super) async fn delete(tx: &mut TenantTx, id: Uuid) -> Result<(), ApiError> {
    diesel::delete(roles::table.find((tx.org().0, id))).execute(tx.conn()).await?;
    Ok(())
}

/// What these roles allow together, and how many of them there are.
pub(in super::super) async fn permissions_of(
    tx: &mut TenantTx,
    ids: &[Uuid],
) -> Result<(usize, PermissionSet), ApiError> {
    let query =
        roles::table.filter(roles::org_id.eq(tx.org().0)).filter(roles::id.eq_any(ids)).select(roles::permissions);
    let found: Vec<Vec<String>> = query.load(tx.conn()).await?;
    let permissions = found.iter().flatten().filter_map(|text| Permission::from_str(text).ok()).collect();
    Ok((found.len(), permissions))
}

/// Whether an active user is left who can give others what they need. Asked before the commit of whatever takes something away.
pub(in super::super) async fn someone_administers(tx: &mut TenantTx) -> Result<bool, ApiError> {
    #[derive(diesel::QueryableByName)]
    struct Answer {
        #[diesel(sql_type = Bool)]
        someone: bool,
    }
    let answer: Answer = sql("SELECT EXISTS ( \
             SELECT FROM users u JOIN user_roles ur ON ur.org_id = u.org_id AND ur.user_id = u.id \
             JOIN roles r ON r.org_id = ur.org_id AND r.id = ur.role_id \
             WHERE u.org_id = $1 AND u.active GROUP BY u.id \
             HAVING bool_or('user:manage' = ANY (r.permissions)) AND bool_or('role:manage' = ANY (r.permissions))) AS someone")
    .bind::<SqlUuid, _>(tx.org().0)
    .get_result(tx.conn())
    .await?;
    Ok(answer.someone)
}

pub(super) fn texts(permissions: &PermissionSet) -> Vec<String> {
    permissions.iter().map(|permission| permission.as_str().to_owned()).collect()
}
