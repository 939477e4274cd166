//! The checker against sound histories, which it must leave alone, and doctored ones, which it must see through: every invariant is broken
//! in several ways, and each way is found as what it is.

mod factory;
mod lost;
mod ordered;
mod shown;
mod stepped;
mod story;
mod untellable;
mod walled;

use std::collections::BTreeSet;

use floorline_domain::item::Command;
use floorline_domain::{EntryKey, Outcome, StreamId};
use floorline_mobile_sync::chain::sha256;
use floorline_mobile_sync::op::Operation;
use floorline_mobile_sync::wire::Raw;
use serde_json::json;

use self::story::story;
use super::{History, Invariant, Receipt, check};

fn advance(to: Option<&str>) -> Operation {
    Operation::Item(Command::Advance { to: to.map(str::to_owned) })
}

fn note() -> Operation {
    let data = json!({ "text": "fine" });
    Operation::Item(Command::CompleteAction { action_id: "cut.note".to_owned(), data, evidence: Vec::new() })
}

/// What is broken in a history.
fn broken_in(history: &History) -> Vec<Invariant> {
    let found: BTreeSet<Invariant> = check(history).violations.iter().map(|found| found.invariant).collect();
    found.into_iter().collect()
}

/// What is broken in the story after this was done to it.
fn broken_by(doctor: impl FnOnce(&mut History)) -> Vec<Invariant> {
    let mut history = story();
    let sound = history.clone();
    doctor(&mut history);
    assert_ne!(history, sound, "nothing was doctored");
    broken_in(&history)
}

/// The receipt of the first entry with an event of this kind.
fn receipt_of(history: &History, kind: &str) -> usize {
    let event = history.events.iter().find(|event| event.kind == kind).unwrap();
    history.receipts.iter().position(|receipt| receipt.key == event.key).unwrap()
}

/// The receipt of the scan that no item knew.
fn scan(history: &History) -> usize {
    let bare = |it: &Receipt| it.outcome == Outcome::Applied && !history.events.iter().any(|event| event.key == it.key);
    let on_one_stream =
        |it: &Receipt| history.streams.iter().any(|stream| stream.id == it.key.stream_id && stream.fence.is_some());
    history.receipts.iter().position(|it| bare(it) && on_one_stream(it)).unwrap()
}

/// The last stream of the phone that offered its work again.
fn offered_on(history: &History) -> StreamId {
    let by_phone = |id: StreamId| history.streams.iter().any(|stream| stream.id == id && stream.device.is_some());
    let mut again = history.receipts.iter().rev().filter(|it| it.origin.is_some() && by_phone(it.key.stream_id));
    again.next().unwrap().key.stream_id
}

/// One more receipt at the end of a stream, like `like` but for its place.
fn append(history: &mut History, stream: StreamId, like: Receipt) -> EntryKey {
    let row = history.streams.iter_mut().find(|row| row.id == stream).unwrap();
    row.last_seq += 1;
    row.last_hash = sha256(b"any");
    let key = EntryKey { stream_id: stream, seq: row.last_seq };
    let (old, new) = (format!("\"seq\":{},", like.key.seq), format!("\"seq\":{},", key.seq));
    let verdict = like.verdict.map(|text| text.replace(&old, &new));
    history.receipts.push(Receipt { key, hash: row.last_hash, verdict, ..like });
    key
}

/// Changes a verdict wherever it stands: in the database, in the journal, and where it was told.
fn retell(history: &mut History, key: EntryKey, change: impl Fn(&str) -> String) {
    for receipt in history.receipts.iter_mut().filter(|receipt| receipt.key == key) {
        receipt.verdict = receipt.verdict.as_deref().map(&change);
    }
    for device in &mut history.devices {
        for told in device.told.iter_mut().filter(|told| told.key == key) {
            told.text = change(&told.text);
        }
        for line in device.journal.iter_mut().filter(|line| line.kept.key == key) {
            let settled = line.settled.as_mut().unwrap();
            settled.verdict = Raw::new(change(settled.verdict.text())).unwrap();
        }
    }
}
