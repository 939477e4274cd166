//! Topics that are still to be told. They stay until somebody carries them, so that a connection that opens late misses nothing.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::Moved;

/// At most one hint within this.
pub(super) const PACE: Duration = Duration::from_millis(20);

/// See the module.
pub(in super::super) struct Outbox {
    waiting: Mutex<Waiting>,
    added: Notify,
    /// Whether NATS carries hints now.
    nats: watch::Sender<bool>,
}

struct Waiting {
    moved: Moved,
    /// The next hint not before this.
    next: Instant,
}

impl Outbox {
    pub(in super::super) fn new() -> Self {
        let waiting = Waiting { moved: Moved::none(), next: Instant::now() };
        Self { waiting: Mutex::new(waiting), added: Notify::new(), nats: watch::Sender::new(false) }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These are to be told.
    pub(in super::super) fn add(&self, moved: &Moved) {
        self.waiting().moved.add(moved);
        self.added.notify_one();
    }

    /// Waits for something to tell, and takes it. Cancelling loses nothing.
    pub(super) async fn next(&self) -> Moved {
        loop {
            let added = self.added.notified();
            let next = {
                let waiting = self.waiting();
                (!waiting.moved.is_none()).then_some(waiting.next)
            };
            match next {
                None => added.await,
                Some(next) => {
                    tokio::time::sleep_until(next).await;
                    let mut waiting = self.waiting();
                    if !waiting.moved.is_none() {
                        waiting.next = Instant::now() + PACE;
                        return std::mem::replace(&mut waiting.moved, Moved::none());
                    }
                }
            }
        }
    }

    /// Follows whether NATS carries hints, and nobody else has to.
    pub(super) fn nats(&self) -> watch::Receiver<bool> {
        self.nats.subscribe()
    }

    /// NATS carries hints until the value is dropped.
    pub(super) fn over_nats(&self) -> OverNats<'_> {
        self.nats.send_replace(true);
        OverNats(self)
    }
}

/// See [`Outbox::over_nats`].
pub(super) struct OverNats<'a>(&'a Outbox);

impl Drop for OverNats<'_> {
    fn drop(&mut self) {
        self.0.nats.send_replace(false);
    }
}

#[cfg(test)]
mod tests {
    use floorline_domain::LocationId;
    use floorline_mobile_sync::wire::Topic;
    use futures_util::FutureExt as _;
    use uuid::Uuid;

    use super::*;

    fn site(n: u128) -> Moved {
        Moved::one(Topic::Site(LocationId(Uuid::from_u128(n))))
    }

    #[tokio::test]
    async fn what_moves_within_the_pace_is_told_together() {
        let outbox = Outbox::new();
        outbox.add(&site(1));
        assert_eq!(outbox.next().await, site(1));
        outbox.add(&site(2));
        outbox.add(&site(3));
        let mut both = site(2);
        both.add(&site(3));
        assert_eq!(outbox.next().await, both);
        assert!(outbox.next().now_or_never().is_none(), "nothing moved since");
    }
}
