//! Behind a hard gate the screen shows a step only when its photos have arrived, as far as the device can know.

use floorline_domain::item::{Change, Command, Event as ItemEvent, Item, apply};
use floorline_domain::refusal::Reason;
use floorline_mobile_sync::chain::sha256;
use floorline_mobile_sync::client::{Act, Event, Notice};
use floorline_mobile_sync::entry::Blob;
use floorline_mobile_sync::overlay::ActState;
use floorline_mobile_sync::store::Store;
use floorline_mobile_sync::wire::Close;
use serde_json::{Value, json};

use crate::floor::{advance, jacket, on_a_floor, shown, stamp};
use crate::phone::{Phone, on_item};

fn workflow() -> Value {
    let photo = json!({ "key": "photo", "kind": "photo", "required": true });
    json!({ "name": "Jacket", "entry": "cut", "stages": [
        { "key": "cut", "name": "Cut", "hard_gate": true, "actions": [photo], "next": [{ "to": "sew" }] },
        { "key": "sew", "name": "Sew", "actions": [] },
    ] })
}

fn photo() -> Blob {
    Blob { sha256: sha256(b"seam"), size: 4, mime: "image/jpeg".to_owned(), role: None }
}

fn taken() -> Act {
    let data = json!({ "photos": [{ "sha256": photo().sha256 }] });
    let command = Command::CompleteAction { action_id: "cut.photo".to_owned(), data, evidence: Vec::new() };
    Act { blobs: vec![photo()], ..on_item(command) }
}

/// The jacket as another phone left it: its photo is taken, and this device has never seen the file.
fn photographed() -> Item {
    let change = Change::ActionCompleted {
        action_id: "cut.photo".to_owned(),
        passed: true,
        content: json!({ "photos": [{ "sha256": photo().sha256 }] }),
        evidence: vec![photo().sha256.to_string()],
    };
    apply(jacket(1), &ItemEvent { change, stamp: stamp() })
}

fn stage(phone: &mut Phone) -> String {
    shown(phone, 1).item.stage
}

/// What is said against the latest act.
fn conflict(phone: &mut Phone) -> Option<Reason> {
    shown(phone, 1).marks.last().unwrap().conflict.as_ref().map(|refusal| refusal.reason)
}

#[test]
fn a_photo_of_this_device_counts_when_its_upload_has_ended() {
    let mut phone = on_a_floor(&workflow(), &jacket(1));
    phone.give(Event::Offline);
    phone.store.keep_file(&photo()).unwrap();
    phone.act(taken()).unwrap();
    phone.act(advance()).unwrap();
    assert_eq!(shown(&mut phone, 1).marks[0].conflict, None, "taking it is no conflict");
    assert_eq!((stage(&mut phone).as_str(), conflict(&mut phone)), ("cut", Some(Reason::ActionsMissing)));
    phone.give(Event::Uploaded { sha256: photo().sha256 });
    assert!(phone.notices.contains(&Notice::Uploaded { sha256: photo().sha256 }));
    assert_eq!((stage(&mut phone).as_str(), conflict(&mut phone)), ("sew", None));
    phone.crash();
    assert_eq!(stage(&mut phone), "sew", "it is kept that the file has arrived");
}

#[test]
fn a_photo_that_nobody_has_told_of_and_nobody_keeps_does_not_count() {
    let mut phone = on_a_floor(&workflow(), &jacket(1));
    phone.give(Event::Offline);
    phone.act(taken()).unwrap();
    phone.act(advance()).unwrap();
    assert_eq!((stage(&mut phone).as_str(), conflict(&mut phone)), ("cut", Some(Reason::ActionsMissing)));
}

#[test]
fn a_photo_that_the_server_tells_of_counts_unless_it_still_waits_here() {
    let mut phone = on_a_floor(&workflow(), &photographed());
    phone.give(Event::Offline);
    phone.act(advance()).unwrap();
    assert_eq!((stage(&mut phone).as_str(), conflict(&mut phone)), ("sew", None));
    phone.store.keep_file(&photo()).unwrap();
    assert_eq!((stage(&mut phone).as_str(), conflict(&mut phone)), ("cut", Some(Reason::ActionsMissing)));
}

#[test]
fn after_a_restore_a_photo_waits_again_while_its_bytes_are_here_and_else_it_counts_as_the_server_tells() {
    let mut phone = on_a_floor(&workflow(), &photographed());
    phone.store.keep_file(&photo()).unwrap();
    phone.give(Event::Uploaded { sha256: photo().sha256 });
    let waits = |phone: &mut Phone| phone.store.uploaded(&photo().sha256).unwrap().map(|uploaded| !uploaded);
    assert_eq!(waits(&mut phone), Some(false));
    phone.give(Event::FileGone { sha256: photo().sha256 });
    assert_eq!(waits(&mut phone), Some(false), "what the server has need not be here");
    phone.server.rewind(0);
    phone.close(Close::Other(1006));
    phone.pass(60_000);
    assert_eq!(waits(&mut phone), Some(true));
    phone.give(Event::Offline);
    phone.act(advance()).unwrap();
    assert_eq!((stage(&mut phone).as_str(), conflict(&mut phone)), ("cut", Some(Reason::ActionsMissing)));
    phone.give(Event::FileGone { sha256: photo().sha256 });
    assert_eq!((stage(&mut phone).as_str(), conflict(&mut phone)), ("sew", None));
    phone.crash();
    assert_eq!(waits(&mut phone), None, "it is kept that nothing is known of it");
}

#[test]
fn what_the_server_has_booked_is_not_doubted_for_a_photo() {
    let mut phone = on_a_floor(&workflow(), &jacket(1));
    phone.store.keep_file(&photo()).unwrap();
    phone.act(taken()).unwrap();
    phone.act(advance()).unwrap();
    let mark = shown(&mut phone, 1).marks.pop().unwrap();
    assert_eq!((mark.state, mark.conflict), (ActState::Confirmed, None));
    assert_eq!(stage(&mut phone), "sew");
}

#[test]
fn without_a_hard_gate_no_photo_is_waited_for() {
    let mut open = workflow();
    open["stages"][0]["hard_gate"] = json!(false);
    let mut phone = on_a_floor(&open, &jacket(1));
    phone.give(Event::Offline);
    phone.store.keep_file(&photo()).unwrap();
    phone.act(taken()).unwrap();
    phone.act(advance()).unwrap();
    assert_eq!((stage(&mut phone).as_str(), conflict(&mut phone)), ("sew", None));
}
