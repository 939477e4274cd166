//! Web Push: what a browser reads, and the answers of its push service.

use floorline_server::platform::config;
use serde_json::json;
use tempfile::TempDir;

use super::{addresses, all_told, assign, floor, item, later, register, sending, working};
use crate::harness::Floor;
use crate::harness::browser::Browser;

/// A server that sends Web Push, to this machine too, with a key of its own.
pub(super) fn settings(folder: &TempDir) -> config::Push {
    let vapid = config::Vapid { file: folder.path().join("vapid_key.pem"), made: true };
    let contact = Some("mailto:it@mill.example".to_owned());
    config::Push { vapid: Some(vapid), vapid_contact: contact, loopback: true, ..config::Push::default() }
}

/// Such a server, with the operator's browser registered.
async fn reached(browser: &Browser) -> Floor {
    // The key is read when the server starts.
    let folder = tempfile::tempdir().unwrap();
    let floor = floor(&settings(&folder)).await;
    let phone = floor.north().phone().await;
    register(&floor.north().operator(), &phone, browser.subscription()).await;
    floor
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_reads_what_only_it_can_from_a_server_its_service_knows() {
    let browser = Browser::start();
    let floor = reached(&browser).await;
    let item = item(floor.north()).await;
    assign(&floor, &item).await;
    all_told(&floor).await;
    let [told] = browser.told().try_into().unwrap();
    let expected = json!({
        "kind": "item_assigned", "message": "push_item_assigned", "title": "You have new work", "urgent": false,
        "ids": [item], "count": 1, "at": told.body["at"],
    });
    assert_eq!(told.body, expected);
    assert_eq!((&*told.headers["urgency"], &*told.headers["topic"]), ("normal", "work"));
    let ttl: i64 = told.headers["ttl"].parse().unwrap();
    assert!((86_400..=172_800).contains(&ttl), "{ttl}");
    // The key that signed is the one that the page was given.
    let key = floor.north().operator().get("/v1/push/key").await.text("vapid_public_key");
    assert!(told.headers["authorization"].ends_with(&format!("k={key}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_urgent_notice_says_so_and_is_folded_into_no_other() {
    let browser = Browser::start();
    let floor = reached(&browser).await;
    let item = item(floor.north()).await;
    floor.north().operator().post(&format!("/v1/items/{item}/claim"), json!({})).await.assert_status(200);
    let hold = json!({ "reason": "Dye lot" });
    floor.north().supervisor().post(&format!("/v1/items/{item}/hold"), hold).await.assert_status(200);
    all_told(&floor).await;
    let [told] = browser.told().try_into().unwrap();
    assert_eq!((&told.body["kind"], &told.body["urgent"]), (&json!("item_held"), &json!(true)));
    assert_eq!((&*told.headers["urgency"], told.headers.get("topic")), ("high", None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_its_service_does_not_know_is_dropped() {
    for status in [404, 410] {
        let browser = Browser::start();
        let floor = reached(&browser).await;
        browser.refuse([(status, None)]);
        let item = item(floor.north()).await;
        assign(&floor, &item).await;
        all_told(&floor).await;
        assert_eq!((addresses(&floor).await, browser.asked(), browser.told().len()), (0, 1, 0), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_busy_or_away_is_asked_again_when_it_says() {
    for status in [401, 429, 503] {
        let browser = Browser::start();
        let floor = reached(&browser).await;
        browser.refuse([(status, Some("3600"))]);
        let item = item(floor.north()).await;
        assign(&floor, &item).await;
        let waits = working(&floor, "a refusal", async || {
            sending(&floor).await.into_iter().find(|job| job.state == "queued" && job.last_error.is_some())
        })
        .await;
        assert!(waits.due_in > 1800.0, "{waits:?}");
        let why = format!("the push service answered {status}; not before 3600 s");
        assert_eq!(waits.last_error, Some(why));
        later(&floor).await;
        all_told(&floor).await;
        assert_eq!((addresses(&floor).await, browser.told().len()), (1, 1), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_not_woken_without_showing_something() {
    let browser = Browser::start();
    let floor = reached(&browser).await;
    let (north, item) = (floor.north(), item(floor.north()).await);
    north.operator().post(&format!("/v1/items/{item}/claim"), json!({})).await.assert_status(200);
    let supervisor = north.supervisor();
    supervisor.post(&format!("/v1/items/{item}/hold"), json!({ "reason": "Dye lot" })).await.assert_status(200);
    supervisor.post(&format!("/v1/items/{item}/release"), json!({})).await.assert_status(200);
    all_told(&floor).await;
    let kinds: Vec<_> = browser.told().into_iter().map(|told| told.body["kind"].clone()).collect();
    assert_eq!(kinds, ["item_held"]);
}
