//! How far an order is, derived from its items.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::item;

/// How many items stand alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    pub status: item::Status,
    /// They were sent back at least once.
    pub reworked: bool,
    pub items: u64,
}

/// How far an order is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    pub total: u64,
    pub completed: u64,
    pub scrapped: u64,
    pub cancelled: u64,
    /// Sent back at least once, whatever became of them.
    pub rework: u64,
    /// Neither completed, scrapped nor cancelled.
    pub open: u64,
    /// Completed of those that are neither scrapped nor cancelled, in whole percent, rounded down: 100 means all.
    pub percent: u8,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub by_status: BTreeMap<item::Status, u64>,
}

/// Adds up items, components left out.
pub fn progress(counts: impl IntoIterator<Item = Count>) -> Progress {
    let mut sum = Progress::default();
    for Count { status, reworked, items } in counts {
        sum.total += items;
        sum.rework += if reworked { items } else { 0 };
        *sum.by_status.entry(status).or_default() += items;
    }
    let of = |status| sum.by_status.get(&status).copied().unwrap_or_default();
    sum.completed = of(item::Status::Completed);
    sum.scrapped = of(item::Status::Scrapped);
    sum.cancelled = of(item::Status::Cancelled);
    let wanted = sum.total - sum.scrapped - sum.cancelled;
    sum.open = wanted - sum.completed;
    sum.percent = match (sum.total, wanted) {
        (0, _) => 0,
        (_, 0) => 100,
        _ => u8::try_from(u128::from(sum.completed) * 100 / u128::from(wanted)).unwrap_or(100),
    };
    sum
}
