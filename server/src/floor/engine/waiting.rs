//! What waits at the door of a site, each with its way back; and how a writer takes it, turn by turn.

use std::collections::VecDeque;
use std::time::Instant;

use floorline_domain::OrgId;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use uuid::Uuid;

use super::core::{Actor, Reply};
use super::submission::{Act, Acted, Answer, Booking, DeviceSubmit, ServerOperation, Submitted};
use super::turns::{PATIENCE, Waits, turn};
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

    /// A request over HTTP waits as long as whoever sent it.
    fn is_late(&self) -> bool {
        matches!(self.work, Work::Device { .. }) && self.since.elapsed() >= PATIENCE
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

    /// Its turn does not come before the phone gives the connection up: it keeps what it has and tries again.
    fn put_off(self) {
        if let Self::Device { submit, reply, .. } = self {
            drop(reply.send(Submitted::Retry { from_seq: submit.first_seq, reason: "QUEUE_FULL", after_ms: 1_000 }));
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
        let left = left.into_iter().map(|(_, waiting)| waiting);
        let (late, left): (Vec<_>, Vec<_>) = left.partition(Waiting::is_late);
        self.together = left;
        late.into_iter().for_each(|waiting| waiting.work.put_off());
        batch.into_iter().map(|(_, waiting)| waiting).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use floorline_domain::{DeviceId, LocationId, StreamId, UserId};
    use floorline_mobile_sync::chain;
    use floorline_mobile_sync::limits::{APPLY_ENTRIES, BATCH_ENTRIES, WATCHDOG};
    use floorline_mobile_sync::wire::Raw;
    use tokio::sync::Semaphore;
    use tokio::sync::oneshot::error::TryRecvError;

    use super::*;
    use crate::floor::engine::submission::ClockOffset;

    /// A whole batch of a phone of its own that came some time ago, and the phone's end.
    async fn submit(phone: u128, ago: Duration) -> (Waiting, oneshot::Receiver<Submitted>) {
        let submit = DeviceSubmit {
            org: OrgId(Uuid::nil()),
            site: LocationId(Uuid::nil()),
            stream_id: StreamId(Uuid::from_u128(phone)),
            device_id: DeviceId(Uuid::from_u128(phone)),
            session: None,
            user: UserId(Uuid::nil()),
            clock: ClockOffset::default(),
            first_seq: 65,
            entries: vec![Raw::new("{}").unwrap(); BATCH_ENTRIES],
            hashes: vec![chain::sha256(b"x"); BATCH_ENTRIES],
        };
        let room = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
        let (reply, answer) = oneshot::channel();
        let work = Work::Device { submit: Box::new(submit), room, reply };
        (Waiting { since: Instant::now() - ago, ..Waiting::new(OrgId(Uuid::nil()), work) }, answer)
    }

    #[tokio::test]
    async fn whose_turn_does_not_come_is_told_before_the_phone_gives_up() {
        let (sender, queue) = mpsc::channel(100);
        let mut answers = Vec::new();
        for phone in 0..30 {
            // The last five have not waited for long.
            let ago = if phone < 25 { WATCHDOG.saturating_sub(Duration::from_secs(3)) } else { Duration::ZERO };
            let (waiting, answer) = submit(phone, ago).await;
            sender.send(waiting).await.unwrap();
            answers.push(answer);
        }
        let Some(Turn::Batch(batch)) = Line::new(queue).next().await else { panic!("no batch") };
        let served = APPLY_ENTRIES / BATCH_ENTRIES;
        assert_eq!(batch.len(), served);
        for (phone, mut answer) in answers.into_iter().enumerate() {
            match answer.try_recv() {
                Ok(answer) => {
                    assert!((served..25).contains(&phone), "{phone}");
                    assert_eq!(answer, Submitted::Retry { from_seq: 65, reason: "QUEUE_FULL", after_ms: 1_000 });
                }
                // The line is gone by now, and with it those that still waited.
                Err(TryRecvError::Empty) => assert!(phone < served, "{phone}"),
                Err(TryRecvError::Closed) => assert!(phone >= 25, "{phone}"),
            }
        }
    }
}
