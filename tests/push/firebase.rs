//! Firebase's answers, and what follows from each.

use serde_json::json;

use super::{addresses, all_told, assign, item, later, reached, sending, working};
use crate::harness::firebase::{Firebase, Refusal};
use crate::harness::localhost::AUTHORITY;
use crate::harness::{Floor, count, eventually, execute};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_says_what_happened_and_nothing_else() {
    let firebase = Firebase::start();
    let (floor, _) = reached(&firebase, "token-of-the-operator").await;
    let item = item(floor.north()).await;
    assign(&floor, &item).await;
    all_told(&floor).await;
    let [message] = firebase.taken().try_into().unwrap();
    let at = message["data"]["at"].clone();
    let ttl = message["android"]["ttl"].clone();
    let expected = json!({
        "token": "token-of-the-operator",
        "data": {
            "kind": "item_assigned", "message": "push_item_assigned", "title": "You have new work", "urgent": "false",
            "ids": item, "count": "1", "at": at,
        },
        "notification": { "title": "You have new work" },
        "android": {
            "priority": "HIGH", "ttl": ttl, "collapseKey": "work",
            "notification": { "title": "You have new work", "titleLocKey": "push_item_assigned", "tag": "work" },
        },
    });
    assert_eq!(message, expected);
    let used = "SELECT count(*) AS n FROM push_subscriptions WHERE last_ok_at IS NOT NULL";
    assert_eq!(count(floor.database().owner_url(), used).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_is_used_while_it_lasts_and_renewed_once_when_it_is_refused() {
    let firebase = Firebase::start();
    let (floor, _) = reached(&firebase, "t").await;
    for expected in 1..=2 {
        let item = item(floor.north()).await;
        assign(&floor, &item).await;
        all_told(&floor).await;
        assert_eq!((firebase.taken().len(), firebase.granted()), (expected, 1));
    }
    firebase.refuse([Refusal::Unauthenticated]);
    let third = item(floor.north()).await;
    assign(&floor, &third).await;
    all_told(&floor).await;
    let asked = firebase.asked();
    let statuses: Vec<u16> = asked.iter().map(|asked| asked.status).collect();
    assert_eq!((statuses.as_slice(), firebase.granted()), ([200, 200, 401, 200].as_slice(), 2));
    assert_ne!(asked[2].access, asked[3].access);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_refused_twice_is_tried_another_time() {
    let firebase = Firebase::start();
    let (floor, _) = reached(&firebase, "t").await;
    firebase.refuse([Refusal::Unauthenticated, Refusal::Unauthenticated]);
    let item = item(floor.north()).await;
    assign(&floor, &item).await;
    let waits = refused_once(&floor).await;
    assert_eq!(firebase.asked().len(), 2, "renewed once");
    assert_eq!(waits.last_error.as_deref(), Some("Firebase answered 401 UNAUTHENTICATED"));
    later(&floor).await;
    all_told(&floor).await;
    assert_eq!((firebase.taken().len(), addresses(&floor).await), (1, 1));
}

/// Runs jobs until one that sends was refused.
async fn refused_once(floor: &Floor) -> super::Sending {
    working(floor, "a refusal", async || {
        sending(floor).await.into_iter().find(|job| job.state == "queued" && job.last_error.is_some())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_nobody_has_any_more_is_dropped() {
    for refusal in [Refusal::Unregistered, Refusal::NotAToken] {
        let firebase = Firebase::start();
        let (floor, _) = reached(&firebase, "t").await;
        firebase.refuse([refusal.clone()]);
        let (first, second) = (item(floor.north()).await, item(floor.north()).await);
        assign(&floor, &first).await;
        all_told(&floor).await;
        assert_eq!(addresses(&floor).await, 0, "{refusal:?}");
        let [job] = sending(&floor).await.try_into().unwrap();
        assert_eq!((&*job.state, job.attempts), ("done", 1), "{refusal:?}");
        assign(&floor, &second).await;
        all_told(&floor).await;
        assert_eq!(firebase.asked().len(), 1, "nobody is asked about it again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_a_pause_gets_it_and_the_notice_afterwards() {
    let firebase = Firebase::start();
    let (floor, _) = reached(&firebase, "t").await;
    firebase.refuse([Refusal::Exhausted { retry_after: "3600" }]);
    let item = item(floor.north()).await;
    assign(&floor, &item).await;
    let waits = refused_once(&floor).await;
    // By itself it would have waited for two seconds; a few of the hour are gone.
    assert!(waits.due_in > 1800.0, "{waits:?}");
    assert_eq!(waits.last_error.as_deref(), Some("Firebase answered 429 QUOTA_EXCEEDED; not before 3600 s"));
    later(&floor).await;
    all_told(&floor).await;
    assert_eq!(firebase.taken().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_is_tried_again_and_costs_nobody_their_address() {
    for refusal in [Refusal::Unavailable, Refusal::NoProject] {
        let firebase = Firebase::start();
        let (floor, _) = reached(&firebase, "t").await;
        firebase.refuse([refusal.clone()]);
        let item = item(floor.north()).await;
        assign(&floor, &item).await;
        working(&floor, "the notice", async || firebase.taken().pop()).await;
        let statuses: Vec<u16> = firebase.asked().iter().map(|asked| asked.status).collect();
        assert_eq!((statuses.len(), statuses.last(), addresses(&floor).await), (2, Some(&200), 1), "{refusal:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_access_token_nothing_is_sent_yet() {
    let firebase = Firebase::start();
    let (floor, _) = reached(&firebase, "t").await;
    firebase.grant_nothing([503]);
    let item = item(floor.north()).await;
    assign(&floor, &item).await;
    let waits = refused_once(&floor).await;
    assert_eq!(waits.last_error.as_deref(), Some("an access token: answered 503 temporarily_unavailable"));
    assert_eq!(firebase.asked().len(), 0);
    later(&floor).await;
    all_told(&floor).await;
    assert_eq!((firebase.taken().len(), firebase.granted()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_is_given_up_in_the_end_and_leaves_no_dead_job() {
    let firebase = Firebase::start();
    let (floor, _) = reached(&firebase, "t").await;
    firebase.refuse([Refusal::Unavailable, Refusal::Unavailable]);
    let item = item(floor.north()).await;
    assign(&floor, &item).await;
    refused_once(&floor).await;
    let database = floor.database().owner_url();
    execute(database, "UPDATE jobs SET max_attempts = 2, run_at = now() WHERE kind = 'push.send'").await;
    all_told(&floor).await;
    let [job] = sending(&floor).await.try_into().unwrap();
    assert_eq!((&*job.state, job.attempts), ("done", 2));
    assert_eq!((firebase.taken().len(), addresses(&floor).await), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_to_be_worth_telling_is_not_told() {
    let firebase = Firebase::start();
    let (floor, _) = reached(&firebase, "t").await;
    let item = item(floor.north()).await;
    assign(&floor, &item).await;
    let aged = "UPDATE jobs SET payload = payload || '{\"at\": \"2026-01-01T00:00:00Z\"}' WHERE kind = 'push.tell'";
    execute(floor.database().owner_url(), aged).await;
    all_told(&floor).await;
    let [job] = sending(&floor).await.try_into().unwrap();
    assert_eq!((&*job.state, firebase.asked().len()), ("done", 0));
}

/// A server that is told of `firebase`, and that trusts these authorities instead of the system's.
async fn trusting(firebase: &Firebase, authorities: &[(&str, &str)]) -> (Floor, crate::harness::Apart) {
    let account = firebase.account();
    let settings = [("FLOORLINE_FCM_ACCOUNT", &*account), ("FLOORLINE_FCM_URL", &*firebase.url)];
    Floor::apart_with("debug", &[settings.as_slice(), authorities].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn firebase_is_spoken_to_over_tls_under_an_authority_that_the_system_trusts() {
    let firebase = Firebase::over_tls().await;
    for trusted in [true, false] {
        let authorities = [("SSL_CERT_FILE", AUTHORITY)];
        let (floor, _server) = trusting(&firebase, if trusted { &authorities } else { &[] }).await;
        let phone = floor.north().phone().await;
        super::register(&floor.north().operator(), &phone, json!({ "kind": "fcm", "address": "t" })).await;
        let item = item(floor.north()).await;
        assign(&floor, &item).await;
        if trusted {
            eventually("the message", async || firebase.taken().pop()).await;
            continue;
        }
        let refused = eventually("a refusal", async || sending(&floor).await.pop()?.last_error).await;
        assert!(refused.contains("invalid peer certificate: UnknownIssuer"), "{refused}");
    }
    assert_eq!(firebase.asked().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_says_how_it_went_in_figures_and_no_token_in_its_log() {
    let firebase = Firebase::start();
    let (floor, server) = trusting(&firebase, &[]).await;
    let phone = floor.north().phone().await;
    super::register(&floor.north().operator(), &phone, json!({ "kind": "fcm", "address": "canary-token" })).await;
    firebase.refuse([Refusal::Unavailable, Refusal::Unregistered]);
    let item = item(floor.north()).await;
    assign(&floor, &item).await;
    eventually("the address is dropped", async || (addresses(&floor).await == 0).then_some(())).await;
    let metrics = reqwest::get(&server.metrics).await.unwrap().text().await.unwrap();
    let log = server.stop();
    for line in [
        r#"floorline_pushes_total{way="fcm",result="retried"} 1"#,
        r#"floorline_pushes_total{way="fcm",result="dropped"} 1"#,
        r#"floorline_push_seconds_count{way="fcm"} 2"#,
    ] {
        assert!(metrics.contains(line), "{line} is not in:\n{metrics}");
    }
    assert!(log.contains("Firebase answered 503 UNAVAILABLE"), "{log}");
    let asked = firebase.asked();
    assert!(
        asked.iter().all(|asked| asked.message["token"] == "canary-token" && !log.contains(&asked.access)),
        "{log}"
    );
    assert!(!log.contains("canary-token") && !metrics.contains("canary-token"), "{log}");
}
