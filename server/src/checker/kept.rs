//! S1: what a person did is decided and kept, or still waits on their phone.

use std::collections::BTreeSet;

use floorline_domain::{CaseId, Outcome};
use floorline_mobile_sync::entry::Origin;

use super::index::{Index, named};
use super::report::Invariant::S1;
use super::report::Violation;

/// Every entry that a phone has a verdict for has it in the database, for the same bytes. A destroyed phone takes with it what it
/// had not sent, but nothing that was decided.
pub(super) fn verdict_is_stored(index: &Index<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for (_, line) in index.journal_lines().filter(|(_, line)| line.settled.is_some()) {
        let (key, hash) = (line.kept.key, line.kept.hash);
        if index.receipt_of(key, hash).is_some() || index.is_pruned(key) {
            continue;
        }
        let what = match index.receipt(key) {
            Some(_) => "has a receipt for other bytes",
            None => "has no stored verdict",
        };
        found.push(S1.broken(format!("{} {what}", named(key))));
    }
    found
}

/// A rejection is a record of something a person did: its entry is in a case, with its bytes. One that was offered again is in the
/// case of where it was decided.
pub(super) fn refused_work_is_kept(index: &Index<'_>) -> Vec<Violation> {
    let cases: BTreeSet<CaseId> = index.history.cases.iter().map(|case| case.id).collect();
    let entries: BTreeSet<Origin> = index
        .history
        .case_entries
        .iter()
        .filter(|entry| cases.contains(&entry.case))
        .map(|entry| Origin { stream_id: entry.key.stream_id, seq: entry.key.seq, hash: entry.hash })
        .collect();
    let refused = |outcome| matches!(outcome, Outcome::Rejected | Outcome::Parked);
    let receipts = index.history.receipts.iter().filter(|receipt| refused(receipt.outcome));
    receipts
        .filter(|receipt| receipt.verdict.is_some() && !index.is_repeated(receipt))
        .filter(|receipt| {
            let (stream_id, seq) = (receipt.key.stream_id, receipt.key.seq);
            !entries.contains(&Origin { stream_id, seq, hash: receipt.hash })
        })
        .map(|receipt| S1.broken(format!("{} was {} and is in no case", named(receipt.key), receipt.outcome)))
        .collect()
}
