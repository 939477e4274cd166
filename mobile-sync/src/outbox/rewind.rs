//! Going back to where a rewound server is: what it has forgotten is unsent again, the same bytes under the same numbers.

use super::Outbox;
use crate::chain::{self, Hash};
use crate::store::{JournalLine, Kept, Store, StoreError, StreamState};
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
            let kept = self.unsettle(line.clone());
            self.hold(kept, None);
        }
        Ok(Rewound { entries: after.len(), broken })
    }

    /// True when entries are missing between the last verdict and what is unsent: this stream cannot go on.
    pub(crate) fn has_hole(&self) -> bool {
        i64::try_from(self.queue.len()) != Ok(self.next_seq() - 1 - self.stream.acked_seq)
    }

    /// An act without a verdict once more, and what had become of it.
    pub(super) fn unsettle(&mut self, line: JournalLine) -> Kept {
        let Some(settled) = line.settled else { return line.kept };
        if let Some(at) = settled.shown_until {
            self.settling.remove(&(at.topic, at.cursor, line.kept.act));
        }
        Kept { earlier: Some(settled.verdict), ..line.kept }
    }
}

/// Whether the first of these entries was chained to this hash.
fn follows(hash: &Hash, entries: &[JournalLine]) -> bool {
    entries.first().is_none_or(|first| chain::next(hash, first.kept.bytes.bytes()) == first.kept.hash)
}
