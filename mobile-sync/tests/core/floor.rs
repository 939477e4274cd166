//! What the screen shows: predictions over the base, and how they leave.

use std::collections::BTreeMap;

use chrono::DateTime;
use floorline_domain::ids::{EntryKey, StreamId, WorkflowVersionId};
use floorline_domain::item::{Change, Command, Event as ItemEvent, Item, New, Stamp, Status, apply, create, fold};
use floorline_domain::label::Resolved;
use floorline_domain::refusal::Reason;
use floorline_mobile_sync::client::{Act, Event, Notice};
use floorline_mobile_sync::overlay::{ActState, Predicted};
use floorline_mobile_sync::store::Attention;
use floorline_mobile_sync::topic::Topic;
use floorline_mobile_sync::wire::{ClientFrame, Close, Mode, Push, Raw, Reset, ResetReason, ServerFrame};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::phone::{Phone, actor, item, on_item, site};

const VERSION: &str = "018f0000-0000-7000-8000-0000000000f1";

fn workflow() -> Value {
    json!({ "name": "Jacket", "entry": "cut", "stages": [
        { "key": "cut", "name": "Cut", "actions": [{ "key": "scan", "kind": "scan", "required": true }], "next": [{ "to": "sew" }] },
        { "key": "sew", "name": "Sew", "actions": [{ "key": "done", "kind": "note", "required": true }] },
    ] })
}

pub(crate) fn stamp() -> Stamp {
    let entry = EntryKey { stream_id: StreamId(Uuid::nil()), seq: 1 };
    Stamp { by: actor(), at: DateTime::from_timestamp_millis(1_763_600_000_000).unwrap(), entry }
}

pub(crate) fn jacket(n: u128) -> Item {
    let Topic::Site(site_id) = site() else { panic!("a site") };
    let new = New {
        id: item(n),
        code: format!("JKT-{n:04}"),
        order_id: None,
        line_id: None,
        parent_id: None,
        workflow_version_id: VERSION.parse::<WorkflowVersionId>().unwrap(),
        site_id,
        location_id: None,
        priority: Default::default(),
        stage: "cut".to_owned(),
        attributes: BTreeMap::new(),
        components: BTreeMap::new(),
    };
    fold([&create(new, stamp())]).unwrap()
}

fn snapshot(cursor: i64, items: &[&Item]) -> String {
    snapshot_of(&workflow(), cursor, items)
}

