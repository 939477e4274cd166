//! Items over HTTP: lists, details, and work that goes through the same door as a phone's.

use insta::assert_json_snapshot;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Floor, redacted};

fn length(value: f64) -> Value {
    json!({ "action_id": "cut.length", "data": { "readings": [{ "name": "length", "value": value, "unit": "mm" }] } })
}

fn path(item: &Value) -> String {
    format!("/v1/items/{}", item["id"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_is_shown_with_what_comes_next() {
    let floor = Floor::new().await;
    let (north, by) = (floor.north(), floor.north().operator());
    let order = north.accepted_order(1).await;
    let items = north.items_of(&order).await;
    assert_json_snapshot!(redacted(&items[0]), @r#"
    {
      "assigned_to": null,
      "code": "CAP-0001",
      "completed_at": null,
      "created_at": "[time]",
      "id": "[id]",
      "line_id": "[id]",
      "location_id": null,
      "order_id": "[id]",
      "parent_id": null,
      "priority": "normal",
      "site_id": "[id]",
      "stage": "cut",
      "stage_entered_at": "[time]",
      "status": "not_started",
      "updated_at": "[time]",
      "version": 1,
      "workflow_version_id": "[id]"
    }
    "#);
    let shown = by.get(&format!("{}?expand=stage,components,label", path(&items[0]))).await.ok();
    assert_eq!(shown["now"]["allowed_next"], json!(["sew"]));
    assert_eq!(shown["now"]["missing_actions"], json!(["cut.length"]));
    assert_eq!(shown["now"]["sla"], "green");
    assert_eq!((&shown["components"], shown["label_code"].as_str().unwrap().len()), (&json!([]), 15));
    assert_eq!(shown["attributes"], json!({ "color": "moss" }));
    by.get(&format!("{}?expand=everything", path(&items[0]))).await.assert_status(422).assert_field("expand");
    by.get("/v1/items/not-an-id").await.assert_status(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_over_http_has_a_verdict_and_a_history() {
    let floor = Floor::new().await;
    let (north, by) = (floor.north(), floor.north().operator());
    let order = north.accepted_order(1).await;
    let item = path(&north.items_of(&order).await[0]);

    let early = by.post(&format!("{item}/advance"), json!({})).await;
    early.assert_status(422).assert_problem("ACTIONS_MISSING");
    let failed = by.post(&format!("{item}/actions"), length(12.0)).await.ok();
    assert_eq!(failed["item"]["progress"]["results"]["cut.length"]["passed"], false);
    let done = by.key("measured").post(&format!("{item}/actions"), length(10.2)).await;
    assert_eq!(done.ok()["verdict"]["outcome"], "applied");
    let replayed = by.key("measured").post(&format!("{item}/actions"), length(10.2)).await;
    assert_eq!(replayed.header("idempotency-replayed"), Some("true"));
    by.key("measured")
        .post(&format!("{item}/actions"), length(9.9))
        .await
        .assert_status(422)
        .assert_problem("KEY_REUSED");
    let again = by.post(&format!("{item}/actions"), length(10.2)).await.ok();
    assert_eq!((&again["verdict"]["outcome"], &again["verdict"]["reason"]), (&json!("noop"), &json!("ALREADY_DONE")));
    let wrong = json!({ "action_id": "cut.length", "data": { "readings": [] } });
    let other = north.accepted_order(1).await;
    let fresh = path(&north.items_of(&other).await[0]);
    by.post(&format!("{fresh}/actions"), wrong).await.assert_status(422).assert_problem("FORM_INVALID");

    by.post(&format!("{item}/notes"), json!({ "text": "Good cloth" })).await.assert_status(200);
    by.post(&format!("{item}/advance"), json!({})).await.assert_status(200);
    by.post(&format!("{item}/flag"), json!({ "reason": "Stain" })).await.assert_status(200);
    by.post(&format!("{item}/rework"), json!({ "to": "cut", "reason": "Crooked" })).await.assert_status(403);
    let back = north.quality().post(&format!("{item}/rework"), json!({ "to": "cut", "reason": "Crooked" })).await.ok();
    assert_eq!(back["item"]["stage"], "cut");
    north.quality().post(&format!("{item}/undo"), json!({})).await.assert_status(200);
    assert_eq!(by.get(&item).await.json["stage"], "sew");

    let page = by.get(&format!("{item}/events?limit=3")).await;
    let kinds: Vec<&str> = page.rows().iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["item.created", "item.started", "action.completed"]);
    assert_eq!(page.rows()[1]["actor"]["name"], "Operator");
    let rest = by.get(&format!("{item}/events?cursor={}", page.text("next_cursor"))).await;
    let kinds: Vec<&str> = rest.rows().iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        ["action.completed", "note.added", "item.advanced", "item.flagged", "item.reworked", "item.undone"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn statuses_and_hands_change_by_their_routes() {
    let floor = Floor::new().await;
    let (north, by) = (floor.north(), floor.north().supervisor());
    let order = north.accepted_order(1).await;
    let item = path(&north.items_of(&order).await[0]);
    by.post(&format!("{item}/actions"), length(10.0)).await.assert_status(200);
    let steps = [
        ("pause", json!({}), "paused"),
        ("resume", json!({}), "active"),
        ("hold", json!({ "reason": "Recall" }), "on_hold"),
        ("release", json!({}), "active"),
        ("claim", json!({}), "active"),
        ("assign", json!({ "user_id": north.person("operator").id }), "active"),
        ("move", json!({ "location_id": north.station() }), "active"),
        ("scrap", json!({ "reason": "Torn" }), "scrapped"),
    ];
    for (verb, body, status) in steps {
        let done = by.post(&format!("{item}/{verb}"), body).await.ok();
        assert_eq!(done["item"]["status"], status, "after {verb}");
    }
    let shown = by.get(&item).await.ok();
    assert_eq!(shown["location_id"], json!(north.station()));
    let closed = by.post(&format!("{item}/advance"), json!({})).await;
    closed.assert_status(409).assert_problem("ITEM_CLOSED");
    let skip = by.post(&format!("{item}/actions/sew.look/skip"), json!({ "reason": "Not needed" })).await;
    skip.assert_status(409);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_narrowed_and_paged() {
    let floor = Floor::new().await;
    let (north, by) = (floor.north(), floor.north().supervisor());
    let order = north.accepted_order(5).await;
    north.accepted_order(2).await;
    let item = path(&north.items_of(&order).await[0]);
    by.post(&format!("{item}/actions"), length(10.0)).await.assert_status(200);
    let rows = |query: String| {
        let by = by.clone();
        async move { by.get(&format!("/v1/items?{query}")).await.rows().len() }
    };
    assert_eq!(rows(format!("order_id={order}")).await, 5);
    assert_eq!(rows("status=active".into()).await, 1);
    assert_eq!(rows("status=open".into()).await, 7);
    assert_eq!(rows("stage=sew".into()).await, 0);
    assert_eq!(rows("code=cap-0007".into()).await, 1);
    assert_eq!(rows(format!("site_id={}&components=false", north.site())).await, 7);
    assert_eq!(rows(format!("assigned_to={}", Uuid::nil())).await, 0);
    by.get("/v1/items?status=lost").await.assert_status(422).assert_field("status");
    by.get("/v1/items?limit=0").await.assert_status(422);
    by.get("/v1/items?cursor=nonsense!").await.assert_status(400);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = by.get(&format!("/v1/items?limit=3{cursor}")).await;
        seen.extend(page.rows().iter().map(|row| row["code"].as_str().unwrap().to_owned()));
        match page.json["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, (1..=7).map(|n| format!("CAP-{n:04}")).collect::<Vec<_>>());
    assert!(floor.south().supervisor().get("/v1/items").await.rows().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_answers_item_by_item() {
    let floor = Floor::new().await;
    let (north, by) = (floor.north(), floor.north().supervisor());
    let order = north.accepted_order(3).await;
    let items = north.items_of(&order).await;
    for item in &items[..2] {
        by.post(&format!("{}/actions", path(item)), length(10.0)).await.assert_status(200);
    }
    let body = json!({ "items": [{ "id": items[0]["id"] }, { "id": items[2]["id"] }, { "id": Uuid::nil() }, { "id": items[1]["id"], "to": "sew" }] });
    let answer = by.key("go").post("/v1/items/batch/advance", body.clone()).await.ok();
    let results = answer["results"].as_array().unwrap();
    let ends: Vec<Value> =
        results.iter().map(|result| json!([result["index"], result["status"], result["error"]["code"]])).collect();
    assert_eq!(
        ends,
        [
            json!([0, "ok", null]),
            json!([1, "error", "ACTIONS_MISSING"]),
            json!([2, "error", "NOT_FOUND"]),
            json!([3, "ok", null])
        ]
    );
    assert_eq!(results[0]["item"]["stage"], "sew");
    let again = by.key("go").post("/v1/items/batch/advance", body).await.ok();
    assert_eq!(again["results"][0], results[0], "each part is replayed");

    let to = north.person("operator").id;
    let assign =
        json!({ "items": items.iter().map(|item| json!({ "id": item["id"], "user_id": to })).collect::<Vec<_>>() });
    let answer = by.post("/v1/items/batch/assign", assign).await.ok();
    assert!(answer["results"].as_array().unwrap().iter().all(|result| result["status"] == "ok"), "{answer}");
    let too_many = json!({ "items": vec![json!({ "id": Uuid::nil() }); 501] });
    by.post("/v1/items/batch/advance", too_many).await.assert_status(422).assert_field("items");
}

#[tokio::test(flavor = "multi_thread")]
async fn items_are_made_one_by_one_where_no_acceptance_makes_them() {
    let floor = Floor::new().await;
    let (north, by) = (floor.north(), floor.north().supervisor());
    let (order, workflow, site) = (north.accepted_order(1).await, north.workflow().await, north.site());
    let pending = north.order(1).await;
    let wish = json!({ "items": [
        { "workflow_id": workflow, "site_id": site, "attributes": { "sample": true }, "priority": "urgent" },
        { "workflow_id": workflow, "site_id": site, "order_id": order },
        { "workflow_id": workflow, "site_id": site, "order_id": pending },
        { "workflow_id": workflow, "site_id": floor.south().site() },
        { "workflow_id": Uuid::nil(), "site_id": site },
    ] });
    let answer = by.key("make").post("/v1/items/batch/create", wish.clone()).await.ok();
    let ends: Vec<Value> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| json!([result["status"], result["item"]["code"], result["error"]["code"]]))
        .collect();
    assert_eq!(
        ends,
        [
            json!(["ok", "ITEM-0001", null]),
            json!(["ok", "ITEM-0002", null]),
            json!(["error", null, "ORDER_NOT_OPEN"]),
            json!(["error", null, "INVALID"]),
            json!(["error", null, "INVALID"]),
        ]
    );
    assert_eq!(by.get(&format!("/v1/orders/{order}")).await.json["progress"]["total"], 2);
    let made = by.get("/v1/items?code=ITEM-0001").await;
    assert_eq!((&made.rows()[0]["priority"], &made.rows()[0]["order_id"]), (&json!("urgent"), &Value::Null));
    let again = by.key("make").post("/v1/items/batch/create", wish).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(by.get("/v1/items?code=ITEM").await.rows().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_cannot_be_stored_is_the_senders_fault() {
    let floor = Floor::new().await;
    let (north, by) = (floor.north(), floor.north().operator());
    let order = north.accepted_order(1).await;
    let item = path(&north.items_of(&order).await[0]);
    for (verb, body) in [
        ("notes", json!({ "text": "nul\u{0}" })),
        ("flag", json!({ "reason": "\u{0}" })),
        ("actions", json!({ "action_id": "sew.look", "data": { "text": "a\u{0}b" } })),
        ("actions", json!({ "action_id": "cut\u{0}.length", "data": {} })),
    ] {
        let refused = by.post(&format!("{item}/{verb}"), body).await;
        assert!((400..500).contains(&refused.status), "{refused}");
    }
    by.post(&format!("{item}/notes"), json!({ "text": "still here" })).await.assert_status(200);
    let long = json!({ "text": "x".repeat(100_000) });
    by.post(&format!("{item}/notes"), long).await.assert_status(422).assert_problem("FORM_INVALID");
}
