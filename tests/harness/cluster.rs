//! One PostgreSQL cluster a test run, with the template every test's database is cloned from.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use floorline_server::platform::db::embedded::{Cluster, DATABASE, LOGIN, SUPERUSER};
use floorline_server::platform::db::migrate;
use tokio::sync::OnceCell;

static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();

/// The cluster of this run, started by the first test that asks.
async fn cluster() -> &'static Cluster {
    CLUSTER.get_or_init(start).await
}

/// Clones the migrated template.
pub(crate) async fn clone_template(name: &str) {
    let mut admin = connect("postgres").await;
    run(&mut admin, &format!("CREATE DATABASE {name} TEMPLATE {DATABASE}")).await;
}

/// Removes a test's database, whoever is still connected to it.
pub(crate) async fn drop_database(name: &str) {
    let mut admin = connect("postgres").await;
    run(&mut admin, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
}

/// The address of a database for the server's own login, which row-level security holds in tests as it does outside of them.
pub(crate) async fn server_url(name: &str) -> String {
    cluster().await.url(LOGIN, name)
}

/// A superuser's connection, for setting a stage and looking behind it.
pub(crate) async fn connect(name: &str) -> AsyncPgConnection {
    AsyncPgConnection::establish(&cluster().await.url(SUPERUSER, name)).await.unwrap()
}

async fn start() -> Cluster {
    let folder = tempfile::tempdir().unwrap().keep();
    let cluster = Cluster::open(&folder).await.unwrap();
    clean_up_after_this_process(cluster.pid().unwrap(), &folder);
    let mut admin = AsyncPgConnection::establish(&cluster.url(SUPERUSER, "postgres")).await.unwrap();
    // What survives a power cut is not tested here; what survives a kill -9 still is.
    run(&mut admin, "ALTER SYSTEM SET fsync = off").await;
    run(&mut admin, "SELECT pg_reload_conf()").await;
    migrate::up(&cluster.owner_url()).await.unwrap();
    cluster.make_login().await.unwrap();
    cluster
}

async fn run(connection: &mut AsyncPgConnection, statement: &str) {
    diesel::sql_query(statement).execute(connection).await.unwrap();
}

/// Statics are never dropped and a test may be killed. So a shell waits until the pipe to this process closes, however that happens, and then cleans up.
fn clean_up_after_this_process(postmaster: u32, folder: &Path) {
    let script = r#"read -r _; kill -INT "$1"; while kill -0 "$1" 2>/dev/null; do sleep 0.1; done; rm -rf "$(readlink -f "$2/cluster")" "$2""#;
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(script).arg("sh").arg(postmaster.to_string()).arg(folder);
    shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    // Forgotten on purpose: its end of the pipe must live as long as the process.
    std::mem::forget(shell.spawn().unwrap());
}
