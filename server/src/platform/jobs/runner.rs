//! Leases due jobs and runs them, a bounded number at a time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use floorline_domain::OrgId;
use opentelemetry::trace::FutureExt as _;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use uuid::Uuid;

use super::backoff::pause;
use super::queue::{self, Due, LeaseLost};
use super::{Job, NotBefore, Permanent, Registry, Wake};
use crate::platform::db::{Db, Role};
use crate::platform::telemetry::{names, spans};
use crate::platform::tenancy::TenantTx;

/// A job whose server died is run by another one after this.
const LEASE: Duration = Duration::from_secs(60);
/// A running job's lease is renewed this often.
const RENEW_EVERY: Duration = Duration::from_secs(20);
/// Jobs of other servers, and those that waited for their time, are found this often.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Nobody who asks to be left alone is left alone for longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3600);
/// Rows of jobs that are long done are removed this often.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);

/// Runs jobs until it is told to stop.
pub struct Runner {
    db: Db,
    registry: Registry,
    wake: Wake,
    slots: usize,
    worker: String,
}

impl Runner {
    /// A runner of at most `slots` jobs at a time. `worker` names it in the leases.
    #[must_use]
    pub fn new(db: Db, registry: Registry, wake: Wake, slots: usize, worker: Uuid) -> Self {
        Self { db, registry, wake, slots, worker: worker.to_string() }
    }

    /// Runs until cancelled; jobs under way then have `drain` to end, the rest are given back.
    pub async fn run(self, cancel: CancellationToken, drain: Duration) {
        let stop = CancellationToken::new();
        let mut running = JoinSet::new();
        let mut sweep = tokio::time::interval(SWEEP_EVERY);
        while !cancel.is_cancelled() {
            let free = self.slots - running.len();
            let started = match self.start_due(free, &mut running, &stop).await {
                Ok(started) => started,
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "jobs cannot be leased; looking again");
                    0
                }
            };
            if started > 0 && running.len() < self.slots {
                continue;
            }
            let full = running.len() == self.slots;
            tokio::select! {
                () = cancel.cancelled() => {}
                Some(_) = running.join_next() => {}
                () = self.wake.called(), if !full => {}
                () = tokio::time::sleep(LOOK_EVERY), if !full => {}
                _ = sweep.tick() => self.forget_done().await,
            }
            while running.try_join_next().is_some() {}
        }
        let all_ended = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(drain, all_ended).await.is_err() {
            tracing::warn!(count = running.len(), "jobs did not end in time; giving them back");
            stop.cancel();
            while running.join_next().await.is_some() {}
        }
    }

    async fn forget_done(&self) {
        let forgotten = match self.db.get(Role::Owner).await {
            Ok(mut conn) => queue::forget_done(&mut conn).await.map_err(anyhow::Error::from),
            Err(error) => Err(error.into()),
        };
        match forgotten {
            Ok(count) => tracing::debug!(count, "old jobs forgotten"),
            Err(error) => tracing::warn!(error = format!("{error:#}"), "old jobs could not be forgotten"),
        }
    }

    async fn start_due(
        &self,
        free: usize,
        running: &mut JoinSet<()>,
        stop: &CancellationToken,
    ) -> anyhow::Result<usize> {
        if free == 0 {
            return Ok(0);
        }
        let due = {
            let mut conn = self.db.get(Role::Poll).await?;
            queue::due(&mut conn, i64::try_from(free).unwrap_or(i64::MAX)).await?
        };
        let mut started = 0;
        for (org, ids) in by_organization(due) {
            let mut tx = TenantTx::open(&self.db, org).await?;
            let jobs = queue::lease(&mut tx, ids, &self.worker, LEASE).await?;
            tx.commit().await?;
            started += jobs.len();
            for (job, traceparent) in jobs {
                let trace_id = tracing::field::Empty;
                let span = tracing::info_span!("job", job.id = %job.id, job.kind = job.kind, job.attempt = job.attempt, trace_id);
                let traced = span.in_scope(|| spans::job(org, &job.kind, job.attempt, traceparent.as_deref()));
                let run = Lease { db: self.db.clone(), job }.run(self.registry.clone(), stop.clone());
                running.spawn(run.instrument(span).instrument(traced));
            }
        }
        Ok(started)
    }
}

