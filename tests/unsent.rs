//! What is taken off a phone that cannot send it itself, handed in by somebody else.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use floorline_domain::StreamId;
use floorline_mobile_sync::chain::{self, sha256};
use floorline_server::floor::engine::DeviceSubmit;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::line::Pen;
use crate::harness::socket::{Handheld, Socket, ends, remark};
use crate::harness::upload::{jpeg, upload};
use crate::harness::{Answer, Floor, count, execute};

const APPLIED: &str = "SELECT count(*) AS n FROM sync_receipts WHERE outcome = 'applied'";

/// The lines of an export, its head first.
struct Export {
    device: String,
    lines: Vec<String>,
}

impl Export {
    fn of(phone: &Handheld<'_>) -> Self {
        let device = phone.phone.id.clone();
        let head = json!({ "kind": "floorline.unsent", "version": 1, "device_id": device, "exported_time": 0 });
        Self { device, lines: vec![head.to_string()] }
    }

    fn entries(mut self, submit: &DeviceSubmit) -> Self {
        for (seq, (entry, hash)) in (submit.first_seq..).zip(submit.entries.iter().zip(&submit.hashes)) {
            let (stream, entry) = (submit.stream_id, entry.text());
            let line =
                format!(r#"{{"line":"entry","stream_id":"{stream}","seq":{seq},"hash":"{hash}","entry":{entry}}}"#);
            self.lines.push(line);
        }
        self
    }

    fn line(mut self, line: &Value) -> Self {
        self.lines.push(line.to_string());
        self
    }

    fn photo(self, bytes: &[u8]) -> Self {
        let (hash, encoded) = (sha256(bytes).to_string(), URL_SAFE_NO_PAD.encode(bytes));
        let size = bytes.len();
        self.line(&json!({ "line": "file", "sha256": hash, "mime": "image/jpeg", "size": size, "base64url": encoded }))
    }

    async fn hand_in(&self, floor: &Floor) -> Answer {
        let path = format!("/v1/devices/{}/unsent", self.device);
        let body = self.lines.join("\n").into_bytes();
        floor.as_("supervisor").send_bytes("POST", &path, "application/x-ndjson", body).await
    }
}

/// A phone that has its lease, as any has that was connected once; every entry names it.
async fn phone_with_lease(floor: &Floor) -> (Handheld<'_>, Value) {
    let phone = Handheld::enrolled(floor, floor.north(), "operator").await;
    let hello = phone.hello(json!([])).await;
    let mut socket = Socket::open(floor).await;
    socket.send(&hello).await;
    socket.expect("welcome").await;
    let lease = socket.lease().await;
    socket.close().await;
    (phone, lease)
}

fn under(lease: &Value, mut entry: Value) -> Value {
    entry["lease_id"] = lease["lease_id"].clone();
    entry
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_phone_held_counts_as_its_workers_and_once() {
    let floor = Floor::new().await;
    let (mut phone, lease) = phone_with_lease(&floor).await;
    let written = phone.pen.write((0..150).map(|n| under(&lease, remark(n))));
    let export = Export::of(&phone).entries(&written);

    let answer = export.hand_in(&floor).await.ok();
    assert_eq!((&answer["entries"], &answer["applied"], &answer["known"]), (&json!(150), &json!(150), &json!(0)));
    let answer = export.hand_in(&floor).await.ok();
    assert_eq!((&answer["entries"], &answer["applied"], &answer["known"]), (&json!(150), &json!(150), &json!(150)));
    assert_eq!(count(floor.database().owner_url(), APPLIED).await, 150);

    let of_the_worker = format!("{APPLIED} AND actor_id = '{}'", phone.pen.user);
    assert_eq!(count(floor.database().owner_url(), &of_the_worker).await, 150);
    let audit = floor.north().admin().get("/v1/audit?kind=device.unsent_handed_in").await;
    assert_eq!(audit.rows().len(), 2);
    assert_eq!(audit.rows()[0]["detail"]["handed_in"]["entries"], 150);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_comes_back_hears_what_became_of_it_and_goes_on() {
    let floor = Floor::new().await;
    let (mut phone, lease) = phone_with_lease(&floor).await;
    let written = phone.pen.write([under(&lease, remark(1)), under(&lease, remark(2))]);
    Export::of(&phone).entries(&written).hand_in(&floor).await.ok();

    let (mut socket, welcome) = phone.connect(json!([])).await;
    assert_eq!(welcome["last_seq"], 2);
    assert_eq!(welcome["results"].as_array().unwrap().len(), 2);
    let session = welcome["session"].as_i64().unwrap();
    assert_eq!(ends(&phone.send(&mut socket, session, [remark(3)]).await), ["applied"]);
    assert_eq!(count(floor.database().owner_url(), APPLIED).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_never_reached_the_server_is_taken_too() {
    let floor = Floor::new().await;
    let (mut phone, lease) = phone_with_lease(&floor).await;
    phone.pen = anew(&Pen { stream: StreamId(Uuid::new_v4()), ..phone.pen });
    let written = phone.pen.write([under(&lease, remark(1))]);

    let answer = Export::of(&phone).entries(&written).hand_in(&floor).await.ok();
    assert_eq!(answer["applied"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_lease_makes_it_the_workers_own() {
    let floor = Floor::new().await;
    let (mut phone, lease) = phone_with_lease(&floor).await;
    let written = phone.pen.write([remark(1), under(&lease, remark(2))]);
    execute(floor.database().owner_url(), "DELETE FROM leases").await;

    let answer = Export::of(&phone).entries(&written).hand_in(&floor).await.ok();
    assert_eq!((&answer["applied"], &answer["parked"]), (&json!(0), &json!(2)));
    let written = phone.pen.write([under(&lease, remark(3))]);
    let with_lease = Export::of(&phone).line(&lease_line(&lease)).entries(&written);
    assert_eq!(with_lease.hand_in(&floor).await.ok()["applied"], 1);
}

/// The stream from its beginning: another future of it.
fn anew(pen: &Pen) -> Pen {
    Pen { seq: 0, hash: chain::start(pen.stream), ..*pen }
}

fn lease_line(lease: &Value) -> Value {
    json!({ "line": "lease", "lease_id": lease["lease_id"], "lease": lease["lease"] })
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_revoked_phone_is_applied() {
    let floor = Floor::new().await;
    let (mut phone, lease) = phone_with_lease(&floor).await;
    let written = phone.pen.write([under(&lease, remark(1))]);
    let path = format!("/v1/devices/{}/revoke", phone.phone.id);
    floor.north().admin().post(&path, json!({ "reason": "lost" })).await.assert_status(200);

    let answer = Export::of(&phone).entries(&written).hand_in(&floor).await.ok();
    assert_eq!((&answer["applied"], &answer["parked"]), (&json!(0), &json!(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_line_is_named_and_what_stands_before_it_is_taken() {
    let floor = Floor::new().await;
    let (mut phone, lease) = phone_with_lease(&floor).await;
    let written = phone.pen.write((0..3).map(|n| under(&lease, remark(n))));
    let whole = Export::of(&phone).entries(&written);
    let mut damaged = Export { device: whole.device.clone(), lines: whole.lines.clone() };
    damaged.lines[3] = damaged.lines[3].replace("device_time", "device_tame");

    let answer = damaged.hand_in(&floor).await;
    answer.assert_status(400).assert_problem("BAD_REQUEST");
    assert!(answer.text("detail").starts_with("Line 4:"), "{answer}");
    assert_eq!(count(floor.database().owner_url(), APPLIED).await, 2);
    let answer = whole.hand_in(&floor).await.ok();
    assert_eq!((&answer["known"], &answer["applied"]), (&json!(2), &json!(3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_is_not_what_the_stream_goes_on_with_leaves_the_stream_to_the_phone() {
    let floor = Floor::new().await;
    let (mut phone, lease) = phone_with_lease(&floor).await;
    let (mut socket, welcome) = phone.connect(json!([])).await;
    let session = welcome["session"].as_i64().unwrap();
    phone.send(&mut socket, session, [under(&lease, remark(1)), under(&lease, remark(2))]).await;

    for many in [1, 2, 3] {
        let other = anew(&phone.pen).write((0..many).map(|n| under(&lease, remark(70 + n))));
        Export::of(&phone).entries(&other).hand_in(&floor).await.assert_status(409).assert_problem("STATE_CONFLICT");
    }
    phone.pen.seq += 4;
    let later = phone.pen.write([under(&lease, remark(7))]);
    let answer = Export::of(&phone).entries(&later).hand_in(&floor).await;
    answer.assert_status(409).assert_problem("STATE_CONFLICT");
    assert_eq!(answer.json["context"]["expect_seq"], 3);
    assert_eq!(
        count(floor.database().owner_url(), "SELECT count(*) AS n FROM sync_streams WHERE state = 'sealed'").await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_of_another_phone_is_not_taken() {
    let floor = Floor::new().await;
    let (mut phone, lease) = phone_with_lease(&floor).await;
    let (other, _) = phone_with_lease(&floor).await;
    let written = phone.pen.write([under(&lease, remark(1))]);
    let export = Export::of(&phone).entries(&written);
    let under_another = Export { device: other.phone.id.clone(), lines: export.lines.clone() };
    under_another.hand_in(&floor).await.assert_status(409).assert_problem("STATE_CONFLICT");

    let head = export.lines[0].replace(&phone.phone.id, &other.phone.id);
    let renamed = Export { device: other.phone.id.clone(), lines: vec![head, export.lines[1].clone()] };
    renamed.hand_in(&floor).await.assert_status(409).assert_problem("STATE_CONFLICT");
    let waiting = floor.north().claimed_phone().await;
    let head = export.lines[0].replace(&phone.phone.id, &waiting.id);
    let early = Export { device: waiting.id, lines: vec![head, export.lines[1].clone()] };
    early.hand_in(&floor).await.assert_status(403).assert_problem("DEVICE_PENDING");
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_come_with_it_once() {
    let floor = Floor::new().await;
    let (mut phone, lease) = phone_with_lease(&floor).await;
    let written = phone.pen.write([under(&lease, remark(1))]);
    upload(&floor.as_("operator"), &jpeg(2)).await;
    let export =
        Export::of(&phone).entries(&written).photo(&jpeg(1)).photo(&jpeg(2)).photo(b"no picture").photo(&jpeg(3));

    let answer = export.hand_in(&floor).await.ok();
    assert_eq!((&answer["photos"], &answer["photos_known"], &answer["applied"]), (&json!(2), &json!(1), &json!(1)));
    assert_eq!(answer["photos_refused"][0]["sha256"], sha256(b"no picture").to_string());
    assert_eq!(export.hand_in(&floor).await.ok()["photos_known"], 3);

    let settings = json!({ "settings": { "photo_bytes": 50_000 } });
    let (admin, organization) = (floor.north().admin(), format!("/v1/organizations/{}", floor.north().id()));
    let version = admin.get(&organization).await.version();
    admin.if_match(version).patch(&organization, settings).await.assert_status(200);
    let answer = Export::of(&phone).photo(&[1; 100_000]).photo(&jpeg(1)).hand_in(&floor).await.ok();
    assert_eq!((answer["photos_refused"].as_array().unwrap().len(), &answer["photos_known"]), (1, &json!(1)));

    let renamed = Export::of(&phone).photo(&jpeg(4));
    let line = renamed.lines[1].replace(&sha256(&jpeg(4)).to_string(), &sha256(&jpeg(5)).to_string());
    let damaged = Export { device: renamed.device, lines: vec![renamed.lines[0].clone(), line] };
    damaged.hand_in(&floor).await.assert_status(400).assert_problem("BAD_REQUEST");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_told_by_its_line() {
    let floor = Floor::new().await;
    let (phone, _) = phone_with_lease(&floor).await;
    let head = Export::of(&phone).lines.remove(0);
    let cases: [(&[&str], u16, &str); 8] = [
        (&[], 400, "Line 0:"),
        (&["work"], 400, "Line 1:"),
        (&[&head.replace("\"version\":1", "\"version\":2")], 400, "Line 1:"),
        (&[&head, "", "{"], 400, "Line 3:"),
        (&[&head, r#"{"line":"entry"}"#], 400, "Line 2:"),
        (&[&head, r#"{"line":"file","sha256":"x","mime":"image/jpeg","base64url":"*"}"#], 400, "Line 2:"),
        (&[&head, r#"{"line":"of a newer app"}"#], 200, ""),
        (&[&head, &"x".repeat(70 << 20)], 413, "Line 2 "),
    ];
    for (lines, status, told) in cases {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        let answer = Export { device: phone.phone.id.clone(), lines }.hand_in(&floor).await;
        assert_eq!(answer.status, status, "{answer}");
        assert!(answer.json["detail"].as_str().unwrap_or_default().starts_with(told), "{answer}");
    }
}
