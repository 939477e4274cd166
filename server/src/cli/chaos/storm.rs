//! The faults, one after another in an order drawn from the seed, each kind in each round.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rustix::process::{Pid, Signal, kill_process};
use tokio::task::JoinSet;

use super::connections;
use super::disk::Disk;
use super::fault::{Faults, Kind, Struck};
use super::nodes::Nodes;
use super::proxy::Proxy;
use crate::cli::output::say;
use crate::platform::db::embedded::Cluster;

/// How long the network is bad, the disk full, the database without a connection.
const LASTS: Duration = Duration::from_secs(6);
/// PostgreSQL is back by then, or never.
const RECOVERS_WITHIN: Duration = Duration::from_secs(90);

/// Everything that faults are done to.
pub(super) struct Stage<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) nodes: Nodes,
    pub(super) proxy: Proxy,
    pub(super) disk: Result<Disk, String>,
    /// Where everything lies.
    pub(super) folder: PathBuf,
    /// Where PostgreSQL says what it met.
    pub(super) log: PathBuf,
    pub(super) began: Instant,
}

impl Stage<'_> {
    /// At least one round of all kinds, and on until `time` is over. Afterwards everything is as it should be again.
    pub(super) async fn rage(&self, rng: &mut StdRng, time: Duration, faults: &Faults) -> anyhow::Result<()> {
        let (began, mut paused) = (Instant::now(), JoinSet::new());
        for round in 0.. {
            let mut kinds = Kind::DRAWN;
            kinds.shuffle(rng);
            for kind in kinds {
                if round > 0 && began.elapsed() > time {
                    return self.calm(paused).await;
                }
                tokio::time::sleep(Duration::from_millis(rng.random_range(300..2_000))).await;
                let struck = self.strike(kind, rng, &mut paused).await.with_context(|| kind.to_string())?;
                self.tell(kind, &struck);
                faults.note(kind, &struck);
            }
        }
        self.calm(paused).await
    }

    /// Says what happened, and when.
    pub(super) fn tell(&self, kind: Kind, struck: &Struck) {
        let words = match struck {
            Struck::Hit(words) => words.clone(),
            Struck::NotRun(why) => format!("not run: {why}"),
        };
        say(&format!("    {:>4} s  {kind}: {words}", self.began.elapsed().as_secs()));
    }

    async fn strike(
        &self,
        kind: Kind,
        rng: &mut StdRng,
        paused: &mut JoinSet<anyhow::Result<()>>,
    ) -> anyhow::Result<Struck> {
        match kind {
            Kind::Latency => {
                let most = Duration::from_millis(rng.random_range(100..800));
                self.proxy.delay(most);
                tokio::time::sleep(LASTS).await;
                self.proxy.delay(Duration::ZERO);
                Ok(Struck::Hit(format!("up to {} ms a hop", most.as_millis())))
            }
            Kind::Slicing => {
                self.proxy.slice(true);
                tokio::time::sleep(LASTS).await;
                self.proxy.slice(false);
                Ok(Struck::Hit("at most 7 bytes at a time".to_owned()))
            }
            Kind::BlackHole => self.met(self.proxy.lose(0.3), "carry nothing any more").await,
            Kind::Reset => self.met(self.proxy.tear(0.5), "are reset within a frame").await,
            Kind::Kill => self.nodes.kill(rng).await,
            Kind::Replace => self.nodes.replace().await,
            Kind::Pause => {
                let (struck, going_on) = self.nodes.pause(rng)?;
                if let Some(going_on) = going_on {
                    paused.spawn(async move { going_on.await? });
                }
                Ok(struck)
            }
            Kind::DatabaseStop => self.stop_database().await,
            Kind::Connections => self.hold_connections().await,
            Kind::DiskFull => self.fill_disk().await,
            Kind::Restore => Ok(Struck::NotRun("comes at the end".to_owned())),
        }
    }

    async fn met(&self, lines: usize, what: &str) -> anyhow::Result<Struck> {
        tokio::time::sleep(Duration::from_secs(2)).await;
        if lines == 0 {
            return Ok(Struck::NotRun("nobody was connected".to_owned()));
        }
        Ok(Struck::Hit(format!("{lines} connections {what}")))
    }

    /// What `pg_ctl stop -m immediate` does; the cluster is started again at once, and recovers.
    async fn stop_database(&self) -> anyhow::Result<Struck> {
        let pid = self.cluster.pid().context("no postmaster is running")?;
        let process = i32::try_from(pid).ok().and_then(Pid::from_raw).context("the postmaster's id makes no sense")?;
        kill_process(process, Signal::QUIT)?;
        let began = Instant::now();
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let is_another = self.cluster.pid().is_some_and(|now| now != pid);
            if is_another && AsyncPgConnection::establish(&self.cluster.owner_url()).await.is_ok() {
                return Ok(Struck::Hit(format!("back after {} ms", began.elapsed().as_millis())));
            }
            anyhow::ensure!(began.elapsed() < RECOVERS_WITHIN, "PostgreSQL is not back after {RECOVERS_WITHIN:?}");
        }
    }

    async fn hold_connections(&self) -> anyhow::Result<Struck> {
        let (url, superuser) = (self.cluster.server_url(), self.cluster.owner_url());
        let (held, refused) = connections::hold(&url, &superuser, LASTS).await?;
        if refused == 0 {
            return Ok(Struck::NotRun("the limit was not reached in time".to_owned()));
        }
        Ok(Struck::Hit(format!("{held} held, {refused} refused")))
    }

    async fn fill_disk(&self) -> anyhow::Result<Struck> {
        let disk = match &self.disk {
            Ok(disk) => disk,
            Err(why) => return Ok(Struck::NotRun(why.clone())),
        };
        let before = self.refusals()?;
        tokio::task::block_in_place(|| disk.fill())?;
        tokio::time::sleep(LASTS).await;
        disk.free()?;
        match self.refusals()?.saturating_sub(before) {
            0 => Ok(Struck::NotRun("nobody needed room while there was none".to_owned())),
            refused => Ok(Struck::Hit(format!("{refused} writes refused"))),
        }
    }

    /// How often PostgreSQL has found no room.
    fn refusals(&self) -> anyhow::Result<usize> {
        let log = std::fs::read(&self.log).with_context(|| format!("{}", self.log.display()))?;
        Ok(String::from_utf8_lossy(&log).matches("No space left on device").count())
    }

    async fn calm(&self, mut paused: JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
        while let Some(ended) = paused.join_next().await {
            ended??;
        }
        self.nodes.ready().await
    }
}
