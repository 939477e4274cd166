//! The server was restored from a backup, or its standby took over, and has forgotten verdicts that this device holds.
//!
//! The journal has what it forgot. It is offered again under the same numbers, and the rules judge it again.

use super::{Client, Notice};
use crate::chain::Hash;
use crate::store::{JournalLine, Store, StoreError};
use crate::verdict::Verdict;
use crate::wire::{Raw, SealReason, Welcome};

impl Client {
    /// Keeps the epoch of the server. By itself another one asks for nothing: how far the server is, its welcome says, and
    /// each feed has an epoch of its own.
    pub(super) fn note_epoch(&mut self, epoch: &str, store: &mut impl Store) -> Result<(), StoreError> {
        if self.server_epoch.as_deref() != Some(epoch) {
            store.set_server_epoch(epoch)?;
            self.server_epoch = Some(epoch.to_owned());
        }
        Ok(())
    }

    /// Whether the server was rewound to before this stream began, and what it may have forgotten of those before it.
    pub(super) fn forgotten_before(
        &mut self,
        welcome: &Welcome,
        store: &mut impl Store,
    ) -> Result<Vec<JournalLine>, StoreError> {
        let another = self.server_epoch.as_ref().is_some_and(|known| *known != welcome.server_epoch);
        if welcome.last_seq == 0 && (another || self.outbox.stream().acked_seq > 0) {
            self.outbox.judged_before(store)
        } else {
            Ok(Vec::new())
        }
    }

    /// Goes back to where the server is. What is returned ends the stream; what is unsent then goes on another.
    pub(super) fn rewind(
        &mut self,
        last_seq: i64,
        hash: Hash,
        store: &mut impl Store,
    ) -> Result<Option<SealReason>, StoreError> {
        let rewound = self.outbox.rewind(last_seq, hash, store)?;
        self.tell(Notice::Rewound { entries: rewound.entries });
        Ok(rewound.broken)
    }
}

/// What had become of an act before the server was rewound, if that was something else than what has become of it now.
pub(super) fn overturned(earlier: &Raw, verdict: &Verdict) -> Option<Verdict> {
    let earlier: Verdict = earlier.read().ok()?;
    let same = (earlier.outcome, earlier.reason) == (verdict.outcome, verdict.reason);
    Some(earlier).filter(|_| !same)
}
