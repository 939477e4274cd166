//! Publishes a draft once nothing is wrong with it, and looks definitions through without storing them.
//!
//! Looking through a large definition takes a while, so it happens on a blocking thread and outside of any transaction. What was looked
//! through is published only if it is still the draft then.

use std::collections::HashSet;

use actix_web::web;
use chrono::{DateTime, Utc};
use floorline_domain::workflow::{Fault, Workflow};
use floorline_domain::{FieldError, LocationId, OrgId};
use uuid::Uuid;

use super::definition;
use super::store::{self, VersionRow};
use super::views::Candidate;
use crate::floor::locations::known_locations;
use crate::platform::db::Db;
use crate::platform::http::{ApiError, Code};
use crate::platform::tenancy::TenantTx;

/// A draft as it was when it was looked through.
#[derive(Debug)]
pub(super) struct Checked {
    draft: Uuid,
    name: String,
    updated_at: DateTime<Utc>,
    faults: Vec<Fault>,
}

/// Looks a workflow's draft through; none when it has no draft.
///
/// # Errors
/// 404 for an unknown workflow.
pub(super) async fn check_draft(db: &Db, org: OrgId, workflow: Uuid) -> Result<Option<Checked>, ApiError> {
    let mut tx = TenantTx::open(db, org).await?;
    let row = store::find(&mut tx, workflow).await?;
    let Some(draft) = store::find_version(&mut tx, workflow, None).await? else { return Ok(None) };
    let definition = Workflow { name: row.name.clone(), ..draft.body.0 };
    let known = places(&mut tx, &definition).await?;
    tx.commit().await?;
    let faults = faults(definition, known).await?;
    Ok(Some(Checked { draft: draft.id, name: row.name, updated_at: draft.updated_at, faults }))
}

/// Turns the draft into the version that orders are accepted with from now on.
///
/// # Errors
/// 409 without a draft, or when it is not the one that was checked; 422 with every fault of it.
pub(super) async fn publish(
    tx: &mut TenantTx,
    workflow: Uuid,
    checked: Option<Checked>,
    now: DateTime<Utc>,
) -> Result<VersionRow, ApiError> {
    let refused = |why: &str| ApiError::new(Code::StateConflict, why);
    let mut row = store::load_for_update(tx, workflow).await?;
    let mut draft = store::find_version(tx, workflow, None)
        .await?
        .ok_or_else(|| refused("There is no draft; change the workflow first."))?;
    let same = |checked: &Checked| {
        (checked.draft, checked.updated_at, &checked.name) == (draft.id, draft.updated_at, &row.name)
    };
    let checked = checked
        .filter(same)
        .ok_or_else(|| refused("The draft was changed at this moment; look at it and publish again."))?;
    if !checked.faults.is_empty() {
        let faults = checked.faults.into_iter();
        return Err(ApiError::invalid(
            faults.map(|fault| FieldError::new(fault.path, fault.code, fault.message)).collect(),
        ));
    }
    draft.body.0.name.clone_from(&row.name);
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
    db: &Db,
    org: OrgId,
    workflow: Uuid,
    candidate: Candidate,
) -> Result<Vec<Fault>, ApiError> {
    let mut tx = TenantTx::open(db, org).await?;
    let row = store::find(&mut tx, workflow).await?;
    let definition = match candidate.stages {
        Some(stages) => {
            tx.commit().await?;
            let definition = apart(move || definition::read(&row.name, candidate.entry, stages)).await??;
            tx = TenantTx::open(db, org).await?;
            definition
        }
        None => {
            let mut versions = store::current_versions(&mut tx, &[workflow]).await?;
            versions.sort_by_key(|version| version.number);
            let body = versions.pop().ok_or_else(|| ApiError::not_found("version"))?.body.0;
            Workflow { entry: candidate.entry.unwrap_or(body.entry), ..body }
        }
    };
    let known = places(&mut tx, &definition).await?;
    tx.commit().await?;
    faults(definition, known).await
}

/// The places it names that are there.
async fn places(tx: &mut TenantTx, definition: &Workflow) -> Result<HashSet<LocationId>, ApiError> {
    let named: HashSet<_> = definition.stages.iter().flat_map(|stage| stage.location_ids.iter().copied()).collect();
    known_locations(tx, &named.into_iter().collect::<Vec<_>>()).await
}

async fn faults(definition: Workflow, known: HashSet<LocationId>) -> Result<Vec<Fault>, ApiError> {
    apart(move || definition.validate(|id| known.contains(&id))).await
}

/// Does what takes long where nobody waits for it but its caller.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    web::block(work).await.map_err(ApiError::internal)
}
