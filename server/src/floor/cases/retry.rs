//! The job `cases.retry`: what was parked because its item was on hold, or not known yet, is tried again when that ends.
//!
//! By the server's own stream with the actor's own permissions. What applies is `booked`; what is refused stays open for a person.

use chrono::Utc;
use floorline_domain::{CaseId, ItemId, UserId};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::book::{Decider, book};
use super::store;
use crate::app::App;
use crate::floor::engine::{Actor, Ledger};
use crate::platform::http::{ApiError, Code, IdempotencyKey};
use crate::platform::jobs::{Job, Permanent};
use crate::platform::tenancy::TenantTx;

/// The job's kind.
pub const RETRY: &str = "cases.retry";

#[derive(Deserialize)]
struct Payload {
    item_id: ItemId,
}

/// Queues a retry for each of `made` that somebody worked on before it was known here; in the transaction that makes them.
///
/// # Errors
/// Those of the database.
pub async fn retry_known(tx: &mut TenantTx, ledger: &mut Ledger, made: &[ItemId]) -> Result<(), ApiError> {
    for item in store::waited_for(tx, made).await? {
        ledger.job(RETRY, json!({ "item_id": item }), ledger.now());
    }
    Ok(())
}

/// Runs one job.
///
/// # Errors
/// Those of the database, for another run; a payload that is none, for good.
pub async fn retry(app: App, job: Job) -> anyhow::Result<()> {
    let payload: Payload = serde_json::from_value(job.payload).map_err(|error| Permanent(error.to_string()))?;
    let mut tx = TenantTx::open(&app.db, job.org).await?;
    let waiting = store::waiting(&mut tx, payload.item_id, Utc::now()).await?;
    tx.commit().await?;
    for case in waiting {
        match try_again(&app, job.org, case).await {
            Ok(()) => {}
            // Refused, or decided by someone meanwhile: it is theirs.
            Err(error) if !error.code().retryable() => {
                tracing::debug!(case.id = %case, error = %error, "case stays open")
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn try_again(app: &App, org: floorline_domain::OrgId, case: CaseId) -> Result<(), ApiError> {
    let mut tx = TenantTx::open(&app.db, org).await?;
    let row = store::find(&mut tx, case).await?;
    tx.commit().await?;
    let actor = match (row.actor_id, row.actor_name) {
        (Some(id), Some(name)) => Actor { id: UserId(id), name },
        (id, _) => Actor { id: UserId(id.unwrap_or(Uuid::nil())), name: String::new() },
    };
    if actor.id.0.is_nil() {
        return Err(ApiError::new(Code::Invalid, "Nobody is known to have done it."));
    }
    book(app, org, case, Decider { actor, lends: false, note: None }, IdempotencyKey::default()).await?;
    Ok(())
}
