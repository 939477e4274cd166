//! Queues: what is worked on first, and how long it has waited.

use std::ops::RangeInclusive;

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use crate::{ids::ItemId, words::words};

words! {
    "priority"
    /// How urgent something is; the later, the more urgent.
    #[derive(Default)]
    pub enum Priority {
        Low = "low",
        #[default]
        Normal = "normal",
        High = "high",
        Urgent = "urgent",
    }
}

/// An item that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub item_id: ItemId,
    pub priority: Priority,
    pub added_at: DateTime<Utc>,
}

/// Puts entries in the order of work: the most urgent first, then the longest waiting. Equal ones stand by id, so that
/// every screen shows the same order.
pub fn order(entries: &mut [Entry]) {
    entries.sort_by_key(|entry| (std::cmp::Reverse(entry.priority), entry.added_at, entry.item_id));
}

words! {
    "SLA colour"
    /// How an item stands against the time its stage should take.
    pub enum Sla {
        /// Under 80 % of the expected time.
        Green = "green",
        /// To 100 %.
        Yellow = "yellow",
        /// Over.
        Red = "red",
    }
}

/// The colour of an item that entered its stage at `entered_at`. A stage without expectation is always green.
pub fn sla(entered_at: DateTime<Utc>, expected_minutes: Option<u32>, now: DateTime<Utc>) -> Sla {
    let Some(minutes) = expected_minutes else {
        return Sla::Green;
    };
    let waited = now.signed_duration_since(entered_at);
    let expected = Duration::minutes(i64::from(minutes));
    if waited > expected {
        Sla::Red
    } else if waited * 5 >= expected * 4 {
        Sla::Yellow
    } else {
        Sla::Green
    }
}

/// After how long in one stage an item counts as stuck, unless the organisation says otherwise.
pub const STUCK_AFTER: Duration = Duration::hours(4);

/// What an organisation may set instead, in minutes: from as long as a walk to the next station to thirty days.
pub const STUCK_AFTER_MINUTES: RangeInclusive<i64> = 5..=43_200;

/// After how long an item counts as stuck where so many minutes are set; [`STUCK_AFTER`] where none are, or none that make sense.
pub fn stuck_after(minutes: Option<i64>) -> Duration {
    minutes.filter(|minutes| STUCK_AFTER_MINUTES.contains(minutes)).map_or(STUCK_AFTER, Duration::minutes)
}

/// Whether an item has been in its stage too long.
pub fn is_stuck(entered_at: DateTime<Utc>, after: Duration, now: DateTime<Utc>) -> bool {
    now.signed_duration_since(entered_at) >= after
}
