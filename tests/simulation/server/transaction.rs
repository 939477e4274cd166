//! One batch, one transaction, step by step, so that anything may happen between the steps: streams are locked, then rows are locked and the
//! batch is judged, then it commits. The judging is the engine's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use floorline_domain::item::Item;
use floorline_domain::{CaseId, ItemId, OrgId, StreamId};
use floorline_mobile_sync::op::read_entry;
use floorline_server::floor::engine::Submitted;
use floorline_server::floor::engine::core::{
    Actor, Ask, Batch, CaseState, Head, HeldStream, Judged, Moment, Needs, Offers, Record, Reply, Settled, Subject,
};
use floorline_server::platform::http::{ApiError, Code};
use serde_json::json;
use uuid::Uuid;

use super::conversation::LOCK_WAIT;
use super::dismantle::Job;
use super::{Barrier, NodeEvent, Work};
use crate::broken::Broken;
use crate::calendar::Time;
use crate::database::{Commit, Database, Found, Key, StreamRow, TxId, load, look_up, prepare, row_keys};
use crate::scene;
use crate::world::World;

/// A transaction on its way.
pub(super) struct Running {
    pub(super) tx: TxId,
    pub(super) job: Job,
    pub(super) phase: Phase,
    /// The life of the database it was begun in.
    life: u32,
    /// Since when it waits for a row.
    waits_since: Option<Time>,
}

/// How far a transaction is.
pub(super) enum Phase {
    /// It locks its streams.
    Streams,
    /// It has them, and locks the rest.
    Rows { streams: BTreeMap<StreamId, HeldStream>, found: Option<Box<Found>> },
    /// Everything is decided; COMMIT follows.
    Commit { commit: Box<Commit>, replies: Vec<Reply> },
}

/// What came of one step.
enum Stepped {
    /// A row is held by another transaction.
    Waits,
    /// It goes on.
    On(Phase),
    /// It is over.
    Done(Vec<Reply>),
}

impl World {
    /// Begins the next transaction of a writer that has none.
    pub(super) fn kick(&mut self, number: usize) {
        let Some(node) = self.nodes.get_mut(number).filter(|node| node.up && node.running.is_none()) else { return };
        let Some(job) = node.jobs.pop().or_else(|| Job::gather(&mut node.queue)) else { return };
        let tx = self.database.begin();
        let life = self.database.life;
        node.running = Some(Running { tx, job, phase: Phase::Streams, life, waits_since: None });
        let after = self.latency(3);
        self.note_node(number, after, NodeEvent::Step(tx));
    }

    /// The running transaction goes on.
    pub(super) fn step(&mut self, number: usize, tx: TxId) {
        let Some(node) = self.nodes.get_mut(number) else { return };
        let Some(mut running) = node.running.take_if(|running| running.tx == tx) else { return };
        let now = self.calendar.now();
        let barrier = match &running.phase {
            Phase::Commit { .. } => Barrier::BeforeCommit,
            Phase::Streams | Phase::Rows { .. } => Barrier::BeforeVerdict,
        };
        if self.dies_at(number, barrier) {
            self.database.locks.release(tx);
            return;
        }
        let stepped = self.stepped(number, &mut running);
        if matches!(stepped, Ok(Stepped::Done(_))) && self.dies_at(number, Barrier::AfterCommit) {
            self.database.locks.release(tx);
            return;
        }
        match stepped {
            Ok(Stepped::On(phase)) => {
                running.phase = phase;
                running.waits_since = None;
                // A mistaken server is slow, so that its mistakes meet.
                let after = self.latency(if self.broken.is_some() { 400 } else { 4 });
                self.resume(number, running, after);
            }
            Ok(Stepped::Waits) if now - *running.waits_since.get_or_insert(now) < LOCK_WAIT => {
                self.resume(number, running, 15);
            }
            Ok(Stepped::Waits) => {
                self.coverage.saw("fault: lock timeout");
                self.end(number, running, Err(ApiError::new(Code::RowLocked, "A row was held for too long.")));
            }
            Ok(Stepped::Done(replies)) => self.end(number, running, Ok(replies)),
            Err(error) => self.end(number, running, Err(error)),
        }
    }

    fn resume(&mut self, number: usize, running: Running, after: Time) {
        let tx = running.tx;
        if let Some(node) = self.nodes.get_mut(number) {
            node.running = Some(running);
        }
        self.note_node(number, after, NodeEvent::Step(tx));
    }

