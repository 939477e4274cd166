//! S13: from the moment a device was revoked nothing of it is applied.

use floorline_domain::{Outcome, Reason};

use super::index::{Index, named};
use super::report::Invariant::S13;
use super::report::Violation;

/// After the fence, and after the first entry that was parked for it. A verdict from before that is given again is not applied again.
pub(super) fn nothing_is_applied_after_it(index: &Index<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for stream in &index.history.streams {
        let mut decided = index.receipts_of(stream.id).filter(|receipt| !index.is_repeated(receipt));
        let parked = decided.find(|receipt| receipt.reason == Some(Reason::DeviceRevoked));
        let parked = parked.map(|receipt| receipt.key.seq);
        let Some(fence) = stream.fence.into_iter().chain(parked).min() else { continue };
        let applied = index.receipts_of(stream.id).filter(|receipt| receipt.outcome == Outcome::Applied);
        let after = applied.filter(|receipt| receipt.key.seq > fence && !index.is_repeated(receipt));
        found.extend(
            after.map(|receipt| S13.broken(format!("{} was applied, the fence is {fence}", named(receipt.key)))),
        );
    }
    found
}
