//! Places stay one tree for each site, and none goes out of use while something is there.

use insta::assert_json_snapshot;
use serde_json::json;

use crate::harness::{Floor, redacted};

#[tokio::test(flavor = "multi_thread")]
async fn a_place_is_made_listed_changed_and_retired() {
    let floor = Floor::new().await;
    let (north, by) = (floor.north(), floor.north().supervisor());
    let new = json!({ "kind": "rack", "name": "Rack 7", "parent_id": north.area(), "capacity": 12 });
    let made = by.key("rack-7").post("/v1/locations", new.clone()).await;
    made.assert_status(201);
    assert_json_snapshot!(redacted(&made.json), @r#"
    {
      "active": true,
      "capacity": 12,
      "created_at": "[time]",
      "id": "[id]",
      "kind": "rack",
      "name": "Rack 7",
      "parent_id": "[id]",
      "site_id": "[id]",
      "updated_at": "[time]",
      "version": 1
    }
    "#);
    assert_eq!(made.text("site_id"), north.site());
    let again = by.key("rack-7").post("/v1/locations", new).await;
    assert_eq!((again.header("idempotency-replayed"), &again.json), (Some("true"), &made.json));

    let path = format!("/v1/locations/{}", made.id());
    let shown = by.get(&path).await;
    assert_eq!(shown.version(), 1);
    by.patch(&path, json!({ "name": "Rack 8" })).await.assert_status(428).assert_problem("VERSION_REQUIRED");
    by.if_match(9).patch(&path, json!({ "name": "Rack 8" })).await.assert_status(412);
    let changed = by.if_match(1).patch(&path, json!({ "name": "Rack 8", "capacity": null })).await;
    changed.assert_status(200);
    assert_eq!(
        (changed.version(), &changed.json["capacity"], &changed.json["name"]),
        (2, &json!(null), &json!("Rack 8"))
    );

    let inside = by.get(&format!("/v1/locations?parent_id={}&limit=1", north.area())).await;
    assert_eq!(inside.rows().len(), 1);
    let rest = by.get(&format!("/v1/locations?parent_id={}&cursor={}", north.area(), inside.text("next_cursor"))).await;
    assert_eq!((rest.rows().len(), &rest.json["next_cursor"]), (1, &json!(null)));

    by.if_match(2).delete(&path).await.assert_status(204);
    assert_eq!(by.get(&path).await.json["active"], false);
    by.if_match(3).patch(&path, json!({ "active": true })).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tree_has_site_roots_and_no_cycles() {
    let floor = Floor::new().await;
    let (north, by) = (floor.north(), floor.north().supervisor());
    let refused = [
        (json!({ "kind": "site", "name": "Annex", "parent_id": north.site() }), "parent_id"),
        (json!({ "kind": "area", "name": "Nowhere" }), "parent_id"),
        (json!({ "kind": "area", "name": "Abroad", "parent_id": floor.south().site() }), "parent_id"),
        (json!({ "kind": "planet", "name": "Mars", "parent_id": north.site() }), "kind"),
        (json!({ "kind": "area", "name": " ", "parent_id": north.site() }), "name"),
        (json!({ "kind": "bin", "name": "B", "parent_id": north.site(), "capacity": 0 }), "capacity"),
    ];
    for (body, field) in refused {
        by.post("/v1/locations", body).await.assert_status(422).assert_problem("INVALID").assert_field(field);
    }
    let area = format!("/v1/locations/{}", north.area());
    by.if_match(1).patch(&area, json!({ "parent_id": north.station() })).await.assert_field("parent_id");
    by.if_match(1).patch(&area, json!({ "parent_id": north.area() })).await.assert_field("parent_id");

    // A whole branch moves to another site and everything in it follows.
    let annex = by.post("/v1/locations", json!({ "kind": "site", "name": "Annex" })).await.id();
    let moved = by.if_match(1).patch(&area, json!({ "parent_id": annex })).await.ok();
    assert_eq!(moved["site_id"], json!(annex));
    let station = by.get(&format!("/v1/locations/{}", north.station())).await.ok();
    assert_eq!(station["site_id"], json!(annex));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_in_use_stays() {
    let floor = Floor::new().await;
    let (north, by) = (floor.north(), floor.north().supervisor());
    let order = north.accepted_order(1).await;
    let item = north.items_of(&order).await[0]["id"].as_str().unwrap().to_owned();
    by.post(&format!("/v1/items/{item}/move"), json!({ "location_id": north.station() })).await.assert_status(200);

    let (site, area, station) = (north.site(), north.area(), north.station());
    let refused = by.if_match(1).delete(&format!("/v1/locations/{station}")).await;
    refused.assert_status(409).assert_problem("IN_USE");
    assert_eq!(refused.json["context"]["codes"], json!(["CAP-0001"]));
    by.if_match(1).delete(&format!("/v1/locations/{area}")).await.assert_problem("IN_USE");
    by.if_match(1).delete(&format!("/v1/locations/{site}")).await.assert_problem("IN_USE");

    by.post(&format!("/v1/items/{item}/scrap"), json!({ "reason": "Torn" })).await.assert_status(200);
    by.if_match(1).delete(&format!("/v1/locations/{area}")).await.assert_problem("IN_USE");
    by.if_match(1).delete(&format!("/v1/locations/{station}")).await.assert_status(204);
    by.if_match(1).delete(&format!("/v1/locations/{area}")).await.assert_status(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_cannot_be_stored_is_the_senders_fault() {
    let floor = Floor::new().await;
    let body = json!({ "kind": "site", "name": "nul\u{0}" });
    floor.north().supervisor().post("/v1/locations", body).await.assert_status(400).assert_problem("BAD_REQUEST");
}
