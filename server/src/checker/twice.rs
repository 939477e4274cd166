//! S6: however many people race for a step, it is made once.

use floorline_domain::ItemId;
use floorline_domain::item::{Change, Event, Item};

use super::index::Index;
use super::item_log::Leavings;
use super::report::Invariant::S6;
use super::report::Violation;

/// An item leaves each visit of a stage once: onwards, back, or for good. What was undone did not happen.
pub(super) fn visits_are_left_once(index: &Index<'_>) -> Vec<Violation> {
    each_step(index, || {
        let mut leavings = Leavings::default();
        move |before, event| {
            let (stage, visit) = leavings.follow(before, event)?;
            Some(format!("left visit {visit} of {stage} a second time by {}", event.kind()))
        }
    })
}

/// An action that passed is not done again in the same visit.
pub(super) fn actions_pass_once(index: &Index<'_>) -> Vec<Violation> {
    each_step(index, || {
        |before, event| {
            let (action_id, skipped) = match &event.change {
                Change::ActionCompleted { action_id, .. } => (action_id, false),
                Change::ActionSkipped { action_id, .. } => (action_id, true),
                _ => return None,
            };
            let here = action_id.split_once('.').is_some_and(|(stage, _)| stage == before.stage);
            // Doing what was skipped is no repetition; skipping what was done is.
            let passed = before.result(action_id).is_some_and(|record| record.passed && (skipped || !record.skipped));
            (here && passed).then(|| format!("has {action_id} twice in one visit"))
        }
    })
}

/// Walks all logs to their ends; `judge` makes a fresh judge of each.
fn each_step<J: FnMut(&Item, &Event) -> Option<String>>(index: &Index<'_>, judge: impl Fn() -> J) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut report = |id: &ItemId, what: String| found.push(S6.broken(format!("item {id} {what}")));
    for (id, log) in &index.logs {
        let mut judge = judge();
        log.walk(|before, event, _| {
            if let Some(what) = judge(before, event) {
                report(id, what);
            }
            None::<()>
        });
    }
    found
}
