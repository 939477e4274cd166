//! A server that was restored from a backup gets back what it forgot.

use std::collections::BTreeMap;

use floorline_domain::item::Command;
use floorline_domain::refusal::{Outcome, Reason};
use floorline_mobile_sync::chain::{self, Hash};
use floorline_mobile_sync::client::{Event, Notice, OpenFailure};
use floorline_mobile_sync::store::{ActId, Store};
use floorline_mobile_sync::wire::{ClientFrame, Close, SealReason};
use proptest::prelude::*;
use serde_json::json;

use crate::connection::note;
use crate::phone::{Phone, on_item, site};

/// A connected phone whose first `n` notes are booked.
fn booked(n: u128) -> Phone {
    let mut phone = Phone::new(1);
    phone.online();
    work(&mut phone, 1..=n);
    assert_eq!(phone.client.unsent(), 0);
    phone
}

fn work(phone: &mut Phone, numbers: impl IntoIterator<Item = u128>) {
    for n in numbers {
        phone.act(note(n)).unwrap();
    }
}

/// The server goes away as it is and comes back as it was `k` verdicts ago.
fn restore(phone: &mut Phone, k: usize) {
    phone.server.frames.clear();
    phone.server.rewind(k);
    phone.close(Close::Other(1006));
    phone.pass(60_000);
}

/// Every entry submitted, by its place: its bytes and its hash.
fn submitted(phone: &Phone) -> BTreeMap<i64, (String, Hash)> {
    let mut entries = BTreeMap::new();
    for frame in &phone.server.frames {
        if let ClientFrame::Submit(submit) = frame {
            let pairs = submit.entries.iter().zip(&submit.hashes).map(|(entry, hash)| (entry.text().to_owned(), *hash));
            entries.extend((submit.first_seq..).zip(pairs));
        }
    }
    entries
}

fn said(phone: &Phone) -> Vec<String> {
    phone.server.log.iter().map(|entry| entry.data["text"].as_str().unwrap().to_owned()).collect()
}

fn notes(numbers: impl IntoIterator<Item = u128>) -> Vec<String> {
    numbers.into_iter().map(|n| format!("note {n}")).collect()
}

fn seals(phone: &Phone) -> Vec<SealReason> {
    let reason = |frame: &ClientFrame| match frame {
        ClientFrame::Seal(seal) => Some(seal.reason),
        _ => None,
    };
    phone.server.frames.iter().filter_map(reason).collect()
}

/// The site's feed has told everything up to `cursor`.
fn told(phone: &mut Phone, cursor: i64) {
    let head = json!({ "line": "head", "topic": site(), "epoch": "e", "cursor": cursor });
    let text = format!("{head}\n{}\n", json!({ "line": "end", "count": 0 }));
    phone.give(Event::Snapshot { topic: site(), text });
}

/// A phone that booked five notes, of which the second and the third are no longer in its journal, at a server that was
/// restored to the first.
fn with_a_hole() -> Phone {
    let mut phone = booked(3);
    told(&mut phone, 3);
    phone.pass(1_000);
    phone.store.prune(phone.now.time).unwrap();
    phone.store.commit().unwrap();
    phone.act(note(4)).unwrap();
    phone.act(note(5)).unwrap();
    assert_eq!(phone.store.journal(ActId(0), 9).unwrap().len(), 2);
    phone
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_it_forgot_is_offered_again_with_the_same_bytes(n in 1_u128..14, back in 0_usize..14, offline in 0_u128..5) {
        let mut phone = booked(n);
        let stream = phone.client.stream();
        let before = submitted(&phone);
        let k = back % usize::try_from(n).unwrap() + 1;
        phone.refused = Some(OpenFailure::Unreachable);
        phone.close(Close::Other(1006));
        work(&mut phone, n + 1..=n + offline);
        phone.refused = None;
        restore(&mut phone, k);
        let forgotten = i64::try_from(n).unwrap() - i64::try_from(k).unwrap() + 1;
        let again = submitted(&phone);
        prop_assert_eq!(again.first_key_value().map(|(seq, _)| *seq), Some(forgotten));
        for (seq, entry) in before.range(forgotten..) {
            prop_assert_eq!(again.get(seq), Some(entry));
        }
        prop_assert_eq!(said(&phone), notes(1..=n + offline));
        prop_assert_eq!(phone.client.unsent(), 0);
        prop_assert_eq!(phone.client.stream(), stream);
        prop_assert_eq!(seals(&phone), []);
        let journal = phone.store.journal(ActId(0), 99).unwrap();
        prop_assert!(journal.iter().all(|line| line.settled.is_some() && line.kept.earlier.is_none()));
        let rewound = phone.notices.iter().filter(|notice| matches!(notice, Notice::Rewound { entries } if *entries == k));
        prop_assert_eq!(rewound.count(), 1);
    }
}

