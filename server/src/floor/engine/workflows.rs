//! Published workflow versions never change, so a node reads each once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::workflow::Workflow;
use floorline_domain::{OrgId, WorkflowVersionId};
use uuid::Uuid;

use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// Versions kept in memory; beyond that all are forgotten and read again.
const KEPT: usize = 4096;

type Versions = BTreeMap<(OrgId, WorkflowVersionId), Arc<Workflow>>;

/// The versions read so far, by organisation.
#[derive(Clone, Default)]
pub(super) struct WorkflowCache(Arc<RwLock<Versions>>);

impl WorkflowCache {
    /// The named versions; reads those that are not known yet.
    pub(super) async fn get(
        &self,
        tx: &mut TenantTx,
        ids: BTreeSet<WorkflowVersionId>,
    ) -> Result<BTreeMap<WorkflowVersionId, Arc<Workflow>>, ApiError> {
        let org = tx.org();
        let (mut known, missing) = self.split(org, ids);
        if !missing.is_empty() {
            known.extend(self.read(tx, missing).await?);
        }
        Ok(known)
    }

    fn split(
        &self,
        org: OrgId,
        ids: BTreeSet<WorkflowVersionId>,
    ) -> (BTreeMap<WorkflowVersionId, Arc<Workflow>>, Vec<Uuid>) {
        let versions = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (mut known, mut missing) = (BTreeMap::new(), Vec::new());
        for id in ids {
            match versions.get(&(org, id)) {
                Some(workflow) => {
                    known.insert(id, Arc::clone(workflow));
                }
                None => missing.push(id.0),
            }
        }
        (known, missing)
    }

    async fn read(
        &self,
        tx: &mut TenantTx,
        missing: Vec<Uuid>,
    ) -> Result<BTreeMap<WorkflowVersionId, Arc<Workflow>>, ApiError> {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = SqlUuid)]
            id: Uuid,
            #[diesel(sql_type = Text)]
            body: String,
        }
        let org = tx.org();
        let rows: Vec<Row> = sql("SELECT id, body::text AS body FROM workflow_versions WHERE org_id = $1 AND state = 'published' AND id = ANY ($2)")
            .bind::<SqlUuid, _>(org.0)
            .bind::<Array<SqlUuid>, _>(missing)
            .load(tx.conn())
            .await?;
        let mut read = BTreeMap::new();
        for row in rows {
            match serde_json::from_str::<Workflow>(&row.body) {
                Ok(workflow) => drop(read.insert(WorkflowVersionId(row.id), Arc::new(workflow))),
                // Only what stands in it fails.
                Err(error) => {
                    tracing::error!(workflow_version.id = %row.id, error = %error, "a workflow version cannot be read");
                }
            }
        }
        let mut versions = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if versions.len() + read.len() > KEPT {
            versions.clear();
        }
        versions.extend(read.iter().map(|(id, workflow)| ((org, *id), Arc::clone(workflow))));
        Ok(read)
    }
}
