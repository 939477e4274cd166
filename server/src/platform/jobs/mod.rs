//! Work that happens after a commit: thumbnails, webhooks, reports.
//!
//! A job is a row, written in the transaction of the change it follows from, so that none is lost and none is run for a change that was rolled back. A runner
//! leases due rows (`FOR UPDATE SKIP LOCKED`), runs them with no transaction held, and writes down how it went. A failed run is tried again with growing, random
//! pauses; one that failed too often is *dead*: kept, and counted for someone to look at.
//!
//! **A job may run twice**: its server can die between the work and the note of it. So either the handler is harmless when repeated, or it writes its effect and
//! [`finish`] in one transaction, which then fails if another runner has taken the job over meanwhile.

mod backoff;
mod queue;
mod runner;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use floorline_domain::OrgId;
use serde_json::Value;
use tokio::sync::Notify;
use uuid::Uuid;

pub use queue::{LeaseLost, enqueue, finish};
pub use runner::Runner;

/// A job to be written.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// A new id.
    pub id: Uuid,
    /// The name its handler is registered by.
    pub kind: &'static str,
    /// What the handler needs.
    pub payload: Value,
    /// Not before this time.
    pub run_at: DateTime<Utc>,
}

/// A job on lease.
#[derive(Debug, Clone)]
pub struct Job {
    /// Whose it is; the handler opens its transactions for this organisation.
    pub org: OrgId,
    /// Its id.
    pub id: Uuid,
    /// The name its handler is registered by.
    pub kind: String,
    /// What the handler needs.
    pub payload: Value,
    /// This run's number, from 1. Together with the id it is the lease: a later run has a higher one.
    pub attempt: i32,
    /// The run after which the job is dead.
    pub max_attempts: i32,
}

/// An error after which another run would fail the same way; any other error is worth one.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Permanent(pub String);

/// An error after which another run is of use only after a while, because somebody asked to be left alone for so long.
#[derive(Debug, thiserror::Error)]
#[error("{why}; not before {} s", after.as_secs())]
pub struct NotBefore {
    /// How long.
    pub after: Duration,
    /// What happened.
    pub why: String,
}

type Run = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>;
type Handler = Arc<dyn Fn(Job) -> Run + Send + Sync>;

/// What runs which kind of job. Filled where the server is put together.
#[derive(Clone, Default)]
pub struct Registry {
    handlers: BTreeMap<&'static str, Handler>,
}

impl Registry {
    /// Runs jobs of `kind` with `handler`.
    #[must_use]
    pub fn on<F, R>(mut self, kind: &'static str, handler: F) -> Self
    where
        F: Fn(Job) -> R + Send + Sync + 'static,
        R: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        self.handlers.insert(kind, Arc::new(move |job| Box::pin(handler(job))));
        self
    }

    fn get(&self, kind: &str) -> Option<Handler> {
        self.handlers.get(kind).cloned()
    }
}

/// Tells the runner of this process that a commit brought jobs. Only saves it the wait until it looks by itself.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// To be called after the commit.
    pub fn now(&self) {
        self.0.notify_one();
    }

    async fn called(&self) {
        self.0.notified().await;
    }
}
