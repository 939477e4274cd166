//! Cases: what did not book is read, and decided once.

use floorline_domain::item::Command;
use floorline_mobile_sync::op::Operation;
use floorline_server::floor::cases::RETRY;
use floorline_server::floor::engine::{Act, Actor};
use floorline_server::job_registry::job_registry;
use floorline_server::platform::jobs::{NewJob, Runner, enqueue};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::harness::line::{Line, Pen, ends};
use crate::harness::socket::reader;
use crate::harness::{Floor, eventually, execute};

/// An item that is held, and a scan of it by a phone that did not know: parked.
async fn parked(floor: &Floor) -> (floorline_domain::ItemId, String) {
    let (item, case, _) = parked_by(floor).await;
    (item, case)
}

/// The same, with the phone.
async fn parked_by(floor: &Floor) -> (floorline_domain::ItemId, String, Pen) {
    let line = Line::new(floor, floor.north()).await;
    let (item, mut pen) = (line.item("A-0001").await, line.phone(floor.north().person("operator").id).await);
    act(floor, item, Command::Hold { reason: "dye lot".into() }).await;
    let scan = json!({"op": "action.complete", "item_id": item, "action_id": "cut.scan", "stage": "cut",
                      "data": {"raw": format!("item:{item}")}, "base": {"version": 1}});
    assert_eq!(ends(&floor.app.engine.submit(pen.write([scan])).await), ["parked:ON_HOLD"]);
    let cases = floor.north().supervisor().get("/v1/sync/cases").await;
    (item, cases.rows()[0]["id"].as_str().unwrap().to_owned(), pen)
}

async fn act(floor: &Floor, item: floorline_domain::ItemId, command: Command) {
    let actor = Actor { id: floor.north().person("supervisor").id, name: "Supervisor".into() };
    let site = floor.north().site().parse().unwrap();
    let act = Act {
        item_id: Some(item),
        operation: Operation::Item(command),
        blobs: Vec::new(),
        idempotency: Default::default(),
    };
    floor.app.engine.act(actor, floor.north().id(), site, act).await.unwrap();
}

