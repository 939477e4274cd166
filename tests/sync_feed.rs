//! Feeds: nobody misses an event, sees one twice, or sees another organisation's.

use std::collections::BTreeMap;

use diesel::sql_types::Text;
use diesel_async::RunQueryDsl as _;
use floorline_domain::ItemId;
use floorline_domain::item::Command;
use floorline_mobile_sync::limits::DELTA_EVENTS;
use floorline_mobile_sync::op::Operation;
use floorline_server::floor::engine::{Act, Actor, Engine};
use floorline_server::floor::sync::{Sockets, prune};
use floorline_server::platform::db::sql;
use serde_json::{Value, json};

use crate::harness::feed::{site_topic, snapshot};
use crate::harness::line::{Line, Pen};
use crate::harness::made::order_of;
use crate::harness::socket::{Handheld, Socket, reader};
use crate::harness::{Floor, execute};

fn note(item: ItemId, n: usize) -> Value {
    json!({"op": "note.add", "item_id": item, "data": {"text": format!("note {n}")}})
}

/// A snapshot's lines.
/// Reads pushes of the site until the cursor, checking that each begins where the one before ended.
async fn follow(socket: &mut Socket, mut cursor: i64, until: i64) -> Vec<Value> {
    let mut events = Vec::new();
    while cursor < until {
        let push = socket.expect("push").await;
        assert_eq!(push["from"], cursor);
        for event in push["events"].as_array().unwrap() {
            cursor += 1;
            assert_eq!(event["cursor"], cursor);
            events.push(event.clone());
        }
        assert_eq!(push["to"], cursor);
    }
    events
}

async fn head(floor: &Floor, topic: &str) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        head: i64,
    }
    let mut tx = floor.tenant(floor.north().id()).await;
    let row: Row =
        sql("SELECT head FROM sync_topics WHERE id = $1").bind::<Text, _>(topic).get_result(tx.conn()).await.unwrap();
    row.head
}

async fn states(floor: &Floor) -> BTreeMap<String, Value> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Jsonb)]
        state: Value,
    }
    let mut tx = floor.tenant(floor.north().id()).await;
    let rows: Vec<Row> = sql("SELECT state FROM items").load(tx.conn()).await.unwrap();
    rows.into_iter().map(|row| (row.state["id"].as_str().unwrap().to_owned(), row.state)).collect()
}

