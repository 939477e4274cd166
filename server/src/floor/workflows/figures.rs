//! What became of the items made with a workflow, counted from items and from the log.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Double, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// Where the items of a workflow are.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct WorkflowProgress {
    /// All of them, components too.
    total: i64,
    /// By status.
    by_status: BTreeMap<String, i64>,
    /// Open items by stage and status.
    stages: BTreeMap<String, BTreeMap<String, i64>>,
}

/// How a workflow runs, over a span of time.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WorkflowAnalytics {
    /// Departures from stages are counted from here on.
    since: DateTime<Utc>,
    /// Items completed since then.
    completed: i64,
    /// Items scrapped since then.
    scrapped: i64,
    /// Completed without ever being sent back, as a part of all completed; null when none was completed.
    first_pass_yield: Option<f64>,
    /// By stage.
    stages: Vec<StageFigures>,
}

/// How one stage runs.
#[derive(Debug, Serialize, ToSchema, diesel::QueryableByName)]
pub(super) struct StageFigures {
    /// The stage's key.
    #[diesel(sql_type = Text)]
    stage: String,
    /// How often an item left it, in any direction.
    #[diesel(sql_type = BigInt)]
    left: i64,
    /// How often an item was sent back from it.
    #[diesel(sql_type = BigInt)]
    reworked: i64,
    /// Mean time from entering to leaving, in seconds.
    #[diesel(sql_type = Nullable<Double>)]
    mean_s: Option<f64>,
    /// Median time from entering to leaving, in seconds.
    #[diesel(sql_type = Nullable<Double>)]
    median_s: Option<f64>,
}

pub(super) async fn progress(tx: &mut TenantTx, workflow: Uuid) -> Result<WorkflowProgress, ApiError> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        stage: String,
        #[diesel(sql_type = Text)]
        status: String,
        #[diesel(sql_type = BigInt)]
        items: i64,
    }
    let org = tx.org().0;
    let rows: Vec<Row> = sql("SELECT i.stage, i.status, count(*) AS items \
         FROM workflow_versions v JOIN items i ON i.org_id = v.org_id AND i.workflow_version_id = v.id \
         WHERE v.org_id = $1 AND v.workflow_id = $2 GROUP BY i.stage, i.status")
    .bind::<SqlUuid, _>(org)
    .bind::<SqlUuid, _>(workflow)
    .load(tx.conn())
    .await?;
    let mut progress = WorkflowProgress::default();
    for Row { stage, status, items } in rows {
        progress.total += items;
        *progress.by_status.entry(status.clone()).or_default() += items;
        if !matches!(status.as_str(), "completed" | "scrapped" | "cancelled") {
            *progress.stages.entry(stage).or_default().entry(status).or_default() += items;
        }
    }
    Ok(progress)
}

pub(super) async fn analytics(
    tx: &mut TenantTx,
    workflow: Uuid,
    since: DateTime<Utc>,
) -> Result<WorkflowAnalytics, ApiError> {
    #[derive(diesel::QueryableByName)]
    struct Totals {
        #[diesel(sql_type = BigInt)]
        completed: i64,
        #[diesel(sql_type = BigInt)]
        scrapped: i64,
        #[diesel(sql_type = BigInt)]
        first_pass: i64,
    }
    let org = tx.org().0;
    // Notes and scans change an item after its end, so that when it was changed only says which items to look at.
    let totals: Totals = sql("WITH asked (org_id, workflow_id, since) AS (SELECT $1::uuid, $2::uuid, $3::timestamptz) \
         SELECT count(*) FILTER (WHERE i.completed_at >= a.since) AS completed, \
                count(*) FILTER (WHERE i.status = 'scrapped' AND (i.state #>> '{progress,mark,at}')::timestamptz >= a.since) AS scrapped, \
                count(*) FILTER (WHERE i.completed_at >= a.since AND i.state #> '{progress,reworks}' IS NULL) AS first_pass \
         FROM asked a JOIN workflow_versions v ON v.org_id = a.org_id AND v.workflow_id = a.workflow_id \
         JOIN items i ON i.org_id = v.org_id AND i.workflow_version_id = v.id \
         WHERE i.updated_at >= a.since")
    .bind::<SqlUuid, _>(org)
    .bind::<SqlUuid, _>(workflow)
    .bind::<Timestamptz, _>(since)
    .get_result(tx.conn())
    .await?;
    let stages: Vec<StageFigures> = sql(include_str!("stage_figures.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(workflow)
        .bind::<Timestamptz, _>(since)
        .load(tx.conn())
        .await?;
    let share = |part: i64, whole: i64| {
        let number = |count: i64| f64::from(i32::try_from(count).unwrap_or(i32::MAX));
        (whole > 0).then(|| number(part) / number(whole))
    };
    Ok(WorkflowAnalytics {
        since,
        completed: totals.completed,
        scrapped: totals.scrapped,
        first_pass_yield: share(totals.first_pass, totals.completed),
        stages,
    })
}
