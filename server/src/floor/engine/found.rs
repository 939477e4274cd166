//! What `look_up.sql` answers, as it is read.

use chrono::{DateTime, Utc};
use floorline_domain::label::{self, Target};
use floorline_domain::{CaseId, DeviceId, ItemId, LeaseId, LocationId, OrderId, Outcome, Reason, StreamId, UserId};
use floorline_mobile_sync::chain::Hash;
use serde::Deserialize;

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
    pub(super) head: Option<i64>,
}

/// The stored end of an earlier entry.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct FoundReceipt {
    pub(super) stream_id: StreamId,
    pub(super) seq: i64,
    pub(super) hash: Hash,
    pub(super) outcome: Outcome,
    pub(super) reason: Option<Reason>,
    /// None once pruned.
    pub(super) verdict: Option<String>,
    pub(super) case_id: Option<CaseId>,
    pub(super) booked: Option<bool>,
}

/// What became of an entry that is offered again.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct FoundOrigin {
    pub(super) stream_id: StreamId,
    pub(super) seq: i64,
    pub(super) hash: Hash,
    pub(super) device_id: Option<DeviceId>,
    pub(super) outcome: Option<Outcome>,
    pub(super) reason: Option<Reason>,
    pub(super) verdict: Option<String>,
}

/// Where an entry was booked that was offered again.
#[derive(Debug, Deserialize)]
pub(super) struct FoundAlias {
    pub(super) origin_stream_id: StreamId,
    pub(super) origin_seq: i64,
    pub(super) stream_id: StreamId,
    pub(super) seq: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct FoundItem {
    pub(super) id: ItemId,
    pub(super) order_id: Option<OrderId>,
}

/// A label as scans resolve it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct FoundLabel {
    pub(super) code: String,
    pub(super) status: label::Status,
    item_id: Option<ItemId>,
    location_id: Option<LocationId>,
    user_id: Option<UserId>,
}

impl FoundLabel {
    /// What it names.
    pub(super) fn target(&self) -> Option<Target> {
        target(self.item_id, self.location_id, self.user_id)
    }
}

/// The one thing a label's row names.
pub(super) fn target(item: Option<ItemId>, location: Option<LocationId>, user: Option<UserId>) -> Option<Target> {
    item.map(Target::Item).or(location.map(Target::Location)).or(user.map(Target::User))
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
