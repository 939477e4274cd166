//! Phones at work at once: races, locks, and entries or rows that must hold up nobody else.

use diesel_async::RunQueryDsl as _;
use floorline_server::floor::engine::Submitted;
use floorline_server::platform::db::sql;
use serde_json::json;

use super::{advance, based, count, measure, operator, scan};
use crate::harness::Floor;
use crate::harness::line::{Line, ends};

#[tokio::test(flavor = "multi_thread")]
async fn two_phones_race_and_one_step_is_booked() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let item = line.item("A-0001").await;
    let (mut ana, mut ben) = (operator(&floor, &line).await, line.phone(floor.north().person("operator2").id).await);
    let engine = &floor.app.engine;
    let ready = ana.write([scan(item), measure(item, 10.0)]);
    engine.submit(ready).await;
    let (a, b) = (ana.write([advance(item, "cut")]), ben.write([advance(item, "cut")]));
    let (first, second) = tokio::join!(engine.submit(a), engine.submit(b));
    let mut both = [ends(&first), ends(&second)].concat();
    both.sort();
    assert_eq!(both, ["applied", "noop:ALREADY_DONE"]);
    assert_eq!(count(&floor, &line, "SELECT count(*) AS n FROM events WHERE kind = 'item.advanced'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_cannot_be_read_fails_what_names_it_and_nothing_else() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let (damaged, sound) = (line.item("A-0001").await, line.item("A-0002").await);
    let (mut ana, mut ben) = (operator(&floor, &line).await, line.phone(floor.north().person("operator2").id).await);
    let spoil = format!("UPDATE items SET state = state || '{{\"status\": \"dreaming\"}}' WHERE id = '{damaged}'");
    crate::harness::execute(floor.database().owner_url(), &spoil).await;
    let engine = &floor.app.engine;
    let stuck = ana.write([scan(damaged)]);
    assert!(matches!(engine.submit(stuck.clone()).await, Submitted::Retry { reason: "INTERNAL", .. }));
    let fine = ben.write([scan(sound)]);
    assert_eq!(ends(&engine.submit(fine).await), ["applied"]);
    let aged = "UPDATE sync_attempts SET n = 4, first_at = now() - interval '2 minutes'";
    crate::harness::execute(floor.database().owner_url(), aged).await;
    assert_eq!(ends(&engine.submit(stuck).await), ["parked:INTERNAL"]);
    assert_eq!(count(&floor, &line, "SELECT count(*) AS n FROM scans WHERE raw LIKE 'item:%'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_locked_row_keeps_only_its_own_waiting() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let (locked, free) = (line.item("A-0001").await, line.item("A-0002").await);
    let (mut ana, mut ben) = (operator(&floor, &line).await, line.phone(floor.north().person("operator2").id).await);
    let mut holder = floor.tenant(line.org).await;
    sql("SELECT FROM items WHERE id = $1 FOR UPDATE")
        .bind::<diesel::sql_types::Uuid, _>(locked.0)
        .execute(holder.conn())
        .await
        .unwrap();
    let engine = &floor.app.engine;
    // Whether they go together or one after the other: the free one is booked.
    let (waits, flows) = (ana.write([scan(locked)]), ben.write([measure(free, 10.0)]));
    let (first, second) = tokio::join!(engine.submit(waits), engine.submit(flows));
    assert!(matches!(first, Submitted::Retry { .. }), "{first:?}");
    assert_eq!(ends(&second), ["applied"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_sent_twice_at_once_is_done_once_and_answered_twice() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let item = line.item("A-0001").await;
    let supervisor = floor.north().supervisor();
    let path = format!("/v1/items/{item}/hold");
    let (once, twice, thrice) = (supervisor.key("k"), supervisor.key("k"), supervisor.key("k"));
    let hold = || json!({"reason": "dye lot"});
    let (a, b, c) = tokio::join!(once.post(&path, hold()), twice.post(&path, hold()), thrice.post(&path, hold()));
    for answer in [a, b, c] {
        assert_eq!(answer.json["item"]["status"], "on_hold", "{answer}");
    }
    assert_eq!(count(&floor, &line, "SELECT count(*) AS n FROM events WHERE kind = 'item.held'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_phones_at_once_lose_nothing_and_double_nothing() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let mut tasks = Vec::new();
    for n in 0..24 {
        let (item, mut phone) = (line.item(&format!("A-{n:04}")).await, operator(&floor, &line).await);
        let engine = floor.app.engine.clone();
        tasks.push(tokio::spawn(async move {
            let steps = [scan(item), measure(item, 10.0), advance(item, "cut"), advance(item, "pack")];
            for step in steps {
                let submit = phone.write([step]);
                assert_eq!(ends(&engine.submit(submit).await), ["applied"]);
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(count(&floor, &line, "SELECT count(*) AS n FROM items WHERE status = 'completed'").await, 24);
    assert_eq!(count(&floor, &line, "SELECT count(*) AS n FROM sync_receipts WHERE outcome = 'applied'").await, 96);
    assert_eq!(count(&floor, &line, "SELECT t.head - count(f.cursor) AS n FROM sync_topics t JOIN sync_feed f ON f.topic_id = t.id WHERE t.id LIKE 'site:%' GROUP BY t.head").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisonous_entry_is_parked_and_the_rest_flows() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let (item, other, mut phone) =
        (line.item("A-0001").await, line.item("A-0002").await, operator(&floor, &line).await);
    crate::harness::execute(
        floor.database().owner_url(),
        "CREATE FUNCTION choke() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'choked' USING ERRCODE = '22012'; END $$; \
         CREATE TRIGGER choke BEFORE INSERT ON events FOR EACH ROW WHEN (NEW.kind = 'note.added') EXECUTE FUNCTION choke()",
    )
    .await;
    let note = json!({"op": "note.add", "item_id": item, "data": {"text": "x"}});
    let submit = phone.write([scan(item), note, based(measure(item, 10.0), 2), scan(other)]);
    let engine = &floor.app.engine;
    assert_eq!(ends(&engine.submit(submit.clone()).await), ["applied"]);
    let rest = phone.submit(2, submit.entries[1..].to_vec(), submit.hashes[1..].to_vec());
    assert!(matches!(engine.submit(rest.clone()).await, Submitted::Retry { from_seq: 2, reason: "INTERNAL", .. }));
    // As if it had been tried for two minutes.
    crate::harness::execute(
        floor.database().owner_url(),
        "UPDATE sync_attempts SET n = 4, first_at = now() - interval '2 minutes'",
    )
    .await;
    assert_eq!(ends(&engine.submit(rest).await), ["parked:INTERNAL", "parked:PRED_FAILED", "applied"]);
    assert_eq!(count(&floor, &line, "SELECT count(*) AS n FROM sync_case_entries WHERE reason = 'INTERNAL'").await, 1);
}
