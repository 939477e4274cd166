//! A server as a child process, for commands that play against a real one: started, killed and started again by its id.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use crate::platform::db::embedded::postmaster_pid;

/// How long a start may take: after a kill, orphaned backends of the database may hold on for up to a minute.
const START_WITHIN: Duration = Duration::from_secs(90);

/// Settings of a server, as environment.
pub(super) type Settings = &'static [(&'static str, &'static str)];

/// Where a server runs, and on what.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    /// Its folder.
    pub(super) data: PathBuf,
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// What it has in common with other servers; without it the database is its own.
    pub(super) shared: Option<Shared>,
    /// Settings beside the usual ones of a play, as environment.
    pub(super) extra: Settings,
}

/// What several servers have in common.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    /// How phones reach them.
    pub(super) public_url: String,
    /// The database, for their login.
    pub(super) database: String,
    /// The key that signs tokens.
    pub(super) signing_key: PathBuf,
    /// The folder for photos.
    pub(super) objects: PathBuf,
}

/// `floorline serve` on a port of its own.
pub(super) struct ServerChild {
    setting: Setting,
    child: Child,
}

impl ServerChild {
    /// Starts it over `data` and waits until it is ready.
    pub(super) async fn start(data: &Path, address: Option<SocketAddr>) -> anyhow::Result<Self> {
        Self::start_with(data, address, &[]).await
    }

    /// The same with settings of its own.
    pub(super) async fn start_with(data: &Path, address: Option<SocketAddr>, extra: Settings) -> anyhow::Result<Self> {
        let address = address.map_or_else(free_address, Ok)?;
        Self::start_in(Setting { data: data.to_owned(), address, shared: None, extra }).await
    }

    /// Starts it in a setting and waits until it is ready.
    pub(super) async fn start_in(setting: Setting) -> anyhow::Result<Self> {
        let child = spawn(&setting)?;
        let mut server = Self { setting, child };
        server.wait_ready().await?;
        Ok(server)
    }

    /// Its process; none once it ended.
    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Where it listens.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.setting.address)
    }

    /// Ends it without warning and starts it again.
    pub(super) async fn kill_and_restart(&mut self) -> anyhow::Result<()> {
        self.child.start_kill()?;
        self.child.wait().await?;
        self.child = spawn(&self.setting)?;
        self.wait_ready().await
    }

    /// Holds it still where it is, with all its connections and transactions.
    pub(super) fn pause(&self) -> anyhow::Result<()> {
        Ok(kill_process(self.pid()?, Signal::STOP)?)
    }

    /// Lets it go on.
    pub(super) fn resume(&self) -> anyhow::Result<()> {
        Ok(kill_process(self.pid()?, Signal::CONT)?)
    }

    /// Asks it to stop, waits until it has, and leaves it down.
    pub(super) async fn put_down(&mut self) -> anyhow::Result<()> {
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        kill_process(self.pid()?, Signal::TERM)?;
        if tokio::time::timeout(Duration::from_secs(60), self.child.wait()).await.is_err() {
            self.child.start_kill()?;
            self.child.wait().await?;
        }
        Ok(())
    }

    fn pid(&self) -> anyhow::Result<Pid> {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        pid.context("the server has ended")
    }

    /// Ends the database's postmaster without warning; the server starts it again.
    pub(super) async fn kill_postmaster(&mut self) -> anyhow::Result<()> {
        let pid = postmaster_pid(&self.setting.data).context("no postmaster is running")?;
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).context("the postmaster's id makes no sense")?;
        kill_process(pid, Signal::KILL)?;
        tokio::time::sleep(Duration::from_millis(200)).await;
        self.wait_ready().await
    }

    /// Starts it again if a kill was interrupted before it had.
    pub(super) async fn make_sure(&mut self) -> anyhow::Result<()> {
        if self.child.try_wait()?.is_some() {
            self.child = spawn(&self.setting)?;
        }
        self.wait_ready().await
    }

    /// Asks it to stop and waits until it has.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        self.put_down().await
    }

    /// Waits until the child ends by itself.
    pub(super) async fn ended(&mut self) -> anyhow::Result<()> {
        let status = self.child.wait().await?;
        anyhow::bail!("the server ended: {status}")
    }

    async fn wait_ready(&mut self) -> anyhow::Result<()> {
        let (http, deadline) = (reqwest::Client::new(), Instant::now() + START_WITHIN);
        let url = format!("{}/health/ready", self.url());
        loop {
            if let Some(status) = self.child.try_wait()? {
                anyhow::bail!(
                    "the server ended while starting: {status}; its log is {}",
                    log_path(&self.setting.data).display()
                );
            }
            if http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            anyhow::ensure!(Instant::now() < deadline, "the server was not ready within {START_WITHIN:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn spawn(setting: &Setting) -> anyhow::Result<Child> {
    let Setting { data, address, shared, extra } = setting;
    let log = std::fs::OpenOptions::new().create(true).append(true).open(log_path(data))?;
    let program = std::env::current_exe()?;
    let mut server = Command::new(program);
    server
        .arg("serve")
        .env("FLOORLINE_DATA", data)
        .env("FLOORLINE_BIND", address.to_string())
        .env("FLOORLINE_TLS", "off")
        .env("FLOORLINE_PUBLIC_URL", format!("http://{address}"))
        .env("FLOORLINE_METRICS_BIND", "127.0.0.1:0")
        .env("FLOORLINE_LOG_FORMAT", "text")
        // Everybody who plays has one address, and what a bench measures is not to be how fast we refuse.
        .env("FLOORLINE_ADDRESS_RATE", "0")
        .env("FLOORLINE_USER_RATE", "0")
        .envs(extra.iter().copied())
        .env_remove("DATABASE_URL")
        .env_remove("FLOORLINE_CONFIG")
        .stdin(Stdio::null())
        .stdout(Stdio::from(log.try_clone()?))
        .stderr(Stdio::from(log))
        .kill_on_drop(true);
    if let Some(shared) = shared {
        server
            .env("DATABASE_URL", &shared.database)
            .env("FLOORLINE_PUBLIC_URL", &shared.public_url)
            .env("FLOORLINE_SIGNING_KEY", &shared.signing_key)
            .env("FLOORLINE_OBJECTS", &shared.objects);
    }
    server.spawn().context("the server could not be started")
}

/// What the server prints.
pub(super) fn log_path(data: &Path) -> PathBuf {
    data.join("server.log")
}

/// The usual port when it is free, so that a bookmark works; else any.
fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 8080)).or_else(|_| TcpListener::bind(("127.0.0.1", 0)))?;
    Ok(listener.local_addr()?)
}
