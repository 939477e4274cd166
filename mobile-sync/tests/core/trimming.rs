//! A phone that follows its site for months keeps what is worked on, not all that ever was.

use floorline_domain::item::{Change, Command, Event as ItemEvent, Item, apply};
use floorline_mobile_sync::client::Event;
use floorline_mobile_sync::wire::{Close, Pong, ServerFrame};
use serde_json::json;

use crate::floor::{jacket, on_the_floor, stamp};
use crate::phone::{Phone, item, on_item, site};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn scrapped(n: u128) -> Item {
    apply(jacket(n), &ItemEvent { change: Change::Scrapped { reason: "torn".to_owned() }, stamp: stamp() })
}

/// Two that ended, one that did not, a label and a code of one that ended, two shifts.
fn a_busy_floor() -> Phone {
    let mut phone = on_the_floor();
    let user = "018f0000-0000-7000-8000-0000000000ee";
    let rows = [
        json!({ "line": "item", "item": scrapped(2) }),
        json!({ "line": "item", "item": scrapped(3) }),
        json!({ "line": "label", "id": item(20), "code": "MABC", "target": "item", "target_id": item(2), "status": "active" }),
        json!({ "line": "item_code", "id": item(21), "raw": "4006381333931", "item_id": item(2), "version": 1 }),
        json!({ "line": "shift", "id": item(22), "version": 2, "user_id": user, "ended_at": "2025-11-20T06:00:00Z" }),
        json!({ "line": "shift", "id": item(23), "version": 1, "user_id": user, "ended_at": null }),
    ];
    let head = json!({ "line": "head", "topic": site(), "epoch": "e", "cursor": 7 });
    let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
    let text = format!("{head}\n{lines}{}\n", json!({ "line": "end", "count": rows.len() }));
    phone.give(Event::Added { topic: site(), text });
    assert_eq!(left(&mut phone), (3, 1, 1, 2));
    phone
}

/// Items, labels, codes and shifts.
fn left(phone: &mut Phone) -> (usize, usize, usize, usize) {
    let mut floor = phone.client.floor(&mut phone.store);
    let mut count = |kind| floor.rows(kind).unwrap().len();
    (count("item"), count("label"), count("item_code"), count("shift"))
}

fn days_later(phone: &mut Phone, days: i64) {
    phone.now.time += days * DAY_MS;
    phone.now.monotonic += days * DAY_MS;
    phone.close(Close::Other(1006));
    phone.pass(60_000);
    assert!(phone.is_connected());
}

#[test]
fn what_ended_days_ago_is_let_go_with_all_that_names_it() {
    let mut phone = a_busy_floor();
    days_later(&mut phone, 1);
    assert_eq!(left(&mut phone), (3, 1, 1, 2), "yesterday's are still looked at");
    days_later(&mut phone, 2);
    assert_eq!(left(&mut phone), (1, 0, 0, 1));
    let mut floor = phone.client.floor(&mut phone.store);
    assert!(floor.item(item(1)).unwrap().is_some() && floor.item(item(2)).unwrap().is_none());
}

#[test]
fn a_connection_that_never_breaks_lets_go_as_well() {
    let mut phone = a_busy_floor();
    phone.now.time += 3 * DAY_MS;
    phone.now.monotonic += 3 * DAY_MS;
    let server_time = Some(phone.now.time);
    phone.frame(ServerFrame::Pong(Pong { n: 1, server_time }));
    assert!(phone.is_connected());
    assert_eq!(left(&mut phone), (1, 0, 0, 1));
}

#[test]
fn what_an_unsent_act_is_on_stays() {
    let mut phone = a_busy_floor();
    phone.give(Event::Offline);
    let note = floorline_mobile_sync::client::Act {
        item_id: Some(item(2)),
        ..on_item(Command::AddNote { text: "found its sleeve".to_owned() })
    };
    phone.act(note).unwrap();
    phone.now.time += 3 * DAY_MS;
    phone.now.monotonic += 3 * DAY_MS;
    phone.online();
    phone.pass(60_000);
    assert_eq!(left(&mut phone).0, 2, "the one with the act, and the open one");
}
