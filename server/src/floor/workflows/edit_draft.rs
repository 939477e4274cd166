//! Edits the one draft of a workflow, beginning one from the published version when there is none.

use chrono::{DateTime, Utc};
use floorline_domain::UserId;
use floorline_domain::workflow::{MAX_STAGES, Stage, Workflow};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::definition::{bounded, read_action, read_stage};
use super::store::{self, Body, VersionRow, WorkflowRow};
use crate::platform::http::{ApiError, Code, IfMatch};
use crate::platform::tenancy::TenantTx;

/// One change of a draft's stages.
pub(super) enum Edit {
    AddStage(Value),
    ChangeStage {
        stage: String,
        change: Map<String, Value>,
    },
    RemoveStage {
        stage: String,
    },
    /// All keys in their new order.
    Reorder(Vec<String>),
    AddAction {
        stage: String,
        action: Value,
    },
    ChangeAction {
        stage: String,
        action: String,
        change: Map<String, Value>,
    },
    RemoveAction {
        stage: String,
        action: String,
    },
}

/// Applies an edit to the draft of a workflow and gives both as they are then.
pub(super) async fn edit(
    tx: &mut TenantTx,
    workflow: Uuid,
    expected: Option<IfMatch>,
    wish: Edit,
    by: UserId,
    now: DateTime<Utc>,
) -> Result<(WorkflowRow, VersionRow), ApiError> {
    let mut row = store::load_for_update(tx, workflow).await?;
    if let Some(expected) = expected {
        expected.check(row.version)?;
    }
    let mut draft = open(tx, &row, by, now).await?;
    draft.body = Body(edited(draft.body.0, wish)?);
    bounded(&draft.body.0)?;
    draft.updated_at = now;
    store::update_draft(tx, &draft).await?;
    row.updated_at = now;
    row.version += 1;
    store::update(tx, &row).await?;
    Ok((row, draft))
}

/// The workflow's draft, begun from its latest published version when there is none. The workflow's row is locked by the caller.
pub(super) async fn open(
    tx: &mut TenantTx,
    row: &WorkflowRow,
    by: UserId,
    now: DateTime<Utc>,
) -> Result<VersionRow, ApiError> {
    let mut versions = store::current_versions(tx, &[row.id]).await?;
    if let Some(draft) = versions.iter().position(VersionRow::is_draft) {
        return Ok(versions.swap_remove(draft));
    }
    let published = versions.pop().ok_or_else(|| ApiError::not_found("version"))?;
    let draft = VersionRow {
        id: Uuid::now_v7(),
        number: published.number + 1,
        state: "draft".into(),
        created_at: now,
        updated_at: now,
        published_at: None,
        ..published
    };
    store::insert_draft(tx, &draft, by).await?;
    Ok(draft)
}

/// The definition after an edit. It may be faulty then: publishing says so.
fn edited(mut workflow: Workflow, wish: Edit) -> Result<Workflow, ApiError> {
    match wish {
        Edit::AddStage(stage) => {
            let stage = read_stage(stage)?;
            if workflow.stages.len() >= MAX_STAGES {
                let message = format!("A workflow has at most {MAX_STAGES} stages.");
                return Err(ApiError::invalid_field("stages", "too_many_stages", message));
            }
            if workflow.stage(&stage.key).is_some() {
                return Err(duplicate("stage", &stage.key));
            }
            if workflow.entry.is_empty() {
                workflow.entry = stage.key.clone();
            }
            workflow.stages.push(stage);
        }
        Edit::ChangeStage { stage, change } => {
            let found = stage_mut(&mut workflow, &stage)?;
            let changed = read_stage(merged(written(found)?, change))?;
            keep_key(&stage, &changed.key)?;
            *found = changed;
        }
        Edit::RemoveStage { stage } => {
            stage_mut(&mut workflow, &stage)?;
            workflow.stages.retain(|found| found.key != stage);
        }
        Edit::Reorder(keys) => reorder(&mut workflow, &keys)?,
        Edit::AddAction { stage, action } => {
            let action = read_action(action)?;
            let stage = stage_mut(&mut workflow, &stage)?;
            if stage.action(&action.key).is_some() {
                return Err(duplicate("action", &action.key));
            }
            stage.actions.push(action);
        }
        Edit::ChangeAction { stage, action, change } => {
            let stage = stage_mut(&mut workflow, &stage)?;
            let found = stage.actions.iter_mut().find(|found| found.key == action);
            let found = found.ok_or_else(|| ApiError::not_found("action"))?;
            let changed = read_action(merged(written(found)?, change))?;
            keep_key(&action, &changed.key)?;
            *found = changed;
        }
        Edit::RemoveAction { stage, action } => {
            let stage = stage_mut(&mut workflow, &stage)?;
            stage.action(&action).ok_or_else(|| ApiError::not_found("action"))?;
            stage.actions.retain(|found| found.key != action);
        }
    }
    Ok(workflow)
}

