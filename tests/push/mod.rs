//! Push: who is told what on which phone, against a local Firebase and a local push service that speak the true protocols.

mod browsers;
mod firebase;
mod quiet_hours;
mod registering;
mod telling;

use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::{Double, Integer, Nullable, Text};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};
use floorline_server::identity::push::Push;
use floorline_server::job_registry::job_registry;
use floorline_server::platform::config;
use floorline_server::platform::jobs::Runner;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::harness::firebase::Firebase;
use crate::harness::{At, Client, Floor, Phone, count, eventually, execute};

/// A server that sends so.
async fn floor(settings: &config::Push) -> Floor {
    let push = Push::new(settings).unwrap();
    Floor::with(|app| app.push = push).await
}

/// A server that sends over this Firebase, and the operator's phone, registered there as `token`.
async fn reached(firebase: &Firebase, token: &str) -> (Floor, Phone) {
    let floor = floor(&firebase.settings()).await;
    let phone = floor.north().phone().await;
    register(&floor.north().operator(), &phone, json!({ "kind": "fcm", "address": token })).await;
    (floor, phone)
}

async fn register(by: &Client, phone: &Phone, subscription: Value) {
    by.put(&format!("/v1/devices/{}/push", phone.id), subscription).await.assert_status(200);
}

/// A new item of the north.
async fn item(at: At<'_>) -> String {
    let order = at.accepted_order(1).await;
    at.items_of(&order).await[0]["id"].as_str().unwrap().to_owned()
}

/// The supervisor gives the operator an item.
async fn assign(floor: &Floor, item: &str) {
    let to = json!({ "user_id": floor.north().person("operator").id });
    floor.north().supervisor().post(&format!("/v1/items/{item}/assign"), to).await.assert_status(200);
}

/// Runs jobs until `done`.
async fn working<T>(floor: &Floor, what: &str, done: impl AsyncFnMut() -> Option<T>) -> T {
    let (stop, app) = (CancellationToken::new(), &floor.app);
    let runner = Runner::new(app.db.clone(), job_registry(app), app.jobs.clone(), 1, Uuid::now_v7());
    let runner = tokio::spawn(runner.run(stop.clone(), Duration::from_secs(30)));
    let found = eventually(what, done).await;
    stop.cancel();
    runner.await.unwrap();
    found
}

/// Runs jobs until those that are due are over.
async fn all_told(floor: &Floor) {
    let due = "SELECT count(*) AS n FROM jobs WHERE kind LIKE 'push.%' AND state IN ('queued', 'running') AND run_at <= now()";
    working(floor, "no notice is due", async || (count(floor.database().owner_url(), due).await == 0).then_some(()))
        .await;
}

/// What waits for another time is due now.
async fn later(floor: &Floor) {
    execute(
        floor.database().owner_url(),
        "UPDATE jobs SET run_at = now() WHERE kind = 'push.send' AND state = 'queued'",
    )
    .await;
}

/// How many addresses phones are reached at.
async fn addresses(floor: &Floor) -> i64 {
    count(floor.database().owner_url(), "SELECT count(*) AS n FROM push_subscriptions").await
}

/// A job that sends.
#[derive(Debug, QueryableByName)]
struct Sending {
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Integer)]
    attempts: i32,
    #[diesel(sql_type = Nullable<Text>)]
    last_error: Option<String>,
    /// Seconds from its last change until it is due, roughly.
    #[diesel(sql_type = Double)]
    due_in: f64,
}

/// The jobs that send, the oldest first.
async fn sending(floor: &Floor) -> Vec<Sending> {
    let mut conn = AsyncPgConnection::establish(floor.database().owner_url()).await.unwrap();
    let query = "SELECT state, attempts, last_error, extract(epoch FROM run_at - now())::float8 AS due_in \
                 FROM jobs WHERE kind = 'push.send' ORDER BY created_at, id";
    diesel::sql_query(query).load(&mut conn).await.unwrap()
}
