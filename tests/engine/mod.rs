//! The door: what a phone's entries become.

mod side_by_side;
mod streams;

use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl as _;
use floorline_domain::ItemId;
use floorline_mobile_sync::op::Operation;
use floorline_server::floor::engine::{Act, Actor};
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
