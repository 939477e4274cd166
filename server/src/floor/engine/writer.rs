//! One site's writer: takes what waits, applies it in one transaction, answers, begins again.
//!
//! A batch that fails for a passing reason is answered `retry`. One that fails for any other is taken apart until the entry that
//! brings it about is alone; that entry is counted and, after five times over a minute, parked, so that the rest flows
//! (`sync-protocol.md` section 8).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use floorline_domain::{LocationId, OrgId, StreamId};
use floorline_mobile_sync::entry::Origin;
use floorline_mobile_sync::limits::APPLY_ENTRIES;
use tokio::sync::{OwnedSemaphorePermit, broadcast, mpsc, oneshot};
use uuid::Uuid;

use super::batch::{Place, apply};
use super::committed::Committed;
use super::core::{Actor, Ask, Head, Reply};
use super::poison;
use super::server_operation;
use super::submission::{Act, Acted, Answer, DeviceSubmit, ServerOperation, Submitted};
use super::workflows::WorkflowCache;
use crate::platform::db::Db;
use crate::platform::http::{ApiError, Code, IdempotencyKey};
use crate::platform::jobs::Wake;
use crate::platform::telemetry::names;

/// How often an entry may bring its batch down before it is parked, and over how long at least.
const ATTEMPTS: i32 = 5;
const ATTEMPTS_OVER: TimeDelta = TimeDelta::seconds(60);

/// How most batches end.
const COMMITTED: &str = "committed";

/// Something that came to the door, and when.
pub(super) struct Waiting {
    pub(super) work: Work,
    pub(super) since: Instant,
}

/// What may wait there, each with its way back.
pub(super) enum Work {
    /// `room` is what its bytes take of the node's waiting room; given back with the answer.
    Device {
        submit: Box<DeviceSubmit>,
        #[expect(dead_code, reason = "held, not looked at")]
        room: OwnedSemaphorePermit,
        reply: oneshot::Sender<Submitted>,
    },
    Act {
        actor: Actor,
        act: Box<Act>,
        reply: oneshot::Sender<Result<Acted, ApiError>>,
    },
    Booking {
        body: Vec<u8>,
        origin: Origin,
        with_override: bool,
        fallback: Actor,
        reply: oneshot::Sender<Result<Acted, ApiError>>,
    },
    Server {
        actor: Actor,
        operation: Box<dyn ServerOperation>,
        key: IdempotencyKey,
        reply: oneshot::Sender<Result<Answer, ApiError>>,
    },
}

impl Work {
    fn entries(&self) -> usize {
        match self {
            Self::Device { submit, .. } => submit.entries.len(),
            _ => 1,
        }
    }
}

/// Who hears of a commit.
pub(super) struct Tell {
    pub(super) committed: broadcast::Sender<Arc<Vec<Head>>>,
    pub(super) jobs: Wake,
}

