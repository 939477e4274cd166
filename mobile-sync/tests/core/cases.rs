//! Work that waited for somebody, and what they decided of it.

use floorline_domain::item::Command;
use floorline_mobile_sync::client::{Act, Event};
use floorline_mobile_sync::overlay::ActState;
use floorline_mobile_sync::store::ActId;
use floorline_mobile_sync::topic::Topic;
use floorline_mobile_sync::wire::{Push, Raw, ServerFrame};
use serde_json::{Value, json};

use crate::floor::on_the_floor;
use crate::phone::{Phone, actor, on_item};

const CASE: &str = "018f0000-0000-7000-8000-0000000000c5";

fn own() -> Topic {
    Topic::User(actor())
}

fn note() -> Act {
    on_item(Command::AddNote { text: "a loose thread".to_owned() })
}

/// A phone whose two notes wait in one case, and whose person has seen the cards of both.
fn with_a_case() -> (Phone, [ActId; 2]) {
    let mut phone = on_the_floor();
    phone.give(Event::Snapshot { topic: own(), text: snapshot(0, &[]) });
    let parked = json!({ "outcome": "parked", "reason": "NOT_PERMITTED", "case_id": CASE });
    phone.server.script.insert("note.add".to_owned(), parked);
    let acts = [phone.act(note()).unwrap(), phone.act(note()).unwrap()];
    phone.pass(1_000);
    assert_eq!(cards(&phone), acts);
    for act in acts {
        phone.client.looked_at(act, &mut phone.store).unwrap();
    }
    assert_eq!(cards(&phone), []);
    (phone, acts)
}

fn cards(phone: &Phone) -> Vec<ActId> {
    phone.client.acts().filter(|held| held.state() == ActState::NeedsYou).map(|held| held.kept.act).collect()
}

fn case(state: &str) -> Value {
    json!({ "id": CASE, "version": if state == "open" { 1 } else { 2 }, "state": state, "note": "the other side" })
}

fn snapshot(cursor: i64, cases: &[Value]) -> String {
    let mut lines = vec![json!({ "line": "head", "topic": own(), "epoch": "e", "cursor": cursor })];
    for case in cases {
        let mut line = case.clone();
        line["line"] = json!("case");
        lines.push(line);
    }
    lines.push(json!({ "line": "end", "count": cases.len() }));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// The person's feed tells what became of the case.
fn tells(phone: &mut Phone, from: i64, state: &str) {
    let event = json!({
        "cursor": from + 1, "kind": format!("case.{state}"), "subject": { "type": "case", "id": CASE }, "after": case(state),
        "occurred_at": "2026-01-01T00:00:00Z", "recorded_at": "2026-01-01T00:00:00Z",
    });
    let events = vec![Raw::new(event.to_string()).unwrap()];
    let push = Push { topic: own(), epoch: "e".to_owned(), from, to: from + 1, events, head: from + 1 };
    phone.frame(ServerFrame::Push(push));
}

#[test]
fn work_that_is_sent_back_or_does_not_count_is_a_card_again_until_it_is_seen() {
    for state in ["sent_back", "discarded"] {
        let (mut phone, acts) = with_a_case();
        tells(&mut phone, 0, state);
        assert_eq!(cards(&phone), acts, "{state}");
        phone.crash();
        assert_eq!(cards(&phone), acts, "the phone does not forget it");
        for act in acts {
            phone.client.looked_at(act, &mut phone.store).unwrap();
        }
        let text = snapshot(9, &[case(state)]);
        phone.give(Event::Snapshot { topic: own(), text });
        assert_eq!(cards(&phone), [], "what was seen once is not brought up by the next snapshot");
    }
}

#[test]
fn what_counts_after_all_is_told_without_a_card() {
    let (mut phone, _) = with_a_case();
    tells(&mut phone, 0, "booked");
    assert_eq!(cards(&phone), []);
}

#[test]
fn a_decision_that_no_event_told_comes_with_the_next_snapshot() {
    let (mut phone, acts) = with_a_case();
    phone.give(Event::Snapshot { topic: own(), text: snapshot(5, &[case("open")]) });
    assert_eq!(cards(&phone), []);
    phone.give(Event::Snapshot { topic: own(), text: snapshot(700, &[case("sent_back")]) });
    assert_eq!(cards(&phone), acts);
}
