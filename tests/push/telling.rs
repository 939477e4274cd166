//! What is told to whom.

use diesel::sql_types::Uuid as SqlUuid;
use diesel_async::RunQueryDsl as _;
use floorline_server::platform::db::sql;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{all_told, assign, item, reached, register};
use crate::harness::firebase::Firebase;
use crate::harness::{At, Client, Floor, count};

/// What the phones were told, each by its token and kind, sorted.
fn told(firebase: &Firebase) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut told: Vec<String> = firebase
        .taken()
        .iter()
        .map(|message| format!("{} {}", text(&message["token"]), text(&message["data"]["kind"])))
        .collect();
    told.sort();
    told
}

async fn act(by: &Client, item: &str, what: &str, body: Value) {
    by.post(&format!("/v1/items/{item}/{what}"), body).await.assert_status(200);
}

/// How many notices are queued or were told.
async fn notices(floor: &Floor) -> i64 {
    count(floor.database().owner_url(), "SELECT count(*) AS n FROM jobs WHERE kind = 'push.tell'").await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_works_on_an_item_hears_that_it_was_stopped_and_that_it_may_go_on() {
    let firebase = Firebase::start();
    let (floor, _) = reached(&firebase, "operator").await;
    let (north, item) = (floor.north(), item(floor.north()).await);
    let second = north.phone().await;
    register(&north.second_operator(), &second, json!({ "kind": "fcm", "address": "second" })).await;
    act(&north.operator(), &item, "claim", json!({})).await;
    act(&north.supervisor(), &item, "hold", json!({ "reason": "Dye lot" })).await;
    act(&north.supervisor(), &item, "release", json!({})).await;
    act(&north.supervisor(), &item, "scrap", json!({ "reason": "Torn" })).await;
    all_told(&floor).await;
    assert_eq!(told(&firebase), ["operator item_held", "operator item_released", "operator item_scrapped"]);
    let seen: Vec<bool> = firebase.taken().iter().map(|message| message["notification"].is_object()).collect();
    assert_eq!(seen.iter().filter(|seen| **seen).count(), 2, "a wake shows nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_what_they_did_themselves_or_what_is_nobodys() {
    let firebase = Firebase::start();
    let (floor, phone) = reached(&firebase, "operator").await;
    let north = floor.north();
    register(&north.supervisor(), &phone, json!({ "kind": "fcm", "address": "supervisor" })).await;
    let (own, nobodys) = (item(north).await, item(north).await);
    act(&north.supervisor(), &own, "claim", json!({})).await;
    act(&north.supervisor(), &own, "hold", json!({ "reason": "Dye lot" })).await;
    act(&north.supervisor(), &nobodys, "hold", json!({ "reason": "Dye lot" })).await;
    let to = json!({ "user_id": north.person("supervisor").id });
    act(&north.supervisor(), &nobodys, "assign", to).await;
    assert_eq!(notices(&floor).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_reached_nowhere_costs_no_job() {
    let floor = Floor::new().await;
    let item = item(floor.north()).await;
    assign(&floor, &item).await;
    assert_eq!(notices(&floor).await, 0);
    let phone = floor.south().phone().await;
    register(&floor.south().operator(), &phone, json!({ "kind": "fcm", "address": "elsewhere" })).await;
    act(&floor.north().supervisor(), &item, "hold", json!({ "reason": "Dye lot" })).await;
    assert_eq!(notices(&floor).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_cancelled_is_one_notice_however_many_items_it_had() {
    let firebase = Firebase::start();
    let (floor, _) = reached(&firebase, "operator").await;
    let north = floor.north();
    let order = north.accepted_order(3).await;
    let items = north.items_of(&order).await;
    let whole: Vec<&Value> = items.iter().filter(|item| item["parent_id"].is_null()).collect();
    assert_eq!(whole.len(), 3);
    for item in &whole {
        act(&north.operator(), item["id"].as_str().unwrap(), "claim", json!({})).await;
    }
    north.supervisor().post(&format!("/v1/orders/{order}/cancel"), json!({})).await.assert_status(200);
    all_told(&floor).await;
    assert_eq!(told(&firebase), ["operator item_cancelled"]);
    let data = &firebase.taken()[0]["data"];
    assert_eq!((&data["count"], &data["urgent"]), (&json!("3"), &json!("true")));
    for item in whole {
        assert!(data["ids"].as_str().unwrap().contains(item["id"].as_str().unwrap()));
    }
}

/// An open case of what the operator did.
async fn case(floor: &Floor, at: At<'_>) -> String {
    let id = Uuid::now_v7();
    let mut tx = floor.tenant(at.id()).await;
    sql("INSERT INTO sync_cases (org_id, id, site_id, actor_id, reason, state, opened_at) SELECT $1, $2, $3, $4, 'ON_HOLD', 'open', now()")
        .bind::<SqlUuid, _>(at.id().0)
        .bind::<SqlUuid, _>(id)
        .bind::<SqlUuid, _>(at.site().parse::<Uuid>().unwrap())
        .bind::<SqlUuid, _>(at.person("operator").id.0)
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    id.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decided_case_is_told_to_whoever_did_what_it_holds() {
    let firebase = Firebase::start();
    let (floor, _) = reached(&firebase, "operator").await;
    let north = floor.north();
    let mut cases = Vec::new();
    for (decision, note) in [("book", ""), ("discard", "Twice"), ("send_back", "")] {
        let case = case(&floor, north).await;
        let path = format!("/v1/sync/cases/{case}/{decision}");
        north.supervisor().post(&path, json!({ "note": note })).await.assert_status(200);
        cases.push(case);
    }
    all_told(&floor).await;
    assert_eq!(told(&firebase), ["operator case_booked", "operator case_discarded", "operator case_sent_back"]);
    for message in firebase.taken() {
        assert!(cases.contains(&message["data"]["ids"].as_str().unwrap().to_owned()));
        assert!(!message.to_string().contains("Twice"), "a note stays where it can be read by who may");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_a_persons_phones_is_told() {
    let firebase = Firebase::start();
    let (floor, _) = reached(&firebase, "one").await;
    let other = floor.north().phone().await;
    register(&floor.north().operator(), &other, json!({ "kind": "fcm", "address": "other" })).await;
    // One of them is refused, and the other one is not told twice for it.
    firebase.refuse([crate::harness::firebase::Refusal::Unregistered]);
    let item = item(floor.north()).await;
    assign(&floor, &item).await;
    all_told(&floor).await;
    let mut asked: Vec<Value> = firebase.asked().into_iter().map(|asked| asked.message["token"].clone()).collect();
    asked.sort_by_key(Value::to_string);
    assert_eq!((asked, firebase.taken().len()), (vec![json!("one"), json!("other")], 1));
}