#[test]
fn a_crash_on_the_way_back_changes_nothing() {
    let mut phone = booked(9);
    phone.server.mute = true;
    restore(&mut phone, 7);
    phone.crash();
    assert_eq!(phone.client.unsent(), 7, "durably unsent again");
    phone.server.mute = false;
    phone.server.busy = 1;
    phone.lose_answers = 1;
    phone.online();
    phone.crash();
    phone.online();
    phone.pass(60_000);
    assert_eq!(said(&phone), notes(1..=9));
    assert_eq!(phone.client.unsent(), 0);
}

#[test]
fn a_server_rewound_under_the_connection_is_healed_over_the_next() {
    let mut phone = booked(5);
    phone.server.rewind(3);
    phone.act(note(6)).unwrap();
    phone.pass(60_000);
    assert_eq!(said(&phone), notes(1..=6));
}

#[test]
fn another_epoch_alone_is_noted_and_nothing_is_sent_again() {
    let mut phone = booked(3);
    assert_eq!(phone.store.load().unwrap().server_epoch.as_deref(), Some("s"));
    restore(&mut phone, 0);
    assert!(submitted(&phone).is_empty());
    assert!(!phone.notices.iter().any(|notice| matches!(notice, Notice::Rewound { .. })));
    phone.crash();
    assert_eq!(phone.store.load().unwrap().server_epoch.as_deref(), Some("s1"));
}

#[test]
fn what_earlier_streams_did_is_offered_again_when_the_server_forgot_it_too() {
    let mut phone = booked(3);
    let first = phone.client.stream();
    phone.server.streams.get_mut(&first).unwrap().sealed = true;
    phone.close(Close::Sealed);
    phone.pass(60_000);
    work(&mut phone, 4..=5);
    let second = phone.client.stream();
    assert_eq!((phone.client.unsent(), second == first), (0, false));
    phone.server.frames.clear();
    phone.server.rewind(4);
    phone.crash();
    phone.online();
    phone.pass(60_000);
    assert_eq!(said(&phone), notes(1..=5), "the first is answered as before, the others in their order");
    assert_eq!(phone.client.unsent(), 0);
    let journal = phone.store.journal(ActId(0), 9).unwrap();
    let places: Vec<_> = journal.iter().map(|line| (line.kept.key.stream_id, line.kept.key.seq)).collect();
    assert_eq!(places, [1, 2, 3, 4, 5].map(|seq| (phone.client.stream(), seq)));
    assert!(journal.iter().all(|line| line.settled.is_some() && line.kept.earlier.is_none()));
    assert!(![first, second].contains(&phone.client.stream()));
}

#[test]
fn what_is_no_longer_in_the_journal_leaves_a_hole_and_the_rest_goes_on_another_stream() {
    let mut phone = with_a_hole();
    let sealed = phone.client.stream();
    let hashes: Vec<Hash> = phone.store.journal(ActId(0), 9).unwrap().iter().map(|line| line.kept.hash).collect();
    phone.refused = Some(OpenFailure::Unreachable);
    phone.close(Close::Other(1006));
    phone.act(note(6)).unwrap();
    phone.refused = None;
    restore(&mut phone, 4);
    assert_eq!(seals(&phone), [SealReason::Hole]);
    assert_ne!(phone.client.stream(), sealed);
    assert_eq!(phone.client.unsent(), 0);
    assert_eq!(said(&phone), notes([1, 4, 5, 6]));
    let origins: Vec<_> = phone.server.log[1..].iter().map(|entry| entry.origin.unwrap()).collect();
    assert_eq!(
        origins.iter().map(|origin| (origin.stream_id, origin.seq)).collect::<Vec<_>>(),
        [4, 5, 6].map(|seq| (sealed, seq))
    );
    assert_eq!(origins[..2].iter().map(|origin| origin.hash).collect::<Vec<_>>(), hashes);
}

