//! What a transaction writes: kept apart until COMMIT, which brings all of it to the tables or nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use floorline_domain::{CaseId, DeviceId, EntryKey, LabelId, OrderId, OrgId, StreamId, UserId};
use floorline_mobile_sync::chain::Hash;
use floorline_mobile_sync::feed::Subject;
use floorline_server::checker;
use floorline_server::floor::engine::core::{
    CaseState, HeldItem, HeldLabel, HeldOrder, HeldShift, JobRow, Judged, NewCase, Receipt, Settled, Watermark,
};
use uuid::Uuid;

use super::tables::{CaseRow, ReceiptRow, Tables};
use crate::scene;

/// Everything one transaction writes.
pub(crate) struct Commit {
    pub(crate) now: DateTime<Utc>,
    pub(crate) receipts: Vec<Receipt>,
    pub(crate) watermarks: Vec<Watermark>,
    pub(crate) sealed: Vec<Uuid>,
    pub(crate) items: Vec<HeldItem>,
    pub(crate) events: Vec<Arc<checker::Event>>,
    pub(crate) jobs: Vec<JobRow>,
    pub(crate) cases: Vec<NewCase>,
    /// Streams that phones left: those that nobody knows are made, sealed. Whoever would open one waits for its lock until then.
    pub(crate) left: BTreeMap<StreamId, DeviceId>,
    /// A case that is closed with it.
    pub(crate) booked: Option<CaseId>,
    orders: Vec<(OrderId, HeldOrder)>,
    labels: Vec<(LabelId, HeldLabel)>,
    shifts: Vec<HeldShift>,
    touched: Vec<UserId>,
    /// Name, reader, epoch and new head.
    topics: Vec<(String, OrgId, String, i64)>,
    /// Topic, cursor, line.
    feed: Vec<(String, i64, Arc<str>)>,
}

/// Collects what a judged batch wrote.
pub(crate) fn prepare(judged: &Judged<'_>, settled: &mut Settled, now: DateTime<Utc>) -> Commit {
    let world = &judged.world;
    let ledger = &judged.ledger;
    let changed = |held: &&HeldItem| held.changed;
    let readers: BTreeMap<&str, OrgId> = ledger.moves().map(|topic| (topic.name, topic.reader)).collect();
    let topics = ledger.heads().map(|head| {
        let reader = readers.get(head.topic.as_str()).copied().unwrap_or_else(|| ledger.org());
        (head.topic.clone(), reader, head.epoch.clone(), head.head)
    });
    Commit {
        now,
        receipts: std::mem::take(&mut settled.receipts),
        watermarks: std::mem::take(&mut settled.watermarks),
        sealed: std::mem::take(&mut settled.sealed),
        items: world.items.values().filter(changed).cloned().collect(),
        events: ledger.events().iter().map(|row| Arc::new(event(ledger.org(), row))).collect(),
        jobs: ledger.jobs().iter().map(again).collect(),
        cases: world.cases.clone(),
        left: BTreeMap::new(),
        booked: None,
        orders: world.orders.iter().filter(|(_, held)| held.changed).map(|(id, held)| (*id, held.clone())).collect(),
        labels: world
            .held_labels
            .iter()
            .filter(|(_, held)| held.changed)
            .map(|(id, held)| (*id, held.clone()))
            .collect(),
        shifts: world.shift_rows.clone(),
        touched: world.touched.iter().copied().collect(),
        topics: topics.collect(),
        feed: ledger.feed().into_iter().map(|row| (row.topic.to_owned(), row.cursor, row.body.into())).collect(),
    }
}

fn event(org: OrgId, row: &floorline_server::floor::engine::core::EventRow) -> checker::Event {
    checker::Event {
        org,
        subject: Subject { kind: row.subject.kind.to_owned(), id: row.subject.id },
        version: row.version,
        key: EntryKey { stream_id: row.cause.stream_id, seq: row.cause.seq },
        kind: row.kind.to_owned(),
        body: row.body.clone(),
    }
}

fn again(job: &JobRow) -> JobRow {
    JobRow { kind: job.kind, payload: job.payload.clone(), run_at: job.run_at }
}

