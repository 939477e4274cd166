//! Takes a label out of use: what it was on is named by it no more.

use floorline_domain::Outcome;
use floorline_domain::label::{self, Code, Command, Facts};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::views::Revocation;
use super::{store, tell};
use crate::floor::engine::{Ledger, ServerOperation};
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// Characters of a reason.
const MAX_REASON: usize = 500;

/// The operation.
pub(super) struct RevokeLabel {
    code: Code,
    why: Revocation,
}

impl RevokeLabel {
    /// Checks what is asked.
    pub(super) fn of(code: Code, why: Revocation) -> Result<Self, ApiError> {
        if why.reason.as_ref().is_some_and(|reason| reason.chars().count() > MAX_REASON) {
            let message = format!("A reason has at most {MAX_REASON} characters.");
            return Err(ApiError::invalid_field("reason", "length", message));
        }
        Ok(Self { code, why })
    }
}

impl ServerOperation for RevokeLabel {
    fn name(&self) -> &'static str {
        "label.revoke"
    }

    fn data(&self) -> Value {
        json!({ "code": self.code, "reason": self.why.reason })
    }

    fn apply<'a>(&'a mut self, tx: &'a mut TenantTx, ledger: &'a mut Ledger) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(async move {
            let mut row = store::lock(tx, &self.code).await?;
            let label = tell::as_known(&row)?;
            let command = Command::Revoke { reason: self.why.reason.clone() };
            let by = ledger.actor().id;
            let events = match label::decide(&label, &command, Facts::default(), by, ledger.now()) {
                Ok(events) => events,
                Err(refusal) if refusal.outcome == Outcome::Noop => return Ok(json!(row)),
                Err(refusal) => return Err(refusal.into()),
            };
            let topics = tell::topics(tx, &row).await?;
            for event in &events {
                row.status = label::apply(label.clone(), event).status.as_str().to_owned();
                row.version += 1;
                row.updated_at = ledger.now();
                store::update_status(tx, &row).await?;
                tell::record(ledger, &row, event.kind(), json!(event), topics.clone())?;
            }
            Ok(json!(row))
        })
    }
}
