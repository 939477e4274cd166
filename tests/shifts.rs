//! Shifts: one at a time, moved by starting anew, ended by the worker, by another shift, or by time.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_types::{BigInt, Jsonb, Text, Timestamptz};
use diesel_async::RunQueryDsl as _;
use floorline_server::floor::shifts;
use floorline_server::platform::db::sql;
use floorline_server::platform::jobs::Job;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Floor, redacted};

fn at(floor: &Floor) -> Value {
    json!({ "site_id": floor.north().site(), "location_id": floor.north().station() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_starts_moves_and_ends_their_shift() {
    let floor = Floor::new().await;
    let worker = floor.north().operator();
    worker.get("/v1/shifts/active").await.assert_status(404).assert_problem("NOT_FOUND");

    let started = worker.post("/v1/shifts", at(&floor)).await;
    started.assert_status(201);
    insta::assert_json_snapshot!("shift", redacted(&started.json));
    assert_eq!(worker.get("/v1/shifts/active").await.ok()["id"], started.json["id"]);

    let again = worker.post("/v1/shifts", at(&floor)).await;
    again.assert_status(200);
    assert_eq!(again.id(), started.id(), "the same place again is the same shift");

    let path = format!("/v1/shifts/{}", started.id());
    let moved = worker.patch(&path, json!({ "location_id": floor.north().area() })).await;
    moved.assert_status(200);
    assert_ne!(moved.id(), started.id());
    assert_eq!(moved.json["location_id"], floor.north().area());
    worker.patch(&path, json!({ "location_id": null })).await.assert_problem("STATE_CONFLICT");

    let end = format!("/v1/shifts/{}/end", moved.id());
    let ended = worker.post(&end, json!({})).await;
    assert_eq!((ended.status, &ended.json["end_reason"]), (200, &json!("ended")));
    assert_eq!(
        worker.post(&end, json!({})).await.ok()["ended_at"],
        ended.json["ended_at"],
        "ending twice changes nothing"
    );

    let listed = floor.north().supervisor().get("/v1/shifts").await;
    let reasons: Vec<&str> = listed.rows().iter().map(|shift| shift["end_reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["ended", "superseded"], "the latest first");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_starts_one_shift_and_answers_the_same() {
    let floor = Floor::new().await;
    let worker = floor.north().operator().key("start-1");
    let first = worker.post("/v1/shifts", at(&floor)).await;
    let again = worker.post("/v1/shifts", at(&floor)).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.json, first.json);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_narrowed_and_paged() {
    let floor = Floor::new().await;
    for worker in [floor.north().operator(), floor.north().second_operator(), floor.north().quality()] {
        worker.post("/v1/shifts", at(&floor)).await.assert_status(201);
    }
    let supervisor = floor.north().supervisor();
    let first = supervisor.get("/v1/shifts?active=true&limit=2").await;
    assert_eq!(first.rows().len(), 2);
    let next = supervisor.get(&format!("/v1/shifts?active=true&limit=2&cursor={}", first.text("next_cursor"))).await;
    assert_eq!((next.rows().len(), &next.json["next_cursor"]), (1, &Value::Null));
    let person = floor.north().person("operator").id;
    assert_eq!(supervisor.get(&format!("/v1/shifts?user_id={person}")).await.rows().len(), 1);
    assert_eq!(supervisor.get(&format!("/v1/shifts?location_id={}", floor.north().area())).await.rows().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_touches_anothers_shift() {
    let floor = Floor::new().await;
    let started = floor.north().operator().post("/v1/shifts", at(&floor)).await;
    let (path, end) = (format!("/v1/shifts/{}", started.id()), format!("/v1/shifts/{}/end", started.id()));

    floor.north().second_operator().post(&end, json!({})).await.assert_status(403).assert_problem("NOT_PERMITTED");
    floor.north().second_operator().patch(&path, json!({})).await.assert_status(403).assert_problem("NOT_PERMITTED");
    floor.south().operator().post(&end, json!({})).await.assert_status(404);
    floor.south().operator().patch(&path, json!({})).await.assert_status(404);
    assert!(floor.south().supervisor().get("/v1/shifts").await.rows().is_empty());
    floor.north().operator().get("/v1/shifts").await.assert_status(403);
    floor.aurora().viewer().post("/v1/shifts", at(&floor)).await.assert_status(403);
    floor.stranger().get("/v1/shifts/active").await.assert_status(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shift_needs_a_place_of_ones_own() {
    let floor = Floor::new().await;
    let worker = floor.north().operator();
    for site in [floor.south().site(), Uuid::nil().to_string()] {
        worker.post("/v1/shifts", json!({ "site_id": site })).await.assert_problem("INVALID").assert_field("site_id");
    }
    let elsewhere = json!({ "site_id": floor.north().site(), "location_id": floor.south().station() });
    worker.post("/v1/shifts", elsewhere).await.assert_problem("WRONG_LOCATION");
    let station = worker.post("/v1/shifts", json!({ "site_id": floor.north().station() })).await;
    station.assert_status(422).assert_problem("INVALID").assert_field("site_id");
    worker.post("/v1/shifts", json!({})).await.assert_problem("BAD_REQUEST");
    worker.post("/v1/shifts/not-an-id/end", json!({})).await.assert_status(404);
}

#[derive(diesel::QueryableByName)]
struct Waiting {
    #[diesel(sql_type = Jsonb)]
    payload: Value,
    #[diesel(sql_type = Timestamptz)]
    run_at: DateTime<Utc>,
}

async fn waiting(floor: &Floor) -> Vec<Waiting> {
    let mut tx = floor.tenant(floor.north().id()).await;
    sql("SELECT payload, run_at FROM jobs WHERE kind = $1 ORDER BY run_at")
        .bind::<Text, _>(shifts::END_IDLE)
        .load(tx.conn())
        .await
        .unwrap()
}

async fn age(floor: &Floor, hours: i64) {
    let mut tx = floor.tenant(floor.north().id()).await;
    sql("UPDATE shifts SET last_activity_at = last_activity_at - $1 * interval '1 hour'")
        .bind::<BigInt, _>(hours)
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

async fn look_at(floor: &Floor, payload: Value) {
    let org = floor.north().id();
    let (id, kind) = (Uuid::now_v7(), shifts::END_IDLE.to_owned());
    let job = Job { org, id, kind, payload, attempt: 1, max_attempts: 3 };
    shifts::end_idle(floor.app.engine.clone(), job).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shift_that_nobody_uses_is_ended_after_twelve_hours() {
    let floor = Floor::new().await;
    let worker = floor.north().operator();
    let started = worker.post("/v1/shifts", at(&floor)).await;
    let [job] = waiting(&floor).await.try_into().ok().expect("one look is planned");
    assert!(job.run_at - Utc::now() > TimeDelta::minutes(719));

    look_at(&floor, job.payload.clone()).await;
    assert_eq!(worker.get("/v1/shifts/active").await.id(), started.id(), "it is in use");
    assert_eq!(waiting(&floor).await.len(), 2, "it will be looked at again");

    age(&floor, 13).await;
    look_at(&floor, job.payload.clone()).await;
    worker.get("/v1/shifts/active").await.assert_status(404);
    let listed = floor.north().supervisor().get("/v1/shifts").await;
    assert_eq!(listed.rows()[0]["end_reason"], "idle");
    look_at(&floor, job.payload).await;
    assert_eq!(waiting(&floor).await.len(), 2, "what has ended is not looked at again");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_worker_does_keeps_the_shift_alive() {
    let floor = Floor::new().await;
    let worker = floor.north().operator();
    worker.post("/v1/shifts", at(&floor)).await.assert_status(201);
    age(&floor, 13).await;
    let line = crate::harness::line::Line::new(&floor, floor.north()).await;
    let item = line.item("A-0001").await;
    let mut phone = line.phone(floor.north().person("operator").id).await;
    let submit = phone.write([json!({ "op": "note.add", "item_id": item, "data": { "text": "still here" } })]);
    floor.app.engine.submit(submit).await;

    let [job] = waiting(&floor).await.try_into().ok().expect("one look is planned");
    look_at(&floor, job.payload).await;
    worker.get("/v1/shifts/active").await.assert_status(200);
}
