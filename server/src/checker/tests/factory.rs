//! A factory in memory: phones that save and offer entries, and a server that decides them by the domain's rules and leaves the rows that
//! the real one leaves. Small enough to be seen to be right; what it makes is sound until a test doctors it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use floorline_domain::item::{self, Actor, Change, Command, Context, Item, New, Stamp};
use floorline_domain::permission::{Permission, PermissionSet};
use floorline_domain::workflow::Workflow;
use floorline_domain::{
    CaseId, DeviceId, EntryKey, ItemId, LocationId, OrgId, Outcome, Reason, Refusal, StreamId, UserId,
    WorkflowVersionId,
};
use floorline_mobile_sync::chain::{self, Hash};
use floorline_mobile_sync::entry::{Clock, Entry, Origin};
use floorline_mobile_sync::feed::Subject;
use floorline_mobile_sync::limits::SCHEMA;
use floorline_mobile_sync::op::{Operation, read_entry};
use floorline_mobile_sync::store::{ActId, Attention, JournalLine, Kept, Settled};
use floorline_mobile_sync::topic::{Position, Topic};
use floorline_mobile_sync::verdict::{After, Verdict};
use floorline_mobile_sync::wire::Raw;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::checker::history::{
    Case, CaseEntry, Columns, Device, Event, FeedRow, History, ItemRow, Owned, Receipt, Stream, Told, TopicRow,
    WorkflowVersion,
};

pub(super) const EPOCH: &str = "9f3c";

/// Which phone of the factory.
#[derive(Clone, Copy)]
pub(super) struct PhoneNo(usize);

/// One organisation with one site, and everything that ever happened there.
pub(super) struct Factory {
    pub(super) history: History,
    pub(super) org: OrgId,
    pub(super) site: LocationId,
    worker: UserId,
    version: WorkflowVersionId,
    workflow: Workflow,
    server: StreamId,
    items: BTreeMap<ItemId, Item>,
    /// The last id given.
    ids: u128,
    seconds: i64,
}

/// Something that asks for a verdict.
struct Arrival {
    key: EntryKey,
    hash: Hash,
    bytes: String,
    entry: Entry,
    /// Named in the receipt when it is decided here.
    origin: Option<Origin>,
    fenced: bool,
}

impl Factory {
    pub(super) fn new(number: u128) -> Self {
        let workflow = Workflow::read(json!({"name": "Line", "entry": "cut", "stages": [
            {"key": "cut", "name": "Cut", "order": 1, "next": [{"to": "sew"}],
             "actions": [{"key": "note", "kind": "note", "label": "Note", "required": true}]},
            {"key": "sew", "name": "Sew", "order": 2, "next": [{"to": "pack"}], "rework": [{"to": "cut", "max_visits": 2}]},
            {"key": "pack", "name": "Pack", "order": 3, "next": []}]}))
        .unwrap();
        let mut factory = Self {
            history: History { server_epoch: EPOCH.to_owned(), ..History::default() },
            org: OrgId(Uuid::nil()),
            site: LocationId(Uuid::nil()),
            worker: UserId(Uuid::nil()),
            version: WorkflowVersionId(Uuid::nil()),
            workflow,
            server: StreamId(Uuid::nil()),
            items: BTreeMap::new(),
            ids: number << 64,
            seconds: 0,
        };
        factory.org = OrgId(factory.id());
        factory.site = LocationId(factory.id());
        factory.worker = UserId(factory.id());
        factory.version = WorkflowVersionId(factory.id());
        factory.server = factory.stream(None);
        for id in [factory.site.0, factory.worker.0] {
            factory.history.owned.push(Owned { org: factory.org, id, reader: None });
        }
        let (org, id, workflow) = (factory.org, factory.version, factory.workflow.clone());
        factory.history.workflows.push(WorkflowVersion { org, id, workflow });
        factory
    }

