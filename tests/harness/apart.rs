//! A server in a process of its own: this test program once more, told to be nothing else. What a process has one of, its log and its metrics, is then
//! that server's alone.

use std::io::{BufRead as _, BufReader, Lines, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use floorline_server::platform::config::Config;
use floorline_server::platform::telemetry::{Traces, init_log};
use floorline_server::serving::Serving;
use tempfile::TempDir;

use super::PrivateDatabase;

/// What tells the program that it is the server.
const ASKED: &str = "FLOORLINE_SERVES_A_TEST";
/// What the server says when it is ready, followed by its two addresses.
const READY: &str = "ready at ";

/// The running server. It is killed with the value, unless it was stopped.
pub struct Apart {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
    folder: TempDir,
    /// Where it listens, such as `http://127.0.0.1:40123`.
    pub url: String,
    /// Where its metrics are.
    pub metrics: String,
}

impl Apart {
    /// Starts one that logs what the filter `log` lets through, with further settings.
    pub fn start(database: &PrivateDatabase, log: &str, more: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lines = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "harness::apart::serve_a_test", "--ignored", "--nocapture"])
            .env(ASKED, "1")
            .env("DATABASE_URL", database.url())
            .env("FLOORLINE_DATA", folder.path())
            .env("FLOORLINE_OBJECTS", folder.path().join("objects"))
            .env("FLOORLINE_SIGNING_KEY", signing_key(&folder))
            .env("FLOORLINE_BIND", "127.0.0.1:0")
            .env("FLOORLINE_METRICS_BIND", "127.0.0.1:0")
            .env("FLOORLINE_WORKERS", "1")
            .env("FLOORLINE_ADDRESS_RATE", "0")
            .env("FLOORLINE_USER_RATE", "0")
            .env("FLOORLINE_PASSWORD_MEMORY_KIB", "8")
            .env("FLOORLINE_PASSWORD_PASSES", "1")
            .env("FLOORLINE_LOG", log)
            .envs(more.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(lines)
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = said.find_map(|line| Some(line.unwrap().split_once(READY)?.1.to_owned()));
        let Some(ready) = ready else { panic!("no server: {}", log_in(&folder)) };
        let (url, metrics) = ready.split_once(' ').unwrap();
        Self { child, said, url: url.to_owned(), metrics: metrics.to_owned(), folder }
    }

    /// The file with the key that signs its tokens.
    pub fn signing_key(&self) -> PathBuf {
        signing_key(&self.folder)
    }

    /// Its process.
    pub fn id(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    /// Its log so far.
    pub fn log(&self) -> String {
        log_in(&self.folder)
    }

    /// Stops it as an operator does, and gives its whole log.
    pub fn stop(mut self) -> String {
        drop(self.child.stdin.take());
        // It reports on itself as any test does, and fails where nobody listens.
        self.said.by_ref().for_each(drop);
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {}", self.log());
        self.log()
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn signing_key(folder: &TempDir) -> PathBuf {
    let file = folder.path().join("signing_key.pem");
    floorline_server::platform::tenancy::SigningKeys::read_or_make(&file).unwrap();
    file
}

fn log_in(folder: &TempDir) -> String {
    std::fs::read_to_string(folder.path().join("log")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "is the server of other tests, which start it"]
async fn serve_a_test() {
    if std::env::var_os(ASKED).is_none() {
        return;
    }
    let config = Config::load(None).unwrap();
    let traces = init_log(&config.telemetry, "info").unwrap();
    let serving = Serving::start(&config).await.unwrap();
    // Past what the test program captures, were it told to.
    let ready = format!("{READY}http://{} http://{}/metrics", serving.address, serving.metrics.unwrap());
    writeln!(std::io::stdout(), "{ready}").unwrap();
    // Until whoever started it says, or is gone.
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await.unwrap().unwrap();
    serving.stop().await.unwrap();
    tokio::task::spawn_blocking(|| traces.map(Traces::stop)).await.unwrap();
}
