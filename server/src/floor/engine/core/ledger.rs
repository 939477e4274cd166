//! What one transaction did, collected while it is judged.
//!
//! Operations [`Ledger::record`] what they did; nothing of it reaches the database before the end. The order of the writes is the protocol's
//! (`sync-protocol.md` section 5): everything that needs no cursor, then the heads of the topics, then feed rows, receipts and watermarks in
//! one statement, then COMMIT (`engine/write`).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use floorline_domain::{EntryKey, OrgId, UserId};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::receipt::Head;
use super::record::{Actor, Cause, Record, Subject, Topic};
use crate::identity::push::{News, Notice};

/// An event, to be stored.
#[derive(Debug)]
pub struct EventRow {
    /// What changed.
    pub subject: Subject,
    /// The subject's version after it.
    pub version: i64,
    /// Its place among the events of its entry.
    pub ordinal: i32,
    /// `noun.past_participle`.
    pub kind: &'static str,
    /// The change.
    pub body: Value,
    /// The entry that brought it about.
    pub cause: Cause,
}

/// A line of a feed.
#[derive(Debug)]
pub struct FeedRow<'a> {
    /// The topic's name.
    pub topic: &'a str,
    /// Its place there.
    pub cursor: i64,
    /// The organisation that reads it.
    pub reader: OrgId,
    /// What is told.
    pub body: &'a str,
}

/// What a line of a feed tells.
#[derive(Serialize)]
struct Line<'a, State> {
    kind: &'a str,
    subject: Subject,
    after: &'a State,
    data: &'a Value,
    actor: &'a Actor,
    cause: EntryKey,
    occurred_at: DateTime<Utc>,
    uncertainty_ms: Option<i64>,
    recorded_at: DateTime<Utc>,
}

/// How far a topic is to be moved; by nothing when it is only read.
#[derive(Debug)]
pub struct TopicMove<'a> {
    /// The topic's name.
    pub name: &'a str,
    /// The organisation that reads it.
    pub reader: OrgId,
    /// New lines of its feed.
    pub rows: i64,
}

/// Work for after the commit.
#[derive(Debug)]
pub struct JobRow {
    /// Which.
    pub kind: &'static str,
    /// With what.
    pub payload: Value,
    /// Not before.
    pub run_at: DateTime<Utc>,
}

/// A link of the audit chain.
#[derive(Debug)]
pub struct Audit {
    /// Who did it.
    pub actor: UserId,
    /// What.
    pub kind: &'static str,
    /// To what.
    pub detail: Value,
}

/// Collects what one transaction did.
pub struct Ledger {
    org: OrgId,
    now: DateTime<Utc>,
    cause: Cause,
    ordinal: i32,
    events: Vec<EventRow>,
    /// Topic and line.
    feed: Vec<(String, String)>,
    jobs: Vec<JobRow>,
    notices: BTreeMap<(UserId, News), Notice>,
    audits: Vec<Audit>,
    /// Topics to move or to read, with their reader: name → (reader, rows).
    topics: BTreeMap<String, (OrgId, i64)>,
    heads: BTreeMap<String, Head>,
}

impl Ledger {
    /// An empty ledger for a transaction of `org` that happens `now`, in which `cause` is the first entry.
    pub fn new(org: OrgId, now: DateTime<Utc>, cause: Cause) -> Self {
        Self {
            org,
            now,
            cause,
            ordinal: 0,
            events: Vec::new(),
            feed: Vec::new(),
            jobs: Vec::new(),
            notices: BTreeMap::new(),
            audits: Vec::new(),
            topics: BTreeMap::new(),
            heads: BTreeMap::new(),
        }
    }

    /// When the transaction happens.
    pub const fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The organisation that owns everything here.
    pub const fn org(&self) -> OrgId {
        self.org
    }

    /// Who does the present entry.
    pub const fn actor(&self) -> &Actor {
        &self.cause.actor
    }

    /// The present entry.
    pub const fn cause(&self) -> &Cause {
        &self.cause
    }

    /// Goes on to the next entry of the batch.
    pub fn begin(&mut self, cause: Cause) {
        self.cause = cause;
        self.ordinal = 0;
    }

    /// Logs one change of the present entry and tells it to its topics.
    pub fn record<State: Serialize>(&mut self, record: Record<State>) {
        let Record { subject, version, kind, data, after, topics, brand_after } = record;
        for topic in topics {
            let body = match (&topic, &brand_after) {
                (Topic::Order { .. }, None) => continue,
                (Topic::Order { .. }, Some(view)) => json!({
                    "kind": kind, "subject": subject, "after": view, "occurred_at": self.cause.occurred_at, "recorded_at": self.now,
                })
                .to_string(),
                _ => self.line(kind, subject, &after, &data),
            };
            let name = topic.name(self.org);
            self.topics.entry(name.clone()).or_insert((topic.reader(self.org), 0)).1 += 1;
            self.feed.push((name, body));
        }
        self.events.push(EventRow {
            subject,
            version,
            ordinal: self.ordinal,
            kind,
            body: data,
            cause: self.cause.clone(),
        });
        self.ordinal += 1;
    }

