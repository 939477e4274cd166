//! Rows of workflows and their versions.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::pg::{Pg, PgValue};
use diesel::sql_types::{Array, BigInt, Jsonb, Text, Uuid as SqlUuid};
use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, JoinOnDsl as _, OptionalExtension as _, QueryDsl as _,
    SelectableHelper as _,
};
use diesel_async::RunQueryDsl as _;
use floorline_domain::workflow::Workflow;
use floorline_domain::{UserId, WorkflowId, WorkflowVersionId};
use serde_json::Value;
use uuid::Uuid;

use super::routes::WorkflowFilter;
use crate::platform::db::schema::workflow_versions::dsl as v;
use crate::platform::db::schema::workflows::dsl as w;
use crate::platform::db::schema::{workflow_versions, workflows};
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

type Result<T> = std::result::Result<T, ApiError>;

#[derive(Debug, Clone, diesel::Queryable, diesel::Selectable)]
#[diesel(table_name = workflows, check_for_backend(Pg))]
pub(super) struct WorkflowRow {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) active: bool,
    pub(super) template: bool,
    pub(super) created_by: Uuid,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) version: i64,
}

#[derive(Debug, Clone, diesel::Queryable, diesel::Selectable)]
#[diesel(table_name = workflow_versions, check_for_backend(Pg))]
pub(super) struct VersionRow {
    pub(super) id: Uuid,
    pub(super) workflow_id: Uuid,
    pub(super) number: i32,
    pub(super) state: String,
    pub(super) body: Body,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) published_at: Option<DateTime<Utc>>,
}

impl VersionRow {
    pub(super) fn is_draft(&self) -> bool {
        self.state == "draft"
    }

    pub(super) fn numbered(&self) -> Numbered {
        Numbered { workflow_id: self.workflow_id, number: self.number, state: self.state.clone() }
    }
}

/// A version without its definition, which may be large.
#[derive(Debug, Clone, diesel::Queryable, diesel::Selectable)]
#[diesel(table_name = workflow_versions, check_for_backend(Pg))]
pub(super) struct Numbered {
    pub(super) workflow_id: Uuid,
    pub(super) number: i32,
    pub(super) state: String,
}

/// A definition as its column holds it.
#[derive(Debug, Clone, FromSqlRow)]
pub(super) struct Body(pub(super) Workflow);

impl FromSql<Jsonb, Pg> for Body {
    fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
        let value = <Value as FromSql<Jsonb, Pg>>::from_sql(bytes)?;
        Ok(Self(serde_json::from_value(value)?))
    }
}

/// A version that items can be made with.
#[derive(Debug, Clone)]
pub struct Published {
    /// The workflow.
    pub workflow_id: WorkflowId,
    /// The version.
    pub version_id: WorkflowVersionId,
    /// Its definition.
    pub workflow: Workflow,
}

/// The latest published version of each of these workflows that is in use; those without one are left out.
///
/// # Errors
/// Those of the database.
pub async fn latest_published(tx: &mut TenantTx, ids: &[WorkflowId]) -> Result<HashMap<WorkflowId, Published>> {
    let org = tx.org().0;
    let rows: Vec<(Uuid, Uuid, Body)> = v::workflow_versions
        .inner_join(w::workflows.on(w::org_id.eq(v::org_id).and(w::id.eq(v::workflow_id))))
        .filter(v::org_id.eq(org))
        .filter(v::workflow_id.eq_any(ids.iter().map(|id| id.0).collect::<Vec<_>>()))
        .filter(v::state.eq("published"))
        .filter(w::active)
        .distinct_on(v::workflow_id)
        .order((v::workflow_id, v::number.desc()))
        .select((v::workflow_id, v::id, v::body))
        .load(tx.conn())
        .await?;
    Ok(rows
        .into_iter()
        .map(|(workflow, version, body)| {
            let workflow_id = WorkflowId(workflow);
            (workflow_id, Published { workflow_id, version_id: WorkflowVersionId(version), workflow: body.0 })
        })
        .collect())
}

/// Whether there is such a workflow in use, published or not.
///
/// # Errors
/// Those of the database.
pub async fn exists(tx: &mut TenantTx, id: Uuid) -> Result<bool> {
    let org = tx.org().0;
    let active: Option<bool> = w::workflows.find((org, id)).select(w::active).first(tx.conn()).await.optional()?;
    Ok(active.unwrap_or(false))
}

pub(super) async fn list(
    tx: &mut TenantTx,
    filter: &WorkflowFilter,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<WorkflowRow>> {
    let org = tx.org().0;
    let mut query = w::workflows.filter(w::org_id.eq(org)).select(WorkflowRow::as_select()).into_boxed();
    if let Some(active) = filter.active {
        query = query.filter(w::active.eq(active));
    }
    if let Some(template) = filter.template {
        query = query.filter(w::template.eq(template));
    }
    if let Some(after) = after {
        query = query.filter(w::id.gt(after));
    }
    Ok(query.order(w::id).limit(limit + 1).load(tx.conn()).await?)
}

pub(super) async fn find(tx: &mut TenantTx, id: Uuid) -> Result<WorkflowRow> {
    let org = tx.org().0;
    w::workflows
        .find((org, id))
        .select(WorkflowRow::as_select())
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| ApiError::not_found("workflow"))
}

/// Loads a workflow and keeps others from changing it or its versions.
pub(super) async fn load_for_update(tx: &mut TenantTx, id: Uuid) -> Result<WorkflowRow> {
    let org = tx.org().0;
    w::workflows
        .find((org, id))
        .select(WorkflowRow::as_select())
        .for_no_key_update()
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| ApiError::not_found("workflow"))
}

