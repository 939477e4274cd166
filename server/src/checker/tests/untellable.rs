//! Where nobody can tell any more, the checker keeps silent; and only there.

use floorline_mobile_sync::wire::Raw;

use super::factory::Factory;
use super::{broken_by, broken_in, note};
use crate::checker::History;
use crate::checker::Invariant::{S2, S4};

/// The last verdict that the first phone shows has a space more than the one stored; it was told before a rewind.
fn shows_another(history: &mut History) {
    let device = &mut history.devices[0];
    let line = device.journal.iter_mut().rev().find(|line| line.settled.is_some()).unwrap();
    let settled = line.settled.as_mut().unwrap();
    settled.verdict = Raw::new(settled.verdict.text().replacen('{', "{ ", 1)).unwrap();
    let key = line.kept.key;
    for told in device.told.iter_mut().filter(|told| told.key == key) {
        told.server_epoch = "0000".to_owned();
    }
}

#[test]
fn a_copy_may_show_what_it_was_told_before_its_twin_healed_the_server() {
    assert_eq!(broken_by(shows_another), [S4]);
    let on_a_copy = |history: &mut History| {
        shows_another(history);
        history.devices[0].copied = true;
    };
    assert_eq!(broken_by(on_a_copy), []);
    let told_since = |history: &mut History| {
        let told = history.devices[0].told.clone();
        on_a_copy(history);
        history.devices[0].told = told;
    };
    assert_eq!(broken_by(told_since), [S4]);
}

/// An act that was decided, offered again and answered the same; of its bytes and its first verdict nothing is left.
fn forgotten() -> History {
    let mut factory = Factory::new(1);
    let (id, phone) = (factory.item(), factory.phone());
    factory.save(phone, Some(id), note());
    factory.deliver_unanswered(phone, 1);
    let first = factory.latest(phone);
    factory.reseal(phone);
    factory.deliver(phone);
    let mut history = factory.finish();
    history.devices[0].journal.clear();
    history.devices[0].told.clear();
    history.receipts.iter_mut().find(|receipt| receipt.key == first).unwrap().verdict = None;
    history
}

#[test]
fn an_answer_given_again_is_no_booking_without_events_though_the_first_is_pruned() {
    let mut history = forgotten();
    assert_eq!(broken_in(&history), []);
    let stream = history.receipts.iter().find(|receipt| receipt.verdict.is_none()).unwrap().key.stream_id;
    history.streams.iter_mut().find(|row| row.id == stream).unwrap().device = None;
    assert!(broken_in(&history).contains(&S2), "the pruned one is of another device");
}