impl Commit {
    /// Brings it to the tables; `unkeyed` as if versions had no unique key.
    ///
    /// # Errors
    /// A key that is taken; then nothing is written.
    pub(crate) fn apply(self, tables: &mut Tables, unkeyed: bool) -> Result<(), String> {
        self.check(tables, unkeyed)?;
        self.cases.iter().for_each(|case| keep(tables, case, self.now));
        if let Some(case) = self.booked.and_then(|id| tables.cases.get_mut(&id)) {
            Arc::make_mut(case).state = CaseState::Booked;
        }
        for held in self.items {
            tables.items.insert(held.item.id, Arc::new(HeldItem { changed: false, ..held }));
        }
        for (id, held) in self.orders {
            tables.orders.insert(id, HeldOrder { changed: false, ..held });
        }
        for (id, held) in self.labels {
            tables.labels.insert(id, HeldLabel { changed: false, ..held });
        }
        for held in self.shifts {
            let user = held.shift.user_id;
            match held.shift.ended_at {
                Some(_) => drop(tables.shifts.remove(&user)),
                None => drop(tables.shifts.insert(user, held)),
            }
        }
        for user in self.touched {
            if let Some(held) = tables.shifts.get_mut(&user) {
                held.shift.last_active_at = self.now;
            }
        }
        for event in self.events {
            tables.versions.insert((event.subject.kind.clone(), event.subject.id, event.version));
            tables.events.push(event);
        }
        for (name, reader, epoch, head) in self.topics {
            let topic = tables.topic_mut(&name, reader, || epoch);
            topic.marks.entry(self.now.timestamp() / 3600).or_insert((self.now, head));
            topic.head = head;
        }
        for (name, cursor, line) in self.feed {
            if let Some(topic) = tables.topics.get_mut(&name) {
                topic.feed.push((cursor, line));
            }
        }
        receipts(tables, self.receipts, &self.cases);
        for mark in self.watermarks {
            if let Some(row) = tables.streams.get_mut(&mark.stream_id) {
                row.held.last_seq = mark.last_seq;
                row.held.stored_seq = mark.last_seq;
                row.held.last_hash = Hash(mark.last_hash);
                row.held.last_occurred_at = mark.last_occurred_at;
                row.held.recent_scans = serde_json::from_value(mark.recent_scans).unwrap_or_default();
            }
        }
        for (stream, device) in self.left {
            if !tables.streams.contains_key(&stream) {
                scene::open_stream(tables, stream, Some(device));
                tables.seal(stream);
            }
        }
        self.sealed.into_iter().for_each(|stream| tables.seal(StreamId(stream)));
        Ok(())
    }

    /// The tables' unique keys.
    fn check(&self, tables: &Tables, unkeyed: bool) -> Result<(), String> {
        let version = |event: &&Arc<checker::Event>| {
            tables.versions.contains(&(event.subject.kind.clone(), event.subject.id, event.version))
        };
        if let Some(event) = self.events.iter().find(version).filter(|_| !unkeyed) {
            return Err(format!("{} {} has version {} already", event.subject.kind, event.subject.id, event.version));
        }
        let receipt = |receipt: &&Receipt| tables.receipts.contains_key(&(receipt.stream_id, receipt.seq));
        if let Some(receipt) = self.receipts.iter().find(receipt) {
            return Err(format!("entry {} of {} has a receipt already", receipt.seq, receipt.stream_id));
        }
        let origin = |receipt: &&Receipt| {
            let origin = receipt.origin.map(|(stream, seq, hash)| (stream, seq, Hash(hash)));
            origin.is_some_and(|origin| tables.origins.contains_key(&origin))
        };
        match self.receipts.iter().find(origin) {
            Some(receipt) => Err(format!("the origin of {} of {} was decided already", receipt.seq, receipt.stream_id)),
            None => Ok(()),
        }
    }
}

fn keep(tables: &mut Tables, case: &NewCase, now: DateTime<Utc>) {
    let row = tables
        .cases
        .entry(case.id)
        .or_insert_with(|| Arc::new(CaseRow { state: CaseState::Open, opened_at: now, entries: Vec::new() }));
    Arc::make_mut(row).entries.push(case.clone());
}

fn receipts(tables: &mut Tables, receipts: Vec<Receipt>, cases: &[NewCase]) {
    for receipt in receipts {
        let key = (receipt.stream_id, receipt.seq);
        if let Some((stream, seq, hash)) = receipt.origin {
            tables.origins.insert((stream, seq, Hash(hash)), key);
        }
        let case = cases.iter().find(|case| (case.stream, case.seq) == key).map(|case| case.id);
        tables.receipts.insert(key, Arc::new(ReceiptRow { receipt, case, kept: true }));
    }
}
