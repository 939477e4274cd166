//! The routes of queues.

use serde_json::json;
use uuid::Uuid;

use super::Access::Needs;
use super::Route;
use crate::harness::Floor;

routes! {
    GET "/v1/queues" => Needs("queue:view");
    POST "/v1/queues" => Needs("queue:manage"), sending json!({ "name": "Another", "site_id": Uuid::nil() });
    GET "/v1/queues/{id}" => Needs("queue:view"), at queue;
    PATCH "/v1/queues/{id}" => Needs("queue:manage"), at queue, sending json!({ "active": false });
    DELETE "/v1/queues/{id}" => Needs("queue:manage"), at queue;
    GET "/v1/queues/{id}/entries" => Needs("queue:view"), at queue;
    POST "/v1/queues/{id}/entries" => Needs("queue:manage"), at queue, sending json!({ "item_id": Uuid::nil() });
    PATCH "/v1/queues/{id}/entries/{item_id}" => Needs("queue:manage"), at entry, sending json!({ "priority": "high" });
    DELETE "/v1/queues/{id}/entries/{item_id}" => Needs("queue:manage"), at entry;
}

async fn queue(floor: &Floor) -> Vec<String> {
    let body = json!({ "name": Uuid::new_v4().to_string(), "site_id": floor.north().site() });
    vec![floor.north().admin().post("/v1/queues", body).await.id()]
}

async fn entry(floor: &Floor) -> Vec<String> {
    let (queue, order) = (queue(floor).await.remove(0), floor.north().accepted_order(1).await);
    vec![queue, floor.north().items_of(&order).await[0]["id"].as_str().unwrap().to_owned()]
}
