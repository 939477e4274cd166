//! The one log, being written: what a transaction changed, who must hear of it, and the receipts that make it happen once.
//!
//! Operations [`Ledger::record`] what they did; nothing reaches the database before [`Ledger::write_events`]. The order of the writes is the
//! protocol's (`sync-protocol.md` section 5): everything that needs no cursor, then the heads of the topics, then feed rows, receipts and
//! watermarks in one statement, then COMMIT by the caller.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, BigInt, Binary, Date, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::{
    CaseId, ItemId, LabelId, LocationId, OrderId, OrgId, Outcome, QueueId, Reason, ShiftId, StreamId, UserId,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::identity::audit;
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// Who an event is told to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Everybody on a site.
    Site(LocationId),
    /// What has no site yet: orders before acceptance, blank labels.
    Org,
    /// The brand of an order; its events carry the brand's view only.
    Order {
        /// The order.
        order: OrderId,
        /// The organisation that reads it.
        brand: OrgId,
    },
    /// One person: their cases and alerts.
    User(UserId),
}

impl Topic {
    /// The topic's name on the wire.
    pub fn name(&self, org: OrgId) -> String {
        match self {
            Self::Site(id) => format!("site:{id}"),
            Self::Org => format!("org:{org}"),
            Self::Order { order, .. } => format!("order:{order}"),
            Self::User(id) => format!("user:{id}"),
        }
    }

    fn reader(&self, org: OrgId) -> OrgId {
        match self {
            Self::Order { brand, .. } => *brand,
            _ => org,
        }
    }
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    kind: &'static str,
    id: Uuid,
}

impl Subject {
    /// An item.
    pub fn item(id: ItemId) -> Self {
        Self { kind: "item", id: id.0 }
    }

    /// An order.
    pub fn order(id: OrderId) -> Self {
        Self { kind: "order", id: id.0 }
    }

    /// A label.
    pub fn label(id: LabelId) -> Self {
        Self { kind: "label", id: id.0 }
    }

    /// A shift.
    pub fn shift(id: ShiftId) -> Self {
        Self { kind: "shift", id: id.0 }
    }

    /// A queue.
    pub fn queue(id: QueueId) -> Self {
        Self { kind: "queue", id: id.0 }
    }

    /// A case.
    pub fn case(id: CaseId) -> Self {
        Self { kind: "case", id: id.0 }
    }
}

/// The entry whose consequences are being recorded.
#[derive(Clone, Debug)]
pub struct Cause {
    /// Its stream.
    pub stream_id: StreamId,
    /// Its place there.
    pub seq: i64,
    /// Who did it.
    pub actor: Actor,
    /// When it was done, as far as clocks can be believed.
    pub occurred_at: DateTime<Utc>,
    /// How far off that may be.
    pub uncertainty_ms: Option<i64>,
}

/// Who did something.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The user.
    pub id: UserId,
    /// Their name at the time.
    pub name: String,
}

/// One change, to be logged and told.
#[derive(Clone, Debug)]
pub struct Record {
    /// What changed.
    pub subject: Subject,
    /// The subject's version after the change: the number of its events.
    pub version: i64,
    /// `noun.past_participle`.
    pub kind: &'static str,
    /// The change itself; folding these gives the subject.
    pub data: Value,
    /// The subject's public state after the change.
    pub after: Value,
    /// Who is told. A topic of an order is told `brand_after`, or nothing when that is absent.
    pub topics: Vec<Topic>,
    /// What the brand may see of it.
    pub brand_after: Option<Value>,
}

/// A receipt: the stored end of an entry.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The entry.
    pub stream_id: StreamId,
    /// Its place in the stream.
    pub seq: i64,
    /// Its hash.
    pub hash: [u8; 32],
    /// How it ended.
    pub outcome: Outcome,
    /// Why, when not applied.
    pub reason: Option<Reason>,
    /// Exactly the bytes that are sent.
    pub verdict: String,
    /// Who did it.
    pub actor_id: Option<UserId>,
    /// What the device's clock said.
    pub device_time: Option<i64>,
    /// When it was done.
    pub occurred_at: DateTime<Utc>,
    /// How far off that may be.
    pub uncertainty_ms: Option<i64>,
    /// The entry of an earlier stream that this one offers again.
    pub origin: Option<(StreamId, i64, [u8; 32])>,
}

