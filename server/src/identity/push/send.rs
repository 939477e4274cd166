//! The job `push.send`: one notice to one phone.
//!
//! It may run twice, and the phone may then be told twice; a notice is never the truth. It is given up when it is too old to be worth telling, or when its runs are used
//! up: a push service that is away leaves no dead jobs behind.

use chrono::{DateTime, Utc};
use metrics::{counter, histogram};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::notice::{Notice, Urgency};
use super::outcome::Outcome;
use super::subscription::Subscription;
use super::{quiet_until, store};
use crate::app::App;
use crate::platform::clock;
use crate::platform::jobs::{Job, NewJob, NotBefore, Permanent, enqueue, finish};
use crate::platform::telemetry::names;
use crate::platform::tenancy::TenantTx;

/// The job's kind.
pub const SEND: &str = "push.send";

/// The job's payload. The address itself stays where it is registered.
#[derive(Serialize, Deserialize)]
pub(super) struct Delivery {
    pub(super) subscription_id: Uuid,
    pub(super) notice: Notice,
}

/// Runs one job.
///
/// # Errors
/// Those of the database and of the push service, for another run; a payload that is none, for good.
pub async fn send(app: App, job: Job) -> anyhow::Result<()> {
    let Delivery { subscription_id, notice } =
        serde_json::from_value(job.payload.clone()).map_err(|error| Permanent(error.to_string()))?;
    let now = clock::now();
    let mut tx = TenantTx::open(&app.db, job.org).await?;
    let found = store::reachable(&mut tx, notice.user_id, Some(subscription_id), now).await?;
    // Signed out, shut out or registered elsewhere since.
    let Some(at) = found.into_iter().next() else { return Ok(tx.commit().await?) };
    let left = notice.left(now);
    if left.num_seconds() < 1 {
        count(&at, "expired");
        return Ok(tx.commit().await?);
    }
    if notice.news.urgency() != Urgency::Urgent
        && let Some(until) = quiet_until(&mut tx, notice.user_id, now).await?
    {
        count(&at, "held");
        return hold(tx, job, until).await;
    }
    // Nothing waits for the network inside a transaction.
    tx.commit().await?;
    let began = std::time::Instant::now();
    let outcome = app.push.send(&at.address, &notice, left).await;
    histogram!(names::PUSH_SECONDS, "way" => at.address.way()).record(began.elapsed().as_secs_f64());
    settle(&app, &job, &at, outcome).await
}

/// Leaves it for the end of the quiet hours.
async fn hold(mut tx: TenantTx, job: Job, until: DateTime<Utc>) -> anyhow::Result<()> {
    let later = NewJob { id: Uuid::now_v7(), kind: SEND, payload: job.payload.clone(), run_at: until };
    enqueue(&mut tx, &[later]).await?;
    finish(&mut tx, &job).await?;
    Ok(tx.commit().await?)
}

async fn settle(app: &App, job: &Job, at: &Subscription, outcome: Outcome) -> anyhow::Result<()> {
    match outcome {
        Outcome::Sent => {
            count(at, "sent");
            let mut tx = TenantTx::open(&app.db, job.org).await?;
            store::worked(&mut tx, at, clock::now()).await?;
            Ok(tx.commit().await?)
        }
        Outcome::Gone(why) => {
            count(at, "dropped");
            tracing::debug!(push.way = at.address.way(), push.id = %at.id, why, "a phone is not reached there any more");
            let mut tx = TenantTx::open(&app.db, job.org).await?;
            store::drop_gone(&mut tx, at).await?;
            Ok(tx.commit().await?)
        }
        Outcome::Off => {
            count(at, "off");
            Ok(())
        }
        Outcome::Later { why, .. } if job.attempt >= job.max_attempts => {
            count(at, "given_up");
            tracing::warn!(push.way = at.address.way(), push.id = %at.id, why, "a notice was given up");
            Ok(())
        }
        Outcome::Later { why, after } => {
            count(at, "retried");
            Err(match after {
                Some(after) => NotBefore { after, why }.into(),
                None => anyhow::Error::msg(why),
            })
        }
    }
}

fn count(at: &Subscription, result: &'static str) {
    counter!(names::PUSHES, "way" => at.address.way(), "result" => result).increment(1);
}
