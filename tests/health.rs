//! Liveness, readiness, and what is answered when there is no room.

use serde_json::json;

use crate::harness::{Floor, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_live_and_ready_for_anybody_who_asks() {
    let floor = Floor::new().await;
    let live = floor.stranger().get("/health/live").await.ok();

    assert_eq!(live, json!({ "status": "live" }));
    let ready = async || Some(floor.stranger().get("/health/ready").await).filter(|answer| answer.status == 200);
    assert_eq!(eventually("readiness", ready).await.json, json!({ "status": "ready" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_is_live_but_not_ready() {
    let floor = Floor::new().await;
    floor.app.draining.cancel();
    floor.stranger().get("/health/live").await.assert_status(200);
    floor.stranger().get("/health/ready").await.assert_problem("DRAINING");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_its_database_is_not_ready() {
    let floor = Floor::new().await;
    floor.app.db.close();
    floor.stranger().get("/health/ready").await.assert_problem("DB_BUSY");
}
