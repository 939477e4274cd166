//! Reads items and the log for whoever shows them: this room, orders, workflows.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use floorline_domain::item::Item;
use floorline_domain::item::route::{missing, ways};
use floorline_domain::queue::{is_stuck, sla};
use floorline_domain::workflow::Workflow;
use serde_json::Value;
use uuid::Uuid;

use super::store;
use super::views::{self, EventView, ItemFilter, ItemSummary, ItemView, StageNow};
use crate::identity::stuck_after;
use crate::platform::http::{ApiError, Page, PageQuery};
use crate::platform::tenancy::TenantTx;

/// A page of items.
///
/// # Errors
/// 400 and 422 for a page or filter that makes no sense; those of the database.
pub async fn list_items(
    tx: &mut TenantTx,
    filter: &ItemFilter,
    page: &PageQuery,
) -> Result<Page<ItemSummary>, ApiError> {
    let (limit, statuses) = (page.limit()?, filter.statuses()?);
    let rows = store::list(tx, filter, &statuses, page.after_id()?, limit).await?;
    Ok(Page::from_rows(rows, limit, |row| row.id.to_string(), views::summary))
}

/// A page of what happened to a subject, the first first.
///
/// # Errors
/// 400 and 422 for a page that makes no sense; those of the database.
pub async fn events_of(
    tx: &mut TenantTx,
    subject: &str,
    id: Uuid,
    page: &PageQuery,
) -> Result<Page<EventView>, ApiError> {
    let limit = page.limit()?;
    let after = page.after_key()?.unwrap_or(0);
    let rows = store::events(tx, subject, id, after, limit).await?;
    let actors: Vec<Uuid> = rows.iter().filter_map(|row| row.actor_id).collect();
    let names: BTreeMap<Uuid, String> = store::names(tx, &actors).await?.into_iter().collect();
    Ok(Page::from_rows(rows, limit, |row| row.version.to_string(), |row| views::event(row, &names)))
}

/// An item with what is asked for besides: `stage`, `components`, `label`.
///
/// # Errors
/// 404 when it is not here; those of the database.
pub async fn find_item(tx: &mut TenantTx, id: Uuid, expand: &[&str], at: DateTime<Utc>) -> Result<ItemView, ApiError> {
    let state = store::find(tx, id).await?;
    let now = if expand.contains(&"stage") { Some(stage_now(tx, &state, at).await?) } else { None };
    let components = if expand.contains(&"components") { Some(store::components(tx, id).await?) } else { None };
    let label_code = if expand.contains(&"label") { Some(store::label(tx, id).await?) } else { None };
    Ok(ItemView { item: state, now, components, label_code })
}

async fn stage_now(tx: &mut TenantTx, state: &Value, at: DateTime<Utc>) -> Result<StageNow, ApiError> {
    let item: Item = serde_json::from_value(state.clone()).map_err(ApiError::internal)?;
    let (version_number, body) = store::version(tx, item.workflow_version_id.0).await?;
    let stuck_after = stuck_after(tx).await?;
    let workflow: Workflow = serde_json::from_value(body).map_err(ApiError::internal)?;
    let gone = || ApiError::internal(anyhow::anyhow!("item {} is at a stage its workflow does not have", item.id));
    let stage = workflow.stage(&item.stage).ok_or_else(gone)?;
    let open = !item.status.is_final();
    let ways = if open { ways(&workflow, stage, &item) } else { Vec::new() };
    let missing_actions = if open { missing(stage, &item, ways.first().and_then(|way| way.when)) } else { Vec::new() };
    Ok(StageNow {
        version_number,
        allowed_next: ways.iter().map(|way| way.to.map(|stage| stage.key.clone())).collect(),
        missing_actions,
        rework: stage.rework.iter().filter(|_| open).map(|edge| edge.to.clone()).collect(),
        sla: sla(item.stage_entered_at, stage.expected_minutes, at),
        stuck: open && is_stuck(item.stage_entered_at, stuck_after, at),
        stage: serde_json::to_value(stage).map_err(ApiError::internal)?,
        workflow_name: workflow.name.clone(),
    })
}
