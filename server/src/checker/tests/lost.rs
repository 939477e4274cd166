//! S1, S2, S4 and S10: work that is gone, work that happened twice, answers that changed.

use floorline_domain::item::Change;
use floorline_domain::{EntryKey, Outcome};
use floorline_mobile_sync::chain::sha256;
use floorline_mobile_sync::entry::Origin;
use floorline_mobile_sync::feed::Subject;
use floorline_mobile_sync::store::{Attention, Settled};
use floorline_mobile_sync::wire::Raw;
use serde_json::json;
use uuid::Uuid;

use super::factory::{EPOCH, Factory};
use super::story::story;
use super::{advance, append, broken_by, broken_in, note, offered_on, receipt_of, retell, scan};
use crate::checker::Invariant::{S1, S2, S3, S4, S5, S8, S10, S11};
use crate::checker::{Event, History, Told, check};

fn settle_unsent(history: &mut History) {
    let line = history.devices[0].journal.iter_mut().find(|line| line.settled.is_none()).unwrap();
    let verdict = Raw::new(format!(r#"{{"seq":{},"outcome":"applied"}}"#, line.kept.key.seq)).unwrap();
    line.settled = Some(Settled { verdict, attention: Attention::None, shown_until: None, settled_time: 0 });
}

#[test]
fn a_verdict_that_only_the_phone_has_is_lost_work() {
    assert_eq!(broken_by(settle_unsent), [S1]);
}

#[test]
fn a_receipt_for_other_bytes_is_lost_work() {
    let doctor = |history: &mut History| {
        let place = receipt_of(history, "item.reworked");
        history.receipts[place].hash = sha256(b"other bytes");
    };
    assert_eq!(broken_by(doctor), [S1]);
}

#[test]
fn a_receipt_that_is_gone_is_lost_work_leaves_an_event_and_a_hole() {
    let doctor = |history: &mut History| drop(history.receipts.remove(receipt_of(history, "item.reworked")));
    assert_eq!(broken_by(doctor), [S1, S2, S3]);
    let mut history = story();
    doctor(&mut history);
    let report = check(&history);
    assert_eq!((report.lost, report.doubled), (1, 1));
    assert!(!report.is_sound());
}

#[test]
fn refused_work_without_its_case_is_lost_work() {
    let without_its_case = broken_by(|history| {
        history.cases.remove(0);
    });
    assert_eq!(without_its_case, [S1]);
    assert_eq!(broken_by(|history| drop(history.case_entries.remove(0))), [S1]);
    assert_eq!(broken_by(|history| history.case_entries[0].hash = sha256(b"another entry")), [S1]);
}

#[test]
fn one_byte_more_in_a_stored_verdict_is_another_verdict() {
    let doctor = |history: &mut History| {
        let place = receipt_of(history, "item.completed");
        history.receipts[place].verdict.as_mut().unwrap().push(' ');
    };
    assert_eq!(broken_by(doctor), [S4]);
}

#[test]
fn a_verdict_that_says_something_else_than_its_receipt_is_another_verdict() {
    let doctor = |history: &mut History| {
        let place = scan(history);
        history.receipts[place].outcome = Outcome::Noop;
    };
    assert_eq!(broken_by(doctor), [S4]);
}

fn tell(history: &mut History, key: EntryKey, epoch: &str, text: &str) {
    history.devices[0].told.push(Told { key, first: None, server_epoch: epoch.to_owned(), text: text.to_owned() });
}

#[test]
fn a_second_answer_is_the_first_one() {
    let key = |history: &History| history.receipts[receipt_of(history, "item.completed")].key;
    let other = |history: &mut History| {
        let key = key(history);
        tell(history, key, EPOCH, &format!(r#"{{"seq":{},"outcome":"applied"}}"#, key.seq));
    };
    assert_eq!(broken_by(other), [S4]);
    let pruned = |history: &mut History| {
        let key = key(history);
        tell(history, key, EPOCH, &format!(r#"{{"seq":{},"outcome":"pruned"}}"#, key.seq));
    };
    assert_eq!(broken_by(pruned), [S4], "its verdict is stored");
    let pruned_indeed = |history: &mut History| {
        pruned(history);
        let place = receipt_of(history, "item.completed");
        history.receipts[place].verdict = None;
    };
    assert_eq!(broken_by(pruned_indeed), []);
}

#[test]
fn another_epoch_has_answers_of_its_own_but_one_an_entry() {
    let key = |history: &History| history.receipts[receipt_of(history, "item.completed")].key;
    let rewound = |history: &mut History| {
        let key = key(history);
        tell(history, key, "0000", r#"{"seq":1,"outcome":"noop"}"#);
    };
    assert_eq!(broken_by(rewound), []);
    let undecided = |history: &mut History| {
        rewound(history);
        let key = key(history);
        tell(history, key, "0000", r#"{"seq":1,"outcome":"applied"}"#);
    };
    assert_eq!(broken_by(undecided), [S4]);
}

#[test]
fn what_was_told_before_a_rewind_is_decided_again_or_waits() {
    let forgotten = |history: &mut History| {
        let key = EntryKey { seq: 1_000, ..history.receipts[receipt_of(history, "item.completed")].key };
        tell(history, key, "0000", r#"{"seq":1000,"outcome":"applied"}"#);
    };
    assert_eq!(broken_by(forgotten), [S11]);
    let on_a_lost_phone = |history: &mut History| {
        forgotten(history);
        history.devices[0].destroyed = true;
    };
    assert!(!broken_by(on_a_lost_phone).contains(&S11));
    let waits = |history: &mut History| {
        let unsent = history.devices[0].journal.iter().find(|line| line.settled.is_none()).unwrap().kept.key;
        tell(history, unsent, "0000", r#"{"seq":1,"outcome":"applied"}"#);
    };
    assert_eq!(broken_by(waits), []);
}

#[test]
fn what_is_offered_again_gets_its_first_verdict() {
    let doctor = |history: &mut History| {
        let key = EntryKey { stream_id: offered_on(history), seq: 1 };
        retell(history, key, |text| text.replace("sew", "cut"));
    };
    assert_eq!(broken_by(doctor), [S4]);
}

#[test]
fn a_verdict_told_and_not_stored_was_not_durable() {
    let doctor = |history: &mut History| {
        let unsent = |line: &&floorline_mobile_sync::store::JournalLine| line.settled.is_none();
        let key = history.devices[0].journal.iter().find(unsent).unwrap().kept.key;
        tell(history, key, EPOCH, r#"{"seq":1,"outcome":"applied"}"#);
    };
    assert_eq!(broken_by(doctor), [S10]);
}

#[test]
fn two_receipts_of_one_entry_are_one_too_many() {
    let doctor =
        |history: &mut History| history.receipts.push(history.receipts[receipt_of(history, "item.flagged")].clone());
    assert_eq!(broken_by(doctor), [S2]);
}

fn origin_of(history: &History, place: usize) -> Origin {
    let receipt = &history.receipts[place];
    Origin { stream_id: receipt.key.stream_id, seq: receipt.key.seq, hash: receipt.hash }
}

#[test]
fn what_was_applied_is_not_decided_again_under_its_origin() {
    let doctor = |history: &mut History| {
        let place = receipt_of(history, "item.flagged");
        let again =
            crate::checker::Receipt { origin: Some(origin_of(history, place)), ..history.receipts[place].clone() };
        let stream = offered_on(history);
        append(history, stream, again);
    };
    assert_eq!(broken_by(doctor), [S2]);
}

#[test]
fn an_origin_is_decided_once() {
    let doctor = |history: &mut History| {
        let booked = history.receipts.iter().find(|it| it.origin.is_some() && it.outcome == Outcome::Applied).unwrap();
        let (stream, again) = (offered_on(history), booked.clone());
        append(history, stream, again);
    };
    assert_eq!(broken_by(doctor), [S2]);
}

#[test]
fn an_event_belongs_to_an_entry_that_did_something() {
    let label = |key| Event {
        org: story().receipts[0].org,
        subject: Subject { kind: "label".to_owned(), id: Uuid::from_u128(7) },
        version: 1,
        key,
        kind: "label.made".to_owned(),
        body: json!({}),
    };
    let from_nowhere = |history: &mut History| {
        let key = EntryKey { seq: 1_000, ..history.receipts[0].key };
        history.events.push(label(key));
    };
    assert_eq!(broken_by(from_nowhere), [S2]);
    let from_a_refusal = |history: &mut History| {
        let refused = history.receipts.iter().find(|it| it.outcome == Outcome::Rejected).unwrap().key;
        history.events.push(label(refused));
    };
    assert_eq!(broken_by(from_a_refusal), [S2]);
}

#[test]
fn an_event_that_is_gone_is_missed_by_its_receipt_its_item_and_its_feed() {
    let doctor = |history: &mut History| history.events.retain(|event| event.kind != "item.completed");
    assert_eq!(broken_by(doctor), [S2, S5, S8]);
    let of_a_case = |history: &mut History| history.events.retain(|event| event.kind != "case.opened");
    assert_eq!(broken_by(of_a_case), [S2], "the feed told of it");
}

#[test]
fn an_event_moved_to_another_entry_is_found() {
    let doctor = |history: &mut History| {
        let other = history.receipts[scan(history)].key;
        history.events.iter_mut().find(|event| event.kind == "item.completed").unwrap().key = other;
    };
    assert_eq!(broken_by(doctor), [S2]);
}

#[test]
fn work_applied_without_an_event_is_found() {
    let mut factory = Factory::new(1);
    let (item, phone) = (factory.item(), factory.phone());
    factory.force(phone, item, []);
    assert_eq!(broken_in(&factory.finish()), [S2]);
}

#[test]
fn an_act_booked_on_two_streams_is_done_twice() {
    let mut factory = Factory::new(1);
    let (item, phone) = (factory.item(), factory.phone());
    for op in [note(), advance(None)] {
        factory.save(phone, Some(item), op);
        factory.deliver(phone);
    }
    let flag = || [Change::Flagged { reason: "stain".to_owned() }];
    factory.force(phone, item, flag());
    let history = factory.finish();
    assert_eq!(broken_in(&history), []);
    let mut twice = history;
    let (first, second) = (receipt_of(&twice, "item.started"), receipt_of(&twice, "item.flagged"));
    twice.receipts[second].origin = Some(origin_of(&twice, first));
    assert_eq!(broken_in(&twice), [S2]);
}
