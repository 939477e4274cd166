//! The routes of items.

use serde_json::json;
use uuid::Uuid;

use super::Access::Needs;
use super::Route;
use crate::harness::Floor;

routes! {
    GET "/v1/items" => Needs("item:view");
    GET "/v1/items/{id}" => Needs("item:view"), at item;
    GET "/v1/items/{id}/events" => Needs("item:view"), at item;
    POST "/v1/items/{id}/actions" => Needs("item:act"), at item,
        sending json!({ "action_id": "cut.length", "data": { "readings": [{ "name": "length", "value": 10, "unit": "mm" }] } });
    POST "/v1/items/{id}/actions/{action_id}/skip" => Needs("item:act"), at action, sending json!({ "reason": "Not needed" });
    POST "/v1/items/{id}/advance" => Needs("item:advance"), at item, sending json!({});
    POST "/v1/items/{id}/pause" => Needs("item:act"), at item, sending json!({});
    POST "/v1/items/{id}/resume" => Needs("item:act"), at item, sending json!({});
    POST "/v1/items/{id}/flag" => Needs("item:flag"), at item, sending json!({ "reason": "Stain" });
    POST "/v1/items/{id}/rework" => Needs("item:rework"), at item, sending json!({ "to": "cut", "reason": "Crooked" });
    POST "/v1/items/{id}/scrap" => Needs("item:scrap"), at item, sending json!({ "reason": "Torn" });
    POST "/v1/items/{id}/hold" => Needs("item:hold"), at item, sending json!({ "reason": "Recall" });
    POST "/v1/items/{id}/release" => Needs("item:hold"), at item, sending json!({});
    POST "/v1/items/{id}/assign" => Needs("item:assign"), at item, sending json!({ "user_id": Uuid::nil() });
    POST "/v1/items/{id}/claim" => Needs("item:act"), at item, sending json!({});
    POST "/v1/items/{id}/move" => Needs("item:move"), at item, sending json!({ "location_id": Uuid::nil() });
    POST "/v1/items/{id}/assemble" => Needs("item:act"), at item, sending json!({ "component_ids": [Uuid::nil()] });
    POST "/v1/items/{id}/notes" => Needs("item:act"), at item, sending json!({ "text": "Seen" });
    POST "/v1/items/{id}/undo" => Needs("item:act"), at item, sending json!({});
    POST "/v1/items/batch/advance" => Needs("item:advance"), sending json!({ "items": [{ "id": Uuid::nil() }] });
    POST "/v1/items/batch/assign" => Needs("item:assign"), sending json!({ "items": [{ "id": Uuid::nil(), "user_id": Uuid::nil() }] });
    POST "/v1/items/batch/create" => Needs("item:create"), sending json!({ "items": [{ "workflow_id": Uuid::nil(), "site_id": Uuid::nil() }] });
}

async fn item(floor: &Floor) -> Vec<String> {
    let order = floor.north().accepted_order(1).await;
    let items = floor.north().items_of(&order).await;
    vec![items[0]["id"].as_str().unwrap().to_owned()]
}

async fn action(floor: &Floor) -> Vec<String> {
    [item(floor).await, vec!["sew.look".into()]].concat()
}
