//! Partnerships: both sides' consent.

use serde_json::{Value, json};

use crate::harness::{At, Floor};

fn between(brand: At<'_>, factory: At<'_>) -> Value {
    json!({ "brand_id": brand.id().to_string(), "factory_id": factory.id().to_string() })
}

#[tokio::test(flavor = "multi_thread")]
async fn one_side_proposes_and_the_other_accepts() {
    let floor = Floor::new().await;
    let proposed = floor.aurora().admin().post("/v1/partnerships", between(floor.aurora(), floor.south())).await;
    assert_eq!(proposed.assert_status(201).json["status"], "proposed");
    assert_eq!(proposed.json["factory_name"], "South Works");
    let accept = format!("/v1/partnerships/{}/accept", proposed.id());
    floor.aurora().admin().post(&accept, json!({})).await.assert_status(409).assert_problem("STATE_CONFLICT");
    floor.north().admin().post(&accept, json!({})).await.assert_status(404).assert_problem("NOT_FOUND");
    let accepted = floor.south().admin().post(&accept, json!({})).await;
    assert_eq!(accepted.assert_status(200).json["status"], "active");
    assert!(accepted.json["brand_accepted_at"].is_string() && accepted.json["factory_accepted_at"].is_string());
    let again = floor.south().admin().post(&accept, json!({})).await;
    assert_eq!(again.assert_status(200).json, accepted.json);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_list_it_and_nobody_else_does() {
    let floor = Floor::new().await;
    floor.south().admin().post("/v1/partnerships", between(floor.aurora(), floor.south())).await.assert_status(201);
    assert_eq!(floor.south().admin().get("/v1/partnerships").await.rows().len(), 2);
    assert_eq!(floor.aurora().viewer().get("/v1/partnerships").await.rows().len(), 2);
    assert_eq!(floor.aurora().viewer().get("/v1/partnerships?status=proposed").await.rows().len(), 1);
    assert_eq!(floor.north().operator().get("/v1/partnerships").await.rows().len(), 1);
    assert_eq!(floor.borealis().admin().get("/v1/partnerships").await.rows().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn either_side_ends_it_and_either_may_propose_again() {
    let floor = Floor::new().await;
    let id = floor.north().admin().get("/v1/partnerships").await.rows()[0]["id"].as_str().unwrap().to_owned();
    let ended = floor.aurora().admin().post(&format!("/v1/partnerships/{id}/end"), json!({})).await;
    assert_eq!(ended.assert_status(200).json["status"], "ended");
    let accept = format!("/v1/partnerships/{id}/accept");
    floor.north().admin().post(&accept, json!({})).await.assert_status(409);
    let again = floor.north().admin().post("/v1/partnerships", between(floor.aurora(), floor.north())).await;
    assert_eq!(again.assert_status(201).json["status"], "proposed");
    assert_eq!(again.id(), id);
    floor.aurora().admin().post(&accept, json!({})).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_side_is_ones_own_and_the_kinds_are_right() {
    let floor = Floor::new().await;
    let admin = floor.north().admin();
    let strangers = admin.post("/v1/partnerships", between(floor.aurora(), floor.south())).await;
    strangers.assert_status(422).assert_field("brand_id");
    let two_factories = admin.post("/v1/partnerships", between(floor.south(), floor.north())).await;
    two_factories.assert_status(422).assert_field("brand_id");
    let nobody = json!({ "brand_id": uuid::Uuid::new_v4(), "factory_id": floor.north().id().to_string() });
    admin.post("/v1/partnerships", nobody).await.assert_status(422).assert_field("brand_id");
    let known = admin.post("/v1/partnerships", between(floor.aurora(), floor.north())).await;
    known.assert_status(409).assert_problem("DUPLICATE");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_proposes_once() {
    let floor = Floor::new().await;
    let admin = floor.south().admin().key("aurora");
    let first = admin.post("/v1/partnerships", between(floor.aurora(), floor.south())).await;
    let again = admin.post("/v1/partnerships", between(floor.aurora(), floor.south())).await;
    assert_eq!(again.assert_status(201).json, first.json);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_proposed_again_has_todays_names() {
    let floor = Floor::new().await;
    let admin = floor.north().admin();
    let id = admin.get("/v1/partnerships").await.rows()[0]["id"].as_str().unwrap().to_owned();
    admin.post(&format!("/v1/partnerships/{id}/end"), json!({})).await.assert_status(200);
    let path = format!("/v1/organizations/{}", floor.north().id());
    let version = admin.get(&path).await.version();
    admin.if_match(version).patch(&path, json!({ "name": "Northern Mill" })).await.assert_status(200);
    let again = admin.post("/v1/partnerships", between(floor.aurora(), floor.north())).await;
    assert_eq!(again.assert_status(201).json["factory_name"], "Northern Mill");
    assert_eq!(admin.get(&format!("/v1/partnerships/{id}")).await.ok(), again.json);
}
