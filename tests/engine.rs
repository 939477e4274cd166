//! The door: what a phone's entries become.

use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl as _;
use floorline_domain::ItemId;
use floorline_mobile_sync::op::Operation;
use floorline_server::floor::engine::{Act, Actor, Submitted};
use floorline_server::platform::db::sql;
use serde_json::{Value, json};

use crate::harness::Floor;
use crate::harness::line::{Line, Pen, ends, verdicts};

fn scan(item: ItemId) -> Value {
    json!({"op": "action.complete", "item_id": item, "action_id": "cut.scan", "stage": "cut", "data": {"raw": format!("item:{item}")}})
}

fn measure(item: ItemId, value: f64) -> Value {
    json!({"op": "action.complete", "item_id": item, "action_id": "cut.length", "stage": "cut",
           "data": {"readings": [{"name": "length", "value": value, "unit": "mm"}]}})
}

fn advance(item: ItemId, from: &str) -> Value {
    json!({"op": "item.advance", "item_id": item, "stage": from})
}

fn based(mut entry: Value, predecessor: i64) -> Value {
    entry["base"] = json!({"version": 1, "predecessor": predecessor});
    entry
}

async fn operator<'a>(floor: &Floor, line: &Line<'a>) -> Pen {
    line.phone(floor.north().person("operator").id).await
}

async fn count(floor: &Floor, line: &Line<'_>, text: &'static str) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let mut tx = floor.tenant(line.org).await;
    let row: Row = sql(text).get_result(tx.conn()).await.unwrap();
    row.n
}