/// The task of one site, or of what an organisation has without a site.
pub(super) struct Writer {
    db: Db,
    cache: WorkflowCache,
    org: OrgId,
    site: Option<LocationId>,
    /// The server's own stream for this site: a new one each time a writer starts.
    stream: StreamId,
    started: Instant,
    tell: Tell,
    poisoned: BTreeSet<(StreamId, i64)>,
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
    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Waiting>) {
        let mut next = None;
        loop {
            let Some(first) = (match next.take() {
                Some(waiting) => Some(waiting),
                None => queue.recv().await,
            }) else {
                return;
            };
            let mut batch = Vec::new();
            let mut entries = 0;
            let mut candidate = Some(first);
            while let Some(waiting) = candidate.take() {
                entries += waiting.work.entries();
                if matches!(waiting.work, Work::Server { .. }) || (entries > APPLY_ENTRIES && !batch.is_empty()) {
                    next = Some(waiting);
                    break;
                }
                batch.push(waiting);
                candidate = queue.try_recv().ok();
            }
            if batch.is_empty() {
                match next.take() {
                    Some(Waiting { work: Work::Server { actor, operation, key, reply }, since }) => {
                        self.operate(since, actor, operation, key, reply).await;
                    }
                    other => next = other,
                }
            } else {
                self.settle(batch).await;
            }
        }
    }

    async fn operate(
        &self,
        since: Instant,
        actor: Actor,
        mut operation: Box<dyn ServerOperation>,
        key: IdempotencyKey,
        reply: oneshot::Sender<Result<Answer, ApiError>>,
    ) {
        let done = server_operation::run(&self.db, self.org, self.stream, actor, operation.as_mut(), key, now()).await;
        let answer = done.map(|(answer, committed)| {
            metrics::histogram!(names::VERDICT_SECONDS).record(since.elapsed().as_secs_f64());
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
        let result = self.settle_all(batch).await;
        metrics::counter!(names::ENGINE_BATCHES, "result" => result).increment(1);
        if result == COMMITTED {
            for (since, entries) in since.iter().zip(entries) {
                metrics::histogram!(names::VERDICT_SECONDS).record_many(since.elapsed().as_secs_f64(), entries);
            }
        }
    }

    /// Says how that went.
    async fn settle_all(&mut self, batch: Vec<Work>) -> &'static str {
        match self.apply(&batch).await {
            Ok(replies) => {
                for (work, reply) in batch.into_iter().zip(replies) {
                    answer(work, reply);
                }
                COMMITTED
            }
            Err(error) if is_passing(&error) => {
                refuse_all(batch, &error);
                "retried"
            }
            Err(error) if batch.len() == 1 => {
                for work in batch {
                    self.settle_alone(work, &error).await;
                }
                "failed"
            }
            Err(error) => {
                tracing::error!(error = %error, submissions = batch.len(), "a batch failed and is taken apart");
                for work in batch {
                    Box::pin(self.settle_all(vec![work])).await;
                }
                "bisected"
            }
        }
    }

    async fn apply(&self, batch: &[Work]) -> Result<Vec<Reply>, ApiError> {
        let asks: Vec<Ask<'_>> = batch.iter().filter_map(|work| self.ask(work)).collect();
        let started = Instant::now();
        let (replies, committed) = self.apply_asks(&asks, now()).await?;
        metrics::histogram!(names::ENGINE_BATCH_SECONDS).record(started.elapsed().as_secs_f64());
        let entries = u32::try_from(committed.count()).map_or(f64::INFINITY, f64::from);
        metrics::histogram!(names::ENGINE_BATCH_ENTRIES).record(entries);
        self.tell(committed);
        Ok(replies)
    }

    async fn apply_asks(&self, asks: &[Ask<'_>], now: DateTime<Utc>) -> Result<(Vec<Reply>, Committed), ApiError> {
        let place = Place {
            db: &self.db,
            cache: &self.cache,
            org: self.org,
            site: self.site,
            server_stream: self.stream,
            now,
            poisoned: &self.poisoned,
        };
        apply(&place, asks).await
    }

    fn ask<'w>(&self, work: &'w Work) -> Option<Ask<'w>> {
        Some(match work {
            Work::Device { submit, .. } => Ask::Device(submit),
            Work::Act { actor, act, .. } => {
                let monotonic_ms = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
                Ask::Act { actor, act, monotonic_ms }
            }
            Work::Booking { body, origin, with_override, fallback, .. } => {
                Ask::Booking { body, origin: *origin, with_override: *with_override, fallback }
            }
            Work::Server { .. } => return None,
        })
    }

    /// One submission that fails by itself: entry by entry, until the one at fault stands first.
    async fn settle_alone(&mut self, work: Work, error: &ApiError) {
        let Work::Device { submit, reply, .. } = work else {
            tracing::error!(error = %error, "an act failed");
            answer_failed(work, error);
            return;
        };
        let mut results = Vec::new();
        let mut seq = submit.first_seq;
        for (body, hash) in submit.entries.iter().zip(&submit.hashes) {
            let single =
                DeviceSubmit { first_seq: seq, entries: vec![body.clone()], hashes: vec![*hash], ..(*submit).clone() };
            match self.apply_asks(&[Ask::Device(&single)], now()).await {
                Ok((replies, committed)) => {
                    self.tell(committed);
                    match replies.into_iter().next() {
                        Some(Reply::Device(Submitted::Result { results: stored, .. })) => results.extend(stored),
                        Some(Reply::Device(other)) if results.is_empty() => {
                            drop(reply.send(other));
                            return;
                        }
                        _ => break,
                    }
                }
                Err(fault) => {
                    tracing::error!(error = %fault, stream = %submit.stream_id, seq, "an entry cannot be applied");
                    if !is_passing(&fault) {
                        self.count_attempt(submit.stream_id, seq).await;
                    }
                    break;
                }
            }
            seq += 1;
        }
        let answer = if results.is_empty() {
            Submitted::Retry { from_seq: submit.first_seq, reason: "INTERNAL", after_ms: 15_000 }
        } else {
            Submitted::Result { upto_seq: seq - 1, results }
        };
        drop(reply.send(answer));
    }

    async fn count_attempt(&mut self, stream: StreamId, seq: i64) {
        match poison::count(&self.db, self.org, stream, seq, now()).await {
            Ok((attempts, over)) if attempts >= ATTEMPTS && over >= ATTEMPTS_OVER => {
                self.poisoned.insert((stream, seq));
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(error = %error, "an attempt could not be counted"),
        }
    }

    fn tell(&self, committed: Committed) {
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

/// Whether trying the same again can succeed; anything else is our own fault and is taken apart.
fn is_passing(error: &ApiError) -> bool {
    matches!(error.code(), Code::DbBusy | Code::Draining)
}

/// The moment, as exactly as the database keeps it: what is stored and what is folded from the log agree to the bit.
fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

fn answer(work: Work, reply: Reply) {
    // Whoever asked may have gone; it is stored all the same.
    match (work, reply) {
        (Work::Device { reply, .. }, Reply::Device(answer)) => drop(reply.send(answer)),
        (Work::Act { reply, .. } | Work::Booking { reply, .. }, Reply::Act(answer)) => drop(reply.send(answer)),
        _ => {}
    }
}

/// Nothing was stored: everyone keeps what they have and tries again.
fn refuse_all(batch: Vec<Work>, error: &ApiError) {
    tracing::warn!(error = %error, submissions = batch.len(), "a batch could not be stored");
    for work in batch {
        answer_failed(work, error);
    }
}

fn answer_failed(work: Work, error: &ApiError) {
    match work {
        Work::Device { submit, reply, .. } => {
            drop(reply.send(Submitted::Retry { from_seq: submit.first_seq, reason: "DB_BUSY", after_ms: 800 }));
        }
        Work::Act { reply, .. } | Work::Booking { reply, .. } => drop(reply.send(Err(error.again()))),
        Work::Server { reply, .. } => drop(reply.send(Err(error.again()))),
    }
}
