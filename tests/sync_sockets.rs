//! Sockets of `floor.sync.v1`: who may have one, who takes whose place, and what ends one.

use floorline_mobile_sync::chain;
use floorline_mobile_sync::limits::HELLO_BYTES;
use futures_util::{StreamExt as _, stream};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::socket::{Handheld, Socket, ends, reader, remark};
use crate::harness::{Floor, count};

#[tokio::test(flavor = "multi_thread")]
async fn protocols_nobody_speaks_are_closed_with_4406() {
    let floor = Floor::new().await;
    let mut socket = Socket::offering(&floor, "floor.sync.v9, chat").await;
    assert_eq!(socket.protocol.as_deref(), Some("floor.sync.v9"));
    assert_eq!(socket.closed().await, 4406);
    let plain = floor.stranger().get("/v1/sync").await;
    plain.assert_status(400).assert_problem("BAD_REQUEST");
    let foreign = floor.stranger().with("origin", "https://elsewhere.example").get("/v1/sync").await;
    foreign.assert_status(403).assert_problem("ORIGIN_NOT_ALLOWED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_without_a_hello_ends() {
    let floor = Floor::new().await;
    let cases: [(&str, Message, u16); 6] = [
        ("too large", Message::text(json!({"type": "hello", "x": "x".repeat(HELLO_BYTES)}).to_string()), 4408),
        ("another message", Message::text(json!({"type": "ping", "n": 1}).to_string()), 4408),
        ("no JSON", Message::text("hello"), 4400),
        ("a wrong shape", Message::text(json!({"type": "hello", "next_seq": "one"}).to_string()), 4400),
        ("binary", Message::binary(vec![1, 2, 3]), 4400),
        ("no ticket", Message::text(json!({"type": "hello"}).to_string()), 4401),
    ];
    for (name, message, code) in cases {
        let mut socket = Socket::open(&floor).await;
        socket.send_message(message).await;
        assert_eq!(socket.closed().await, code, "{name}");
    }
    let mut silent = Socket::open(&floor).await;
    assert_eq!(silent.closed().await, 4408);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_opens_one_socket_of_one_device() {
    let floor = Floor::new().await;
    let phone = Handheld::enrolled(&floor, floor.north(), "operator").await;
    let hello = phone.hello(json!([])).await;
    let mut first = Socket::open(&floor).await;
    first.send(&hello).await;
    first.expect("welcome").await;
    let mut second = Socket::open(&floor).await;
    second.send(&hello).await;
    assert_eq!(second.closed().await, 4401);

    let other = Handheld::enrolled(&floor, floor.north(), "operator").await;
    let mut stolen = phone.hello(json!([])).await;
    stolen["device_id"] = json!(other.phone.id);
    let mut third = Socket::open(&floor).await;
    third.send(&stolen).await;
    assert_eq!(third.closed().await, 4401);

    let mut half = phone.hello(json!([])).await;
    half.as_object_mut().unwrap().remove("hash");
    let mut fourth = Socket::open(&floor).await;
    fourth.send(&half).await;
    assert_eq!(fourth.closed().await, 4400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_socket_takes_the_first_ones_place() {
    let floor = Floor::new().await;
    let phone = Handheld::enrolled(&floor, floor.north(), "operator").await;
    let (mut first, _) = phone.connect(json!([])).await;
    let (mut second, welcome) = phone.connect(json!([])).await;
    assert_eq!(first.closed().await, 4409);
    assert_eq!(welcome["session"], 2);
    second.send(&json!({"type": "ping", "n": 1})).await;
    second.expect("pong").await;
    // A frame of the session before is not this one's.
    second.send(&json!({"type": "submit", "session": 1, "first_seq": 1, "entries": [{}], "hashes": [phone.pen.hash.to_string()]})).await;
    assert_eq!(second.closed().await, 4409);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_has_three_sockets() {
    let floor = Floor::new().await;
    let supervisor = floor.north().supervisor();
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(reader(&floor, &supervisor, json!([])).await);
    }
    let ticket = supervisor.post("/v1/sync/ticket", json!({})).await.text("ticket");
    let mut fourth = Socket::open(&floor).await;
    fourth.send(&json!({"type": "hello", "ticket": ticket})).await;
    let retry = fourth.expect("retry").await;
    assert!(retry["after_ms"].as_u64().unwrap() > 0);
    assert_eq!(fourth.closed().await, 4429);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_needs_no_device_and_may_not_write() {
    let floor = Floor::new().await;
    let (mut socket, welcome) = reader(&floor, &floor.north().supervisor(), json!([])).await;
    assert_eq!((&welcome["session"], &welcome["last_seq"]), (&json!(0), &json!(0)));
    socket
        .send(&json!({"type": "submit", "first_seq": 1, "entries": [{}], "hashes": [chain::sha256(b"").to_string()]}))
        .await;
    assert_eq!(socket.closed().await, 4400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_says_so() {
    let floor = Floor::with(|app| app.limits.jitter_ms = 1_234).await;
    let phone = Handheld::enrolled(&floor, floor.north(), "operator").await;
    let (mut socket, welcome) = phone.connect(json!([])).await;
    assert_eq!(welcome["limits"]["jitter_ms"], 1_234);
    floor.app.draining.cancel();
    assert_eq!(socket.expect("goaway").await["jitter_ms"], 1_234);
    assert_eq!(socket.closed().await, 4503);
    floor.app.sockets.gone(std::time::Duration::from_secs(10)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_for_which_there_is_no_seat_keeps_the_session_it_has() {
    let floor = Floor::new().await;
    let mut phones = Vec::new();
    for _ in 0..4 {
        phones.push(Handheld::enrolled(&floor, floor.north(), "operator").await);
    }
    let mut sockets = Vec::new();
    for phone in &phones[..3] {
        sockets.push(phone.connect(json!([])).await.0);
    }
    let mut fourth = Socket::open(&floor).await;
    fourth.send(&phones[3].hello(json!([])).await).await;
    fourth.expect("retry").await;
    assert_eq!(fourth.closed().await, 4429);
    assert_eq!(
        count(floor.database().owner_url(), "SELECT count(*) AS n FROM sync_streams WHERE kind = 'device'").await,
        3,
        "no session was begun"
    );
    let phone = &mut phones[0];
    assert_eq!(ends(&phone.send(&mut sockets[0], 1, [remark(1)]).await), ["applied"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_in_quarantine_take_no_seat_of_who_enrolled_them() {
    let floor = Floor::new().await;
    let mut blocked = Vec::new();
    for _ in 0..3 {
        let mut phone = Handheld::enrolled(&floor, floor.north(), "operator").await;
        let revoke = format!("/v1/devices/{}/revoke", phone.phone.id);
        floor.north().admin().post(&revoke, json!({"reason": "lost"})).await.assert_status(200);
        phone.client = floor.stranger();
        blocked.push(phone.connect(json!([])).await.0);
    }
    // Their administrator enrolled all of them.
    reader(&floor, &floor.north().admin(), json!([])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hellos_without_a_ticket_keep_no_phone_out() {
    let floor = Floor::new().await;
    let phone = Handheld::enrolled(&floor, floor.north(), "operator").await;
    // Thirty at once are enough; all of them would try the machine instead of the server.
    let ends: Vec<u16> = stream::iter(0..1000)
        .map(async |_| {
            let mut stranger = Socket::open(&floor).await;
            stranger.send(&json!({"type": "hello", "ticket": "none"})).await;
            stranger.closed().await
        })
        .buffer_unordered(30)
        .collect()
        .await;
    assert!(ends.iter().all(|code| *code == 4401), "{ends:?}");
    // Asked for only now: a ticket is good for half a minute.
    phone.connect(json!([])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_pings_and_never_reads_is_let_go() {
    let floor = Floor::new().await;
    let phone = Handheld::enrolled(&floor, floor.north(), "operator").await;
    let (mut socket, _) = phone.connect(json!([])).await;
    let path = format!("/v1/sync/presence?site_id={}", floor.north().site());
    crate::harness::eventually("the end of the connection", async || {
        // The buffers on the way fill up, and then sending waits for ever.
        let pinging = async {
            for _ in 0..5_000 {
                socket.send_message(Message::Ping(vec![7; 125].into())).await;
            }
        };
        let _ = tokio::time::timeout(std::time::Duration::from_millis(500), pinging).await;
        let seen = floor.north().supervisor().get(&path).await;
        (seen.rows()[0]["connected"] == false).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_was_moved_says_hello_again_and_works_there() {
    let floor = Floor::new().await;
    let north = floor.north();
    let phone = Handheld::enrolled(&floor, north, "operator").await;
    let (mut socket, _) = phone.connect(json!([])).await;
    let second = north.supervisor().post("/v1/locations", json!({ "kind": "site", "name": "Second" })).await.id();
    let device = format!("/v1/devices/{}", phone.phone.id);
    let version = north.admin().get(&device).await.version();
    north.admin().if_match(version).patch(&device, json!({ "site_id": second })).await.assert_status(200);
    assert_eq!(socket.closed().await, 4503);
    let (_socket, welcome) = phone.connect(json!([])).await;
    assert_eq!(welcome["session"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantine_ends_after_its_week_also_for_an_open_socket() {
    let often = std::time::Duration::from_millis(100);
    let floor =
        Floor::with(|app| app.sockets = floorline_server::floor::sync::Sockets::new(10).checking_every(often)).await;
    let mut phone = Handheld::enrolled(&floor, floor.north(), "operator").await;
    let revoke = format!("/v1/devices/{}/revoke", phone.phone.id);
    floor.north().admin().post(&revoke, json!({"reason": "lost"})).await.assert_status(200);
    phone.client = floor.stranger();
    let (mut socket, _) = phone.connect(json!([])).await;
    let later = "UPDATE devices SET revoked_at = revoked_at - interval '8 days' WHERE revoked_at IS NOT NULL";
    crate::harness::execute(floor.database().owner_url(), later).await;
    socket.expect("revoked").await;
    assert_eq!(socket.closed().await, 4403);
}
