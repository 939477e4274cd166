//! Going back to where a rewound server is: what it has forgotten is unsent again, the same bytes under the same numbers.

use std::collections::BTreeSet;

use floorline_domain::ids::StreamId;

use super::{Outbox, fresh};
use crate::chain::{self, Hash};
use crate::store::{ActId, JournalLine, Kept, Store, StoreError, StreamState};
use crate::wire::SealReason;

/// What a rewind came to.
pub(crate) struct Rewound {
    /// Entries that are unsent again.
    pub(crate) entries: usize,
    /// Why they cannot go on in this stream.
    pub(crate) broken: Option<SealReason>,
}

impl Outbox {
    /// Forgets the verdicts after `to`, where the server's chain is at `theirs`.
    pub(crate) fn rewind(&mut self, to: i64, theirs: Hash, store: &mut impl Store) -> Result<Rewound, StoreError> {
        let lines = store.judged(self.stream.id, to)?;
        let (at, after) = match lines.split_first() {
            Some((first, after)) if first.kept.key.seq == to => (Some(first.kept.hash), after),
            _ => (None, lines.as_slice()),
        };
        let ours = if to == 0 { Some(chain::start(self.stream.id)) } else { at };
        let forgotten = self.stream.acked_seq - to;
        let whole = i64::try_from(after.len()) == Ok(forgotten);
        let broken = match ours {
            Some(ours) if ours != theirs => Some(SealReason::Fork),
            None if whole && !follows(&theirs, after) => Some(SealReason::Fork),
            _ if !whole => Some(SealReason::Hole),
            _ => None,
        };
        self.stream = StreamState { acked_seq: to, acked_hash: ours.unwrap_or(theirs), ..self.stream };
        store.rewind(&self.stream)?;
        for line in after {
            self.hold_again(line);
        }
        Ok(Rewound { entries: after.len(), broken })
    }

    /// Whether the journal has verdicts of earlier streams.
    pub(crate) fn was_judged_before(&self, store: &mut impl Store) -> Result<bool, StoreError> {
        let lines = store.journal(ActId(0), usize::MAX)?;
        Ok(lines.iter().any(|line| line.settled.is_some() && line.kept.key.stream_id != self.stream.id))
    }

    /// Takes verdicts back, those of earlier streams or all: what they were given for is to be offered again on the next stream. Gives how
    /// many.
    pub(crate) fn take_back(&mut self, all: bool, store: &mut impl Store) -> Result<usize, StoreError> {
        let mut lines = store.journal(ActId(0), usize::MAX)?;
        lines.retain(|line| line.settled.is_some() && (all || line.kept.key.stream_id != self.stream.id));
        let streams: BTreeSet<StreamId> = lines.iter().map(|line| line.kept.key.stream_id).collect();
        for stream in streams {
            store.rewind(&fresh(stream))?;
        }
        for line in &lines {
            self.hold_again(line);
        }
        Ok(lines.len())
    }

    /// True when entries are missing between the last verdict and what is unsent: this stream cannot go on.
    pub(crate) fn has_hole(&self) -> bool {
        i64::try_from(self.queue.len()) != Ok(self.next_seq() - 1 - self.stream.acked_seq)
    }

    /// An act without a verdict once more.
    fn hold_again(&mut self, line: &JournalLine) {
        let Some(settled) = &line.settled else { return };
        if let Some(at) = settled.shown_until {
            self.settling.remove(&(at.topic, at.cursor, line.kept.act));
        }
        self.hold(Kept { earlier: Some(settled.verdict.clone()), ..line.kept.clone() }, None);
    }
}

/// Whether the first of these entries was chained to this hash.
fn follows(hash: &Hash, entries: &[JournalLine]) -> bool {
    entries.first().is_none_or(|first| chain::next(hash, first.kept.bytes.bytes()) == first.kept.hash)
}
