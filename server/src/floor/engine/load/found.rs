//! What `look_up.sql` answers, as it is read.

use chrono::{DateTime, Utc};
use floorline_domain::{DeviceId, ItemId, LeaseId, LocationId, OrderId, StreamId, UserId};
use floorline_mobile_sync::chain::Hash;
use serde::Deserialize;

use crate::floor::engine::core::{FoundLabel, FoundOrigin, FoundReceipt};

/// All of it.
#[derive(Debug, Deserialize)]
pub(super) struct Found {
    pub(super) receipts: Vec<FoundReceipt>,
    pub(super) origins: Vec<FoundOrigin>,
    pub(super) aliases: Vec<FoundAlias>,
    pub(super) items: Vec<FoundItem>,
    pub(super) labels: Vec<FoundLabel>,
    pub(super) texts: Vec<FoundText>,
    pub(super) people: Vec<FoundPerson>,
    pub(super) leases: Vec<FoundLease>,
    pub(super) places: Vec<FoundPlace>,
    pub(super) strict: Option<bool>,
    pub(super) too_old: Option<i64>,
}

/// Where an entry was booked that was offered again.
#[derive(Debug, Deserialize)]
pub(super) struct FoundAlias {
    pub(super) origin_stream_id: StreamId,
    pub(super) origin_seq: i64,
    pub(super) origin_hash: Hash,
    pub(super) stream_id: StreamId,
    pub(super) seq: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct FoundItem {
    pub(super) id: ItemId,
    pub(super) order_id: Option<OrderId>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FoundText {
    pub(super) raw: String,
    pub(super) item_id: ItemId,
}

#[derive(Debug, Deserialize)]
pub(super) struct FoundPerson {
    pub(super) id: UserId,
    pub(super) name: String,
    pub(super) active: bool,
    pub(super) roles: Vec<String>,
    pub(super) permissions: Vec<String>,
    pub(super) shift_location: Option<LocationId>,
    pub(super) shift_active_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FoundLease {
    pub(super) id: LeaseId,
    pub(super) user_id: UserId,
    pub(super) device_id: DeviceId,
    pub(super) roles: Vec<String>,
    pub(super) permissions: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FoundPlace {
    pub(super) id: LocationId,
    pub(super) site_id: LocationId,
    pub(super) active: bool,
}
