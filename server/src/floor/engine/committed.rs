//! What a commit leaves to be told: to the hub, to the job runner, to whoever watches the figures. Nothing depends on its being heard.

use std::collections::BTreeMap;

use floorline_domain::{Outcome, Reason};

use super::core::{Head, Ledger, Receipt};
use crate::platform::telemetry::names;

/// A transaction that is durable.
#[derive(Debug, Default)]
pub(super) struct Committed {
    /// Where its topics stand now.
    pub(super) heads: Vec<Head>,
    /// Work waits for the job runner.
    pub(super) brought_jobs: bool,
    verdicts: BTreeMap<(Outcome, Option<Reason>), u64>,
}

impl Committed {
    /// What `ledger` wrote, with these receipts.
    pub(super) fn of(ledger: &Ledger, receipts: &[Receipt]) -> Self {
        let mut verdicts = BTreeMap::new();
        for receipt in receipts {
            *verdicts.entry((receipt.outcome, receipt.reason)).or_default() += 1;
        }
        Self { heads: ledger.heads().cloned().collect(), brought_jobs: ledger.brings_jobs(), verdicts }
    }

    /// Verdicts stored.
    pub(super) fn count(&self) -> u64 {
        self.verdicts.values().sum()
    }

    /// Counts its verdicts.
    pub(super) fn record(&self) {
        for ((outcome, reason), count) in &self.verdicts {
            let reason = reason.map_or("", Reason::as_str);
            metrics::counter!(names::VERDICTS, "outcome" => outcome.as_str(), "reason" => reason).increment(*count);
        }
    }
}
