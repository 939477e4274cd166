//! The routes of shifts.

use serde_json::json;

use super::Access::Needs;
use super::Route;
use crate::harness::Floor;

routes! {
    POST "/v1/shifts" => Needs("shift:work"), sending json!({ "site_id": "0198c0de-0000-7000-8000-000000000000" });
    GET "/v1/shifts" => Needs("shift:view");
    PATCH "/v1/shifts/{id}" => Needs("shift:work"), at shift, sending json!({});
    GET "/v1/shifts/active" => Needs("shift:work"); // the one the row before has started
    POST "/v1/shifts/{id}/end" => Needs("shift:work"), at shift;
}

/// Of whoever sends the request: nobody ends another's.
async fn shift(floor: &Floor) -> Vec<String> {
    vec![floor.north().admin().post("/v1/shifts", json!({ "site_id": floor.north().site() })).await.id()]
}
