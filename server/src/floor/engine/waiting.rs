//! What waits at the door of a site, each with its way back; and how a writer takes it, turn by turn.

use std::collections::VecDeque;
use std::time::Instant;

use floorline_domain::OrgId;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use uuid::Uuid;

use super::core::{Actor, Reply};
use super::submission::{Act, Acted, Answer, Booking, DeviceSubmit, ServerOperation, Submitted};
use super::turns::{Waits, turn};
use crate::platform::http::{ApiError, IdempotencyKey};
use crate::platform::telemetry::TraceParent;

/// What a writer takes out of its queue at most to choose from.
const IN_VIEW: usize = 4096;

/// Something that came to the door, and when.
pub(super) struct Waiting {
    pub(super) work: Work,
    pub(super) since: Instant,
    /// What is recorded of whoever waits.
    pub(super) trace: Option<TraceParent>,
    line: Option<Uuid>,
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

/// What the next transaction is about.
pub(super) enum Turn {
    /// What has a transaction of its own.
    Alone(Waiting),
    /// What goes together.
    Batch(Vec<Waiting>),
}

/// A writer's view of its queue.
pub(super) struct Line {
    queue: mpsc::Receiver<Waiting>,
    together: Vec<Waiting>,
    alone: VecDeque<Waiting>,
    was_alone: bool,
}

impl Waiting {
    /// From now on.
    pub(super) fn new(org: OrgId, work: Work) -> Self {
        let line = work.line(org);
        Self { work, since: Instant::now(), trace: TraceParent::here(), line }
    }

    fn waits(&self) -> Waits {
        Waits { line: self.line, entries: self.work.entries() }
    }
}

impl Work {
    pub(super) fn entries(&self) -> usize {
        match self {
            Self::Device { submit, .. } => submit.entries.len(),
            _ => 1,
        }
    }

    /// What has a transaction of its own.
    fn is_alone(&self) -> bool {
        matches!(self, Self::Server { .. } | Self::Booking { .. })
    }

    /// A stream's entries keep their order; the same request twice is answered the second time from what the first stores.
    fn line(&self, org: OrgId) -> Option<Uuid> {
        match self {
            Self::Device { submit, .. } => Some(submit.stream_id.0),
            Self::Act { actor, act, .. } => act.idempotency.derived_id(org.0, actor.id.0),
            Self::Booking { .. } | Self::Server { .. } => None,
        }
    }

    /// Answers after the commit. Whoever asked may have gone; it is stored all the same.
    pub(super) fn answer(self, reply: Reply) {
        match (self, reply) {
            (Self::Device { reply, .. }, Reply::Device(answer)) => drop(reply.send(answer)),
            (Self::Act { reply, .. }, Reply::Act(answer)) => drop(reply.send(answer)),
            _ => {}
        }
    }

    /// Nothing was stored: they keep what they have and try again.
    pub(super) fn refuse(self, error: &ApiError) {
        match self {
            Self::Device { submit, reply, .. } => {
                drop(reply.send(Submitted::Retry { from_seq: submit.first_seq, reason: "DB_BUSY", after_ms: 800 }));
            }
            Self::Act { reply, .. } => drop(reply.send(Err(error.again()))),
            Self::Booking { reply, .. } | Self::Server { reply, .. } => drop(reply.send(Err(error.again()))),
        }
    }
}

impl Line {
    pub(super) const fn new(queue: mpsc::Receiver<Waiting>) -> Self {
        Self { queue, together: Vec::new(), alone: VecDeque::new(), was_alone: false }
    }

    /// What is next; none when the queue is closed and everything was taken.
    pub(super) async fn next(&mut self) -> Option<Turn> {
        if self.in_view() == 0 {
            let first = self.queue.recv().await?;
            self.see(first);
        }
        while self.in_view() < IN_VIEW
            && let Ok(next) = self.queue.try_recv()
        {
            self.see(next);
        }
        // In turn with the batches: neither keeps the other waiting for more than one transaction.
        let alone = if self.was_alone && !self.together.is_empty() { None } else { self.alone.pop_front() };
        self.was_alone = alone.is_some();
        Some(alone.map_or_else(|| Turn::Batch(self.batch()), Turn::Alone))
    }

    fn in_view(&self) -> usize {
        self.together.len() + self.alone.len()
    }

    fn see(&mut self, waiting: Waiting) {
        if waiting.work.is_alone() {
            self.alone.push_back(waiting);
        } else {
            self.together.push(waiting);
        }
    }

    fn batch(&mut self) -> Vec<Waiting> {
        let waits: Vec<Waits> = self.together.iter().map(Waiting::waits).collect();
        let mut turn = turn(&waits).into_iter().peekable();
        let all = std::mem::take(&mut self.together).into_iter().enumerate();
        let (batch, left): (Vec<_>, Vec<_>) = all.partition(|(index, _)| turn.next_if_eq(index).is_some());
        self.together = left.into_iter().map(|(_, waiting)| waiting).collect();
        batch.into_iter().map(|(_, waiting)| waiting).collect()
    }
}
