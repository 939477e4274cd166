//! A server from its first start to its last stop.
//!
//! **Starting**, each step on the one before: the certificate, metrics, the database (started or adopted, migrated), the login checked against row-level security, the history
//! recognised or its epochs renewed, signing keys and objects, background work, and the listener last: who can connect can be served.
//!
//! **Stopping**, the other way round, so that nothing is taken away from under something that still needs it:
//! 1. `drain`: `/health/ready` says no, sockets are told to come back later;
//! 2. `http`: no new connections; requests under way end; the page about our own authority goes too;
//! 3. `sockets`: those that said goodbye are gone;
//! 4. `jobs`: no new jobs; those under way end or are given back;
//! 5. `engine`: everything taken is decided and answered;
//! 6. `fan-out`: nobody is told anything any more;
//! 7. `pools`: connections to the database close;
//! 8. `database`: the embedded one stops;
//! 9. `metrics`: last, so that the end can be observed.
//!
//! The command hands the last spans to the collector when all this is done.
//!
//! A server that is killed instead loses none of what it confirmed: PostgreSQL has it, and clients ask again for what was not confirmed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::dev::{Server, ServerHandle};
use anyhow::Context as _;
use chrono::Utc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::app::App;
use crate::database::Database;
use crate::door;
use crate::floor::sync;
use crate::history;
use crate::job_registry::job_registry;
use crate::photos;
use crate::platform::config::Config;
use crate::platform::db::{Db, Role, migrate};
use crate::platform::jobs::Runner;
use crate::platform::storage::Objects;
use crate::platform::telemetry::install_metrics;
use crate::platform::tls::Tls;

/// Day partitions are made two weeks ahead and dropped after one; they are looked after this often, and so are old uploads.
const PARTITIONS_EVERY: Duration = Duration::from_secs(6 * 3600);

/// A running server. [`Serving::stop`] is its only proper end.
pub struct Serving {
    /// What the handlers see.
    pub app: App,
    /// Where it listens; the real port if 0 was asked for.
    pub address: SocketAddr,
    /// Where its metrics are, if anywhere.
    pub metrics: Option<SocketAddr>,
    /// The certificate it shows, if it does TLS itself.
    pub tls: Option<Arc<Tls>>,
    /// Where the page is that says how to trust our own authority, if there is one.
    pub page: Option<SocketAddr>,
    http: Running,
    page_server: Option<Running>,
    metrics_server: Option<Running>,
    database: Database,
    runner: JoinHandle<()>,
    stop_runner: CancellationToken,
    watch: JoinHandle<anyhow::Result<()>>,
    stop_watch: CancellationToken,
}

/// A listener at work, and the way to end it.
struct Running {
    handle: ServerHandle,
    task: JoinHandle<std::io::Result<()>>,
}

impl Serving {
    /// Starts everything, or nothing.
    ///
    /// # Errors
    /// What could not be started; what had been is stopped again.
    pub async fn start(config: &Config) -> anyhow::Result<Self> {
        let tls = door::tls(config)?;
        let metrics = config.telemetry.metrics_bind.map(install_metrics).transpose()?;
        let metrics_address = metrics.as_ref().map(|metrics| metrics.address);
        let metrics_server = metrics.map(|metrics| Running::spawn(metrics.server));
        let database = Database::open(config).await?;
        let Prepared { app, server, address, page } = match prepare(config, &database, tls.as_deref()).await {
            Ok(prepared) => prepared,
            Err(error) => {
                database.close().await.context("after a failed start")?;
                return Err(error);
            }
        };
        let (stop_runner, stop_watch) = (CancellationToken::new(), CancellationToken::new());
        let runner = Runner::new(app.db.clone(), job_registry(&app), app.jobs.clone(), app.limits.jobs, Uuid::now_v7());
        let (runs_jobs, stopped) = (app.limits.jobs > 0, stop_runner.clone());
        let drain = app.limits.drain;
        let runner = tokio::spawn(async move {
            if runs_jobs {
                runner.run(stopped, drain).await;
            }
        });
        let watch = tokio::spawn(watch(database.clone(), app.objects.clone(), stop_watch.clone()));
        if let Some(tls) = tls.clone() {
            tokio::spawn(tls.watch(stop_watch.clone()));
        }
        let http = Running::spawn(server);
        let (page, page_server) = page.map(|(server, address)| (address, Running::spawn(server))).unzip();
        tracing::info!(%address, tls = tls.is_some(), "ready");
        let metrics = metrics_address;
        Ok(Self {
            app,
            address,
            metrics,
            tls,
            page,
            http,
            page_server,
            metrics_server,
            database,
            runner,
            stop_runner,
            watch,
            stop_watch,
        })
    }