    /// A change as the organisation's own people read it, written without a detour: this is the most frequent text of all.
    fn line<State: Serialize>(&self, kind: &str, subject: Subject, after: &State, data: &Value) -> String {
        let Cause { stream_id, seq, actor, occurred_at, uncertainty_ms } = &self.cause;
        let line = Line {
            kind,
            subject,
            after,
            data,
            actor,
            cause: EntryKey { stream_id: *stream_id, seq: *seq },
            occurred_at: *occurred_at,
            uncertainty_ms: *uncertainty_ms,
            recorded_at: self.now,
        };
        serde_json::to_string(&line).unwrap_or_default()
    }

    /// Notes in the audit chain that the actor overrode a rule; written last of all, as its lock is.
    pub fn audit(&mut self, kind: &'static str, detail: Value) {
        self.audits.push(Audit { actor: self.cause.actor.id, kind, detail });
    }

    /// Queues work for after the commit.
    pub fn job(&mut self, kind: &'static str, payload: Value, run_at: DateTime<Utc>) {
        self.jobs.push(JobRow { kind, payload, run_at });
    }

    /// Tells a person something on their phones, after the commit. What one transaction tells somebody of several things is one notice.
    pub fn tell(&mut self, user: UserId, news: News, of: Uuid) {
        let now = self.now;
        self.notices.entry((user, news)).or_insert_with(|| Notice::new(user, news, now)).add(of);
    }

    /// How many rows `topic` has been told so far; with [`Ledger::cursor`] the position of what comes next or came last.
    pub fn mark(&mut self, topic: &Topic) -> i64 {
        self.topics.entry(topic.name(self.org)).or_insert((topic.reader(self.org), 0)).1
    }

    /// The cursor at a [`Ledger::mark`]; after [`Ledger::moved`].
    pub fn cursor(&self, topic: &Topic, mark: i64) -> Option<i64> {
        let name = topic.name(self.org);
        let (_, rows) = self.topics.get(&name)?;
        self.heads.get(&name).map(|head| head.head - rows + mark)
    }

    /// Whether work was queued for after the commit.
    pub fn brings_jobs(&self) -> bool {
        !self.jobs.is_empty() || !self.notices.is_empty()
    }

    /// Whether anything was recorded.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.topics.is_empty() && !self.brings_jobs()
    }

    /// Where each topic is to be moved.
    pub fn moves(&self) -> impl Iterator<Item = TopicMove<'_>> {
        self.topics.iter().map(|(name, (reader, rows))| TopicMove { name, reader: *reader, rows: *rows })
    }

    /// The topics were moved, and stand here now.
    pub fn moved(&mut self, heads: Vec<Head>) {
        self.heads = heads.into_iter().map(|head| (head.topic.clone(), head)).collect();
    }

    /// The position that the last feed row of `topic` got, or its head when nothing was told; after [`Ledger::moved`].
    pub fn head(&self, topic: &Topic) -> Option<&Head> {
        self.heads.get(&topic.name(self.org))
    }

    /// Every topic's head; after [`Ledger::moved`].
    pub fn heads(&self) -> impl Iterator<Item = &Head> {
        self.heads.values()
    }

    /// The events, in the order they happened.
    pub fn events(&self) -> &[EventRow] {
        &self.events
    }

    /// The events recorded so far are written; an operation on very many items need not keep them all until its end.
    pub fn forget_events(&mut self) {
        self.events.clear();
    }

    /// Work to be queued.
    pub fn jobs(&self) -> &[JobRow] {
        &self.jobs
    }

    /// What people are told on their phones.
    pub fn notices(&self) -> impl ExactSizeIterator<Item = &Notice> {
        self.notices.values()
    }

    /// What goes into the audit chain.
    pub fn audits(&self) -> &[Audit] {
        &self.audits
    }

    /// What the feeds are told, each with its cursor; after [`Ledger::moved`]. A topic's rows end at its head, in the order they were
    /// recorded.
    pub fn feed(&self) -> Vec<FeedRow<'_>> {
        let mut next: BTreeMap<&str, i64> = self
            .topics
            .iter()
            .filter_map(|(name, (_, rows))| self.heads.get(name).map(|head| (name.as_str(), head.head - rows)))
            .collect();
        let rows = self.feed.iter().map(|(topic, body)| {
            let cursor = next.entry(topic.as_str()).or_default();
            *cursor += 1;
            let reader = self.topics.get(topic).map_or(self.org, |(reader, _)| *reader);
            FeedRow { topic, cursor: *cursor, reader, body }
        });
        rows.collect()
    }
}
