//! Hello and welcome: both sides say how far they are, and compare the chain there.

use chrono::DateTime;

use super::{Client, Effect, Notice};
use crate::app_version::is_older;
use crate::limits;
use crate::resume::{Live, Loss, Phase, millis};
use crate::session::Now;
use crate::store::{KeptLease, Store, StoreError};
use crate::wire::{App, Hello, SealReason, Welcome};

impl Client {
    /// What this client would say hello with now; over HTTP each request carries it.
    pub fn hello(&self, ticket: Option<String>, now: Now) -> Hello {
        let stream = self.outbox.stream();
        let mut room = limits::HELLO_BYTES * 3 / 4;
        let named = self.outbox.leases();
        let named = named.keys().filter_map(|id| self.leases.get(id));
        let fits = |kept: &&KeptLease| {
            let rest = room.checked_sub(kept.lease.len());
            room = rest.unwrap_or(room);
            rest.is_some()
        };
        Hello {
            ticket,
            device_id: Some(self.config.device_id),
            stream_id: Some(stream.id),
            next_seq: Some(self.outbox.next_seq()),
            acked_seq: Some(stream.acked_seq),
            hash: Some(stream.acked_hash),
            leases: named.filter(fits).map(|kept| kept.lease.clone()).collect(),
            app: Some(App { version: self.config.app_version.clone(), schema: limits::SCHEMA }),
            device_time: Some(now.time),
            monotonic: Some(now.monotonic),
            boot_id: Some(self.config.boot_id.clone()),
            subscriptions: self.base.subscriptions(),
        }
    }

    pub(super) fn welcome(&mut self, welcome: Welcome, now: Now, store: &mut impl Store) -> Result<(), StoreError> {
        self.limits = welcome.limits.clone();
        self.link.jitter_ms = self.limits.jitter_ms;
        let acked = self.outbox.stream().acked_seq;
        self.link.phase = Phase::Live(Live {
            session: welcome.session,
            since: now.monotonic,
            heard_at: now.monotonic,
            ping_at: now.monotonic + self.heartbeat(),
            ping_n: 0,
            report_at: now.monotonic + millis(limits::REPORT_EVERY),
            reported_acked: acked.min(welcome.last_seq),
            hold_until: now.monotonic,
            waiting: None,
            leave_at: None,
        });
        let ahead_ms = now.time - welcome.server_time;
        if ahead_ms.abs() > 300_000 {
            self.tell(Notice::ClockSkew { ahead_ms });
        }
        if is_older(&self.config.app_version, &welcome.minimum_app) {
            self.tell(Notice::Outdated { minimum: welcome.minimum_app.clone() });
        }
        let before = self.forgotten_before(&welcome, store)?;
        if !before.is_empty() {
            // All of it on one stream, or what was done later would be judged first. The next welcome is in the new epoch.
            self.compare(&welcome, store)?;
            self.reseal(before, store)?;
            self.drop_link(Loss::NotBefore(0), now);
            return Ok(());
        }
        self.note_epoch(&welcome.server_epoch, store)?;
        let named = self.outbox.leases();
        let rewound = welcome.last_seq < self.outbox.stream().acked_seq;
        if let Some(reason) = self.compare(&welcome, store)? {
            self.seal(reason, now);
            if rewound && reason == SealReason::Fork {
                // It remembers another future of this stream, and nobody can say from where on: all that was told is in doubt.
                let judged = self.outbox.judged(store)?;
                self.reseal(judged, store)?;
                self.drop_link(Loss::NotBefore(0), now);
            }
            return Ok(());
        }
        if self.outbox.leases().keys().any(|lease| !named.contains_key(lease) && self.leases.contains_key(lease)) {
            // The server may have forgotten those leases as well; the next hello brings them.
            self.drop_link(Loss::NotBefore(0), now);
            return Ok(());
        }
        // Before the verdicts: their positions are of the epochs that the feeds have now.
        for state in &welcome.topics {
            if let Some(path) = self.base.resume(state, store)? {
                self.effects.push(Effect::FetchSnapshot { topic: state.topic, path });
            }
        }
        if !self.settle(&welcome.results, now, store)? {
            self.drop_link(Loss::Failed, now);
            return Ok(());
        }
        if welcome.more {
            self.ask_results(now);
        }
        self.tidy(welcome.server_time, now, store)
    }

    /// Once a day, by the server's clock, what ended long ago is let go.
    pub(super) fn tidy(&mut self, server_time: i64, now: Now, store: &mut impl Store) -> Result<(), StoreError> {
        if self.tidied_at.is_some_and(|at| now.monotonic - at < millis(limits::TIDY_EVERY)) {
            return Ok(());
        }
        self.tidied_at = Some(now.monotonic);
        let long_ago = DateTime::from_timestamp_millis(server_time.saturating_sub(millis(limits::ENDED_KEPT)));
        let is_held = |id| self.outbox.over(id).next().is_some();
        long_ago.map_or(Ok(()), |long_ago| self.base.trim(long_ago, is_held, store))
    }

    /// Both memories of the stream, at the server's last entry. What is returned ends the stream.
    fn compare(&mut self, welcome: &Welcome, store: &mut impl Store) -> Result<Option<SealReason>, StoreError> {
        if welcome.last_seq < self.outbox.stream().acked_seq {
            // Without a hash nothing says that it is the same chain.
            let Some(theirs) = welcome.hash else { return Ok(Some(SealReason::Fork)) };
            if let Some(reason) = self.rewind(welcome.last_seq, theirs, store)? {
                return Ok(Some(reason));
            }
        }
        let own = self.outbox.hash_at(welcome.last_seq);
        if own.is_none_or(|own| welcome.hash.is_some_and(|theirs| theirs != own)) {
            return Ok(Some(SealReason::Fork));
        }
        Ok(self.outbox.has_hole().then_some(SealReason::Hole))
    }

    pub(super) fn heartbeat(&self) -> i64 {
        i64::try_from(self.limits.heartbeat_ms).unwrap_or(i64::MAX).clamp(1_000, millis(limits::DEAD_AFTER) / 2)
    }
}
