//! The postmaster process: started, found, awaited and stopped. Signals go to its process id and to nothing else.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use super::binaries::{Binaries, major_version};
use super::home::{Home, at};
use super::{ClusterError, SUPERUSER};

/// How long a start is tried again: orphaned backends of a killed postmaster finish their statement before they notice.
const START_PATIENCE: Duration = Duration::from_secs(60);
/// How long a started postmaster may take to accept connections: it may have to replay its log first.
const READY_PATIENCE: Duration = Duration::from_secs(300);
const STOP_PATIENCE: Duration = Duration::from_secs(20);
const DROP_PATIENCE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(20);
const TRY_EVERY: Duration = Duration::from_millis(250);
/// A log larger than this is put aside (one generation) before the next start.
const LOG_LIMIT: u64 = 16 * 1024 * 1024;
/// How much of the log an error quotes.
const LOG_QUOTE: usize = 800;

/// Which failed starts are tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Retry {
    /// Only those that end by themselves: leftovers of a killed postmaster.
    Leftovers,
    /// All of them: the cluster ran a moment ago.
    Everything,
}

/// What `postmaster.pid` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Running {
    pub(super) pid: u32,
    pub(super) socket_dir: PathBuf,
    status: String,
}

/// Everything needed to run the postmaster of one home.
#[derive(Debug)]
pub(super) struct Postmaster {
    home: Home,
    binaries: Binaries,
}

impl Postmaster {
    /// Picks the programs for the home's cluster, and makes the cluster if there is none.
    pub(super) async fn prepare(home: Home) -> Result<Self, ClusterError> {
        let version = fs::read_to_string(home.data().join("PG_VERSION")).ok();
        let postmaster = Self { binaries: Binaries::find(version.as_deref().and_then(major_version))?, home };
        if version.is_none() {
            postmaster.init().await?;
        }
        Ok(postmaster)
    }

    /// Finds the living postmaster of this cluster, or starts it; returns when it accepts connections.
    /// Cancelling ends the attempts, never one half way.
    pub(super) async fn ensure(&self, retry: Retry, cancel: &CancellationToken) -> Result<Running, ClusterError> {
        let deadline = Instant::now() + START_PATIENCE;
        loop {
            if let Some(running) = find(&self.home.data()) {
                if self.settled(&running).await {
                    return Ok(running);
                }
                continue;
            }
            self.forget_stranger();
            match self.start().await? {
                Ok(running) => return Ok(running),
                Err(detail) if Instant::now() > deadline || !(retry == Retry::Everything || is_leftover(&detail)) => {
                    return Err(ClusterError::Start { detail });
                }
                Err(detail) => {
                    tracing::warn!(detail, "PostgreSQL did not start; trying again");
                    if cancel.run_until_cancelled(tokio::time::sleep(TRY_EVERY)).await.is_none() {
                        return Err(ClusterError::Start { detail });
                    }
                }
            }
        }
    }

    /// The living postmaster of this cluster, whoever started it.
    pub(super) fn find(&self) -> Option<Running> {
        find(&self.home.data())
    }

