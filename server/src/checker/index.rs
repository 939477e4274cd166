//! A history, looked up by what rules ask for.

use std::collections::BTreeMap;

use floorline_domain::workflow::Workflow;
use floorline_domain::{DeviceId, EntryKey, ItemId, StreamId, WorkflowVersionId};
use floorline_mobile_sync::chain::Hash;
use floorline_mobile_sync::entry::Origin;
use floorline_mobile_sync::feed::Subject;
use floorline_mobile_sync::store::JournalLine;
use floorline_mobile_sync::topic::Topic;
use serde::Deserialize;
use serde_json::Value;

use super::history::{Device, Event, FeedRow, History, Receipt, Stream};
use super::item_log::ItemLog;

/// An entry whose bytes somebody still has.
pub(super) struct Entry<'a> {
    pub(super) bytes: &'a [u8],
    named: Named,
}

/// As much of an entry as the rules ask for; nothing where it cannot be read.
#[derive(Default, Deserialize)]
struct Named {
    #[serde(default)]
    op: Option<String>,
    #[serde(default)]
    origin: Option<Origin>,
}

impl Entry<'_> {
    /// Where it stood first, when it was offered again.
    pub(super) fn origin(&self) -> Option<Origin> {
        self.named.origin
    }

    /// Its operation's name.
    pub(super) fn op(&self) -> Option<&str> {
        self.named.op.as_deref()
    }
}

/// What a feed row says.
#[derive(Deserialize)]
pub(super) struct Body {
    pub(super) kind: String,
    pub(super) subject: Subject,
    #[serde(default)]
    pub(super) after: Value,
    /// Never in an `order:` feed.
    #[serde(default)]
    pub(super) cause: Option<EntryKey>,
}

/// A feed row, read; no body when it cannot be.
pub(super) struct FeedLine<'a> {
    pub(super) row: &'a FeedRow,
    pub(super) body: Option<Body>,
}

/// A history with its keys.
pub(super) struct Index<'a> {
    pub(super) history: &'a History,
    streams: BTreeMap<StreamId, &'a Stream>,
    receipts: BTreeMap<EntryKey, &'a Receipt>,
    decided_for: BTreeMap<Origin, Vec<&'a Receipt>>,
    verdicts: BTreeMap<EntryKey, Value>,
    /// Streams of a phone on which it was told this verdict, whatever its `seq`.
    told_alike: BTreeMap<(DeviceId, String), Vec<StreamId>>,
    events: BTreeMap<EntryKey, Vec<&'a Event>>,
    entries: BTreeMap<EntryKey, BTreeMap<Hash, Entry<'a>>>,
    workflows: BTreeMap<WorkflowVersionId, &'a Workflow>,
    /// By item.
    pub(super) logs: BTreeMap<ItemId, ItemLog<'a>>,
    /// By topic, in the order of cursors.
    pub(super) feeds: BTreeMap<Topic, Vec<FeedLine<'a>>>,
}

impl<'a> Index<'a> {
    /// Looks at everything once.
    pub(super) fn of(history: &'a History) -> Self {
        let mut index = Self {
            history,
            streams: history.streams.iter().map(|stream| (stream.id, stream)).collect(),
            receipts: BTreeMap::new(),
            decided_for: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            told_alike: BTreeMap::new(),
            events: BTreeMap::new(),
            entries: BTreeMap::new(),
            workflows: history.workflows.iter().map(|version| (version.id, &version.workflow)).collect(),
            logs: ItemLog::all(&history.events),
            feeds: BTreeMap::new(),
        };
        for event in &history.events {
            index.events.entry(event.key).or_default().push(event);
        }
        index.add_entries();
        index.add_receipts();
        for row in &history.feed {
            let body = serde_json::from_str(&row.body).ok();
            index.feeds.entry(row.topic).or_default().push(FeedLine { row, body });
        }
        for lines in index.feeds.values_mut() {
            lines.sort_by_key(|line| line.row.cursor);
        }
        index
    }

    fn add_entries(&mut self) {
        let history = self.history;
        let kept = history.devices.iter().flat_map(|device| &device.journal).map(|line| &line.kept);
        let saved = kept.map(|kept| (kept.key, kept.hash, kept.bytes.text()));
        let in_cases = history.case_entries.iter().map(|entry| (entry.key, entry.hash, entry.body.as_str()));
        for (key, hash, text) in saved.chain(in_cases) {
            let named = serde_json::from_str(text).unwrap_or_default();
            self.entries.entry(key).or_default().insert(hash, Entry { bytes: text.as_bytes(), named });
        }
    }

    fn add_receipts(&mut self) {
        for receipt in &self.history.receipts {
            self.receipts.entry(receipt.key).or_insert(receipt);
            if let Some(origin) = receipt.origin {
                self.decided_for.entry(origin).or_default().push(receipt);
            }
            let Some(verdict) = receipt.verdict.as_deref().and_then(apart_from_seq) else { continue };
            if let Some(device) = self.stream(receipt.key.stream_id).and_then(|stream| stream.device) {
                self.told_alike.entry((device, verdict.to_string())).or_default().push(receipt.key.stream_id);
            }
            self.verdicts.insert(receipt.key, verdict);
        }
    }

