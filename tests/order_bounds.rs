//! What an order may hold: sizes that are refused before they cost anything, days that can be, and versions in every answer.

use std::time::Instant;

use diesel::sql_types::{Date, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_server::platform::db::sql;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::made::order_of;
use crate::harness::{Floor, now};

#[tokio::test(flavor = "multi_thread")]
async fn a_price_of_two_million_digits_is_refused_without_being_read() {
    let floor = Floor::new().await;
    let (by, pending) = (floor.north().supervisor(), floor.north().order(1).await);
    let digits = "9".repeat(1_900_000);
    let started = Instant::now();
    for (place, value) in [("/total_value", json!(digits)), ("/lines/0/unit_price", json!(digits))] {
        let mut order = order_of(1);
        *order.pointer_mut(place).unwrap() = value;
        by.post("/v1/orders", order).await.assert_status(400).assert_problem("BAD_REQUEST");
    }
    let path = format!("/v1/orders/{pending}");
    let amended = by.if_match(1).patch(&path, json!({ "total_value": digits })).await;
    amended.assert_status(400).assert_problem("BAD_REQUEST");
    // Reading them takes ten seconds each, on a quick machine.
    assert!(started.elapsed().as_secs() < 25, "it took {:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_every_item_of_a_line_repeats_is_small() {
    let floor = Floor::new().await;
    let by = floor.north().supervisor();
    let many: serde_json::Map<String, Value> = (0..51).map(|n| (format!("k{n}"), json!(n))).collect();
    for (place, value, field) in [
        ("/lines/0/attributes", json!({ "color": "x".repeat(5_000) }), "lines[0].attributes"),
        ("/lines/0/attributes", Value::Object(many), "lines[0].attributes"),
        ("/lines/0/specification", json!({ "text": "x".repeat(70_000) }), "lines[0].specification"),
    ] {
        let mut order = order_of(1);
        order["lines"][0]["specification"] = Value::Null;
        *order.pointer_mut(place).unwrap() = value;
        by.post("/v1/orders", order).await.assert_status(422).assert_problem("INVALID").assert_field(field);
    }
    let mut large = order_of(1);
    large["lines"][0]["attributes"] = json!({ "color": "x".repeat(4_000) });
    large["lines"][0]["specification"] = json!({ "text": "x".repeat(60_000) });
    by.post("/v1/orders", large).await.assert_status(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn days_are_of_this_time_and_promises_are_not_of_the_past() {
    let floor = Floor::new().await;
    let (north, by) = (floor.north(), floor.north().supervisor());
    for day in ["-9999-01-01", "9999-12-31", "+262142-12-31"] {
        let mut order = order_of(1);
        order["requested_delivery_date"] = json!(day);
        by.post("/v1/orders", order).await.assert_status(422).assert_field("requested_delivery_date");
    }
    let (order, workflow) = (north.order(1).await, north.workflow().await);
    let path = format!("/v1/orders/{order}/accept");
    for day in ["-9999-01-01", "2020-01-01", "9999-12-31"] {
        let wish = json!({ "workflow_id": workflow, "promised_delivery_date": day });
        by.post(&path, wish).await.assert_status(422).assert_field("promised_delivery_date");
    }
    let today = now().date_naive().to_string();
    let wish = json!({ "workflow_id": workflow, "promised_delivery_date": today });
    by.post(&path, wish).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_day_has_passed_can_still_be_amended() {
    let floor = Floor::new().await;
    let (north, by) = (floor.north(), floor.north().supervisor());
    let order = north.order(1).await;
    let mut tx = floor.tenant(north.id()).await;
    sql("UPDATE orders SET requested_delivery_date = $1 WHERE id = $2")
        .bind::<Date, _>(now().date_naive().pred_opt().unwrap())
        .bind::<SqlUuid, _>(order.parse::<Uuid>().unwrap())
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let path = format!("/v1/orders/{order}");
    let past = by.if_match(1).patch(&path, json!({ "requested_delivery_date": "2020-01-01" })).await;
    past.assert_status(422).assert_field("requested_delivery_date");
    let amended = by.if_match(1).patch(&path, json!({ "notes": "Late already" })).await;
    assert_eq!(amended.assert_status(200).json["notes"], "Late already");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_can_be_changed_carries_its_version() {
    let floor = Floor::new().await;
    let by = floor.north().admin();
    let made = by.key("once").post("/v1/orders", order_of(1)).await;
    assert_eq!(made.assert_status(201).version(), 1);
    assert_eq!(by.key("once").post("/v1/orders", order_of(1)).await.version(), 1, "and when it is given again");
    let path = format!("/v1/orders/{}", made.id());
    let amended = by.if_match(made.version()).patch(&path, json!({ "notes": "Soon" })).await;
    assert_eq!(amended.assert_status(200).version(), by.get(&path).await.version());

    let role = by.post("/v1/roles", json!({ "name": "Cutter", "permissions": [] })).await;
    by.if_match(role.version()).delete(&format!("/v1/roles/{}", role.id())).await.assert_status(204);
    let queue = by.post("/v1/queues", json!({ "name": "Rush", "site_id": floor.north().site() })).await;
    by.if_match(queue.version()).delete(&format!("/v1/queues/{}", queue.id())).await.assert_status(204);
    let workflow = by.post("/v1/workflows", json!({ "name": "Bags" })).await;
    by.if_match(workflow.version()).delete(&format!("/v1/workflows/{}", workflow.id())).await.assert_status(204);
    let partnership = by.get("/v1/partnerships").await.rows()[0].clone();
    let shown = by.get(&format!("/v1/partnerships/{}", partnership["id"].as_str().unwrap())).await;
    assert_eq!(json!(shown.version()), partnership["version"]);
}
