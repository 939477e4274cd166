//! Judges a placed batch, entry by entry in its order, each on what the ones before it left behind.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use floorline_domain::item::Item;
use floorline_domain::scan::REPEAT_WITHIN_MS;
use floorline_domain::{CaseId, EntryKey, Outcome, Reason, Refusal, ShiftId, UserId};
use floorline_mobile_sync::chain;
use floorline_mobile_sync::entry::{Entry, Origin};
use floorline_mobile_sync::op::Operation;
use floorline_mobile_sync::verdict::Verdict;
use floorline_mobile_sync::wire::Raw;
use serde_json::Value;
use uuid::Uuid;

use super::admission::UNPROVEN;
use super::book::{Booked, book, keep_scan};
use super::cases::NewCase;
use super::decide::{scanned_text, seen};
use super::found::{Alias, CaseState, FoundOrigin, FoundReceipt};
use super::intake::{Arrival, By, RecentScan};
use super::judge::{Bench, Decision, judge};
use super::ledger::Ledger;
use super::placing::Batch;
use super::record::{Actor, Cause, Topic};
use super::world::World;
use crate::platform::http::ApiError;

/// What a batch named in its [`super::Needs`].
pub struct Loaded {
    /// Everything its entries may look at.
    pub world: World,
    /// What became of entries that are offered again.
    pub origins: BTreeMap<Origin, FoundOrigin>,
}

/// Scans of one worker that are remembered: as many as the pace allows in the ten seconds, and some.
const WINDOW: usize = 24;

/// A verdict before its cursor is known.
pub(super) struct Draft {
    pub(super) verdict: Verdict,
    pub(super) at: Option<(Topic, i64)>,
    pub(super) item: Option<Item>,
    pub(super) record: Option<Value>,
    /// Whose it is, as far as that is proven.
    pub(super) author: Option<UserId>,
    /// Only an entry decided here names its origin in the receipt; one that was found keeps the first.
    pub(super) names_origin: bool,
}

/// A batch with its verdicts.
pub struct Judged<'a> {
    pub(super) batch: Batch<'a>,
    /// The rows as they are to be.
    pub world: World,
    /// What happened, and who must hear of it.
    pub ledger: Ledger,
    pub(super) origins: BTreeMap<Origin, FoundOrigin>,
    pub(super) drafts: BTreeMap<usize, Draft>,
    pub(super) refused: BTreeMap<usize, Refusal>,
    pub(super) verdicts: BTreeMap<usize, Raw>,
}

impl<'a> Judged<'a> {
    /// Judges every entry of `batch`.
    ///
    /// # Errors
    /// A fault of our own, such as a panic: nothing may be stored then.
    pub fn judge(batch: Batch<'a>, loaded: Loaded) -> Result<Self, ApiError> {
        let nobody = Actor { id: UserId(Uuid::nil()), name: String::new() };
        let moment = batch.moment;
        let cause = Cause {
            stream_id: moment.server_stream,
            seq: 0,
            actor: nobody,
            occurred_at: moment.now,
            uncertainty_ms: None,
        };
        let mut judged = Self {
            batch,
            world: loaded.world,
            ledger: Ledger::new(moment.org, moment.now, cause),
            origins: loaded.origins,
            drafts: BTreeMap::new(),
            refused: BTreeMap::new(),
            verdicts: BTreeMap::new(),
        };
        for index in 0..judged.batch.arrivals.len() {
            judged.judge_one(index)?;
        }
        judged.keep_forks()?;
        Ok(judged)
    }

    fn judge_one(&mut self, index: usize) -> Result<(), ApiError> {
        let Some(mut arrival) = self.batch.arrivals.get(index).cloned() else { return Ok(()) };
        let server = !matches!(arrival.by, By::Device { .. });
        if server {
            self.seal_server_entry(&mut arrival)?;
        }
        let Some(stream) = self.batch.streams.get(&arrival.stream) else { return Ok(()) };
        let moment = self.batch.moment;
        let bench = Bench {
            now: moment.now,
            origins: &self.origins,
            poisoned: moment.poisoned,
            new_shift: ShiftId((moment.new_id)()),
        };
        // A panic is our own fault; the batch is bisected until the entry that brings it about is alone.
        let judged = catch_unwind(AssertUnwindSafe(|| judge(&bench, &self.world, stream, &arrival)));
        let decision = judged.map_err(|_| ApiError::internal(anyhow::anyhow!("judging an entry panicked")))?;
        // One that was decided before needs no row.
        if !matches!(decision, Decision::Again(_)) {
            self.must_be_readable(&arrival)?;
        }
        let author = author(&arrival, &decision);
        self.ledger.begin(self.cause(&arrival, author));
        match decision {
            Decision::Refuse(refusal) if server && refusal.outcome != Outcome::Noop => {
                self.refused.insert(index, refusal);
                return Ok(());
            }
            Decision::Refuse(refusal) => self.refuse(index, &arrival, author, refusal),
            Decision::Again(found) => self.again(index, &arrival, &found),
            Decision::Book { effect, flags } => {
                let Ok(entry) = arrival.read.clone() else { return Ok(()) };
                let booked = book(&mut self.world, &mut self.ledger, &arrival, &entry, effect);
                self.accept(index, &arrival, flags, booked);
                self.remember_scan(&arrival, &entry);
            }
        }
        self.remember_receipt(index, &arrival);
        if server {
            self.advance_server_stream(&arrival);
        }
        if let Some(place) = self.batch.arrivals.get_mut(index) {
            *place = arrival;
        }
        Ok(())
    }