    fn id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(self.ids)
    }

    fn now(&mut self) -> DateTime<Utc> {
        self.seconds += 1;
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(self.seconds)
    }

    fn stream(&mut self, device: Option<DeviceId>) -> StreamId {
        let id = StreamId(self.id());
        let (org, site, last_hash) = (self.org, Some(self.site), chain::start(id));
        self.history.streams.push(Stream { org, id, device, site, last_seq: 0, last_hash, fence: None });
        id
    }

    fn stream_row(&mut self, id: StreamId) -> &mut Stream {
        self.history.streams.iter_mut().find(|stream| stream.id == id).unwrap()
    }

    pub(super) fn user_topic(&self) -> Topic {
        Topic::User(self.worker)
    }

    /// A new item, made by the server without a word to the floor, as the acceptance of an order does.
    pub(super) fn item(&mut self) -> ItemId {
        let (id, now) = (ItemId(self.id()), self.now());
        let key = EntryKey { stream_id: self.server, seq: self.stream_row(self.server).last_seq + 1 };
        let new = New {
            id,
            code: format!("CAP-{}", self.ids),
            order_id: None,
            line_id: None,
            parent_id: None,
            workflow_version_id: self.version,
            site_id: self.site,
            location_id: None,
            priority: Default::default(),
            stage: "cut".to_owned(),
            attributes: Default::default(),
            components: Default::default(),
        };
        let event = item::create(new, Stamp { by: self.worker, at: now, entry: key });
        let item = item::fold([&event]).unwrap();
        self.log(key, "item", id.0, 1, event.kind(), serde_json::to_value(&event).unwrap());
        self.items.insert(id, item);
        let hash = chain::next(&self.stream_row(self.server).last_hash, b"{}");
        self.store(key, hash, &Verdict::new(key.seq, Outcome::Applied), None);
        id
    }

    /// A new phone.
    pub(super) fn phone(&mut self) -> PhoneNo {
        let id = DeviceId(self.id());
        self.stream(Some(id));
        self.history.owned.push(Owned { org: self.org, id: id.0, reader: None });
        self.history.devices.push(Device {
            id,
            destroyed: false,
            copied: false,
            journal: Vec::new(),
            told: Vec::new(),
        });
        PhoneNo(self.history.devices.len() - 1)
    }

    fn open_stream(&self, phone: PhoneNo) -> StreamId {
        let device = self.history.devices[phone.0].id;
        self.history.streams.iter().rev().find(|stream| stream.device == Some(device)).unwrap().id
    }

    /// Saves an act on the phone.
    pub(super) fn save(&mut self, phone: PhoneNo, item: Option<ItemId>, op: Operation) {
        let stage = item.map(|id| self.items[&id].stage.clone());
        self.save_at(phone, item, stage, op);
    }

    /// Saves an act of someone who believes the item to be at a stage.
    pub(super) fn save_at(&mut self, phone: PhoneNo, item_id: Option<ItemId>, stage: Option<String>, op: Operation) {
        let clock = Clock { device_time: 0, monotonic: self.seconds * 20_000, boot_id: "b1".to_owned() };
        let entry = Entry {
            seq: 0,
            schema: SCHEMA,
            op,
            item_id,
            stage,
            base: None,
            actor: self.worker,
            lease_id: None,
            clock: Some(clock),
            blobs: Vec::new(),
            origin: None,
        };
        let line = self.line(phone, entry);
        self.history.devices[phone.0].journal.push(line);
    }

    /// The entry at the end of the phone's stream.
    /// The entry that was saved last on a phone.
    pub(super) fn latest(&self, phone: PhoneNo) -> EntryKey {
        self.history.devices[phone.0].journal.last().unwrap().kept.key
    }

    fn line(&self, phone: PhoneNo, mut entry: Entry) -> JournalLine {
        let (stream_id, journal) = (self.open_stream(phone), &self.history.devices[phone.0].journal);
        let last = journal.iter().rev().find(|line| line.kept.key.stream_id == stream_id);
        let (seq, before) = last.map_or((0, chain::start(stream_id)), |line| (line.kept.key.seq, line.kept.hash));
        entry.seq = seq + 1;
        let bytes = Raw::of(&entry).unwrap();
        let hash = chain::next(&before, bytes.bytes());
        let (act, key) = (ActId(u64::try_from(journal.len()).unwrap() + 1), EntryKey { stream_id, seq: seq + 1 });
        JournalLine { kept: Kept { act, key, bytes, hash, made_time: 0, earlier: None }, settled: None }
    }

    /// The stream is sealed; what has no verdict is offered again on another one.
    pub(super) fn reseal(&mut self, phone: PhoneNo) {
        let device = self.history.devices[phone.0].id;
        self.stream(Some(device));
        let journal = std::mem::take(&mut self.history.devices[phone.0].journal);
        for line in journal {
            if line.settled.is_some() {
                self.history.devices[phone.0].journal.push(line);
                continue;
            }
            let Kept { key, bytes, hash, act, .. } = line.kept;
            let mut entry = read_entry(bytes.bytes(), key.seq).unwrap();
            entry.origin.get_or_insert(Origin { stream_id: key.stream_id, seq: key.seq, hash });
            let mut line = self.line(phone, entry);
            line.kept.act = act;
            self.history.devices[phone.0].journal.push(line);
        }
    }

    /// Sends what has no verdict, and keeps the answers.
    pub(super) fn deliver(&mut self, phone: PhoneNo) {
        for (place, text) in self.decide_all(phone) {
            let device = &mut self.history.devices[phone.0];
            let line = &mut device.journal[place];
            device.told.push(Told::about(&line.kept, EPOCH, text.clone()));
            let verdict = Raw::new(text).unwrap();
            line.settled = Some(Settled { verdict, attention: Attention::None, shown_until: None, settled_time: 0 });
        }
    }

    /// Sends the first `n` without a verdict; the connection dies before an answer.
    pub(super) fn deliver_unanswered(&mut self, phone: PhoneNo, n: usize) {
        let journal = self.history.devices[phone.0].journal.clone();
        let kept = journal.iter().filter(|line| line.settled.is_none()).take(n).count();
        let settled = journal.iter().filter(|line| line.settled.is_some()).count();
        self.history.devices[phone.0].journal.truncate(settled + kept);
        self.decide_all(phone);
        self.history.devices[phone.0].journal = journal;
    }

    fn decide_all(&mut self, phone: PhoneNo) -> Vec<(usize, String)> {
        let journal = self.history.devices[phone.0].journal.clone();
        let unsettled = journal.into_iter().enumerate().filter(|(_, line)| line.settled.is_none());
        unsettled.map(|(place, line)| (place, self.decide(phone, &line.kept))).collect()
    }

    fn decide(&mut self, phone: PhoneNo, kept: &Kept) -> String {
        if let Some(receipt) = self.history.receipts.iter().find(|receipt| receipt.key == kept.key) {
            return receipt.verdict.clone().unwrap();
        }
        let entry = read_entry(kept.bytes.bytes(), kept.key.seq).unwrap();
        if let Some(found) = entry.origin.and_then(|origin| self.found(origin)) {
            let again = Verdict { seq: kept.key.seq, ..serde_json::from_str(&found).unwrap() };
            return self.store(kept.key, kept.hash, &again, None);
        }
        let device = self.history.devices[phone.0].id;
        let fenced = self.history.streams.iter().any(|stream| stream.device == Some(device) && stream.fence.is_some());
        let (origin, bytes) = (entry.origin, kept.bytes.text().to_owned());
        self.judge(Arrival { key: kept.key, hash: kept.hash, bytes, entry, origin, fenced })
    }

    fn found(&self, origin: Origin) -> Option<String> {
        let own = |receipt: &&Receipt| {
            (receipt.key.stream_id, receipt.key.seq, receipt.hash) == (origin.stream_id, origin.seq, origin.hash)
        };
        let receipts = &self.history.receipts;
        let found = receipts.iter().find(own).or_else(|| receipts.iter().find(|it| it.origin == Some(origin)))?;
        found.verdict.clone()
    }

    fn judge(&mut self, arrival: Arrival) -> String {
        let mut verdict = Verdict::new(arrival.key.seq, Outcome::Applied);
        let decided = match &arrival.entry.op {
            _ if arrival.fenced => Err(Refusal::new(Reason::DeviceRevoked)),
            Operation::Item(command) => {
                let permissions: PermissionSet = Permission::ALL.iter().copied().collect();
                let actor = Actor { id: arrival.entry.actor, permissions: &permissions, roles: &[] };
                let now = self.now();
                let mut context = Context::new(&self.workflow, actor, arrival.key, now);
                context.expected_stage = arrival.entry.stage.as_deref();
                item::decide(&self.items[&arrival.entry.item_id.unwrap()], command, &context)
            }
            _ => Ok(Vec::new()),
        };
        match decided {
            Ok(events) => verdict.after = self.book(&arrival, &events),
            Err(refusal) => {
                (verdict.outcome, verdict.reason) = (refusal.outcome, Some(refusal.reason));
                if refusal.outcome != Outcome::Noop {
                    verdict.case_id = Some(self.open_case(&arrival));
                }
            }
        }
        if matches!(verdict.outcome, Outcome::Applied | Outcome::Noop) {
            let topic = Topic::Site(self.site);
            verdict.at = Some(Position { topic, cursor: self.topic(topic).head });
        }
        self.store(arrival.key, arrival.hash, &verdict, arrival.origin)
    }

    /// Books these changes without asking any rule, as a server with a fault would.
    pub(super) fn force(&mut self, phone: PhoneNo, item: ItemId, changes: impl IntoIterator<Item = Change>) {
        self.save(phone, Some(item), Operation::Item(Command::Claim));
        let Kept { key, hash, bytes, .. } = self.history.devices[phone.0].journal.last().unwrap().kept.clone();
        let entry = read_entry(bytes.bytes(), key.seq).unwrap();
        let arrival = Arrival { key, hash, bytes: bytes.text().to_owned(), entry, origin: None, fenced: false };
        let stamp = Stamp { by: self.worker, at: self.now(), entry: key };
        let events: Vec<_> = changes.into_iter().map(|change| item::Event { change, stamp }).collect();
        let after = self.book(&arrival, &events);
        self.store(key, hash, &Verdict { after, ..Verdict::new(key.seq, Outcome::Applied) }, None);
        self.deliver(phone);
    }

    fn book(&mut self, arrival: &Arrival, events: &[item::Event]) -> Option<After> {
        let mut after = None;
        for event in events {
            let id = arrival.entry.item_id?;
            let item = item::apply(self.items[&id].clone(), event);
            let body = serde_json::to_value(event).unwrap();
            self.log(arrival.key, "item", id.0, item.version, event.kind(), body);
            let state = serde_json::to_value(&item).unwrap();
            self.tell(Topic::Site(self.site), arrival.key, event.kind(), "item", id.0, state);
            after = Some(After { item_id: id, version: item.version, stage: item.stage.clone() });
            self.items.insert(id, item);
        }
        after
    }

    fn open_case(&mut self, arrival: &Arrival) -> CaseId {
        let id = CaseId(self.id());
        self.history.cases.push(Case { org: self.org, id });
        let (org, key, hash, body) = (self.org, arrival.key, arrival.hash, arrival.bytes.clone());
        self.history.case_entries.push(CaseEntry { org, case: id, key, hash, body });
        self.log(key, "case", id.0, 1, "case.opened", json!({ "id": id }));
        self.tell(self.user_topic(), key, "case.opened", "case", id.0, json!({ "id": id }));
        id
    }

    /// A person books the last case that was opened.
    pub(super) fn book_case(&mut self) {
        let CaseEntry { key, hash, body, .. } = self.history.case_entries.last().unwrap().clone();
        let server = self.stream_row(self.server);
        let (seq, before) = (server.last_seq + 1, server.last_hash);
        let entry = Entry { stage: None, ..read_entry(body.as_bytes(), key.seq).unwrap() };
        let origin = Some(Origin { stream_id: key.stream_id, seq: key.seq, hash });
        let bytes = Raw::of(&Entry { seq, origin, ..entry.clone() }).unwrap().text().to_owned();
        let (key, hash) = (EntryKey { stream_id: self.server, seq }, chain::next(&before, bytes.as_bytes()));
        self.judge(Arrival { key, hash, bytes, entry, origin, fenced: false });
    }

    /// The phone is shut out.
    pub(super) fn revoke(&mut self, phone: PhoneNo) {
        let stream = self.open_stream(phone);
        let row = self.stream_row(stream);
        row.fence = Some(row.last_seq);
    }

    /// The phone is gone, with what it had not sent.
    pub(super) fn destroy(&mut self, phone: PhoneNo) {
        self.history.devices[phone.0].destroyed = true;
    }

    fn store(&mut self, key: EntryKey, hash: Hash, verdict: &Verdict, origin: Option<Origin>) -> String {
        let text = serde_json::to_string(verdict).unwrap();
        let (org, outcome, reason) = (self.org, verdict.outcome, verdict.reason);
        self.history.receipts.push(Receipt { org, key, hash, outcome, reason, verdict: Some(text.clone()), origin });
        let row = self.stream_row(key.stream_id);
        (row.last_seq, row.last_hash) = (key.seq, hash);
        text
    }

    fn log(&mut self, key: EntryKey, kind: &str, id: Uuid, version: i64, name: &str, body: Value) {
        let (org, subject) = (self.org, Subject { kind: kind.to_owned(), id });
        self.history.events.push(Event { org, subject, version, key, kind: name.to_owned(), body });
    }

    fn topic(&mut self, topic: Topic) -> &mut TopicRow {
        let (org, topics) = (self.org, &mut self.history.topics);
        let place = topics.iter().position(|row| row.topic == topic).unwrap_or_else(|| {
            topics.push(TopicRow { org, topic, reader: org, head: 0, floor: 0 });
            topics.len() - 1
        });
        &mut topics[place]
    }

    fn tell(&mut self, topic: Topic, key: EntryKey, kind: &str, noun: &str, id: Uuid, after: Value) {
        let row = self.topic(topic);
        row.head += 1;
        let (org, cursor, reader) = (row.org, row.head, row.reader);
        let body =
            json!({ "kind": kind, "subject": { "type": noun, "id": id }, "after": after, "data": {}, "cause": key });
        self.history.feed.push(FeedRow { org, topic, cursor, reader, body: body.to_string() });
    }

    /// The factory's history as it stands.
    pub(super) fn finish(mut self) -> History {
        let rows =
            self.items.values().map(|item| ItemRow { org: self.org, state: item.clone(), columns: Columns::of(item) });
        self.history.items = rows.collect();
        self.history
    }
}
