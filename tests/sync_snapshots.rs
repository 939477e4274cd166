//! Snapshots: where a reader of a feed begins.

use std::collections::BTreeMap;

use floorline_domain::ShiftId;
use floorline_domain::shift::Shift;
use floorline_server::floor::sync::Sockets;
use serde_json::{Value, json};

use crate::harness::feed::{site_topic, snapshot};
use crate::harness::line::Line;
use crate::harness::made::order_of;
use crate::harness::socket::{Handheld, reader};
use crate::harness::{Floor, execute};

/// A snapshot's lines.
#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_has_the_labels_of_the_site_and_a_blank_one_once_it_is_claimed() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let item = line.item("A-0001").await;
    let supervisor = floor.north().supervisor();
    let made = supervisor.post("/v1/labels/blanks", json!({ "count": 2 })).await;
    let code = made.json["labels"][0]["code"].as_str().unwrap().to_owned();
    let labels = async || {
        let lines = snapshot(&supervisor, &site_topic(&floor)).await;
        let of = |line: &Value| (line["line"] == "label").then(|| (line["code"].clone(), line["target_id"].clone()));
        lines.iter().filter_map(of).collect::<Vec<_>>()
    };
    assert!(!labels().await.iter().any(|(_, target)| target.is_null()), "those on nothing belong to no site");
    let claim = json!({ "item_id": item, "replace": true });
    floor.north().operator().post(&format!("/v1/labels/{code}/claim"), claim).await.assert_status(200);
    assert!(labels().await.contains(&(json!(code), json!(item))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_names_whoever_may_have_done_something_and_nobody_of_another_factory() {
    let floor = Floor::new().await;
    let north = floor.north();
    let people = async || {
        let lines = snapshot(&north.operator(), &site_topic(&floor)).await;
        lines.into_iter().filter(|line| line["line"] == "user").collect::<Vec<Value>>()
    };
    let everybody = north.admin().get("/v1/users?limit=100").await;
    let mut known: Vec<String> =
        everybody.rows().iter().map(|user| user["name"].as_str().unwrap().to_owned()).collect();
    known.sort_unstable();
    let mut told: Vec<String> = people().await.iter().map(|line| line["name"].as_str().unwrap().to_owned()).collect();
    told.sort_unstable();
    assert_eq!(told, known);
    let path = format!("/v1/users/{}", north.person("quality").id);
    let version = north.admin().get(&path).await.version();
    north.admin().if_match(version).patch(&path, json!({ "active": false })).await.assert_status(200);
    let people = people().await;
    assert_eq!(people.len(), known.len(), "what they did is still theirs");
    let left: Vec<&Value> = people.iter().filter(|line| line["active"] == false).map(|line| &line["id"]).collect();
    assert_eq!(left, [&json!(north.person("quality").id)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_has_the_shifts_that_last_on_its_site_as_the_feed_tells_them() {
    let floor = Floor::new().await;
    let north = floor.north();
    let before = snapshot(&north.operator(), &site_topic(&floor)).await;
    let at = json!({ "site_id": north.site(), "location_id": north.station() });
    for worker in [north.operator(), north.second_operator()] {
        worker.post("/v1/shifts", at.clone()).await.assert_status(201);
    }
    let over = north.quality().post("/v1/shifts", at).await.id();
    north.quality().post(&format!("/v1/shifts/{over}/end"), json!({})).await.assert_status(200);
    let south = floor.south();
    south.operator().post("/v1/shifts", json!({ "site_id": south.site() })).await.assert_status(201);

    let (topic, epoch, cursor) = (site_topic(&floor), before[0]["epoch"].as_str().unwrap(), &before[0]["cursor"]);
    let feed = format!("/v1/sync/feed?topic={topic}&epoch={epoch}&cursor={cursor}&wait=0");
    let told = north.operator().get(&feed).await;
    let mut told: BTreeMap<ShiftId, Shift> = told.json["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| serde_json::from_value::<Shift>(event["after"].clone()).unwrap())
        .map(|shift| (shift.id, shift))
        .collect();
    assert_eq!(told.len(), 3);
    told.retain(|_, shift| shift.ended_at.is_none());
    let lines = snapshot(&north.operator(), &topic).await;
    let lines: Vec<&Value> = lines.iter().filter(|line| line["line"] == "shift").collect();
    assert!(
        lines.iter().all(|line| line.get("version").is_none()),
        "or what the feed tells next would be an older one"
    );
    let shifts = lines.into_iter().map(|line| serde_json::from_value::<Shift>(line.clone()).unwrap());
    assert_eq!(shifts.map(|shift| (shift.id, shift)).collect::<BTreeMap<_, _>>(), told);
}

/// The items of a snapshot by id, each as the feed would tell it.
fn items(lines: &[Value]) -> BTreeMap<String, Value> {
    let items = lines.iter().filter(|line| line["line"] == "item").map(|line| line["item"].clone());
    items.map(|item| (item["id"].as_str().unwrap().to_owned(), item)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_of_an_order_has_its_items_as_the_feed_goes_on_to_tell_them() {
    let floor = Floor::new().await;
    let (north, aurora) = (floor.north(), floor.aurora());
    let mut wish = order_of(2);
    wish["factory_id"] = json!(north.id());
    let order = aurora.admin().post("/v1/orders", wish).await.id();
    let accept = json!({ "workflow_id": north.workflow().await });
    north.supervisor().post(&format!("/v1/orders/{order}/accept"), accept).await.assert_status(200);
    north.operator().post("/v1/shifts", json!({ "site_id": north.site() })).await.assert_status(201);
    let topic = format!("order:{order}");
    let lines = snapshot(&aurora.viewer(), &topic).await;
    let kinds: Vec<&str> = lines.iter().map(|line| line["line"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["head", "order", "item", "item", "end"], "and nobody's shift");
    let mut base = items(&lines);
    assert_eq!(base.len(), 2, "{lines:?}");
    assert_eq!(items(&snapshot(&north.supervisor(), &topic).await), base, "the factory follows the same feed");
    for item in base.values() {
        let mut keys: Vec<&str> = item.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["code", "id", "parent_id", "stage", "status", "version"], "and nothing of who and where");
    }
    floor.borealis().viewer().get(&format!("/v1/sync/snapshot?topic={topic}")).await.assert_status(404);

    let subscriptions = json!([{"topic": topic, "epoch": lines[0]["epoch"], "cursor": lines[0]["cursor"]}]);
    let (mut socket, welcome) = reader(&floor, &aurora.viewer(), subscriptions).await;
    assert_eq!(welcome["topics"][0]["mode"], "delta", "{welcome}");
    let item = base.keys().next().unwrap().clone();
    north.supervisor().post(&format!("/v1/items/{item}/hold"), json!({ "reason": "stain" })).await.assert_status(200);
    let mut after = socket.expect("push").await["events"][0]["after"].clone();
    after.as_object_mut().unwrap().remove("progress");
    base.insert(item, after);
    assert_eq!(items(&snapshot(&aurora.viewer(), &topic).await), base);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_of_a_person_has_what_of_their_work_waits_and_what_was_decided_lately() {
    let floor = Floor::new().await;
    let north = floor.north();
    let mut phone = Handheld::enrolled(&floor, north, "operator").await;
    let (mut socket, _) = phone.connect(json!([])).await;
    let unknown = || json!({"op": "note.add", "item_id": uuid::Uuid::new_v4(), "data": {"text": "seen"}});
    let result = phone.send(&mut socket, 1, [unknown(), unknown()]).await;
    let cases: Vec<&Value> = result["results"].as_array().unwrap().iter().map(|verdict| &verdict["case_id"]).collect();
    let topic = format!("user:{}", north.person("operator").id);
    let lines = snapshot(&north.operator(), &topic).await;
    let waiting: Vec<&Value> = lines.iter().filter(|line| line["line"] == "case").map(|line| &line["id"]).collect();
    assert_eq!(waiting, cases);
    assert_eq!(
        (&lines[1]["state"], &lines[1]["reason"], &lines[1]["seq"]),
        (&json!("open"), &json!("UNKNOWN_ITEM"), &json!(1))
    );
    let discard = format!("/v1/sync/cases/{}/discard", cases[0].as_str().unwrap());
    north.supervisor().post(&discard, json!({ "note": "there is no such item" })).await.assert_status(200);
    let lines = snapshot(&north.operator(), &topic).await;
    let states: Vec<[&Value; 3]> =
        lines[1..=2].iter().map(|line| [&line["id"], &line["state"], &line["note"]]).collect();
    let note = json!("there is no such item");
    assert_eq!(states, [[cases[0], &json!("discarded"), &note], [cases[1], &json!("open"), &Value::Null]]);
    assert_eq!(lines[1]["decided_by"], json!(north.person("supervisor").id));
    execute(floor.database().owner_url(), "UPDATE sync_cases SET decided_at = decided_at - interval '15 days'").await;
    let lines = snapshot(&north.operator(), &topic).await;
    assert_eq!((lines.len(), &lines[1]["id"]), (3, cases[1]), "no phone keeps what was done so long ago");
}

/// Begins to fetch a snapshot, and reads no more than the head of the answer.
async fn begin_snapshot(floor: &Floor, topic: &str) -> reqwest::Response {
    let client = reqwest::Client::new();
    let token = floor.north().supervisor().token().unwrap().to_owned();
    let request = client.get(format!("{}/v1/sync/snapshot?topic={topic}", floor.url())).bearer_auth(token);
    let answer = request.header("accept-encoding", "identity").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_that_stop_reading_a_snapshot_keep_it_from_nobody() {
    // As long for whoever reads as for those who do not, and half of what one may wait for a turn.
    let soon = std::time::Duration::from_secs(5);
    let floor = Floor::with(|app| app.sockets = Sockets::new(10).giving_snapshots_within(soon)).await;
    // More than all buffers between the server and a client take.
    let site = floor.north().site();
    let places = format!(
        "INSERT INTO locations (org_id, id, kind, name, parent_id, site_id, created_at, updated_at) \
         SELECT '{}', gen_random_uuid(), 'bin', 'Bin ' || n, '{site}', '{site}', now(), now() FROM generate_series(1, 120000) n",
        floor.north().id()
    );
    execute(floor.database().owner_url(), &places).await;
    let mut stalled = Vec::new();
    for _ in 0..3 {
        stalled.push(begin_snapshot(&floor, &site_topic(&floor)).await);
    }
    let org = format!("org:{}", floor.north().id());
    snapshot(&floor.north().supervisor(), &org).await;
    for answer in stalled {
        let text = answer.text().await.unwrap();
        let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert_ne!(last["line"], "end", "what was given up is no whole snapshot");
    }
}
