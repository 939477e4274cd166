//! What may be done with an order in which status, by whom, and what it does to its items.

use serde_json::{Value, json};

use crate::harness::made::order_of;
use crate::harness::{Client, Floor};

const LENGTH: &str =
    r#"{ "action_id": "cut.length", "data": { "readings": [{ "name": "length", "value": 10, "unit": "mm" }] } }"#;

async fn work(by: &Client, item: &Value) {
    let path = format!("/v1/items/{}", item["id"].as_str().unwrap());
    by.post(&format!("{path}/actions"), serde_json::from_str(LENGTH).unwrap()).await.assert_status(200);
}

async fn finish(by: &Client, item: &Value) {
    work(by, item).await;
    for _ in 0..2 {
        let path = format!("/v1/items/{}/advance", item["id"].as_str().unwrap());
        by.post(&path, json!({})).await.assert_status(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_order_is_amended_by_either_side_until_it_is_accepted() {
    let floor = Floor::new().await;
    let (north, aurora) = (floor.north(), floor.aurora());
    let mut wish = order_of(2);
    wish["factory_id"] = json!(north.id());
    let path = format!("/v1/orders/{}", aurora.admin().post("/v1/orders", wish).await.id());
    let by = aurora.admin();
    by.patch(&path, json!({ "notes": "Soon" })).await.assert_status(428);
    let lines = order_of(3)["lines"].clone();
    by.if_match(1).patch(&path, json!({ "lines": lines })).await.assert_status(422).assert_field("total_value");
    let amended =
        by.if_match(1).patch(&path, json!({ "lines": lines, "total_value": "37.50", "notes": "Soon" })).await.ok();
    assert_eq!(
        (&amended["version"], &amended["total_value"], &amended["notes"]),
        (&json!(2), &json!("37.50"), &json!("Soon"))
    );
    assert!(amended.get("workflow_id").is_none(), "the brand sees its view");
    by.if_match(1).patch(&path, json!({ "notes": "Late" })).await.assert_status(412);
    north
        .supervisor()
        .if_match(2)
        .patch(&path, json!({ "workflow_id": north.workflow().await }))
        .await
        .assert_status(200);
    north.supervisor().post(&format!("{path}/accept"), json!({})).await.assert_status(200);
    let refused = by.if_match(4).patch(&path, json!({ "notes": "Too late" })).await;
    refused.assert_status(409).assert_problem("TRANSITION_NOT_ALLOWED");
    floor.borealis().admin().if_match(4).patch(&path, json!({ "notes": "Mine" })).await.assert_status(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brand_cancels_while_pending_and_the_factory_until_completed() {
    let floor = Floor::new().await;
    let (north, aurora) = (floor.north(), floor.aurora());
    let mut wish = order_of(1);
    wish["factory_id"] = json!(north.id());
    let brand = aurora.admin();
    let pending = brand.post("/v1/orders", wish.clone()).await.id();
    let cancelled =
        brand.post(&format!("/v1/orders/{pending}/cancel"), json!({ "reason": "Changed our mind" })).await.ok();
    assert_eq!((&cancelled["status"], &cancelled["reason"]), (&json!("cancelled"), &json!("Changed our mind")));

    let accepted = brand.post("/v1/orders", wish).await.id();
    let accept = json!({ "workflow_id": north.workflow().await });
    north.supervisor().post(&format!("/v1/orders/{accepted}/accept"), accept).await.ok();
    brand.post(&format!("/v1/orders/{accepted}/cancel"), json!({})).await.assert_status(409);
    floor.borealis().admin().post(&format!("/v1/orders/{accepted}/cancel"), json!({})).await.assert_status(404);
    north.supervisor().post(&format!("/v1/orders/{accepted}/cancel"), json!({})).await.assert_status(200);
    let again = north.supervisor().post(&format!("/v1/orders/{accepted}/cancel"), json!({})).await.ok();
    assert_eq!(again["status"], "cancelled", "its goal is reached already");
    assert_eq!(north.items_of(&accepted).await[0]["status"], "cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_says_why() {
    let floor = Floor::new().await;
    let order = floor.north().order(1).await;
    let (by, path) = (floor.north().supervisor(), format!("/v1/orders/{order}/reject"));
    by.post(&path, json!({})).await.assert_status(422).assert_field("reason");
    let rejected = by.post(&path, json!({ "reason": "No cloth" })).await.ok();
    assert_eq!((&rejected["status"], &rejected["reason"]), (&json!("rejected"), &json!("No cloth")));
    let refused = by.post(&format!("/v1/orders/{order}/accept"), json!({})).await;
    refused.assert_status(409).assert_problem("TRANSITION_NOT_ALLOWED");
    assert_eq!(refused.json["context"]["allowed"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_order_stops_work_and_resumes_where_it_was() {
    let floor = Floor::new().await;
    let (north, by) = (floor.north(), floor.north().supervisor());
    let order = north.accepted_order(2).await;
    let path = format!("/v1/orders/{order}");
    let items = north.items_of(&order).await;
    by.post(&format!("{path}/pause"), json!({ "reason": "No thread" })).await.assert_status(200);
    let item = format!("/v1/items/{}", items[0]["id"].as_str().unwrap());
    let refused = by.post(&format!("{item}/actions"), serde_json::from_str(LENGTH).unwrap()).await;
    refused.assert_status(409).assert_problem("ORDER_NOT_OPEN");
    assert_eq!(by.get(&item).await.json["status"], "not_started", "items keep their status");
    assert_eq!(by.post(&format!("{path}/resume"), json!({})).await.ok()["status"], "accepted");
    work(&by, &items[0]).await;
    assert_eq!(by.get(&path).await.json["status"], "in_production");
    by.post(&format!("{path}/pause"), json!({})).await.assert_status(200);
    assert_eq!(by.post(&format!("{path}/resume"), json!({})).await.ok()["status"], "in_production");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_completes_with_its_last_item_or_by_hand_with_a_reason() {
    let floor = Floor::new().await;
    let (north, by) = (floor.north(), floor.north().supervisor());
    let whole = north.accepted_order(1).await;
    finish(&by, &north.items_of(&whole).await[0]).await;
    let shown = by.get(&format!("/v1/orders/{whole}")).await.ok();
    assert_eq!((&shown["status"], &shown["progress"]["percent"]), (&json!("completed"), &json!(100)));

    let part = north.accepted_order(2).await;
    finish(&by, &north.items_of(&part).await[0]).await;
    let path = format!("/v1/orders/{part}/complete");
    by.post(&path, json!({})).await.assert_status(422).assert_problem("FORM_INVALID");
    let closed = by.post(&path, json!({ "reason": "The rest is not wanted" })).await.ok();
    let progress = &closed["progress"];
    assert_eq!(
        (&closed["status"], &progress["completed"], &progress["cancelled"]),
        (&json!("completed"), &json!(1), &json!(1))
    );
    let statuses: Vec<Value> = north.items_of(&part).await.iter().map(|item| item["status"].clone()).collect();
    assert_eq!(statuses, ["completed", "cancelled"]);
    by.post(&format!("/v1/orders/{part}/cancel"), json!({})).await.assert_status(409);
    let audit = north.admin().get("/v1/audit").await;
    let overridden = audit.rows().iter().find(|event| event["kind"] == "order.overridden").unwrap();
    assert_eq!(overridden["actor_id"], json!(north.person("supervisor").id));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acceptance_needs_one_site_and_a_published_workflow() {
    let floor = Floor::new().await;
    let (north, by) = (floor.north(), floor.north().supervisor());
    let order = north.order(1).await;
    let path = format!("/v1/orders/{order}/accept");
    by.post(&path, json!({})).await.assert_status(422);
    let draft = by.post("/v1/workflows", json!({ "name": "Draft" })).await.id();
    by.post(&path, json!({ "workflow_id": draft })).await.assert_status(422).assert_field("workflow_id");
    let workflow = north.workflow().await;
    let annex = by.post("/v1/locations", json!({ "kind": "site", "name": "Annex" })).await.id();
    by.post(&path, json!({ "workflow_id": workflow })).await.assert_status(422).assert_field("site_id");
    let elsewhere = json!({ "workflow_id": workflow, "site_id": floor.south().site() });
    by.post(&path, elsewhere).await.assert_status(422).assert_field("site_id");
    let accepted = by.post(&path, json!({ "workflow_id": workflow, "site_id": annex })).await.ok();
    assert_eq!(accepted["order"]["site_id"], json!(annex));
}