/// Where a stream stands after the batch.
#[derive(Clone, Debug)]
pub struct Watermark {
    /// The stream.
    pub stream_id: StreamId,
    /// Its last entry with a verdict.
    pub last_seq: i64,
    /// That entry's hash.
    pub last_hash: [u8; 32],
    /// When its latest act happened; never goes back.
    pub last_occurred_at: Option<DateTime<Utc>>,
    /// Scans of the last ten seconds by the stream's own clock, for `DUPLICATE_SCAN`.
    pub recent_scans: Value,
}

/// A topic's head after the batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The topic's name.
    pub topic: String,
    /// Its last cursor.
    pub head: i64,
    /// Its epoch.
    pub epoch: String,
}

struct EventRow {
    subject: Subject,
    version: i64,
    ordinal: i32,
    kind: &'static str,
    body: Value,
    cause: Cause,
}

struct FeedRow {
    topic: String,
    body: String,
}

struct JobRow {
    kind: &'static str,
    payload: Value,
    run_at: DateTime<Utc>,
}

/// Collects what one transaction did.
pub struct Ledger {
    org: OrgId,
    now: DateTime<Utc>,
    cause: Cause,
    ordinal: i32,
    events: Vec<EventRow>,
    feed: Vec<FeedRow>,
    jobs: Vec<JobRow>,
    audits: Vec<(&'static str, Value)>,
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
    pub fn record(&mut self, record: Record) {
        let Record { subject, version, kind, data, after, topics, brand_after } = record;
        for topic in topics {
            let body = match (&topic, &brand_after) {
                (Topic::Order { .. }, None) => continue,
                (Topic::Order { .. }, Some(view)) => json!({
                    "kind": kind, "subject": { "type": subject.kind, "id": subject.id }, "after": view,
                    "occurred_at": self.cause.occurred_at, "recorded_at": self.now,
                }),
                _ => json!({
                    "kind": kind, "subject": { "type": subject.kind, "id": subject.id }, "after": after, "data": data,
                    "actor": { "id": self.cause.actor.id, "name": self.cause.actor.name },
                    "cause": { "stream_id": self.cause.stream_id, "seq": self.cause.seq },
                    "occurred_at": self.cause.occurred_at, "uncertainty_ms": self.cause.uncertainty_ms, "recorded_at": self.now,
                }),
            };
            let name = topic.name(self.org);
            self.topics.entry(name.clone()).or_insert((topic.reader(self.org), 0)).1 += 1;
            self.feed.push(FeedRow { topic: name, body: body.to_string() });
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

    /// Notes in the audit chain that the actor overrode a rule; written last of all, as its lock is.
    pub fn audit(&mut self, kind: &'static str, detail: Value) {
        self.audits.push((kind, detail));
    }

    /// Queues work for after the commit.
    pub fn job(&mut self, kind: &'static str, payload: Value, run_at: DateTime<Utc>) {
        self.jobs.push(JobRow { kind, payload, run_at });
    }

    /// How many rows `topic` has been told so far; with [`Ledger::cursor`] the position of what comes next or came last.
    pub fn mark(&mut self, topic: &Topic) -> i64 {
        self.topics.entry(topic.name(self.org)).or_insert((topic.reader(self.org), 0)).1
    }

    /// The cursor at a [`Ledger::mark`]; after [`Ledger::write_events`].
    pub fn cursor(&self, topic: &Topic, mark: i64) -> Option<i64> {
        let name = topic.name(self.org);
        let (_, rows) = self.topics.get(&name)?;
        self.heads.get(&name).map(|head| head.head - rows + mark)
    }

    /// Whether work was queued for after the commit.
    pub fn brings_jobs(&self) -> bool {
        !self.jobs.is_empty()
    }

    /// Whether anything was recorded.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.jobs.is_empty() && self.topics.is_empty()
    }

    /// Writes the events recorded so far, so that an operation on very many items need not keep them all until its end.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn flush_events(&mut self, tx: &mut TenantTx) -> Result<(), ApiError> {
        self.insert_events(tx).await?;
        self.events.clear();
        Ok(())
    }

    /// Writes events and jobs, then moves and reads the heads. Nothing that needs a lock may follow but [`Ledger::finish`].
    ///
    /// # Errors
    /// Those of the database.
    pub async fn write_events(&mut self, tx: &mut TenantTx) -> Result<(), ApiError> {
        self.insert_events(tx).await?;
        self.insert_jobs(tx).await?;
        self.move_heads(tx).await
    }

    /// The position that the last feed row of `topic` got, or its head when nothing was told; after [`Ledger::write_events`].
    pub fn head(&self, topic: &Topic) -> Option<&Head> {
        self.heads.get(&topic.name(self.org))
    }

    /// Every topic's head; after [`Ledger::write_events`].
    pub fn heads(&self) -> impl Iterator<Item = &Head> {
        self.heads.values()
    }

    /// Writes feed rows, receipts and watermarks in one statement. Only COMMIT may follow.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn finish(
        &self,
        tx: &mut TenantTx,
        receipts: &[Receipt],
        watermarks: &[Watermark],
    ) -> Result<(), ApiError> {
        let cursors = self.cursors();
        sql(include_str!("finish.sql"))
            .bind::<SqlUuid, _>(self.org.0)
            .bind::<Timestamptz, _>(self.now)
            .bind::<Date, _>(self.now.date_naive())
            .bind::<Array<Text>, _>(self.feed.iter().map(|row| row.topic.as_str()).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(cursors)
            .bind::<Array<SqlUuid>, _>(
                self.feed
                    .iter()
                    .map(|row| self.topics.get(&row.topic).map_or(self.org.0, |(reader, _)| reader.0))
                    .collect::<Vec<_>>(),
            )
            .bind::<Array<Text>, _>(self.feed.iter().map(|row| row.body.as_str()).collect::<Vec<_>>())
            .bind::<Array<SqlUuid>, _>(receipts.iter().map(|receipt| receipt.stream_id.0).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(receipts.iter().map(|receipt| receipt.seq).collect::<Vec<_>>())
            .bind::<Array<Binary>, _>(receipts.iter().map(|receipt| receipt.hash.as_slice()).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(receipts.iter().map(|receipt| receipt.outcome.as_str()).collect::<Vec<_>>())
            .bind::<Array<Nullable<Text>>, _>(
                receipts.iter().map(|receipt| receipt.reason.map(|reason| reason.as_str())).collect::<Vec<_>>(),
            )
            .bind::<Array<Text>, _>(receipts.iter().map(|receipt| receipt.verdict.as_str()).collect::<Vec<_>>())
            .bind::<Array<Nullable<SqlUuid>>, _>(
                receipts.iter().map(|receipt| receipt.actor_id.map(|id| id.0)).collect::<Vec<_>>(),
            )
            .bind::<Array<Nullable<BigInt>>, _>(receipts.iter().map(|receipt| receipt.device_time).collect::<Vec<_>>())
            .bind::<Array<Timestamptz>, _>(receipts.iter().map(|receipt| receipt.occurred_at).collect::<Vec<_>>())
            .bind::<Array<Nullable<BigInt>>, _>(
                receipts.iter().map(|receipt| receipt.uncertainty_ms).collect::<Vec<_>>(),
            )
            .bind::<Array<Nullable<SqlUuid>>, _>(
                receipts.iter().map(|receipt| receipt.origin.map(|origin| origin.0.0)).collect::<Vec<_>>(),
            )
            .bind::<Array<Nullable<BigInt>>, _>(
                receipts.iter().map(|receipt| receipt.origin.map(|origin| origin.1)).collect::<Vec<_>>(),
            )
            .bind::<Array<Nullable<Binary>>, _>(
                receipts.iter().map(|receipt| receipt.origin.map(|origin| origin.2.to_vec())).collect::<Vec<_>>(),
            )
            .bind::<Array<Text>, _>(self.heads.keys().map(String::as_str).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(self.heads.values().map(|head| head.head).collect::<Vec<_>>())
            .bind::<Array<SqlUuid>, _>(watermarks.iter().map(|mark| mark.stream_id.0).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(watermarks.iter().map(|mark| mark.last_seq).collect::<Vec<_>>())
            .bind::<Array<Binary>, _>(watermarks.iter().map(|mark| mark.last_hash.as_slice()).collect::<Vec<_>>())
            .bind::<Array<Nullable<Timestamptz>>, _>(
                watermarks.iter().map(|mark| mark.last_occurred_at).collect::<Vec<_>>(),
            )
            .bind::<Array<Jsonb>, _>(watermarks.iter().map(|mark| &mark.recent_scans).collect::<Vec<_>>())
            .execute(tx.conn())
            .await?;
        for (kind, detail) in &self.audits {
            audit::append(tx, Some(self.cause.actor.id), kind, detail.clone(), self.now).await?;
        }
        Ok(())
    }

    /// Each feed row's cursor: a topic's rows end at its head, in the order they were recorded.
    fn cursors(&self) -> Vec<i64> {
        let mut next: BTreeMap<&str, i64> = self
            .topics
            .iter()
            .filter_map(|(name, (_, rows))| self.heads.get(name).map(|head| (name.as_str(), head.head - rows)))
            .collect();
        self.feed
            .iter()
            .map(|row| {
                let cursor = next.entry(row.topic.as_str()).or_default();
                *cursor += 1;
                *cursor
            })
            .collect()
    }

    async fn insert_events(&self, tx: &mut TenantTx) -> Result<(), ApiError> {
        if self.events.is_empty() {
            return Ok(());
        }
        let rows = &self.events;
        sql(include_str!("insert_events.sql"))
            .bind::<SqlUuid, _>(self.org.0)
            .bind::<Timestamptz, _>(self.now)
            .bind::<Array<Text>, _>(rows.iter().map(|row| row.subject.kind).collect::<Vec<_>>())
            .bind::<Array<SqlUuid>, _>(rows.iter().map(|row| row.subject.id).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.version).collect::<Vec<_>>())
            .bind::<Array<SqlUuid>, _>(rows.iter().map(|row| row.cause.stream_id.0).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.cause.seq).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(rows.iter().map(|row| row.ordinal).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(rows.iter().map(|row| row.kind).collect::<Vec<_>>())
            .bind::<Array<Jsonb>, _>(rows.iter().map(|row| &row.body).collect::<Vec<_>>())
            .bind::<Array<SqlUuid>, _>(rows.iter().map(|row| row.cause.actor.id.0).collect::<Vec<_>>())
            .bind::<Array<Timestamptz>, _>(rows.iter().map(|row| row.cause.occurred_at).collect::<Vec<_>>())
            .bind::<Array<Nullable<BigInt>>, _>(rows.iter().map(|row| row.cause.uncertainty_ms).collect::<Vec<_>>())
            .execute(tx.conn())
            .await?;
        Ok(())
    }

    async fn insert_jobs(&self, tx: &mut TenantTx) -> Result<(), ApiError> {
        if self.jobs.is_empty() {
            return Ok(());
        }
        sql(include_str!("insert_jobs.sql"))
            .bind::<SqlUuid, _>(self.org.0)
            .bind::<Timestamptz, _>(self.now)
            .bind::<Array<SqlUuid>, _>(self.jobs.iter().map(|_| Uuid::now_v7()).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(self.jobs.iter().map(|job| job.kind).collect::<Vec<_>>())
            .bind::<Array<Jsonb>, _>(self.jobs.iter().map(|job| &job.payload).collect::<Vec<_>>())
            .bind::<Array<Timestamptz>, _>(self.jobs.iter().map(|job| job.run_at).collect::<Vec<_>>())
            .execute(tx.conn())
            .await?;
        Ok(())
    }

    async fn move_heads(&mut self, tx: &mut TenantTx) -> Result<(), ApiError> {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            id: String,
            #[diesel(sql_type = BigInt)]
            head: i64,
            #[diesel(sql_type = Text)]
            epoch: String,
        }
        if self.topics.is_empty() {
            return Ok(());
        }
        let rows: Vec<Row> = sql(include_str!("move_heads.sql"))
            .bind::<SqlUuid, _>(self.org.0)
            .bind::<Array<Text>, _>(self.topics.keys().map(String::as_str).collect::<Vec<_>>())
            .bind::<Array<SqlUuid>, _>(self.topics.values().map(|(reader, _)| reader.0).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(self.topics.keys().map(|_| Uuid::new_v4().simple().to_string()).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(self.topics.values().map(|(_, rows)| *rows).collect::<Vec<_>>())
            .load(tx.conn())
            .await?;
        self.heads = rows
            .into_iter()
            .map(|row| (row.id.clone(), Head { topic: row.id, head: row.head, epoch: row.epoch }))
            .collect();
        Ok(())
    }
}