    /// How it is asked: `https`, or `http` where it does no TLS.
    pub const fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Returns when a part without which the server is of no use has ended by itself.
    pub async fn broken(&mut self) -> anyhow::Error {
        tokio::select! {
            ended = &mut self.watch => match ended {
                Ok(Ok(())) => anyhow::anyhow!("the watch over the database ended"),
                Ok(Err(error)) => error,
                Err(panic) => panic.into(),
            },
            ended = &mut self.http.task => anyhow::anyhow!("the listener ended: {ended:?}"),
        }
    }

    /// Stops in the order the module describes, and returns the steps as they were done.
    ///
    /// # Errors
    /// The embedded database does not stop. Everything else did.
    pub async fn stop(self) -> anyhow::Result<Vec<&'static str>> {
        let mut done = Vec::new();
        let mut began = Instant::now();
        let mut note = |step| {
            tracing::info!(step, duration_ms = began.elapsed().as_millis(), "stopping");
            began = Instant::now();
            done.push(step);
        };
        self.app.draining.cancel();
        note("drain");
        self.http.stop(true).await;
        if let Some(page) = self.page_server {
            page.stop(false).await;
        }
        note("http");
        self.app.sockets.gone(self.app.limits.drain).await;
        note("sockets");
        self.stop_runner.cancel();
        if let Err(panic) = self.runner.await {
            tracing::error!(error = %panic, "the job runner panicked");
        }
        note("jobs");
        if tokio::time::timeout(self.app.limits.drain, self.app.engine.drain()).await.is_err() {
            tracing::warn!("the engine did not empty in time; what it did not confirm will be sent again");
        }
        note("engine");
        self.app.hub.close().await;
        note("fan-out");
        self.stop_watch.cancel();
        self.app.db.close();
        note("pools");
        let stopped = self.database.close().await;
        note("database");
        if let Some(metrics) = self.metrics_server {
            metrics.stop(false).await;
        }
        note("metrics");
        stopped.map(|()| done)
    }
}

impl Running {
    fn spawn(server: Server) -> Self {
        Self { handle: server.handle(), task: tokio::spawn(server) }
    }

    /// Gracefully: requests under way may end first.
    async fn stop(self, gracefully: bool) {
        self.handle.stop(gracefully).await;
        self.task.abort();
    }
}

/// What listens, and what it serves.
struct Prepared {
    app: App,
    server: Server,
    address: SocketAddr,
    page: Option<(Server, SocketAddr)>,
}

async fn prepare(config: &Config, database: &Database, tls: Option<&Tls>) -> anyhow::Result<Prepared> {
    let db = Db::new(database.url(), config.database.pool)?;
    db.verify().await?;
    history::look(&db).await?;
    let app = App::new(config, db)?;
    let (server, address) = door::listen(config, &app, tls)?;
    let page = door::listen_for_strangers(config, tls, address)?;
    Ok(Prepared { app, server, address, page })
}

/// Everything that goes on beside requests, until cancelled: the database is watched and its history looked at, its partitions are made ahead, and old
/// uploads go.
async fn watch(database: Database, objects: Objects, cancel: CancellationToken) -> anyhow::Result<()> {
    let db = Db::new(database.url(), 1)?;
    let partitions = async {
        let mut every = tokio::time::interval(PARTITIONS_EVERY);
        loop {
            every.tick().await;
            if let Err(error) = make_partitions(&db).await {
                tracing::error!(error = format!("{error:#}"), "day partitions could not be made ahead");
            }
            match sync::prune(&db, Utc::now()).await {
                Ok(pruned) => tracing::debug!(?pruned, "pruned"),
                // Each part said so already.
                Err(error) => tracing::debug!(error = %error, "not all could be pruned"),
            }
            match photos::remove_old(&db, &objects, Utc::now()).await {
                Ok(removed) => {
                    tracing::debug!(photos = removed.photos, uploads = removed.uploads, "old uploads removed")
                }
                Err(error) => tracing::error!(error = %error, "old uploads and photos could not be removed"),
            }
        }
    };
    let watched = async {
        match &database.cluster {
            Some(cluster) => Ok(cluster.watch(cancel.clone()).await?),
            None => {
                cancel.cancelled().await;
                Ok(())
            }
        }
    };
    let ended = tokio::select! {
        ended = watched => ended,
        () = partitions => Ok(()),
        () = history::keep_looking(&db) => Ok(()),
    };
    db.close();
    ended
}

async fn make_partitions(db: &Db) -> anyhow::Result<()> {
    let mut conn = db.get(Role::Owner).await?;
    Ok(migrate::partitions_ahead(&mut conn).await?)
}
