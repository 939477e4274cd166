//! Rows of `users` and `user_roles`.

use std::str::FromStr as _;

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _};
use diesel_async::RunQueryDsl as _;
use floorline_domain::UserId;
use floorline_domain::permission::{Permission, PermissionSet};
use serde_json::Value;
use uuid::Uuid;

use crate::platform::db::schema::{logins, user_roles, users};
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// A user with the roles they hold.
#[derive(Debug, diesel::QueryableByName)]
pub(super) struct UserRow {
    #[diesel(sql_type = SqlUuid)]
    pub(super) id: Uuid,
    #[diesel(sql_type = Text)]
    pub(super) email: String,
    #[diesel(sql_type = Text)]
    pub(super) name: String,
    #[diesel(sql_type = Bool)]
    pub(super) active: bool,
    #[diesel(sql_type = Timestamptz)]
    pub(super) created_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    pub(super) updated_at: DateTime<Utc>,
    #[diesel(sql_type = BigInt)]
    pub(super) version: i64,
    #[diesel(sql_type = Jsonb)]
    pub(super) roles: Value,
    #[diesel(sql_type = Bool)]
    pub(super) has_pin: bool,
}

impl UserRow {
    /// Whether they hold a role that is not among these.
    pub(super) fn holds_besides(&self, role_ids: &[Uuid]) -> bool {
        let roles = self.roles.as_array().into_iter().flatten();
        let mut held = roles.filter_map(|role| role.get("id")?.as_str()?.parse::<Uuid>().ok());
        held.any(|id| !role_ids.contains(&id))
    }
}

/// Which users a list shows.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) id: Option<Uuid>,
    pub(super) after: Option<Uuid>,
    pub(super) active: Option<bool>,
    pub(super) role_id: Option<Uuid>,
    pub(super) limit: i64,
}

/// A user to write.
#[derive(Debug)]
pub(in super::super) struct NewUserRow {
    pub(in super::super) id: UserId,
    pub(in super::super) email: String,
    pub(in super::super) name: String,
    /// None: they cannot sign in by password.
    pub(in super::super) password_hash: Option<String>,
    /// Of the installation; roles give the rest.
    pub(in super::super) permissions: PermissionSet,
}

pub(super) async fn page(tx: &mut TenantTx, wanted: &Wanted) -> Result<Vec<UserRow>, ApiError> {
    let rows = sql(include_str!("page.sql"))
        .bind::<SqlUuid, _>(tx.org().0)
        .bind::<Nullable<SqlUuid>, _>(wanted.after)
        .bind::<Nullable<Bool>, _>(wanted.active)
        .bind::<Nullable<SqlUuid>, _>(wanted.role_id)
        .bind::<Nullable<SqlUuid>, _>(wanted.id)
        .bind::<BigInt, _>(wanted.limit)
        .load(tx.conn())
        .await?;
    Ok(rows)
}

pub(super) async fn find(tx: &mut TenantTx, id: Uuid) -> Result<UserRow, ApiError> {
    let rows = page(tx, &Wanted { id: Some(id), limit: 1, ..Wanted::default() }).await?;
    rows.into_iter().next().ok_or_else(|| ApiError::not_found("user"))
}

/// Locks the user first, so that what is read next is what will be changed.
pub(super) async fn find_for_update(tx: &mut TenantTx, id: Uuid) -> Result<UserRow, ApiError> {
    let lock = users::table.find((tx.org().0, id)).select(users::id).for_no_key_update();
    let locked: Option<Uuid> = lock.first(tx.conn()).await.optional()?;
    locked.ok_or_else(|| ApiError::not_found("user"))?;
    find(tx, id).await
}

/// Writes a user and the roles they hold.
pub(in super::super) async fn insert(
    tx: &mut TenantTx,
    user: &NewUserRow,
    role_ids: &[Uuid],
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    let permissions: Vec<&str> = user.permissions.iter().map(|permission| permission.as_str()).collect();
    diesel::insert_into(users::table)
        .values((
            users::org_id.eq(tx.org().0),
            users::id.eq(user.id.0),
            users::email.eq(&user.email),
            users::name.eq(&user.name),
            users::password_hash.eq(user.password_hash.as_deref()),
            users::permissions.eq(permissions),
            users::created_at.eq(now),
            users::updated_at.eq(now),
        ))
        .execute(tx.conn())
        .await?;
    give_roles(tx, user.id.0, role_ids).await
}

