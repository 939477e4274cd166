//! How a connection comes about and how it ends; whatever it cost, what is unsent stays.

use super::{Client, Effect, OpenFailure};
use crate::resume::{LinkState, Loss, Phase, Stop};
use crate::session::{Now, Session};
use crate::store::{Store, StoreError};
use crate::topic::Topic;
use crate::wire::{ClientFrame, Close, Goaway};

impl Client {
    pub(super) fn signed_in(&mut self, mut session: Session, now: Now) {
        let latest = self.leases.values().filter(|kept| kept.actor == session.actor).max_by_key(|kept| kept.kept_time);
        session.lease_id = session.lease_id.or_else(|| latest.map(|kept| kept.lease_id));
        let before = self.actor.replace(session.actor).filter(|before| *before != session.actor);
        if let Some(before) = before {
            self.base.unfollow(Topic::User(before));
        }
        self.base.follow(Topic::User(session.actor));
        let changed = before.is_some() || !self.sessions.contains_key(&session.actor);
        self.sessions.insert(session.actor, session);
        if self.link.state() == LinkState::Stopped(Stop::SignedOut) {
            self.link.want(now.monotonic);
        } else if changed && self.link.wanted && self.link.state() != LinkState::Down {
            // A connection is the person's who opened it: what it says of leases and feeds is of them.
            self.drop_link(Loss::NotBefore(0), now);
            self.link.want(now.monotonic);
        }
    }

    pub(super) fn go_offline(&mut self) {
        self.shut();
        self.link.wanted = false;
        self.link.phase = Phase::Down { until: i64::MAX };
    }

    /// Closes the connection if there is one, and forgets what went out on it.
    fn shut(&mut self) {
        if matches!(self.link.phase, Phase::Opening { .. } | Phase::Greeting { .. } | Phase::Live(_)) {
            self.effects.push(Effect::Shut { connection: self.link.connection });
        }
        self.outbox.unsend();
        self.base.disconnect();
    }

    pub(super) fn drop_link(&mut self, loss: Loss, now: Now) {
        self.shut();
        self.link.lost(loss, now.monotonic, &mut self.chance);
    }

    pub(super) fn stop(&mut self, stop: Stop) {
        self.shut();
        self.link.phase = Phase::Stopped(stop);
    }

    pub(super) fn opened(&mut self, ticket: Option<String>, now: Now) {
        if !matches!(self.link.phase, Phase::Opening { .. }) {
            return;
        }
        self.link.phase = Phase::Greeting { since: now.monotonic };
        let hello = self.hello(ticket, now);
        self.base.told();
        self.send(ClientFrame::Hello(hello));
    }

    pub(super) fn open_failed(&mut self, why: OpenFailure, now: Now) {
        if !matches!(self.link.phase, Phase::Opening { .. }) {
            return;
        }
        match why {
            OpenFailure::Unreachable => self.drop_link(Loss::Failed, now),
            OpenFailure::Busy { after_ms } => self.drop_link(Loss::NotBefore(after_ms), now),
            OpenFailure::SignedOut => self.stop(Stop::SignedOut),
            OpenFailure::Revoked => self.stop(Stop::Revoked),
        }
    }

    pub(super) fn closed(&mut self, close: Close, now: Now, store: &mut impl Store) -> Result<(), StoreError> {
        let welcomed = match self.link.state() {
            LinkState::Live => true,
            LinkState::Connecting => false,
            // Given up by this side already.
            LinkState::Down | LinkState::Stopped(_) => return Ok(()),
        };
        match close {
            Close::Sealed => {
                self.reseal(Vec::new(), store)?;
                self.drop_link(Loss::Failed, now);
            }
            Close::Revoked if welcomed && self.outbox.unsent() > 0 => self.drop_link(Loss::Failed, now),
            Close::Revoked => self.stop(Stop::Revoked),
            Close::Version => self.stop(Stop::Outdated),
            // Another session of this stream took over: two of them must not drive each other out.
            Close::Replaced => self.drop_link(Loss::NotBefore(5_000), now),
            Close::TooMany => self.drop_link(Loss::NotBefore(1_000), now),
            Close::BadFrame | Close::SignedOut | Close::HelloLate => self.drop_link(Loss::Failed, now),
            // Whoever was never let in is not one of many that were just thrown out.
            Close::Other(_) if !welcomed => self.drop_link(Loss::Failed, now),
            Close::Slow | Close::Draining | Close::Other(_) => self.drop_link(Loss::Dropped, now),
        }
        Ok(())
    }

    pub(super) fn goaway(&mut self, goaway: &Goaway, now: Now) {
        let wait = i64::try_from(self.chance.up_to(goaway.jitter_ms)).unwrap_or(i64::MAX);
        if let Some(live) = self.link.live() {
            live.leave_at = Some(now.monotonic.saturating_add(wait));
        }
    }
}