fn by_organization(due: Vec<Due>) -> BTreeMap<OrgId, Vec<Uuid>> {
    let mut grouped: BTreeMap<OrgId, Vec<Uuid>> = BTreeMap::new();
    for job in due {
        grouped.entry(OrgId(job.org_id)).or_default().push(job.id);
    }
    grouped
}

/// How a run ended.
enum End {
    Done,
    Failed(anyhow::Error),
    /// Someone else has it now; nothing to note.
    Lost,
    /// The server stops.
    Stopped,
}

/// One job on lease, from its start to the note of its end.
struct Lease {
    db: Db,
    job: Job,
}

impl Lease {
    async fn run(self, registry: Registry, stop: CancellationToken) {
        let began = Instant::now();
        let end = self.end(&registry, &stop).await;
        metrics::histogram!(names::JOB_SECONDS, "kind" => self.job.kind.clone()).record(began.elapsed().as_secs_f64());
        if let Err(error) = self.note(end).await {
            // Its lease runs out and it runs again.
            tracing::error!(error = format!("{error:#}"), "the end of a job could not be noted");
        }
    }

    async fn end(&self, registry: &Registry, stop: &CancellationToken) -> End {
        if self.job.attempt > self.job.max_attempts {
            return End::Failed(Permanent("each of its runs ended with its server".to_owned()).into());
        }
        let Some(handler) = registry.get(&self.job.kind) else {
            return End::Failed(anyhow!("this server knows no job of the kind {:?}", self.job.kind));
        };
        // A task of its own, in the same trace: a panic ends the run and not the runner.
        let mut run = tokio::spawn(handler(self.job.clone()).with_current_context().in_current_span());
        let result = tokio::select! {
            result = &mut run => result,
            () = self.keep() => {
                run.abort();
                return End::Lost;
            }
            () = stop.cancelled() => {
                run.abort();
                return End::Stopped;
            }
        };
        match result {
            Ok(Ok(())) => End::Done,
            Ok(Err(error)) if error.is::<LeaseLost>() => End::Lost,
            Ok(Err(error)) => End::Failed(error),
            Err(panic) => End::Failed(anyhow!("it panicked: {panic}")),
        }
    }

    /// Renews the lease for as long as it is ours.
    async fn keep(&self) {
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            match self.renew().await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "a job's lease could not be renewed; trying again")
                }
            }
        }
    }

    async fn renew(&self) -> anyhow::Result<bool> {
        let mut tx = TenantTx::open(&self.db, self.job.org).await?;
        let kept = queue::renew(&mut tx, &self.job, LEASE).await?;
        tx.commit().await?;
        Ok(kept)
    }

    async fn note(&self, end: End) -> anyhow::Result<()> {
        let mut tx = TenantTx::open(&self.db, self.job.org).await?;
        let result = match end {
            End::Lost => return Ok(()),
            End::Done => {
                // A handler that wrote this in its own transaction was there first.
                if let Err(error) = queue::finish(&mut tx, &self.job).await
                    && !error.is::<LeaseLost>()
                {
                    return Err(error);
                }
                "done"
            }
            End::Stopped => {
                queue::give_back(&mut tx, &self.job).await?;
                "given_back"
            }
            End::Failed(error) => self.note_failure(&mut tx, &error).await?,
        };
        tx.commit().await?;
        metrics::counter!(names::JOBS, "kind" => self.job.kind.clone(), "result" => result).increment(1);
        Ok(())
    }

    async fn note_failure(&self, tx: &mut TenantTx, error: &anyhow::Error) -> anyhow::Result<&'static str> {
        spans::failed();
        let text = format!("{error:#}");
        let dead = error.is::<Permanent>() || self.job.attempt >= self.job.max_attempts;
        if dead {
            tracing::error!(error = text, "a job failed for good");
            queue::fail(tx, &self.job, &text, None).await?;
            return Ok("dead");
        }
        let asked = error.downcast_ref::<NotBefore>().map(|asked| asked.after.min(LONGEST_PAUSE));
        let pause = pause(self.job.attempt, rand::random()).max(asked.unwrap_or_default());
        tracing::warn!(error = text, pause_s = pause.as_secs(), "a job failed; it will run again");
        queue::fail(tx, &self.job, &text, Some(pause)).await?;
        Ok("retried")
    }
}
