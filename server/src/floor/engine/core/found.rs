//! Earlier ends of entries, and labels as scans resolve them: what a batch reads and never changes.

use floorline_domain::label::{self, Target};
use floorline_domain::{CaseId, DeviceId, ItemId, LocationId, Outcome, Reason, StreamId, UserId};
use floorline_mobile_sync::chain::Hash;
use serde::Deserialize;

/// The stored end of an earlier entry.
#[derive(Clone, Debug, Deserialize)]
pub struct FoundReceipt {
    /// Its stream.
    pub stream_id: StreamId,
    /// Its place there.
    pub seq: i64,
    /// Its hash.
    pub hash: Hash,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, when not applied.
    pub reason: Option<Reason>,
    /// The bytes that were sent; none once pruned.
    pub verdict: Option<String>,
    /// The case that keeps it.
    pub case_id: Option<CaseId>,
    /// Whether that case was booked later.
    pub booked: Option<bool>,
}

/// What became of an entry that is offered again.
#[derive(Clone, Debug, Deserialize)]
pub struct FoundOrigin {
    /// Its stream.
    pub stream_id: StreamId,
    /// Its place there.
    pub seq: i64,
    /// Its hash.
    pub hash: Hash,
    /// The device of that stream.
    pub device_id: Option<DeviceId>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Why, when not applied.
    pub reason: Option<Reason>,
    /// The bytes that were sent; none once pruned.
    pub verdict: Option<String>,
}

/// A label as scans resolve it.
#[derive(Clone, Debug, Deserialize)]
pub struct FoundLabel {
    /// What is printed.
    pub code: String,
    /// Whether it resolves.
    pub status: label::Status,
    /// An item, perhaps.
    pub item_id: Option<ItemId>,
    /// Or a location.
    pub location_id: Option<LocationId>,
    /// Or a person.
    pub user_id: Option<UserId>,
}

impl FoundLabel {
    /// What it names.
    pub fn target(&self) -> Option<Target> {
        target(self.item_id, self.location_id, self.user_id)
    }
}

/// The one thing a label's row names.
pub fn target(item: Option<ItemId>, location: Option<LocationId>, user: Option<UserId>) -> Option<Target> {
    item.map(Target::Item).or(location.map(Target::Location)).or(user.map(Target::User))
}