async fn write(floor: &Floor, mut pen: Pen, item: ItemId, batches: usize) {
    for batch in 0..batches {
        let submit = pen.write((0..5).map(|n| note(item, batch * 5 + n)));
        floor.app.engine.submit(submit).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_and_what_follows_it_are_the_floor() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let items = [line.item("A-0001").await, line.item("A-0002").await];
    let mut pen = line.phone(floor.north().person("operator").id).await;
    floor.app.engine.submit(pen.write([note(items[0], 1)])).await;

    let supervisor = floor.north().supervisor();
    let lines = snapshot(&supervisor, &site_topic(&floor)).await;
    let mut base: BTreeMap<String, Value> = lines
        .iter()
        .filter(|line| line["line"] == "item")
        .map(|line| (line["item"]["id"].as_str().unwrap().to_owned(), line["item"].clone()))
        .collect();
    assert_eq!(base.len(), 2);
    let kinds: Vec<&str> = lines.iter().map(|line| line["line"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"workflow_version") && kinds.contains(&"location"), "{kinds:?}");

    let (epoch, cursor) = (lines[0]["epoch"].clone(), lines[0]["cursor"].as_i64().unwrap());
    let submit = pen.write([
        json!({"op": "action.complete", "item_id": items[1], "action_id": "cut.scan", "stage": "cut", "data": {"raw": format!("item:{}", items[1])}}),
        note(items[0], 2),
    ]);
    floor.app.engine.submit(submit).await;
    let subscriptions = json!([{"topic": site_topic(&floor), "epoch": epoch, "cursor": cursor}]);
    let (mut socket, welcome) = reader(&floor, &supervisor, subscriptions).await;
    assert_eq!(welcome["topics"][0]["mode"], "delta");
    floor.app.engine.submit(pen.write([note(items[0], 3)])).await;
    let until = head(&floor, &site_topic(&floor)).await;
    for event in follow(&mut socket, cursor, until).await {
        if event["subject"]["type"] == "item" {
            base.insert(event["subject"]["id"].as_str().unwrap().to_owned(), event["after"].clone());
        }
    }
    assert_eq!(base, states(&floor).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_make_one_feed_without_gaps() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let subscriptions = json!([{"topic": site_topic(&floor), "cursor": 0}]);
    let (mut socket, welcome) = reader(&floor, &floor.north().supervisor(), subscriptions).await;
    let epoch = welcome["topics"][0]["epoch"].clone();
    socket.send(&json!({"type": "cursor", "topic": site_topic(&floor), "epoch": epoch, "cursor": 0})).await;
    let user = floor.north().person("operator").id;
    let mut writers = Vec::new();
    for n in 0..6 {
        let (item, pen) = (line.item(&format!("A-{n:04}")).await, line.phone(user).await);
        writers.push(write(&floor, pen, item, 10));
    }
    let (_, events) = tokio::join!(futures_util::future::join_all(writers), follow(&mut socket, 0, 300));
    assert_eq!(events.len(), 300);
    assert_eq!(head(&floor, &site_topic(&floor)).await, 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_servers_commit_arrives_within_the_second() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let item = line.item("A-0001").await;
    let subscriptions = json!([{"topic": site_topic(&floor), "cursor": 0}]);
    let (mut socket, welcome) = reader(&floor, &floor.north().supervisor(), subscriptions).await;
    let epoch = welcome["topics"][0]["epoch"].clone();
    socket.send(&json!({"type": "cursor", "topic": site_topic(&floor), "epoch": epoch, "cursor": 0})).await;
    // Its commits wake nobody here.
    let elsewhere = Engine::new(floor.app.db.clone(), floor.app.jobs.clone());
    let actor = Actor { id: floor.north().person("supervisor").id, name: "Supervisor".into() };
    let hold = Operation::Item(Command::Hold { reason: "dye lot".into() });
    let act = Act { item_id: Some(item), operation: hold, blobs: Vec::new(), idempotency: Default::default() };
    elsewhere.act(actor, line.org, line.site, act).await.unwrap();
    let events = follow(&mut socket, 0, 1).await;
    assert_eq!((&events[0]["kind"], &events[0]["actor"]["name"]), (&json!("item.held"), &json!("Supervisor")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_absence_is_read_from_the_log_and_too_long_a_one_starts_over() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let (item, pen) = (line.item("A-0001").await, line.phone(floor.north().person("operator").id).await);
    write(&floor, pen, item, 160).await;
    let lines = snapshot(&floor.north().supervisor(), &site_topic(&floor)).await;
    let epoch = lines[0]["epoch"].clone();
    let subscribe =
        |epoch: &Value, cursor: i64| json!([{"topic": site_topic(&floor), "epoch": epoch, "cursor": cursor}]);
    let supervisor = floor.north().supervisor();
    let (mut socket, welcome) = reader(&floor, &supervisor, subscribe(&epoch, 3)).await;
    assert_eq!((&welcome["topics"][0]["mode"], &welcome["topics"][0]["head"]), (&json!("delta"), &json!(800)));
    assert_eq!(follow(&mut socket, 3, 800).await.len(), 797);
    socket.close().await;

    let (_socket, welcome) = reader(&floor, &supervisor, subscribe(&json!("another"), 3)).await;
    assert_eq!(welcome["topics"][0]["mode"], "snapshot");
    // Days that are no longer kept.
    execute(
        floor.database().owner_url(),
        "UPDATE sync_topics SET floor = 100; DELETE FROM sync_feed WHERE cursor <= 100",
    )
    .await;
    let (_other, welcome) = reader(&floor, &supervisor, subscribe(&epoch, 99)).await;
    assert_eq!(welcome["topics"][0]["mode"], "snapshot");
    let (mut third, welcome) = reader(&floor, &supervisor, subscribe(&epoch, 100)).await;
    assert_eq!(welcome["topics"][0]["mode"], "delta");
    follow(&mut third, 100, 800).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_follows_its_own_organisations_feeds_only() {
    let floor = Floor::new().await;
    let theirs = format!("site:{}", floor.south().site());
    let asked =
        |topics: &[String]| Value::Array(topics.iter().map(|topic| json!({"topic": topic, "cursor": 0})).collect());
    let me = floor.north().person("supervisor").id;
    let topics = [
        theirs.clone(),
        format!("org:{}", floor.south().id()),
        format!("user:{}", floor.north().person("operator").id),
        format!("order:{}", uuid::Uuid::new_v4()),
        site_topic(&floor),
        format!("org:{}", floor.north().id()),
        format!("user:{me}"),
    ];
    let (_socket, welcome) = reader(&floor, &floor.north().supervisor(), asked(&topics)).await;
    let modes: Vec<&str> =
        welcome["topics"].as_array().unwrap().iter().map(|topic| topic["mode"].as_str().unwrap()).collect();
    assert_eq!(modes, ["denied", "denied", "denied", "denied", "snapshot", "snapshot", "snapshot"]);
    for topic in &topics[..4] {
        floor.north().supervisor().get(&format!("/v1/sync/snapshot?topic={topic}")).await.assert_status(404);
        floor.north().supervisor().get(&format!("/v1/sync/feed?topic={topic}&wait=0")).await.assert_status(404);
    }
    floor.north().supervisor().get("/v1/sync/feed?topic=nonsense").await.assert_status(400);
    // A brand sees no floor.
    let (_socket, welcome) = reader(&floor, &floor.aurora().viewer(), asked(&[site_topic(&floor)])).await;
    assert_eq!(welcome["topics"][0]["mode"], "denied");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_can_be_polled() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let (item, mut pen) = (line.item("A-0001").await, line.phone(floor.north().person("operator").id).await);
    floor.app.engine.submit(pen.write([note(item, 1), note(item, 2)])).await;
    let supervisor = floor.north().supervisor();
    let epoch = snapshot(&supervisor, &site_topic(&floor)).await[0]["epoch"].as_str().unwrap().to_owned();
    let path = |epoch: &str, cursor: i64, wait: u64| {
        format!("/v1/sync/feed?topic={}&epoch={epoch}&cursor={cursor}&wait={wait}", site_topic(&floor))
    };
    let behind = supervisor.get(&path(&epoch, 1, 0)).await.ok();
    assert_eq!((&behind["type"], &behind["from"], &behind["to"]), (&json!("push"), &json!(1), &json!(2)));
    let nothing = supervisor.get(&path(&epoch, 2, 0)).await.ok();
    assert_eq!((&nothing["from"], &nothing["to"]), (&json!(2), &json!(2)));
    let reset = supervisor.get(&path("another", 2, 0)).await.ok();
    assert_eq!((&reset["type"], &reset["reason"]), (&json!("reset"), &json!("EPOCH")));
    let waiting = path(&epoch, 2, 20);
    let waiting = supervisor.get(&waiting);
    let submit = pen.write([note(item, 3)]);
    let writing = async {
        tokio::task::yield_now().await;
        floor.app.engine.submit(submit).await
    };
    let (answer, _) = tokio::join!(waiting, writing);
    assert_eq!(answer.ok()["to"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_may_no_longer_see_a_feed_is_told_and_sees_no_more() {
    let often = std::time::Duration::from_millis(100);
    let floor = Floor::with(|app| app.sockets = Sockets::new(10).checking_every(often)).await;
    let phone = Handheld::enrolled(&floor, floor.north(), "operator").await;
    let subscriptions = json!([{"topic": site_topic(&floor), "cursor": 0}]);
    let (mut socket, _) = phone.connect(subscriptions).await;
    let roles = "UPDATE roles SET permissions = array_remove(permissions, 'item:view') WHERE name = 'operator'";
    execute(floor.database().owner_url(), roles).await;
    let reset = socket.expect("reset").await;
    assert_eq!(reset["reason"], "SCOPE_CHANGED");
    assert_eq!(reset["snapshot"], format!("/v1/sync/snapshot?topic={}", site_topic(&floor)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_need_not_be_kept_goes_and_what_must_stays() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let item = line.item("A-0001").await;
    let mut phone = Handheld::enrolled(&floor, floor.north(), "operator").await;
    let (mut socket, _) = phone.connect(json!([])).await;
    phone.send(&mut socket, 1, [note(item, 1), note(item, 2), note(item, 3)]).await;
    socket.close().await;
    let now = chrono::Utc::now();
    let in_a_month = now + chrono::TimeDelta::days(31);
    // Nothing was acknowledged: nothing goes.
    assert_eq!(prune(&floor.app.db, in_a_month).await.unwrap().verdicts, 0);
    execute(floor.database().owner_url(), "UPDATE sync_streams SET acked_seq = 2 WHERE kind = 'device'").await;
    assert_eq!(prune(&floor.app.db, in_a_month).await.unwrap().verdicts, 2);
    let (socket, welcome) = phone.connect(json!([])).await;
    let outcomes: Vec<&str> =
        welcome["results"].as_array().unwrap().iter().map(|verdict| verdict["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["pruned", "pruned", "applied"]);
    socket.close().await;
    // The feed's days are gone, and readers that stood there start over.
    let answer = floor
        .north()
        .supervisor()
        .get(&format!("/v1/sync/feed?topic={}&cursor=0&wait=0", site_topic(&floor)))
        .await
        .ok();
    assert_eq!(answer["type"], "reset");
    // Last, since nobody is signed in any more then.
    let pruned = prune(&floor.app.db, now + chrono::TimeDelta::days(500)).await.unwrap();
    assert_eq!(pruned.receipts, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_does_not_read_starts_over_and_holds_nobody_up() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let item = line.item("A-0001").await;
    let mut pen = line.phone(floor.north().person("operator").id).await;
    let subscriptions = json!([{"topic": site_topic(&floor), "cursor": 0}]);
    let (mut socket, welcome) = reader(&floor, &floor.north().supervisor(), subscriptions).await;
    let epoch = welcome["topics"][0]["epoch"].clone();
    socket.send(&json!({"type": "cursor", "topic": site_topic(&floor), "epoch": epoch, "cursor": 0})).await;
    // What it does not confirm is not followed by ever more, and the hub keeps the latest only.
    for _ in 0..66 {
        let notes: Vec<Value> = (0..64).map(|n| note(item, n)).collect();
        floor.app.engine.submit(pen.write(notes)).await;
        // It reads nothing, and is there all the same: who is silent for a minute is let go.
        socket.send(&json!({"type": "pong", "n": 0})).await;
    }
    let head = head(&floor, &site_topic(&floor)).await;
    assert!(head > 2 * DELTA_EVENTS);
    let mut cursor = 0;
    while cursor < DELTA_EVENTS {
        let push = socket.expect("push").await;
        assert_eq!(push["from"], cursor);
        cursor = push["to"].as_i64().unwrap();
    }
    socket.send(&json!({"type": "cursor", "topic": site_topic(&floor), "epoch": epoch, "cursor": cursor})).await;
    assert_eq!(socket.expect("reset").await["reason"], "SLOW");
    // It starts over from a snapshot and goes on.
    let lines = snapshot(&floor.north().supervisor(), &site_topic(&floor)).await;
    socket
        .send(&json!({"type": "cursor", "topic": site_topic(&floor), "epoch": epoch, "cursor": lines[0]["cursor"]}))
        .await;
    floor.app.engine.submit(pen.write([note(item, 1)])).await;
    follow(&mut socket, head, head + 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brand_follows_its_order_and_sees_nobody_in_it() {
    let floor = Floor::new().await;
    let (north, aurora) = (floor.north(), floor.aurora());
    let mut wish = order_of(1);
    wish["factory_id"] = json!(north.id());
    let order = aurora.admin().post("/v1/orders", wish).await.id();
    let topic = format!("order:{order}");
    let lines = snapshot(&aurora.viewer(), &topic).await;
    assert_eq!((&lines[1]["line"], &lines[1]["status"]), (&json!("order"), &json!("pending")));
    assert_eq!(lines.len(), 3, "there are no items yet");
    let subscriptions = json!([{"topic": topic, "epoch": lines[0]["epoch"], "cursor": lines[0]["cursor"]}]);
    let (mut socket, welcome) = reader(&floor, &aurora.viewer(), subscriptions.clone()).await;
    assert_eq!(welcome["topics"][0]["mode"], "delta", "{welcome}");
    let (_other, denied) = reader(&floor, &floor.borealis().viewer(), subscriptions).await;
    assert_eq!(denied["topics"][0]["mode"], "denied");

    let accept = json!({ "workflow_id": north.workflow().await });
    north.supervisor().post(&format!("/v1/orders/{order}/accept"), accept).await.assert_status(200);
    let push = socket.expect("push").await;
    let event = &push["events"][0];
    assert_eq!((&event["kind"], &event["after"]["status"]), (&json!("order.accepted"), &json!("accepted")), "{push}");
    assert!(event.get("actor").is_none() && event.get("cause").is_none(), "{push}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_may_see_a_feed_now_is_told_to_begin_it() {
    let often = std::time::Duration::from_millis(100);
    let floor = Floor::with(|app| app.sockets = Sockets::new(10).checking_every(often)).await;
    let change = |with: &str| {
        format!("UPDATE roles SET permissions = array_{with}(permissions, 'item:view') WHERE name = 'operator'")
    };
    execute(floor.database().owner_url(), &change("remove")).await;
    let line = Line::new(&floor, floor.north()).await;
    let item = line.item("A-0001").await;
    let phone = Handheld::enrolled(&floor, floor.north(), "operator").await;
    let (mut socket, welcome) = phone.connect(json!([{"topic": site_topic(&floor), "cursor": 0}])).await;
    assert_eq!(welcome["topics"][0]["mode"], "denied");
    execute(floor.database().owner_url(), &change("append")).await;
    assert_eq!(socket.expect("reset").await["reason"], "SCOPE_CHANGED");
    let lines = snapshot(&floor.north().operator(), &site_topic(&floor)).await;
    let (epoch, cursor) = (&lines[0]["epoch"], lines[0]["cursor"].as_i64().unwrap());
    socket.send(&json!({"type": "cursor", "topic": site_topic(&floor), "epoch": epoch, "cursor": cursor})).await;
    let mut pen = line.phone(floor.north().person("operator").id).await;
    floor.app.engine.submit(pen.write([note(item, 1)])).await;
    follow(&mut socket, cursor, cursor + 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_event_larger_than_a_sockets_room_is_told_and_ends_nobodys_connection() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let item = line.item("A-0001").await;
    // An item whose state alone is larger than what may wait for a socket.
    let large = "UPDATE items SET state = jsonb_set(state, '{attributes,story}', to_jsonb(repeat('x', 1200000)))";
    execute(floor.database().owner_url(), large).await;
    let subscriptions = json!([{"topic": site_topic(&floor), "cursor": 0}]);
    let (mut socket, welcome) = reader(&floor, &floor.north().supervisor(), subscriptions).await;
    let epoch = welcome["topics"][0]["epoch"].clone();
    socket.send(&json!({"type": "cursor", "topic": site_topic(&floor), "epoch": epoch, "cursor": 0})).await;
    let mut pen = line.phone(floor.north().person("operator").id).await;
    floor.app.engine.submit(pen.write([note(item, 1)])).await;
    follow(&mut socket, 0, 1).await;
}
