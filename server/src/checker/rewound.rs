//! S11: a server that was rewound gets back what it forgot.
//!
//! A verdict of an earlier epoch may have become another one (`verdicts` looks at the present epoch alone), but the act it was about is decided again,
//! under its own key or as what was offered again of it, or still waits on its phone. Where a journal has it, S1 says the rest.

use std::collections::BTreeSet;

use floorline_domain::EntryKey;
use floorline_mobile_sync::entry::Origin;

use super::index::{Index, named};
use super::report::Invariant::S11;
use super::report::Violation;

/// Of a verdict that was told in an earlier epoch, somebody still has the entry.
pub(super) fn told_before_is_not_forgotten(index: &Index<'_>) -> Vec<Violation> {
    let history = index.history;
    let place = |origin: Origin| EntryKey { stream_id: origin.stream_id, seq: origin.seq };
    let mut known: BTreeSet<EntryKey> = BTreeSet::new();
    for receipt in &history.receipts {
        known.insert(receipt.key);
        known.extend(index.origin(receipt).map(place));
    }
    for (_, line) in index.journal_lines() {
        known.insert(line.kept.key);
        known.extend(index.offered_again(line).map(place));
    }
    let kept = history.devices.iter().filter(|device| !device.destroyed).flat_map(|device| &device.told);
    let before = kept.filter(|told| told.server_epoch != history.server_epoch);
    let forgotten: BTreeSet<EntryKey> = before
        .map(|told| told.first.unwrap_or(told.key))
        .filter(|key| !known.contains(key) && !index.is_pruned(*key))
        .collect();
    let words = |key| format!("{} was told a verdict before a rewind, and nobody has it any more", named(key));
    forgotten.into_iter().map(|key| S11.broken(words(key))).collect()
}
