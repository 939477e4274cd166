//! Reads a workflow from a request: every stage that cannot be read is named, and size is checked before content.

use floorline_domain::FieldError;
use floorline_domain::workflow::{Action, MAX_STAGES, Stage, Workflow};
use serde_json::Value;

use crate::platform::http::ApiError;

/// Builds a definition out of a request's parts. It may still be faulty; publishing asks for more.
///
/// # Errors
/// 422 for more than a definition may hold, or with one error a stage that is no stage.
pub(super) fn read(name: &str, entry: Option<String>, stages: Vec<Value>) -> Result<Workflow, ApiError> {
    let stages = read_stages(stages)?;
    let entry = entry.or_else(|| stages.first().map(|stage| stage.key.clone())).unwrap_or_default();
    let workflow = Workflow { name: name.trim().to_owned(), entry, stages };
    bounded(&workflow)?;
    Ok(workflow)
}

/// Refuses a definition that is larger than any may be, draft or not.
///
/// # Errors
/// 422 that names the bound.
pub(super) fn bounded(workflow: &Workflow) -> Result<(), ApiError> {
    match workflow.beyond() {
        Some(fault) => Err(ApiError::invalid_field(&fault.path, &fault.code, format!("{}.", fault.message))),
        None => Ok(()),
    }
}

/// The stages of a request.
///
/// # Errors
/// As [`read`].
pub(super) fn read_stages(stages: Vec<Value>) -> Result<Vec<Stage>, ApiError> {
    if stages.len() > MAX_STAGES {
        let message = format!("A workflow has at most {MAX_STAGES} stages; this one has {}.", stages.len());
        return Err(ApiError::invalid_field("stages", "too_many_stages", message));
    }
    let mut errors = Vec::new();
    let mut read = Vec::with_capacity(stages.len());
    for (index, stage) in stages.into_iter().enumerate() {
        match serde_json::from_value::<Stage>(stage) {
            Ok(stage) => read.push(stage),
            Err(error) => errors.push(malformed(format!("stages[{index}]"), &error)),
        }
    }
    if errors.is_empty() { Ok(read) } else { Err(ApiError::invalid(errors)) }
}

/// One stage of a request.
///
/// # Errors
/// 422 when it is no stage.
pub(super) fn read_stage(stage: Value) -> Result<Stage, ApiError> {
    serde_json::from_value(stage).map_err(|error| ApiError::invalid(vec![malformed("stage".into(), &error)]))
}

/// One action of a request.
///
/// # Errors
/// 422 when it is no action.
pub(super) fn read_action(action: Value) -> Result<Action, ApiError> {
    serde_json::from_value(action).map_err(|error| ApiError::invalid(vec![malformed("action".into(), &error)]))
}

fn malformed(field: String, error: &serde_json::Error) -> FieldError {
    FieldError::new(field, "malformed", format!("{error}."))
}
