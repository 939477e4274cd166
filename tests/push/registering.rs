//! A phone says where it is reached.

use serde_json::{Value, json};

use super::{addresses, all_told, assign, floor, item, reached, register};
use crate::harness::browser::Browser;
use crate::harness::firebase::Firebase;
use crate::harness::{Floor, Phone, count};

fn fcm(token: &str) -> Value {
    json!({ "kind": "fcm", "address": token })
}

fn path(phone: &Phone) -> String {
    format!("/v1/devices/{}/push", phone.id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_has_one_address_for_each_of_its_workers_however_often_it_says_so() {
    let floor = Floor::new().await;
    let (north, phone) = (floor.north(), floor.north().phone().await);
    for token in ["first", "first", "second"] {
        let view = north.operator().put(&path(&phone), fcm(token)).await.ok();
        assert_eq!((&view["device_id"], &view["kind"]), (&json!(phone.id), &json!("fcm")));
        assert!(!view.to_string().contains(token), "an address is told to nobody");
        assert_eq!(addresses(&floor).await, 1);
    }
    register(&north.second_operator(), &phone, fcm("third")).await;
    assert_eq!(addresses(&floor).await, 2);
    for _ in 0..2 {
        north.operator().delete(&path(&phone)).await.assert_status(204);
        assert_eq!(addresses(&floor).await, 1, "a colleague's is kept");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_worker_on_a_shared_phone_takes_its_address_over() {
    let firebase = Firebase::start();
    let (floor, phone) = reached(&firebase, "shared").await;
    let item = item(floor.north()).await;
    register(&floor.north().second_operator(), &phone, fcm("shared")).await;
    assert_eq!(addresses(&floor).await, 1);
    assign(&floor, &item).await;
    all_told(&floor).await;
    assert_eq!(firebase.asked().len(), 0, "the operator is not reached there any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_device_that_may_work_is_registered_and_only_at_home() {
    let floor = Floor::new().await;
    let (north, phone) = (floor.north(), floor.north().phone().await);
    floor.south().operator().put(&path(&phone), fcm("t")).await.assert_status(404);
    floor.south().operator().delete(&path(&phone)).await.assert_status(404);
    let waiting = north.claimed_phone().await;
    north.operator().put(&path(&waiting), fcm("t")).await.assert_status(403).assert_problem("DEVICE_PENDING");
    north.admin().post(&format!("/v1/devices/{}/revoke", phone.id), json!({})).await.assert_status(200);
    north.operator().put(&path(&phone), fcm("t")).await.assert_status(403).assert_problem("DEVICE_REVOKED");
    assert_eq!(addresses(&floor).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_in_the_servers_own_network_is_refused() {
    let browser = Browser::start();
    let floor = Floor::new().await;
    let (operator, phone) = (floor.north().operator(), floor.north().phone().await);
    // The true subscription of a browser whose service happens to be near by.
    let refused = operator.put(&path(&phone), browser.subscription()).await;
    refused.assert_status(422).assert_field("address");
    let mut far = browser.subscription();
    far["address"] = json!("https://push.example/1");
    register(&operator, &phone, far).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_learns_the_key_it_subscribes_with() {
    let plain = Floor::new().await;
    let key = plain.north().operator().get("/v1/push/key").await.ok();
    assert_eq!(key, json!({ "vapid_public_key": null, "fcm": false }));
    let folder = tempfile::tempdir().unwrap();
    let floor = floor(&super::browsers::settings(&folder)).await;
    let key = floor.north().operator().get("/v1/push/key").await.ok();
    assert_eq!(key["vapid_public_key"].as_str().unwrap().len(), 87, "65 bytes in base64url");
    let again = floor.south().operator().get("/v1/push/key").await.ok();
    assert_eq!(again, key);
    floor.stranger().get("/v1/push/key").await.assert_status(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signed_out_or_whose_phone_was_shut_out_is_not_told() {
    let firebase = Firebase::start();
    let (floor, phone) = reached(&firebase, "mine").await;
    let north = floor.north();
    let (first, second, third) = (item(north).await, item(north).await, item(north).await);
    assign(&floor, &first).await;
    all_told(&floor).await;
    assert_eq!(firebase.taken().len(), 1, "signed in, on a phone that may work");
    north.operator().post("/v1/auth/logout", json!({})).await.assert_status(204);
    assign(&floor, &second).await;
    all_told(&floor).await;
    assert_eq!(firebase.taken().len(), 1, "signed out");

    let again = floor.sign_in("operator@north.example", crate::harness::PASSWORD).await;
    register(&again, &phone, fcm("mine")).await;
    north.admin().post(&format!("/v1/devices/{}/revoke", phone.id), json!({})).await.assert_status(200);
    assign(&floor, &third).await;
    all_told(&floor).await;
    assert_eq!(firebase.asked().len(), 1, "shut out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_the_way_keeps_the_address_and_sends_nothing() {
    let floor = Floor::new().await;
    let phone = floor.north().phone().await;
    register(&floor.north().operator(), &phone, fcm("for-later")).await;
    let item = item(floor.north()).await;
    assign(&floor, &item).await;
    all_told(&floor).await;
    let done = "SELECT count(*) AS n FROM jobs WHERE kind LIKE 'push.%' AND state = 'done'";
    assert_eq!((addresses(&floor).await, count(floor.database().owner_url(), done).await), (1, 2));
}
