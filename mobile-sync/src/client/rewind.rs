//! The server was restored from a backup, or its standby took over, and has forgotten verdicts that this device holds.
//!
//! The journal has what it forgot. It is offered again under the same numbers, and the rules judge it again.

use super::{Client, Notice};
use crate::chain::Hash;
use crate::store::{Store, StoreError};
use crate::verdict::Verdict;
use crate::wire::{Raw, SealReason};

/// What is owed to a server that was rewound, once the stream has ended.
#[derive(Debug, Clone)]
pub(super) struct Renewal {
    /// The server's epoch now.
    epoch: String,
    /// The present stream's verdicts are in doubt as well: the server remembers another future of it.
    whole: bool,
}

impl Client {
    /// Keeps the epoch of the server. Another one than before means that it was rewound. Of the present stream its welcome says how much is
    /// forgotten; of earlier streams nobody can say. So when there are verdicts of those, the stream ends, and they are offered again on
    /// another, in the order they were done: what the server still knows gets the verdict it had. `broken` ends the stream anyhow.
    pub(super) fn note_epoch(
        &mut self,
        epoch: &str,
        broken: Option<SealReason>,
        store: &mut impl Store,
    ) -> Result<Option<SealReason>, StoreError> {
        if self.server_epoch.as_deref() == Some(epoch) {
            return Ok(broken);
        }
        let renewed = self.server_epoch.is_some();
        let reason = match broken {
            None if renewed && self.outbox.was_judged_before(store)? => Some(SealReason::Hole),
            reason => reason,
        };
        match reason {
            // Kept when that is done: a device that dies before does it again.
            Some(reason) if renewed => {
                self.renewal = Some(Renewal { epoch: epoch.to_owned(), whole: reason == SealReason::Fork });
            }
            _ => self.keep_epoch(epoch, store)?,
        }
        Ok(reason)
    }

    fn keep_epoch(&mut self, epoch: &str, store: &mut impl Store) -> Result<(), StoreError> {
        store.set_server_epoch(epoch)?;
        self.server_epoch = Some(epoch.to_owned());
        Ok(())
    }

    /// The stream ends: what the rewound server may have forgotten is unsent again.
    pub(super) fn take_back(&mut self, store: &mut impl Store) -> Result<(), StoreError> {
        let Some(Renewal { epoch, whole }) = self.renewal.take() else { return Ok(()) };
        let entries = self.outbox.take_back(whole, store)?;
        if entries > 0 {
            self.tell(Notice::Rewound { entries });
        }
        self.keep_epoch(&epoch, store)
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
