//! How an act leaves: with its verdict from the outbox, with the base's own telling from prediction, with a look from memory.

use floorline_domain::ids::CaseId;

use super::Outbox;
use crate::store::{ActId, Attention, JournalLine, Settled, Store, StoreError};
use crate::topic::{Position, Topic};
use crate::verdict::Verdict;
use crate::wire::Raw;

/// An act that has its verdict.
pub(crate) struct Left {
    pub(crate) act: ActId,
    /// What had become of it before the server was rewound.
    pub(crate) earlier: Option<Raw>,
}

impl Outbox {
    /// Stores the verdict of the stream's first entry without one. None: it is another entry's.
    pub(crate) fn settle(
        &mut self,
        raw: &Raw,
        verdict: &Verdict,
        shown_until: Option<Position>,
        settled_time: i64,
        store: &mut impl Store,
    ) -> Result<Option<Left>, StoreError> {
        let Some((&seq, &act)) = self.queue.iter().next() else { return Ok(None) };
        let Some(held) = self.acts.get_mut(&act).filter(|_| verdict.seq == seq) else { return Ok(None) };
        let settled = Settled { verdict: raw.clone(), attention: Attention::to(verdict), shown_until, settled_time };
        store.settle(&held.kept, &settled)?;
        let earlier = held.kept.earlier.take();
        self.stream.acked_seq = seq;
        self.stream.acked_hash = held.kept.hash;
        held.settled = Some(settled);
        self.queue.remove(&seq);
        match shown_until {
            Some(at) => self.settling.insert((at.topic, at.cursor, act), ()),
            None => self.unfold(act),
        }
        Ok(Some(Left { act, earlier }))
    }

    /// The base has reached `cursor`: what it contains is no longer predicted.
    pub(crate) fn reached(&mut self, topic: Topic, cursor: i64, store: &mut impl Store) -> Result<(), StoreError> {
        let reached = |(of, at, _): &&(Topic, i64, ActId)| *of == topic && *at <= cursor;
        let reached: Vec<_> = self.settling.keys().filter(reached).copied().collect();
        for settling in reached {
            let (_, _, act) = settling;
            self.settling.remove(&settling);
            if let Some(settled) = self.acts.get_mut(&act).and_then(|held| held.settled.as_mut()) {
                settled.shown_until = None;
                store.shown(act)?;
            }
            self.unfold(act);
        }
        Ok(())
    }

    /// Someone has looked at what became of an act.
    pub(crate) fn looked_at(&mut self, act: ActId, store: &mut impl Store) -> Result<(), StoreError> {
        if let Some(settled) = self.acts.get_mut(&act).and_then(|held| held.settled.as_mut()) {
            settled.attention = Attention::None;
            store.looked_at(act)?;
            self.unfold(act);
        }
        Ok(())
    }

    /// Makes cards again of a case's acts that somebody has looked at.
    pub(crate) fn look_again(&mut self, case: CaseId, store: &mut impl Store) -> Result<(), StoreError> {
        let of_case =
            |settled: &Settled| settled.verdict.read::<Verdict>().is_ok_and(|verdict| verdict.case_id == Some(case));
        for JournalLine { kept, settled } in store.journal(ActId(0), usize::MAX)? {
            let Some(settled) = settled.filter(|settled| settled.attention == Attention::None && of_case(settled))
            else {
                continue;
            };
            store.look_again(kept.act)?;
            match self.acts.get_mut(&kept.act).and_then(|held| held.settled.as_mut()) {
                Some(settled) => settled.attention = Attention::Card,
                None => self.hold(kept, Some(Settled { attention: Attention::Card, shown_until: None, ..settled })),
            }
        }
        Ok(())
    }

    /// Takes an act out of prediction, and out of memory unless someone must still look at it.
    fn unfold(&mut self, act: ActId) {
        let Some(held) = self.acts.get(&act) else { return };
        let Some(settled) = &held.settled else { return };
        if settled.shown_until.is_some() {
            return;
        }
        if let Some(item) = held.entry.as_ref().and_then(|entry| entry.item_id)
            && let Some(acts) = self.by_item.get_mut(&item)
        {
            acts.remove(&act);
            if acts.is_empty() {
                self.by_item.remove(&item);
            }
        }
        if settled.attention == Attention::None {
            self.acts.remove(&act);
        }
    }
}