/// The draft and the latest published version of each of these workflows.
pub(super) async fn current_versions(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<VersionRow>> {
    let org = tx.org().0;
    Ok(v::workflow_versions
        .filter(v::org_id.eq(org))
        .filter(v::workflow_id.eq_any(ids))
        .distinct_on((v::workflow_id, v::state))
        .order((v::workflow_id, v::state, v::number.desc()))
        .select(VersionRow::as_select())
        .load(tx.conn())
        .await?)
}

/// The same without their definitions.
pub(super) async fn current_numbers(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<Numbered>> {
    let org = tx.org().0;
    Ok(v::workflow_versions
        .filter(v::org_id.eq(org))
        .filter(v::workflow_id.eq_any(ids))
        .distinct_on((v::workflow_id, v::state))
        .order((v::workflow_id, v::state, v::number.desc()))
        .select(Numbered::as_select())
        .load(tx.conn())
        .await?)
}

pub(super) async fn versions(
    tx: &mut TenantTx,
    workflow: Uuid,
    after: Option<i32>,
    limit: i64,
) -> Result<Vec<VersionRow>> {
    let org = tx.org().0;
    Ok(v::workflow_versions
        .filter(v::org_id.eq(org))
        .filter(v::workflow_id.eq(workflow))
        .filter(v::number.gt(after.unwrap_or(0)))
        .order(v::number)
        .limit(limit + 1)
        .select(VersionRow::as_select())
        .load(tx.conn())
        .await?)
}

/// One version by its number; no number means the draft.
pub(super) async fn find_version(tx: &mut TenantTx, workflow: Uuid, number: Option<i32>) -> Result<Option<VersionRow>> {
    let org = tx.org().0;
    let mut query = v::workflow_versions
        .filter(v::org_id.eq(org))
        .filter(v::workflow_id.eq(workflow))
        .select(VersionRow::as_select())
        .into_boxed();
    query = match number {
        Some(number) => query.filter(v::number.eq(number)),
        None => query.filter(v::state.eq("draft")),
    };
    Ok(query.first(tx.conn()).await.optional()?)
}

pub(super) async fn insert(tx: &mut TenantTx, row: &WorkflowRow) -> Result<()> {
    let org = tx.org().0;
    diesel::insert_into(w::workflows)
        .values((
            w::org_id.eq(org),
            w::id.eq(row.id),
            w::name.eq(&row.name),
            w::description.eq(&row.description),
            w::active.eq(row.active),
            w::template.eq(row.template),
            w::created_by.eq(row.created_by),
            w::created_at.eq(row.created_at),
            w::updated_at.eq(row.updated_at),
            w::version.eq(row.version),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(super) async fn update(tx: &mut TenantTx, row: &WorkflowRow) -> Result<()> {
    let org = tx.org().0;
    diesel::update(w::workflows.find((org, row.id)))
        .set((
            w::name.eq(&row.name),
            w::description.eq(&row.description),
            w::active.eq(row.active),
            w::template.eq(row.template),
            w::updated_at.eq(row.updated_at),
            w::version.eq(row.version),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(super) async fn insert_draft(tx: &mut TenantTx, row: &VersionRow, by: UserId) -> Result<()> {
    let org = tx.org().0;
    diesel::insert_into(v::workflow_versions)
        .values((
            v::org_id.eq(org),
            v::id.eq(row.id),
            v::workflow_id.eq(row.workflow_id),
            v::number.eq(row.number),
            v::state.eq("draft"),
            v::body.eq(written(&row.body.0)?),
            v::created_by.eq(by.0),
            v::created_at.eq(row.created_at),
            v::updated_at.eq(row.updated_at),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Stores a draft that was edited, or published just now. A version published before is never touched.
pub(super) async fn update_draft(tx: &mut TenantTx, row: &VersionRow) -> Result<()> {
    let org = tx.org().0;
    diesel::update(v::workflow_versions.find((org, row.id)))
        .filter(v::state.eq("draft"))
        .set((
            v::state.eq(&row.state),
            v::body.eq(written(&row.body.0)?),
            v::updated_at.eq(row.updated_at),
            v::published_at.eq(row.published_at),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

fn written(workflow: &Workflow) -> Result<Value> {
    serde_json::to_value(workflow).map_err(ApiError::internal)
}

/// Open items made with a workflow.
#[derive(Debug, diesel::QueryableByName)]
pub(super) struct OpenItems {
    #[diesel(sql_type = BigInt)]
    pub(super) items: i64,
    /// Codes of the first of them.
    #[diesel(sql_type = Array<Text>)]
    pub(super) codes: Vec<String>,
}

pub(super) async fn open_items(tx: &mut TenantTx, workflow: Uuid) -> Result<OpenItems> {
    let org = tx.org().0;
    Ok(sql("WITH here AS ( \
           SELECT i.code FROM workflow_versions v JOIN items i ON i.org_id = v.org_id AND i.workflow_version_id = v.id \
           WHERE v.org_id = $1 AND v.workflow_id = $2 AND i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error')) \
         SELECT (SELECT count(*) FROM here) AS items, ARRAY(SELECT code FROM here ORDER BY code LIMIT 5) AS codes")
    .bind::<SqlUuid, _>(org)
    .bind::<SqlUuid, _>(workflow)
    .get_result(tx.conn())
    .await?)
}
