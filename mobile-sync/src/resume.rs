//! The life of a connection: when to open one, when it counts as dead, when to come back.
//!
//! Only the monotonic clock is read. Phones that lost the same server spread their return over its jitter window;
//! whoever keeps failing waits longer each time, and nobody ever gives up.

use std::collections::VecDeque;
use std::time::Duration;

use crate::chance::Chance;
use crate::limits::{
    BACKOFF_BASE, BACKOFF_MAX, DEAD_AFTER, OPEN_WITHIN, SAME_OFFSET_TIMES, SAME_OFFSET_WITHIN, WATCHDOG,
};

/// Why no connection is tried until someone does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Nobody is signed in, or the device is not approved yet.
    SignedOut,
    /// The device was blocked. What is unsent stays.
    Revoked,
    /// The app is too old for the server.
    Outdated,
}

/// How the device is connected, as a screen shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkState {
    /// Not connected, by wish or between two tries.
    Down,
    /// On the way to a welcome.
    Connecting,
    /// Welcomed.
    Live,
    /// Not tried until someone does something.
    Stopped(Stop),
}

/// What the connection is doing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Phase {
    /// Until then, on the monotonic clock.
    Down {
        until: i64,
    },
    Opening {
        since: i64,
    },
    Greeting {
        since: i64,
    },
    Live(Live),
    Stopped(Stop),
}

/// A welcomed connection. All times are on the monotonic clock.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Live {
    pub(crate) session: i64,
    pub(crate) since: i64,
    pub(crate) heard_at: i64,
    pub(crate) ping_at: i64,
    pub(crate) ping_n: i64,
    pub(crate) report_at: i64,
    pub(crate) reported_acked: i64,
    /// No submit before.
    pub(crate) hold_until: i64,
    pub(crate) waiting: Option<Waiting>,
    /// The server is going; leave then.
    pub(crate) leave_at: Option<i64>,
}

/// Something the server owes an answer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) since: i64,
    pub(crate) what: Owed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owed {
    /// Verdicts up to here.
    Verdicts { upto: i64 },
    /// A page of results.
    Page,
    /// Close 4412.
    Seal,
}

/// How a connection was lost, which says when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The other side or the network dropped it.
    Dropped,
    /// It never came about, or this side gave it up.
    Failed,
    /// Not before this many milliseconds.
    NotBefore(u64),
}

/// The connection, and what is remembered between two of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Link {
    /// The person wants to be online.
    pub(crate) wanted: bool,
    /// The number of the present connection; frames of another one are not ours.
    pub(crate) connection: u64,
    pub(crate) phase: Phase,
    pub(crate) jitter_ms: u64,
    pub(crate) revoked: bool,
    attempt: u32,
    /// Recent submits: what they began with, and when.
    offsets: VecDeque<(i64, i64)>,
}

impl Link {
    pub(crate) fn new(jitter: Duration) -> Self {
        Self {
            wanted: false,
            connection: 0,
            phase: Phase::Down { until: i64::MAX },
            jitter_ms: u64::try_from(jitter.as_millis()).unwrap_or(u64::MAX),
            revoked: false,
            attempt: 0,
            offsets: VecDeque::new(),
        }
    }

    pub(crate) fn state(&self) -> LinkState {
        match self.phase {
            Phase::Down { .. } => LinkState::Down,
            Phase::Opening { .. } | Phase::Greeting { .. } => LinkState::Connecting,
            Phase::Live(_) => LinkState::Live,
            Phase::Stopped(stop) => LinkState::Stopped(stop),
        }
    }

    pub(crate) fn live(&mut self) -> Option<&mut Live> {
        match &mut self.phase {
            Phase::Live(live) => Some(live),
            _ => None,
        }
    }

    /// Tries at once: someone asked, or the network is back.
    pub(crate) fn want(&mut self, now: i64) {
        self.wanted = true;
        self.attempt = 0;
        if matches!(self.phase, Phase::Down { .. } | Phase::Stopped(_)) {
            self.phase = Phase::Down { until: now };
        }
    }

    /// Begins a connection when it is time to; its number.
    pub(crate) fn open_if_due(&mut self, now: i64) -> Option<u64> {
        match self.phase {
            Phase::Down { until } if self.wanted && now >= until => {
                self.connection += 1;
                self.phase = Phase::Opening { since: now };
                Some(self.connection)
            }
            _ => None,
        }
    }

    /// True when the present connection has been silent, or owed an answer, for too long.
    pub(crate) fn is_dead(&self, now: i64) -> bool {
        self.deadline().is_some_and(|deadline| now >= deadline)
    }

    /// When the present connection is given up.
    fn deadline(&self) -> Option<i64> {
        match &self.phase {
            Phase::Opening { since } | Phase::Greeting { since } => Some(since + millis(OPEN_WITHIN)),
            Phase::Live(live) => {
                let silent = live.heard_at + millis(DEAD_AFTER);
                Some(live.waiting.map_or(silent, |waiting| silent.min(waiting.since + millis(WATCHDOG))))
            }
            Phase::Down { .. } | Phase::Stopped(_) => None,
        }
    }

