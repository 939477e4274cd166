//! `simulate`: runs seeds until one fails, and says how to run that one again.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use clap::Parser;
use floorline_simulation::{Broken, Coverage, Outcomes, Settings, Skew, minimize, run};

/// Phones and servers in one seeded world; stops at the first seed that breaks an invariant.
#[derive(Parser)]
#[command(name = "simulate")]
struct Args {
    /// How many seeds.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first one.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Say everything that happens in the first seed, and run no other.
    #[arg(long)]
    trace: bool,
    /// Make this deliberate mistake, by its name.
    #[arg(long)]
    broken: Option<String>,
    /// Leave these out of what is planned to go wrong: one bit each.
    #[arg(long, default_value_t = 0)]
    left_out: u64,
    /// Go on after a seed that fails.
    #[arg(long)]
    keep_going: bool,
    /// Say how often each thing happened.
    #[arg(long)]
    coverage: bool,
}

struct Shared {
    next: AtomicU64,
    failed: AtomicBool,
    sum: Mutex<Sum>,
}

#[derive(Default)]
struct Sum {
    coverage: Coverage,
    /// Each whole thousand of seeds by itself, until it is full: how many ran, and what happened in them.
    thousands: BTreeMap<u64, (u64, Coverage)>,
    /// What never happened in one of them.
    missing: BTreeSet<(u64, String)>,
    entries: usize,
    failures: Vec<(u64, Vec<String>)>,
}

impl Sum {
    fn add(&mut self, seed: u64, outcome: &Outcomes) {
        self.entries += outcome.entries;
        self.coverage.add(&outcome.coverage);
        let thousand = seed / THOUSAND;
        let (count, coverage) = self.thousands.entry(thousand).or_default();
        *count += 1;
        coverage.add(&outcome.coverage);
        if *count == THOUSAND {
            self.missing.extend(coverage.missing().into_iter().map(|what| (thousand, what)));
            self.thousands.remove(&thousand);
        }
    }
}

/// In so many seeds everything must happen that the protocol is about, or they have shown nothing of it.
const THOUSAND: u64 = 1_000;

#[expect(clippy::print_stdout, reason = "it is what the command is for")]
fn main() -> ExitCode {
    let args = Args::parse();
    let seeds = if args.trace { 1 } else { args.seeds };
    let began = Instant::now();
    let shared =
        Shared { next: AtomicU64::new(args.from), failed: AtomicBool::new(false), sum: Mutex::new(Sum::default()) };
    let threads = if args.trace { 1 } else { std::thread::available_parallelism().map_or(1, usize::from) };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| work(&shared, &args, args.from + seeds));
        }
    });
    let mut sum = shared.sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    sum.failures.sort();
    for (seed, found) in &sum.failures {
        println!("seed {seed} fails:");
        found.iter().for_each(|what| println!("  {what}"));
        let least = minimize(*seed, settings(&args, *seed));
        println!("  it takes no more than:");
        let plan = run(*seed, Settings { trace: false, ..least }).plan;
        let kept = plan.iter().enumerate().filter(|(place, _)| least.left_out >> place & 1 == 0);
        kept.for_each(|(_, what)| println!("    {what}"));
        println!("  again: ./dev simulate --from {seed} --trace --left-out {}", least.left_out);
    }
    if args.coverage {
        sum.coverage.iter().for_each(|(what, count)| println!("{count:>12}  {what}"));
    }
    for (thousand, what) in &sum.missing {
        println!("never happened in seeds {}..={}: {what}", thousand * THOUSAND, (thousand + 1) * THOUSAND - 1);
    }
    let last = args.from + seeds - 1;
    let entries = sum.entries;
    let elapsed = began.elapsed().as_secs_f64();
    println!("seeds {}..={last}, {entries} entries, {} failed, {elapsed:.1} s", args.from, sum.failures.len());
    if sum.failures.is_empty() && sum.missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn work(shared: &Shared, args: &Args, end: u64) {
    while !shared.failed.load(Ordering::Relaxed) {
        let seed = shared.next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            return;
        }
        let outcome = run(seed, settings(args, seed));
        let mut sum = shared.sum.lock().unwrap_or_else(PoisonError::into_inner);
        sum.add(seed, &outcome);
        if !outcome.found.is_empty() {
            shared.failed.store(!args.keep_going, Ordering::Relaxed);
            sum.failures.push((seed, outcome.found));
        }
    }
}

fn settings(args: &Args, seed: u64) -> Settings {
    // The clocks of some worlds are wrong by years.
    let skew = Skew { phones: seed.is_multiple_of(4).then_some(seed), servers: 0 };
    Settings { skew, broken: broken(args), trace: args.trace, left_out: args.left_out }
}

fn broken(args: &Args) -> Option<Broken> {
    let name = args.broken.as_deref()?;
    Broken::ALL.iter().copied().find(|broken| format!("{broken:?}").eq_ignore_ascii_case(name))
}