    /// Ends the postmaster and waits until it is gone: sessions are ended in order first, dropped if that takes too long.
    pub(super) async fn stop(&self) -> Result<(), ClusterError> {
        for (signal, patience) in [(Signal::INT, STOP_PATIENCE), (Signal::QUIT, DROP_PATIENCE)] {
            let Some(running) = self.find() else { return Ok(()) };
            send(running.pid, signal);
            let deadline = Instant::now() + patience;
            while self.find().is_some_and(|now| now.pid == running.pid) && Instant::now() < deadline {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
        self.find().map_or(Ok(()), |running| Err(ClusterError::Stop { pid: running.pid }))
    }

    async fn init(&self) -> Result<(), ClusterError> {
        let unfinished = self.home.unfinished();
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(at(&unfinished))?;
        }
        let mut initdb = self.command("initdb");
        initdb.arg("--pgdata").arg(&unfinished);
        initdb.args([
            "--username",
            SUPERUSER,
            "--auth-local=trust",
            "--auth-host=reject",
            "--encoding=UTF8",
            "--data-checksums",
            "--no-instructions",
        ]);
        // Text sorts by bytes (stable pages, cheap indexes); upper and lower case know all letters.
        initdb.args([
            "--locale=C",
            if cfg!(target_os = "macos") { "--lc-ctype=en_US.UTF-8" } else { "--lc-ctype=C.UTF-8" },
        ]);
        let output = initdb
            .stdin(Stdio::null())
            .output()
            .await
            .map_err(|source| ClusterError::Run { program: "initdb".to_owned(), source })?;
        if !output.status.success() {
            return Err(ClusterError::Init { output: String::from_utf8_lossy(&output.stderr).trim().to_owned() });
        }
        let data = self.home.data();
        fs::rename(&unfinished, &data).map_err(at(&data))
    }

    /// One attempt. The inner error is what the log says about a postmaster that ended again.
    async fn start(&self) -> Result<Result<Running, String>, ClusterError> {
        self.home.write_settings(&self.home.socket_dir()?)?;
        let log = self.home.log();
        let (file, begin) = open_log(&log).map_err(at(&log))?;
        let mut postgres = self.command("postgres");
        postgres.arg("-D").arg(self.home.data());
        // A group of its own: an interrupt typed at the terminal is ours to handle, the database goes last.
        postgres.process_group(0).stdin(Stdio::null()).stdout(file.try_clone().map_err(at(&log))?).stderr(file);
        let child = postgres.spawn().map_err(|source| ClusterError::Run { program: "postgres".to_owned(), source })?;
        let deadline = Instant::now() + READY_PATIENCE;
        Ok(self.await_ready(child, deadline).await.map_err(|status| format!("{status}: {}", quote(&log, begin))))
    }

    async fn await_ready(&self, mut child: Child, deadline: Instant) -> Result<Running, String> {
        let pid = child.id();
        loop {
            if let Some(status) = child.try_wait().ok().flatten() {
                return Err(describe(status));
            }
            match self.find() {
                Some(running) if Some(running.pid) == pid && running.is_ready() => return Ok(running),
                _ if Instant::now() > deadline => {
                    return Err(format!("not ready after {} s", READY_PATIENCE.as_secs()));
                }
                _ => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }

    /// Waits while a postmaster that was found is starting or stopping. True: it serves. False: it is gone.
    async fn settled(&self, running: &Running) -> bool {
        loop {
            match self.find() {
                Some(now) if now.pid == running.pid && now.is_ready() => return true,
                Some(now) if now.pid == running.pid => tokio::time::sleep(LOOK_EVERY).await,
                _ => return false,
            }
        }
    }

    /// A pid file naming a process that exists but is not our postmaster (a zombie, or a stranger after a reboot) makes PostgreSQL refuse for ever. We hold the
    /// folder's lock and have looked, so we may remove it; the shared memory is still checked by PostgreSQL itself.
    fn forget_stranger(&self) {
        let file = pid_file(&self.home.data());
        let exists = read(&self.home.data())
            .and_then(|running| to_pid(running.pid))
            .is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok());
        if exists {
            tracing::warn!(file = %file.display(), "removing a pid file that names another process");
            let _ = fs::remove_file(file);
        }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.binaries.program(program));
        command.env_clear().env("LC_ALL", "C").envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.current_dir("/");
        if let Some(account) = self.home.account {
            command.uid(account.uid).gid(account.gid);
        }
        command
    }
}

impl Running {
    fn is_ready(&self) -> bool {
        self.status == "ready"
    }
}

/// The living postmaster of the cluster in `data`.
pub(super) fn find(data: &Path) -> Option<Running> {
    read(data).filter(|running| is_postmaster_of(running.pid, data))
}

fn pid_file(data: &Path) -> PathBuf {
    data.join("postmaster.pid")
}

fn read(data: &Path) -> Option<Running> {
    parse(&fs::read_to_string(pid_file(data)).ok()?)
}

/// Lines of `postmaster.pid`: pid, data directory, start time, port, socket directory, address, shared memory, status.
fn parse(text: &str) -> Option<Running> {
    let mut lines = text.lines().map(str::trim);
    let pid = lines.next()?.parse().ok()?;
    let socket_dir = PathBuf::from(lines.nth(3).unwrap_or_default());
    let status = lines.nth(2).unwrap_or_default().to_owned();
    Some(Running { pid, socket_dir, status })
}

/// A process id alone proves nothing: it may be a zombie's, or somebody else's by now. A postmaster works in its data directory.
#[cfg(target_os = "linux")]
fn is_postmaster_of(pid: u32, data: &Path) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    let state = stat.rsplit(')').next().and_then(|rest| rest.trim_start().chars().next());
    let dead = matches!(state, None | Some('Z' | 'X'));
    !dead
        && fs::read_link(format!("/proc/{pid}/cwd"))
            .is_ok_and(|cwd| fs::canonicalize(data).is_ok_and(|data| data == cwd))
}

#[cfg(not(target_os = "linux"))]
fn is_postmaster_of(pid: u32, _data: &Path) -> bool {
    let output = std::process::Command::new("ps").args(["-o", "stat=,comm=", "-p", &pid.to_string()]).output();
    output.is_ok_and(|output| {
        let line = String::from_utf8_lossy(&output.stdout);
        !line.trim_start().starts_with('Z') && line.contains("postgres")
    })
}

fn to_pid(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

fn send(pid: u32, signal: Signal) {
    if let Some(Err(error)) = to_pid(pid).map(|pid| kill_process(pid, signal)) {
        tracing::warn!(pid, %error, "cannot signal PostgreSQL");
    }
}

fn is_leftover(detail: &str) -> bool {
    detail.contains("shared memory") || detail.contains("lock file")
}

fn describe(status: ExitStatus) -> String {
    status.code().map_or_else(|| status.to_string(), |code| format!("exit code {code}"))
}

/// Opens the log for appending and says where this attempt begins.
fn open_log(path: &Path) -> std::io::Result<(File, u64)> {
    if fs::metadata(path).is_ok_and(|found| found.len() > LOG_LIMIT) {
        fs::rename(path, path.with_extension("old"))?;
    }
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    let begin = file.metadata()?.len();
    Ok((file, begin))
}

/// What was logged since `begin`, its end if it is long.
fn quote(path: &Path, begin: u64) -> String {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(begin))?;
        file.read_to_end(&mut bytes)
    });
    if let Err(error) = read {
        return error.to_string();
    }
    let text = String::from_utf8_lossy(&bytes);
    let skip = text.chars().count().saturating_sub(LOG_QUOTE);
    text.chars().skip(skip).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_file_is_read_while_it_grows() {
        let started = "4711\n/data\n1763600000\n5432\n/run/here\n\n  12345  7\nready   \n";
        assert_eq!(
            parse(started),
            Some(Running { pid: 4711, socket_dir: "/run/here".into(), status: "ready".to_owned() })
        );
        assert!(parse("4711\n/data\n").is_some_and(|running| !running.is_ready()));
        assert_eq!(parse(""), None);
    }

    #[test]
    fn this_test_is_no_postmaster() {
        assert!(!is_postmaster_of(std::process::id(), Path::new("/nowhere")));
    }
}