    pub(super) fn stream(&self, id: StreamId) -> Option<&'a Stream> {
        self.streams.get(&id).copied()
    }

    pub(super) fn workflow(&self, id: WorkflowVersionId) -> Option<&'a Workflow> {
        self.workflows.get(&id).copied()
    }

    pub(super) fn receipt(&self, key: EntryKey) -> Option<&'a Receipt> {
        self.receipts.get(&key).copied()
    }

    /// Receipts of a stream, by place.
    pub(super) fn receipts_of(&self, id: StreamId) -> impl Iterator<Item = &'a Receipt> + use<'a, '_> {
        let place = |seq| EntryKey { stream_id: id, seq };
        self.receipts.range(place(i64::MIN)..=place(i64::MAX)).map(|(_, receipt)| *receipt)
    }

    /// Receipts of whatever else decided this entry: it was offered again, or booked from its case.
    pub(super) fn decided_for(&self, origin: Origin) -> &[&'a Receipt] {
        self.decided_for.get(&origin).map(Vec::as_slice).unwrap_or_default()
    }

    /// All origins that receipts name, with those receipts.
    pub(super) fn origins(&self) -> impl Iterator<Item = (Origin, &[&'a Receipt])> {
        self.decided_for.iter().map(|(origin, receipts)| (*origin, receipts.as_slice()))
    }

    /// The stored end of an entry: under its own key, or where it was offered again.
    pub(super) fn receipt_of(&self, key: EntryKey, hash: Hash) -> Option<&'a Receipt> {
        let own = self.receipt(key).filter(|receipt| receipt.hash == hash);
        let origin = Origin { stream_id: key.stream_id, seq: key.seq, hash };
        own.or_else(|| self.decided_for(origin).first().copied())
    }

    /// Its receipt is gone because it is old.
    pub(super) fn is_pruned(&self, key: EntryKey) -> bool {
        let first = self.receipts_of(key.stream_id).next().map(|receipt| receipt.key.seq);
        let decided = self.stream(key.stream_id).is_some_and(|stream| key.seq <= stream.last_seq);
        self.history.receipts_pruned && decided && first.is_none_or(|first| key.seq < first)
    }

    /// The entry that a receipt is of, if its bytes are known.
    pub(super) fn entry(&self, receipt: &Receipt) -> Option<&Entry<'a>> {
        self.entries.get(&receipt.key)?.get(&receipt.hash)
    }

    /// Somebody has other bytes for the receipt's key, and nobody has its own.
    pub(super) fn is_contradicted(&self, receipt: &Receipt) -> bool {
        self.entries.get(&receipt.key).is_some_and(|futures| !futures.contains_key(&receipt.hash))
    }

    /// Where the entry of a receipt stood first, as far as anybody says.
    pub(super) fn origin(&self, receipt: &Receipt) -> Option<Origin> {
        receipt.origin.or_else(|| self.entry(receipt)?.origin())
    }

    /// Where the entry of a journal stood first, when it was offered again.
    pub(super) fn offered_again(&self, line: &JournalLine) -> Option<Origin> {
        self.entries.get(&line.kept.key)?.get(&line.kept.hash)?.origin()
    }

    /// A verdict without its `seq`.
    pub(super) fn verdict(&self, receipt: &Receipt) -> Option<&Value> {
        self.verdicts.get(&receipt.key)
    }

    /// What happened because of an entry, but for the case that keeps it.
    pub(super) fn effects(&self, key: EntryKey) -> impl Iterator<Item = &'a Event> {
        let all = self.events.get(&key).map(Vec::as_slice).unwrap_or_default();
        all.iter().copied().filter(|event| event.kind != "case.opened")
    }

    /// Entries that have events.
    pub(super) fn causes(&self) -> impl Iterator<Item = (EntryKey, &[&'a Event])> {
        self.events.iter().map(|(key, events)| (*key, events.as_slice()))
    }

    /// The entry was offered again and got the verdict it had already: nothing was decided here.
    pub(super) fn is_repeated(&self, receipt: &Receipt) -> bool {
        if receipt.origin.is_some() || self.effects(receipt.key).next().is_some() {
            return false;
        }
        let stream = receipt.key.stream_id;
        let device = self.stream(stream).and_then(|stream| stream.device);
        let elsewhere = device.zip(self.verdict(receipt)).is_some_and(|(device, verdict)| {
            let told = self.told_alike.get(&(device, verdict.to_string()));
            told.is_some_and(|streams| streams.iter().any(|other| *other != stream))
        });
        let entry = self.entry(receipt);
        elsewhere || entry.map_or_else(|| self.may_be_repeated(receipt), |entry| entry.origin().is_some())
    }

    /// Nobody has the entry's bytes any more, and another stream of its device has a verdict like this that was pruned.
    fn may_be_repeated(&self, receipt: &Receipt) -> bool {
        let device = |receipt: &Receipt| self.stream(receipt.key.stream_id).and_then(|stream| stream.device);
        let alike = |other: &Receipt| {
            other.verdict.is_none()
                && other.key.stream_id != receipt.key.stream_id
                && (other.outcome, other.reason) == (receipt.outcome, receipt.reason)
                && device(other) == device(receipt)
        };
        self.history.receipts.iter().any(alike)
    }

    /// Every line of every journal, with its phone.
    pub(super) fn journal_lines(&self) -> impl Iterator<Item = (&'a Device, &'a JournalLine)> {
        self.history.devices.iter().flat_map(|device| device.journal.iter().map(move |line| (device, line)))
    }
}

/// A verdict's members without `seq`; none when it is no object.
pub(super) fn apart_from_seq(text: &str) -> Option<Value> {
    let mut value: Value = serde_json::from_str(text).ok()?;
    value.as_object_mut()?.remove("seq");
    Some(value)
}

/// An entry, for people.
pub(super) fn named(key: EntryKey) -> String {
    format!("entry {} of stream {}", key.seq, key.stream_id)
}