    fn end(&mut self, number: usize, running: Running, result: Result<Vec<Reply>, ApiError>) {
        self.database.locks.release(running.tx);
        self.settled(number, running.job, result);
        self.kick(number);
    }

    fn stepped(&mut self, number: usize, running: &mut Running) -> Result<Stepped, ApiError> {
        if !self.database.up || self.database.life != running.life {
            return Err(ApiError::busy("The database is away."));
        }
        match std::mem::replace(&mut running.phase, Phase::Streams) {
            Phase::Streams => Ok(self.lock_streams(number, running)),
            Phase::Rows { streams, found } => self.decide(number, running, streams, found),
            Phase::Commit { commit, replies } => self.commit(number, *commit, replies),
        }
    }

    fn lock_streams(&mut self, number: usize, running: &Running) -> Stepped {
        let Some(own) = self.nodes.get(number).map(|node| node.stream) else { return Stepped::Waits };
        if !self.database.tables.streams.contains_key(&own) {
            scene::open_stream(&mut self.database.tables, own, None);
        }
        let mut ids = Offers::read(&running.job.asks()).streams();
        ids.insert(own);
        if !self.database.locks.take(running.tx, ids.iter().copied().map(Key::Stream)) {
            return Stepped::Waits;
        }
        let rows = &self.database.tables.streams;
        for ask in running.job.asks() {
            let Ask::Device(submit) = ask else { continue };
            if rows.get(&submit.stream_id).is_some_and(|row| submit.first_seq <= row.held.last_seq) {
                self.coverage.saw("duplicate");
            }
        }
        let server_epoch = &self.database.tables.server_epoch;
        let held = |row: &StreamRow| HeldStream { server_epoch: server_epoch.clone(), ..row.held.clone() };
        let streams = ids.iter().filter_map(|id| Some((*id, held(rows.get(id)?)))).collect();
        Stepped::On(Phase::Rows { streams, found: None })
    }

    /// Looks up, locks, judges: what is left is to commit.
    fn decide(
        &mut self,
        number: usize,
        running: &mut Running,
        streams: BTreeMap<StreamId, HeldStream>,
        found: Option<Box<Found>>,
    ) -> Result<Stepped, ApiError> {
        if let Some(fault) = self.hiccups.pop() {
            self.coverage.saw(if fault == Code::DbBusy { "fault: database busy" } else { "fault: lock timeout" });
            return Err(ApiError::new(fault, "It was not to be."));
        }
        let now = self.clock(number);
        let Some(node) = self.nodes.get(number) else { return Ok(Stepped::Waits) };
        let disbelieved = self.disbelieved(&running.job, now);
        let poisoned: BTreeSet<_> = node.poisoned.iter().copied().chain(disbelieved).collect();
        let ids = Ids::new(&mut self.chance);
        let new_id = || ids.next();
        let moment = Moment {
            org: self.database.tables.org,
            site: Some(self.scene.site),
            server_stream: node.stream,
            now,
            poisoned: &poisoned,
            new_id: &new_id,
        };
        let asks = running.job.asks();
        let answers = asks.iter().map(|_| None).collect();
        let (batch, mut needs) = Batch::place(&moment, Offers::read(&asks), streams.clone(), answers);
        let booking = running.job.booking();
        needs.cases.extend(booking.as_ref().map(|booking| booking.case));
        let tables = &self.database.tables;
        let found = found.unwrap_or_else(|| Box::new(look_up(tables, &needs, now)));
        let keys = row_keys(tables, &needs, &found);
        if !self.database.locks.take(running.tx, keys) {
            running.phase = Phase::Rows { streams, found: Some(found) };
            return Ok(Stepped::Waits);
        }
        let cache = self.nodes.get(number).filter(|_| self.is(Broken::ReadsFromCache)).map(|node| node.cache.clone());
        let judged = judge(&self.database, batch, &needs, (*found).clone(), (booking.as_ref(), cache))?;
        let stepped = self.close_batch(running, judged, (streams, found), now)?;
        if let (Stepped::On(Phase::Commit { commit, .. }), Some(node)) = (&stepped, self.nodes.get_mut(number)) {
            node.cache.extend(commit.items.iter().map(|held| (held.item.id, held.item.clone())));
        }
        Ok(stepped)
    }

