//! S2: an entry has its effect once, under one receipt, however often it was sent and on however many streams.

use std::collections::{BTreeMap, BTreeSet};

use floorline_domain::{EntryKey, Outcome};
use floorline_mobile_sync::entry::Origin;
use floorline_mobile_sync::verdict::Verdict;
use uuid::Uuid;

use super::history::Receipt;
use super::index::{Index, named};
use super::report::Invariant::S2;
use super::report::Violation;

/// An entry is offered again at most this often.
const OFFERS: usize = 64;

/// One receipt a key, and one a booking of an origin.
pub(super) fn one_receipt_a_key(index: &Index<'_>) -> Vec<Violation> {
    let mut keys = BTreeSet::new();
    let twice = index.history.receipts.iter().filter(|receipt| !keys.insert(receipt.key));
    let twice = twice.map(|receipt| format!("{} has two receipts", named(receipt.key)));
    let again = index.origins().filter(|(_, receipts)| receipts.len() > 1).map(|(origin, receipts)| {
        let key = EntryKey { stream_id: origin.stream_id, seq: origin.seq };
        format!("{} was decided again {} times", named(key), receipts.len())
    });
    twice.chain(again).map(|what| S2.broken(what)).collect()
}

/// An entry, what was offered again of it, and what was booked from its case: one of them is applied at most.
pub(super) fn one_booking_an_act(index: &Index<'_>) -> Vec<Violation> {
    let mut acts: BTreeMap<Origin, Vec<&Receipt>> = BTreeMap::new();
    let applied = index.history.receipts.iter().filter(|receipt| receipt.outcome == Outcome::Applied);
    for receipt in applied.filter(|receipt| !index.is_repeated(receipt)) {
        let booked = acts.entry(first_place(index, receipt)).or_default();
        if booked.iter().all(|other| other.key != receipt.key) {
            booked.push(receipt);
        }
    }
    let doubled = acts.into_iter().filter(|(_, booked)| booked.len() > 1);
    let found = doubled.map(|(first, booked)| {
        let key = EntryKey { stream_id: first.stream_id, seq: first.seq };
        format!("{} was booked under {} keys", named(key), booked.len())
    });
    found.map(|what| S2.broken(what)).collect()
}

/// Where the act of a receipt stood first. Two futures of one place are two acts.
fn first_place(index: &Index<'_>, receipt: &Receipt) -> Origin {
    let EntryKey { stream_id, seq } = receipt.key;
    let mut first = Origin { stream_id, seq, hash: receipt.hash };
    let mut origin = index.origin(receipt);
    for _ in 0..OFFERS {
        let Some(earlier) = origin else { break };
        first = earlier;
        let place = EntryKey { stream_id: earlier.stream_id, seq: earlier.seq };
        origin = index.receipt(place).filter(|receipt| receipt.hash == earlier.hash).and_then(|it| index.origin(it));
    }
    first
}

/// No event without a receipt, and an item's event says the entry it is stored under.
pub(super) fn events_have_receipts(index: &Index<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for (key, events) in index.causes() {
        if index.receipt(key).is_none() && !index.is_pruned(key) {
            found.push(S2.broken(format!("{} has {} events and no receipt", named(key), events.len())));
        }
    }
    for (id, log) in &index.logs {
        let strayed = log.rows.iter().zip(&log.events).find(|(row, event)| row.key != event.stamp.entry);
        if let Some((row, _)) = strayed {
            found.push(S2.broken(format!("version {} of item {id} is stored under another entry", row.version)));
        }
    }
    found
}

/// What was applied has the events its verdict names; what was not has none.
pub(super) fn receipts_have_their_events(index: &Index<'_>) -> Vec<Violation> {
    let all = index.history.receipts.iter();
    let faults = all.filter_map(|receipt| Some((receipt, fault_of(index, receipt)?)));
    faults.map(|(receipt, what)| S2.broken(format!("{} {what}", named(receipt.key)))).collect()
}

fn fault_of(index: &Index<'_>, receipt: &Receipt) -> Option<String> {
    if receipt.outcome != Outcome::Applied {
        let event = index.effects(receipt.key).next()?;
        return Some(format!("was {} and has {}", receipt.outcome, event.kind));
    }
    if index.is_repeated(receipt) {
        return None;
    }
    let op = index.entry(receipt).and_then(|entry| entry.op());
    if op.is_some_and(|op| op != "scan.record") && index.effects(receipt.key).next().is_none() {
        return Some("was applied and has no event".to_owned());
    }
    let verdict: Verdict = serde_json::from_str(receipt.verdict.as_deref()?).ok()?;
    let after = verdict.after?;
    let of_item = index.effects(receipt.key).filter(|event| event.subject.id == after.item_id.0);
    let last = of_item.map(|event| event.version).max();
    (last != Some(after.version))
        .then(|| format!("was told version {} of item {}, its events end at {last:?}", after.version, after.item_id))
}

/// What feeds tell of an entry happened: the log has it too.
pub(super) fn feed_tells_the_log(index: &Index<'_>) -> Vec<Violation> {
    let mut happened: BTreeSet<(EntryKey, Uuid, &str)> = BTreeSet::new();
    for event in &index.history.events {
        happened.insert((event.key, event.subject.id, &event.kind));
    }
    let mut found = Vec::new();
    for (topic, lines) in &index.feeds {
        for (line, body) in lines.iter().filter_map(|line| Some((line, line.body.as_ref()?))) {
            let Some(key) = body.cause else { continue };
            if !happened.contains(&(key, body.subject.id, body.kind.as_str())) {
                let what =
                    format!("{topic} tells at {} of {}, which {} did not do", line.row.cursor, body.kind, named(key));
                found.push(S2.broken(what));
            }
        }
    }
    found
}
