//! One site's writer: takes what waits, applies it in one transaction, answers, begins again.
//!
//! A batch that fails for a passing reason is answered `retry`. One that fails for any other is taken apart until the entry that
//! brings it about is alone; that entry is counted and, after five times over a minute, parked, so that the rest flows
//! (`sync-protocol.md` section 8).

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use floorline_domain::{LocationId, OrgId, StreamId};
use floorline_mobile_sync::limits::APPLY_ENTRIES;
use futures_util::FutureExt as _;
use tokio::sync::{OwnedSemaphorePermit, broadcast, mpsc, oneshot};
use uuid::Uuid;

use super::batch::{Place, apply};
use super::booking;
use super::committed::Committed;
use super::core::{Actor, Ask, Head, Reply};
use super::poison;
use super::server_operation;
use super::submission::{Act, Acted, Answer, Booking, DeviceSubmit, ServerOperation, Submitted};
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
        booking: Box<Booking>,
        reply: oneshot::Sender<Result<Answer, ApiError>>,
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

    /// What has a transaction of its own.
    fn is_alone(&self) -> bool {
        matches!(self, Self::Server { .. } | Self::Booking { .. })
    }

    /// The same request twice: the second is answered from what the first stores.
    fn repeats(&self, earlier: &Self) -> bool {
        match (self, earlier) {
            (Self::Act { actor, act, .. }, Self::Act { actor: other, act: first, .. }) => {
                actor.id == other.id && act.idempotency.is_same(&first.idempotency)
            }
            _ => false,
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
        let mut left = None;
        loop {
            let Some(first) = (match left.take() {
                Some(waiting) => Some(waiting),
                None => queue.recv().await,
            }) else {
                return;
            };
            if first.work.is_alone() {
                self.settle_one(first).await;
            } else {
                let batch;
                (batch, left) = gather(first, &mut queue);
                self.settle(batch).await;
            }
        }
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
        if result == COMMITTED {
            for (since, entries) in since.iter().zip(entries) {
                metrics::histogram!(names::VERDICT_SECONDS).record_many(since.elapsed().as_secs_f64(), entries);
            }
        }
    }

    /// Says how that went.
    async fn settle_all(&mut self, batch: Vec<Work>, whole: bool) -> &'static str {
        match self.apply(&batch).await {
            Ok(replies) => {
                for (work, reply) in batch.into_iter().zip(replies) {
                    answer(work, reply);
                }
                COMMITTED
            }
            // One locked row must not silence everybody: only the half that waits for it is told to try again.
            Err(error) if error.code() == Code::RowLocked && whole && batch.len() > 1 => {
                let mut batch = batch;
                let half = batch.split_off(batch.len() / 2);
                Box::pin(self.settle_all(batch, false)).await;
                Box::pin(self.settle_all(half, false)).await;
                "split"
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
                    Box::pin(self.settle_all(vec![work], false)).await;
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
                    if is_passing(&fault) || !self.count_attempt(submit.stream_id, seq).await {
                        break;
                    }
                    // It is parked now; what follows need not wait for it any longer.
                    let parked = self.apply_asks(&[Ask::Device(&single)], now()).await;
                    let Ok((replies, committed)) = parked else { break };
                    self.tell(committed);
                    let Some(Reply::Device(Submitted::Result { results: stored, .. })) = replies.into_iter().next()
                    else {
                        break;
                    };
                    results.extend(stored);
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

    /// Counts a failure; true when there were enough and the entry is to be parked.
    async fn count_attempt(&mut self, stream: StreamId, seq: i64) -> bool {
        match poison::count(&self.db, self.org, stream, seq, now()).await {
            Ok((attempts, over)) if attempts >= ATTEMPTS && over >= ATTEMPTS_OVER => {
                self.poisoned.insert((stream, seq));
                true
            }
            Ok(_) => false,
            Err(error) => {
                tracing::warn!(error = %error, "an attempt could not be counted");
                false
            }
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

/// Takes what waits, up to a transaction's worth; and what came after it and cannot go with it.
fn gather(first: Waiting, queue: &mut mpsc::Receiver<Waiting>) -> (Vec<Waiting>, Option<Waiting>) {
    let mut entries = first.work.entries();
    let mut batch = vec![first];
    while let Ok(next) = queue.try_recv() {
        entries += next.work.entries();
        let repeats = batch.iter().any(|earlier| next.work.repeats(&earlier.work));
        if next.work.is_alone() || repeats || entries > APPLY_ENTRIES {
            return (batch, Some(next));
        }
        batch.push(next);
    }
    (batch, None)
}

/// A panic is a fault of ours like any other: whoever asked is told, and the writer lives on.
async fn unpanicked<T>(work: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(done) => done,
        Err(_) => Err(ApiError::internal(anyhow::anyhow!("it panicked"))),
    }
}

/// Whether trying the same again can succeed; anything else is our own fault and is taken apart.
fn is_passing(error: &ApiError) -> bool {
    matches!(error.code(), Code::DbBusy | Code::RowLocked | Code::Draining)
}

/// The moment, as exactly as the database keeps it: what is stored and what is folded from the log agree to the bit.
fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

fn answer(work: Work, reply: Reply) {
    // Whoever asked may have gone; it is stored all the same.
    match (work, reply) {
        (Work::Device { reply, .. }, Reply::Device(answer)) => drop(reply.send(answer)),
        (Work::Act { reply, .. }, Reply::Act(answer)) => drop(reply.send(answer)),
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
        Work::Act { reply, .. } => drop(reply.send(Err(error.again()))),
        Work::Booking { reply, .. } | Work::Server { reply, .. } => drop(reply.send(Err(error.again()))),
    }
}