async fn item(floor: &Floor, id: floorline_domain::ItemId) -> Value {
    floor.north().supervisor().get(&format!("/v1/items/{id}")).await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_shows_what_was_done_and_why_it_did_not_book() {
    let floor = Floor::new().await;
    let (item, case) = parked(&floor).await;
    let supervisor = floor.north().supervisor();
    let listed = supervisor.get(&format!("/v1/sync/cases?item_id={item}")).await;
    assert_eq!(listed.rows().len(), 1);
    let row = &listed.rows()[0];
    assert_eq!(
        (&row["reason"], &row["item_code"], &row["actor_name"]),
        (&json!("ON_HOLD"), &json!("A-0001"), &json!("Operator"))
    );
    let whole = supervisor.get(&format!("/v1/sync/cases/{case}")).await.ok();
    let entry = &whole["entries"][0];
    assert_eq!((&entry["outcome"], &entry["entry"]["op"]), (&json!("parked"), &json!("action.complete")));
    floor.south().supervisor().get(&format!("/v1/sync/cases/{case}")).await.assert_status(404);
    floor.north().operator().get("/v1/sync/cases").await.assert_status(403);
    supervisor.get("/v1/sync/cases?state=lost").await.assert_status(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discarded_case_tells_its_person_and_is_over() {
    let floor = Floor::new().await;
    let (_, case) = parked(&floor).await;
    let operator = floor.north().person("operator");
    let topic = format!("user:{}", operator.id);
    let (mut socket, welcome) = reader(&floor, &floor.north().operator(), json!([{"topic": topic, "cursor": 0}])).await;
    let epoch = &welcome["topics"][0]["epoch"];
    socket
        .send(&json!({"type": "cursor", "topic": topic, "epoch": epoch, "cursor": welcome["topics"][0]["head"]}))
        .await;
    let supervisor = floor.north().supervisor();
    let path = format!("/v1/sync/cases/{case}/discard");
    supervisor.post(&path, json!({"note": " "})).await.assert_status(422).assert_field("note");
    floor.north().quality().post(&path, json!({"note": "x"})).await.assert_status(403);
    let decided = supervisor.key("once").post(&path, json!({"note": "scanned by mistake"})).await;
    assert_eq!(
        (&decided.json["state"], &decided.json["note"]),
        (&json!("discarded"), &json!("scanned by mistake")),
        "{decided}"
    );
    let again = supervisor.key("once").post(&path, json!({"note": "scanned by mistake"})).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    supervisor
        .post(&format!("/v1/sync/cases/{case}/book"), json!({}))
        .await
        .assert_status(409)
        .assert_problem("STATE_CONFLICT");
    let push = socket.expect("push").await;
    assert_eq!(push["events"][0]["kind"], "case.discarded");
    assert_eq!(push["events"][0]["after"]["state"], "discarded");
    assert!(supervisor.get("/v1/sync/cases").await.rows().is_empty());
    assert_eq!(supervisor.get("/v1/sync/cases?state=discarded").await.rows().len(), 1);
    let audited = floor.north().admin().get("/v1/audit").await;
    assert!(audited.rows().iter().any(|event| event["kind"] == "case.discarded"), "{audited}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booked_case_is_done_once_however_often_it_is_asked() {
    let floor = Floor::new().await;
    let (id, case) = parked(&floor).await;
    let supervisor = floor.north().supervisor();
    let path = format!("/v1/sync/cases/{case}/book");
    // Held still: the door says no, and the case waits.
    supervisor.post(&path, json!({})).await.assert_status(409).assert_problem("ON_HOLD");
    act(&floor, id, Command::Release { reason: None }).await;
    let booked = supervisor.post(&path, json!({"note": "fine"})).await;
    assert_eq!(booked.json["state"], "booked", "{booked}");
    let state = item(&floor, id).await;
    assert_eq!(state["progress"]["results"]["cut.scan"]["by"], json!(floor.north().person("operator").id), "{state}");
    supervisor.post(&path, json!({"note": "fine"})).await.assert_status(409);
    assert_eq!(item(&floor, id).await["version"], state["version"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_books_wholly_or_not_at_all() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let (id, mut pen) = (line.item("A-0001").await, line.phone(floor.north().person("operator").id).await);
    act(&floor, id, Command::Hold { reason: "dye lot".into() }).await;
    let scan = json!({"op": "action.complete", "item_id": id, "action_id": "cut.scan", "stage": "cut",
                      "data": {"raw": format!("item:{id}")}, "base": {"version": 1}});
    let advance =
        json!({"op": "item.advance", "item_id": id, "stage": "cut", "base": {"version": 1, "predecessor": 1}});
    let submit = pen.write([scan, advance]);
    assert_eq!(ends(&floor.app.engine.submit(submit).await), ["parked:ON_HOLD", "parked:PRED_FAILED"]);
    act(&floor, id, Command::Release { reason: None }).await;
    let supervisor = floor.north().supervisor();
    let case = supervisor.get("/v1/sync/cases").await.rows()[0]["id"].as_str().unwrap().to_owned();
    let before = item(&floor, id).await;
    // The scan would book; the advance lacks a measurement.
    let path = format!("/v1/sync/cases/{case}/book");
    supervisor.post(&path, json!({})).await.assert_status(422).assert_problem("ACTIONS_MISSING");
    assert_eq!(item(&floor, id).await["version"], before["version"]);
    let measured = Command::CompleteAction {
        action_id: "cut.length".into(),
        data: json!({"readings": [{"name": "length", "value": 10.0, "unit": "mm"}]}),
        evidence: Vec::new(),
    };
    act(&floor, id, measured).await;
    let booked = supervisor.post(&path, json!({})).await;
    assert_eq!(booked.json["state"], "booked", "{booked}");
    assert_eq!(item(&floor, id).await["stage"], "pack");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_decides_lends_what_the_worker_may_not_do() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let (id, mut pen) = (line.item("A-0001").await, line.phone(floor.north().person("operator").id).await);
    let scrap = json!({"op": "item.scrap", "item_id": id, "data": {"reason": "torn"}, "base": {"version": 1}});
    let submit = pen.write([scrap]);
    assert_eq!(ends(&floor.app.engine.submit(submit).await), ["parked:NOT_PERMITTED"]);
    let supervisor = floor.north().supervisor();
    let case = supervisor.get("/v1/sync/cases").await.rows()[0]["id"].as_str().unwrap().to_owned();
    let booked = supervisor.post(&format!("/v1/sync/cases/{case}/book"), json!({})).await;
    assert_eq!(booked.json["state"], "booked", "{booked}");
    assert_eq!(item(&floor, id).await["status"], "scrapped");
    let events = supervisor.get(&format!("/v1/items/{id}/events")).await;
    let scrapped = events.rows().iter().find(|event| event["kind"] == "item.scrapped").unwrap();
    assert_eq!(scrapped["actor"]["id"], json!(pen.user), "{scrapped}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_phone_offered_again_meanwhile_is_not_booked_twice() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let (id, mut pen) = (line.item("A-0001").await, line.phone(floor.north().person("operator").id).await);
    let note = |text: &str| json!({"op": "note.add", "item_id": id, "data": {"text": text}});
    let first = pen.write([note("kept")]);
    floor.app.engine.submit(first).await;
    // Another future for the same place: the stream ends, and this body becomes a case.
    let mut other = Pen { seq: 0, hash: floorline_mobile_sync::chain::start(pen.stream), ..pen };
    let forked = other.write([note("forked")]);
    floor.app.engine.submit(forked).await;
    let mut again = line.phone_of(other.device, other.user).await;
    let mut offered = note("forked");
    offered["origin"] = json!({"stream_id": other.stream, "seq": 1, "hash": other.hash.to_string()});
    let submit = again.write([offered]);
    assert_eq!(ends(&floor.app.engine.submit(submit).await), ["applied"]);
    let version = item(&floor, id).await["version"].clone();
    let supervisor = floor.north().supervisor();
    let case = supervisor.get("/v1/sync/cases").await.rows()[0]["id"].as_str().unwrap().to_owned();
    let booked = supervisor.post(&format!("/v1/sync/cases/{case}/book"), json!({})).await;
    assert_eq!(booked.json["state"], "booked", "{booked}");
    assert_eq!(item(&floor, id).await["version"], version);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_builds_on_a_case_that_is_closed_opens_one_of_its_own() {
    let floor = Floor::new().await;
    let (id, case, mut pen) = parked_by(&floor).await;
    floor.north().supervisor().post(&format!("/v1/sync/cases/{case}/discard"), json!({"note": "no"})).await.ok();
    let advance =
        json!({"op": "item.advance", "item_id": id, "stage": "cut", "base": {"version": 1, "predecessor": 1}});
    let submit = pen.write([advance]);
    assert_eq!(ends(&floor.app.engine.submit(submit).await), ["parked:PRED_FAILED"]);
    let open = floor.north().supervisor().get("/v1/sync/cases").await;
    assert_eq!(open.rows().len(), 1);
    assert_ne!(open.rows()[0]["id"], json!(case));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_sent_back_stays_undone() {
    let floor = Floor::new().await;
    let (id, case) = parked(&floor).await;
    let before = item(&floor, id).await;
    let sent = floor
        .north()
        .supervisor()
        .post(&format!("/v1/sync/cases/{case}/send_back"), json!({"note": "again please"}))
        .await;
    assert_eq!(sent.json["state"], "sent_back", "{sent}");
    assert_eq!(item(&floor, id).await["version"], before["version"]);
}

/// Runs jobs until `done`.
async fn working<T>(floor: &Floor, what: &str, done: impl AsyncFnMut() -> Option<T>) -> T {
    let stop = CancellationToken::new();
    let app = &floor.app;
    let runner = Runner::new(app.db.clone(), job_registry(app), app.jobs.clone(), 1, uuid::Uuid::now_v7());
    let runner = tokio::spawn(runner.run(stop.clone(), std::time::Duration::from_secs(5)));
    let found = eventually(what, done).await;
    stop.cancel();
    runner.await.unwrap();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waited_for_a_hold_books_by_itself_when_it_lifts() {
    let floor = Floor::new().await;
    let (id, case) = parked(&floor).await;
    act(&floor, id, Command::Release { reason: None }).await;
    let supervisor = floor.north().supervisor();
    working(&floor, "the case is booked", async || {
        let case = supervisor.get(&format!("/v1/sync/cases/{case}")).await.ok();
        (case["state"] == "booked").then_some(())
    })
    .await;
    assert!(item(&floor, id).await["progress"]["results"]["cut.scan"].is_object());
}

#[tokio::test(flavor = "multi_thread")]
async fn work_on_an_item_not_known_yet_books_when_the_item_is_there() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let (known, mut pen) = (line.item("A-0001").await, line.phone(floor.north().person("operator").id).await);
    // As after a restored backup: the phone knows the item, the database does not.
    let rename = |to: &str| format!("UPDATE items SET id = '{to}'");
    let elsewhere = uuid::Uuid::now_v7().to_string();
    execute(floor.database().owner_url(), &rename(&elsewhere)).await;
    let note = json!({"op": "note.add", "item_id": known, "data": {"text": "seen"}});
    assert_eq!(ends(&floor.app.engine.submit(pen.write([note])).await), ["parked:UNKNOWN_ITEM"]);
    execute(floor.database().owner_url(), &rename(&known.to_string())).await;
    let mut tx = floor.tenant(line.org).await;
    let job = NewJob {
        id: uuid::Uuid::now_v7(),
        kind: RETRY,
        payload: json!({"item_id": known}),
        run_at: crate::harness::now(),
    };
    enqueue(&mut tx, &[job]).await.unwrap();
    tx.commit().await.unwrap();
    let supervisor = floor.north().supervisor();
    working(&floor, "the note is booked", async || {
        supervisor.get("/v1/sync/cases").await.rows().is_empty().then_some(())
    })
    .await;
    assert_eq!(supervisor.get("/v1/sync/cases?state=booked").await.rows().len(), 1);
}