    /// Locks the topics, gives the cursors, and puts together what is written.
    fn close_batch(
        &mut self,
        running: &mut Running,
        mut judged: Judged<'_>,
        held: (BTreeMap<StreamId, HeldStream>, Box<Found>),
        now: chrono::DateTime<chrono::Utc>,
    ) -> Result<Stepped, ApiError> {
        let names: Vec<(String, OrgId, i64)> =
            judged.ledger.moves().map(|topic| (topic.name.to_owned(), topic.reader, topic.rows)).collect();
        let serial = self.broken == Some(Broken::SerialCursors);
        let topics = names.iter().map(|(name, _, _)| Key::Topic(name.clone()));
        if !serial && !self.database.locks.take(running.tx, topics) {
            let (streams, found) = held;
            running.phase = Phase::Rows { streams, found: Some(found) };
            return Ok(Stepped::Waits);
        }
        let mut heads = Vec::new();
        for (name, reader, rows) in names {
            let epoch = scene::epoch(&mut self.chance);
            let topic = self.database.tables.topic_mut(&name, reader, || epoch);
            heads.push(Head { topic: name, head: topic.head + rows, epoch: topic.epoch.clone() });
        }
        let mut settled: Settled = judged.settle(heads)?;
        let mut commit = prepare(&judged, &mut settled, now);
        commit.booked = running.job.booking().map(|booking| booking.case);
        commit.left = Offers::read(&running.job.asks()).left();
        self.spoil(&mut commit);
        let mut replies = settled.replies;
        if self.broken == Some(Broken::AnswersEarly) {
            replies = self.answer_early(&running.job, replies);
        }
        Ok(Stepped::On(Phase::Commit { commit: Box::new(commit), replies }))
    }

    fn commit(&mut self, number: usize, commit: Commit, replies: Vec<Reply>) -> Result<Stepped, ApiError> {
        let unknown = self.database.unknown_commits.pop();
        if unknown == Some(false) {
            self.coverage.saw("fault: COMMIT unknown");
            return Err(ApiError::busy("The connection died at COMMIT."));
        }
        let jobs: Vec<_> = commit.jobs.iter().map(|job| (job.kind, job.payload.clone(), job.run_at)).collect();
        self.note_committed(&commit);
        let unlocked = self.is(Broken::ReadsFromCache);
        let applied = commit.apply(&mut self.database.tables, unlocked);
        applied.map_err(|what| ApiError::internal(anyhow::anyhow!(what)))?;
        for (kind, payload, run_at) in jobs {
            self.run_job(&floorline_server::floor::engine::core::JobRow { kind, payload, run_at });
        }
        self.wake(number);
        if unknown == Some(true) {
            self.coverage.saw("fault: COMMIT unknown");
            return Err(ApiError::busy("The connection died at COMMIT."));
        }
        Ok(Stepped::Done(replies))
    }

    /// Connections of this node hear of it at once, those of others by a hint that may get lost; all by the poll.
    fn wake(&mut self, number: usize) {
        for node in 0..self.nodes.len() {
            if node != number && self.chance.u8(..) < 60 {
                self.coverage.saw("fault: wake lost");
                continue;
            }
            let after = if node == number { self.chance.u64(1..4) } else { self.chance.u64(5..40) };
            self.note_node(node, after, NodeEvent::Pump);
        }
    }

    /// What a deliberate mistake does to what is written.
    fn spoil(&mut self, commit: &mut Commit) {
        match self.broken {
            Some(Broken::DropsReceipts) if self.chance.u8(..) < 40 => {
                commit.receipts.clear();
                commit.watermarks.clear();
            }
            Some(Broken::DropsCases) => commit.cases.clear(),
            Some(Broken::AdvancesTwice) => advance_twice(commit),
            Some(Broken::HidesPositions) => hide_positions(commit),
            _ => {}
        }
    }

    /// Entries that a mistaken server refuses for the date their device gives them.
    fn disbelieved(&self, job: &Job, now: chrono::DateTime<chrono::Utc>) -> Vec<(StreamId, i64)> {
        if self.broken != Some(Broken::BelievesClocks) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for ask in job.asks() {
            let Ask::Device(submit) = ask else { continue };
            for (seq, body) in (submit.first_seq..).zip(&submit.entries) {
                let clock = read_entry(body.bytes(), seq).ok().and_then(|entry| entry.clock);
                let year = 365 * 24 * 3_600_000;
                if clock.is_some_and(|clock| (now.timestamp_millis() - clock.device_time).abs() > year) {
                    found.push((submit.stream_id, seq));
                }
            }
        }
        found
    }