    /// When something is next to be done without any event.
    pub(crate) fn wake_at(&self, unsent: bool, unreported: bool, snapshot_at: Option<i64>) -> Option<i64> {
        match &self.phase {
            Phase::Down { until } => Some(*until).filter(|_| self.wanted),
            Phase::Stopped(_) => None,
            Phase::Opening { .. } | Phase::Greeting { .. } => self.deadline(),
            Phase::Live(live) => {
                let submit =
                    Some(live.hold_until).filter(|_| unsent && live.waiting.is_none() && live.leave_at.is_none());
                let report = Some(live.report_at).filter(|_| unreported);
                // It leaves once nothing is owed to it any more, whenever that is.
                let leave = live.leave_at.filter(|_| live.waiting.is_none());
                [self.deadline(), Some(live.ping_at), submit, report, snapshot_at, leave].into_iter().flatten().min()
            }
        }
    }

    /// The connection is gone; when to try again.
    pub(crate) fn lost(&mut self, loss: Loss, now: i64, chance: &mut Chance) {
        let mut leave_at = None;
        if let Phase::Live(live) = &self.phase {
            leave_at = live.leave_at;
            if now - live.since >= millis(Duration::from_secs(5)) {
                self.attempt = 0;
            }
        }
        let backoff = backoff(self.attempt, chance).unsigned_abs();
        let wait = match loss {
            Loss::Dropped if self.attempt == 0 => chance.up_to(self.jitter_ms),
            Loss::Dropped | Loss::Failed => backoff,
            Loss::NotBefore(wait) => wait.saturating_add(backoff),
        };
        self.attempt = self.attempt.saturating_add(1);
        let until = leave_at.unwrap_or_else(|| now.saturating_add(i64::try_from(wait).unwrap_or(i64::MAX)));
        self.phase = Phase::Down { until };
    }

    /// Notes a submit. False: the same offset was asked for too often without a step forward.
    pub(crate) fn may_submit(&mut self, first_seq: i64, now: i64) -> bool {
        let window = millis(SAME_OFFSET_WITHIN);
        self.offsets.retain(|(seq, at)| *seq == first_seq && now - at < window);
        if self.offsets.len() >= SAME_OFFSET_TIMES {
            self.offsets.clear();
            return false;
        }
        self.offsets.push_back((first_seq, now));
        true
    }

    /// The server asked to try again: that submit says nothing about the offset.
    pub(crate) fn forgive_submit(&mut self) {
        self.offsets.pop_back();
    }
}

/// How long to wait after that many failures: anything up to a bound that doubles each time.
pub(crate) fn backoff(failures: u32, chance: &mut Chance) -> i64 {
    let bound = millis(BACKOFF_BASE).saturating_mul(1 << failures.min(20)).min(millis(BACKOFF_MAX));
    i64::try_from(chance.up_to(bound.unsigned_abs())).unwrap_or(i64::MAX)
}

/// Whole milliseconds of a constant.
pub(crate) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(link: &mut Link, loss: Loss) -> Vec<i64> {
        let mut chance = Chance::new(1);
        let mut wait = || {
            link.lost(loss, 0, &mut chance);
            let Phase::Down { until } = link.phase else { panic!("down") };
            until
        };
        (0..40).map(|_| wait()).collect()
    }

    #[test]
    fn failing_waits_longer_but_never_more_than_a_minute() {
        let waits = waits(&mut Link::new(Duration::from_secs(20)), Loss::Failed);
        assert!(waits[0] <= 500 && waits[1] <= 1000 && waits[2] <= 2000, "{waits:?}");
        assert!(waits.iter().all(|wait| *wait <= 60_000));
        assert!(waits.iter().any(|wait| *wait > 10_000), "{waits:?}");
    }

    #[test]
    fn the_first_try_after_a_drop_lies_in_the_jitter_window() {
        let first = |seed| {
            let mut link = Link::new(Duration::from_secs(20));
            link.lost(Loss::Dropped, 0, &mut Chance::new(seed));
            let Phase::Down { until } = link.phase else { panic!("down") };
            until
        };
        let firsts: Vec<i64> = (0..100).map(first).collect();
        assert!(firsts.iter().all(|wait| *wait <= 20_000));
        assert!(firsts.iter().any(|wait| *wait > 15_000) && firsts.iter().any(|wait| *wait < 5_000), "{firsts:?}");
    }

    #[test]
    fn the_same_offset_five_times_is_a_stuck_stream() {
        let mut link = Link::new(Duration::ZERO);
        assert!((0..5).all(|at| link.may_submit(7, at * 1000)));
        assert!(!link.may_submit(7, 5_000));
        assert!(link.may_submit(7, 6_000), "counted anew");
        assert!((0..20).all(|at| link.may_submit(7, 10_000 + at * 8_000)), "slowly enough");
        assert!((0..20).all(|seq| link.may_submit(seq, 300_000)), "stepping forward");
        for at in 0..20 {
            assert!(link.may_submit(9, 400_000 + at));
            link.forgive_submit();
        }
    }
}
