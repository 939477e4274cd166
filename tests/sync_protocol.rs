//! `floor.sync.v1` as a phone writes: hello, batches, verdicts, and everything that can be wrong with them.

use floorline_mobile_sync::chain;
use floorline_mobile_sync::limits::{FRAME_BYTES, HELLO_BYTES};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::harness::feed::site_topic;
use crate::harness::line::Line;
use crate::harness::socket::{Came, Handheld, Socket, ends, remark};
use crate::harness::{Floor, count};

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_says_hello_hands_in_its_work_and_gets_its_verdicts_again() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let item = line.item("A-0001").await;
    let mut phone = Handheld::enrolled(&floor, floor.north(), "operator").await;
    let (mut socket, welcome) = phone.connect(json!([])).await;
    assert_eq!((&welcome["session"], &welcome["last_seq"], &welcome["more"]), (&json!(1), &json!(0), &json!(false)));
    assert_eq!(welcome["hash"], phone.pen.hash.to_string());
    assert_eq!(welcome["limits"]["batch_entries"], 64);
    let scan = json!({"op": "action.complete", "item_id": item, "action_id": "cut.scan", "stage": "cut", "data": {"raw": format!("item:{item}")}});
    let advance = json!({"op": "item.advance", "item_id": item, "stage": "cut"});
    let result = phone.send(&mut socket, 1, [scan, advance]).await;
    assert_eq!(ends(&result), ["applied", "rejected:ACTIONS_MISSING"]);
    assert_eq!(result["results"][0]["after"]["stage"], "cut");
    assert!(result["results"][1]["case_id"].is_string());
    socket.close().await;

    let (_socket, again) = phone.connect(json!([])).await;
    assert_eq!((&again["session"], &again["last_seq"]), (&json!(2), &json!(2)));
    assert_eq!(again["hash"], phone.pen.hash.to_string());
    assert_eq!(again["results"], result["results"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_break_the_protocol_store_nothing() {
    let floor = Floor::new().await;
    let mut phone = Handheld::enrolled(&floor, floor.north(), "operator").await;
    let deep = format!("{{\"type\":\"ping\",\"n\":1,\"x\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let bad = [
        ("no JSON", Message::text("{")),
        ("no object", Message::text("[1,2]")),
        ("no type", Message::text("{}")),
        ("binary", Message::binary(vec![0; 100])),
        ("oversized", Message::text(format!("{{\"type\":\"ping\",\"n\":1,\"x\":\"{}\"}}", "x".repeat(FRAME_BYTES)))),
        ("deeply nested", Message::text(deep)),
        ("a large integer", Message::text("{\"type\":\"ping\",\"n\":9007199254740993}")),
        (
            "a batch without entries",
            Message::text("{\"type\":\"submit\",\"first_seq\":1,\"entries\":[],\"hashes\":[]}"),
        ),
        ("an endless row of pieces", Message::Frame(Frame::message(Vec::new(), OpCode::Data(Data::Text), false))),
    ];
    for (name, message) in bad {
        let (mut socket, _) = phone.connect(json!([])).await;
        if name == "an endless row of pieces" {
            socket.send_message(message).await;
            for _ in 0..100 {
                let piece = Frame::message(Vec::new(), OpCode::Data(Data::Continue), false);
                socket.send_message(Message::Frame(piece)).await;
            }
        } else {
            socket.send_message(message).await;
        }
        assert_eq!(socket.closed().await, 4400, "{name}");
    }
    let (mut socket, welcome) = phone.connect(json!([])).await;
    assert_eq!(welcome["last_seq"], 0);
    // What this build does not know is passed over.
    socket.send(&json!({"type": "dance", "with": "me"})).await;
    socket.send(&json!({"type": "ping", "n": 7, "someday": true, "outbox": {"count": 3, "oldest_time": 1}})).await;
    let pong = socket.expect("pong").await;
    assert_eq!(pong["n"], 7);
    let session = welcome["session"].as_i64().unwrap();
    assert_eq!(ends(&phone.send(&mut socket, session, [remark(1)]).await), ["applied"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn gaps_are_rewound_and_forks_end_the_stream() {
    let floor = Floor::new().await;
    let mut phone = Handheld::enrolled(&floor, floor.north(), "operator").await;
    let (mut socket, _) = phone.connect(json!([])).await;
    let lost = phone.pen.write([remark(1)]);
    let gap = phone.send(&mut socket, 1, [remark(2)]).await;
    assert_eq!((&gap["type"], &gap["expect_seq"]), (&json!("gap"), &json!(1)));
    socket.submit(1, lost.clone()).await;
    assert_eq!(ends(&socket.expect("result").await), ["applied"]);
    // The same place with other bytes: a second future.
    let mut fork = lost;
    let entry = fork.entries[0].text().replace("CODE-1", "CODE-X");
    fork.hashes[0] = chain::next(&chain::start(phone.pen.stream), entry.as_bytes());
    fork.entries[0] = floorline_mobile_sync::wire::Raw::new(entry).unwrap();
    socket.submit(1, fork).await;
    assert_eq!(socket.closed().await, 4412);
    let mut after = Socket::open(&floor).await;
    after.send(&phone.hello(json!([])).await).await;
    assert_eq!(after.closed().await, 4412);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hello_with_another_memory_is_a_fork() {
    let floor = Floor::new().await;
    let mut phone = Handheld::enrolled(&floor, floor.north(), "operator").await;
    let (mut socket, _) = phone.connect(json!([])).await;
    phone.send(&mut socket, 1, [remark(1), remark(2)]).await;
    socket.close().await;
    phone.acked = (1, chain::sha256(b"another life"));
    for _ in 0..2 {
        let mut socket = Socket::open(&floor).await;
        socket.send(&phone.hello(json!([])).await).await;
        assert_eq!(socket.closed().await, 4412);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_seals_its_stream_and_begins_another() {
    let floor = Floor::new().await;
    let phone = Handheld::enrolled(&floor, floor.north(), "operator").await;
    let (mut socket, _) = phone.connect(json!([])).await;
    socket.send(&json!({"type": "seal", "reason": "WIPED"})).await;
    assert_eq!(socket.closed().await, 4412);
    let mut again = Socket::open(&floor).await;
    again.send(&phone.hello(json!([])).await).await;
    assert_eq!(again.closed().await, 4412);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_applied_is_parked_and_the_rest_flows() {
    let floor = Floor::new().await;
    let theirs = Line::new(&floor, floor.south()).await.item("S-0001").await;
    let mut phone = Handheld::enrolled(&floor, floor.north(), "operator").await;
    let (mut socket, _) = phone.connect(json!([])).await;
    let nested = format!("{}1{}", "[".repeat(40), "]".repeat(40));
    let nested: Value = serde_json::from_str(&nested).unwrap();
    let entries = [
        json!({"op": "item.explode"}),
        json!({"op": "note.add", "item_id": theirs, "data": {"text": "not mine"}}),
        json!({"op": "scan.record", "data": {"raw": "x", "more": nested}}),
        json!({"op": "scan.record", "data": {"raw": "x".repeat(17_000)}}),
        remark(1),
    ];
    let result = phone.send(&mut socket, 1, entries).await;
    assert_eq!(
        ends(&result),
        ["parked:UNSUPPORTED", "parked:UNKNOWN_ITEM", "parked:MALFORMED", "parked:MALFORMED", "applied",]
    );
    let cases = floor.north().supervisor().get("/v1/sync/cases").await;
    assert_eq!(cases.rows().len(), 4, "{cases}");
    let theirs = floor.south().supervisor().get("/v1/sync/cases").await;
    assert!(theirs.rows().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_scans_in_a_second_all_get_their_verdict_and_are_fetched_in_pages() {
    let floor = Floor::new().await;
    let mut phone = Handheld::enrolled(&floor, floor.north(), "operator").await;
    let (mut socket, _) = phone.connect(json!([])).await;
    let mut decided = 0;
    for batch in 0..16 {
        let entries: Vec<Value> = (0..63).map(|n| remark(batch * 63 + n)).collect();
        let result = phone.send(&mut socket, 1, entries).await;
        decided += ends(&result).iter().filter(|end| *end == "applied").count();
    }
    assert_eq!(decided, 16 * 63);
    socket.close().await;

    let (mut socket, welcome) = phone.connect(json!([])).await;
    assert_eq!((&welcome["last_seq"], &welcome["more"]), (&json!(1008), &json!(true)));
    let early = phone.pen.write([remark(5_000)]);
    socket.submit(2, early.clone()).await;
    assert_eq!(socket.expect("retry").await["reason"], "RESULTS_FIRST");
    let mut results = welcome["results"].as_array().unwrap().clone();
    loop {
        let after = results.last().unwrap()["seq"].as_i64().unwrap();
        socket.send(&json!({"type": "results", "after": after})).await;
        let page = socket.expect("result").await;
        results.extend(page["results"].as_array().unwrap().iter().cloned());
        if page["more"] != true {
            break;
        }
    }
    let seqs: Vec<i64> = results.iter().map(|verdict| verdict["seq"].as_i64().unwrap()).collect();
    assert_eq!(seqs, (1..=1008).collect::<Vec<i64>>());
    socket.submit(2, early).await;
    assert_eq!(ends(&socket.expect("result").await), ["applied"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_phone_is_shut_out_and_may_still_hand_in_what_it_holds() {
    let floor = Floor::new().await;
    let mut phone = Handheld::enrolled(&floor, floor.north(), "operator").await;
    let (mut socket, _) = phone.connect(json!([])).await;
    let revoke = format!("/v1/devices/{}/revoke", phone.phone.id);
    floor.north().admin().post(&revoke, json!({"reason": "lost"})).await.assert_status(200);
    socket.expect("revoked").await;
    assert_eq!(socket.closed().await, 4403);

    phone.client = floor.stranger();
    let (mut socket, welcome) = phone.connect(json!([{"topic": site_topic(&floor), "cursor": 0}])).await;
    assert_eq!(welcome["topics"][0]["mode"], "denied");
    let session = welcome["session"].as_i64().unwrap();
    assert_eq!(ends(&phone.send(&mut socket, session, [remark(1)]).await), ["parked:DEVICE_REVOKED"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_websockets_the_same_work_goes_over_http() {
    let floor = Floor::new().await;
    let mut phone = Handheld::enrolled(&floor, floor.north(), "operator").await;
    let (socket, _) = phone.connect(json!([])).await;
    let batch = phone.pen.write([remark(1), remark(2)]);
    let body = |hello: Value| json!({"hello": hello, "submit": {"first_seq": 1, "entries": batch.entries, "hashes": batch.hashes}});
    let mut hello = phone.hello(json!([])).await;
    hello.as_object_mut().unwrap().remove("ticket");
    let refused = phone.phone.send(&phone.client, "POST", "/v1/sync/submit", Some(body(hello.clone()))).await;
    refused.assert_status(409).assert_problem("SESSION_ALIVE");
    socket.close().await;
    // The seat is free once the server's task has ended.
    let answer = crate::harness::eventually("the stream is free", async || {
        let answer = phone.phone.send(&phone.client, "POST", "/v1/sync/submit", Some(body(hello.clone()))).await;
        (answer.status != 409).then_some(answer)
    })
    .await;
    answer.assert_status(200);
    assert_eq!(answer.json["result"]["upto_seq"], 2, "{answer}");
    let again =
        phone.phone.send(&phone.client, "POST", "/v1/sync/submit", Some(json!({"hello": hello, "submit": null}))).await;
    assert_eq!(again.json["welcome"]["results"], answer.json["result"]["results"]);
    assert_eq!(answer.json["lease"]["lease_id"], lease_of(&floor).await, "as on a socket: {answer}");
    assert_eq!(again.json["lease"]["lease_id"], answer.json["lease"]["lease_id"], "within the hour it is the same");

    let stranger = floor.stranger().post("/v1/sync/submit", body(hello.clone())).await;
    stranger.assert_status(401);
    let broken = phone.phone.send(&phone.client, "POST", "/v1/sync/submit", Some(json!({"hello": 1}))).await;
    broken.assert_status(400);
    let large = json!({"hello": hello, "x": "x".repeat(FRAME_BYTES + HELLO_BYTES)});
    phone.phone.send(&phone.client, "POST", "/v1/sync/submit", Some(large)).await.assert_status(413);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_board_sees_what_phones_still_hold() {
    let floor = Floor::new().await;
    let phone = Handheld::enrolled(&floor, floor.north(), "operator").await;
    let (mut socket, _) = phone.connect(json!([])).await;
    socket.send(&json!({"type": "ping", "n": 1, "outbox": {"count": 12, "oldest_time": 1_000}})).await;
    socket.expect("pong").await;
    let path = format!("/v1/sync/presence?site_id={}", floor.north().site());
    let seen = floor.north().supervisor().get(&path).await;
    assert_eq!((&seen.rows()[0]["unsent"], &seen.rows()[0]["connected"]), (&json!(12), &json!(true)), "{seen}");
    assert_eq!(seen.rows()[0]["user_name"], "Operator");
    floor.south().supervisor().get(&path).await.assert_status(404);
    socket.close().await;
    crate::harness::eventually("the phone is silent", async || {
        let seen = floor.north().supervisor().get(&path).await;
        (seen.rows()[0]["connected"] == false && seen.rows()[0]["unsent"] == 12).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_gets_a_lease_and_its_colleague_may_send_work_done_under_it() {
    let floor = Floor::new().await;
    let mut phone = Handheld::enrolled(&floor, floor.north(), "operator").await;
    let hello = phone.hello(json!([])).await;
    let mut socket = Socket::open(&floor).await;
    socket.send(&hello).await;
    socket.expect("welcome").await;
    socket.close().await;
    let lease = lease_of(&floor).await;
    let ana = phone.pen.user;
    // Another person signs in on the same phone and sends what the first one did.
    phone.client = floor.north().as_("quality");
    phone.pen.user = floor.north().person("quality").id;
    let (mut socket, welcome) = phone.connect(json!([])).await;
    let session = welcome["session"].as_i64().unwrap();
    let with_lease = json!({"op": "scan.record", "data": {"raw": "x"}, "actor": ana, "lease_id": lease});
    let without = json!({"op": "scan.record", "data": {"raw": "y"}, "actor": ana});
    let result = phone.send(&mut socket, session, [with_lease, without]).await;
    assert_eq!(ends(&result), ["applied", "parked:NOT_PERMITTED"]);
}

async fn lease_of(floor: &Floor) -> String {
    use diesel_async::RunQueryDsl as _;
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Uuid)]
        id: uuid::Uuid,
    }
    let mut tx = floor.tenant(floor.north().id()).await;
    let row: Row = floorline_server::platform::db::sql("SELECT id FROM leases").get_result(tx.conn()).await.unwrap();
    row.id.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_and_pushes_share_one_socket() {
    let floor = Floor::new().await;
    let mut phone = Handheld::enrolled(&floor, floor.north(), "operator").await;
    let item = Line::new(&floor, floor.north()).await.item("A-0001").await;
    let (mut socket, welcome) = phone.connect(json!([{"topic": site_topic(&floor), "cursor": 0}])).await;
    assert_eq!(welcome["topics"][0]["mode"], "snapshot");
    let epoch = &welcome["topics"][0]["epoch"];
    socket.send(&json!({"type": "cursor", "topic": site_topic(&floor), "epoch": epoch, "cursor": 0})).await;
    let batch = phone.pen.write([json!({"op": "note.add", "item_id": item, "data": {"text": "seen"}})]);
    socket.submit(1, batch).await;
    let mut kinds = Vec::new();
    for _ in 0..2 {
        let Came::Frame(frame) = socket.next().await else { panic!("closed") };
        kinds.push(frame["type"].as_str().unwrap().to_owned());
    }
    kinds.sort();
    assert_eq!(kinds, ["push", "result"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_hello_acknowledges_is_kept() {
    let floor = Floor::new().await;
    let mut phone = Handheld::enrolled(&floor, floor.north(), "operator").await;
    let (mut socket, _) = phone.connect(json!([])).await;
    phone.send(&mut socket, 1, [remark(1), remark(2)]).await;
    socket.close().await;
    phone.acked = (2, phone.pen.hash);
    let (_socket, welcome) = phone.connect(json!([])).await;
    assert_eq!(welcome["results"], json!([]));
    assert_eq!(
        count(floor.database().owner_url(), "SELECT acked_seq AS n FROM sync_streams WHERE kind = 'device'").await,
        2
    );
}
