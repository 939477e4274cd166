//! The checker over a real exchange: it finds nothing wrong with what the server and its phones leave, and finds what is done to the
//! database behind their backs.

use std::collections::BTreeSet;

use floorline_domain::item::Command;
use floorline_domain::{ItemId, Outcome, WorkflowVersionId};
use floorline_mobile_sync::client::Act;
use floorline_mobile_sync::op::Operation;
use floorline_server::checker::Invariant::{S1, S2, S3, S4, S5, S6, S7, S8, S12, S13};
use floorline_server::checker::{Base, Canary, Device, History, Invariant, check, read};
use serde_json::json;
use uuid::Uuid;

use crate::handheld::{Hand, hand, ids, measured, on, shown, soon};
use crate::harness::line::{Line, ends};
use crate::harness::{At, Floor, eventually, execute};

/// Says it on the phone and waits for the verdict.
async fn done(hand: &Hand, act: Act) -> Outcome {
    let act = hand.phone.act(act).await.unwrap();
    soon(hand.phone.verdict(act)).await.unwrap().outcome
}

fn advance(item: ItemId) -> Act {
    on(item, Command::Advance { to: None })
}

/// Two phones and a supervisor work, race, undo, hold and book; one phone is revoked with work on it. Gives what the phones hold.
async fn exchange(floor: &Floor, north: At<'_>) -> Vec<Device> {
    let items = ids(&north.items_of(&north.accepted_order(3).await).await);
    let first = hand(floor, north, "operator", |_| {}).await;
    let second = hand(floor, north, "operator2", |_| {}).await;
    for hand in [&first, &second] {
        hand.phone.go_online();
        shown(&hand.phone).await;
    }
    second.phone.go_offline();
    let late =
        [second.phone.act(measured(items[0])).await.unwrap(), second.phone.act(measured(items[1])).await.unwrap()];
    let flag = Command::Flag { reason: "loose thread".to_owned() };
    for act in [measured(items[0]), on(items[0], flag), advance(items[0])] {
        assert_eq!(done(&first, act).await, Outcome::Applied);
    }
    let left = first.phone.journal().await.unwrap().last().unwrap().kept.key;
    assert_eq!(done(&first, on(items[0], Command::Undo { of: Some(left) })).await, Outcome::Applied);
    assert_eq!(done(&first, advance(items[0])).await, Outcome::Applied);
    assert_eq!(done(&first, advance(items[0])).await, Outcome::Applied);
    assert_eq!(
        done(&first, Act::new(Operation::ScanRecord { raw: "anything".to_owned() }, None)).await,
        Outcome::Applied
    );
    hold(north, items[1]).await;
    second.phone.go_online();
    for act in late {
        soon(second.phone.verdict(act)).await.unwrap();
    }
    assert_eq!(
        done(&second, Act::new(Operation::ScanRecord { raw: "nothing".to_owned() }, None)).await,
        Outcome::Applied
    );
    north.supervisor().post(&format!("/v1/items/{}/release", items[1]), json!({})).await.assert_status(200);
    book_open_cases(north).await;
    offered_again(floor, north, items[2]).await;
    second.phone.go_offline();
    let kept = second.phone.act(advance(items[1])).await.unwrap();
    let revoke = format!("/v1/devices/{}/revoke", second.phone.device_id());
    north.admin().post(&revoke, json!({ "reason": "lost" })).await.assert_status(200);
    second.phone.go_online();
    assert_eq!(soon(second.phone.verdict(kept)).await.unwrap().outcome, Outcome::Parked);
    vec![read::phone(&first.phone).await.unwrap(), read::phone(&second.phone).await.unwrap()]
}

async fn hold(north: At<'_>, item: ItemId) {
    north.supervisor().post(&format!("/v1/items/{item}/hold"), json!({ "reason": "dye lot" })).await.assert_status(200);
}

async fn book_open_cases(north: At<'_>) {
    let cases = north.supervisor().get("/v1/sync/cases?state=open").await;
    for case in cases.rows() {
        let path = format!("/v1/sync/cases/{}/book", case["id"].as_str().unwrap());
        north.supervisor().post(&path, json!({})).await.assert_status(200);
    }
}

