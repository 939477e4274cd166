//! What is due by the passing of time alone.

use super::{Client, Effect};
use crate::limits;
use crate::resume::{Loss, Phase, millis};
use crate::session::Now;
use crate::store::{Store, StoreError};
use crate::wire::{Acked, ClientFrame, Ping};

impl Client {
    /// When a [`Event::Tick`](super::Event::Tick) is due, on the monotonic clock.
    pub fn wake_at(&self) -> Option<i64> {
        let unreported = match &self.link.phase {
            Phase::Live(live) => live.reported_acked < self.outbox.stream().acked_seq || self.base.is_unreported(),
            _ => false,
        };
        self.link.wake_at(self.outbox.unsent() > 0, unreported, self.base.due_at())
    }

    /// What is due now, whatever happened.
    pub(super) fn turn(&mut self, now: Now, store: &mut impl Store) -> Result<(), StoreError> {
        if self.link.is_dead(now.monotonic) {
            self.drop_link(Loss::Failed, now);
        }
        if let Some(connection) = self.link.open_if_due(now.monotonic) {
            self.effects.push(Effect::Open { connection });
        }
        let heartbeat = self.heartbeat();
        let Some(live) = self.link.live() else { return Ok(()) };
        if live.leave_at.is_some_and(|at| now.monotonic >= at) && live.waiting.is_none() {
            self.drop_link(Loss::Dropped, now);
            return Ok(());
        }
        if now.monotonic >= live.ping_at {
            live.ping_at = now.monotonic + heartbeat;
            live.ping_n += 1;
            let ping = Ping { n: live.ping_n, outbox: Some(self.outbox.presence()) };
            self.send(ClientFrame::Ping(ping));
        }
        for (topic, path) in self.base.due(now.monotonic) {
            self.effects.push(Effect::FetchSnapshot { topic, path });
        }
        self.report(now);
        self.submit(now, store)
    }

    /// Tells the server how far this device is: each second, or at once after many events or a snapshot.
    fn report(&mut self, now: Now) {
        let acked = self.outbox.stream().acked_seq;
        let Some(live) = self.link.live() else { return };
        let due = now.monotonic >= live.report_at;
        if due {
            live.report_at = now.monotonic + millis(limits::REPORT_EVERY);
            if live.reported_acked < acked {
                live.reported_acked = acked;
                self.send(ClientFrame::Acked(Acked { seq: acked }));
            }
        }
        for at in self.base.unreported(if due { 1 } else { limits::REPORT_EVENTS }) {
            self.send(ClientFrame::Cursor(at));
        }
    }
}
