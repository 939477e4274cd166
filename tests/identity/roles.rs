//! Roles.

use serde_json::json;

use crate::harness::{Floor, PASSWORD};

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_made_changed_and_deleted() {
    let floor = Floor::new().await;
    let admin = floor.north().admin();
    let made = admin.post("/v1/roles", json!({ "name": "Cutter", "permissions": ["item:view", "item:act"] })).await;
    assert_eq!(made.assert_status(201).json["permissions"], json!(["item:view", "item:act"]));
    let path = format!("/v1/roles/{}", made.id());
    let changed = admin.if_match(1).patch(&path, json!({ "permissions": ["item:view"] })).await;
    assert_eq!(changed.assert_status(200).json["name"], "Cutter");
    assert_eq!(changed.version(), 2);
    admin.if_match(1).delete(&path).await.assert_status(412);
    admin.if_match(2).delete(&path).await.assert_status(204);
    admin.get(&path).await.assert_status(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_reaches_its_holders_at_once() {
    let floor = Floor::new().await;
    let roles = floor.north().admin().get("/v1/roles").await;
    let operator = roles.rows().iter().find(|role| role["name"] == "operator").unwrap();
    let worker = floor.north().operator();
    worker.get("/v1/users").await.assert_status(403);
    let path = format!("/v1/roles/{}", operator["id"].as_str().unwrap());
    floor.north().admin().if_match(1).patch(&path, json!({ "permissions": ["user:view"] })).await.assert_status(200);
    worker.get("/v1/users").await.assert_status(200);
    floor.south().operator().get("/v1/users").await.assert_status(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_someone_holds_is_not_deleted() {
    let floor = Floor::new().await;
    let roles = floor.north().admin().get("/v1/roles").await;
    let operator = roles.rows().iter().find(|role| role["name"] == "operator").unwrap();
    let path = format!("/v1/roles/{}", operator["id"].as_str().unwrap());
    let refused = floor.north().admin().if_match(1).delete(&path).await;
    assert_eq!(refused.assert_status(409).assert_problem("IN_USE").json["context"]["holders"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn permissions_are_known_ones_that_one_has_oneself() {
    let floor = Floor::new().await;
    let admin = floor.north().admin();
    let unknown = admin.post("/v1/roles", json!({ "name": "Pilot", "permissions": ["item:view", "item:fly"] })).await;
    unknown.assert_status(422).assert_problem("INVALID").assert_field("permissions[1]");
    // Not even by someone who has it: it concerns the installation.
    let founder = admin.post("/v1/roles", json!({ "name": "Founder", "permissions": ["organization:create"] })).await;
    founder.assert_status(422).assert_field("permissions[0]");

    let keeper = admin.post("/v1/roles", json!({ "name": "keeper", "permissions": ["role:manage"] })).await.id();
    let new = json!({ "email": "keeper@north.example", "name": "Keeper", "password": PASSWORD, "role_ids": [keeper] });
    admin.post("/v1/users", new).await.assert_status(201);
    let keeper = floor.sign_in("keeper@north.example", PASSWORD).await;
    let more = keeper.post("/v1/roles", json!({ "name": "More", "permissions": ["item:scrap"] })).await;
    more.assert_status(403).assert_problem("NOT_PERMITTED");
    keeper.post("/v1/roles", json!({ "name": "Same", "permissions": ["role:manage"] })).await.assert_status(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_unique_within_an_organisation() {
    let floor = Floor::new().await;
    let twin = json!({ "name": "operator", "permissions": [] });
    floor.north().admin().post("/v1/roles", twin).await.assert_status(409).assert_problem("DUPLICATE");
    let own = json!({ "name": "Cutter", "permissions": [] });
    floor.north().admin().post("/v1/roles", own.clone()).await.assert_status(201);
    floor.south().admin().post("/v1/roles", own).await.assert_status(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_makes_one_role() {
    let floor = Floor::new().await;
    let admin = floor.north().admin().key("cutter");
    let body = json!({ "name": "Cutter", "permissions": [] });
    let first = admin.post("/v1/roles", body.clone()).await;
    assert_eq!(admin.post("/v1/roles", body).await.assert_status(201).id(), first.id());
}

#[tokio::test(flavor = "multi_thread")]
async fn administration_cannot_be_taken_from_everybody() {
    let floor = Floor::new().await;
    let admin = floor.south().admin();
    let roles = admin.get("/v1/roles").await;
    let role = roles.rows().iter().find(|role| role["name"] == "admin").unwrap();
    let path = format!("/v1/roles/{}", role["id"].as_str().unwrap());
    let refused = admin.if_match(1).patch(&path, json!({ "permissions": ["user:view"] })).await;
    refused.assert_status(409).assert_problem("STATE_CONFLICT");
    admin.get("/v1/audit").await.assert_status(200);
}
