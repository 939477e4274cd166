//! What people say of single items in a queue: added by hand, another priority or assignee, removed.

use actix_web::http::StatusCode;
use floorline_domain::queue::Priority;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use uuid::Uuid;

use super::members;
use super::store::{self, Entry};
use super::tell::tell;
use super::views::{EntryChange, NewEntry, Queue, Waiting};
use crate::floor::engine::{Engine, Ledger, ServerOperation, rank};
use crate::platform::http::{ApiError, Code};
use crate::platform::tenancy::TenantTx;

/// Open items of a queue that something may be said of. A queue travels with all of it, and a frame has 56 KiB.
const MAX_SAID: i64 = 200;

/// What is said.
pub(super) enum Saying {
    /// `queue.add`.
    Add(NewEntry),
    /// `queue.set`.
    Set(Uuid, EntryChange),
    /// `queue.remove`.
    Remove(Uuid),
}

/// The operation.
pub(super) struct SayInQueue {
    pub(super) queue: Uuid,
    pub(super) saying: Saying,
    /// Knows the workflows.
    pub(super) engine: Engine,
}

impl Saying {
    const fn item(&self) -> Uuid {
        match self {
            Self::Add(new) => new.item_id,
            Self::Set(item, _) | Self::Remove(item) => *item,
        }
    }

    const fn event(&self) -> &'static str {
        match self {
            Self::Add(_) => "queue.item_added",
            Self::Set(..) => "queue.item_set",
            Self::Remove(_) => "queue.item_removed",
        }
    }
}

impl ServerOperation for SayInQueue {
    fn name(&self) -> &'static str {
        match self.saying {
            Saying::Add(_) => "queue.add",
            Saying::Set(..) => "queue.set",
            Saying::Remove(_) => "queue.remove",
        }
    }

    fn data(&self) -> Value {
        match &self.saying {
            Saying::Add(new) => {
                json!({ "queue_id": self.queue, "item_id": new.item_id, "priority": new.priority, "assigned_to": new.assigned_to })
            }
            Saying::Set(item, change) => json!({ "queue_id": self.queue, "item_id": item, "set": change }),
            Saying::Remove(item) => json!({ "queue_id": self.queue, "item_id": item }),
        }
    }

    fn status(&self) -> StatusCode {
        match self.saying {
            Saying::Add(_) => StatusCode::CREATED,
            Saying::Set(..) => StatusCode::OK,
            Saying::Remove(_) => StatusCode::NO_CONTENT,
        }
    }

    fn apply<'a>(&'a mut self, tx: &'a mut TenantTx, ledger: &'a mut Ledger) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(async move {
            let mut queue = store::lock(tx, self.queue).await?;
            let item = self.saying.item();
            let known = store::lock_entry(tx, queue.id, item).await?;
            let before = members::find(tx, &self.engine, queue.id, item, ledger.now()).await?;
            let base = known.clone().unwrap_or_else(|| unsaid(item, ledger));
            let entry = match &self.saying {
                Saying::Add(new) => self.added(tx, ledger, &queue, new, base).await?,
                Saying::Set(_, change) => set(tx, before.as_ref(), change, base).await?,
                Saying::Remove(_) => removed(ledger, before.as_ref(), base)?,
            };
            if known.is_none() && store::tidy_entries(tx, queue.id).await? >= MAX_SAID {
                let detail = format!("Something is said of {MAX_SAID} items here already; let some be done first.");
                return Err(ApiError::new(Code::StateConflict, detail));
            }
            store::put_entry(tx, queue.id, &entry).await?;
            queue.events += 1;
            store::update(tx, &queue).await?;
            tell(tx, ledger, &queue, self.saying.event(), self.data()).await?;
            Ok(json!(members::find(tx, &self.engine, queue.id, item, ledger.now()).await?))
        })
    }
}

impl SayInQueue {
    async fn added(
        &self,
        tx: &mut TenantTx,
        ledger: &Ledger,
        queue: &Queue,
        new: &NewEntry,
        base: Entry,
    ) -> Result<Entry, ApiError> {
        match store::item_fits(tx, new.item_id, queue.site_id).await? {
            Some(true) => {}
            Some(false) => {
                return Err(ApiError::invalid_field("item_id", "not_here", "The item is closed, or on another site."));
            }
            None => return Err(ApiError::invalid_field("item_id", "unknown", "There is no such item.")),
        }
        worker(tx, new.assigned_to).await?;
        if let Some(most) = queue.max_items {
            let waiting = store::counts(tx, &[queue.id], ledger.now()).await?.remove(&queue.id).unwrap_or_default();
            if waiting.total >= i64::from(most) {
                return Err(ApiError::new(
                    Code::StateConflict,
                    format!("The queue takes {most} items, and has {}.", waiting.total),
                ));
            }
        }
        Ok(Entry {
            state: "added".into(),
            priority: new.priority.map(rank),
            assigned_to: new.assigned_to,
            added_by: ledger.actor().id.0,
            added_at: ledger.now(),
            ..base
        })
    }
}

async fn set(
    tx: &mut TenantTx,
    before: Option<&Waiting>,
    change: &EntryChange,
    base: Entry,
) -> Result<Entry, ApiError> {
    before.ok_or_else(not_waiting)?;
    worker(tx, change.assigned_to.flatten()).await?;
    let ranked = |priority: Option<Priority>| priority.map(rank);
    // A removal that holds no more is forgotten with what was said before it.
    let base = if base.state == "removed" {
        Entry { state: "set".into(), priority: None, assigned_to: None, ..base }
    } else {
        base
    };
    Ok(Entry {
        priority: change.priority.map_or(base.priority, ranked),
        assigned_to: change.assigned_to.unwrap_or(base.assigned_to),
        ..base
    })
}

/// Until the item enters a stage again.
fn removed(ledger: &Ledger, before: Option<&Waiting>, base: Entry) -> Result<Entry, ApiError> {
    before.ok_or_else(not_waiting)?;
    Ok(Entry {
        state: "removed".into(),
        priority: None,
        assigned_to: None,
        added_by: ledger.actor().id.0,
        added_at: ledger.now(),
        ..base
    })
}

/// An item of which nothing was said yet.
fn unsaid(item: Uuid, ledger: &Ledger) -> Entry {
    Entry {
        item_id: item,
        state: "set".into(),
        priority: None,
        assigned_to: None,
        added_by: ledger.actor().id.0,
        added_at: ledger.now(),
        version: 1,
    }
}

async fn worker(tx: &mut TenantTx, user: Option<Uuid>) -> Result<(), ApiError> {
    match user {
        Some(user) if !store::is_worker(tx, user).await? => {
            Err(ApiError::invalid_field("assigned_to", "unknown", "There is no such worker."))
        }
        _ => Ok(()),
    }
}

fn not_waiting() -> ApiError {
    ApiError::not_found("item in this queue")
}
