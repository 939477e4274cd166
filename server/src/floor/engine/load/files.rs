//! Which photos are completely stored.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use diesel::sql_types::{Array, Integer, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::item::PhotoSize;
use floorline_domain::workflow::Workflow;
use floorline_domain::{ItemId, WorkflowVersionId};

use crate::floor::engine::core::HeldItem;
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// Which files that matter to this batch are completely stored: those that come with its entries, and those behind a hard gate.
pub(super) async fn stored_files(
    tx: &mut TenantTx,
    mut wanted: BTreeSet<String>,
    items: &BTreeMap<ItemId, HeldItem>,
    workflows: &BTreeMap<WorkflowVersionId, Arc<Workflow>>,
) -> Result<BTreeMap<String, PhotoSize>, ApiError> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        sha256: String,
        #[diesel(sql_type = Integer)]
        width: i32,
        #[diesel(sql_type = Integer)]
        height: i32,
    }
    for held in items.values() {
        let workflow = workflows.get(&held.item.workflow_version_id);
        let gated = workflow.and_then(|workflow| workflow.stage(&held.item.stage)).is_some_and(|stage| stage.hard_gate);
        if gated {
            wanted.extend(held.item.progress.results.values().flat_map(|record| record.evidence.iter().cloned()));
        }
    }
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let org = tx.org().0;
    let rows: Vec<Row> = sql("SELECT sha256, width, height FROM photos WHERE org_id = $1 AND sha256 = ANY ($2)")
        .bind::<SqlUuid, _>(org)
        .bind::<Array<Text>, _>(wanted.iter().collect::<Vec<_>>())
        .load(tx.conn())
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.sha256, PhotoSize { width: row.width.unsigned_abs(), height: row.height.unsigned_abs() }))
        .collect())
}
