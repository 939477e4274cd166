//! Sending what is unsent, and storing what became of it.

use floorline_domain::ids::EntryKey;
use floorline_domain::refusal::Outcome;

use super::rewind::overturned;
use super::{Client, Notice};
use crate::outbox::Left;
use crate::resume::{Loss, Owed, Waiting};
use crate::session::Now;
use crate::store::{Attention, JournalLine, Store, StoreError};
use crate::topic::Position;
use crate::verdict::Verdict;
use crate::wire::{ClientFrame, Gap, Raw, Results, ResultsAfter, Retry, Seal, SealReason};

impl Client {
    /// Sends the next batch when nothing is in flight.
    pub(super) fn submit(&mut self, now: Now, store: &mut impl Store) -> Result<(), StoreError> {
        let Some(live) = self.link.live() else { return Ok(()) };
        if live.waiting.is_some() || live.leave_at.is_some() || now.monotonic < live.hold_until {
            return Ok(());
        }
        let session = live.session;
        let Some(mut submit) = self.outbox.batch(&self.limits) else { return Ok(()) };
        if !self.link.may_submit(submit.first_seq, now.monotonic) {
            self.base.clear(store)?;
            self.drop_link(Loss::Failed, now);
            return Ok(());
        }
        let count = i64::try_from(submit.entries.len()).unwrap_or(i64::MAX);
        let upto = submit.first_seq + count - 1;
        submit.session = Some(session);
        self.send(ClientFrame::Submit(submit));
        self.owe(Owed::Verdicts { upto }, now);
        Ok(())
    }

    pub(super) fn ask_results(&mut self, now: Now) {
        let after = self.outbox.stream().acked_seq;
        self.send(ClientFrame::Results(ResultsAfter { after }));
        self.owe(Owed::Page, now);
    }

    fn owe(&mut self, what: Owed, now: Now) {
        if let Some(live) = self.link.live() {
            live.waiting = Some(Waiting { since: now.monotonic, what });
        }
    }

    /// Stores verdicts in the order of their `seq`. False: one is missing or cannot be read.
    pub(super) fn settle(&mut self, results: &[Raw], now: Now, store: &mut impl Store) -> Result<bool, StoreError> {
        for raw in results {
            let Ok(verdict) = raw.read::<Verdict>() else { return Ok(false) };
            if verdict.seq <= self.outbox.stream().acked_seq {
                continue;
            }
            let shown_until = self.shown_until(&verdict);
            let settled = self.outbox.settle(raw, &verdict, shown_until, now.time, store)?;
            let Some(Left { act, earlier }) = settled else { return Ok(false) };
            if let Some(before) = earlier.and_then(|earlier| overturned(&earlier, &verdict)) {
                self.tell(Notice::Overturned { act, before, verdict: verdict.clone() });
            }
            let key = EntryKey { stream_id: self.outbox.stream().id, seq: verdict.seq };
            let attention = Attention::to(&verdict);
            self.tell(Notice::Settled { act, key, verdict, attention });
        }
        Ok(true)
    }

    /// Booked acts stay on the screen until the feed has told of them, if it will.
    fn shown_until(&self, verdict: &Verdict) -> Option<Position> {
        let booked = matches!(verdict.outcome, Outcome::Applied | Outcome::Noop);
        verdict.at.filter(|at| {
            booked && self.base.follows(at.topic) && self.base.cursor(at.topic).is_none_or(|cursor| cursor < at.cursor)
        })
    }

    pub(super) fn results(&mut self, results: &Results, now: Now, store: &mut impl Store) -> Result<(), StoreError> {
        let before = self.outbox.stream().acked_seq;
        let whole = self.settle(&results.results, now, store)?;
        let acked = self.outbox.stream().acked_seq;
        let Some(live) = self.link.live() else { return Ok(()) };
        let stuck = results.more && acked == before;
        match live.waiting.map(|waiting| waiting.what) {
            _ if !whole || stuck => self.drop_link(Loss::Failed, now),
            Some(Owed::Page) if results.more => self.ask_results(now),
            Some(Owed::Page) => live.waiting = None,
            Some(Owed::Verdicts { upto }) if acked >= upto => live.waiting = None,
            Some(Owed::Verdicts { upto }) if acked > before => self.owe(Owed::Verdicts { upto }, now),
            _ => {}
        }
        Ok(())
    }

    pub(super) fn retry(&mut self, retry: &Retry, now: Now) {
        self.link.forgive_submit();
        if let Some(live) = self.link.live() {
            if matches!(live.waiting, Some(Waiting { what: Owed::Verdicts { .. }, .. })) {
                live.waiting = None;
            }
            live.hold_until = now.monotonic.saturating_add(i64::try_from(retry.after_ms).unwrap_or(i64::MAX));
        }
    }

    pub(super) fn gap(&mut self, gap: Gap, now: Now) {
        let acked = self.outbox.stream().acked_seq;
        if let Some(live) = self.link.live() {
            live.waiting = None;
        }
        if gap.expect_seq > self.outbox.next_seq() {
            self.seal(SealReason::Fork, now);
        } else if gap.expect_seq <= acked {
            // The server was rewound under this connection: the next welcome says how far.
            self.drop_link(Loss::Failed, now);
        } else if gap.expect_seq > acked + 1 {
            self.ask_results(now);
        }
    }

    /// Two futures for one `seq`: this stream ends here, on both sides.
    pub(super) fn seal(&mut self, reason: SealReason, now: Now) {
        self.send(ClientFrame::Seal(Seal { reason }));
        self.owe(Owed::Seal, now);
    }

    /// The stream is over: what is unsent goes on another one, and with it what `judged` has.
    pub(super) fn reseal(&mut self, judged: Vec<JournalLine>, store: &mut impl Store) -> Result<(), StoreError> {
        let from = self.outbox.stream().id;
        let to = self.chance.stream();
        self.outbox.reseal(to, judged, store)?;
        self.tell(Notice::Resealed { from, to, entries: self.outbox.unsent() });
        Ok(())
    }
}
