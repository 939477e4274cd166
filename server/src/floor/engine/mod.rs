//! The one door: entries go in, one stored verdict per entry comes out. Nothing else changes an item.
//!
//! Each site has one writer task per node, and each organisation one more for what has no site. While a transaction commits, entries
//! from all phones queue up; the next transaction takes them all. No timer, no added latency when idle, one set-based write for many
//! phones under load.
//!
//! - [`Engine::submit`]: entries of a phone (`submission.rs`).
//! - [`Engine::act`]: an HTTP request as one present entry of the server's own stream.
//! - [`Engine::run`]: what only a server does (orders, labels of no item yet, of places and of workers, queues), alone in its transaction (`server_operation.rs`).

mod batch;
mod booking;
mod committed;
pub mod core;
mod dismantle;
mod load;
mod poison;
mod server_operation;
mod submission;
mod turns;
mod waiting;
mod workflows;
mod write;
mod writer;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use floorline_domain::workflow::Workflow;
use floorline_domain::{LocationId, OrgId, WorkflowVersionId};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::core::{Actor, Cause, Head, Ledger, Receipt, Record, Subject, Topic, Watermark};
pub use self::submission::{
    Act, Acted, Answer, Booking, ClockOffset, DeviceSubmit, KeptEntry, ServerOperation, SessionKey, Submitted,
};
use self::waiting::{Waiting, Work};
use self::workflows::WorkflowCache;
pub use self::write::rank;
use self::writer::{Tell, Writer};
use crate::platform::db::Db;
use crate::platform::http::{ApiError, Code, IdempotencyKey};
use crate::platform::jobs::Wake;
use crate::platform::tenancy::TenantTx;

/// Submissions that may wait for one writer.
const QUEUE: usize = 4096;

/// Bytes of phones' entries that may wait for all writers of a node; what comes beyond that is told to try again.
const WAITING_BYTES: usize = 64 * 1024 * 1024;

/// The door. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

/// The queues of the writers, by organisation and site.
type Writers = HashMap<(OrgId, Option<LocationId>), mpsc::Sender<Waiting>>;

struct Inner {
    db: Db,
    cache: WorkflowCache,
    jobs: Wake,
    writers: Mutex<Writers>,
    committed: broadcast::Sender<Arc<Vec<Head>>>,
    waiting: Arc<Semaphore>,
    draining: CancellationToken,
    tasks: TaskTracker,
    /// Where writers run: a request's own runtime may end before they do.
    runtime: Handle,
}

impl Engine {
    /// An engine over `db` that wakes `jobs` when a commit brought some; writers start as they are needed, on the runtime this is called in.
    pub fn new(db: Db, jobs: Wake) -> Self {
        let (committed, _) = broadcast::channel(1024);
        Self(Arc::new(Inner {
            db,
            cache: WorkflowCache::default(),
            jobs,
            writers: Mutex::default(),
            committed,
            waiting: Arc::new(Semaphore::new(WAITING_BYTES)),
            draining: CancellationToken::new(),
            tasks: TaskTracker::new(),
            runtime: Handle::current(),
        }))
    }

    /// Takes entries of a phone; answers once their verdicts are durable.
    pub async fn submit(&self, submit: DeviceSubmit) -> Submitted {
        let (org, site, first_seq) = (submit.org, submit.site, submit.first_seq);
        let later = |reason, after_ms| Submitted::Retry { from_seq: first_seq, reason, after_ms };
        let bytes: usize = submit.entries.iter().map(|entry| entry.bytes().len()).sum();
        let room =
            u32::try_from(bytes).ok().and_then(|bytes| Arc::clone(&self.0.waiting).try_acquire_many_owned(bytes).ok());
        let Some(room) = room else { return later("QUEUE_FULL", 1_000) };
        let (reply, answer) = oneshot::channel();
        let sent = self.send(org, Some(site), Work::Device { submit: Box::new(submit), room, reply }).await;
        match sent {
            Ok(()) => answer.await.unwrap_or(later("DRAINING", 2_000)),
            Err(_) => later("DRAINING", 2_000),
        }
    }

