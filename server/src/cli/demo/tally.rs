//! What the players count while they play; whether they are still at it, and whether things may still go wrong.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::moves::Luck;

/// Goes up.
#[derive(Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Shared by all players of a demonstration.
#[derive(Default)]
pub(super) struct Tally {
    latencies_us: Mutex<Vec<u64>>,
    outcomes: Mutex<BTreeMap<String, u64>>,
    pub(super) absences: Counter,
    pub(super) cases: Counter,
    pub(super) kills: Counter,
    pub(super) misread: Counter,
    /// Nobody goes offline, fails or holds any more: what was begun is finished.
    calm: AtomicBool,
    over: AtomicBool,
}

impl Tally {
    pub(super) fn settled(&self, word: String, latency: Option<Duration>) {
        *self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).entry(word).or_default() += 1;
        if let Some(latency) = latency {
            let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
            self.latencies_us.lock().unwrap_or_else(PoisonError::into_inner).push(micros);
        }
    }

    pub(super) fn outcomes(&self) -> BTreeMap<String, u64> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Milliseconds from "saved" to "confirmed" of acts done online, at a share of all from 0 to 1.
    pub(super) fn latency_ms(&self, share: f64) -> Option<f64> {
        let mut sorted = self.latencies_us.lock().unwrap_or_else(PoisonError::into_inner).clone();
        sorted.sort_unstable();
        let last = sorted.len().checked_sub(1)?;
        #[expect(clippy::as_conversions, reason = "a place in a list, from a share of its length")]
        let place = (last as f64 * share).round() as usize;
        let micros = sorted.get(place)?;
        #[expect(clippy::as_conversions, reason = "microseconds of a minute fit a float exactly")]
        Some((*micros as f64 / 10.0).round() / 100.0)
    }

    pub(super) fn calm_down(&self) {
        self.calm.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// How often things go wrong now.
    pub(super) fn luck(&self) -> Luck {
        if self.is_calm() { Luck { fails: 0.0, scraps: 0.0 } } else { Luck { fails: 0.08, scraps: 0.004 } }
    }
}
