//! PINs: set by oneself with one's password, or by who manages people.

use serde_json::json;

use super::badges::{PIN, badge, show};
use super::users::clerk;
use crate::harness::{Floor, PASSWORD};

#[tokio::test(flavor = "multi_thread")]
async fn one_sets_ones_own_pin_with_ones_password() {
    let floor = Floor::new().await;
    let north = floor.north();
    let code = badge(north, "operator").await;
    let (other, client) = (
        floor.sign_in("operator@north.example", PASSWORD).await,
        floor.sign_in("operator@north.example", PASSWORD).await,
    );
    let own = |password: &str, pin: &str| json!({ "current_password": password, "pin": pin });
    client.put("/v1/me/pin", own("wrong", "1470")).await.assert_status(422).assert_field("current_password");
    client
        .put("/v1/me/pin", own(PASSWORD, "1234"))
        .await
        .assert_status(422)
        .assert_problem("INVALID")
        .assert_field("pin");
    client.put("/v1/me/pin", own(PASSWORD, "1470")).await.assert_status(204);
    client.get("/v1/me").await.assert_status(200);
    other.get("/v1/me").await.assert_status(401);
    let phone = north.phone().await;
    show(&floor, &phone, &code, PIN).await.assert_status(401);
    show(&floor, &phone, &code, "1470").await.assert_status(200);
    let told = north.admin().get("/v1/audit?kind=user.pin_set").await;
    assert_eq!(told.rows()[0]["actor_id"], json!(north.person("operator").id));
    assert!(!told.json.to_string().contains("1470"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_ones_own_password_are_counted_here_too() {
    let floor = Floor::new().await;
    let client = floor.sign_in("operator@north.example", PASSWORD).await;
    for _ in 0..5 {
        let guess = json!({ "current_password": "wrong", "pin": PIN });
        client.put("/v1/me/pin", guess).await.assert_status(422);
    }
    let right = json!({ "current_password": PASSWORD, "pin": PIN });
    client.put("/v1/me/pin", right).await.assert_status(429).assert_problem("TOO_MANY");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_pin_ends_no_session_and_another_or_none_ends_all() {
    let floor = Floor::new().await;
    let north = floor.north();
    let user = format!("/v1/users/{}", north.person("operator").id);
    let pin = format!("{user}/pin");
    let has_pin = async || north.admin().get(&user).await.ok()["has_pin"].clone();
    let first = floor.sign_in("operator@north.example", PASSWORD).await;
    assert_eq!(has_pin().await, json!(false));
    north.admin().put(&pin, json!({ "pin": PIN })).await.assert_status(204);
    assert_eq!(has_pin().await, json!(true));
    first.get("/v1/me").await.assert_status(200);
    north.admin().put(&pin, json!({ "pin": "1470" })).await.assert_status(204);
    first.get("/v1/me").await.assert_status(401);

    let second = floor.sign_in("operator@north.example", PASSWORD).await;
    north.admin().delete(&pin).await.assert_status(204);
    second.get("/v1/me").await.assert_status(401);
    assert_eq!(has_pin().await, json!(false));
    assert_eq!(north.admin().get("/v1/audit?kind=user.pin_removed").await.rows().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sets_the_pin_of_who_may_do_more() {
    let floor = Floor::new().await;
    let (north, clerk) = (floor.north(), clerk(&floor).await);
    let pin = |role: &str| format!("/v1/users/{}/pin", north.person(role).id);
    clerk.put(&pin("admin"), json!({ "pin": PIN })).await.assert_status(403).assert_problem("NOT_PERMITTED");
    clerk.delete(&pin("admin")).await.assert_status(403).assert_problem("NOT_PERMITTED");
    let of_south = format!("/v1/users/{}/pin", floor.south().person("operator").id);
    north.admin().put(&of_south, json!({ "pin": PIN })).await.assert_status(404);
    north.admin().put(&pin("operator"), json!({ "pin": "0000" })).await.assert_status(422).assert_field("pin");
}
