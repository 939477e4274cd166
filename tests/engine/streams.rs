//! A stream goes on without a hole, without another past, and in nobody else's name.

use floorline_server::floor::engine::Submitted;
use serde_json::json;

use super::{count, measure, operator, scan};
use crate::harness::Floor;
use crate::harness::line::{Line, Pen, ends};

#[tokio::test(flavor = "multi_thread")]
async fn a_submit_sent_again_gets_the_same_bytes_and_happens_once() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let (item, mut phone) = (line.item("A-0001").await, operator(&floor, &line).await);
    let submit = phone.write([scan(item), measure(item, 10.0)]);
    let first = floor.app.engine.submit(submit.clone()).await;
    let events = count(&floor, &line, "SELECT count(*) AS n FROM events").await;
    assert_eq!(floor.app.engine.submit(submit).await, first);
    assert_eq!(count(&floor, &line, "SELECT count(*) AS n FROM events").await, events);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hole_is_answered_by_where_to_begin() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let (item, mut phone) = (line.item("A-0001").await, operator(&floor, &line).await);
    let _lost = phone.write([scan(item)]);
    let later = phone.write([measure(item, 10.0)]);
    assert_eq!(floor.app.engine.submit(later).await, Submitted::Gap { expect_seq: 1 });
    assert_eq!(count(&floor, &line, "SELECT count(*) AS n FROM sync_receipts").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_past_seals_the_stream_and_keeps_the_body() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let (item, mut phone) = (line.item("A-0001").await, operator(&floor, &line).await);
    let written = phone.write([scan(item)]);
    floor.app.engine.submit(written).await;
    let mut clone = Pen { seq: 0, hash: floorline_mobile_sync::chain::start(phone.stream), ..phone };
    let forked = clone.write([measure(item, 9.9)]);
    assert_eq!(floor.app.engine.submit(forked.clone()).await, Submitted::Sealed);
    assert_eq!(floor.app.engine.submit(forked).await, Submitted::Sealed);
    assert_eq!(
        count(&floor, &line, "SELECT count(*) AS n FROM sync_case_entries WHERE reason = 'FORK' AND length(body) > 50")
            .await,
        1
    );
    assert_eq!(
        count(
            &floor,
            &line,
            "SELECT count(*) AS n FROM sync_feed WHERE topic_id LIKE 'site:%' AND body::jsonb ->> 'kind' = 'stream.sealed'"
        )
        .await,
        1
    );
    assert_eq!(
        count(
            &floor,
            &line,
            "SELECT count(*) AS n FROM sync_feed WHERE topic_id LIKE 'site:%' AND body::jsonb ->> 'kind' = 'case.opened'"
        )
        .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_hash_stores_nothing_of_its_entry() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let (item, mut phone) = (line.item("A-0001").await, operator(&floor, &line).await);
    let mut submit = phone.write([scan(item), measure(item, 10.0)]);
    submit.hashes[1] = submit.hashes[0];
    let answer = floor.app.engine.submit(submit).await;
    assert_eq!(ends(&answer), ["applied"]);
    assert_eq!(count(&floor, &line, "SELECT count(*) AS n FROM measurements").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_cannot_be_read_are_parked_with_their_bytes() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let (item, mut phone) = (line.item("A-0001").await, operator(&floor, &line).await);
    let submit = phone.write([
        json!({"op": "item.explode", "item_id": item}),
        json!({"op": "item.scrap", "item_id": item}),
        json!({"op": "note.add", "item_id": item, "data": {"text": "nul \u{0} nul"}}),
        json!({"op": "note.add", "item_id": item, "data": {"text": "fine"}}),
    ]);
    let answer = floor.app.engine.submit(submit).await;
    assert_eq!(ends(&answer), ["parked:UNSUPPORTED", "parked:MALFORMED", "parked:MALFORMED", "applied"]);
    assert_eq!(count(&floor, &line, "SELECT count(*) AS n FROM sync_case_entries WHERE length(body) > 50").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_phone_offers_again_elsewhere_is_never_decided_where_it_stood() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let (item, mut left) = (line.item("A-0001").await, operator(&floor, &line).await);
    let unsent = left.write([scan(item)]);
    let mut again = line.phone_of(left.device, left.user).await;
    let mut offered = scan(item);
    offered["origin"] = json!({"stream_id": left.stream, "seq": 1, "hash": left.hash.to_string()});
    let submit = again.write([offered]);
    assert_eq!(ends(&floor.app.engine.submit(submit).await), ["applied"]);
    assert_eq!(floor.app.engine.submit(unsent).await, Submitted::Sealed);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_writes_in_anothers_name_without_a_lease() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let (item, mut phone) = (line.item("A-0001").await, operator(&floor, &line).await);
    let mut entry = scan(item);
    entry["actor"] = json!(floor.north().person("supervisor").id);
    let submit = phone.write([entry]);
    assert_eq!(ends(&floor.app.engine.submit(submit).await), ["parked:NOT_PERMITTED"]);
    // The case is the one's who sent it, and says what the entry claims.
    let cases = floor.north().supervisor().get("/v1/sync/cases").await;
    assert_eq!(cases.rows()[0]["actor_id"], json!(phone.user));
    assert_eq!(
        count(&floor, &line, "SELECT count(*) AS n FROM sync_case_entries WHERE error LIKE 'It says that%'").await,
        1
    );
}
