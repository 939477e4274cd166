//! Orders: what is refused, what an acceptance makes, and who sees it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl as _;
use floorline_server::platform::db::sql;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::harness::made::order_of;
use crate::harness::{Floor, redacted};

async fn count(floor: &Floor, text: &'static str) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let mut tx = floor.tenant(floor.north().id()).await;
    let row: Row = sql(text).get_result(tx.conn()).await.unwrap();
    row.n
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brand_sees_what_its_units_are_put_together_from_and_not_how_they_are_made() {
    let floor = Floor::new().await;
    let (north, aurora) = (floor.north(), floor.aurora());
    let mut wish = order_of(1);
    wish["brand_id"] = json!(aurora.id());
    wish["lines"][0]["components"] =
        json!([{ "code": "VISOR", "name": "Visor", "quantity": 1, "workflow_id": north.workflow().await }]);
    let made = north.supervisor().post("/v1/orders", wish).await;
    made.assert_status(201);
    let seen = aurora.viewer().get(&format!("/v1/brand/orders/{}", made.id())).await.ok();
    assert_eq!(seen["lines"][0]["components"], json!([{ "code": "VISOR", "name": "Visor", "quantity": 1 }]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brand_orders_and_the_factory_accepts() {
    let floor = Floor::new().await;
    let (north, aurora) = (floor.north(), floor.aurora());
    let mut wish = order_of(2);
    wish["factory_id"] = json!(north.id());
    wish["lines"][0]["unit_price"] = json!("10.00");
    wish["lines"][0]["components"] = json!([{ "code": "VISOR", "name": "Visor", "quantity": 1 }]);
    wish["total_value"] = json!("20");
    let made = aurora.admin().key("first").post("/v1/orders", wish.clone()).await;
    made.assert_status(201);
    let year = chrono::Datelike::year(&crate::harness::now());
    assert_eq!(made.text("po_number"), format!("PO-{year}-0001"));
    let mut shown = redacted(&made.json);
    shown["po_number"] = json!("[number]");
    assert_json_snapshot!("order_as_its_brand_sees_it", shown);
    assert_eq!(aurora.admin().key("first").post("/v1/orders", wish.clone()).await.json, made.json);

    let (path, workflow, part) = (format!("/v1/orders/{}", made.id()), north.workflow().await, north.workflow().await);
    let by = north.supervisor();
    let lacking = by.post(&format!("{path}/accept"), json!({ "workflow_id": workflow })).await;
    lacking.assert_status(422).assert_field("lines[0].components[0].workflow_id");
    let accept = json!({ "workflow_id": workflow, "promised_delivery_date": "2098-12-24", "component_workflows": { "VISOR": part } });
    let accepted = by.post(&format!("{path}/accept"), accept).await;
    accepted.assert_status(200);
    let mut shown = redacted(&accepted.json);
    shown["order"]["po_number"] = json!("[number]");
    assert_json_snapshot!("an_acceptance", shown);

    let items = north.items_of(&made.id()).await;
    let codes: Vec<&str> = items.iter().map(|item| item["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["CAP-0001", "CAP-0001/VISOR-1", "CAP-0002", "CAP-0002/VISOR-1"]);
    assert_eq!(
        count(&floor, "SELECT count(*) AS n FROM labels WHERE status = 'active' AND item_id IS NOT NULL").await,
        4
    );
    assert_eq!(count(&floor, "SELECT count(*) AS n FROM events WHERE kind = 'item.created'").await, 4);

    let progress = by.get(&format!("{path}/progress")).await.ok();
    assert_eq!(
        (&progress["total"], &progress["open"], &progress["stages"]),
        (&json!(2), &json!(2), &json!({ "cut": 2 }))
    );
    let history: Vec<Value> =
        by.get(&format!("{path}/events")).await.rows().iter().map(|event| event["kind"].clone()).collect();
    assert_eq!(history, ["order.created", "order.accepted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brand_sees_its_orders_their_items_and_their_feed_and_nothing_else() {
    let floor = Floor::new().await;
    let (north, aurora) = (floor.north(), floor.aurora());
    north.accepted_order(1).await;
    let mut wish = order_of(1);
    wish["factory_id"] = json!(north.id());
    let id = aurora.admin().post("/v1/orders", wish).await.id();
    let workflow = north.workflow().await;
    north.supervisor().post(&format!("/v1/orders/{id}/accept"), json!({ "workflow_id": workflow })).await.ok();

    let by = aurora.viewer();
    let orders = by.get("/v1/brand/orders?status=accepted,in_production").await;
    assert_eq!(orders.rows().len(), 1, "the factory's own order is not theirs");
    let path = format!("/v1/brand/orders/{id}");
    let order = by.get(&path).await.ok();
    for hidden in ["workflow_id", "workflow_version_id", "site_id", "created_by"] {
        assert!(order.get(hidden).is_none(), "{hidden} is the factory's");
    }
    let items = by.get(&format!("{path}/items")).await;
    assert_json_snapshot!(redacted(&items.json), @r#"
    {
      "data": [
        {
          "code": "CAP-0002",
          "completed_at": null,
          "created_at": "[time]",
          "id": "[id]",
          "line_id": "[id]",
          "parent_id": null,
          "stage": "cut",
          "status": "not_started",
          "updated_at": "[time]",
          "version": 1
        }
      ],
      "next_cursor": null
    }
    "#);

    let item = items.rows()[0]["id"].as_str().unwrap();
    let length =
        json!({ "action_id": "cut.length", "data": { "readings": [{ "name": "length", "value": 10, "unit": "mm" }] } });
    north.operator().post(&format!("/v1/items/{item}/actions"), length).await.ok();
    let feed = by.get(&format!("{path}/feed")).await.ok();
    let kinds: Vec<&str> =
        feed["events"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["order.created", "order.accepted", "item.started", "order.started"]);
    assert_eq!((&feed["cursor"], &feed["head"], &feed["reset"]), (&json!(4), &json!(4), &json!(false)));
    for event in feed["events"].as_array().unwrap() {
        assert!(event.get("actor").is_none() && event.get("cause").is_none() && event.get("data").is_none(), "{event}");
        assert!(!event.to_string().contains(&north.site()), "{event} names a place");
    }
    let later = by.get(&format!("{path}/feed?cursor=2&epoch={}", feed["epoch"].as_str().unwrap())).await.ok();
    assert_eq!(later["events"].as_array().unwrap().len(), 2);
    let renewed = by.get(&format!("{path}/feed?cursor=2&epoch=other")).await.ok();
    assert_eq!((&renewed["reset"], renewed["events"].as_array().unwrap().len()), (&json!(true), 4));

    assert_eq!(floor.borealis().viewer().get("/v1/brand/orders").await.rows().len(), 0);
    floor.borealis().viewer().get(&format!("{path}/feed")).await.assert_status(404);
    floor.south().supervisor().get(&format!("/v1/orders/{id}")).await.assert_status(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn quantities_and_totals_that_cannot_be_are_refused_by_field() {
    let floor = Floor::new().await;
    let by = floor.north().supervisor();
    for quantity in [json!(0), json!(-1), json!(1.5), json!(1_000_000_000), json!(100_001), json!(1e300)] {
        let mut order = order_of(1);
        order["lines"][0]["quantity"] = quantity.clone();
        let refused = by.post("/v1/orders", order).await;
        refused.assert_status(422).assert_problem("INVALID").assert_field("lines[0].quantity");
    }
    for total in ["12.49", "12.51", "0", "-12.50", "12.501"] {
        let mut order = order_of(1);
        order["total_value"] = json!(total);
        by.post("/v1/orders", order).await.assert_status(422).assert_field("total_value");
    }
    let odd = [
        ("/lines", json!([]), "lines"),
        ("/lines/0/code", json!("A/B"), "lines[0].code"),
        ("/lines/0/name", json!(""), "lines[0].name"),
        ("/currency", json!("euro"), "currency"),
        ("/requested_delivery_date", json!("2020-01-01"), "requested_delivery_date"),
        ("/requested_delivery_date", Value::Null, "requested_delivery_date"),
        ("/workflow_id", json!("01890000-0000-7000-8000-000000000000"), "workflow_id"),
        ("/brand_id", json!(floor.borealis().id()), "brand_id"),
    ];
    for (place, value, field) in odd {
        let mut order = order_of(1);
        order["workflow_id"] = Value::Null;
        order["brand_id"] = Value::Null;
        *order.pointer_mut(place).unwrap() = value;
        by.post("/v1/orders", order).await.assert_status(422).assert_field(field);
    }
    by.post("/v1/orders", json!({ "currency": "EUR" })).await.assert_status(400).assert_problem("BAD_REQUEST");
    let mut price = order_of(8);
    price["lines"][0]["unit_price"] = json!("0.125");
    price["total_value"] = json!("1.00");
    assert_eq!(by.post("/v1/orders", price).await.ok()["lines"][0]["unit_price"], "0.125");
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_unique_for_a_brand_and_generated_ones_step_over_them() {
    let floor = Floor::new().await;
    let by = floor.north().supervisor();
    let year = chrono::Datelike::year(&crate::harness::now());
    let mut order = order_of(1);
    order["po_number"] = json!(format!("PO-{year}-0001"));
    by.post("/v1/orders", order.clone()).await.assert_status(201);
    by.post("/v1/orders", order).await.assert_status(409).assert_problem("DUPLICATE");
    assert_eq!(by.post("/v1/orders", order_of(1)).await.text("po_number"), format!("PO-{year}-0002"));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_partners_order_and_only_from_their_factory() {
    let floor = Floor::new().await;
    let mut order = order_of(1);
    floor.aurora().admin().post("/v1/orders", order.clone()).await.assert_status(422).assert_field("factory_id");
    order["factory_id"] = json!(floor.south().id());
    floor.aurora().admin().post("/v1/orders", order.clone()).await.assert_status(404);
    floor.north().admin().post("/v1/orders", order.clone()).await.assert_status(404);
    floor.aurora().viewer().post("/v1/orders", order).await.assert_status(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_derived_and_not_set() {
    let floor = Floor::new().await;
    let order = floor.north().order(1).await;
    let path = format!("/v1/orders/{order}/progress");
    floor.stranger().put(&path, json!({})).await.assert_status(401);
    let refused = floor.north().admin().put(&path, json!({ "completed": 1 })).await;
    refused.assert_status(405).assert_problem("METHOD_NOT_ALLOWED");
    assert!(refused.text("detail").contains("follows from what happens to its items"), "{refused}");
}

/// On a slow machine too: what grows faster than the items do takes longer than this for ten thousand.
const FAR_TOO_LONG: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_items_are_accepted_in_one_call() {
    let floor = Floor::new().await;
    let north = floor.north();
    let (order, workflow) = (north.order(10_000).await, north.workflow().await);
    let started = Instant::now();
    let path = format!("/v1/orders/{order}/accept");
    let accepted = north.supervisor().post(&path, json!({ "workflow_id": workflow })).await.ok();
    let took = started.elapsed();
    assert_eq!(accepted["items_created"], 10_000);
    assert!(took < FAR_TOO_LONG, "it took {took:?}");
    assert_eq!(count(&floor, "SELECT count(*) AS n FROM items").await, 10_000);
    assert_eq!(count(&floor, "SELECT count(DISTINCT code) AS n FROM labels").await, 10_000);
    assert_eq!(count(&floor, "SELECT count(*) AS n FROM events WHERE kind = 'item.created'").await, 10_000);
    let told = "SELECT count(*) AS n FROM sync_feed WHERE body LIKE '%order.accepted%'";
    assert_eq!(count(&floor, told).await, 3, "one event each for the site, the factory and the brand");
    assert_eq!(count(&floor, "SELECT count(*) AS n FROM sync_feed").await, 5, "and two when it was created");

    let started = Instant::now();
    let cancelled = north.supervisor().post(&format!("/v1/orders/{order}/cancel"), json!({})).await.ok();
    let took = started.elapsed();
    assert_eq!((&cancelled["status"], &cancelled["progress"]["cancelled"]), (&json!("cancelled"), &json!(10_000)));
    assert!(took < FAR_TOO_LONG, "it took {took:?}");
    assert_eq!(
        count(&floor, "SELECT count(*) AS n FROM items WHERE status = 'cancelled' AND version = 2").await,
        10_000
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_acceptances_of_one_order_make_its_items_once() {
    let floor = Floor::new().await;
    let north = floor.north();
    let (order, workflow) = (north.order(50).await, north.workflow().await);
    let (path, body) = (format!("/v1/orders/{order}/accept"), json!({ "workflow_id": workflow }));
    let (admin, supervisor) = (north.admin().key("a"), north.supervisor().key("b"));
    let (one, other) = tokio::join!(admin.post(&path, body.clone()), supervisor.post(&path, body.clone()));
    let mut made = [one.ok()["items_created"].as_i64().unwrap(), other.ok()["items_created"].as_i64().unwrap()];
    made.sort_unstable();
    assert_eq!(made, [0, 50]);
    assert_eq!(count(&floor, "SELECT count(*) AS n FROM items").await, 50);
    let replayed = admin.post(&path, body).await;
    assert_eq!(replayed.header("idempotency-replayed"), Some("true"));
}

#[tokio::test(flavor = "multi_thread")]
async fn item_codes_of_orders_accepted_at_once_never_collide() {
    let floor = Floor::new().await;
    let (north, workflow) = (floor.north(), floor.north().workflow().await);
    let mut orders = Vec::new();
    for quantity in [7, 13, 1, 29] {
        orders.push(north.order(quantity).await);
    }
    let by = north.supervisor();
    let accept = |order: String| {
        let (by, workflow) = (by.clone(), workflow.clone());
        async move { by.post(&format!("/v1/orders/{order}/accept"), json!({ "workflow_id": workflow })).await.ok() }
    };
    let accepted = futures_util::future::join_all(orders.into_iter().map(accept)).await;
    assert_eq!(accepted.len(), 4);
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        code: String,
    }
    let mut tx = floor.tenant(north.id()).await;
    let rows: Vec<Row> = sql("SELECT code FROM items").load(tx.conn()).await.unwrap();
    let codes: BTreeSet<String> = rows.into_iter().map(|row| row.code).collect();
    let expected: BTreeSet<String> = (1..=50).map(|n| format!("CAP-{n:04}")).collect();
    assert_eq!(codes, expected);
}
