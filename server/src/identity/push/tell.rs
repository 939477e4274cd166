//! The job `push.tell`: one notice for a person becomes one job for each of their phones.

use serde_json::json;
use uuid::Uuid;

use super::notice::{Notice, Urgency};
use super::send::{Delivery, SEND};
use super::store;
use super::subscription::Address;
use crate::app::App;
use crate::platform::clock;
use crate::platform::jobs::{Job, NewJob, Permanent, enqueue, finish};
use crate::platform::tenancy::TenantTx;

/// The job's kind.
pub const TELL: &str = "push.tell";

/// Runs one job.
///
/// # Errors
/// Those of the database, for another run; a payload that is none, for good.
pub async fn tell(app: App, job: Job) -> anyhow::Result<()> {
    let notice: Notice = serde_json::from_value(job.payload.clone()).map_err(|error| Permanent(error.to_string()))?;
    let now = clock::now();
    let mut tx = TenantTx::open(&app.db, job.org).await?;
    let reachable = store::reachable(&mut tx, notice.user_id, None, now).await?;
    // A browser may not be woken without showing something.
    let meant = reachable
        .into_iter()
        .filter(|at| notice.news.urgency() != Urgency::Wake || matches!(at.address, Address::Fcm(_)));
    let jobs: Vec<NewJob> = meant
        .map(|at| NewJob {
            id: Uuid::now_v7(),
            kind: SEND,
            payload: json!(Delivery { subscription_id: at.id, notice: notice.clone() }),
            run_at: now,
        })
        .collect();
    enqueue(&mut tx, &jobs).await?;
    finish(&mut tx, &job).await?;
    tx.commit().await?;
    app.jobs.now();
    Ok(())
}
