//! One PostgreSQL for the whole run, one database a test.
//!
//! The cluster is made when the first test asks, in a temporary folder. Rust runs nothing at the end of a test binary, and a test run may be
//! killed; so a small shell watches a pipe that only this process holds, and when it breaks, for whatever reason, stops the cluster and
//! removes its folder.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use floorline_server::platform::db::Db;
use floorline_server::platform::db::embedded::{Cluster, LOGIN, SUPERUSER};
use floorline_server::platform::db::migrate;

use super::fixtures::Fixture;

const TEMPLATE: &str = "floor_template";
const EMPTY: &str = "template1";

/// A database that is dropped with the value.
pub struct PrivateDatabase {
    name: String,
    url: String,
    owner_url: String,
}

impl PrivateDatabase {
    /// A copy of the migrated template, fixtures included.
    pub async fn cloned() -> Self {
        Self::from(TEMPLATE).await
    }

    /// A database without a single table.
    pub async fn empty() -> Self {
        Self::from(EMPTY).await
    }

    async fn from(template: &'static str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        // The first test waits here for the cluster; the others of its runtime go on.
        let run = tokio::task::spawn_blocking(|| &*RUN).await.unwrap();
        let name = format!("floor_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        execute(&run.cluster.url(SUPERUSER, "postgres"), &format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        Self { url: run.cluster.url(LOGIN, &name), owner_url: run.cluster.url(SUPERUSER, &name), name }
    }

    /// The address for the server's login.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address for the superuser, whom row-level security does not hold: migrations, and looking at everything.
    pub fn owner_url(&self) -> &str {
        &self.owner_url
    }
}

impl Drop for PrivateDatabase {
    fn drop(&mut self) {
        // Dropped in the background: no test waits for it, and it may still have connections.
        let _ = RUN.sweep.lock().map(|sweep| sweep.send(self.name.clone()));
    }
}

/// What one run of the tests shares.
struct Run {
    cluster: Cluster,
    sweep: std::sync::Mutex<Sender<String>>,
    /// It waits for the end of a pipe that only the end of this process closes.
    _watch: Child,
}

static RUN: LazyLock<Run> = LazyLock::new(|| apart(start()));

async fn start() -> Run {
    let folder = tempfile::tempdir().unwrap().keep();
    let watch = watch(&folder);
    let cluster = Cluster::open(&folder).await.unwrap();
    let maintenance = cluster.url(SUPERUSER, "postgres");
    // What a killed PostgreSQL would lose still counts (synchronous_commit stays on); what a power cut would lose does not.
    for setting in ["fsync = off", "full_page_writes = off", "max_connections = 500", "autovacuum = off"] {
        execute(&maintenance, &format!("ALTER SYSTEM SET {setting}")).await;
    }
    cluster.stop().await.unwrap();
    drop(cluster);
    let cluster = Cluster::open(&folder).await.unwrap();
    make_template(&cluster).await;
    let (sweep, names) = channel();
    let maintenance = cluster.url(SUPERUSER, "postgres");
    std::thread::spawn(move || drop_databases(&maintenance, &names));
    Run { cluster, sweep: sweep.into(), _watch: watch }
}

async fn make_template(cluster: &Cluster) {
    let maintenance = cluster.url(SUPERUSER, "postgres");
    execute(&maintenance, &format!("CREATE DATABASE {TEMPLATE}")).await;
    migrate::up(&cluster.url(SUPERUSER, TEMPLATE)).await.unwrap();
    cluster.make_login().await.unwrap();
    let db = Db::new(&cluster.url(LOGIN, TEMPLATE), 2).unwrap();
    db.verify().await.unwrap();
    Fixture::make(&db).await;
    db.close();
    // A template must have no connections; closed ones take a moment to be gone.
    execute(
        &maintenance,
        &format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{TEMPLATE}'; \
             ALTER DATABASE {TEMPLATE} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false"
        ),
    )
    .await;
}

fn drop_databases(maintenance: &str, names: &Receiver<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for name in names {
        runtime.block_on(execute(maintenance, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")));
    }
}

/// A shell that waits for the end of this process, then stops the cluster in `folder` and removes it.
fn watch(folder: &Path) -> Child {
    const SCRIPT: &str = r#"
        read -r _ || true
        home=$(readlink -f "$1/cluster") || home=$1/cluster
        pid=$(head -n 1 "$home/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid" 2>/dev/null
        tries=0
        while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
        run=$(readlink -f "$home/run") && rm -rf "$run"
        rm -rf "$home" "$1"
    "#;
    Command::new("sh")
        .args(["-c", SCRIPT, "watch"])
        .arg(folder)
        // Not of the terminal's group: an interrupt typed there must not end it before the tests.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Runs statements, each in a transaction of its own where it must be.
pub async fn execute(url: &str, statements: &str) {
    let mut connection = AsyncPgConnection::establish(url).await.unwrap();
    if let Err(error) = connection.batch_execute(statements).await {
        panic!("{statements}: {error}");
    }
}

/// The number `n` that a query gives, of all organisations.
pub async fn count(url: &str, query: &str) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        n: i64,
    }
    let mut connection = AsyncPgConnection::establish(url).await.unwrap();
    let row: Row = diesel::sql_query(query).get_result(&mut connection).await.unwrap();
    row.n
}

/// Runs on a thread and a runtime of its own: what is made for all tests must not end with the runtime of one.
fn apart<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    std::thread::spawn(move || runtime().block_on(work)).join().unwrap()
}
