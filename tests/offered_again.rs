//! Entries that a phone offers again on a new stream, with where they stood first.

use floorline_domain::{ItemId, StreamId};
use floorline_mobile_sync::chain::Hash;
use floorline_server::floor::engine::Submitted;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::Floor;
use crate::harness::line::{Line, Pen, ends, verdicts};

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
