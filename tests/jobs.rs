//! The job queue, on a real database.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Integer, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use floorline_domain::OrgId;
use floorline_server::platform::jobs::{Job, NewJob, Permanent, Registry, Runner, Wake, enqueue, finish};
use floorline_server::platform::tenancy::TenantTx;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::harness::database::Database;
use crate::harness::eventually;

const PATIENCE: Duration = Duration::from_secs(20);

#[derive(QueryableByName, Debug, PartialEq, Eq)]
struct Row {
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Integer)]
    attempts: i32,
    #[diesel(sql_type = Nullable<Text>)]
    last_error: Option<String>,
}

/// A runner of this test's jobs, and the way to stop it.
struct Running {
    cancel: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    fn start(database: &Database, registry: Registry, wake: &Wake, drain: Duration) -> Self {
        let cancel = CancellationToken::new();
        let runner = Runner::new(database.db.clone(), registry, wake.clone(), 4, Uuid::now_v7());
        Self { task: tokio::spawn(runner.run(cancel.clone(), drain)), cancel }
    }

    async fn stop(self) {
        self.cancel.cancel();
        self.task.await.unwrap();
    }
}

async fn write(database: &Database, org: OrgId, kind: &'static str, run_at: chrono::DateTime<Utc>) -> Uuid {
    let id = Uuid::now_v7();
    let mut tx = TenantTx::open(&database.db, org).await.unwrap();
    enqueue(&mut tx, &[NewJob { id, kind, payload: json!({"n": 1}), run_at }]).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn row(admin: &mut AsyncPgConnection, id: Uuid) -> Row {
    let query = diesel::sql_query("SELECT state, attempts, last_error FROM jobs WHERE id = $1");
    query.bind::<diesel::sql_types::Uuid, _>(id).get_result(admin).await.unwrap()
}

async fn until_state(admin: &mut AsyncPgConnection, id: Uuid, state: &str) -> Row {
    eventually(state, async || Some(row(admin, id).await).filter(|row| row.state == state)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_all_organisations_run_once_each() {
    let database = Database::new().await;
    let runs = Arc::new(Semaphore::new(0));
    let wake = Wake::default();
    let registry = || {
        let runs = Arc::clone(&runs);
        Registry::default().on("count", move |job: Job| {
            let runs = Arc::clone(&runs);
            async move {
                assert_eq!(job.payload, json!({"n": 1}));
                runs.add_permits(1);
                Ok(())
            }
        })
    };
    let mut ids = Vec::new();
    for n in 0..40 {
        ids.push(write(&database, if n % 2 == 0 { database.org } else { database.other }, "count", Utc::now()).await);
    }
    let (first, second) = (
        Running::start(&database, registry(), &wake, PATIENCE),
        Running::start(&database, registry(), &wake, PATIENCE),
    );
    let mut admin = database.admin().await;
    for id in ids {
        assert_eq!(until_state(&mut admin, id, "done").await.attempts, 1);
    }
    assert_eq!(runs.available_permits(), 40);
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_a_change_that_was_rolled_back_does_not_exist() {
    let database = Database::new().await;
    let id = Uuid::now_v7();
    let mut tx = TenantTx::open(&database.db, database.org).await.unwrap();
    enqueue(&mut tx, &[NewJob { id, kind: "never", payload: json!({}), run_at: Utc::now() }]).await.unwrap();
    drop(tx);
    let mut admin = database.admin().await;
    let rows: Vec<Row> =
        diesel::sql_query("SELECT state, attempts, last_error FROM jobs").load(&mut admin).await.unwrap();
    assert_eq!(rows, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_job_runs_again_after_a_pause_and_a_panic_is_a_failure() {
    let database = Database::new().await;
    let tries = Arc::new(AtomicUsize::new(0));
    let registry = {
        let tries = Arc::clone(&tries);
        Registry::default().on("flaky", move |_| {
            let before = tries.fetch_add(1, Ordering::SeqCst);
            async move {
                assert_ne!(before, 0, "the first run panics");
                Ok(())
            }
        })
    };
    let id = write(&database, database.org, "flaky", Utc::now()).await;
    let running = Running::start(&database, registry, &Wake::default(), PATIENCE);
    let mut admin = database.admin().await;
    let done = until_state(&mut admin, id, "done").await;
    assert_eq!((done.attempts, done.last_error), (2, None));
    assert_eq!(AtomicUsize::load(&tries, Ordering::SeqCst), 2);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_cannot_succeed_and_one_that_failed_too_often_are_dead() {
    let database = Database::new().await;
    let registry = Registry::default()
        .on("hopeless", |_| async { Err(Permanent("there is no such photo".to_owned()).into()) })
        .on("unlucky", |_| async { Err(anyhow::anyhow!("the mail server is away")) });
    let hopeless = write(&database, database.org, "hopeless", Utc::now()).await;
    let unlucky = write(&database, database.org, "unlucky", Utc::now()).await;
    let mut admin = database.admin().await;
    admin.batch_execute("UPDATE jobs SET max_attempts = 1 WHERE kind = 'unlucky'").await.unwrap();
    let running = Running::start(&database, registry, &Wake::default(), PATIENCE);
    let dead = until_state(&mut admin, hopeless, "dead").await;
    assert_eq!((dead.attempts, dead.last_error.as_deref()), (1, Some("there is no such photo")));
    let dead = until_state(&mut admin, unlucky, "dead").await;
    assert_eq!((dead.attempts, dead.last_error.as_deref()), (1, Some("the mail server is away")));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_server_died_is_taken_over_and_the_dead_server_can_no_longer_finish_it() {
    let database = Database::new().await;
    let id = write(&database, database.org, "slow", Utc::now()).await;
    let mut admin = database.admin().await;
    let abandoned =
        "UPDATE jobs SET state = 'running', attempts = 1, leased_by = 'gone', leased_until = now() - interval '1 s'";
    admin.batch_execute(abandoned).await.unwrap();
    let running =
        Running::start(&database, Registry::default().on("slow", |_| async { Ok(()) }), &Wake::default(), PATIENCE);
    assert_eq!(until_state(&mut admin, id, "done").await.attempts, 2);

    let first =
        Job { org: database.org, id, kind: "slow".to_owned(), payload: json!({}), attempt: 1, max_attempts: 10 };
    let mut tx = TenantTx::open(&database.db, database.org).await.unwrap();
    let lost = finish(&mut tx, &first).await.unwrap_err();
    assert!(lost.to_string().contains("lost to another runner"), "{lost}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_waits_for_its_time_and_for_a_handler() {
    let database = Database::new().await;
    let later = write(&database, database.org, "known", Utc::now() + TimeDelta::hours(1)).await;
    let unknown = write(&database, database.org, "unknown", Utc::now()).await;
    let known = write(&database, database.org, "known", Utc::now()).await;
    let running =
        Running::start(&database, Registry::default().on("known", |_| async { Ok(()) }), &Wake::default(), PATIENCE);
    let mut admin = database.admin().await;
    until_state(&mut admin, known, "done").await;
    eventually("the failed run", async || row(&mut admin, unknown).await.last_error).await;
    assert_eq!(row(&mut admin, later).await, Row { state: "queued".to_owned(), attempts: 0, last_error: None });
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_waits_for_jobs_under_way_and_gives_back_what_takes_too_long() {
    let database = Database::new().await;
    let started = Arc::new(Semaphore::new(0));
    let gate = Arc::new(Semaphore::new(0));
    let registry = {
        let (started, gate) = (Arc::clone(&started), Arc::clone(&gate));
        Registry::default().on("polite", move |_| {
            let (started, gate) = (Arc::clone(&started), Arc::clone(&gate));
            async move {
                started.add_permits(1);
                let _ = gate.acquire().await;
                Ok(())
            }
        })
    };
    let polite = write(&database, database.org, "polite", Utc::now()).await;
    let running = Running::start(&database, registry, &Wake::default(), PATIENCE);
    let _ = started.acquire().await.unwrap();
    running.cancel.cancel();
    gate.add_permits(1);
    running.stop().await;
    let mut admin = database.admin().await;
    assert_eq!(row(&mut admin, polite).await.state, "done");

    let endless = write(&database, database.org, "endless", Utc::now()).await;
    let registry = Registry::default().on("endless", |_| std::future::pending());
    let running = Running::start(&database, registry, &Wake::default(), Duration::from_millis(300));
    until_state(&mut admin, endless, "running").await;
    running.stop().await;
    assert_eq!(row(&mut admin, endless).await, Row { state: "queued".to_owned(), attempts: 0, last_error: None });
}

#[tokio::test(flavor = "multi_thread")]
async fn the_poller_sees_that_a_job_waits_but_not_what_it_carries() {
    use floorline_server::platform::db::Role;
    let database = Database::new().await;
    write(&database, database.org, "secret", Utc::now()).await;
    let mut poller = database.db.get(Role::Poll).await.unwrap();
    poller.batch_execute("SELECT org_id, id FROM jobs").await.unwrap();
    let refused = poller.batch_execute("SELECT payload FROM jobs").await.unwrap_err();
    assert!(refused.to_string().contains("permission denied"), "{refused}");
}
