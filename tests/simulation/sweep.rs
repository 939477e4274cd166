//! Many seeds, on every processor: what they found, and whether anything happened that is worth looking at.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::{Coverage, Outcomes, Settings, Skew, run};

/// In so many seeds everything must happen that the protocol is about, or they have shown nothing of it.
pub const BLOCK: u64 = 10_000;

/// What a sweep came to.
#[derive(Debug, Default)]
pub struct Swept {
    /// What happened in all of them.
    pub coverage: Coverage,
    /// Entries on phones.
    pub entries: usize,
    /// The seeds that found something, and what.
    pub failures: BTreeMap<u64, Vec<String>>,
    /// The first seed of a whole block in which something never happened, and what.
    pub missing: BTreeSet<(u64, String)>,
    /// Each block by itself, until it is full: how many ran, and what happened in them.
    blocks: BTreeMap<u64, (u64, Coverage)>,
}

/// How `seed` is run in a sweep: the phones' clocks of some worlds are wrong by years.
#[must_use]
pub fn swept(seed: u64, settings: Settings) -> Settings {
    Settings { skew: Skew { phones: seed.is_multiple_of(4).then_some(seed), servers: 0 }, ..settings }
}

/// Runs all of `seeds`, or until one finds something, unless they are to `go_on`.
#[must_use]
pub fn sweep(seeds: Range<u64>, settings: Settings, go_on: bool) -> Swept {
    let (next, failed, sum) = (AtomicU64::new(seeds.start), AtomicBool::new(false), Mutex::new(Swept::default()));
    let work = || {
        while !failed.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            let outcomes = run(seed, swept(seed, settings));
            failed.fetch_or(!outcomes.found.is_empty() && !go_on, Ordering::Relaxed);
            sum.lock().unwrap_or_else(PoisonError::into_inner).add(seed, outcomes);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    sum.into_inner().unwrap_or_else(PoisonError::into_inner)
}

impl<const N: usize> From<[(u64, Outcomes); N]> for Swept {
    fn from(runs: [(u64, Outcomes); N]) -> Self {
        let mut sum = Self::default();
        runs.into_iter().for_each(|(seed, outcomes)| sum.add(seed, outcomes));
        sum
    }
}

impl Swept {
    fn add(&mut self, seed: u64, outcomes: Outcomes) {
        self.entries += outcomes.entries;
        self.coverage.add(&outcomes.coverage);
        let first = seed - seed % BLOCK;
        let (count, coverage) = self.blocks.entry(first).or_default();
        *count += 1;
        coverage.add(&outcomes.coverage);
        if *count == BLOCK {
            self.missing.extend(coverage.missing().into_iter().map(|what| (first, what)));
            self.blocks.remove(&first);
        }
        if !outcomes.found.is_empty() {
            self.failures.insert(seed, outcomes.found);
        }
    }
}
