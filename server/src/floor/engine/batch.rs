//! One batch, one transaction: lock the streams, drop what has a receipt, load and lock the rest, judge in order, write set-based,
//! move the heads, write receipts last, COMMIT. Nobody is answered before COMMIT returned.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use actix_web::http::StatusCode;
use chrono::{DateTime, Utc};
use diesel_async::RunQueryDsl as _;
use floorline_domain::{CaseId, LocationId, OrgId, Outcome, Reason, Refusal, ShiftId, StreamId, UserId};
use floorline_mobile_sync::chain::{self, Hash};
use floorline_mobile_sync::entry::{Clock, Entry};
use floorline_mobile_sync::limits::SCHEMA;
use floorline_mobile_sync::op::Operation;
use floorline_mobile_sync::verdict::Verdict;
use floorline_mobile_sync::wire::Position;
use floorline_mobile_sync::wire::Raw;
use serde_json::Value;
use uuid::Uuid;

use super::book::{book, keep_scan};
use super::cases::NewCase;
use super::committed::Committed;
use super::found::{FoundOrigin, FoundReceipt};
use super::intake::{Arrival, By, HeldStream, Offered, Placed, RecentScan, StreamState, place};
use super::judge::{Bench, Decision, judge, scanned_text, seen};
use super::ledger::{Actor, Cause, Ledger, Receipt, Topic, Watermark};
use super::load::{Loaded, Needs, load, lock_streams};
use super::server_operation::ServerStream;
use super::submission::{Act, Acted, DeviceSubmit, Submitted};
use super::workflows::WorkflowCache;
use super::world::World;
use super::write::write;
use crate::platform::db::{Db, sql};
use crate::platform::http::{ApiError, Claim, Claimed};
use crate::platform::tenancy::TenantTx;

/// One request of a batch.
pub(super) enum Ask<'a> {
    /// Entries of a phone.
    Device(&'a DeviceSubmit),
    /// An act over HTTP.
    Act { actor: &'a Actor, act: &'a Act, monotonic_ms: i64 },
    /// An entry of a case again, with its place there.
    Booking { body: &'a [u8], origin: floorline_mobile_sync::entry::Origin, with_override: bool, fallback: &'a Actor },
}

/// The answer to an [`Ask`], in the same place.
pub(super) enum Reply {
    Device(Submitted),
    Act(Result<Acted, ApiError>),
}

/// Where and when a batch happens.
pub(super) struct Place<'a> {
    pub(super) db: &'a Db,
    pub(super) cache: &'a WorkflowCache,
    pub(super) org: OrgId,
    pub(super) site: Option<LocationId>,
    /// The server's own stream of this writer.
    pub(super) server_stream: StreamId,
    pub(super) now: DateTime<Utc>,
    pub(super) poisoned: &'a BTreeSet<(StreamId, i64)>,
}

/// Applies a batch. An error means that nothing of it happened.
pub(super) async fn apply(place: &Place<'_>, asks: &[Ask<'_>]) -> Result<(Vec<Reply>, Committed), ApiError> {
    let mut tx = TenantTx::open(place.db, place.org).await?;
    let mut batch = Batch::open(place, &mut tx, asks).await?;
    let mut claims = batch.claim_keys(&mut tx, asks).await?;
    let needs = batch.place_all(asks, &mut claims);
    let loaded = load(&mut tx, place.cache, place.site, needs, place.now).await?;
    let mut run = Run::new(batch, loaded);
    run.judge_all()?;
    let committed = run.write(&mut tx, &mut claims).await?;
    tx.commit().await?;
    Ok((run.answer(), committed))
}

/// What an ask has become.
enum Slot {
    Device {
        answered: Option<Submitted>,
        repeated: Vec<Offered>,
        fresh: Vec<usize>,
        fork: Option<Offered>,
        stream: StreamId,
        first_seq: i64,
    },
    Act {
        arrival: Option<usize>,
        reply: Option<Result<Acted, ApiError>>,
    },
}

struct Batch<'a> {
    place: &'a Place<'a>,
    streams: BTreeMap<StreamId, HeldStream>,
    arrivals: Vec<Arrival>,
    slots: Vec<Slot>,
}

