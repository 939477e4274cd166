//! One site's writer: takes what waits, applies it in one transaction, answers, begins again. A batch that fails is taken apart (`dismantle.rs`).

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, SubsecRound as _, Utc};
use floorline_domain::{LocationId, OrgId, StreamId};
use futures_util::FutureExt as _;
use tokio::sync::{broadcast, mpsc};
use tracing::{Instrument as _, Span};
use uuid::Uuid;

use super::batch::{Place, apply};
use super::booking;
use super::committed::Committed;
use super::core::{Ask, Head, Reply};
use super::server_operation;
use super::waiting::{Line, Turn, Waiting, Work};
use super::workflows::WorkflowCache;
use crate::platform::db::Db;
use crate::platform::http::ApiError;
use crate::platform::jobs::Wake;
use crate::platform::telemetry::{names, spans};

/// How most batches end.
pub(super) const COMMITTED: &str = "committed";

/// Who hears of a commit.
pub(super) struct Tell {
    pub(super) committed: broadcast::Sender<Arc<Vec<Head>>>,
    pub(super) jobs: Wake,
}

/// The task of one site, or of what an organisation has without a site.
pub(super) struct Writer {
    pub(super) db: Db,
    cache: WorkflowCache,
    pub(super) org: OrgId,
    site: Option<LocationId>,
    /// The server's own stream for this site: a new one each time a writer starts.
    stream: StreamId,
    started: Instant,
    tell: Tell,
    /// Entries that are parked instead of judged.
    pub(super) poisoned: BTreeSet<(StreamId, i64)>,
}

impl Writer {
    pub(super) fn new(db: Db, cache: WorkflowCache, org: OrgId, site: Option<LocationId>, tell: Tell) -> Self {
        Self {
            db,
            cache,
            org,
            site,
            stream: StreamId(Uuid::new_v4()),
            started: Instant::now(),
            tell,
            poisoned: BTreeSet::new(),
        }
    }

    /// Works until the queue is closed and empty.
    pub(super) async fn run(mut self, queue: mpsc::Receiver<Waiting>) {
        let mut line = Line::new(queue);
        while let Some(turn) = line.next().await {
            match turn {
                Turn::Alone(waiting) => {
                    let span = self.span(std::slice::from_ref(&waiting));
                    self.settle_one(waiting).instrument(span).await;
                }
                Turn::Batch(batch) => {
                    let span = self.span(&batch);
                    self.settle(batch).instrument(span).await;
                }
            }
        }
    }

    fn span(&self, batch: &[Waiting]) -> Span {
        spans::batch(self.org, batch.len(), batch.iter().filter_map(|waiting| waiting.trace))
    }

    /// Does what has a transaction of its own.
    async fn settle_one(&mut self, waiting: Waiting) {
        let now = now();
        let (done, reply) = match waiting.work {
            Work::Server { actor, mut operation, key, reply } => {
                let run = server_operation::run(&self.db, self.org, self.stream, actor, operation.as_mut(), key, now);
                (unpanicked(run).await, reply)
            }
            Work::Booking { booking, reply } => (unpanicked(booking::run(&self.place(now), *booking)).await, reply),
            Work::Device { .. } | Work::Act { .. } => return,
        };
        let answer = done.map(|(answer, committed)| {
            metrics::histogram!(names::VERDICT_SECONDS).record(waiting.since.elapsed().as_secs_f64());
            self.tell(committed);
            answer
        });
        // Whoever asked may have gone; it is done all the same.
        drop(reply.send(answer));
    }

    /// Applies a batch and answers everyone in it.
    async fn settle(&mut self, batch: Vec<Waiting>) {
        let (since, batch): (Vec<Instant>, Vec<Work>) = batch.into_iter().map(|it| (it.since, it.work)).unzip();
        let entries: Vec<usize> = batch.iter().map(Work::entries).collect();
        let result = self.settle_all(batch, true).await;
        metrics::counter!(names::ENGINE_BATCHES, "result" => result).increment(1);
        if result != COMMITTED {
            spans::failed();
        } else {
            for (since, entries) in since.iter().zip(entries) {
                metrics::histogram!(names::VERDICT_SECONDS).record_many(since.elapsed().as_secs_f64(), entries);
            }
        }
    }

    pub(super) async fn apply(&self, batch: &[Work]) -> Result<Vec<Reply>, ApiError> {
        let asks: Vec<Ask<'_>> = batch.iter().filter_map(|work| self.ask(work)).collect();
        let started = Instant::now();
        let (replies, committed) = self.apply_asks(&asks, now()).await?;
        metrics::histogram!(names::ENGINE_BATCH_SECONDS).record(started.elapsed().as_secs_f64());
        let entries = u32::try_from(committed.count()).map_or(f64::INFINITY, f64::from);
        metrics::histogram!(names::ENGINE_BATCH_ENTRIES).record(entries);
        self.tell(committed);
        Ok(replies)
    }

    pub(super) async fn apply_asks(
        &self,
        asks: &[Ask<'_>],
        now: DateTime<Utc>,
    ) -> Result<(Vec<Reply>, Committed), ApiError> {
        unpanicked(apply(&self.place(now), asks)).await
    }

    fn place(&self, now: DateTime<Utc>) -> Place<'_> {
        Place {
            db: &self.db,
            cache: &self.cache,
            org: self.org,
            site: self.site,
            server_stream: self.stream,
            now,
            poisoned: &self.poisoned,
        }
    }

    fn ask<'w>(&self, work: &'w Work) -> Option<Ask<'w>> {
        Some(match work {
            Work::Device { submit, .. } => Ask::Device(submit),
            Work::Act { actor, act, .. } => {
                let monotonic_ms = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
                Ask::Act { actor, act, monotonic_ms }
            }
            Work::Booking { .. } | Work::Server { .. } => return None,
        })
    }

    pub(super) fn tell(&self, committed: Committed) {
        committed.record();
        if committed.brought_jobs {
            self.tell.jobs.now();
        }
        if !committed.heads.is_empty() {
            // No receiver: nobody watches.
            drop(self.tell.committed.send(Arc::new(committed.heads)));
        }
    }
}

/// A panic is a fault of ours like any other: whoever asked is told, and the writer lives on.
async fn unpanicked<T>(work: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(done) => done,
        Err(_) => Err(ApiError::internal(anyhow::anyhow!("it panicked"))),
    }
}

/// The moment, as exactly as the database keeps it: what is stored and what is folded from the log agree to the bit.
pub(super) fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}
