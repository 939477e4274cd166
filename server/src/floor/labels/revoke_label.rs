//! Takes a label out of use: what it was on is named by it no more.

use floorline_domain::label::{self, Code, Command, Event, Facts, Status, Target};
use floorline_domain::{ItemId, LabelId, LocationId, Outcome, UserId};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::store;
use super::views::{Label, Revocation};
use crate::floor::engine::{Ledger, Record, ServerOperation, Subject, Topic};
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
            let label = as_known(&row)?;
            let command = Command::Revoke { reason: self.why.reason.clone() };
            let by = ledger.actor().id;
            let events = match label::decide(&label, &command, Facts::default(), by, ledger.now()) {
                Ok(events) => events,
                Err(refusal) if refusal.outcome == Outcome::Noop => return Ok(json!(row)),
                Err(refusal) => return Err(refusal.into()),
            };
            let topic = topic(tx, &row).await?;
            for event in &events {
                let label = label::apply(label.clone(), event);
                row.status = label.status.as_str().to_owned();
                row.version += 1;
                row.updated_at = ledger.now();
                store::update_status(tx, &row).await?;
                tell(ledger, &row, &label, event, topic.clone());
            }
            Ok(json!(row))
        })
    }
}

/// The label as the rules know it.
fn as_known(row: &Label) -> Result<label::Label, ApiError> {
    let broken = |what: &str| ApiError::internal(anyhow::anyhow!("label {} has a {what} that is none", row.id));
    let target = row
        .item_id
        .map(|id| Target::Item(ItemId(id)))
        .or(row.location_id.map(|id| Target::Location(LocationId(id))))
        .or(row.user_id.map(|id| Target::User(UserId(id))));
    Ok(label::Label {
        id: LabelId(row.id),
        code: Code::parse(&row.code).map_err(|_| broken("code"))?,
        status: row.status.parse::<Status>().map_err(|_| broken("status"))?,
        target,
        replaced_by: row.replaced_by.map(LabelId),
    })
}

/// Who must hear of it: the site of its item, or everybody who looks after blank labels.
async fn topic(tx: &mut TenantTx, row: &Label) -> Result<Topic, ApiError> {
    let site = match row.item_id {
        Some(item) => store::site_of_item(tx, item).await?,
        None => None,
    };
    Ok(site.map_or(Topic::Org, Topic::Site))
}

fn tell(ledger: &mut Ledger, row: &Label, label: &label::Label, event: &Event, topic: Topic) {
    ledger.record(Record {
        subject: Subject::label(label.id),
        version: row.version,
        kind: event.kind(),
        data: json!(event),
        after: json!(label),
        topics: vec![topic],
        brand_after: None,
    });
}
