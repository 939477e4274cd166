//! What every operation on an order shares: who acts, what the rules say, and what is told to whom.

use floorline_domain::order::{Actor, Command, Event, Party, apply, decide};
use floorline_domain::permission::PermissionSet;
use floorline_domain::{LocationId, OrderId, OrgId, Outcome};
use serde_json::{Value, json};

use super::brand::views::brand_order;
use super::store::{self, OrderRow};
use super::views;
use crate::floor::engine::{Ledger, Record, Subject, Topic};
use crate::platform::http::ApiError;
use crate::platform::tenancy::{Identity, TenantTx};

/// Who acts on an order, on whose side.
#[derive(Clone, Debug)]
pub(super) struct Acting {
    pub(super) party: Party,
    pub(super) permissions: PermissionSet,
}

impl Acting {
    pub(super) fn of(identity: &Identity) -> Self {
        let party = if identity.organization_kind == "brand" { Party::Brand } else { Party::Factory };
        Self { party, permissions: identity.permissions.clone() }
    }

    /// The order as this side may see it.
    pub(super) fn view(&self, row: &OrderRow) -> Result<Value, ApiError> {
        match self.party {
            Party::Factory => serde_json::to_value(views::order(row)),
            Party::Brand => serde_json::to_value(brand_order(row)),
        }
        .map_err(ApiError::internal)
    }
}

/// What follows from `command`: an event, or nothing when its goal is reached already.
pub(super) fn judge(
    row: &OrderRow,
    command: &Command,
    workflow: bool,
    acting: &Acting,
) -> Result<Option<Event>, ApiError> {
    let mut facts = row.facts();
    facts.workflow |= workflow;
    let actor = Actor { party: acting.party, permissions: &acting.permissions };
    match decide(row.status()?, command, facts, actor) {
        Ok(event) => Ok(Some(event)),
        Err(refusal) if refusal.outcome == Outcome::Noop => Ok(None),
        Err(refusal) => Err(refusal.into()),
    }
}

/// Moves the row on by `event`, stores it, logs it and tells of it. `data` adds particulars to the event.
pub(super) async fn record(
    tx: &mut TenantTx,
    ledger: &mut Ledger,
    row: &mut OrderRow,
    event: &Event,
    data: Value,
) -> Result<(), ApiError> {
    let status = apply(row.status()?, event);
    row.status = status.as_str().to_owned();
    if status.is_final() {
        row.closed_at = Some(ledger.now());
    }
    if let Event::Rejected { reason }
    | Event::Paused { reason }
    | Event::Cancelled { reason }
    | Event::Completed { reason } = event
    {
        row.reason.clone_from(reason);
    }
    row.version += 1;
    row.updated_at = ledger.now();
    store::update(tx, row).await?;
    let mut body = serde_json::to_value(event).map_err(ApiError::internal)?;
    if let (Some(body), Value::Object(data)) = (body.as_object_mut(), data) {
        body.extend(data);
    }
    tell(ledger, row, event.kind(), body)
}

/// Logs a change of the row that is stored already. Before acceptance there is no site to tell; the acceptance itself is told to both.
pub(super) fn tell(ledger: &mut Ledger, row: &OrderRow, kind: &'static str, data: Value) -> Result<(), ApiError> {
    let order = OrderId(row.id);
    let mut topics = vec![Topic::Order { order, brand: OrgId(row.brand_id) }];
    if let Some(site) = row.site_id {
        topics.push(Topic::Site(LocationId(site)));
    }
    if row.site_id.is_none() || kind == "order.accepted" {
        topics.push(Topic::Org);
    }
    ledger.record(Record {
        subject: Subject::order(order),
        version: row.version,
        kind,
        data,
        after: serde_json::to_value(views::order(row)).map_err(ApiError::internal)?,
        topics,
        brand_after: Some(serde_json::to_value(brand_order(row)).map_err(ApiError::internal)?),
    });
    Ok(())
}

/// A reason that was given, or nothing for blanks.
pub(super) fn given(reason: Option<&String>) -> Result<Option<String>, ApiError> {
    let reason = reason.map(|reason| reason.trim()).filter(|reason| !reason.is_empty());
    if reason.is_some_and(|reason| reason.chars().count() > 1_000) {
        return Err(ApiError::invalid_field("reason", "length", "A reason has at most 1,000 characters."));
    }
    Ok(reason.map(str::to_owned))
}

/// The entry's data of an operation on one order.
pub(super) fn named(order: OrderId, reason: Option<&String>) -> Value {
    json!({ "order_id": order, "reason": reason })
}
