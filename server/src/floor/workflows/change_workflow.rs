//! Changes a workflow: its name and how it is used at once, its stages through its draft.

use chrono::{DateTime, Utc};
use floorline_domain::{FieldError, UserId};
use uuid::Uuid;

use super::retire_workflow::no_open_items;
use super::store::{self, WorkflowRow};
use super::views::WorkflowChange;
use super::{definition, edit_draft};
use crate::platform::http::{ApiError, IfMatch};
use crate::platform::tenancy::TenantTx;

/// Applies the change and gives the workflow as it is then.
///
/// # Errors
/// 409 for taking it out of use while open items use it; 422 for what cannot be read.
pub(super) async fn change(
    tx: &mut TenantTx,
    id: Uuid,
    expected: IfMatch,
    wish: WorkflowChange,
    by: UserId,
    now: DateTime<Utc>,
) -> Result<WorkflowRow, ApiError> {
    let mut row = store::load_for_update(tx, id).await?;
    expected.check(row.version)?;
    if let Some(name) = wish.name {
        check_name(&name)?;
        row.name = name.trim().to_owned();
    }
    if row.active && wish.active == Some(false) {
        no_open_items(tx, id).await?;
    }
    row.description = wish.description.unwrap_or(row.description);
    row.active = wish.active.unwrap_or(row.active);
    row.template = wish.template.unwrap_or(row.template);
    if wish.entry.is_some() || wish.stages.is_some() {
        let mut draft = edit_draft::open(tx, &row, by, now).await?;
        if let Some(stages) = wish.stages {
            draft.body.0.stages = definition::read_stages(stages)?;
        }
        draft.body.0.entry = wish.entry.unwrap_or(draft.body.0.entry);
        definition::bounded(&draft.body.0)?;
        draft.updated_at = now;
        store::update_draft(tx, &draft).await?;
    }
    row.updated_at = now;
    row.version += 1;
    store::update(tx, &row).await?;
    Ok(row)
}

/// Refuses a name that no workflow can have.
///
/// # Errors
/// 422.
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    if name.trim().is_empty() || name.chars().count() > 200 {
        return Err(ApiError::invalid(vec![FieldError::new("name", "length", "A name has 1 to 200 characters.")]));
    }
    Ok(())
}
