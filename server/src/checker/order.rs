//! S3: a stream's entries are decided in their order, each built on the one before.

use std::collections::{BTreeMap, BTreeSet};

use floorline_domain::{EntryKey, StreamId};
use floorline_mobile_sync::chain;
use floorline_mobile_sync::topic::Topic;
use floorline_mobile_sync::verdict::Verdict;

use super::history::{Receipt, Stream};
use super::index::{Index, named};
use super::report::Invariant::S3;
use super::report::Violation;

/// Receipts of a stream are 1, 2, 3 … up to where its row says it stands. The first ones may have been pruned.
pub(super) fn places_have_no_holes(index: &Index<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for stream in &index.history.streams {
        let mut expected = None;
        for receipt in index.receipts_of(stream.id) {
            let seq = receipt.key.seq;
            let first = if index.history.receipts_pruned { seq } else { 1 };
            let wanted = expected.unwrap_or(first);
            if seq != wanted {
                found.push(S3.broken(format!("stream {} goes from {} to {seq}", stream.id, wanted - 1)));
            }
            expected = Some(seq + 1);
        }
        let last = expected.map_or(0, |next| next - 1);
        let gone = expected.is_none() && index.history.receipts_pruned;
        if last != stream.last_seq && !gone {
            found.push(
                S3.broken(format!("stream {} stands at {}, its receipts end at {last}", stream.id, stream.last_seq)),
            );
        }
    }
    let unknown = index.history.receipts.iter().find(|receipt| index.stream(receipt.key.stream_id).is_none());
    found.extend(unknown.map(|receipt| S3.broken(format!("{} belongs to no stream", named(receipt.key)))));
    found
}

/// Where bytes are known, each hash is the chain's; and the stream's row has the last one.
pub(super) fn chains_hold(index: &Index<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for receipt in index.history.receipts.iter().filter(|receipt| index.receipt(receipt.key) == Some(*receipt)) {
        let key = receipt.key;
        let before = match key.seq {
            1 => Some(chain::start(key.stream_id)),
            seq => index.receipt(EntryKey { seq: seq - 1, ..key }).and_then(|before| believed(index, before)),
        };
        let Some((before, entry)) = before.zip(index.entry(receipt)) else { continue };
        if chain::next(&before, entry.bytes) != receipt.hash {
            found.push(S3.broken(format!("{} does not continue the chain", named(key))));
        }
    }
    found.extend(index.history.streams.iter().filter_map(|stream| ends_elsewhere(index, stream)));
    found
}

fn ends_elsewhere(index: &Index<'_>, stream: &Stream) -> Option<Violation> {
    let last = match stream.last_seq {
        0 => chain::start(stream.id),
        seq => believed(index, index.receipt(EntryKey { stream_id: stream.id, seq })?)?,
    };
    (last != stream.last_hash)
        .then(|| S3.broken(format!("stream {} has another hash than its last receipt", stream.id)))
}

/// A receipt's hash, unless a journal says otherwise; that is lost work and found as such.
fn believed(index: &Index<'_>, receipt: &Receipt) -> Option<chain::Hash> {
    (!index.is_contradicted(receipt)).then_some(receipt.hash)
}

/// Within a topic, what a stream did is told in the stream's order.
pub(super) fn cursors_rise(index: &Index<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for (topic, lines) in &index.feeds {
        let mut reached: BTreeMap<StreamId, i64> = BTreeMap::new();
        for (line, body) in lines.iter().filter_map(|line| Some((line, line.body.as_ref()?))) {
            let Some(key) = body.cause else { continue };
            let earlier = reached.insert(key.stream_id, key.seq).filter(|earlier| *earlier > key.seq);
            if let Some(earlier) = earlier {
                let what = format!("{topic} tells at {} of {}, after entry {earlier}", line.row.cursor, named(key));
                found.push(S3.broken(what));
            }
        }
    }
    found
}

/// An applied entry that told something in the topic its verdict points into is what stands there.
pub(super) fn verdicts_point_at_their_events(index: &Index<'_>) -> Vec<Violation> {
    let mut places: BTreeMap<(Topic, i64), EntryKey> = BTreeMap::new();
    let mut tellers: BTreeSet<(Topic, EntryKey)> = BTreeSet::new();
    for (topic, lines) in &index.feeds {
        for (line, key) in lines.iter().filter_map(|line| Some((line, line.body.as_ref()?.cause?))) {
            places.insert((*topic, line.row.cursor), key);
            tellers.insert((*topic, key));
        }
    }
    let mut found = Vec::new();
    for receipt in index.history.receipts.iter().filter(|receipt| index.effects(receipt.key).next().is_some()) {
        let verdict = receipt.verdict.as_deref().and_then(|text| serde_json::from_str::<Verdict>(text).ok());
        let Some(at) = verdict.and_then(|verdict| verdict.at) else { continue };
        let other = places.get(&(at.topic, at.cursor)).filter(|cause| **cause != receipt.key);
        if other.is_some() && tellers.contains(&(at.topic, receipt.key)) {
            let what =
                format!("{} was told {} of {}, where another one stands", named(receipt.key), at.cursor, at.topic);
            found.push(S3.broken(what));
        }
    }
    found
}