fn reorder(workflow: &mut Workflow, keys: &[String]) -> Result<(), ApiError> {
    let place = |stage: &Stage| keys.iter().position(|key| *key == stage.key);
    let complete = keys.len() == workflow.stages.len() && workflow.stages.iter().all(|stage| place(stage).is_some());
    if !complete {
        return Err(ApiError::invalid_field("keys", "incomplete", "Name every stage of the draft exactly once."));
    }
    workflow.stages.sort_by_key(place);
    for (number, stage) in (1..).zip(&mut workflow.stages) {
        stage.order = number;
    }
    Ok(())
}

fn stage_mut<'a>(workflow: &'a mut Workflow, key: &str) -> Result<&'a mut Stage, ApiError> {
    workflow.stages.iter_mut().find(|stage| stage.key == key).ok_or_else(|| ApiError::not_found("stage"))
}

fn written(part: &impl serde::Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(part).map_err(ApiError::internal)
}

/// RFC 7396, one level deep: null takes a member away, anything else replaces it.
fn merged(mut value: Value, change: Map<String, Value>) -> Value {
    if let Some(members) = value.as_object_mut() {
        for (key, new) in change {
            if new.is_null() {
                members.remove(&key);
            } else {
                members.insert(key, new);
            }
        }
    }
    value
}

/// Other stages refer to a key, and so will results; a new key is a new stage.
fn keep_key(old: &str, new: &str) -> Result<(), ApiError> {
    if old == new {
        return Ok(());
    }
    Err(ApiError::invalid_field("key", "immutable", "A key does not change; remove the old one and add a new one."))
}

fn duplicate(what: &str, key: &str) -> ApiError {
    ApiError::new(Code::Duplicate, format!("There is a {what} {key:?} already."))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;

    fn two_stages() -> Workflow {
        serde_json::from_value(json!({ "name": "Bags", "entry": "cut", "stages": [
            { "key": "cut", "name": "Cutting", "order": 1, "next": [{ "to": "sew" }] },
            { "key": "sew", "name": "Sewing", "order": 2, "actions": [{ "key": "ok", "kind": "note", "label": "OK" }] },
        ] }))
        .unwrap()
    }

    fn change(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn a_change_keeps_what_it_does_not_name_and_null_takes_away() {
        let wish = Edit::ChangeStage { stage: "cut".into(), change: change(json!({ "expected_minutes": 5 })) };
        let workflow = edited(two_stages(), wish).unwrap();
        let cut = workflow.stage("cut").unwrap();
        assert_eq!((cut.expected_minutes, cut.next.len()), (Some(5), 1));
        let wish = Edit::ChangeStage { stage: "cut".into(), change: change(json!({ "expected_minutes": null })) };
        assert_eq!(edited(workflow, wish).unwrap().stage("cut").unwrap().expected_minutes, None);
    }

    #[test]
    fn a_key_stays() {
        let wish = Edit::ChangeStage { stage: "cut".into(), change: change(json!({ "key": "slice" })) };
        assert_eq!(edited(two_stages(), wish).unwrap_err().code(), Code::Invalid);
    }

    #[test]
    fn reordering_names_every_stage_once() {
        let workflow = edited(two_stages(), Edit::Reorder(vec!["sew".into(), "cut".into()])).unwrap();
        let order: Vec<_> = workflow.stages.iter().map(|stage| (stage.key.as_str(), stage.order)).collect();
        assert_eq!(order, [("sew", 1), ("cut", 2)]);
        for keys in [vec!["sew".to_owned()], vec!["sew".into(), "sew".into()], vec!["sew".into(), "glue".into()]] {
            assert_eq!(edited(two_stages(), Edit::Reorder(keys)).unwrap_err().code(), Code::Invalid);
        }
    }

    #[test]
    fn actions_come_change_and_go() {
        let action = json!({ "key": "seam", "kind": "note", "label": "Seam", "required": true });
        let workflow = edited(two_stages(), Edit::AddAction { stage: "sew".into(), action: action.clone() }).unwrap();
        let again = Edit::AddAction { stage: "sew".into(), action };
        assert_eq!(edited(workflow.clone(), again).unwrap_err().code(), Code::Duplicate);
        let wish = Edit::ChangeAction {
            stage: "sew".into(),
            action: "seam".into(),
            change: change(json!({ "required": false })),
        };
        let workflow = edited(workflow, wish).unwrap();
        assert!(!workflow.action("sew.seam").unwrap().1.required);
        let wish = Edit::RemoveAction { stage: "sew".into(), action: "seam".into() };
        assert!(edited(workflow, wish).unwrap().action("sew.seam").is_none());
    }
}
