//! S4 and S10: an entry has one answer, the stored one, whenever and however often it is given.

use std::collections::{BTreeMap, BTreeSet};

use floorline_domain::{EntryKey, Outcome};
use floorline_mobile_sync::chain::Hash;
use floorline_mobile_sync::entry::Origin;
use floorline_mobile_sync::verdict::Verdict;

use super::history::{Receipt, Told};
use super::index::{Index, apart_from_seq, named};
use super::item_log::alike;
use super::report::Invariant::{S4, S10};
use super::report::Violation;

/// A verdict that somebody was told.
struct Answer<'a> {
    key: EntryKey,
    /// The chain after the entry, where the phone still has it.
    hash: Option<Hash>,
    text: &'a str,
}

/// Every verdict told in the present epoch: what journals say, and what was recorded besides.
fn answers<'a>(index: &Index<'a>) -> Vec<Answer<'a>> {
    let epoch = &index.history.server_epoch;
    let journal = index.journal_lines().filter_map(|(device, line)| {
        // Where its twin gave a rewound server back what both of them had, a copy goes on showing what it was told before.
        let told = |told: &Told| told.server_epoch == *epoch && told.key == line.kept.key;
        if device.copied && !device.told.iter().any(told) {
            return None;
        }
        let text = line.settled.as_ref()?.verdict.text();
        Some(Answer { key: line.kept.key, hash: Some(line.kept.hash), text })
    });
    let told = index.history.devices.iter().flat_map(|device| &device.told);
    let told = told.filter(|told| told.server_epoch == *epoch);
    journal.chain(told.map(|told| Answer { key: told.key, hash: None, text: &told.text })).collect()
}

/// What was told is what is stored, byte for byte; but for `seq` where the entry was decided on another stream.
pub(super) fn told_is_stored(index: &Index<'_>) -> Vec<Violation> {
    let mut found: Vec<Violation> = Vec::new();
    for answer in answers(index) {
        if let Some(what) = difference(index, &answer) {
            let violation = S4.broken(format!("{} was told {what}", named(answer.key)));
            if !found.contains(&violation) {
                found.push(violation);
            }
        }
    }
    found
}

fn difference(index: &Index<'_>, answer: &Answer<'_>) -> Option<&'static str> {
    let same_bytes = |receipt: &&Receipt| answer.hash.is_none_or(|hash| hash == receipt.hash);
    if let Some(receipt) = index.receipt(answer.key).filter(same_bytes) {
        return match &receipt.verdict {
            Some(stored) if answer.text == stored => None,
            Some(_) if is_pruned(answer.text) => Some("`pruned`, and its verdict is stored"),
            Some(_) => Some("another verdict than the one stored"),
            None if is_pruned(answer.text) || agrees(answer.text, receipt) => None,
            None => Some("another outcome than the one stored"),
        };
    }
    let (EntryKey { stream_id, seq }, hash) = (answer.key, answer.hash?);
    let elsewhere = index.decided_for(Origin { stream_id, seq, hash }).first()?;
    let (told, stored) = (apart_from_seq(answer.text), index.verdict(elsewhere)?);
    (!told.is_some_and(|told| alike(&told, stored))).then_some("another verdict than where it was decided")
}

fn is_pruned(text: &str) -> bool {
    serde_json::from_str::<Verdict>(text).is_ok_and(|verdict| verdict.outcome == Outcome::Pruned)
}

fn agrees(text: &str, receipt: &Receipt) -> bool {
    serde_json::from_str::<Verdict>(text).is_ok_and(|verdict| {
        (verdict.seq, verdict.outcome, verdict.reason) == (receipt.key.seq, receipt.outcome, receipt.reason)
    })
}

/// Within one epoch all answers to an entry are the same, whatever is stored today.
pub(super) fn answers_never_differ(index: &Index<'_>) -> Vec<Violation> {
    let mut first: BTreeMap<(EntryKey, &str), &str> = BTreeMap::new();
    let mut found = Vec::new();
    let told = index.history.devices.iter().flat_map(|device| &device.told);
    for told in told.filter(|told| !is_pruned(&told.text)) {
        let answer = *first.entry((told.key, &told.server_epoch)).or_insert(&told.text);
        if answer != told.text {
            found.push(S4.broken(format!("{} was told two verdicts in epoch {}", named(told.key), told.server_epoch)));
        }
    }
    found
}

/// A phone that offers an entry again gets the verdict it had, where it stood first or where it was offered before.
pub(super) fn offered_again_is_answered_the_same(index: &Index<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for receipt in &index.history.receipts {
        let by_phone = index.stream(receipt.key.stream_id).is_some_and(|stream| stream.device.is_some());
        let Some(origin) = index.entry(receipt).and_then(|entry| entry.origin()).filter(|_| by_phone) else { continue };
        let place = EntryKey { stream_id: origin.stream_id, seq: origin.seq };
        let Some(first) = index.receipt_of(place, origin.hash).filter(|first| first.key != receipt.key) else {
            continue;
        };
        let verdicts = index.verdict(first).zip(index.verdict(receipt));
        if verdicts.is_some_and(|(first, again)| !alike(first, again)) {
            found.push(S4.broken(format!("{} got another verdict than {}", named(receipt.key), named(first.key))));
        }
    }
    found
}

/// A stored verdict says what its receipt says.
pub(super) fn stored_says_what_it_was(index: &Index<'_>) -> Vec<Violation> {
    let stored = index.history.receipts.iter().filter(|receipt| receipt.verdict.is_some());
    let torn = stored.filter(|receipt| !receipt.verdict.as_deref().is_some_and(|text| agrees(text, receipt)));
    torn.map(|receipt| S4.broken(format!("the verdict of {} says something else than its receipt", named(receipt.key))))
        .collect()
}

/// A verdict that was told is in the database. What journals say of it is S1's.
pub(super) fn told_is_durable(index: &Index<'_>) -> Vec<Violation> {
    let settled = index.journal_lines().filter(|(_, line)| line.settled.is_some()).map(|(_, line)| line.kept.key);
    let settled: BTreeSet<EntryKey> = settled.collect();
    let gone = answers(index).into_iter().filter(|answer| {
        !settled.contains(&answer.key) && index.receipt(answer.key).is_none() && !index.is_pruned(answer.key)
    });
    gone.map(|answer| S10.broken(format!("{} was told a verdict that is not stored", named(answer.key)))).collect()
}
