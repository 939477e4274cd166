//! The routes of identity, and of the server's own health.

use serde_json::json;
use uuid::Uuid;

use super::Access::{Anybody, Needs, SignedIn};
use super::Route;
use crate::harness::Floor;

routes! {
    GET "/health/live" => Anybody;
    GET "/health/ready" => Anybody;

    POST "/v1/auth/login" => Anybody, sending json!({ "email": "nobody@north.example", "password": "nothing at all" });
    POST "/v1/auth/badge" => Anybody, sending json!({ "code": "W", "pin": "2580" });
    POST "/v1/auth/refresh" => Anybody, sending json!({ "refresh_token": "x" });
    POST "/v1/auth/logout" => SignedIn;
    GET "/v1/me" => SignedIn;
    POST "/v1/me/password" => SignedIn, sending json!({ "current_password": "wrong", "new_password": "long enough" });
    PUT "/v1/me/pin" => SignedIn, sending json!({ "current_password": "wrong", "pin": "2580" });

    POST "/v1/organizations" => Needs("organization:create"), sending json!({
        "name": "Third", "kind": "brand", "administrator": { "email": "admin@third.example", "name": "Admin", "password": "long enough" } });
    GET "/v1/organizations/{id}" => SignedIn, at own_organization;
    PATCH "/v1/organizations/{id}" => Needs("organization:manage"), at own_organization, sending json!({ "name": "Renamed" });

    GET "/v1/partnerships" => SignedIn;
    POST "/v1/partnerships" => Needs("partnership:manage"), sending json!({
        "brand_id": "00000000-0000-7000-8000-000000000001", "factory_id": "00000000-0000-7000-8000-000000000002" });
    GET "/v1/partnerships/{id}" => SignedIn, at partnership;
    POST "/v1/partnerships/{id}/accept" => Needs("partnership:manage"), at partnership;
    POST "/v1/partnerships/{id}/end" => Needs("partnership:manage"), at partnership;

    GET "/v1/users" => Needs("user:view");
    POST "/v1/users" => Needs("user:manage"), sending json!({ "email": "new@north.example", "name": "New" });
    GET "/v1/users/{id}" => Needs("user:view"), at user;
    PATCH "/v1/users/{id}" => Needs("user:manage"), at user, sending json!({ "name": "Renamed" });
    DELETE "/v1/users/{id}" => Needs("user:manage"), at user;
    PUT "/v1/users/{id}/pin" => Needs("user:manage"), at user, sending json!({ "pin": "2580" });
    DELETE "/v1/users/{id}/pin" => Needs("user:manage"), at user;

    GET "/v1/roles" => Needs("user:view");
    POST "/v1/roles" => Needs("role:manage"), sending json!({ "name": "Cutter", "permissions": ["item:act"] });
    GET "/v1/roles/{id}" => Needs("user:view"), at role;
    PATCH "/v1/roles/{id}" => Needs("role:manage"), at role, sending json!({ "name": "Renamed" });
    DELETE "/v1/roles/{id}" => Needs("role:manage"), at role;

    GET "/v1/devices" => Needs("device:view");
    POST "/v1/devices/enrolments" => Needs("device:manage"), sending json!({ "site_id": "00000000-0000-7000-8000-000000000001", "name": "Phone" });
    POST "/v1/devices/enrolments/claim" => Anybody, sending json!({ "code": "x", "public_key": {} });
    GET "/v1/devices/{id}" => Needs("device:view"), at device;
    PATCH "/v1/devices/{id}" => Needs("device:manage"), at device, sending json!({ "name": "Renamed" });
    POST "/v1/devices/{id}/approve" => Needs("device:manage"), at device, sending json!({ "digits": "?" });
    POST "/v1/devices/{id}/revoke" => Needs("device:manage"), at device, sending json!({ "reason": "lost" });
    POST "/v1/devices/{id}/unsent" => Needs("device:manage"), at device,
        sending json!({ "kind": "floorline.unsent", "version": 1, "device_id": Uuid::nil() });
    GET "/v1/devices/{id}/status" => Anybody, at device;
    POST "/v1/sync/ticket" => Needs("sync:connect"), sending json!({});

    GET "/v1/audit" => Needs("audit:view");
}

async fn own_organization(floor: &Floor) -> Vec<String> {
    vec![floor.north().id().to_string()]
}

async fn partnership(floor: &Floor) -> Vec<String> {
    let partnerships = floor.north().admin().get("/v1/partnerships").await;
    vec![partnerships.rows()[0]["id"].as_str().unwrap().to_owned()]
}

async fn user(floor: &Floor) -> Vec<String> {
    let email = format!("{}@north.example", uuid::Uuid::new_v4());
    vec![floor.north().admin().post("/v1/users", json!({ "email": email, "name": "Somebody" })).await.id()]
}

async fn role(floor: &Floor) -> Vec<String> {
    let name = uuid::Uuid::new_v4().to_string();
    vec![floor.north().admin().post("/v1/roles", json!({ "name": name, "permissions": [] })).await.id()]
}

async fn device(floor: &Floor) -> Vec<String> {
    vec![floor.north().claimed_phone().await.id]
}
