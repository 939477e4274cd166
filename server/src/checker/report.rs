//! What the checker says.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::index::Index;

/// What must hold in every history. Those that no history shows (what a screen said, bounds on memory) are not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Invariant {
    /// Every saved entry ends in one stored verdict, or is still in its outbox.
    S1,
    /// One receipt a key, one booking an act, no event without a receipt.
    S2,
    /// Receipts of a stream are 1..last, chained; its cursors rise.
    S3,
    /// Every answer to an entry is the stored one.
    S4,
    /// An item's log is a legal path of its workflow, and its row is the fold of it.
    S5,
    /// An item leaves a visit of a stage once.
    S6,
    /// Cursors of a topic have no gaps, and its head is the last.
    S7,
    /// What subscribers are told is the fold of the log.
    S8,
    /// No verdict is told before it is durable.
    S10,
    /// What was told before the server was rewound is decided again, or waits on its phone.
    S11,
    /// Nothing of one organisation reaches another.
    S12,
    /// Nothing is applied after a device was revoked.
    S13,
}

impl Invariant {
    /// Its name in a few words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::S1 => "nothing lost",
            Self::S2 => "exactly-once effect",
            Self::S3 => "order",
            Self::S4 => "stable verdict",
            Self::S5 => "legality",
            Self::S6 => "no double advance",
            Self::S7 => "feed without gaps",
            Self::S8 => "convergence",
            Self::S10 => "told means durable",
            Self::S11 => "rewind heals",
            Self::S12 => "isolation",
            Self::S13 => "fencing",
        }
    }

    /// Something that breaks it.
    pub(super) fn broken(self, what: impl Into<String>) -> Violation {
        Violation { invariant: self, what: what.into() }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?} {}", self.words())
    }
}

/// Something that cannot have happened, and did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// What is broken.
    pub invariant: Invariant,
    /// By what.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

/// What became of all work.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Entries in all journals.
    pub entries: usize,
    /// Those no phone has a verdict for yet.
    pub unsent: usize,
    /// Findings of lost work: no verdict, other bytes, or another verdict than was told.
    pub lost: usize,
    /// Findings of work that happened more than once, or without an entry.
    pub doubled: usize,
    /// Entries of the journals by outcome and reason, from the stored receipts.
    pub outcomes: BTreeMap<String, usize>,
    /// Everything that was found.
    pub violations: Vec<Violation>,
}

impl Report {
    pub(super) fn of(index: &Index<'_>, violations: Vec<Violation>) -> Self {
        use Invariant::{S1, S2, S4, S6, S10, S11};
        let mut report = Self::default();
        for (_, line) in index.journal_lines() {
            report.entries += 1;
            report.unsent += usize::from(line.settled.is_none());
            if let Some(receipt) = index.receipt_of(line.kept.key, line.kept.hash) {
                *report.outcomes.entry(receipt.word()).or_default() += 1;
            }
        }
        let count = |kinds: &[Invariant]| violations.iter().filter(|found| kinds.contains(&found.invariant)).count();
        report.lost = count(&[S1, S4, S10, S11]);
        report.doubled = count(&[S2, S6]);
        report.violations = violations;
        report
    }

    /// Whether nothing is broken.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.violations.is_empty()
    }
}
