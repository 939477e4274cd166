//! Recorded bytes: what another build of the protocol, in a browser say, must read and write exactly the same.
//!
//! `FLOORLINE_RECORD=1` writes the files anew; a change of them is a change of the wire and shows in review.

use floorline_domain::action::Blob as Evidence;
use floorline_domain::ids::{EntryKey, LeaseId, LocationId, StreamId, TeamId};
use floorline_domain::item::Command;
use floorline_mobile_sync::chain::{self, sha256};
use floorline_mobile_sync::client::Event;
use floorline_mobile_sync::entry::{Base, Blob, Clock, Entry, Origin};
use floorline_mobile_sync::op::{OPERATIONS, Operation, read_entry};
use floorline_mobile_sync::wire::{ClientFrame, Raw, ServerFrame};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::connection::note;
use crate::phone::{Phone, actor, item};

const STREAM: &str = "b1c00000-0000-4000-8000-000000000001";

/// The file's content; `made` is written to it first when recording.
fn fixture(name: &str, made: &Value) -> Value {
    let path = format!("{}/../fixtures/protocol/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("FLOORLINE_RECORD").is_some() {
        std::fs::write(&path, format!("{}\n", serde_json::to_string_pretty(made).unwrap())).unwrap();
    }
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn location() -> LocationId {
    "018f0000-0000-7000-8000-00000000000b".parse().unwrap()
}

fn because(reason: &str) -> String {
    reason.to_owned()
}

fn operations() -> Vec<Operation> {
    let evidence = Evidence {
        sha256: sha256(b"photo").to_string(),
        size: 5,
        mime: "image/jpeg".to_owned(),
        role: Some("front".to_owned()),
    };
    let team: TeamId = "018f0000-0000-7000-8000-0000000000d1".parse().unwrap();
    let data = json!({ "readings": [{ "name": "length", "value": 41.2, "unit": "mm" }, { "name": "width", "value": 1e2, "unit": "mm" }] });
    let of = EntryKey { stream_id: STREAM.parse().unwrap(), seq: 2 };
    let on_item = [
        Command::CompleteAction { action_id: "weld.seam".to_owned(), data, evidence: vec![evidence] },
        Command::SkipAction { action_id: "weld.note".to_owned(), reason: because("nothing to say") },
        Command::Advance { to: None },
        Command::Advance { to: Some("inspect".to_owned()) },
        Command::Pause,
        Command::Resume,
        Command::Flag { reason: because("scratch, 2 cm \u{2014} \"left\" side\n\u{1f44d}") },
        Command::Scrap { reason: because("broken") },
        Command::Hold { reason: because("wait") },
        Command::Release { reason: None },
        Command::Rework { to: "sew".to_owned(), reason: because("seam") },
        Command::Assign { user_id: actor() },
        Command::Claim,
        Command::Move { location_id: location(), site_id: None },
        Command::Assemble { component_ids: vec![item(7), item(8)] },
        Command::Undo { of: Some(of) },
        Command::AddNote { text: "\u{e9}\u{4e2d}".to_owned() },
    ];
    let others = [
        Operation::ScanRecord { raw: "HTTP://X/Q/ABC".to_owned() },
        Operation::LabelClaim { code: "MABC".to_owned(), replace: false },
        Operation::ShiftStart { site_id: location(), location_id: Some(location()), team_id: Some(team) },
        Operation::ShiftEnd,
    ];
    on_item.into_iter().map(Operation::Item).chain(others).collect()
}

fn entry(seq: i64, op: Operation) -> Entry {
    let on_item = matches!(op, Operation::Item(_) | Operation::LabelClaim { .. });
    let blobs = match &op {
        Operation::Item(Command::CompleteAction { .. }) => {
            vec![Blob {
                sha256: sha256(b"photo"),
                size: 5,
                mime: "image/jpeg".to_owned(),
                role: Some("front".to_owned()),
            }]
        }
        _ => Vec::new(),
    };
    Entry {
        seq,
        schema: 7,
        op,
        item_id: on_item.then(|| item(1)),
        stage: on_item.then(|| "weld".to_owned()),
        base: Some(Base { version: Some(17), predecessor: (seq > 1).then(|| seq - 1), seen: Some(88120) }),
        actor: actor(),
        lease_id: (seq % 2 == 0).then(|| LeaseId(Uuid::from_u128(9))),
        clock: Some(Clock { device_time: 1_763_600_000_000 + seq, monotonic: 8_000 + seq, boot_id: "b3".to_owned() }),
        blobs,
        origin: (seq == 3).then(|| Origin {
            stream_id: StreamId(Uuid::from_u128(5)),
            seq: 12,
            hash: sha256(b"origin"),
        }),
    }
}

#[test]
fn every_operation_reads_and_writes_the_recorded_bytes() {
    let stream: StreamId = STREAM.parse().unwrap();
    let mut hash = chain::start(stream);
    let entries = operations().into_iter().zip(1..).map(|(op, seq)| {
        let bytes = Raw::of(&entry(seq, op)).unwrap();
        hash = chain::next(&hash, bytes.bytes());
        json!({ "entry": bytes.text(), "hash": hash })
    });
    let made = json!({ "stream_id": stream, "start": chain::start(stream), "entries": entries.collect::<Vec<_>>() });
    let recorded = fixture("entries.json", &made);
    assert_eq!(recorded, made, "written the same");
    let mut hash = chain::start(recorded["stream_id"].as_str().unwrap().parse().unwrap());
    let mut named = Vec::new();
    for (line, seq) in recorded["entries"].as_array().unwrap().iter().zip(1..) {
        let text = line["entry"].as_str().unwrap();
        hash = chain::next(&hash, text.as_bytes());
        assert_eq!(json!(hash), line["hash"]);
        let read = read_entry(text.as_bytes(), seq).unwrap();
        assert_eq!(Raw::of(&read).unwrap().text(), text, "read and written again");
        named.push(read.op.named().op);
    }
    assert!(OPERATIONS.iter().all(|op| named.contains(op)), "all of {OPERATIONS:?}");
}

#[test]
fn what_no_server_reads_is_refused_with_the_recorded_reason() {
    let sound =
        Raw::of(&entry(1, Operation::Item(Command::AddNote { text: "x".to_owned() }))).unwrap().text().to_owned();
    let changed = |from: &str, to: &str| sound.replace(from, to);
    let texts = [
        "".to_owned(),
        "[]".to_owned(),
        "{\"seq\":1".to_owned(),
        changed("\"text\":\"x\"", "\"text\":\"\\u0000\""),
        changed("\"text\":\"x\"", "\"text\":\"\\udc00\""),
        changed("\"text\":\"x\"", "\"text\":\"x\",\"te\\u0078t\":\"y\""),
        changed("\"text\":\"x\"", "\"text\":\"x\",\"n\":9007199254740992"),
        changed("\"text\":\"x\"", "\"text\":\"x\",\"n\":1e400"),
        changed("\"text\":\"x\"", &format!("\"text\":\"x\",\"n\":{}{}", "[".repeat(31), "]".repeat(31))),
        changed("\"seq\":1,", "\"seq\":2,"),
        changed("\"schema\":7", "\"schema\":6"),
        changed("\"op\":\"note.add\"", "\"op\":\"order.accept\""),
        changed("\"data\":{\"text\":\"x\"}", "\"data\":{}"),
        changed("\"data\":{\"text\":\"x\"}", "\"data\":null"),
        changed("\"boot_id\":\"b3\",", ""),
    ];
    let made = texts.iter().map(|text| {
        let unreadable = read_entry(text.as_bytes(), 1).unwrap_err();
        json!({ "entry": text, "reason": unreadable.reason, "field": unreadable.field })
    });
    let made = Value::from(made.collect::<Vec<_>>());
    assert_eq!(fixture("unreadable.json", &made), made);
}

#[test]
fn a_whole_conversation_is_the_recorded_one() {
    let mut phone = Phone::new(42);
    for n in 1..=6 {
        phone.act(note(n)).unwrap();
        phone.act(note(n)).unwrap();
    }
    phone.server.script.insert("item.flag".to_owned(), json!({ "outcome": "rejected", "reason": "ITEM_CLOSED" }));
    phone.server.jitter_ms = 20_000;
    phone.online();
    phone.server.busy = 1;
    phone.act(crate::phone::on_item(Command::Flag { reason: because("late") })).unwrap();
    phone.pass(3_000);
    phone.server.streams.values_mut().for_each(|stream| stream.sealed = true);
    phone.lose_answers = 1;
    phone.act(note(7)).unwrap();
    phone.pass(60_000);
    phone.give(Event::Offline);
    let made: Vec<Value> = phone.recorded.iter().map(|(side, text)| json!({ *side: text })).collect();
    let recorded = fixture("conversation.json", &Value::from(made.clone()));
    assert_eq!(recorded, Value::from(made));
    for line in recorded.as_array().unwrap() {
        match (line["client"].as_str(), line["server"].as_str()) {
            (Some(text), None) => assert_eq!(ClientFrame::parse(text).unwrap().text().unwrap(), text),
            (None, Some(text)) => assert_eq!(ServerFrame::parse(text).unwrap().text().unwrap(), text),
            _ => panic!("one side speaks"),
        }
    }
}
