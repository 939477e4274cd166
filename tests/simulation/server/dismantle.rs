//! What a writer does with a batch that failed: halves it, takes it apart, counts failures, parks the entry at fault. The same steps as the
//! server's `engine/dismantle.rs`, which does them between waits; what goes into a batch is first come, first served here.

use std::collections::VecDeque;

use chrono::TimeDelta;
use floorline_domain::{StreamId, UserId};
use floorline_mobile_sync::limits::APPLY_ENTRIES;
use floorline_mobile_sync::wire::Raw;
use floorline_server::floor::engine::core::{Actor, Ask, Reply, Topic};
use floorline_server::floor::engine::{DeviceSubmit, Submitted};
use floorline_server::platform::http::{ApiError, Code};

use super::transaction::Booking;
use super::{NodeEvent, Work};
use crate::broken::Broken;
use crate::network::LineId;
use crate::world::{Event, World};

const ATTEMPTS: u32 = 5;
const ATTEMPTS_OVER: TimeDelta = TimeDelta::seconds(60);

/// Something a transaction is to do.
pub(super) enum Job {
    /// Several asks; `whole` until it was halved or taken apart.
    Batch { works: Vec<Work>, whole: bool },
    /// A submit that fails by itself, entry by entry.
    Single(Single),
}

/// A submit that is taken apart.
pub(super) struct Single {
    line: LineId,
    submit: Box<DeviceSubmit>,
    /// The entry that is tried now, as a submit of its own.
    one: Vec<Work>,
    at: usize,
    results: Vec<Raw>,
    parked: bool,
}

impl Job {
    /// Takes what waits, up to a transaction's worth.
    pub(super) fn gather(queue: &mut VecDeque<Work>) -> Option<Self> {
        let first = queue.pop_front()?;
        let mut entries = first.entries();
        let mut works = vec![first];
        let alone = |work: &Work| matches!(work, Work::Booking { .. });
        while !works.iter().any(alone) {
            let Some(next) = queue.front() else { break };
            entries += next.entries();
            if alone(next) || entries > APPLY_ENTRIES {
                break;
            }
            works.extend(queue.pop_front());
        }
        Some(Self::Batch { works, whole: true })
    }

    pub(super) fn works(&self) -> &[Work] {
        match self {
            Self::Batch { works, .. } => works,
            Self::Single(single) => &single.one,
        }
    }

    /// What the engine is asked.
    pub(super) fn asks(&self) -> Vec<Ask<'_>> {
        let mut asks = Vec::new();
        for work in self.works() {
            match work {
                Work::Device { submit, .. } => asks.push(Ask::Device(submit)),
                Work::Act { actor, act } => asks.push(Ask::Act { actor, act, monotonic_ms: 0 }),
                Work::Booking { entries, lent_by, .. } => {
                    asks.extend(entries.iter().map(|entry| Ask::Kept { entry, lent_by: *lent_by }));
                }
            }
        }
        asks
    }

    /// The case that is booked.
    pub(super) fn booking(&self) -> Option<Booking> {
        match self.works() {
            [Work::Booking { case, entries, actor, .. }] => Some(Booking {
                case: *case,
                entries: entries.len(),
                actor: Actor { id: actor.id, name: actor.name.clone() },
                topics: vec![Topic::User(UserId(actor.id.0))],
            }),
            _ => None,
        }
    }
}

impl Work {
    fn entries(&self) -> usize {
        match self {
            Self::Device { submit, .. } => submit.entries.len(),
            _ => 1,
        }
    }
}

impl World {
    /// A transaction ended.
    pub(super) fn settled(&mut self, number: usize, job: Job, result: Result<Vec<Reply>, ApiError>) {
        if let Err(error) = &result {
            self.tell(|| format!("server {number} does not commit: {error}"));
        }
        match job {
            Job::Single(single) => self.settled_single(number, single, result),
            Job::Batch { works, whole } => self.settled_batch(number, works, whole, result),
        }
    }

    fn settled_batch(
        &mut self,
        number: usize,
        mut works: Vec<Work>,
        whole: bool,
        result: Result<Vec<Reply>, ApiError>,
    ) {
        let error = match result {
            Ok(replies) => {
                self.answer_all(number, works, replies);
                return;
            }
            Err(error) => error,
        };
        let later: Vec<Job> = if error.code() == Code::RowLocked && whole && works.len() > 1 {
            let half = works.split_off(works.len() / 2);
            vec![Job::Batch { works: half, whole: false }, Job::Batch { works, whole: false }]
        } else if is_passing(&error) {
            works.into_iter().for_each(|work| self.refuse(number, work));
            Vec::new()
        } else if works.len() > 1 {
            works.into_iter().rev().map(|work| Job::Batch { works: vec![work], whole: false }).collect()
        } else {
            works.into_iter().filter_map(|work| self.alone(work)).collect()
        };
        if let Some(node) = self.nodes.get_mut(number) {
            node.jobs.extend(later);
        }
    }

    /// An ask that fails by itself: a phone's is tried entry by entry, another's is refused.
    fn alone(&mut self, work: Work) -> Option<Job> {
        match work {
            Work::Device { line, submit } => {
                let mut single = Single { line, submit, one: Vec::new(), at: 0, results: Vec::new(), parked: false };
                single.place();
                Some(Job::Single(single))
            }
            Work::Booking { .. } | Work::Act { .. } => None,
        }
    }

