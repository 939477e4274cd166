//! Logins that began with a device's proof go on with that device's proof only.

use serde_json::json;

use super::badges::{PIN, badge, show};
use crate::harness::{Answer, Floor, PASSWORD, Phone};

const REFRESH: &str = "/v1/auth/refresh";

async fn sign_in(floor: &Floor, phone: &Phone, email: &str) -> Answer {
    let body = json!({ "email": email, "password": PASSWORD });
    phone.send(&floor.stranger(), "POST", "/v1/auth/login", Some(body)).await
}

async fn refresh_on(floor: &Floor, phone: &Phone, token: &str) -> Answer {
    phone.send(&floor.stranger(), "POST", REFRESH, Some(json!({ "refresh_token": token }))).await
}

async fn refresh_without(floor: &Floor, token: &str) -> Answer {
    floor.stranger().post(REFRESH, json!({ "refresh_token": token })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_needs_the_key_that_signing_in_came_with() {
    let floor = Floor::new().await;
    let (phone, other) = (floor.north().phone().await, floor.north().phone().await);
    let by_password = sign_in(&floor, &phone, "operator@north.example").await;
    let by_badge = show(&floor, &phone, &badge(floor.north(), "quality").await, PIN).await;
    for signed_in in [by_password, by_badge] {
        let token = signed_in.assert_status(200).text("refresh_token");
        let without = refresh_without(&floor, &token).await;
        without.assert_status(401).assert_problem("BAD_DEVICE_PROOF");
        assert!(without.header("dpop-nonce").is_some(), "{without}");
        for stranger in [&other, &Phone::unknown()] {
            refresh_on(&floor, stranger, &token).await.assert_status(401).assert_problem("BAD_DEVICE_PROOF");
        }
        let next = refresh_on(&floor, &phone, &token).await;
        floor.stranger().bearer(&next.text("access_token")).get("/v1/me").await.assert_status(200);
        refresh_without(&floor, &next.text("refresh_token")).await.assert_status(401);
    }
    let told = floor.north().admin().get("/v1/audit?kind=login.refresh_refused").await;
    assert_eq!(told.rows().len(), 8, "{told}");
    assert!(told.rows().iter().all(|event| event["detail"]["device_id"] == json!(phone.id)), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_key_does_not_keep_out_who_has_it() {
    let floor = Floor::new().await;
    let phone = floor.north().phone().await;
    let first = sign_in(&floor, &phone, "operator@north.example").await.text("refresh_token");
    let second = refresh_on(&floor, &phone, &first).await.text("refresh_token");
    let third = refresh_on(&floor, &phone, &second).await.text("refresh_token");
    for _ in 0..5 {
        // A token this old would end a login that is not bound.
        refresh_without(&floor, &first).await.assert_status(401).assert_problem("BAD_DEVICE_PROOF");
    }
    refresh_without(&floor, &first).await.assert_status(429).assert_problem("TOO_MANY");
    let told = floor.north().admin().get("/v1/audit?kind=login.refresh_refused").await;
    assert_eq!(told.rows().len(), 5, "{told}");
    refresh_on(&floor, &phone, &third).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_without_a_proof_is_refreshed_without_and_with_one() {
    let floor = Floor::new().await;
    let phone = floor.north().phone().await;
    let login = json!({ "email": "operator@north.example", "password": PASSWORD });
    let first = floor.stranger().post("/v1/auth/login", login).await.text("refresh_token");
    let second = refresh_without(&floor, &first).await.text("refresh_token");
    refresh_on(&floor, &phone, &second).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_that_is_sent_has_to_be_good() {
    let floor = Floor::new().await;
    let north = floor.north();
    let email = "operator@north.example";
    sign_in(&floor, &Phone::unknown(), email).await.assert_status(401).assert_problem("BAD_DEVICE_PROOF");
    let waiting = north.claimed_phone().await;
    sign_in(&floor, &waiting, email).await.assert_status(403).assert_problem("DEVICE_PENDING");
    let foreign = floor.south().phone().await;
    sign_in(&floor, &foreign, email).await.assert_status(401).assert_problem("BAD_DEVICE_PROOF");
    let login = json!({ "email": email, "password": PASSWORD });
    let broken = floor.stranger().with("dpop", "no proof").post("/v1/auth/login", login).await;
    broken.assert_status(401).assert_problem("BAD_DEVICE_PROOF");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_phone_takes_its_logins_with_it_and_no_others() {
    let floor = Floor::new().await;
    let (north, lost, kept) = (floor.north(), floor.north().phone().await, floor.north().phone().await);
    let on_lost = sign_in(&floor, &lost, "operator@north.example").await;
    let on_kept = sign_in(&floor, &kept, "operator@north.example").await;
    north.supervisor().post(&format!("/v1/devices/{}/revoke", lost.id), json!({})).await.assert_status(200);
    let me = async |answer: &Answer| floor.stranger().bearer(&answer.text("access_token")).get("/v1/me").await.status;
    assert_eq!((me(&on_lost).await, me(&on_kept).await), (401, 200));
    let token = on_lost.text("refresh_token");
    refresh_on(&floor, &lost, &token).await.assert_status(401).assert_problem("NOT_SIGNED_IN");
    refresh_on(&floor, &kept, &on_kept.text("refresh_token")).await.assert_status(200);
    sign_in(&floor, &lost, "operator@north.example").await.assert_status(403).assert_problem("DEVICE_REVOKED");
}