/// A phone whose stream ended offers an act again that was applied, and gets its verdict.
async fn offered_again(floor: &Floor, north: At<'_>, item: ItemId) {
    let site = north.site().parse().unwrap();
    let line = Line { floor, org: north.id(), site, version: WorkflowVersionId(Uuid::nil()) };
    let mut pen = line.phone(north.person("operator").id).await;
    let readings = json!([{ "name": "length", "value": 9.9, "unit": "mm" }]);
    let entry = json!({ "op": "action.complete", "item_id": item, "action_id": "cut.length", "stage": "cut", "data": { "readings": readings } });
    assert_eq!(ends(&floor.app.engine.submit(pen.write([entry.clone()])).await), ["applied"]);
    let mut again = line.phone_of(pen.device, pen.user).await;
    let mut offered = entry;
    offered["origin"] = json!({ "stream_id": pen.stream, "seq": 1, "hash": pen.hash.to_string() });
    assert_eq!(ends(&floor.app.engine.submit(again.write([offered])).await), ["applied"]);
}

async fn history(floor: &Floor, devices: &[Device]) -> History {
    let mut history = read::database(floor.database().owner_url(), None).await.unwrap();
    history.devices = devices.to_vec();
    history
}

fn broken_in(history: &History) -> Vec<Invariant> {
    let found: BTreeSet<Invariant> = check(history).violations.iter().map(|found| found.invariant).collect();
    found.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_and_its_phones_leave_is_sound() {
    let floor = Floor::new().await;
    let devices = exchange(&floor, floor.north()).await;
    exchange(&floor, floor.south()).await;
    let history = history(&floor, &devices).await;
    let report = check(&history);
    assert_eq!(report.violations, []);
    assert_eq!((report.entries, report.unsent, report.lost, report.doubled), (11, 0, 0, 0));
    let said: Vec<(&str, usize)> = report.outcomes.iter().map(|(word, n)| (word.as_str(), *n)).collect();
    assert_eq!(said, [("applied", 8), ("noop:ALREADY_DONE", 1), ("parked:DEVICE_REVOKED", 1), ("parked:ON_HOLD", 1)]);
    let fences: Vec<i64> = history.streams.iter().filter_map(|stream| stream.fence).collect();
    assert_eq!(fences, [3, 3], "one phone a factory, where its revocation found it");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_organisation_can_be_checked_alone() {
    let floor = Floor::new().await;
    let devices = exchange(&floor, floor.north()).await;
    exchange(&floor, floor.south()).await;
    let mut history = read::database(floor.database().owner_url(), Some(&[floor.north().id()])).await.unwrap();
    assert!(history.events.iter().all(|event| event.org == floor.north().id()) && !history.events.is_empty());
    history.devices = devices;
    assert_eq!(check(&history).violations, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_phone_shows_is_the_fold_of_the_log() {
    let floor = Floor::new().await;
    let north = floor.north();
    let item = ids(&north.items_of(&north.accepted_order(1).await).await)[0];
    let hand = hand(&floor, north, "operator", |_| {}).await;
    hand.phone.go_online();
    shown(&hand.phone).await;
    assert_eq!(done(&hand, measured(item)).await, Outcome::Applied);
    let view = eventually("the feed's own telling", async || {
        let view = hand.phone.floor().await.unwrap();
        view.items.iter().all(|seen| seen.marks.is_empty()).then_some(view)
    })
    .await;
    let items = view.items.into_iter().map(|seen| seen.item).collect();
    let topic = format!("site:{}", north.site()).parse().unwrap();
    let mut history = history(&floor, &[]).await;
    history.bases = vec![Base { topic, cursor: view.cursor.unwrap(), items }];
    assert_eq!(check(&history).violations, []);
    history.bases[0].items[0].code.push('?');
    assert_eq!(check(&history).violations[0].invariant, S8);
}

/// What is broken while this is done to a table; afterwards it is as it was.
async fn broken_by(floor: &Floor, devices: &[Device], table: &str, statement: &str) -> Vec<Invariant> {
    let owner = floor.database().owner_url();
    // Triggers and foreign keys are not asked: this is behind everybody's back.
    let behind = "SET session_replication_role = replica";
    execute(owner, &format!("CREATE TABLE kept AS TABLE {table}; {behind}; {statement}")).await;
    let found = broken_in(&history(floor, devices).await);
    execute(owner, &format!("{behind}; DELETE FROM {table}; INSERT INTO {table} TABLE kept; DROP TABLE kept")).await;
    found
}

/// Each by a table, a statement, and what it breaks.
const DOCTORED: &[(&str, &str, &[Invariant])] = &[
    (
        "sync_receipts",
        "DELETE FROM sync_receipts WHERE (stream_id, seq) IN (SELECT stream_id, seq FROM events WHERE kind = 'item.undone')",
        &[S1, S2, S3],
    ),
    (
        "sync_receipts",
        "UPDATE sync_receipts SET hash = sha256('other') WHERE (stream_id, seq) IN (SELECT stream_id, seq FROM events WHERE kind = 'item.undone')",
        &[S1],
    ),
    ("sync_case_entries", "DELETE FROM sync_case_entries", &[S1]),
    (
        "sync_receipts",
        "UPDATE sync_receipts SET verdict = verdict || ' ' WHERE (stream_id, seq) IN (SELECT stream_id, seq FROM events WHERE kind = 'item.undone')",
        &[S4],
    ),
    ("sync_receipts", "UPDATE sync_receipts SET verdict = NULL", &[]),
    (
        "sync_receipts",
        "INSERT INTO sync_receipts SELECT r.org_id, r.stream_id, 1000, r.hash, r.outcome, r.reason, NULL, r.actor_id, r.device_time, r.occurred_at, r.uncertainty_ms, r.applied_at, r.stream_id, r.seq, r.hash FROM sync_receipts r JOIN events e USING (stream_id, seq) WHERE e.kind = 'item.undone'",
        &[S2, S3],
    ),
    ("sync_streams", "UPDATE sync_streams SET last_hash = sha256('other') WHERE kind = 'device'", &[S3]),
    ("events", "UPDATE events SET seq = seq + 1000 WHERE kind = 'shift.started' OR kind = 'label.made'", &[S2]),
    ("events", "DELETE FROM events WHERE kind = 'item.completed'", &[S2, S5, S8]),
    ("items", "UPDATE items SET stage = 'cut' WHERE status = 'completed'", &[S5]),
    ("items", "UPDATE items SET state = jsonb_set(state, '{status}', '\"paused\"') WHERE status = 'completed'", &[S5]),
    (
        "workflow_versions",
        "UPDATE workflow_versions SET body = jsonb_set(body, '{stages,0,next}', '[{\"to\": \"nowhere\"}]')",
        &[S5],
    ),
    ("sync_topics", "UPDATE sync_topics SET head = head + 1 WHERE id LIKE 'user:%'", &[S7]),
    ("sync_feed", "DELETE FROM sync_feed WHERE topic_id LIKE 'user:%' AND cursor = 1", &[S7]),
    ("sync_feed", "UPDATE sync_feed SET body = replace(body, '\"loose thread\"', '\"fine\"')", &[S8]),
    ("sync_feed", "UPDATE sync_feed SET reader_org_id = gen_random_uuid() WHERE topic_id LIKE 'site:%'", &[S12]),
    (
        "audit_events",
        "UPDATE audit_events SET body = replace(body, '\"seq\":3', '\"seq\":0') WHERE kind = 'device.revoked'",
        &[S13],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_to_the_database_is_found() {
    let floor = Floor::new().await;
    let devices = exchange(&floor, floor.north()).await;
    assert_eq!(broken_in(&history(&floor, &devices).await), []);
    for (table, statement, expected) in DOCTORED {
        assert_eq!(broken_by(&floor, &devices, table, statement).await, *expected, "{statement}");
    }
    assert_eq!(broken_in(&history(&floor, &devices).await), [], "everything is as it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_made_twice_is_found() {
    let floor = Floor::new().await;
    let devices = exchange(&floor, floor.north()).await;
    // The last step of the item that was completed once more, by the same entry, and the row as the log then makes it.
    let again = "INSERT INTO events SELECT org_id, subject_type, subject_id, version + 1, stream_id, seq, ordinal + 1, kind, body, actor_id, \
                 occurred_at, uncertainty_ms, recorded_at FROM events WHERE kind = 'item.completed'; \
                 UPDATE items SET version = version + 1, state = jsonb_set(state, '{version}', to_jsonb(version + 1)) WHERE status = 'completed'";
    execute(floor.database().owner_url(), again).await;
    let found = broken_in(&history(&floor, &devices).await);
    assert!(found.contains(&S6) && !found.contains(&S5), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_is_not_heard_next_door() {
    let floor = Floor::new().await;
    let (north, south) = (floor.north(), floor.south());
    exchange(&floor, south).await;
    let item = ids(&north.items_of(&north.accepted_order(1).await).await)[0];
    let secret = "canary-4711";
    north.supervisor().post(&format!("/v1/items/{item}/notes"), json!({ "text": secret })).await.assert_status(200);
    let mut history = history(&floor, &[]).await;
    let said = |history: &History| history.feed.iter().any(|row| row.body.contains(secret));
    assert!(said(&history), "the north tells itself");
    history.canaries.push(Canary { org: north.id(), text: secret.to_owned() });
    assert_eq!(broken_in(&history), []);
    history.canaries[0].org = south.id();
    assert_eq!(broken_in(&history), [S12], "were it the south's, the north had it");
}