    /// A present entry stands next in the server's stream, if it books.
    fn seal_server_entry(&mut self, arrival: &mut Arrival) -> Result<(), ApiError> {
        let Some(stream) = self.batch.streams.get(&arrival.stream) else {
            return Err(ApiError::internal(anyhow::anyhow!("the server's stream is not locked")));
        };
        arrival.seq = stream.last_seq + 1;
        if let Ok(entry) = &mut arrival.read {
            entry.seq = arrival.seq;
            arrival.body = serde_json::to_vec(entry).map_err(ApiError::internal)?;
        }
        arrival.hash = chain::next(&stream.last_hash, &arrival.body);
        Ok(())
    }

    pub(super) fn advance_server_stream(&mut self, arrival: &Arrival) {
        if let Some(stream) = self.batch.streams.get_mut(&arrival.stream) {
            stream.last_seq = arrival.seq;
            stream.last_hash = arrival.hash;
            stream.changed = true;
        }
    }

    /// A row that this build cannot read is a fault of ours: what names it is tried again, and parked in the end.
    fn must_be_readable(&self, arrival: &Arrival) -> Result<(), ApiError> {
        let item = arrival.read.as_ref().ok().and_then(|entry| entry.item_id);
        let poisoned = self.batch.moment.poisoned.contains(&(arrival.stream, arrival.seq));
        match item.filter(|item| !poisoned && self.world.unreadable.contains(item)) {
            Some(item) => Err(ApiError::internal(anyhow::anyhow!("item {item} cannot be read"))),
            None => Ok(()),
        }
    }

    pub(super) fn cause(&self, arrival: &Arrival, author: Option<UserId>) -> Cause {
        let id = author.unwrap_or(UserId(Uuid::nil()));
        let name = self.world.people.get(&id).map(|person| person.name.clone()).unwrap_or_default();
        Cause {
            stream_id: arrival.stream,
            seq: arrival.seq,
            actor: Actor { id, name },
            occurred_at: arrival.occurred_at,
            uncertainty_ms: arrival.uncertainty_ms,
        }
    }

    /// It happened.
    fn accept(&mut self, index: usize, arrival: &Arrival, flags: Vec<&'static str>, booked: Booked) {
        let mut verdict = Verdict::new(arrival.seq, Outcome::Applied);
        verdict.flags = flags.into_iter().chain(booked.flags()).map(str::to_owned).collect();
        verdict.after = booked.after;
        let at = Some(self.position());
        let author = arrival.read.as_ref().ok().map(|entry| entry.actor);
        let Booked { item, record, .. } = booked;
        self.drafts.insert(index, Draft { verdict, at, item, record, author, names_origin: true });
    }

    /// Where the writer's topic stands after what was recorded so far.
    pub(super) fn position(&mut self) -> (Topic, i64) {
        let topic = self.batch.moment.topic();
        let mark = self.ledger.mark(&topic);
        (topic, mark)
    }

    /// A rule said no: the verdict, the scan that led to it, and the case that keeps it.
    fn refuse(&mut self, index: usize, arrival: &Arrival, author: Option<UserId>, refusal: Refusal) {
        // A step that is booked already, done again with another result: someone should look at both.
        let second_reading = refusal.detail.get("differs") == Some(&Value::Bool(true));
        let mut verdict = Verdict::new(arrival.seq, refusal.outcome);
        verdict.reason = Some(refusal.reason);
        verdict.detail = (!refusal.detail.is_null()).then_some(refusal.detail);
        if refusal.reason != Reason::Internal
            && let Ok(entry) = &arrival.read
            && let Operation::Item(command) = &entry.op
            && let Some(raw) = scanned_text(command)
        {
            let resolved = self.world.resolve(&raw);
            keep_scan(&mut self.world, arrival, entry, &raw, &resolved, "error", None);
        }
        if refusal.outcome != Outcome::Noop || second_reading {
            verdict.case_id = Some(self.open_case(arrival, author, refusal.reason, refusal.outcome));
        }
        let at = (verdict.outcome == Outcome::Noop).then(|| self.position());
        let names_origin = !self.names_anothers(arrival);
        self.drafts.insert(index, Draft { verdict, at, item: None, record: None, author, names_origin });
    }

