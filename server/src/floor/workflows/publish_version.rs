//! Publishes a draft once nothing is wrong with it, and looks definitions through without storing them.

use chrono::{DateTime, Utc};
use floorline_domain::FieldError;
use floorline_domain::workflow::{Fault, Workflow};
use uuid::Uuid;

use super::definition;
use super::store::{self, VersionRow};
use super::views::Candidate;
use crate::floor::locations::known_locations;
use crate::platform::http::{ApiError, Code};
use crate::platform::tenancy::TenantTx;

/// Turns the draft into the version that orders are accepted with from now on.
///
/// # Errors
/// 409 without a draft; 422 with every fault of it.
pub(super) async fn publish(tx: &mut TenantTx, workflow: Uuid, now: DateTime<Utc>) -> Result<VersionRow, ApiError> {
    let mut row = store::load_for_update(tx, workflow).await?;
    let mut draft = store::find_version(tx, workflow, None)
        .await?
        .ok_or_else(|| ApiError::new(Code::StateConflict, "There is no draft; change the workflow first."))?;
    draft.body.0.name.clone_from(&row.name);
    let faults = faults(tx, &draft.body.0).await?;
    if !faults.is_empty() {
        return Err(ApiError::invalid(
            faults.into_iter().map(|fault| FieldError::new(fault.path, fault.code, fault.message)).collect(),
        ));
    }
    draft.state = "published".into();
    draft.updated_at = now;
    draft.published_at = Some(now);
    store::update_draft(tx, &draft).await?;
    row.updated_at = now;
    row.version += 1;
    store::update(tx, &row).await?;
    Ok(draft)
}

/// Every fault of the candidate, or of what is there already when the candidate names no stages.
///
/// # Errors
/// 404 for an unknown workflow; 422 for stages that cannot be read.
pub(super) async fn look_through(
    tx: &mut TenantTx,
    workflow: Uuid,
    candidate: Candidate,
) -> Result<Vec<Fault>, ApiError> {
    let row = store::find(tx, workflow).await?;
    let mut versions = store::current_versions(tx, &[workflow]).await?;
    versions.sort_by_key(|version| version.number);
    let definition = match (candidate.stages, versions.pop()) {
        (Some(stages), _) => definition::read(&row.name, candidate.entry, stages)?,
        (None, Some(newest)) => {
            let body = newest.body.0;
            Workflow { entry: candidate.entry.unwrap_or(body.entry), ..body }
        }
        (None, None) => return Err(ApiError::not_found("version")),
    };
    faults(tx, &definition).await
}

async fn faults(tx: &mut TenantTx, definition: &Workflow) -> Result<Vec<Fault>, ApiError> {
    let named: Vec<_> = definition.stages.iter().flat_map(|stage| stage.location_ids.iter().copied()).collect();
    let known = known_locations(tx, &named).await?;
    Ok(definition.validate(|id| known.contains(&id)))
}
