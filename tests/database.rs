//! Connections: what each is told before it is used, and what becomes of one with a transaction that nobody ends, or that nobody answers on.

use std::time::Duration;

use diesel::sql_types::{BigInt, Integer, Text};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use floorline_domain::OrgId;
use floorline_server::platform::db::{Db, OpenError, Role, execute_all, sql, together};
use floorline_server::platform::http::{ApiError, Code};
use floorline_server::platform::tenancy::TenantTx;
use serde_json::json;

use crate::harness::made::order_of;
use crate::harness::proxy::Proxy;
use crate::harness::{Fixture, Floor, PrivateDatabase, eventually, execute};

/// Longer than any single limit in time, and shorter than what a connection without one takes.
const PATIENCE: Duration = Duration::from_secs(30);

fn north() -> OrgId {
    Fixture::get().organization("north").id
}

async fn backend(tx: &mut TenantTx) -> i32 {
    #[derive(diesel::QueryableByName)]
    struct Backend {
        #[diesel(sql_type = Integer)]
        pid: i32,
    }
    let backend: Backend = sql("SELECT pg_backend_pid() AS pid").get_result(tx.conn()).await.unwrap();
    backend.pid
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_request_began_on_a_runtime_that_ended_is_undone_before_the_connection_is_used_again() {
    #[derive(diesel::QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let place = PrivateDatabase::cloned().await;
    let db = Db::new(place.url(), 1).unwrap();
    // The one connection there is lives here and not where the request runs.
    TenantTx::open(&db, north()).await.unwrap().commit().await.unwrap();
    let (worker_db, (begun, beginning)) = (db.clone(), std::sync::mpsc::channel());
    std::thread::spawn(move || {
        let worker = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let request = async move {
            let mut tx = TenantTx::open(&worker_db, north()).await.unwrap();
            tx.conn().batch_execute("UPDATE locations SET name = 'half done'").await.unwrap();
            begun.send(()).unwrap();
            std::future::pending::<()>().await;
            drop(tx);
        };
        let request = worker.spawn(request);
        worker.block_on(async {
            while beginning.try_recv().is_err() {
                tokio::task::yield_now().await
            }
        });
        // The server stops: its workers end with whatever they are at.
        drop(worker);
        drop(request);
    })
    .join()
    .unwrap();
    let mut tx = TenantTx::open(&db, north()).await.unwrap();
    let half: Count =
        sql("SELECT count(*) AS n FROM locations WHERE name = 'half done'").get_result(tx.conn()).await.unwrap();
    assert_eq!(half.n, 0);
    tx.commit().await.unwrap();
    let mut admin = AsyncPgConnection::establish(place.owner_url()).await.unwrap();
    let half: Count =
        sql("SELECT count(*) AS n FROM locations WHERE name = 'half done'").get_result(&mut admin).await.unwrap();
    assert_eq!(half.n, 0);
    db.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_could_not_roll_back_is_not_used_again() {
    let place = PrivateDatabase::cloned().await;
    let proxy = Proxy::before(place.url()).await;
    let db = Db::new(&proxy.url(), 1).unwrap();
    let mut tx = TenantTx::open(&db, north()).await.unwrap();
    let first = backend(&mut tx).await;
    proxy.lose();
    drop(tx);
    let mut tx = tokio::time::timeout(
        PATIENCE,
        eventually("another connection", async || TenantTx::open(&db, north()).await.ok()),
    )
    .await
    .unwrap();
    assert_ne!(backend(&mut tx).await, first);
    db.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_nobody_answers_on_costs_two_seconds_and_not_the_request() {
    let place = PrivateDatabase::cloned().await;
    let proxy = Proxy::before(place.url()).await;
    let db = Db::new(&proxy.url(), 1).unwrap();
    let mut tx = TenantTx::open(&db, north()).await.unwrap();
    let first = backend(&mut tx).await;
    tx.commit().await.unwrap();
    proxy.lose();
    let mut tx = tokio::time::timeout(PATIENCE, TenantTx::open(&db, north())).await.unwrap().unwrap();
    assert_ne!(backend(&mut tx).await, first);
    db.close();
}

#[derive(diesel::QueryableByName)]
struct Named {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

async fn named(db: &Db, name: &str) -> i64 {
    let mut tx = TenantTx::open(db, north()).await.unwrap();
    let named: Named = sql("SELECT count(*) AS n FROM locations WHERE name = $1")
        .bind::<Text, _>(name)
        .get_result(tx.conn())
        .await
        .unwrap();
    named.n
}

#[tokio::test(flavor = "multi_thread")]
async fn of_statements_sent_together_each_sees_what_those_before_it_did() {
    let place = PrivateDatabase::cloned().await;
    let db = Db::new(place.url(), 1).unwrap();
    // Twice, so that they are prepared at first and then not.
    for (before, after) in [("once", "twice"), ("thrice", "at last")] {
        let tx = TenantTx::open(&db, north()).await.unwrap();
        let naming = sql("UPDATE locations SET name = $1").bind::<Text, _>(before);
        let again =
            sql("UPDATE locations SET name = $1 WHERE name = $2").bind::<Text, _>(after).bind::<Text, _>(before);
        execute_all(tx.pipe(), [naming]).await.unwrap();
        let none = sql("UPDATE locations SET name = $1 WHERE name = $2").bind::<Text, _>("no").bind::<Text, _>(before);
        let ((), touched) = together(execute_all(tx.pipe(), [again]), none.execute(&mut tx.pipe())).await.unwrap();
        assert_eq!(touched, 0);
        tx.commit_with(sql("UPDATE locations SET capacity = capacity WHERE name = $1").bind::<Text, _>(after))
            .await
            .unwrap();
        assert!(named(&db, after).await > 0);
    }
    db.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_statements_are_sent_together_they_keep_their_order() {
    let place = PrivateDatabase::cloned().await;
    let db = Db::new(place.url(), 1).unwrap();
    let tx = TenantTx::open(&db, north()).await.unwrap();
    let first = sql("UPDATE locations SET name = '0'");
    let step = |n: i32| {
        let step = sql("UPDATE locations SET name = $1 WHERE name = $2");
        step.bind::<Text, _>((n + 1).to_string()).bind::<Text, _>(n.to_string())
    };
    let statements = std::iter::once(first).chain((0..300).map(step));
    let ((), last) = together(execute_all(tx.pipe(), statements), step(300).execute(&mut tx.pipe())).await.unwrap();
    assert!(last > 0);
    tx.commit().await.unwrap();
    assert!(named(&db, "301").await > 0);
    db.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_statements_sent_together_the_first_failure_is_told() {
    let place = PrivateDatabase::cloned().await;
    let db = Db::new(place.url(), 1).unwrap();
    for _ in 0..2 {
        let tx = TenantTx::open(&db, north()).await.unwrap();
        let statements = ["SELECT 1", "SELECT 1 / 0", "SELECT 'no time'::timestamptz", "SELECT 2"].map(sql);
        let error = execute_all(tx.pipe(), statements).await.unwrap_err();
        assert_eq!(error.to_string(), "division by zero");
    }
    db.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_committed_without_the_last_statement() {
    let place = PrivateDatabase::cloned().await;
    let db = Db::new(place.url(), 1).unwrap();
    // One that PostgreSQL refuses, one that it cannot even prepare, and one that is never sent: it has a value too many.
    let lasts = [sql("SELECT 1 / 0"), sql("SELECT * FROM nowhere"), sql("SELECT 1").bind::<Integer, _>(1)];
    for last in lasts {
        let mut tx = TenantTx::open(&db, north()).await.unwrap();
        tx.conn().batch_execute("UPDATE locations SET name = 'half done'").await.unwrap();
        tx.commit_with(last).await.unwrap_err();
        assert_eq!(named(&db, "half done").await, 0);
    }
    db.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_connection_commits_durably_and_speaks_english_whatever_the_database_is_set_to() {
    #[derive(diesel::QueryableByName, Debug, PartialEq)]
    struct Settings {
        #[diesel(sql_type = Text)]
        synchronous_commit: String,
        #[diesel(sql_type = Text)]
        lc_messages: String,
        #[diesel(sql_type = Text)]
        statement_timeout: String,
    }
    let place = PrivateDatabase::cloned().await;
    let name = place.url().rsplit_once('/').unwrap().1;
    execute(place.owner_url(), &format!("ALTER DATABASE {name} SET synchronous_commit = off")).await;
    let db = Db::new(place.url(), 2).unwrap();
    db.verify().await.unwrap();
    for role in Role::ALL {
        let mut conn = db.get(role).await.unwrap();
        let settings: Settings = sql("SELECT current_setting('synchronous_commit') AS synchronous_commit, \
                                      current_setting('lc_messages') AS lc_messages, \
                                      current_setting('statement_timeout') AS statement_timeout")
        .get_result(&mut conn)
        .await
        .unwrap();
        let statement_timeout = if role == Role::Owner { "5min" } else { "5s" };
        let expected = Settings {
            synchronous_commit: "on".into(),
            lc_messages: "C".into(),
            statement_timeout: statement_timeout.into(),
        };
        assert_eq!(settings, expected, "{role:?}");
    }
    db.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_cannot_be_each_of_the_four_roles_and_no_more_is_refused_at_start() {
    let place = PrivateDatabase::cloned().await;
    let above = Db::new(place.owner_url(), 2).unwrap();
    assert!(matches!(above.verify().await, Err(OpenError::UnsafeRole(_))));
    above.close();
    execute(
        place.owner_url(),
        "CREATE ROLE half_a_login LOGIN NOINHERIT; GRANT floorline_owner, floorline_app, floorline_poll TO half_a_login",
    )
    .await;
    let lacking = Db::new(&place.url().replace("floorline@", "half_a_login@"), 2).unwrap();
    let refused = lacking.verify().await.unwrap_err().to_string();
    assert!(refused.contains("floorline_brand"), "{refused}");
    lacking.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_postgresql_cannot_hold_is_a_bad_request_and_our_own_mistakes_are_not() {
    let floor = Floor::new().await;
    let said = [
        ("SELECT '-9999-01-01'::date", Code::BadRequest),
        ("SELECT '294277-01-01'::timestamptz", Code::BadRequest),
        ("SELECT 'no time'::timestamptz", Code::BadRequest),
        ("SELECT 2147483647 + 1", Code::BadRequest),
        ("SELECT 1e39::numeric(38, 2)", Code::BadRequest),
        (r#"SELECT '"\u0000"'::jsonb"#, Code::BadRequest),
        (r"SELECT convert_from('\x00', 'UTF8')", Code::BadRequest),
        ("SELECT 1 / 0", Code::Internal),
        ("SELECT * FROM nowhere", Code::Internal),
    ];
    for (statement, code) in said {
        let mut tx = floor.tenant(north()).await;
        let error = ApiError::from(tx.conn().batch_execute(statement).await.unwrap_err());
        assert_eq!(error.code(), code, "{statement}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_date_before_all_calendars_is_refused() {
    let floor = Floor::new().await;
    let north = floor.north();
    let order = north.supervisor().post("/v1/orders", order_of(1)).await.id();
    let accept = json!({ "workflow_id": north.workflow().await, "promised_delivery_date": "-9999-01-01" });
    let answer = north.supervisor().post(&format!("/v1/orders/{order}/accept"), accept).await;
    answer.assert_problem("INVALID").assert_status(422);
}