impl<'a> Batch<'a> {
    async fn open(place: &'a Place<'a>, tx: &mut TenantTx, asks: &[Ask<'_>]) -> Result<Self, ApiError> {
        if asks.iter().any(|ask| !matches!(ask, Ask::Device(_))) {
            ServerStream::lock(tx, place.server_stream, place.site, place.now).await?;
        }
        let mut ids: BTreeSet<StreamId> = asks
            .iter()
            .filter_map(|ask| match ask {
                Ask::Device(submit) => Some(submit.stream_id),
                _ => None,
            })
            .collect();
        ids.insert(place.server_stream);
        let streams = lock_streams(tx, &ids).await?;
        Ok(Self { place, streams, arrivals: Vec::new(), slots: Vec::new() })
    }

    /// Takes the idempotency keys of the acts; those that were answered before keep their answer.
    async fn claim_keys(
        &mut self,
        tx: &mut TenantTx,
        asks: &[Ask<'_>],
    ) -> Result<Vec<Option<Result<Claimed, ApiError>>>, ApiError> {
        let mut claims = Vec::new();
        for ask in asks {
            claims.push(match ask {
                Ask::Act { actor, act, .. } => {
                    let named = act.operation.named();
                    let body = (act.item_id, named.op, named.action_id, named.data, &act.blobs);
                    match act.idempotency.clone().claim(tx, actor.id.0, &body).await {
                        // A database error ends the transaction, and so the batch.
                        Err(error)
                            if matches!(
                                error.code(),
                                crate::platform::http::Code::DbBusy | crate::platform::http::Code::Internal
                            ) =>
                        {
                            return Err(error);
                        }
                        claimed => Some(claimed),
                    }
                }
                _ => None,
            });
        }
        Ok(claims)
    }

    /// Turns every ask into arrivals or an answer, and collects what they refer to.
    fn place_all(&mut self, asks: &[Ask<'_>], claims: &mut [Option<Result<Claimed, ApiError>>]) -> Needs {
        let mut needs = Needs::default();
        for (ask, claim) in asks.iter().zip(claims) {
            let slot = match ask {
                Ask::Device(submit) => self.place_submit(submit, &mut needs),
                Ask::Act { actor, act, monotonic_ms } => {
                    match claim.take_if(|claim| !matches!(claim, Ok(Claimed::Fresh(_)))) {
                        Some(Ok(Claimed::Replay { body, .. })) => {
                            let acted =
                                serde_json::from_slice::<Acted>(&body).map(|acted| Acted { replayed: true, ..acted });
                            Slot::Act { arrival: None, reply: Some(acted.map_err(ApiError::internal)) }
                        }
                        Some(Err(error)) => Slot::Act { arrival: None, reply: Some(Err(error)) },
                        _ => self.place_act(actor, act, *monotonic_ms, &mut needs),
                    }
                }
                Ask::Booking { body, origin, with_override, fallback } => {
                    self.place_booking(body, *origin, *with_override, fallback, &mut needs)
                }
            };
            self.slots.push(slot);
        }
        needs
    }

    fn place_submit(&mut self, submit: &DeviceSubmit, needs: &mut Needs) -> Slot {
        let (answered, repeated, fresh, fork) = match place(submit, &mut self.streams, self.place.now) {
            Placed::Answered(answer) => (Some(answer), Vec::new(), Vec::new(), None),
            Placed::Open { repeated, fresh, fork } => (None, repeated, fresh, fork),
        };
        for offered in &repeated {
            needs.receipt(submit.stream_id, offered.seq);
        }
        let mut places = Vec::new();
        for arrival in fresh {
            needs.arrival(&arrival);
            places.push(self.arrivals.len());
            self.arrivals.push(arrival);
        }
        Slot::Device { answered, repeated, fresh: places, fork, stream: submit.stream_id, first_seq: submit.first_seq }
    }

    fn place_act(&mut self, actor: &Actor, act: &Act, monotonic_ms: i64, needs: &mut Needs) -> Slot {
        let clock = Clock {
            device_time: self.place.now.timestamp_millis(),
            monotonic: monotonic_ms,
            boot_id: self.place.server_stream.to_string(),
        };
        let entry = Entry {
            seq: 0,
            schema: SCHEMA,
            op: act.operation.clone(),
            item_id: act.item_id,
            stage: None,
            base: None,
            actor: actor.id,
            lease_id: None,
            clock: Some(clock),
            blobs: act.blobs.clone(),
            origin: None,
        };
        self.place_server_entry(entry, By::Present, needs)
    }

    fn place_booking(
        &mut self,
        body: &[u8],
        origin: floorline_mobile_sync::entry::Origin,
        with_override: bool,
        fallback: &Actor,
        needs: &mut Needs,
    ) -> Slot {
        match floorline_mobile_sync::op::read_entry(body, origin.seq) {
            Ok(entry) => {
                // Booked as of now: what the worker's screen showed then binds nobody any more.
                let entry = Entry { base: None, stage: None, lease_id: None, origin: Some(origin), ..entry };
                self.place_server_entry(entry, By::Case { origin, with_override }, needs)
            }
            Err(unreadable) => {
                let detail =
                    serde_json::json!({ "field": unreadable.field, "message": unreadable.message, "by": fallback.id });
                Slot::Act { arrival: None, reply: Some(Err(Refusal::new(unreadable.reason).with(detail).into())) }
            }
        }
    }

    /// Gives a present entry its provisional place; its `seq` and hash are fixed when it is known to book.
    fn place_server_entry(&mut self, entry: Entry, by: By, needs: &mut Needs) -> Slot {
        let arrival = Arrival {
            stream: self.place.server_stream,
            seq: 0,
            hash: Hash([0; 32]),
            body: Vec::new(),
            occurred_at: self.place.now,
            uncertainty_ms: None,
            read: Ok(entry),
            by,
        };
        needs.arrival(&arrival);
        self.arrivals.push(arrival);
        Slot::Act { arrival: Some(self.arrivals.len() - 1), reply: None }
    }
}

/// A verdict before its cursor is known.
struct Draft {
    arrival: usize,
    verdict: Verdict,
    at: Option<(Topic, i64)>,
    item: Option<Value>,
    record: Option<Value>,
    /// Only an entry decided here names its origin in the receipt; one that was found keeps the first.
    names_origin: bool,
}

struct Run<'a> {
    batch: Batch<'a>,
    world: World,
    origins: BTreeMap<floorline_mobile_sync::entry::Origin, FoundOrigin>,
    ledger: Ledger,
    drafts: BTreeMap<usize, Draft>,
    refused: BTreeMap<usize, Refusal>,
    verdicts: BTreeMap<usize, Raw>,
}

impl<'a> Run<'a> {
    fn new(batch: Batch<'a>, loaded: Loaded) -> Self {
        let nobody = Actor { id: UserId(Uuid::nil()), name: String::new() };
        let cause = Cause {
            stream_id: batch.place.server_stream,
            seq: 0,
            actor: nobody,
            occurred_at: batch.place.now,
            uncertainty_ms: None,
        };
        let ledger = Ledger::new(batch.place.org, batch.place.now, cause);
        Self {
            batch,
            world: loaded.world,
            origins: loaded.origins,
            ledger,
            drafts: BTreeMap::new(),
            refused: BTreeMap::new(),
            verdicts: BTreeMap::new(),
        }
    }

    fn judge_all(&mut self) -> Result<(), ApiError> {
        for index in 0..self.batch.arrivals.len() {
            self.judge_one(index)?;
        }
        self.keep_forks();
        Ok(())
    }

    fn judge_one(&mut self, index: usize) -> Result<(), ApiError> {
        let Some(mut arrival) = self.batch.arrivals.get(index).cloned() else { return Ok(()) };
        let server = !matches!(arrival.by, By::Device { .. });
        if server {
            self.seal_server_entry(&mut arrival)?;
        }
        let Some(stream) = self.batch.streams.get(&arrival.stream) else { return Ok(()) };
        let bench = Bench {
            now: self.batch.place.now,
            origins: &self.origins,
            poisoned: self.batch.place.poisoned,
            new_shift: ShiftId(Uuid::now_v7()),
        };
        self.ledger.begin(self.cause(&arrival));
        // A panic is our own fault; the batch is bisected until the entry that brings it about is alone.
        let judged = catch_unwind(AssertUnwindSafe(|| judge(&bench, &self.world, stream, &arrival)));
        let decision = judged.map_err(|_| ApiError::internal(anyhow::anyhow!("judging an entry panicked")))?;
        match decision {
            Decision::Refuse(refusal) if server && refusal.outcome != Outcome::Noop => {
                self.refused.insert(index, refusal);
                return Ok(());
            }
            Decision::Refuse(refusal) => self.refuse(index, &arrival, refusal),
            Decision::Again(found) => self.again(index, &arrival, &found),
            Decision::Book { effect, flags } => {
                let Ok(entry) = arrival.read.clone() else { return Ok(()) };
                let booked = book(&mut self.world, &mut self.ledger, &arrival, &entry, effect);
                let mut verdict = Verdict::new(arrival.seq, Outcome::Applied);
                verdict.flags = flags.into_iter().chain(booked.flags()).map(str::to_owned).collect();
                verdict.after = booked.after;
                self.draft(index, verdict, booked.item, true);
                if let Some(draft) = self.drafts.get_mut(&index) {
                    draft.record = booked.record;
                }
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

    fn advance_server_stream(&mut self, arrival: &Arrival) {
        if let Some(stream) = self.batch.streams.get_mut(&arrival.stream) {
            stream.last_seq = arrival.seq;
            stream.last_hash = arrival.hash;
            stream.changed = true;
        }
    }

    fn cause(&self, arrival: &Arrival) -> Cause {
        let id = arrival.read.as_ref().map(|entry| entry.actor).unwrap_or(match &arrival.by {
            By::Device { user, .. } => *user,
            _ => UserId(Uuid::nil()),
        });
        let name = self.world.people.get(&id).map(|person| person.name.clone()).unwrap_or_default();
        Cause {
            stream_id: arrival.stream,
            seq: arrival.seq,
            actor: Actor { id, name },
            occurred_at: arrival.occurred_at,
            uncertainty_ms: arrival.uncertainty_ms,
        }
    }

    fn topic(&self) -> Topic {
        self.batch.place.site.map_or(Topic::Org, Topic::Site)
    }

    fn draft(&mut self, index: usize, verdict: Verdict, item: Option<Value>, names_origin: bool) {
        let at = matches!(verdict.outcome, Outcome::Applied | Outcome::Noop).then(|| {
            let topic = self.topic();
            let mark = self.ledger.mark(&topic);
            (topic, mark)
        });
        self.drafts.insert(index, Draft { arrival: index, verdict, at, item, record: None, names_origin });
    }

    /// A rule said no: the verdict, the scan that led to it, and the case that keeps it.
    fn refuse(&mut self, index: usize, arrival: &Arrival, refusal: Refusal) {
        // A step that is booked already, done again with another result: someone should look at both.
        let second_reading = refusal.detail.get("differs") == Some(&Value::Bool(true));
        let mut verdict = Verdict::new(arrival.seq, refusal.outcome);
        verdict.reason = Some(refusal.reason);
        verdict.detail = (!refusal.detail.is_null()).then_some(refusal.detail);
        if let Ok(entry) = &arrival.read
            && let Operation::Item(command) = &entry.op
            && let Some(raw) = scanned_text(command)
        {
            let resolved = self.world.resolve(&raw);
            keep_scan(&mut self.world, arrival, entry, &raw, &resolved, "error", None);
        }
        if refusal.outcome != Outcome::Noop || second_reading {
            verdict.case_id = Some(self.open_case(arrival, refusal.reason, refusal.outcome));
        }
        self.draft(index, verdict, None, true);
    }

    fn open_case(&mut self, arrival: &Arrival, reason: Reason, outcome: Outcome) -> CaseId {
        let root = arrival.read.as_ref().ok().filter(|_| reason == Reason::PredFailed).and_then(|entry| {
            let seq = entry.base.and_then(|base| base.predecessor)?;
            self.world.receipts.get(&(arrival.stream, seq)).and_then(|receipt| receipt.case_id)
        });
        let id = root.unwrap_or_else(|| CaseId(Uuid::now_v7()));
        let case = NewCase::of(arrival, id, root.is_none(), reason.as_str(), outcome, self.batch.place.site);
        case.tell(&mut self.ledger);
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
        self.drafts
            .insert(index, Draft { arrival: index, verdict, at: None, item: None, record: None, names_origin: false });
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
            booked: Some(false),
        };
        self.world.receipts.insert((arrival.stream, arrival.seq), receipt);
    }

    fn remember_scan(&mut self, arrival: &Arrival, entry: &Entry) {
        let Operation::ScanRecord { raw } = &entry.op else { return };
        let (Some(scan), Some(stream)) = (seen(entry, raw), self.batch.streams.get_mut(&arrival.stream)) else {
            return;
        };
        stream.recent_scans.retain(|earlier| {
            earlier.boot_id == scan.boot_id
                && scan.monotonic.saturating_sub(earlier.monotonic) < floorline_domain::scan::REPEAT_WITHIN_MS
        });
        stream.recent_scans.push(RecentScan {
            code: scan.code,
            stage: scan.stage,
            worker: scan.worker,
            boot_id: scan.boot_id,
            monotonic: scan.monotonic,
            seq: arrival.seq,
        });
    }

    /// Two futures for one `seq`: the stream is sealed, and the body that came late is kept as a case. The log tells nothing
    /// of it, since every event belongs to an entry and this one has no place; the list of cases shows it.
    fn keep_forks(&mut self) {
        let mut forks = Vec::new();
        for slot in &mut self.batch.slots {
            let Slot::Device { answered, repeated, fresh, fork, stream, .. } = slot else { continue };
            let other_past = repeated.iter().position(|offered| {
                self.world.receipts.get(&(*stream, offered.seq)).is_some_and(|receipt| receipt.hash != offered.hash)
            });
            if let Some(place) = other_past {
                forks.push((*stream, repeated.swap_remove(place)));
                *answered = Some(Submitted::Sealed);
            } else if let Some(fork) = fork.take() {
                forks.push((*stream, fork));
                if fresh.is_empty() && repeated.is_empty() {
                    *answered = Some(Submitted::Sealed);
                }
            }
        }
        for (stream, fork) in forks {
            tracing::warn!(%stream, seq = fork.seq, "stream forked and was sealed");
            let arrival = Arrival {
                stream,
                seq: fork.seq,
                hash: fork.hash,
                read: floorline_mobile_sync::op::read_entry(&fork.body, fork.seq),
                body: fork.body,
                by: By::Present,
                occurred_at: self.batch.place.now,
                uncertainty_ms: None,
            };
            let case =
                NewCase::of(&arrival, CaseId(Uuid::now_v7()), true, "FORK", Outcome::Parked, self.batch.place.site);
            self.world.cases.push(case);
            if let Some(held) = self.batch.streams.get_mut(&stream) {
                held.state = StreamState::Sealed;
                held.changed = true;
            }
        }
    }

    async fn write(
        &mut self,
        tx: &mut TenantTx,
        claims: &mut [Option<Result<Claimed, ApiError>>],
    ) -> Result<Committed, ApiError> {
        write(tx, &self.world, &self.ledger).await?;
        self.ledger.write_events(tx).await?;
        let receipts = self.receipts()?;
        let watermarks: Vec<Watermark> =
            self.batch.streams.values().filter(|stream| stream.changed).map(watermark).collect::<Result<_, _>>()?;
        self.settle_keys(tx, claims).await?;
        let sealed: Vec<Uuid> = self
            .batch
            .streams
            .values()
            .filter(|stream| stream.changed && stream.state == StreamState::Sealed)
            .map(|stream| stream.id.0)
            .collect();
        if !sealed.is_empty() {
            let org = tx.org().0;
            sql("UPDATE sync_streams SET state = 'sealed' WHERE org_id = $1 AND id = ANY ($2)")
                .bind::<diesel::sql_types::Uuid, _>(org)
                .bind::<diesel::sql_types::Array<diesel::sql_types::Uuid>, _>(sealed)
                .execute(tx.conn())
                .await?;
        }
        self.ledger.finish(tx, &receipts, &watermarks).await?;
        Ok(Committed::of(&self.ledger, &receipts))
    }

    /// Completes every draft by its cursor and writes the bytes that will be sent, now and ever after.
    fn receipts(&mut self) -> Result<Vec<Receipt>, ApiError> {
        let mut receipts = Vec::new();
        for (index, draft) in &mut self.drafts {
            let Some(arrival) = self.batch.arrivals.get(draft.arrival) else { continue };
            if let Some((topic, mark)) = &draft.at {
                let name = topic.name(self.batch.place.org).parse().map_err(ApiError::internal)?;
                draft.verdict.at = self.ledger.cursor(topic, *mark).map(|cursor| Position { topic: name, cursor });
            }
            let raw = Raw::of(&draft.verdict).map_err(ApiError::internal)?;
            let entry = arrival.read.as_ref().ok();
            let origin = match &arrival.by {
                By::Case { origin, .. } => Some(*origin),
                _ => entry.and_then(|entry| entry.origin),
            };
            receipts.push(Receipt {
                stream_id: arrival.stream,
                seq: arrival.seq,
                hash: arrival.hash.0,
                outcome: draft.verdict.outcome,
                reason: draft.verdict.reason,
                verdict: raw.text().to_owned(),
                actor_id: entry.map(|entry| entry.actor),
                device_time: entry.and_then(|entry| entry.clock.as_ref()).map(|clock| clock.device_time),
                occurred_at: arrival.occurred_at,
                uncertainty_ms: arrival.uncertainty_ms,
                origin: origin
                    .filter(|_| draft.names_origin)
                    .map(|origin| (origin.stream_id, origin.seq, origin.hash.0)),
            });
            self.verdicts.insert(*index, raw);
        }
        Ok(receipts)
    }

    /// Stores the answers of acts beside their effects; gives back the keys of those that were refused.
    async fn settle_keys(
        &mut self,
        tx: &mut TenantTx,
        claims: &mut [Option<Result<Claimed, ApiError>>],
    ) -> Result<(), ApiError> {
        for (slot, claim) in self.batch.slots.iter().zip(claims) {
            let (Slot::Act { arrival: Some(index), .. }, Some(Ok(Claimed::Fresh(claim)))) = (slot, claim.take()) else {
                continue;
            };
            match self.acted(*index) {
                Some(acted) => store(claim, tx, &acted).await?,
                None => claim.release(tx).await?,
            }
        }
        Ok(())
    }

    fn acted(&self, index: usize) -> Option<Acted> {
        self.drafts.get(&index).map(|draft| Acted {
            verdict: draft.verdict.clone(),
            item: draft.item.clone(),
            record: draft.record.clone(),
            replayed: false,
        })
    }

    /// The answers, in the order of the asks. Called after COMMIT only.
    fn answer(self) -> Vec<Reply> {
        self.batch
            .slots
            .iter()
            .map(|slot| match slot {
                Slot::Act { reply: Some(reply), .. } => Reply::Act(match reply {
                    Ok(acted) => Ok(acted.clone()),
                    Err(error) => Err(error.again()),
                }),
                Slot::Act { arrival, .. } => Reply::Act(self.answer_act(*arrival)),
                Slot::Device { answered: Some(answer), .. } => Reply::Device(answer.clone()),
                Slot::Device { repeated, fresh, stream, first_seq, .. } => {
                    Reply::Device(self.answer_device(*stream, *first_seq, repeated, fresh))
                }
            })
            .collect()
    }

    fn answer_act(&self, arrival: Option<usize>) -> Result<Acted, ApiError> {
        let index = arrival.unwrap_or(usize::MAX);
        if let Some(refusal) = self.refused.get(&index) {
            return Err(refusal.clone().into());
        }
        self.acted(index).ok_or_else(|| ApiError::internal(anyhow::anyhow!("an act was not judged")))
    }

    fn answer_device(&self, stream: StreamId, first_seq: i64, repeated: &[Offered], fresh: &[usize]) -> Submitted {
        let earlier = repeated.iter().filter_map(|offered| self.stored(stream, offered.seq));
        let now = fresh.iter().filter_map(|index| self.verdicts.get(index).cloned());
        let results: Vec<Raw> = earlier.chain(now).collect();
        let count = i64::try_from(results.len()).unwrap_or_default();
        Submitted::Result { upto_seq: first_seq + count - 1, results }
    }

    /// The verdict as it was sent before, or `pruned`.
    fn stored(&self, stream: StreamId, seq: i64) -> Option<Raw> {
        match self.world.receipts.get(&(stream, seq)) {
            Some(FoundReceipt { verdict: Some(text), .. }) => Raw::new(text.clone()).ok(),
            _ => Raw::of(&Verdict::new(seq, Outcome::Pruned)).ok(),
        }
    }
}

async fn store(claim: Claim, tx: &mut TenantTx, acted: &Acted) -> Result<(), ApiError> {
    let body = serde_json::to_vec(acted).map_err(ApiError::internal)?;
    claim.store(tx, StatusCode::OK, &body).await
}

fn watermark(stream: &HeldStream) -> Result<Watermark, ApiError> {
    Ok(Watermark {
        stream_id: stream.id,
        last_seq: stream.last_seq,
        last_hash: stream.last_hash.0,
        last_occurred_at: stream.last_occurred_at,
        recent_scans: serde_json::to_value(&stream.recent_scans).map_err(ApiError::internal)?,
    })
}