    /// It says that it stood first on another device's stream: that decides nothing about the entry there.
    fn names_anothers(&self, arrival: &Arrival) -> bool {
        let By::Device { device, .. } = &arrival.by else { return false };
        let found = arrival.origin().and_then(|origin| self.origins.get(&origin));
        found.is_some_and(|found| found.device_id != Some(*device))
    }

    /// The case that keeps an entry: its root's while that is open, else one of its own.
    fn open_case(&mut self, arrival: &Arrival, author: Option<UserId>, reason: Reason, outcome: Outcome) -> CaseId {
        let root = arrival.read.as_ref().ok().filter(|_| reason == Reason::PredFailed).and_then(|entry| {
            let seq = entry.base.and_then(|base| base.predecessor)?;
            self.world.receipts.get(&(arrival.stream, seq)).and_then(|receipt| receipt.case_id)
        });
        let root = root.filter(|case| self.world.case_states.get(case) == Some(&CaseState::Open));
        let id = root.unwrap_or_else(|| CaseId((self.batch.moment.new_id)()));
        let mut case = NewCase::of(arrival, id, root.is_none(), reason.as_str(), outcome, self.batch.moment.site);
        if let Ok(entry) = &arrival.read
            && author != Some(entry.actor)
        {
            case.error = Some(format!("It says that {} did it, for which nothing else speaks.", entry.actor));
        }
        case.actor = author;
        case.tell(&mut self.ledger);
        self.world.case_states.insert(id, CaseState::Open);
        self.world.cases.push(case);
        id
    }

    /// The verdict from where the entry stood first, identical but for `seq`.
    fn again(&mut self, index: usize, arrival: &Arrival, found: &FoundOrigin) {
        let stored = found.verdict.as_deref().and_then(|text| serde_json::from_str::<Verdict>(text).ok());
        let outcome = found.outcome.unwrap_or(Outcome::Pruned);
        let verdict = match stored {
            Some(verdict) => Verdict { seq: arrival.seq, ..verdict },
            None => Verdict { reason: found.reason, ..Verdict::new(arrival.seq, outcome) },
        };
        let author = arrival.read.as_ref().ok().map(|entry| entry.actor);
        self.drafts.insert(index, Draft { verdict, at: None, item: None, record: None, author, names_origin: false });
    }

    /// So that later entries of this batch see how this one ended.
    fn remember_receipt(&mut self, index: usize, arrival: &Arrival) {
        let Some(draft) = self.drafts.get(&index) else { return };
        let receipt = FoundReceipt {
            stream_id: arrival.stream,
            seq: arrival.seq,
            hash: arrival.hash,
            outcome: draft.verdict.outcome,
            reason: draft.verdict.reason,
            verdict: None,
            case_id: draft.verdict.case_id,
        };
        let key = EntryKey { stream_id: arrival.stream, seq: arrival.seq };
        self.world.receipts.insert((key.stream_id, key.seq), receipt);
        if let Some(origin) = arrival.origin().filter(|_| draft.names_origin) {
            let alias = Alias { hash: origin.hash, key };
            self.world.aliases.entry((origin.stream_id, origin.seq)).or_default().push(alias);
        }
    }

    fn remember_scan(&mut self, arrival: &Arrival, entry: &Entry) {
        let Operation::ScanRecord { raw } = &entry.op else { return };
        let (Some(scan), Some(stream)) = (seen(entry, raw), self.batch.streams.get_mut(&arrival.stream)) else {
            return;
        };
        stream.recent_scans.retain(|earlier| {
            let apart = scan.monotonic.saturating_sub(earlier.monotonic);
            earlier.boot_id == scan.boot_id && (0..REPEAT_WITHIN_MS).contains(&apart)
        });
        let own = stream.recent_scans.iter().filter(|earlier| earlier.worker == scan.worker).count();
        if own >= WINDOW {
            let oldest = stream.recent_scans.iter().position(|earlier| earlier.worker == scan.worker);
            oldest.map(|oldest| stream.recent_scans.remove(oldest));
        }
        stream.recent_scans.push(RecentScan {
            code: scan.code,
            stage: scan.stage,
            worker: scan.worker,
            boot_id: scan.boot_id,
            monotonic: scan.monotonic,
            seq: arrival.seq,
        });
    }
}

/// Whose an entry is: its actor's, unless nothing but itself says so; then the session's.
fn author(arrival: &Arrival, decision: &Decision) -> Option<UserId> {
    let session = match &arrival.by {
        By::Device { user, .. } => Some(*user),
        _ => None,
    };
    let unproven = matches!(decision, Decision::Refuse(refusal) if refusal.detail.get("actor").is_some_and(|said| said == UNPROVEN));
    match &arrival.read {
        Ok(entry) if !unproven => Some(entry.actor),
        _ => session,
    }
}
