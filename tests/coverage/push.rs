//! The routes of push.

use serde_json::json;

use super::Access::{Needs, SignedIn};
use super::Route;
use crate::harness::Floor;

routes! {
    PUT "/v1/devices/{id}/push" => Needs("sync:connect"), at device, sending json!({ "kind": "fcm", "address": "token" });
    DELETE "/v1/devices/{id}/push" => Needs("sync:connect"), at device;
    GET "/v1/push/key" => SignedIn;
    GET "/v1/me/quiet_hours" => SignedIn;
    PUT "/v1/me/quiet_hours" => SignedIn, sending json!({ "start": "22:00", "end": "06:00", "time_zone": "UTC" });
    DELETE "/v1/me/quiet_hours" => SignedIn;
}

async fn device(floor: &Floor) -> Vec<String> {
    vec![floor.north().phone().await.id]
}
