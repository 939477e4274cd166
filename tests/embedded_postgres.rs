//! The embedded cluster, against a real PostgreSQL and real process ids.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use floorline_server::platform::db::embedded::{Cluster, ClusterError, SUPERUSER, postmaster_pid, running_url};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio_util::sync::CancellationToken;

use crate::harness::eventually;

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_made_serves_and_leaves_nothing_running() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await.unwrap();
    let pid = cluster.pid().unwrap();
    assert_eq!(postmaster_pid(folder.path()), Some(pid));
    assert_eq!(running_url(folder.path(), SUPERUSER), Some(cluster.owner_url()));
    execute(&cluster.owner_url(), "CREATE TABLE kept (id int)").await.unwrap();

    cluster.stop().await.unwrap();
    // Whoever adopted it has to reap it first.
    eventually("the postmaster's end", async || (!exists(pid)).then_some(())).await;
    assert_eq!(postmaster_pid(folder.path()), None);
    cluster.stop().await.unwrap();
    drop(cluster);

    let again = Cluster::open(folder.path()).await.unwrap();
    execute(&again.owner_url(), "INSERT INTO kept VALUES (1)").await.unwrap();
    again.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_listens_on_its_socket_only() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await.unwrap();
    execute(&cluster.owner_url(), "DO $$ BEGIN ASSERT current_setting('listen_addresses') = ''; END $$").await.unwrap();
    execute(
        &cluster.owner_url(),
        "DO $$ BEGIN ASSERT current_setting('fsync') = 'on' AND current_setting('synchronous_commit') = 'on'; END $$",
    )
    .await
    .unwrap();
    cluster.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_instance_is_refused_and_says_who_has_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = Cluster::open(folder.path()).await.unwrap();
    let refused = Cluster::open(folder.path()).await.unwrap_err();
    assert!(matches!(refused, ClusterError::Locked { .. }), "{refused}");
    assert!(
        refused.to_string().contains(&format!("in use by another Floorline (process {})", std::process::id())),
        "{refused}"
    );
    execute(&first.owner_url(), "SELECT 1").await.unwrap();
    first.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_postmaster_of_a_killed_server_is_adopted() {
    let folder = tempfile::tempdir().unwrap();
    let killed = Cluster::open(folder.path()).await.unwrap();
    let pid = killed.pid().unwrap();
    drop(killed); // gives up the lock and leaves the postmaster, as kill -9 does

    let next = Cluster::open(folder.path()).await.unwrap();
    assert_eq!(next.pid(), Some(pid));
    execute(&next.owner_url(), "SELECT 1").await.unwrap();
    next.stop().await.unwrap();
    // Whoever adopted it has to reap it first.
    eventually("its end", async || (!exists(pid)).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_postmaster_is_started_again_while_watched() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Arc::new(Cluster::open(folder.path()).await.unwrap());
    let cancel = CancellationToken::new();
    let watch = tokio::spawn({
        let (cluster, cancel) = (Arc::clone(&cluster), cancel.clone());
        async move { cluster.watch(cancel).await }
    });
    execute(&cluster.owner_url(), "CREATE TABLE kept (id int)").await.unwrap();
    // A busy backend does not notice at once that its postmaster is gone, and holds the shared memory.
    let url = cluster.owner_url();
    let busy =
        tokio::spawn(async move { execute(&url, "DO $$ BEGIN FOR i IN 1..30000000 LOOP END LOOP; END $$").await });
    let pid = cluster.pid().unwrap();
    kill(pid, Signal::KILL);

    let restarted = eventually("the restart", async || cluster.pid().filter(|now| *now != pid)).await;
    eventually("connections", async || execute(&cluster.owner_url(), "INSERT INTO kept VALUES (1)").await.ok()).await;
    let _ = busy.await.unwrap();

    cancel.cancel();
    watch.await.unwrap().unwrap();
    cluster.stop().await.unwrap();
    // Whoever adopted it has to reap it first.
    eventually("its end", async || (!exists(restarted)).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_pid_file_that_names_another_process_does_not_stop_a_start() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await.unwrap();
    cluster.stop().await.unwrap();
    drop(cluster);
    let file = folder.path().join("cluster").join("data").join("postmaster.pid");
    std::fs::write(&file, format!("{}\n/elsewhere\n1\n5432\n/run\n\n 1 1\nready\n", std::process::id())).unwrap();

    let cluster = Cluster::open(folder.path()).await.unwrap();
    assert!(cluster.pid().is_some());
    cluster.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_too_deep_for_a_socket_gets_a_short_one() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("d".repeat(100));
    std::fs::create_dir(&deep).unwrap();
    set_mode(folder.path(), 0o711);
    let cluster = Cluster::open(&deep).await.unwrap();
    execute(&cluster.owner_url(), "SELECT 1").await.unwrap();
    let socket_dir = std::fs::read_link(deep.join("cluster").join("run")).unwrap();
    cluster.stop().await.unwrap();
    std::fs::remove_dir_all(socket_dir).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_closed_to_the_other_user_still_works() {
    let folder = tempfile::tempdir().unwrap();
    set_mode(folder.path(), 0o700);
    let data = folder.path().join("data");
    let cluster = Cluster::open(&data).await.unwrap();
    execute(&cluster.owner_url(), "SELECT 1").await.unwrap();
    cluster.stop().await.unwrap();
    if let Ok(elsewhere) = std::fs::read_link(data.join("cluster")) {
        std::fs::remove_dir_all(elsewhere).unwrap();
    }
}

fn set_mode(folder: &Path, mode: u32) {
    std::fs::set_permissions(folder, Permissions::from_mode(mode)).unwrap();
}

async fn execute(url: &str, sql: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut connection = AsyncPgConnection::establish(url).await?;
    diesel::sql_query(sql).execute(&mut connection).await?;
    Ok(())
}

fn kill(pid: u32, signal: Signal) {
    kill_process(raw(pid), signal).unwrap();
}

fn exists(pid: u32) -> bool {
    test_kill_process(raw(pid)).is_ok()
}

fn raw(pid: u32) -> Pid {
    Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
}