    fn answer_early(&mut self, job: &Job, replies: Vec<Reply>) -> Vec<Reply> {
        for (work, reply) in job.works().iter().zip(&replies) {
            if let (Work::Device { line, .. }, Reply::Device(submitted @ Submitted::Result { .. })) = (work, reply) {
                let frames = match submitted {
                    Submitted::Result { upto_seq, results } => floorline_mobile_sync::wire::Results {
                        upto_seq: *upto_seq,
                        results: results.clone(),
                        more: false,
                    },
                    _ => continue,
                };
                self.send_down(*line, &floorline_mobile_sync::wire::ServerFrame::Result(frames));
            }
        }
        replies
    }

    /// A stored verdict as it is sent again.
    pub(super) fn told_again(&self, verdict: &str) -> String {
        if self.broken == Some(Broken::AnswersAnew) {
            let now = self.true_time().timestamp_millis();
            let open = verdict.strip_suffix('}').unwrap_or(verdict);
            return format!("{open},\"server_time\":{now}}}");
        }
        verdict.to_owned()
    }
}

/// Judges a batch; a case that is booked with it is closed, or nothing of it happens.
fn judge<'m>(
    database: &Database,
    batch: Batch<'m>,
    needs: &Needs,
    found: Found,
    (booking, cache): (Option<&Booking>, Option<BTreeMap<ItemId, Item>>),
) -> Result<Judged<'m>, ApiError> {
    let mut loaded = load(&database.tables, needs, found);
    for (id, item) in cache.into_iter().flatten() {
        if let Some(held) = loaded.world.items.get_mut(&id) {
            held.item = item;
        }
    }
    let open = |case: &CaseId| loaded.world.case_states.get(case) == Some(&CaseState::Open);
    if booking.is_some_and(|booking| !open(&booking.case)) {
        return Err(ApiError::new(Code::StateConflict, "The case was decided already."));
    }
    let mut judged = Judged::judge(batch, loaded)?;
    let Some(booking) = booking else { return Ok(judged) };
    if let Some(refusal) = judged.refusal() {
        return Err(refusal);
    }
    let joined = database.tables.cases.get(&booking.case).map_or(0, |case| case.entries.len());
    if joined != booking.entries {
        return Err(ApiError::new(Code::StateConflict, "Another entry joined the case meanwhile."));
    }
    let data = json!({ "case_id": booking.case });
    let closing = judged.enter("case.book", data.clone(), &booking.actor)?;
    judged.ledger.record(Record {
        subject: Subject::case(booking.case),
        version: 2,
        kind: "case.booked",
        data: data.clone(),
        after: data,
        topics: booking.topics.clone(),
        brand_after: None,
    });
    judged.leave(closing);
    Ok(judged)
}

/// A case that is being booked.
pub(super) struct Booking {
    pub(super) case: CaseId,
    pub(super) entries: usize,
    pub(super) actor: Actor,
    pub(super) topics: Vec<floorline_server::floor::engine::core::Topic>,
}

/// Whatever is left is left again at once.
fn advance_twice(commit: &mut Commit) {
    let advanced: Vec<_> = commit.events.iter().filter(|event| event.kind == "item.advanced").cloned().collect();
    for event in advanced {
        let mut again = (*event).clone();
        again.version += 1;
        if let Some(held) = commit.items.iter_mut().find(|held| held.item.id.0 == again.subject.id) {
            held.item.version += 1;
        }
        commit.events.push(Arc::new(again));
    }
}

fn hide_positions(commit: &mut Commit) {
    for receipt in &mut commit.receipts {
        if let Ok(mut verdict) = serde_json::from_str::<serde_json::Value>(&receipt.verdict) {
            verdict.as_object_mut().map(|members| members.remove("at"));
            receipt.verdict = verdict.to_string();
        }
    }
}

/// Ids that are drawn while a batch is judged.
struct Ids(std::sync::Mutex<fastrand::Rng>);

impl Ids {
    fn new(chance: &mut fastrand::Rng) -> Self {
        Self(std::sync::Mutex::new(chance.fork()))
    }

    fn next(&self) -> Uuid {
        let mut chance = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        scene::id(&mut chance)
    }
}
