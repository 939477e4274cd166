//! Rows of `push_subscriptions`.

use chrono::{DateTime, Utc};
use diesel::sql_types::{Binary, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::UserId;
use uuid::Uuid;

use super::subscription::{Address, Subscription};
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::{Identity, TenantTx};

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    address: String,
    #[diesel(sql_type = Nullable<Binary>)]
    p256dh: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    auth: Option<Vec<u8>>,
}

impl Row {
    fn subscription(self) -> Option<Subscription> {
        let address = Address::stored(&self.kind, self.address, self.p256dh.as_deref(), self.auth.as_deref())?;
        Some(Subscription { id: self.id, address })
    }
}

/// Takes an address away from everybody else who had it: on a shared phone, the worker before.
pub(super) async fn take_over(tx: &mut TenantTx, address: &Address, device: Uuid, by: UserId) -> Result<(), ApiError> {
    sql("DELETE FROM push_subscriptions WHERE org_id = $1 AND address = $2 AND (device_id, user_id) <> ($3, $4)")
        .bind::<SqlUuid, _>(tx.org().0)
        .bind::<Text, _>(address.text())
        .bind::<SqlUuid, _>(device)
        .bind::<SqlUuid, _>(by.0)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Writes where a user is reached on a device, or writes it anew.
pub(super) async fn put(
    tx: &mut TenantTx,
    address: &Address,
    device: Uuid,
    by: &Identity,
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    let (key, auth) = match address {
        Address::Fcm(_) => (None, None),
        Address::Web(web) => (Some(web.key.to_sec1_bytes().into_vec()), Some(web.auth.to_vec())),
    };
    sql(include_str!("put.sql"))
        .bind::<SqlUuid, _>(tx.org().0)
        .bind::<SqlUuid, _>(Uuid::now_v7())
        .bind::<SqlUuid, _>(device)
        .bind::<SqlUuid, _>(by.user_id.0)
        .bind::<SqlUuid, _>(by.login_id)
        .bind::<Text, _>(address.way())
        .bind::<Text, _>(address.text())
        .bind::<Nullable<Binary>, _>(key)
        .bind::<Nullable<Binary>, _>(auth)
        .bind::<Timestamptz, _>(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Forgets where a user is reached on a device.
pub(super) async fn remove(tx: &mut TenantTx, device: Uuid, user: UserId) -> Result<(), ApiError> {
    sql("DELETE FROM push_subscriptions WHERE org_id = $1 AND device_id = $2 AND user_id = $3")
        .bind::<SqlUuid, _>(tx.org().0)
        .bind::<SqlUuid, _>(device)
        .bind::<SqlUuid, _>(user.0)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Where a user is reached now: on devices that may work, where they are signed in still.
pub(super) async fn reachable(
    tx: &mut TenantTx,
    user: UserId,
    only: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<Vec<Subscription>, ApiError> {
    let rows: Vec<Row> = sql(include_str!("reachable.sql"))
        .bind::<SqlUuid, _>(tx.org().0)
        .bind::<SqlUuid, _>(user.0)
        .bind::<Nullable<SqlUuid>, _>(only)
        .bind::<Timestamptz, _>(now)
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().filter_map(Row::subscription).collect())
}

/// Notes that something was taken for this address.
pub(super) async fn worked(tx: &mut TenantTx, at: &Subscription, now: DateTime<Utc>) -> Result<(), ApiError> {
    sql("UPDATE push_subscriptions SET last_ok_at = $1 WHERE org_id = $2 AND id = $3 AND address = $4")
        .bind::<Timestamptz, _>(now)
        .bind::<SqlUuid, _>(tx.org().0)
        .bind::<SqlUuid, _>(at.id)
        .bind::<Text, _>(at.address.text())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Drops an address that its service does not know; one that the phone renewed meanwhile stays.
pub(super) async fn drop_gone(tx: &mut TenantTx, gone: &Subscription) -> Result<(), ApiError> {
    sql("DELETE FROM push_subscriptions WHERE org_id = $1 AND id = $2 AND address = $3")
        .bind::<SqlUuid, _>(tx.org().0)
        .bind::<SqlUuid, _>(gone.id)
        .bind::<Text, _>(gone.address.text())
        .execute(tx.conn())
        .await?;
    Ok(())
}
