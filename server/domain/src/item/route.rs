//! Where an item may go from its stage, and what still has to be done there.

use serde_json::Value;

use super::{ActionRecord, Item};
use crate::workflow::{ActionId, CompletionRule, Stage, StageKey, Subject, When, Workflow};

/// A way onwards that is open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Way<'a> {
    /// Where it leads; none: out, the item is completed.
    pub to: Option<&'a Stage>,
    /// The condition that opened it.
    pub when: Option<&'a When>,
}

/// The ways that are open to an item in `stage`, the preferred one first.
///
/// From a member of a group every other member not yet completed; once all are, its `next` whose conditions hold.
pub fn ways<'a>(workflow: &'a Workflow, stage: &'a Stage, item: &Item) -> Vec<Way<'a>> {
    let mut members = open_members(workflow, stage, item);
    if !members.is_empty() {
        members.sort_by_key(|member| member.order);
        let ready = members.into_iter().filter(|member| unmet(member, stage, item).is_empty());
        return ready.map(|member| Way { to: Some(member), when: None }).collect();
    }
    if workflow.is_exit(stage) {
        return vec![Way { to: None, when: None }];
    }
    let open = stage.next.iter().filter(|next| holds(&next.when, stage, item));
    open.filter_map(|next| Some(Way { to: Some(workflow.stage(&next.to)?), when: Some(&next.when) })).collect()
}

/// The members of the stage's group that the item has not completed, without the stage itself.
fn open_members<'a>(workflow: &'a Workflow, stage: &'a Stage, item: &Item) -> Vec<&'a Stage> {
    let members = stage.group.iter().flat_map(|group| workflow.members(group));
    members
        .filter(|member| member.key != stage.key && !item.progress.completed_stages.contains_key(&member.key))
        .collect()
}

/// The stages that `target` depends on and that an item leaving `from` has not completed.
pub fn unmet(target: &Stage, from: &Stage, item: &Item) -> Vec<StageKey> {
    let done = |key: &StageKey| *key == from.key || item.progress.completed_stages.contains_key(key);
    target.depends_on.iter().filter(|key| !done(key)).cloned().collect()
}

/// The required actions of `stage` that stand in the way. An action that did not pass counts as complete only for a
/// way whose condition looks at it.
pub fn missing(stage: &Stage, item: &Item, when: Option<&When>) -> Vec<ActionId> {
    let complete =
        |id: &ActionId| item.result(id).is_some_and(|record| record.passed || when.is_some_and(|when| when.tests(id)));
    let ids: Vec<ActionId> = stage.required().map(|action| stage.action_id(action)).collect();
    if stage.completion_rule == CompletionRule::Any && ids.iter().any(complete) {
        return Vec::new();
    }
    ids.into_iter().filter(|id| !complete(id)).collect()
}

/// Files of this visit's results that are not completely stored, by action.
pub fn evidence_missing(stage: &Stage, item: &Item, ready: &dyn Fn(&str) -> bool) -> Vec<(ActionId, Vec<String>)> {
    let ids = stage.actions.iter().map(|action| stage.action_id(action));
    ids.filter_map(|id| {
        let absent: Vec<String> = item.result(&id)?.evidence.iter().filter(|hash| !ready(hash)).cloned().collect();
        (!absent.is_empty()).then_some((id, absent))
    })
    .collect()
}

/// Whether a condition holds for an item in `stage`. A result that was never made meets no condition; results of this
/// stage count only in this visit.
pub fn holds(when: &When, stage: &Stage, item: &Item) -> bool {
    when.0.iter().all(|test| match &test.subject {
        Subject::Attribute(name) => test.expect.holds(item.attributes.get(name).unwrap_or(&Value::Null)),
        Subject::Action { action, field } => {
            let here = action.split_once('.').is_some_and(|(key, _)| key == stage.key);
            let record = if here { item.result(action) } else { item.progress.results.get(action) };
            record.is_some_and(|record| test.expect.holds(&field_of(record, field)))
        }
    })
}

/// A field of a result: `passed`, `skipped`, one of the content, a form's field, a reading's value, a check's answer.
fn field_of(record: &ActionRecord, field: &str) -> Value {
    let named = |list: &str, name: &str, value: &str| {
        let entries = record.content.get(list)?.as_array()?;
        entries.iter().find(|entry| entry.get(name).is_some_and(|name| name == field))?.get(value)
    };
    match field {
        "passed" => record.passed.into(),
        "skipped" => record.skipped.into(),
        _ => record
            .content
            .get(field)
            .or_else(|| record.content.get("fields")?.get(field))
            .or_else(|| named("readings", "name", "value"))
            .or_else(|| named("checks", "item", "passed"))
            .cloned()
            .unwrap_or_default(),
    }
}
