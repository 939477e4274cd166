//! A database that goes away in the middle of things: nobody gets a 500, nothing half-done stays, and the next request works.

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use floorline_server::platform::db::Role;
use floorline_server::platform::http::Code;
use floorline_server::platform::tenancy::TenantTx;

use crate::harness::{Floor, eventually};

/// Ends the server's sessions that wait for a lock, as a network that fails would.
const CUT: &str = "SELECT count(pg_terminate_backend(pid)) AS count FROM pg_stat_activity \
                   WHERE datname = current_database() AND usename = 'floorline' AND wait_event_type = 'Lock'";
/// Ends all of the server's sessions.
const CUT_ALL: &str = "SELECT count(pg_terminate_backend(pid)) AS count FROM pg_stat_activity \
                       WHERE datname = current_database() AND usename = 'floorline'";
/// Ends them, and answers when they are gone.
const END_ALL: &str = "SELECT count(pg_terminate_backend(pid, 10000)) AS count FROM pg_stat_activity \
                       WHERE datname = current_database() AND usename = 'floorline'";

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

async fn admin(floor: &Floor) -> AsyncPgConnection {
    AsyncPgConnection::establish(floor.database().owner_url()).await.unwrap()
}

async fn count(admin: &mut AsyncPgConnection, query: &str) -> i64 {
    let row: Count = diesel::sql_query(query).get_result(admin).await.unwrap();
    row.count
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cut_in_the_middle_of_a_request_is_503_and_the_next_request_works() {
    let floor = Floor::new().await;
    let (mut holder, mut cutter) = (admin(&floor).await, admin(&floor).await);
    holder.batch_execute("BEGIN; LOCK TABLE locations IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let waiting = floor.north().supervisor();
    let request = tokio::spawn(async move { waiting.get("/v1/locations").await });
    eventually("a session that waits", async || Some(count(&mut cutter, CUT).await).filter(|cut| *cut > 0)).await;
    let answer = request.await.unwrap();
    answer.assert_problem("DB_BUSY").assert_status(503);
    assert!(answer.header("retry-after").is_some());

    holder.batch_execute("COMMIT").await.unwrap();
    floor.north().supervisor().get("/v1/locations").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_is_not_given_in_time_is_503() {
    let floor = Floor::new().await;
    let mut holder = admin(&floor).await;
    holder.batch_execute("BEGIN; LOCK TABLE locations IN ACCESS EXCLUSIVE MODE").await.unwrap();
    floor.north().supervisor().get("/v1/locations").await.assert_problem("ROW_LOCKED").assert_status(503);
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_that_died_are_replaced_without_anybody_noticing_more_than_a_retry() {
    let floor = Floor::new().await;
    floor.north().supervisor().get("/v1/locations").await.assert_status(200);
    assert!(count(&mut admin(&floor).await, CUT_ALL).await > 0);
    let supervisor = floor.north().supervisor();
    eventually("an answer", async || {
        let answer = supervisor.get("/v1/locations").await;
        assert!([200, 503].contains(&answer.status), "{}", answer.status);
        (answer.status == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_died_while_nobody_used_them_cost_nobody_an_error() {
    let floor = Floor::new().await;
    let org = floor.north().id();
    let mut admin = admin(&floor).await;
    for _ in 0..3 {
        // Several at once, so that several lie idle.
        let (first, second) = tokio::join!(TenantTx::open(&floor.app.db, org), TenantTx::open(&floor.app.db, org));
        first.unwrap().commit().await.unwrap();
        second.unwrap().commit().await.unwrap();
        assert!(count(&mut admin, END_ALL).await >= 2);
        TenantTx::open(&floor.app.db, org).await.unwrap().commit().await.unwrap();
        drop(floor.app.db.get(Role::App).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_whose_connection_died_says_busy_at_its_commit_and_leaves_nothing() {
    let floor = Floor::new().await;
    let org = floor.north().id();
    let mut tx = TenantTx::open(&floor.app.db, org).await.unwrap();
    tx.conn().batch_execute("UPDATE locations SET name = 'half done'").await.unwrap();
    let mut admin = admin(&floor).await;
    assert!(count(&mut admin, CUT_ALL).await > 0);
    let error = tx.commit().await.unwrap_err();
    assert_eq!(error.code(), Code::DbBusy, "{error}");
    assert_eq!(count(&mut admin, "SELECT count(*) FROM locations WHERE name = 'half done'").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_client_hung_up_leaves_no_open_transaction() {
    let floor = Floor::new().await;
    let (mut holder, mut watcher) = (admin(&floor).await, admin(&floor).await);
    holder.batch_execute("BEGIN; LOCK TABLE locations IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let waiting = floor.north().supervisor();
    let request = tokio::spawn(async move { waiting.get("/v1/locations").await });
    const WAITING: &str = "SELECT count(*) AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    eventually("a session that waits", async || Some(count(&mut watcher, WAITING).await).filter(|n| *n > 0)).await;
    request.abort();
    holder.batch_execute("COMMIT").await.unwrap();
    const OPEN: &str = "SELECT count(*) AS count FROM pg_stat_activity \
                        WHERE datname = current_database() AND usename = 'floorline' AND xact_start IS NOT NULL";
    eventually("no open transaction", async || (count(&mut watcher, OPEN).await == 0).then_some(())).await;
}