    /// Does what a signed-in person asks for over HTTP, as one present entry. `site` is the item's, or the person's for a shift.
    ///
    /// # Errors
    /// The refusal that a phone would get as a verdict, or 503; then nothing is stored.
    pub async fn act(&self, actor: Actor, org: OrgId, site: LocationId, act: Act) -> Result<Acted, ApiError> {
        let (reply, answer) = oneshot::channel();
        self.send(org, Some(site), Work::Act { actor, act: Box::new(act), reply }).await?;
        answer.await.map_err(|_| draining())?
    }

    /// Books a case of `site`: its entries go through the door again, by the server with their own actors and times, and it is closed in the
    /// same transaction.
    ///
    /// # Errors
    /// The first refusal; then the case stays as it is and nothing of it happened.
    pub async fn book(&self, org: OrgId, site: LocationId, booking: Booking) -> Result<Answer, ApiError> {
        let (reply, answer) = oneshot::channel();
        self.send(org, Some(site), Work::Booking { booking: Box::new(booking), reply }).await?;
        answer.await.map_err(|_| draining())?
    }

    /// Runs what only the server does, for `actor`, and answers once it is durable.
    ///
    /// # Errors
    /// What the operation refused, or 503 when the database is away; then nothing happened.
    pub async fn run(
        &self,
        actor: Actor,
        org: OrgId,
        operation: Box<dyn ServerOperation>,
        key: IdempotencyKey,
    ) -> Result<Answer, ApiError> {
        let (reply, answer) = oneshot::channel();
        self.send(org, None, Work::Server { actor, operation, key, reply }).await?;
        answer.await.map_err(|_| draining())?
    }

    /// Published workflow versions, which never change: read once a node.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn workflows(
        &self,
        tx: &mut TenantTx,
        ids: BTreeSet<WorkflowVersionId>,
    ) -> Result<BTreeMap<WorkflowVersionId, Arc<Workflow>>, ApiError> {
        self.0.cache.get(tx, ids).await
    }

    /// Topic heads after each commit of this node: the hub's wake-up. A receiver that lags reads the heads from the database.
    pub fn committed(&self) -> broadcast::Receiver<Arc<Vec<Head>>> {
        self.0.committed.subscribe()
    }

    /// Takes nothing more, and returns when everything taken is decided.
    pub async fn drain(&self) {
        {
            let mut writers = self.0.writers.lock().unwrap_or_else(PoisonError::into_inner);
            self.0.draining.cancel();
            writers.clear();
        }
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    async fn send(&self, org: OrgId, site: Option<LocationId>, work: Work) -> Result<(), ApiError> {
        let writer = self.writer(org, site)?;
        writer.send(Waiting::new(org, work)).await.map_err(|_| draining())
    }

    /// The queue of the writer of a site, started at the first use, and again should it have died.
    fn writer(&self, org: OrgId, site: Option<LocationId>) -> Result<mpsc::Sender<Waiting>, ApiError> {
        let mut writers = self.0.writers.lock().unwrap_or_else(PoisonError::into_inner);
        if self.0.draining.is_cancelled() {
            return Err(draining());
        }
        if let Some(sender) = writers.get(&(org, site)).filter(|sender| !sender.is_closed()) {
            return Ok(sender.clone());
        }
        let (sender, queue) = mpsc::channel(QUEUE);
        let tell = Tell { committed: self.0.committed.clone(), jobs: self.0.jobs.clone() };
        let writer = Writer::new(self.0.db.clone(), self.0.cache.clone(), org, site, tell);
        self.0.tasks.spawn_on(writer.run(queue), &self.0.runtime);
        writers.insert((org, site), sender.clone());
        Ok(sender)
    }
}

fn draining() -> ApiError {
    ApiError::new(Code::Draining, "The server is restarting; try again in a moment.").retry_after(2)
}
