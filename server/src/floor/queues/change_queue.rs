//! Makes, changes and removes queues.

use actix_web::http::StatusCode;
use floorline_domain::FieldError;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use uuid::Uuid;

use super::store;
use super::tell::{record, tell};
use super::views::{NewQueue, Queue, QueueChange};
use crate::floor::engine::{Ledger, ServerOperation};
use crate::platform::http::{ApiError, IfMatch};
use crate::platform::tenancy::TenantTx;

/// `queue.create`.
pub(super) struct CreateQueue(pub(super) NewQueue);

impl ServerOperation for CreateQueue {
    fn name(&self) -> &'static str {
        "queue.create"
    }

    fn data(&self) -> Value {
        json!(self.0)
    }

    fn status(&self) -> StatusCode {
        StatusCode::CREATED
    }

    fn apply<'a>(&'a mut self, tx: &'a mut TenantTx, ledger: &'a mut Ledger) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(async move {
            let new = &self.0;
            let queue = Queue {
                id: Uuid::now_v7(),
                name: new.name.trim().to_owned(),
                site_id: new.site_id,
                location_id: new.location_id,
                team_id: new.team_id,
                workflow_id: new.workflow_id,
                stage: new.stage.clone(),
                max_items: new.max_items,
                active: true,
                events: 1,
                created_at: ledger.now(),
                updated_at: ledger.now(),
                version: 1,
            };
            check(tx, &queue).await?;
            let by = ledger.actor().id.0;
            store::insert(tx, &queue, by).await?;
            tell(tx, ledger, &queue, "queue.created", self.data()).await?;
            Ok(json!(queue))
        })
    }
}

/// `queue.change`.
pub(super) struct ChangeQueue {
    pub(super) id: Uuid,
    pub(super) expected: IfMatch,
    pub(super) wish: QueueChange,
}

impl ServerOperation for ChangeQueue {
    fn name(&self) -> &'static str {
        "queue.change"
    }

    fn data(&self) -> Value {
        json!({ "queue_id": self.id, "change": self.wish })
    }

    fn apply<'a>(&'a mut self, tx: &'a mut TenantTx, ledger: &'a mut Ledger) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(async move {
            let mut queue = store::lock(tx, self.id).await?;
            self.expected.check(queue.version)?;
            let wish = &self.wish;
            if let Some(name) = &wish.name {
                queue.name = name.trim().to_owned();
            }
            queue.location_id = wish.location_id.unwrap_or(queue.location_id);
            queue.team_id = wish.team_id.unwrap_or(queue.team_id);
            queue.workflow_id = wish.workflow_id.unwrap_or(queue.workflow_id);
            queue.stage = wish.stage.clone().unwrap_or(queue.stage);
            queue.max_items = wish.max_items.unwrap_or(queue.max_items);
            queue.active = wish.active.unwrap_or(queue.active);
            check(tx, &queue).await?;
            queue.updated_at = ledger.now();
            queue.version += 1;
            queue.events += 1;
            store::update(tx, &queue).await?;
            tell(tx, ledger, &queue, "queue.changed", self.data()).await?;
            Ok(json!(queue))
        })
    }
}

/// `queue.delete`.
pub(super) struct DeleteQueue {
    pub(super) id: Uuid,
    pub(super) expected: IfMatch,
}

impl ServerOperation for DeleteQueue {
    fn name(&self) -> &'static str {
        "queue.delete"
    }

    fn data(&self) -> Value {
        json!({ "queue_id": self.id })
    }

    fn status(&self) -> StatusCode {
        StatusCode::NO_CONTENT
    }

    fn apply<'a>(&'a mut self, tx: &'a mut TenantTx, ledger: &'a mut Ledger) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(async move {
            let mut queue = store::lock(tx, self.id).await?;
            self.expected.check(queue.version)?;
            queue.events += 1;
            store::delete(tx, queue.id).await?;
            // What is left of it on a screen: nothing that waits, and nothing to show.
            let after =
                json!({ "id": queue.id, "version": queue.events, "active": false, "deleted": true, "entries": [] });
            record(ledger, &queue, "queue.deleted", self.data(), after);
            Ok(Value::Null)
        })
    }
}

/// Everything that is wrong with a queue, at once.
async fn check(tx: &mut TenantTx, queue: &Queue) -> Result<(), ApiError> {
    let mut errors = Vec::new();
    if !(1..=200).contains(&queue.name.chars().count()) {
        errors.push(FieldError::new("name", "length", "A name has 1 to 200 characters."));
    }
    if queue.stage.as_ref().is_some_and(|stage| !(1..=100).contains(&stage.chars().count())) {
        errors.push(FieldError::new("stage", "length", "A stage's key has 1 to 100 characters."));
    }
    if queue.max_items.is_some_and(|most| most < 1) {
        errors.push(FieldError::new("max_items", "out_of_range", "max_items is at least 1."));
    }
    let known = store::known(tx, queue).await?;
    if !known.site {
        errors.push(FieldError::new("site_id", "unknown", "There is no such site in use."));
    } else if queue.location_id.is_some() && !known.location {
        errors.push(FieldError::new("location_id", "unknown", "There is no such place on the site."));
    }
    if queue.workflow_id.is_some() && !known.workflow {
        errors.push(FieldError::new("workflow_id", "unknown", "There is no such workflow."));
    }
    if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(errors)) }
}
