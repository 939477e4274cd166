//! The checker: one judge of what happened, whoever made it happen.
//!
//! A [`History`] is what all phones hold and what the database holds, as plain rows. [`check`] compares the two, entry by entry, and says which
//! invariants of `floor.sync.v1` are broken (`sync-protocol.md` section 16). It is pure: `floorline demo` reads its history from PostgreSQL and
//! from phones ([`read`]), a simulation gives its own. No counter of the server is asked; both sides are taken as they lie on disk.
//!
//! Each rule is a function over the [`Index`]; a rule that cannot tell (bytes nobody has any more, verdicts that were pruned) keeps silent.
//! Rules leave each other's faults alone where they can: a changed hash is found as lost work, not as a broken chain as well.

mod fence;
mod history;
mod index;
mod isolation;
mod item_log;
mod kept;
mod legality;
mod once;
mod order;
pub mod read;
mod report;
mod rewound;
mod told;
mod twice;
mod verdicts;

#[cfg(test)]
mod tests;

pub use self::history::{
    Base, Canary, Case, CaseEntry, Columns, Device, Event, FeedRow, History, ItemRow, Owned, Receipt, Stream, Told,
    TopicRow, WorkflowVersion,
};
use self::index::Index;
pub use self::report::{Invariant, Report, Violation};

/// One thing that must hold; gives what breaks it.
type Rule = fn(&Index<'_>) -> Vec<Violation>;

const RULES: &[Rule] = &[
    kept::verdict_is_stored,
    kept::refused_work_is_kept,
    once::one_receipt_a_key,
    once::one_booking_an_act,
    once::events_have_receipts,
    once::receipts_have_their_events,
    once::feed_tells_the_log,
    order::places_have_no_holes,
    order::chains_hold,
    order::cursors_rise,
    order::verdicts_point_at_their_events,
    verdicts::told_is_stored,
    verdicts::answers_never_differ,
    verdicts::offered_again_is_answered_the_same,
    verdicts::stored_says_what_it_was,
    verdicts::told_is_durable,
    rewound::told_before_is_not_forgotten,
    legality::logs_are_legal,
    legality::items_are_their_logs,
    twice::visits_are_left_once,
    twice::actions_pass_once,
    told::feeds_have_no_holes,
    told::items_are_told_as_they_are,
    told::items_are_told_whole,
    told::floors_are_the_log,
    isolation::rows_stay_in_their_organisation,
    isolation::canaries_stay_home,
    fence::nothing_is_applied_after_it,
];

/// Says what of the history cannot have happened.
#[must_use]
pub fn check(history: &History) -> Report {
    let index = Index::of(history);
    let violations = RULES.iter().flat_map(|rule| rule(&index)).collect();
    Report::of(&index, violations)
}
