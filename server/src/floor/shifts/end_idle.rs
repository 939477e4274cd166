//! Ends a shift that nobody uses. Looked at twelve hours after it began, and again twelve hours after whatever was done last in it.

use chrono::{DateTime, Utc};
use floorline_domain::shift::{self, Command, EndReason, Event, IDLE_AFTER, Shift};
use floorline_domain::{ShiftId, UserId};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::store;
use crate::floor::engine::{Actor, Engine, Ledger, Record, ServerOperation, Subject, Topic};
use crate::platform::http::{ApiError, IdempotencyKey};
use crate::platform::jobs::{Job, Permanent};
use crate::platform::tenancy::TenantTx;

/// The kind of job that looks at a shift.
pub const END_IDLE: &str = "shifts.end_idle";

#[derive(Debug, Serialize, Deserialize)]
struct EndIdle {
    shift_id: ShiftId,
}

/// Runs the job.
///
/// # Errors
/// What the engine could not do; it is tried again.
pub async fn end_idle(engine: Engine, job: Job) -> anyhow::Result<()> {
    let operation: EndIdle =
        serde_json::from_value(job.payload.clone()).map_err(|error| Permanent(format!("payload: {error}")))?;
    engine.run(the_clock(), job.org, Box::new(operation), IdempotencyKey::default()).await?;
    Ok(())
}

/// Nobody does this; time does.
fn the_clock() -> Actor {
    Actor { id: UserId(Uuid::nil()), name: "Floorline".into() }
}

impl ServerOperation for EndIdle {
    fn name(&self) -> &'static str {
        "shift.end_idle"
    }

    fn data(&self) -> Value {
        json!(self)
    }

    fn apply<'a>(&'a mut self, tx: &'a mut TenantTx, ledger: &'a mut Ledger) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(async move {
            let Some(row) = store::lock_active(tx, self.shift_id).await? else { return Ok(json!({ "ended": false })) };
            let shift = row.shift();
            let events = shift::decide(Some(&shift), &Command::Tick, ledger.now())?;
            if events.is_empty() {
                ledger.job(END_IDLE, json!(self), shift.last_active_at + IDLE_AFTER);
            }
            for event in &events {
                let Event::Ended { id, reason, at } = event else { continue };
                store::end(tx, *id, *reason, *at).await?;
                tell(ledger, &shift, row.version + 1, event, *reason, *at);
            }
            Ok(json!({ "ended": !events.is_empty() }))
        })
    }
}

fn tell(ledger: &mut Ledger, shift: &Shift, version: i64, event: &Event, reason: EndReason, at: DateTime<Utc>) {
    let ended = Shift { ended_at: Some(at), end_reason: Some(reason), ..shift.clone() };
    ledger.record(Record {
        subject: Subject::shift(shift.id),
        version,
        kind: event.kind(),
        data: json!(event),
        after: json!(ended),
        topics: vec![Topic::Site(shift.site_id), Topic::User(shift.user_id)],
        brand_after: None,
    });
}
