//! A published version never changes; a draft is edited piece by piece and published when nothing is wrong with it.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::harness::made::stages;
use crate::harness::{Floor, redacted};

fn codes(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().unwrap().iter().map(|error| error["code"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_is_drafted_published_and_edited_as_its_next_version() {
    let floor = Floor::new().await;
    let by = floor.north().supervisor();
    let body = json!({ "name": "Caps", "description": "For heads", "entry": "cut", "stages": stages() });
    let made = by.key("caps").post("/v1/workflows", body.clone()).await;
    made.assert_status(201);
    let mut shown = redacted(&made.json);
    shown["draft"]["stages"] = json!("as sent");
    assert_json_snapshot!(shown, @r#"
    {
      "active": true,
      "created_at": "[time]",
      "created_by": "[id]",
      "description": "For heads",
      "draft": {
        "created_at": "[time]",
        "entry": "cut",
        "id": "[id]",
        "name": "Caps",
        "number": 1,
        "published_at": null,
        "stages": "as sent",
        "state": "draft",
        "updated_at": "[time]",
        "workflow_id": "[id]"
      },
      "draft_number": 1,
      "id": "[id]",
      "name": "Caps",
      "published": null,
      "published_number": null,
      "template": false,
      "updated_at": "[time]",
      "version": 1
    }
    "#);
    assert_eq!(by.key("caps").post("/v1/workflows", body.clone()).await.json, made.json);
    by.post("/v1/workflows", body).await.assert_status(409).assert_problem("DUPLICATE");

    let path = format!("/v1/workflows/{}", made.id());
    let first = by.post(&format!("{path}/versions"), json!({})).await;
    first.assert_status(201);
    assert_eq!((&first.json["number"], &first.json["state"]), (&json!(1), &json!("published")));
    by.post(&format!("{path}/versions"), json!({})).await.assert_status(409).assert_problem("STATE_CONFLICT");

    // Editing a published workflow begins version 2; version 1 stays as it is.
    let version = by.get(&path).await.version();
    let edited = by
        .if_match(version)
        .patch(&format!("{path}/versions/draft/stages/sew"), json!({ "name": "Sewing by hand" }))
        .await;
    edited.assert_status(200);
    assert_eq!((&edited.json["number"], &edited.json["stages"][1]["name"]), (&json!(2), &json!("Sewing by hand")));
    let kept = by.get(&format!("{path}/versions/1")).await.ok();
    assert_eq!(kept["stages"], first.json["stages"]);
    by.if_match(version).delete(&format!("{path}/versions/draft/stages/sew")).await.assert_status(412);
    by.post(&format!("{path}/versions"), json!({})).await.assert_status(201);
    let numbers: Vec<Value> =
        by.get(&format!("{path}/versions")).await.rows().iter().map(|row| row["number"].clone()).collect();
    assert_eq!(numbers, [json!(1), json!(2)]);
    by.get(&format!("{path}/versions/draft")).await.assert_status(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn stages_and_actions_of_the_draft_are_edited_one_by_one() {
    let floor = Floor::new().await;
    let by = floor.north().supervisor();
    let path = format!("/v1/workflows/{}", by.post("/v1/workflows", json!({ "name": "Bags" })).await.id());
    let stages = format!("{path}/versions/draft/stages");
    for (key, order) in [("cut", 1), ("sew", 2)] {
        let stage = json!({ "key": key, "name": key, "order": order });
        by.post(&stages, stage.clone()).await.assert_status(201);
        by.post(&stages, stage).await.assert_status(409).assert_problem("DUPLICATE");
    }
    by.post(&stages, json!({ "key": "glue" })).await.assert_status(422).assert_problem("INVALID");
    let action = json!({ "key": "ok", "kind": "note", "label": "OK", "required": true, "config": { "max_length": 9 } });
    by.post(&format!("{stages}/sew/actions"), action).await.assert_status(201);
    by.post(&format!("{stages}/none/actions"), json!({ "key": "a", "kind": "note" })).await.assert_status(404);
    by.post(&format!("{stages}/sew/actions"), json!({ "key": "b", "kind": "dance" })).await.assert_status(422);

    let version = || async { by.get(&path).await.version() };
    let changed =
        by.if_match(version().await).patch(&format!("{stages}/sew/actions/ok"), json!({ "required": false })).await;
    assert_eq!(changed.ok()["stages"][1]["actions"][0]["required"], false);
    let turned =
        by.if_match(version().await).put(&format!("{stages}/reorder"), json!({ "keys": ["sew", "cut"] })).await;
    assert_eq!(turned.ok()["stages"][0]["key"], "sew");
    by.if_match(version().await)
        .put(&format!("{stages}/reorder"), json!({ "keys": ["sew"] }))
        .await
        .assert_field("keys");
    by.if_match(version().await).delete(&format!("{stages}/sew/actions/ok")).await.assert_status(200);
    let left = by.if_match(version().await).delete(&format!("{stages}/cut")).await.ok();
    assert_eq!(left["stages"].as_array().unwrap().len(), 1);
    by.if_match(version().await).delete(&format!("{stages}/cut")).await.assert_status(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_names_every_fault_at_once() {
    let floor = Floor::new().await;
    let by = floor.north().supervisor();
    let faulty = json!([
        { "key": "cut", "name": "Cutting", "order": 1, "next": [{ "to": "sew" }], "location_ids": [floor.south().station()] },
        { "key": "sew", "name": "Sewing", "order": 2, "next": [{ "to": "cut" }] },
        { "key": "cut", "name": "Again", "order": 3, "next": [{ "to": "nowhere" }] },
    ]);
    let made = by.post("/v1/workflows", json!({ "name": "Knots", "entry": "cut", "stages": faulty.clone() })).await;
    let path = format!("/v1/workflows/{}", made.id());
    let refused = by.post(&format!("{path}/versions"), json!({})).await;
    refused.assert_status(422).assert_problem("INVALID");
    let found = codes(&refused.json);
    for code in ["duplicate_id", "cycle", "no_exit", "unknown_location"] {
        assert!(found.contains(&code), "{code} is not in {found:?}");
    }
    let findings = by.post(&format!("{path}/validate"), json!({})).await.ok();
    assert_eq!((&findings["valid"], findings["faults"].as_array().unwrap().len()), (&json!(false), found.len()));
    let candidate = by.post(&format!("{path}/validate"), json!({ "entry": "cut", "stages": stages() })).await.ok();
    assert_eq!(candidate, json!({ "valid": true, "faults": [] }));
    assert!(by.get(&format!("{path}/versions/draft")).await.json["stages"][2]["name"] == "Again", "nothing was stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_stages_are_one_clear_problem() {
    let floor = Floor::new().await;
    let by = floor.north().supervisor();
    let many: Vec<Value> = (0..10_000).map(|n| json!({ "key": format!("s{n}"), "name": "S" })).collect();
    let refused = by.post("/v1/workflows", json!({ "name": "Endless", "stages": many })).await;
    refused.assert_status(422).assert_problem("INVALID");
    assert_eq!(codes(&refused.json), ["too_many_stages"]);
    let malformed = json!([{ "key": "a", "name": "A" }, { "key": 5 }, "stage"]);
    let refused = by.post("/v1/workflows", json!({ "name": "Odd", "stages": malformed })).await;
    refused.assert_status(422).assert_field("stages[1]").assert_field("stages[2]");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_is_cloned_and_goes_out_of_use_when_nothing_needs_it() {
    let floor = Floor::new().await;
    let (north, by) = (floor.north(), floor.north().supervisor());
    let order = north.accepted_order(1).await;
    let shown = by.get(&format!("/v1/orders/{order}")).await;
    let path = format!("/v1/workflows/{}", shown.text("workflow_id"));

    let copy = by.post(&format!("{path}/clone"), json!({ "name": "Copy" })).await;
    copy.assert_status(201);
    assert_eq!(copy.json["draft"]["stages"][0]["key"], "cut");

    let version = by.get(&path).await.version();
    let refused = by.if_match(version).delete(&path).await;
    refused.assert_status(409).assert_problem("IN_USE");
    assert_eq!(refused.json["context"], json!({ "items": 1, "codes": ["CAP-0001"] }));
    by.post(&format!("/v1/orders/{order}/cancel"), json!({})).await.assert_status(200);
    by.if_match(version).delete(&path).await.assert_status(204);
    assert_eq!(by.get(&path).await.json["active"], false);
    let other = north.order(1).await;
    let body = json!({ "workflow_id": shown.text("workflow_id") });
    by.post(&format!("/v1/orders/{other}/accept"), body).await.assert_status(422).assert_field("workflow_id");
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_follow_from_items() {
    let floor = Floor::new().await;
    let (north, by) = (floor.north(), floor.north().supervisor());
    let order = north.accepted_order(2).await;
    let workflow = by.get(&format!("/v1/orders/{order}")).await.text("workflow_id");
    let items = north.items_of(&order).await;
    let item = format!("/v1/items/{}", items[0]["id"].as_str().unwrap());
    let length =
        json!({ "action_id": "cut.length", "data": { "readings": [{ "name": "length", "value": 10, "unit": "mm" }] } });
    by.post(&format!("{item}/actions"), length).await.assert_status(200);
    by.post(&format!("{item}/advance"), json!({})).await.assert_status(200);
    by.post(&format!("{item}/advance"), json!({})).await.assert_status(200);

    let progress = by.get(&format!("/v1/workflows/{workflow}/progress")).await.ok();
    assert_eq!(
        progress,
        json!({ "total": 2, "by_status": { "completed": 1, "not_started": 1 }, "stages": { "cut": { "not_started": 1 } } })
    );
    let analytics = by.get(&format!("/v1/workflows/{workflow}/analytics")).await.ok();
    assert_eq!((&analytics["completed"], &analytics["first_pass_yield"]), (&json!(1), &json!(1.0)));
    assert_eq!((&analytics["stages"][0]["stage"], &analytics["stages"][0]["left"]), (&json!("cut"), &json!(1)));
    assert_eq!(by.get(&format!("/v1/workflows/{workflow}/items")).await.rows().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_in_use_is_not_switched_off_by_a_change_either() {
    let floor = Floor::new().await;
    let (north, by) = (floor.north(), floor.north().supervisor());
    let order = north.accepted_order(1).await;
    let workflow = by.get(&format!("/v1/orders/{order}")).await.text("workflow_id");
    let path = format!("/v1/workflows/{workflow}");
    let version = by.get(&path).await.version();
    let refused = by.if_match(version).patch(&path, json!({ "active": false })).await;
    refused.assert_status(409).assert_problem("IN_USE");
    assert_eq!(refused.json["context"], json!({ "items": 1, "codes": ["CAP-0001"] }));
    by.if_match(version).patch(&path, json!({ "description": "Hats", "active": true })).await.assert_status(200);
    by.post(&format!("/v1/orders/{order}/cancel"), json!({})).await.assert_status(200);
    let off = by.if_match(version + 1).patch(&path, json!({ "active": false })).await;
    assert_eq!(off.assert_status(200).json["active"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_has_a_size() {
    let floor = Floor::new().await;
    let by = floor.north().supervisor();
    let label = "x".repeat(150);
    let actions: Vec<Value> =
        (0..70).map(|n| json!({ "key": format!("a{n}"), "kind": "note", "label": label })).collect();
    let stage = |n: usize| json!({ "key": format!("s{n}"), "name": "Stage", "actions": actions });
    let stages: Vec<Value> = (0..100).map(stage).collect();
    let large = by.post("/v1/workflows", json!({ "name": "Large", "stages": stages })).await;
    large.assert_status(422).assert_problem("INVALID").assert_field("stages");
    let half = by.post("/v1/workflows", json!({ "name": "Half", "stages": &stages[..60] })).await;
    let path = format!("/v1/workflows/{}", half.assert_status(201).id());
    let whole = by.if_match(1).patch(&path, json!({ "stages": stages })).await;
    whole.assert_status(422).assert_field("stages");
    let mut heavy = stage(60);
    heavy["roles"] = json!([vec!["r"; 400_000].join("")]);
    by.post(&format!("{path}/versions/draft/stages"), heavy).await.assert_status(422).assert_field("stages");
    let checked = by.post(&format!("{path}/validate"), json!({ "stages": stages })).await;
    checked.assert_status(422).assert_field("stages");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_checked_is_what_is_published() {
    let floor = Floor::new().await;
    let by = floor.north().supervisor();
    let made = by.post("/v1/workflows", json!({ "name": "Caps", "stages": stages() })).await;
    let versions = format!("/v1/workflows/{}/versions", made.id());
    let first = by.key("publish").post(&versions, json!({})).await;
    first.assert_status(201);
    let again = by.key("publish").post(&versions, json!({})).await;
    assert_eq!((again.header("idempotency-replayed"), &again.json), (Some("true"), &first.json));
    let (one, other) = (by.key("a"), by.key("b"));
    let draft =
        by.if_match(made.version() + 1).patch(&versions.replace("/versions", ""), json!({ "entry": "cut" })).await;
    draft.assert_status(200);
    let (one, other) = tokio::join!(one.post(&versions, json!({})), other.post(&versions, json!({})));
    let mut ends = [one.status, other.status];
    ends.sort_unstable();
    assert_eq!(ends, [201, 409], "{one}\n{other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_count_what_was_done_in_their_time() {
    let floor = Floor::new().await;
    let (north, by) = (floor.north(), floor.north().supervisor());
    let order = north.accepted_order(2).await;
    let workflow = by.get(&format!("/v1/orders/{order}")).await.text("workflow_id");
    let items = north.items_of(&order).await;
    let path = |n: usize| format!("/v1/items/{}", items[n]["id"].as_str().unwrap());
    let length =
        json!({ "action_id": "cut.length", "data": { "readings": [{ "name": "length", "value": 10, "unit": "mm" }] } });
    by.post(&format!("{}/actions", path(0)), length).await.assert_status(200);
    for _ in 0..2 {
        by.post(&format!("{}/advance", path(0)), json!({})).await.assert_status(200);
    }
    by.post(&format!("{}/scrap", path(1)), json!({ "reason": "Torn" })).await.assert_status(200);
    let since = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    for n in 0..2 {
        by.post(&format!("{}/notes", path(n)), json!({ "text": "Looked at again" })).await.assert_status(200);
    }
    let analytics = by.get(&format!("/v1/workflows/{workflow}/analytics?since={since}")).await.ok();
    assert_eq!((&analytics["completed"], &analytics["scrapped"]), (&json!(0), &json!(0)), "a note completes nothing");
    let all = by.get(&format!("/v1/workflows/{workflow}/analytics")).await.ok();
    assert_eq!((&all["completed"], &all["scrapped"]), (&json!(1), &json!(1)));
    let never = by.get(&format!("/v1/workflows/{workflow}/analytics?since=-9999-01-01T00:00:00Z")).await;
    never.assert_status(422).assert_field("since");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_another_list_is_refused() {
    let floor = Floor::new().await;
    let (north, by) = (floor.north(), floor.north().supervisor());
    let order = north.accepted_order(1).await;
    let (workflow, item) = (
        by.get(&format!("/v1/orders/{order}")).await.text("workflow_id"),
        north.items_of(&order).await[0]["id"].as_str().unwrap().to_owned(),
    );
    let queue = by.post("/v1/queues", json!({ "name": "Rush", "site_id": north.site() })).await.id();
    by.get("/v1/items?limit=1").await.assert_status(200);
    // An id, and a moment no calendar has.
    let id = "MDE5OGMwZGUtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAw";
    let moment = "LTMgLTk5OTktMDEtMDFUMDA6MDA6MDBaIDAxOThjMGRlLTAwMDAtNzAwMC04MDAwLTAwMDAwMDAwMDAwMA";
    for (list, cursor) in [
        (format!("/v1/workflows/{workflow}/versions"), id),
        (format!("/v1/items/{item}/events"), id),
        (format!("/v1/orders/{order}/events"), id),
        (format!("/v1/queues/{queue}/entries"), moment),
    ] {
        let refused = by.get(&format!("{list}?cursor={cursor}")).await;
        assert_eq!(refused.status, 400, "{refused}");
        refused.assert_problem("BAD_REQUEST");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_may_be_left_out_may_be_null() {
    let floor = Floor::new().await;
    let workflow = floor.north().workflow().await;
    for body in [None, Some(serde_json::Value::Null)] {
        let answer = floor.north().admin().send("POST", &format!("/v1/workflows/{workflow}/validate"), body).await;
        answer.assert_status(200);
    }
}
