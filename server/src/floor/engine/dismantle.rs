//! What a writer does with a batch that failed.
//!
//! One that fails for a passing reason is answered `retry`. One that fails for any other is taken apart until the entry that
//! brings it about is alone; that entry is counted and, after five times over a minute, parked, so that the rest flows
//! (`sync-protocol.md` section 8).

use chrono::TimeDelta;
use floorline_domain::StreamId;

use super::core::{Ask, Reply};
use super::poison;
use super::submission::{DeviceSubmit, Submitted};
use super::waiting::Work;
use super::writer::{COMMITTED, Writer, now};
use crate::platform::http::{ApiError, Code};

/// How often an entry may bring its batch down before it is parked, and over how long at least.
const ATTEMPTS: i32 = 5;
const ATTEMPTS_OVER: TimeDelta = TimeDelta::seconds(60);

impl Writer {
    /// Applies and answers a batch, `whole` until it was taken apart, and says how that went.
    pub(super) async fn settle_all(&mut self, batch: Vec<Work>, whole: bool) -> &'static str {
        match self.apply(&batch).await {
            Ok(replies) => {
                for (work, reply) in batch.into_iter().zip(replies) {
                    work.answer(reply);
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

    /// One submission that fails by itself: entry by entry, until the one at fault stands first.
    async fn settle_alone(&mut self, work: Work, error: &ApiError) {
        let Work::Device { submit, reply, .. } = work else {
            tracing::error!(error = %error, "an act failed");
            work.refuse(error);
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
}

/// Whether trying the same again can succeed; anything else is our own fault and is taken apart.
fn is_passing(error: &ApiError) -> bool {
    matches!(error.code(), Code::DbBusy | Code::RowLocked | Code::Draining)
}

/// Nothing was stored: everyone keeps what they have and tries again.
fn refuse_all(batch: Vec<Work>, error: &ApiError) {
    tracing::warn!(error = %error, submissions = batch.len(), "a batch could not be stored");
    for work in batch {
        work.refuse(error);
    }
}
