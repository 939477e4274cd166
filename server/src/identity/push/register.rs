//! A phone says where it is reached.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::store;
use super::subscription::Address;
use super::views::SubscriptionView;
use crate::identity::devices;
use crate::platform::http::ApiError;
use crate::platform::tenancy::{Identity, TenantTx};

/// Notices for `by` go to `address` from now on, as long as they stay signed in and the device may work.
///
/// Another device's address can be had only by whoever knows it, and of a colleague's on the same device nothing is changed: each has their own row.
pub(super) async fn register(
    tx: &mut TenantTx,
    by: &Identity,
    device: Uuid,
    address: &Address,
    now: DateTime<Utc>,
) -> Result<SubscriptionView, ApiError> {
    devices::lock_active(tx, device).await?;
    store::take_over(tx, address, device, by.user_id).await?;
    store::put(tx, address, device, by, now).await?;
    Ok(SubscriptionView { device_id: device, kind: address.way(), updated_at: now })
}

/// No notice for `by` goes to this device any more.
pub(super) async fn unregister(tx: &mut TenantTx, by: &Identity, device: Uuid) -> Result<(), ApiError> {
    devices::lock(tx, device).await?;
    store::remove(tx, device, by.user_id).await
}