async fn status(floor: &Floor, line: &Line<'_>, item: ItemId) -> (String, String) {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        status: String,
        #[diesel(sql_type = Text)]
        stage: String,
    }
    let mut tx = floor.tenant(line.org).await;
    let row: Row = sql("SELECT status, stage FROM items WHERE id = $1")
        .bind::<diesel::sql_types::Uuid, _>(item.0)
        .get_result(tx.conn())
        .await
        .unwrap();
    (row.status, row.stage)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_is_scanned_measured_advanced_and_completed_in_one_submit() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let (item, mut phone) = (line.item("A-0001").await, operator(&floor, &line).await);
    let submit = phone.write([scan(item), measure(item, 10.2), advance(item, "cut"), advance(item, "pack")]);
    let answer = floor.app.engine.submit(submit).await;
    assert_eq!(ends(&answer), ["applied", "applied", "applied", "applied"]);
    assert_eq!(status(&floor, &line, item).await, ("completed".into(), "pack".into()));
    let cursors: Vec<i64> = verdicts(&answer).iter().map(|verdict| verdict.at.unwrap().cursor).collect();
    assert!(cursors.is_sorted(), "{cursors:?}");
    assert_eq!(count(&floor, &line, "SELECT count(*) AS n FROM sync_receipts").await, 4);
    assert_eq!(count(&floor, &line, "SELECT count(*) AS n FROM measurements WHERE value = 10.2").await, 1);
    assert_eq!(
        count(&floor, &line, "SELECT max(cursor) - count(*) AS n FROM sync_feed WHERE topic_id LIKE 'site:%'").await,
        0
    );
}

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
async fn a_rejection_is_kept_as_a_case_and_its_successor_shares_it() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let (item, other, mut phone) =
        (line.item("A-0001").await, line.item("A-0002").await, operator(&floor, &line).await);
    let submit = phone.write([advance(item, "cut"), based(scan(item), 1), scan(other)]);
    let answer = floor.app.engine.submit(submit).await;
    assert_eq!(ends(&answer), ["rejected:ACTIONS_MISSING", "rejected:PRED_FAILED", "applied"]);
    let verdicts = verdicts(&answer);
    assert!(verdicts[0].case_id.is_some());
    assert_eq!(verdicts[0].case_id, verdicts[1].case_id);
    assert_eq!(count(&floor, &line, "SELECT count(*) AS n FROM sync_cases").await, 1);
    assert_eq!(count(&floor, &line, "SELECT count(*) AS n FROM sync_case_entries").await, 2);
}

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
async fn another_organisations_item_is_unknown() {
    let floor = Floor::new().await;
    let (north, south) = (Line::new(&floor, floor.north()).await, Line::new(&floor, floor.south()).await);
    let theirs = south.item("S-0001").await;
    let mut phone = operator(&floor, &north).await;
    let submit = phone.write([scan(theirs), json!({"op": "scan.record", "data": {"raw": "S-0001"}})]);
    assert_eq!(ends(&floor.app.engine.submit(submit).await), ["parked:UNKNOWN_ITEM", "applied"]);
    assert_eq!(
        count(&floor, &north, "SELECT count(*) AS n FROM scans WHERE result = 'invalid' AND explanation IS NOT NULL")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_claimed_and_scanned_in_one_submit_is_that_items() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let (item, mut phone) = (line.item("A-0001").await, operator(&floor, &line).await);
    let blanks = floor.north().supervisor().post("/v1/labels/blanks", json!({"count": 1})).await;
    let code = blanks.json["labels"][0]["code"].as_str().unwrap().to_owned();
    let mut scanned = scan(item);
    scanned["data"] = json!({"raw": code});
    let claim = json!({"op": "label.claim", "item_id": item, "data": {"code": code, "replace": false}});
    let submit = phone.write([claim, scanned]);
    assert_eq!(ends(&floor.app.engine.submit(submit).await), ["applied", "applied"]);
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

#[tokio::test(flavor = "multi_thread")]
async fn the_same_code_twice_within_ten_seconds_is_one_scan() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let mut phone = operator(&floor, &line).await;
    let scan_at = |ms: i64| json!({"op": "scan.record", "data": {"raw": "HELLO"}, "monotonic": ms});
    let submit = phone.write([scan_at(1_000), scan_at(10_999), scan_at(11_000)]);
    assert_eq!(ends(&floor.app.engine.submit(submit).await), ["applied", "noop:DUPLICATE_SCAN", "applied"]);
    let submit = phone.write([scan_at(12_000), scan_at(40_000)]);
    assert_eq!(ends(&floor.app.engine.submit(submit).await), ["noop:DUPLICATE_SCAN", "applied"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_stands_still_does_not_make_the_window_grow() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let mut phone = operator(&floor, &line).await;
    for run in 0..3 {
        let scans =
            (0..60).map(|n| json!({"op": "scan.record", "data": {"raw": format!("{run}-{n}")}, "monotonic": 1}));
        let submit = phone.write(scans);
        floor.app.engine.submit(submit).await;
    }
    let kept = "SELECT max(jsonb_array_length(recent_scans))::bigint AS n FROM sync_streams";
    assert_eq!(count(&floor, &line, kept).await, 24);
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
async fn a_shift_starts_moves_and_ends() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let mut phone = operator(&floor, &line).await;
    let start =
        |place: Option<String>| json!({"op": "shift.start", "data": {"site_id": line.site, "location_id": place}});
    let station = floor.north().station();
    let submit = phone.write([
        start(None),
        start(None),
        start(Some(station)),
        json!({"op": "shift.end"}),
        json!({"op": "shift.end"}),
    ]);
    let answer = floor.app.engine.submit(submit).await;
    assert_eq!(ends(&answer), ["applied", "noop:ALREADY_DONE", "applied", "applied", "noop:ALREADY_DONE"]);
    assert_eq!(count(&floor, &line, "SELECT count(*) AS n FROM shifts WHERE ended_at IS NOT NULL").await, 2);
    assert_eq!(count(&floor, &line, "SELECT count(*) AS n FROM shifts WHERE end_reason = 'superseded'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_over_http_books_in_the_servers_own_stream_and_a_refused_one_leaves_nothing() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let item = line.item("A-0001").await;
    let actor = Actor { id: floor.north().person("supervisor").id, name: "Supervisor".into() };
    let act = |operation| Act { item_id: Some(item), operation, blobs: Vec::new(), idempotency: Default::default() };
    let hold = Operation::Item(floorline_domain::item::Command::Hold { reason: "dye lot".into() });
    let release = Operation::Item(floorline_domain::item::Command::Advance { to: None });
    let engine = &floor.app.engine;
    let held = engine.act(actor.clone(), line.org, line.site, act(hold)).await.unwrap();
    assert_eq!(held.item.unwrap()["status"], "on_hold");
    let refused = engine.act(actor, line.org, line.site, act(release)).await.unwrap_err();
    assert_eq!(refused.code().as_str(), "ON_HOLD");
    assert_eq!(count(&floor, &line, "SELECT count(*) AS n FROM sync_receipts").await, 1);
    assert_eq!(count(&floor, &line, "SELECT count(*) AS n FROM sync_cases").await, 0);
    assert_eq!(count(&floor, &line, "SELECT last_seq AS n FROM sync_streams WHERE kind = 'server'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_done_before_the_hold_was_known_is_parked_not_lost() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let (item, mut phone) = (line.item("A-0001").await, operator(&floor, &line).await);
    let actor = Actor { id: floor.north().person("supervisor").id, name: "Supervisor".into() };
    let hold = Operation::Item(floorline_domain::item::Command::Hold { reason: "dye lot".into() });
    let act = Act { item_id: Some(item), operation: hold, blobs: Vec::new(), idempotency: Default::default() };
    floor.app.engine.act(actor, line.org, line.site, act).await.unwrap();
    let mut unaware = scan(item);
    unaware["base"] = json!({"version": 1});
    let mut aware = scan(item);
    aware["base"] = json!({"version": 2});
    let submit = phone.write([unaware, aware]);
    assert_eq!(ends(&floor.app.engine.submit(submit).await), ["parked:ON_HOLD", "rejected:ON_HOLD"]);
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