    fn settled_single(&mut self, number: usize, mut single: Single, result: Result<Vec<Reply>, ApiError>) {
        let (stream, seq) = single.key();
        match result {
            Ok(replies) => match replies.into_iter().next() {
                Some(Reply::Device(Submitted::Result { results, .. })) => {
                    single.results.extend(results);
                    single.at += 1;
                    single.parked = false;
                }
                Some(Reply::Device(other)) if single.results.is_empty() => {
                    self.reply(number, single.line, other);
                    return;
                }
                _ => return self.finish(number, single),
            },
            Err(error) => {
                if is_passing(&error) || single.parked || !self.count_attempt(number, stream, seq) {
                    if !is_passing(&error) {
                        self.note_failure(stream, seq);
                    }
                    return self.finish(number, single);
                }
                single.parked = true;
            }
        }
        if single.place() {
            if let Some(node) = self.nodes.get_mut(number) {
                node.jobs.push(Job::Single(single));
            }
        } else {
            self.finish(number, single);
        }
    }

    fn finish(&mut self, number: usize, single: Single) {
        let answer = if single.results.is_empty() {
            Submitted::Retry { from_seq: single.submit.first_seq, reason: "INTERNAL", after_ms: 15_000 }
        } else {
            let count = i64::try_from(single.results.len()).unwrap_or_default();
            Submitted::Result { upto_seq: single.submit.first_seq + count - 1, results: single.results }
        };
        self.reply(number, single.line, answer);
    }

    /// Counts a failure; true when there were enough and the entry is to be parked.
    fn count_attempt(&mut self, number: usize, stream: StreamId, seq: i64) -> bool {
        if self.is(Broken::NeverParks) {
            return false;
        }
        let now = self.clock(number);
        let (count, first) = self.database.tables.attempts.entry((stream, seq)).or_insert((0, now));
        *count += 1;
        let enough = *count >= ATTEMPTS && now - *first >= ATTEMPTS_OVER;
        if enough && let Some(node) = self.nodes.get_mut(number) {
            node.poisoned.insert((stream, seq));
        }
        enough
    }

    fn answer_all(&mut self, number: usize, works: Vec<Work>, replies: Vec<Reply>) {
        let mut replies = replies.into_iter();
        for work in works {
            match (work, replies.next()) {
                (Work::Device { line, .. }, Some(Reply::Device(answer))) => {
                    if matches!(answer, Submitted::Gap { .. }) {
                        self.coverage.saw("gap");
                    }
                    self.reply(number, line, answer);
                }
                (Work::Booking { lent_by, .. }, _) => {
                    self.coverage.saw(if lent_by.is_some() { "case booked" } else { "case retried" });
                }
                _ => {}
            }
        }
    }

    fn reply(&mut self, number: usize, line: LineId, submitted: Submitted) {
        let submitted = match submitted {
            Submitted::Result { upto_seq, results } => {
                let results = results.iter().map(|raw| self.sent(raw)).collect();
                Submitted::Result { upto_seq, results }
            }
            other => other,
        };
        if let Some(node) = self.nodes.get_mut(number) {
            node.answering += 1;
        }
        let after = self.latency(3);
        self.note_node(number, after, NodeEvent::Answer { line, submitted });
    }

    fn sent(&self, raw: &Raw) -> Raw {
        if self.is(Broken::AnswersAnew) {
            return Raw::new(self.told_again(raw.text())).unwrap_or_else(|_| raw.clone());
        }
        raw.clone()
    }

    /// Nothing was stored: everyone keeps what they have and tries again.
    fn refuse(&mut self, number: usize, work: Work) {
        match work {
            Work::Device { line, submit } => {
                let retry = Submitted::Retry { from_seq: submit.first_seq, reason: "DB_BUSY", after_ms: 800 };
                self.reply(number, line, retry);
            }
            Work::Booking { case, lent_by, .. } => {
                let again = super::DeskAct::Book(case, lent_by);
                self.calendar.note(self.calendar.now() + 1_000, Event::Desk(again));
            }
            Work::Act { .. } => {}
        }
    }
}

impl Single {
    fn key(&self) -> (StreamId, i64) {
        let at = i64::try_from(self.at).unwrap_or_default();
        (self.submit.stream_id, self.submit.first_seq + at)
    }

    /// Makes the present entry a submit of its own; false when there is none.
    fn place(&mut self) -> bool {
        let (_, first_seq) = self.key();
        let Some((entry, hash)) = self.submit.entries.get(self.at).zip(self.submit.hashes.get(self.at)) else {
            return false;
        };
        let submit =
            DeviceSubmit { first_seq, entries: vec![entry.clone()], hashes: vec![*hash], ..(*self.submit).clone() };
        self.one = vec![Work::Device { line: self.line, submit: Box::new(submit) }];
        true
    }
}

/// Whether trying the same again can succeed.
fn is_passing(error: &ApiError) -> bool {
    matches!(error.code(), Code::DbBusy | Code::RowLocked | Code::Draining)
}
