//! Earlier ends of entries, and labels as scans resolve them: what a batch reads and never changes.

use floorline_domain::label::{self, Label, Target};
use floorline_domain::{CaseId, DeviceId, EntryKey, ItemId, LocationId, Outcome, Reason, StreamId, UserId};
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
    /// The device of that stream; where nobody knows it any more, the one that offered the entry again.
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
    /// The label as it is now.
    pub fn of(label: &Label) -> Self {
        let (mut item_id, mut location_id, mut user_id) = (None, None, None);
        match label.target {
            Some(Target::Item(id)) => item_id = Some(id),
            Some(Target::Location(id)) => location_id = Some(id),
            Some(Target::User(id)) => user_id = Some(id),
            None => {}
        }
        Self { code: label.code.as_str().to_owned(), status: label.status, item_id, location_id, user_id }
    }

    /// What it names.
    pub fn target(&self) -> Option<Target> {
        target(self.item_id, self.location_id, self.user_id)
    }
}

/// The one thing a label's row names.
pub fn target(item: Option<ItemId>, location: Option<LocationId>, user: Option<UserId>) -> Option<Target> {
    item.map(Target::Item).or(location.map(Target::Location)).or(user.map(Target::User))
}

/// Where an entry that was offered again was booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alias {
    /// Its hash where it stood first.
    pub hash: Hash,
    /// Where it stands.
    pub key: EntryKey,
}

/// How a case stands, under lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseState {
    /// Nobody has decided it yet.
    Open,
    /// Its entries are booked.
    Booked,
    /// It was discarded or sent back.
    Closed,
}
