//! Signing in by badge and PIN, on phones that were let in.

use serde_json::{Value, json};

use crate::harness::{Answer, At, Floor, Phone};

pub(super) const PIN: &str = "2580";

/// Gives somebody a PIN and a badge, and tells what is on it.
pub(super) async fn badge(at: At<'_>, role: &str) -> String {
    at.admin().put(&format!("/v1/users/{}/pin", at.person(role).id), json!({ "pin": PIN })).await.assert_status(204);
    new_badge(at, role).await
}

async fn new_badge(at: At<'_>, role: &str) -> String {
    let made = at.admin().post(&format!("/v1/users/{}/badge", at.person(role).id), json!({})).await;
    made.assert_status(201).text("code")
}

pub(super) async fn show(floor: &Floor, phone: &Phone, code: &str, pin: &str) -> Answer {
    phone.send(&floor.stranger(), "POST", "/v1/auth/badge", Some(json!({ "code": code, "pin": pin }))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_signs_in_by_badge_and_pin() {
    let floor = Floor::new().await;
    let (north, phone) = (floor.north(), floor.north().phone().await);
    let code = badge(north, "operator").await;
    for shown in [code.clone(), format!("https://floor.example/Q/{code}"), code.to_lowercase()] {
        let answer = show(&floor, &phone, &shown, PIN).await;
        answer.assert_status(200);
        assert_eq!(answer.json["user"]["email"], "operator@north.example");
        floor.stranger().bearer(&answer.text("access_token")).get("/v1/me").await.assert_status(200);
    }
    let told = north.admin().get("/v1/audit?kind=login.started").await;
    let detail = &told.rows()[0]["detail"];
    assert_eq!((&detail["by"], &detail["device_id"]), (&json!("badge"), &json!(phone.id)));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_share_a_phone_and_each_is_who_they_are() {
    let floor = Floor::new().await;
    let (north, phone) = (floor.north(), floor.north().phone().await);
    let mut tokens = Vec::new();
    for role in ["operator", "quality"] {
        tokens.push(show(&floor, &phone, &badge(north, role).await, PIN).await.text("access_token"));
    }
    for (token, email) in tokens.iter().zip(["operator@north.example", "quality@north.example"]) {
        assert_eq!(floor.stranger().bearer(token).get("/v1/me").await.ok()["email"], email);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_badge_or_pin_is_not_told() {
    let floor = Floor::new().await;
    let north = floor.north();
    let good = badge(north, "operator").await;
    let replaced = badge(north, "quality").await;
    new_badge(north, "quality").await;
    let revoked = badge(north, "operator2").await;
    let path = format!("/v1/labels/{revoked}/revoke");
    north.admin().post(&path, json!({})).await.assert_status(200);
    let without_pin = new_badge(north, "admin").await;
    let gone = badge(north, "supervisor").await;
    let supervisor = format!("/v1/users/{}", north.person("supervisor").id);
    let version = north.admin().get(&supervisor).await.version();
    north.admin().if_match(version).delete(&supervisor).await.assert_status(204);
    let foreign = badge(floor.south(), "operator").await;
    let place = north.admin().post(&format!("/v1/locations/{}/label", north.station()), json!({})).await.text("code");

    let mut answers = Vec::new();
    for (why, code, pin) in [
        ("wrong PIN", &good, "9753"),
        ("no PIN", &good, ""),
        ("replaced", &replaced, PIN),
        ("revoked", &revoked, PIN),
        ("without a PIN", &without_pin, PIN),
        ("does not work here any more", &gone, PIN),
        ("another organisation's", &foreign, PIN),
        ("no badge", &place, PIN),
        ("no code", &"W".to_owned(), PIN),
    ] {
        let answer = show(&floor, &north.phone().await, code, pin).await;
        assert_eq!((answer.status, &answer.json["code"]), (401, &json!("WRONG_CREDENTIALS")), "{why}: {answer}");
        let mut json = answer.json.clone();
        json["request_id"] = Value::Null;
        answers.push(json);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:#?}");
    show(&floor, &north.phone().await, &good, PIN).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_tries_but_on_a_phone_that_may_work() {
    let floor = Floor::new().await;
    let (north, code) = (floor.north(), badge(floor.north(), "operator").await);
    let unsigned = floor.stranger().post("/v1/auth/badge", json!({ "code": code, "pin": PIN })).await;
    unsigned.assert_status(401).assert_problem("BAD_DEVICE_PROOF");
    show(&floor, &Phone::unknown(), &code, PIN).await.assert_status(401).assert_problem("BAD_DEVICE_PROOF");
    let waiting = north.claimed_phone().await;
    show(&floor, &waiting, &code, PIN).await.assert_status(403).assert_problem("DEVICE_PENDING");
    let phone = north.phone().await;
    north.supervisor().post(&format!("/v1/devices/{}/revoke", phone.id), json!({})).await.assert_status(200);
    show(&floor, &phone, &code, PIN).await.assert_status(403).assert_problem("DEVICE_REVOKED");
    assert_eq!(north.admin().get("/v1/audit?kind=login.failed").await.rows().len(), 0, "none of them was an attempt");
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_told_to_the_organisation_of_the_phone() {
    let floor = Floor::new().await;
    let (north, phone) = (floor.north(), floor.north().phone().await);
    let (own, foreign) = (badge(north, "operator").await, badge(floor.south(), "operator").await);
    for code in [&foreign, &own] {
        show(&floor, &phone, code, "9753").await.assert_status(401);
    }
    let told = north.admin().get("/v1/audit?kind=login.failed").await;
    let users: Vec<_> = told.rows().iter().map(|event| event["detail"]["user_id"].clone()).collect();
    assert_eq!(users, [json!(north.person("operator").id), Value::Null]);
    assert!(told.rows().iter().all(|event| event["detail"]["device_id"] == json!(phone.id)), "{told}");
    assert_eq!(floor.south().admin().get("/v1/audit?kind=login.failed").await.rows().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_worker_who_mistypes_shuts_a_shared_phone_for_nobody_else_and_many_wrong_pins_shut_that_phone_only() {
    let floor = Floor::new().await;
    let (north, phone) = (floor.north(), floor.north().phone().await);
    let code = badge(north, "operator").await;
    for person in ["quality", "supervisor", "operator2", "admin"] {
        show(&floor, &phone, &code, PIN).await.assert_status(200);
        let other = badge(north, person).await;
        for _ in 0..5 {
            show(&floor, &phone, &other, "9753").await.assert_status(401);
        }
    }
    let waits = show(&floor, &phone, &code, PIN).await;
    waits.assert_status(429).assert_problem("TOO_MANY");
    assert_eq!(waits.header("ratelimit-policy"), Some("\"login\";q=20;w=900"));
    assert!(waits.header("retry-after").is_some(), "{waits}");
    show(&floor, &north.phone().await, &code, PIN).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sixth_try_with_a_badge_waits_on_every_phone() {
    let floor = Floor::new().await;
    let (north, code) = (floor.north(), badge(floor.north(), "operator").await);
    for _ in 0..5 {
        show(&floor, &north.phone().await, &code, "9753").await.assert_status(401);
    }
    let phone = north.phone().await;
    show(&floor, &phone, &code, PIN).await.assert_status(429).assert_problem("TOO_MANY");
    show(&floor, &phone, &badge(north, "quality").await, PIN).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_two_organisations_let_in_serves_the_badges_of_both() {
    let floor = Floor::new().await;
    let phone = floor.north().phone().await;
    let there = phone.also_at(&floor.south()).await;
    for (at, id) in [(floor.north(), &phone.id), (floor.south(), &there.id)] {
        show(&floor, &phone, &badge(at, "operator").await, PIN).await.assert_status(200);
        let told = at.admin().get("/v1/audit?kind=login.started").await;
        assert_eq!(told.rows()[0]["detail"]["device_id"], json!(id));
    }
}
