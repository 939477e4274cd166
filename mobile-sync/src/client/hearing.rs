//! What the server says, by what it is; and its feeds.

use super::{Client, Effect, Notice};
use crate::base::Applied;
use crate::resume::{Loss, Phase};
use crate::session::Now;
use crate::store::{KeptLease, Store, StoreError};
use crate::topic::Topic;
use crate::wire::{ClientFrame, Lease, Pong, Push, ServerFrame};

impl Client {
    pub(super) fn frame(&mut self, text: &str, now: Now, store: &mut impl Store) -> Result<(), StoreError> {
        if let Some(live) = self.link.live() {
            live.heard_at = now.monotonic;
        }
        let Ok(frame) = ServerFrame::parse(text) else {
            self.drop_link(Loss::Failed, now);
            return Ok(());
        };
        match (frame, &self.link.phase) {
            (ServerFrame::Welcome(welcome), Phase::Greeting { .. }) => self.welcome(welcome, now, store)?,
            (ServerFrame::Retry(retry), Phase::Greeting { .. }) => self.drop_link(Loss::NotBefore(retry.after_ms), now),
            (ServerFrame::Goaway(goaway), _) => self.goaway(&goaway, now),
            (ServerFrame::Revoked(revoked), _) => {
                self.link.revoked = true;
                self.tell(Notice::Revoked { reason: revoked.reason });
            }
            (ServerFrame::Lease(lease), _) => self.lease(lease, now, store)?,
            (ServerFrame::Ping(ping), Phase::Live(_)) => {
                self.send(ClientFrame::Pong(Pong { n: ping.n, server_time: None }))
            }
            (ServerFrame::Pong(Pong { server_time: Some(server_time), .. }), Phase::Live(_)) => {
                self.tidy(server_time, now, store)?;
            }
            (ServerFrame::Result(results), Phase::Live(_)) => self.results(&results, now, store)?,
            (ServerFrame::Retry(retry), Phase::Live(_)) => self.retry(&retry, now),
            (ServerFrame::Gap(gap), Phase::Live(_)) => self.gap(gap, now),
            (ServerFrame::Push(push), Phase::Live(_)) => self.push(&push, now, store)?,
            (ServerFrame::Reset(reset), Phase::Live(_))
                if self.base.reset(reset.topic, &reset.snapshot, reset.reason, store)? =>
            {
                self.effects.push(Effect::FetchSnapshot { topic: reset.topic, path: reset.snapshot });
            }
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, push: &Push, now: Now, store: &mut impl Store) -> Result<(), StoreError> {
        let before = Self::not_taken(push.topic, store)?;
        match self.base.push(push, store)? {
            Applied::Ignored => {}
            Applied::Hole => self.drop_link(Loss::Failed, now),
            Applied::Events(events) => {
                self.outbox.reached(push.topic, push.to, store)?;
                self.give_back(push.topic, &before, store)?;
                self.tell(Notice::Feed { topic: push.topic, events });
            }
        }
        Ok(())
    }

    pub(super) fn snapshot(
        &mut self,
        topic: Topic,
        text: &str,
        now: Now,
        store: &mut impl Store,
    ) -> Result<(), StoreError> {
        let before = Self::not_taken(topic, store)?;
        if !self.base.load(topic, text, store)? {
            self.base.load_failed(topic, now.monotonic, &mut self.chance);
            return Ok(());
        }
        if let Some(cursor) = self.base.cursor(topic) {
            self.outbox.reached(topic, cursor, store)?;
        }
        self.give_back(topic, &before, store)?;
        self.tell(Notice::Loaded { topic });
        Ok(())
    }

    fn lease(&mut self, lease: Lease, now: Now, store: &mut impl Store) -> Result<(), StoreError> {
        let Some(session) = self.actor.and_then(|actor| self.sessions.get_mut(&actor)) else { return Ok(()) };
        session.lease_id = Some(lease.lease_id);
        let kept =
            KeptLease { lease_id: lease.lease_id, actor: session.actor, kept_time: now.time, lease: lease.lease };
        store.keep_lease(&kept)?;
        self.leases.insert(kept.lease_id, kept);
        Ok(())
    }
}
