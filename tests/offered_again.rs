//! Entries that a phone offers again on a new stream, with where they stood first.

use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use floorline_domain::{ItemId, StreamId};
use floorline_mobile_sync::chain::{self, Hash};
use floorline_server::floor::engine::Submitted;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::line::{Line, Pen, ends, verdicts};
use crate::harness::socket::{self, Handheld, Socket};
use crate::harness::{Floor, count, eventually, execute};

const NOTES: &str = "SELECT count(*) AS n FROM events WHERE kind = 'note.added'";

/// A note that stood elsewhere first.
fn note(item: ItemId, origin: Value) -> Value {
    json!({"op": "note.add", "item_id": item, "data": {"text": "seen"}, "origin": origin})
}

async fn submit(floor: &Floor, pen: &mut Pen, entry: Value) -> Submitted {
    let submit = pen.write([entry]);
    floor.app.engine.submit(submit).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_offered_again_on_a_new_stream_gets_its_first_verdict() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let item = line.item("A-0001").await;
    let mut first = line.phone(floor.north().person("operator").id).await;
    let entry = json!({"op": "note.add", "item_id": item, "data": {"text": "seen"}});
    let told = submit(&floor, &mut first, entry).await;
    let origin = json!({"stream_id": first.stream, "seq": 1, "hash": first.hash});
    let mut again = line.phone_of(first.device, first.user).await;
    let offered = submit(&floor, &mut again, note(item, origin.clone())).await;
    assert_eq!(verdicts(&offered), verdicts(&told));
    let mut thief = line.phone(first.user).await;
    assert_eq!(ends(&submit(&floor, &mut thief, note(item, origin)).await), ["parked:MALFORMED"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_decides_an_entry_of_another_device() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let item = line.item("A-0001").await;
    let owner = line.phone(floor.north().person("operator").id).await;
    let origin = json!({"stream_id": owner.stream, "seq": 1, "hash": Hash([7; 32])});
    let mut thief = line.phone(owner.user).await;
    assert_eq!(ends(&submit(&floor, &mut thief, note(item, origin.clone())).await), ["parked:MALFORMED"]);
    let mut again = line.phone_of(owner.device, owner.user).await;
    assert_eq!(ends(&submit(&floor, &mut again, note(item, origin)).await), ["applied"]);
}

/// A server that was put back to its backup does not know a stream that was opened later.
#[tokio::test(flavor = "multi_thread")]
async fn an_entry_of_a_stream_nobody_knows_is_decided_once() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let item = line.item("A-0001").await;
    let origin = json!({"stream_id": StreamId(Uuid::now_v7()), "seq": 1, "hash": Hash([7; 32])});
    let mut first = line.phone(floor.north().person("operator").id).await;
    let told = submit(&floor, &mut first, note(item, origin.clone())).await;
    assert_eq!(ends(&told), ["applied"]);
    let mut again = line.phone_of(first.device, first.user).await;
    assert_eq!(verdicts(&submit(&floor, &mut again, note(item, origin.clone())).await), verdicts(&told));
    let mut thief = line.phone(first.user).await;
    assert_eq!(ends(&submit(&floor, &mut thief, note(item, origin)).await), ["parked:MALFORMED"]);
}

/// Two phones with one storage and a server that was put back to before their stream: one of them seals it and goes on elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_phone_offers_again_its_copy_does_not_do_on_the_stream_that_was_left() {
    let floor = Floor::new().await;
    let item = Line::new(&floor, floor.north()).await.item("A-0001").await;
    let note = json!({"op": "note.add", "item_id": item, "data": {"text": "seen"}});
    let mut phone = Handheld::enrolled(&floor, floor.north(), "operator").await;
    let lost = phone.pen.write([note.clone()]);
    let mut again = note;
    again["origin"] = json!({"stream_id": phone.pen.stream, "seq": 1, "hash": lost.hashes[0]});
    let stream = StreamId(Uuid::new_v4());
    let next = Pen { stream, seq: 0, hash: chain::start(stream), ..phone.pen };
    let copy = std::mem::replace(&mut phone.pen, next);
    phone.acked.1 = phone.pen.hash;
    let (mut socket, welcome) = phone.connect(json!([])).await;
    let offered = phone.send(&mut socket, welcome["session"].as_i64().unwrap(), [again]).await;
    assert_eq!(socket::ends(&offered), ["applied"]);
    socket.close().await;
    phone.acked.1 = chain::start(copy.stream);
    phone.pen = copy;
    let mut socket = Socket::open(phone.floor).await;
    socket.send(&phone.hello(json!([])).await).await;
    assert_eq!(socket.closed().await, 4412, "it is told to offer again as well what it has");
    assert_eq!(count(floor.database().owner_url(), NOTES).await, 1);
}