/// Name, e-mail, activity and version as they are now.
pub(super) async fn update(tx: &mut TenantTx, row: &UserRow) -> Result<(), ApiError> {
    diesel::update(users::table.find((tx.org().0, row.id)))
        .set((
            users::email.eq(&row.email),
            users::name.eq(&row.name),
            users::active.eq(row.active),
            users::updated_at.eq(row.updated_at),
            users::version.eq(row.version),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Takes all roles and gives these.
pub(super) async fn replace_roles(tx: &mut TenantTx, user: Uuid, role_ids: &[Uuid]) -> Result<(), ApiError> {
    diesel::delete(user_roles::table.filter(user_roles::org_id.eq(tx.org().0)).filter(user_roles::user_id.eq(user)))
        .execute(tx.conn())
        .await?;
    give_roles(tx, user, role_ids).await
}

async fn give_roles(tx: &mut TenantTx, user: Uuid, role_ids: &[Uuid]) -> Result<(), ApiError> {
    let org = tx.org().0;
    let rows: Vec<_> = role_ids
        .iter()
        .map(|role| (user_roles::org_id.eq(org), user_roles::user_id.eq(user), user_roles::role_id.eq(*role)))
        .collect();
    diesel::insert_into(user_roles::table).values(rows).on_conflict_do_nothing().execute(tx.conn()).await?;
    Ok(())
}

/// Everything a user may do, by their roles and of the installation.
pub(super) async fn permissions_held(tx: &mut TenantTx, user: Uuid) -> Result<PermissionSet, ApiError> {
    #[derive(diesel::QueryableByName)]
    struct Held {
        #[diesel(sql_type = Text)]
        permission: String,
    }
    let held: Vec<Held> = sql("WITH asked (org_id, id) AS (SELECT $1, $2) \
             SELECT unnest(u.permissions) AS permission FROM asked JOIN users u USING (org_id, id) \
             UNION SELECT unnest(r.permissions) FROM asked \
             JOIN user_roles ur ON ur.org_id = asked.org_id AND ur.user_id = asked.id \
             JOIN roles r ON r.org_id = ur.org_id AND r.id = ur.role_id")
    .bind::<SqlUuid, _>(tx.org().0)
    .bind::<SqlUuid, _>(user)
    .load(tx.conn())
    .await?;
    Ok(held.iter().filter_map(|held| Permission::from_str(&held.permission).ok()).collect())
}

/// The hash of an active user's password; none for everybody else, and for a user who is not called exactly `email`: whoever looked them
/// up may have folded more letters into one than we do.
pub(in super::super) async fn password_hash(
    tx: &mut TenantTx,
    user: Uuid,
    email: &str,
) -> Result<Option<String>, ApiError> {
    let active = users::table.find((tx.org().0, user)).filter(users::active).filter(users::email.eq(email));
    let hash = active.select(users::password_hash).first::<Option<String>>(tx.conn());
    Ok(hash.await.optional()?.flatten())
}

/// The same password under another cost, unless it was changed meanwhile.
pub(in super::super) async fn renew_hash(tx: &mut TenantTx, user: Uuid, old: &str, new: &str) -> Result<(), ApiError> {
    let same = users::table.find((tx.org().0, user)).filter(users::password_hash.eq(old));
    diesel::update(same).set(users::password_hash.eq(new)).execute(tx.conn()).await?;
    Ok(())
}

/// The hash of an active user's PIN; none for everybody else.
pub(in super::super) async fn pin_hash(tx: &mut TenantTx, user: Uuid) -> Result<Option<String>, ApiError> {
    let active = users::table.find((tx.org().0, user)).filter(users::active);
    Ok(active.select(users::pin_hash).first::<Option<String>>(tx.conn()).await.optional()?.flatten())
}

/// The same PIN under another cost, unless it was changed meanwhile.
pub(in super::super) async fn renew_pin_hash(
    tx: &mut TenantTx,
    user: Uuid,
    old: &str,
    new: &str,
) -> Result<(), ApiError> {
    let same = users::table.find((tx.org().0, user)).filter(users::pin_hash.eq(old));
    diesel::update(same).set(users::pin_hash.eq(new)).execute(tx.conn()).await?;
    Ok(())
}

/// Sets a PIN, or takes it away. Where there was one, somebody else may have known it: every login but `kept` ends.
pub(in super::super) async fn set_pin(
    tx: &mut TenantTx,
    user: Uuid,
    hash: Option<&str>,
    kept: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    let known = users::table.find((tx.org().0, user));
    let had: bool = known.select(users::pin_hash.is_not_null()).for_no_key_update().first(tx.conn()).await?;
    diesel::update(known).set((users::pin_hash.eq(hash), users::updated_at.eq(now))).execute(tx.conn()).await?;
    if had { end_logins(tx, user, kept, now).await } else { Ok(()) }
}

pub(in super::super) async fn set_password(
    tx: &mut TenantTx,
    user: Uuid,
    hash: &str,
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    diesel::update(users::table.find((tx.org().0, user)))
        .set((users::password_hash.eq(hash), users::updated_at.eq(now)))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Ends every session of use of a user but `kept`.
pub(in super::super) async fn end_logins(
    tx: &mut TenantTx,
    user: Uuid,
    kept: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    let open = logins::table
        .filter(logins::org_id.eq(tx.org().0))
        .filter(logins::user_id.eq(user))
        .filter(logins::ended_at.is_null())
        .filter(logins::id.ne(kept.unwrap_or(Uuid::nil())));
    diesel::update(open).set(logins::ended_at.eq(now)).execute(tx.conn()).await?;
    Ok(())
}