fn snapshot_of(workflow: &Value, cursor: i64, items: &[&Item]) -> String {
    let mut lines = vec![json!({ "line": "head", "topic": site(), "epoch": "e", "cursor": cursor })];
    lines.extend(items.iter().map(|item| json!({ "line": "item", "item": item })));
    lines.push(json!({ "line": "workflow_version", "id": VERSION, "workflow": workflow }));
    lines.push(json!({ "line": "end", "count": items.len() + 1 }));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// A phone whose floor is one jacket, at cursor 7.
pub(crate) fn on_the_floor() -> Phone {
    on_a_floor(&workflow(), &jacket(1))
}

/// A phone whose floor is one item of a workflow, at cursor 7.
pub(crate) fn on_a_floor(workflow: &Value, item: &Item) -> Phone {
    let mut phone = Phone::new(1);
    phone.server.mode = Mode::Snapshot;
    phone.server.head = 7;
    phone.online();
    phone.give(Event::Snapshot { topic: site(), text: snapshot_of(workflow, 7, &[item]) });
    phone.server.mode = Mode::Delta;
    phone
}

pub(crate) fn shown(phone: &mut Phone, n: u128) -> Predicted {
    phone.client.floor(&mut phone.store).item(item(n)).unwrap().unwrap()
}

pub(crate) fn advance() -> Act {
    on_item(Command::Advance { to: None })
}

/// The event by which the server tells an item's new state.
fn told(cursor: i64, item: &Item) -> ServerFrame {
    let event = json!({
        "cursor": cursor, "kind": "item.advanced", "subject": { "type": "item", "id": item.id }, "after": item, "data": {},
        "occurred_at": "2026-01-01T00:00:00Z", "recorded_at": "2026-01-01T00:00:00Z",
    });
    let events = vec![Raw::of(&event).unwrap()];
    ServerFrame::Push(Push { topic: site(), epoch: "e".to_owned(), from: cursor - 1, to: cursor, events, head: cursor })
}

#[test]
fn steps_done_offline_are_shown_and_chained() {
    let mut phone = on_the_floor();
    phone.give(Event::Offline);
    let scanned = phone.client.scan(&format!("item:{}", item(1)), phone.now, &mut phone.store).unwrap().unwrap();
    assert_eq!(scanned.resolved, Resolved::Item(item(1)));
    assert_eq!(scanned.action_id.as_deref(), Some("cut.scan"));
    phone.act(advance()).unwrap();
    let screen = shown(&mut phone, 1);
    assert_eq!((screen.item.stage.as_str(), screen.item.status), ("sew", Status::Active));
    assert_eq!(screen.base_version, 1);
    assert!(screen.marks.iter().all(|mark| mark.state == ActState::Saved && mark.conflict.is_none()), "{screen:?}");
    let bases: Vec<_> = phone.client.acts().map(|held| held.entry.as_ref().unwrap().clone()).collect();
    assert_eq!(bases[0].stage.as_deref(), Some("cut"));
    assert_eq!(bases[0].base.unwrap().version, Some(1));
    assert_eq!(bases[0].base.unwrap().seen, Some(7));
    assert_eq!(bases[1].base.unwrap().predecessor, Some(1));
    assert_eq!(bases[1].base.unwrap().version, Some(1), "the version received, not the one predicted");
}

#[test]
fn what_is_confirmed_stays_on_the_screen_until_the_feed_tells_it() {
    let mut phone = on_the_floor();
    phone.act(on_item(Command::Hold { reason: "stain".to_owned() })).unwrap();
    let screen = shown(&mut phone, 1);
    assert_eq!(screen.item.status, Status::OnHold);
    assert_eq!(screen.marks[0].state, ActState::Confirmed);
    phone.crash();
    assert_eq!(shown(&mut phone, 1).item.status, Status::OnHold, "after a restart as well");
    phone.online();
    let mut held = jacket(1);
    let change = Change::Held { reason: "stain".to_owned() };
    held = apply(held, &ItemEvent { change, stamp: stamp() });
    phone.frame(told(8, &held));
    let screen = shown(&mut phone, 1);
    assert_eq!((screen.item.status, screen.base_version), (Status::OnHold, 2));
    assert!(screen.marks.is_empty());
    assert_eq!(phone.client.acts().count(), 0);
}

#[test]
fn what_a_restored_server_confirms_stays_on_the_screen_of_a_phone_whose_feed_is_closed() {
    for closed in [Mode::Denied, Mode::Snapshot] {
        let mut phone = on_the_floor();
        phone.server.rewind(0);
        phone.server.head = 0;
        phone.server.mode = closed;
        phone.close(Close::Other(1006));
        phone.pass(60_000);
        phone.act(on_item(Command::Hold { reason: "stain".to_owned() })).unwrap();
        assert_eq!(phone.client.unsent(), 0);
        assert_eq!(shown(&mut phone, 1).item.status, Status::OnHold);
        phone.crash();
        assert_eq!(shown(&mut phone, 1).item.status, Status::OnHold, "after a restart as well");
    }
}

#[test]
fn what_a_restored_server_books_again_stays_on_the_screen_until_its_feed_tells_it() {
    let mut phone = on_the_floor();
    phone.act(on_item(Command::Hold { reason: "stain".to_owned() })).unwrap();
    let held = apply(jacket(1), &ItemEvent { change: Change::Held { reason: "stain".to_owned() }, stamp: stamp() });
    phone.frame(told(8, &held));
    assert!(shown(&mut phone, 1).marks.is_empty());
    phone.server.rewind(1);
    phone.close(Close::Other(1006));
    phone.pass(60_000);
    assert_eq!(phone.server.log.len(), 1, "booked again, at 8 of another epoch");
    assert_eq!(phone.fetches.len(), 2);
    let text = snapshot(7, &[&jacket(1)]).replace(r#""epoch":"e""#, r#""epoch":"e1""#);
    phone.give(Event::Snapshot { topic: site(), text });
    let screen = shown(&mut phone, 1);
    assert_eq!((screen.item.status, screen.base_version), (Status::OnHold, 1));
    let ServerFrame::Push(push) = told(8, &held) else { panic!("a push") };
    phone.frame(ServerFrame::Push(Push { epoch: "e1".to_owned(), ..push }));
    let screen = shown(&mut phone, 1);
    assert_eq!((screen.item.status, screen.base_version, screen.marks.len()), (Status::OnHold, 2, 0));
}

#[test]
fn what_the_rules_refuse_here_is_marked_and_sent_all_the_same() {
    let mut phone = on_the_floor();
    phone.give(Event::Offline);
    phone.act(advance()).unwrap();
    let screen = shown(&mut phone, 1);
    assert_eq!(screen.item.stage, "cut");
    assert_eq!(screen.marks[0].conflict.as_ref().unwrap().reason, Reason::ActionsMissing);
    phone.online();
    assert_eq!(phone.server.log.len(), 1);
}

#[test]
fn a_refusal_leaves_the_screen_at_once_and_its_card_stays() {
    let mut phone = on_the_floor();
    phone.server.script.insert("item.hold".to_owned(), json!({ "outcome": "rejected", "reason": "ITEM_CLOSED" }));
    let act = phone.act(on_item(Command::Hold { reason: "stain".to_owned() })).unwrap();
    let screen = shown(&mut phone, 1);
    assert_eq!(screen.item.status, Status::NotStarted);
    assert!(screen.marks.is_empty());
    assert!(phone.notices.iter().any(|notice| matches!(notice, Notice::Settled { attention: Attention::Stop, .. })));
    phone.crash();
    assert_eq!(phone.client.held(act).unwrap().state(), ActState::NeedsYou, "it must be confirmed");
    phone.client.looked_at(act, &mut phone.store).unwrap();
    assert_eq!(phone.client.acts().count(), 0);
    phone.act(on_item(Command::AddNote { text: "again".to_owned() })).unwrap();
    let entry = phone.client.acts().last().unwrap().entry.clone().unwrap();
    assert_eq!(entry.base.unwrap().predecessor, None, "what failed is no step to build on");
}

#[test]
fn a_hole_in_the_feed_is_never_guessed_over() {
    let mut phone = on_the_floor();
    let hellos =
        |phone: &Phone| phone.server.frames.iter().filter(|frame| matches!(frame, ClientFrame::Hello(_))).count();
    assert_eq!(hellos(&phone), 1);
    phone.frame(told(9, &jacket(2)));
    phone.pass(60_000);
    assert_eq!(hellos(&phone), 2);
    let ClientFrame::Hello(hello) =
        phone.server.frames.iter().rfind(|frame| matches!(frame, ClientFrame::Hello(_))).unwrap()
    else {
        panic!("a hello")
    };
    assert_eq!(hello.subscriptions.iter().find(|feed| feed.topic == site()).unwrap().cursor, 7);
    assert!(phone.client.floor(&mut phone.store).item(item(2)).unwrap().is_none());
}

#[test]
fn a_reset_replaces_the_floor() {
    let mut phone = on_the_floor();
    let snapshot_path = "/v1/sync/snapshot?topic=x".to_owned();
    phone.frame(ServerFrame::Reset(Reset {
        topic: site(),
        reason: ResetReason::ScopeChanged,
        snapshot: snapshot_path,
    }));
    assert_eq!(phone.fetches.len(), 2);
    phone.frame(told(8, &jacket(3)));
    phone.give(Event::Snapshot { topic: site(), text: snapshot(9, &[&jacket(2)]) });
    let ids: Vec<_> =
        phone.client.floor(&mut phone.store).items().unwrap().into_iter().map(|shown| shown.item.id).collect();
    assert_eq!(ids, [item(2)]);
}

#[test]
fn an_item_loaded_by_itself_never_replaces_a_newer_one() {
    let mut phone = on_the_floor();
    let held = apply(jacket(1), &ItemEvent { change: Change::Held { reason: "x".to_owned() }, stamp: stamp() });
    phone.give(Event::Loaded(Box::new(held)));
    phone.give(Event::Loaded(Box::new(jacket(1))));
    assert_eq!(shown(&mut phone, 1).base_version, 2);
    phone.give(Event::Loaded(Box::new(jacket(5))));
    assert_eq!(shown(&mut phone, 5).item.code, "JKT-0005");
}

#[test]
fn what_is_missing_is_added_without_moving_the_feed() {
    let mut phone = on_the_floor();
    let held = apply(jacket(1), &ItemEvent { change: Change::Held { reason: "x".to_owned() }, stamp: stamp() });
    phone.frame(told(8, &held));
    phone.give(Event::Added { topic: site(), text: snapshot(7, &[&jacket(1), &jacket(2)]) });
    assert_eq!(shown(&mut phone, 1).base_version, 2, "the newer one stays");
    assert_eq!(shown(&mut phone, 2).base_version, 1);
    assert_eq!(phone.client.floor(&mut phone.store).cursor(), Some(8));
}

#[test]
fn a_label_is_understood_from_a_snapshot_and_from_an_event() {
    let mut phone = on_the_floor();
    let draws = std::cell::Cell::new(7_u64);
    let random = || {
        draws.set(draws.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
        draws.get() >> 20
    };
    let code = floorline_domain::label::draw(floorline_domain::label::Kind::Item, random);
    let raw = format!("https://elsewhere.example/Q/{code}");
    let meaning = |phone: &mut Phone| phone.client.floor(&mut phone.store).resolve(&raw).unwrap();
    assert_eq!(meaning(&mut phone), Resolved::Foreign(code.clone()));
    let id = "018f0000-0000-7000-8000-0000000000c1";
    let line =
        json!({ "line": "label", "id": id, "code": code, "target": "item", "target_id": item(1), "status": "active" });
    let head = json!({ "line": "head", "topic": site(), "epoch": "e", "cursor": 7 });
    let text = format!("{head}\n{line}\n{}\n", json!({ "line": "end", "count": 1 }));
    phone.give(Event::Added { topic: site(), text });
    assert_eq!(meaning(&mut phone), Resolved::Item(item(1)));
    let after = json!({ "id": id, "code": code, "status": "active", "target": { "type": "item", "id": item(2) } });
    let event = json!({
        "cursor": 8, "kind": "label.claimed", "subject": { "type": "label", "id": id }, "after": after, "data": {},
        "occurred_at": "2026-01-01T00:00:00Z", "recorded_at": "2026-01-01T00:00:00Z",
    });
    let events = vec![Raw::of(&event).unwrap()];
    phone.frame(ServerFrame::Push(Push { topic: site(), epoch: "e".to_owned(), from: 7, to: 8, events, head: 8 }));
    assert_eq!(meaning(&mut phone), Resolved::Item(item(2)));
}

#[test]
fn another_makers_code_is_understood_from_a_snapshot_and_from_an_event_and_an_item_by_its_number() {
    let mut phone = on_the_floor();
    let text = "(01)09506000134352(21)A1";
    let meaning = |phone: &mut Phone, raw: &str| phone.client.floor(&mut phone.store).resolve(raw).unwrap();
    assert_eq!(meaning(&mut phone, "JKT-0001"), Resolved::Item(item(1)));
    assert_eq!(meaning(&mut phone, text), Resolved::Text(text.to_owned()));
    let id = "018f0000-0000-7000-8000-0000000000c1";
    let line = json!({ "line": "item_code", "id": id, "raw": text, "item_id": item(1), "version": 1 });
    let head = json!({ "line": "head", "topic": site(), "epoch": "e", "cursor": 7 });
    let added = format!("{head}\n{line}\n{}\n", json!({ "line": "end", "count": 1 }));
    phone.give(Event::Added { topic: site(), text: added });
    assert_eq!(meaning(&mut phone, "https://brand.example/01/09506000134352/21/A1"), Resolved::Item(item(1)));
    let removed = json!({
        "cursor": 8, "kind": "item_code.removed", "subject": { "type": "item_code", "id": id },
        "after": { "id": id, "raw": text, "item_id": null, "version": 2 }, "data": {},
        "occurred_at": "2026-01-01T00:00:00Z", "recorded_at": "2026-01-01T00:00:00Z",
    });
    let events = vec![Raw::of(&removed).unwrap()];
    phone.frame(ServerFrame::Push(Push { topic: site(), epoch: "e".to_owned(), from: 7, to: 8, events, head: 8 }));
    assert_eq!(meaning(&mut phone, text), Resolved::Text(text.to_owned()));
}

#[test]
fn who_came_after_the_snapshot_is_known_by_name_from_what_they_do() {
    let mut phone = on_the_floor();
    let name = |phone: &mut Phone| {
        let rows = phone.client.floor(&mut phone.store).rows("user").unwrap();
        rows.iter().map(|row| serde_json::from_str::<Value>(&row.body).unwrap()["name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(name(&mut phone), Vec::<Value>::new());
    let held = json!({
        "cursor": 8, "kind": "item.held", "subject": { "type": "item", "id": item(1) }, "after": null, "data": {},
        "actor": { "id": "018f0000-0000-7000-8000-0000000000e9", "name": "Kim Tran" },
        "occurred_at": "2026-01-01T00:00:00Z", "recorded_at": "2026-01-01T00:00:00Z",
    });
    let events = vec![Raw::of(&held).unwrap()];
    phone.frame(ServerFrame::Push(Push { topic: site(), epoch: "e".to_owned(), from: 7, to: 8, events, head: 8 }));
    assert_eq!(name(&mut phone), ["Kim Tran"]);
}