/// Of a phone that was blocked a case is kept for each act, and booked once.
#[tokio::test(flavor = "multi_thread")]
async fn a_fenced_stream_that_was_left_keeps_no_second_case() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let item = line.item("A-0001").await;
    let mut first = line.phone(floor.north().person("operator").id).await;
    let mut again = line.phone_of(first.device, first.user).await;
    execute(floor.database().owner_url(), "UPDATE sync_streams SET state = 'fenced' WHERE kind = 'device'").await;
    let late = first.write([json!({"op": "note.add", "item_id": item, "data": {"text": "seen"}})]);
    let origin = json!({"stream_id": first.stream, "seq": 1, "hash": first.hash});
    assert_eq!(ends(&submit(&floor, &mut again, note(item, origin)).await), ["parked:DEVICE_REVOKED"]);
    assert_eq!(floor.app.engine.submit(late).await, Submitted::Sealed);
    let cases = "SELECT count(*) AS n FROM sync_case_entries";
    assert_eq!(count(floor.database().owner_url(), cases).await, 1);
}

async fn pid(connection: &mut AsyncPgConnection) -> i32 {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Integer)]
        pid: i32,
    }
    let row: Row = diesel::sql_query("SELECT pg_backend_pid() AS pid").get_result(connection).await.unwrap();
    row.pid
}

/// Where a copy says hello on a stream at the very time that the phone leaves it, one waits for the other.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_opened_while_it_is_left_is_waited_for() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let item = line.item("A-0001").await;
    let mut again = line.phone(floor.north().person("operator").id).await;
    let (stream, device, org) = (StreamId(Uuid::new_v4()), again.device, again.org);
    let mut copy = AsyncPgConnection::establish(floor.database().owner_url()).await.unwrap();
    // What a hello and a batch of the copy write, not yet committed.
    let verdict = json!({"seq": 1, "outcome": "rejected", "reason": "ITEM_PAUSED"});
    let hash = Hash([7; 32]);
    let written = format!(
        "BEGIN; INSERT INTO sync_streams (org_id, id, kind, device_id, last_seq, last_hash, session, last_at) \
         VALUES ('{org}', '{stream}', 'device', '{device}', 1, '\\x{hash}', 1, now()); \
         INSERT INTO sync_receipts (org_id, stream_id, seq, hash, outcome, reason, verdict, occurred_at, applied_at) \
         VALUES ('{org}', '{stream}', 1, '\\x{hash}', 'rejected', 'ITEM_PAUSED', '{verdict}', now(), now())"
    );
    copy.batch_execute(&written).await.unwrap();
    let batch = again.write([note(item, json!({"stream_id": stream, "seq": 1, "hash": hash}))]);
    let engine = floor.app.engine.clone();
    let offered = tokio::spawn(async move { engine.submit(batch).await });
    let url = floor.database().owner_url();
    let waiting = format!(
        "SELECT count(*) AS n FROM pg_locks WHERE NOT granted AND {} = ANY (pg_blocking_pids(pid))",
        pid(&mut copy).await
    );
    eventually("a batch that waits", async || (count(url, &waiting).await == 1).then_some(())).await;
    copy.batch_execute("COMMIT").await.unwrap();
    assert_eq!(ends(&offered.await.unwrap()), ["rejected:ITEM_PAUSED"], "as the copy was told");
    assert_eq!(count(url, NOTES).await, 0);
}