#[test]
fn a_hole_is_still_there_after_a_crash() {
    let mut phone = with_a_hole();
    phone.server.mute = true;
    restore(&mut phone, 4);
    assert_eq!(seals(&phone).first(), Some(&SealReason::Hole));
    phone.crash();
    assert_eq!(phone.client.unsent(), 2);
    phone.server.mute = false;
    phone.server.frames.clear();
    phone.online();
    phone.pass(60_000);
    assert_eq!(seals(&phone), [SealReason::Hole]);
    assert_eq!(said(&phone), notes([1, 4, 5]));
}

#[test]
fn a_restored_server_that_remembers_another_entry_is_a_fork() {
    let mut phone = booked(5);
    let sealed = phone.client.stream();
    phone.server.streams.get_mut(&sealed).unwrap().receipts.get_mut(&2).unwrap().0 = chain::sha256(b"another");
    phone.server.log[1].data = json!({ "text": "another's" });
    restore(&mut phone, 3);
    assert_eq!(seals(&phone), [SealReason::Fork]);
    assert_ne!(phone.client.stream(), sealed);
    assert_eq!(said(&phone), ["note 1", "another's", "note 2", "note 3", "note 4", "note 5"]);
}

#[test]
fn a_fork_is_seen_even_where_the_journal_begins_after_it() {
    let mut phone = with_a_hole();
    let sealed = phone.client.stream();
    phone.server.streams.get_mut(&sealed).unwrap().receipts.get_mut(&3).unwrap().0 = chain::sha256(b"another");
    restore(&mut phone, 2);
    assert_eq!(seals(&phone), [SealReason::Fork]);
    let mut phone = with_a_hole();
    restore(&mut phone, 2);
    assert_eq!(seals(&phone), []);
    assert_eq!(said(&phone), notes(1..=5));
}

#[test]
fn who_is_judged_otherwise_the_second_time_is_told() {
    let mut phone = booked(0);
    phone.server.script.insert("item.hold".to_owned(), json!({ "outcome": "rejected", "reason": "ITEM_CLOSED" }));
    let held = phone.act(on_item(Command::Hold { reason: "stain".to_owned() })).unwrap();
    let noted = phone.act(note(1)).unwrap();
    phone.server.script.insert("note.add".to_owned(), json!({ "outcome": "parked", "reason": "NOT_PERMITTED" }));
    phone.server.script.remove("item.hold");
    let same = phone.act(note(2)).unwrap();
    phone.notices.clear();
    restore(&mut phone, 3);
    let overturned: Vec<_> = phone
        .notices
        .iter()
        .filter_map(|notice| match notice {
            Notice::Overturned { act, before, verdict } => Some((*act, before.outcome, verdict.outcome)),
            _ => None,
        })
        .collect();
    let (rejected, applied, parked) = (Outcome::Rejected, Outcome::Applied, Outcome::Parked);
    assert_eq!(overturned, [(held, rejected, applied), (noted, applied, parked)], "and nothing of {same:?}");
    let settled = |notice: &&Notice| matches!(notice, Notice::Settled { .. });
    assert_eq!(phone.notices.iter().filter(settled).count(), 3);
    let journal = phone.store.journal(ActId(0), 9).unwrap();
    let now = journal[1].settled.as_ref().unwrap().verdict.read::<floorline_mobile_sync::verdict::Verdict>().unwrap();
    assert_eq!(now.reason, Some(Reason::NotPermitted));
}
