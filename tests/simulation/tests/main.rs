//! What the simulation promises of itself: nothing is broken, runs repeat, clocks decide nothing, and every deliberate mistake is caught.
#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that fails says so by panicking, and one that is asked tells what it saw"
)]
#![allow(unreachable_pub, reason = "a test binary exports nothing")]

mod model;

use std::collections::{BTreeMap, BTreeSet};

use floorline_simulation::{BLOCK, Broken, Settings, Skew, run, sweep, swept};

#[test]
fn ten_thousand_seeds_break_nothing_and_leave_nothing_out() {
    let sum = sweep(0..BLOCK, Settings::default(), false);
    println!("{} entries", sum.entries);
    assert_eq!(sum.failures, BTreeMap::new());
    assert_eq!(sum.missing, BTreeSet::new());
}

#[test]
fn seeds_that_once_failed_hold() {
    for seed in [23, 240, 284, 287, 301, 538, 1461, 1529] {
        assert_eq!(run(seed, Settings::default()).found, Vec::<String>::new(), "seed {seed}");
    }
    // As a sweep found them: with clocks that are wrong.
    for seed in [308_488, 313_015, 630_382, 705_996, 708_285] {
        assert_eq!(run(seed, swept(seed, Settings::default())).found, Vec::<String>::new(), "seed {seed}");
    }
}

#[test]
fn a_seed_repeats_to_the_letter() {
    for seed in 0..10 {
        let (once, again) = (run(seed, Settings::default()), run(seed, Settings::default()));
        assert_eq!(once.story, again.story);
        assert_eq!(once.coverage, again.coverage);
    }
}

/// S14: the same schedule with other clocks has the same verdicts and the same order.
fn depends_on_clocks(seed: u64, broken: Option<Broken>) -> bool {
    let with = |skew| run(seed, Settings { skew, broken, ..Settings::default() }).story;
    let right = with(Skew::default());
    let wrong = [
        Skew { phones: Some(seed + 1), servers: 0 },
        Skew { phones: Some(seed + 2), servers: 9 * 365 * 24 * 3_600_000 },
        Skew { phones: None, servers: -9 * 365 * 24 * 3_600_000 },
    ];
    wrong.into_iter().any(|skew| with(skew) != right)
}

#[test]
fn clocks_decide_nothing() {
    for seed in 0..25 {
        assert!(!depends_on_clocks(seed, None), "seed {seed} ends otherwise with other clocks");
    }
}

#[test]
fn a_server_that_believes_clocks_is_caught() {
    assert!((0..40).any(|seed| depends_on_clocks(seed, Some(Broken::BelievesClocks))));
}

#[test]
fn each_mistake_is_caught() {
    for broken in Broken::ALL.iter().filter(|broken| **broken != Broken::BelievesClocks) {
        let settings = Settings { broken: Some(*broken), ..Settings::default() };
        let caught =
            |found: &[String]| found.iter().any(|what| broken.breaks().iter().any(|name| what.starts_with(name)));
        let seed = (0..400).find(|seed| caught(&run(*seed, settings).found));
        println!("{broken:?}: caught by seed {seed:?}");
        assert!(seed.is_some(), "{broken:?} breaks {:?} and nobody noticed", broken.breaks());
    }
}
