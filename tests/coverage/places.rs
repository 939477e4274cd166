//! The routes of locations and workflows.

use serde_json::json;
use uuid::Uuid;

use super::Access::Needs;
use super::Route;
use crate::harness::Floor;

routes! {
    GET "/v1/locations" => Needs("location:view");
    POST "/v1/locations" => Needs("location:manage"), sending json!({ "kind": "site", "name": "Annex" });
    GET "/v1/locations/{id}" => Needs("location:view"), at location;
    PATCH "/v1/locations/{id}" => Needs("location:manage"), at location, sending json!({ "name": "Renamed" });
    DELETE "/v1/locations/{id}" => Needs("location:manage"), at location;

    GET "/v1/workflows" => Needs("workflow:view");
    POST "/v1/workflows" => Needs("workflow:manage"), sending json!({ "name": "Another" });
    GET "/v1/workflows/{id}" => Needs("workflow:view"), at workflow;
    PATCH "/v1/workflows/{id}" => Needs("workflow:manage"), at workflow, sending json!({ "description": "Changed" });
    DELETE "/v1/workflows/{id}" => Needs("workflow:manage"), at workflow;
    GET "/v1/workflows/{id}/versions" => Needs("workflow:view"), at workflow;
    POST "/v1/workflows/{id}/versions" => Needs("workflow:manage"), at workflow, sending json!({});
    GET "/v1/workflows/{id}/versions/{number}" => Needs("workflow:view"), at version;
    POST "/v1/workflows/{id}/validate" => Needs("workflow:view"), at workflow, sending json!({});
    POST "/v1/workflows/{id}/clone" => Needs("workflow:manage"), at workflow, sending json!({ "name": Uuid::new_v4().to_string() });
    GET "/v1/workflows/{id}/progress" => Needs("workflow:view"), at workflow;
    GET "/v1/workflows/{id}/items" => Needs("item:view"), at workflow;
    GET "/v1/workflows/{id}/analytics" => Needs("workflow:view"), at workflow;
    POST "/v1/workflows/{id}/versions/draft/stages" => Needs("workflow:manage"), at workflow, sending json!({ "key": "pack", "name": "Packing", "order": 2 });
    PUT "/v1/workflows/{id}/versions/draft/stages/reorder" => Needs("workflow:manage"), at workflow, sending json!({ "keys": ["sew"] });
    PATCH "/v1/workflows/{id}/versions/draft/stages/{stage}" => Needs("workflow:manage"), at stage, sending json!({ "name": "Sewing again" });
    DELETE "/v1/workflows/{id}/versions/draft/stages/{stage}" => Needs("workflow:manage"), at stage;
    POST "/v1/workflows/{id}/versions/draft/stages/{stage}/actions" => Needs("workflow:manage"), at stage,
        sending json!({ "key": "remark", "kind": "note", "label": "Remark", "required": false, "config": {} });
    PATCH "/v1/workflows/{id}/versions/draft/stages/{stage}/actions/{action}" => Needs("workflow:manage"), at action, sending json!({ "label": "Seen" });
    DELETE "/v1/workflows/{id}/versions/draft/stages/{stage}/actions/{action}" => Needs("workflow:manage"), at action;
}

async fn location(floor: &Floor) -> Vec<String> {
    let body = json!({ "kind": "area", "name": "Somewhere", "parent_id": floor.north().site() });
    vec![floor.north().admin().post("/v1/locations", body).await.id()]
}

async fn workflow(floor: &Floor) -> Vec<String> {
    let stage = json!({ "key": "sew", "name": "Sewing", "order": 1, "next": [], "actions": [
        { "key": "look", "kind": "note", "label": "Look", "required": true, "config": {} }] });
    let body = json!({ "name": Uuid::new_v4().to_string(), "entry": "sew", "stages": [stage] });
    vec![floor.north().admin().post("/v1/workflows", body).await.id()]
}

async fn version(floor: &Floor) -> Vec<String> {
    [workflow(floor).await, vec!["1".into()]].concat()
}

async fn stage(floor: &Floor) -> Vec<String> {
    [workflow(floor).await, vec!["sew".into()]].concat()
}

async fn action(floor: &Floor) -> Vec<String> {
    [stage(floor).await, vec!["look".into()]].concat()
}
