//! An item and the components it is put together from share one end.

use serde_json::{Value, json};

use crate::harness::made::order_of;
use crate::harness::{Client, Floor};

fn path(item: &Value) -> String {
    format!("/v1/items/{}", item["id"].as_str().unwrap())
}

/// An accepted order of caps, each with a visor and a strap; its id.
async fn caps(floor: &Floor, quantity: u32) -> String {
    let north = floor.north();
    let mut wish = order_of(quantity);
    wish["lines"][0]["components"] = json!([
        { "code": "VISOR", "name": "Visor", "quantity": 1 }, { "code": "STRAP", "name": "Strap", "quantity": 1 }]);
    let order = north.supervisor().post("/v1/orders", wish).await.id();
    let (workflow, part) = (north.workflow().await, north.workflow().await);
    let accept = json!({ "workflow_id": workflow, "component_workflows": { "VISOR": part, "STRAP": part } });
    north.supervisor().post(&format!("/v1/orders/{order}/accept"), accept).await.assert_status(200);
    order
}

async fn work(by: &Client, item: &Value) {
    let length =
        json!({ "action_id": "cut.length", "data": { "readings": [{ "name": "length", "value": 10, "unit": "mm" }] } });
    by.post(&format!("{}/actions", path(item)), length).await.assert_status(200);
}

async fn finish(by: &Client, item: &Value) {
    work(by, item).await;
    for _ in 0..2 {
        by.post(&format!("{}/advance", path(item)), json!({})).await.assert_status(200);
    }
}

async fn statuses(floor: &Floor, order: &str) -> Vec<String> {
    let items = floor.north().items_of(order).await;
    items.iter().map(|item| item["status"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_open_components_of_a_scrapped_item_are_cancelled_with_it_and_come_back_with_it() {
    let floor = Floor::new().await;
    let (north, by) = (floor.north(), floor.north().supervisor());
    let order = caps(&floor, 1).await;
    let items = north.items_of(&order).await;
    work(&by, &items[0]).await;
    finish(&by, &items[1]).await;
    work(&by, &items[2]).await;
    assert_eq!(statuses(&floor, &order).await, ["active", "completed", "active"]);

    by.post(&format!("{}/scrap", path(&items[0])), json!({ "reason": "Torn" })).await.assert_status(200);
    assert_eq!(statuses(&floor, &order).await, ["scrapped", "completed", "cancelled"]);
    let told = by.get(&format!("{}/events", path(&items[2]))).await;
    let last = told.rows().last().unwrap();
    assert_eq!((&last["kind"], &last["data"]["reason"]), (&json!("item.cancelled"), &json!("Torn")));
    assert_eq!(by.get(&format!("/v1/orders/{order}")).await.json["status"], "completed");
    let closed = by.post(&format!("{}/undo", path(&items[2])), json!({})).await;
    closed.assert_status(409).assert_problem("ITEM_CLOSED");

    by.post(&format!("{}/undo", path(&items[0])), json!({})).await.assert_status(200);
    assert_eq!(statuses(&floor, &order).await, ["active", "completed", "active"]);
    assert_eq!(by.get(&format!("/v1/orders/{order}")).await.json["status"], "in_production");
    let strap = by.get(&path(&items[2])).await.ok();
    assert_eq!(strap["progress"]["results"]["cut.length"]["passed"], true, "what was done stays done");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_order_stays_open_when_it_is_finished() {
    let floor = Floor::new().await;
    let (north, by) = (floor.north(), floor.north().supervisor());
    let order = caps(&floor, 1).await;
    let items = north.items_of(&order).await;
    finish(&by, &items[0]).await;
    assert_eq!(by.get(&format!("/v1/orders/{order}")).await.json["status"], "completed");
    assert_eq!(statuses(&floor, &order).await, ["completed", "cancelled", "cancelled"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_is_started_by_work_and_by_nothing_else() {
    let floor = Floor::new().await;
    let (north, by) = (floor.north(), floor.north().supervisor());
    let order = north.accepted_order(3).await;
    let (items, shown) = (north.items_of(&order).await, format!("/v1/orders/{order}"));
    let started = || async { by.get(&shown).await.ok()["progress"]["started"].clone() };
    by.post(&format!("{}/hold", path(&items[0])), json!({ "reason": "Recall" })).await.assert_status(200);
    by.post(&format!("{}/scrap", path(&items[1])), json!({ "reason": "Torn" })).await.assert_status(200);
    assert_eq!(started().await, 0);
    by.post(&format!("{shown}/pause"), json!({})).await.assert_status(200);
    assert_eq!(by.post(&format!("{shown}/resume"), json!({})).await.ok()["status"], "accepted");

    work(&by, &items[2]).await;
    assert_eq!(started().await, 1);
    by.post(&format!("{}/undo", path(&items[2])), json!({})).await.assert_status(200);
    assert_eq!(started().await, 0, "it was taken back");
    by.post(&format!("{}/release", path(&items[0])), json!({})).await.assert_status(200);
    work(&by, &items[0]).await;
    assert_eq!(started().await, 1);
}
