//! `simulate`: runs seeds until one fails, and says how to run that one again.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use clap::Parser;
use floorline_simulation::{Broken, Coverage, Settings, Skew, run};

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
    entries: usize,
    failures: Vec<(u64, Vec<String>)>,
}

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
        println!("  again: ./dev simulate --from {seed} --trace");
    }
    if args.coverage {
        sum.coverage.iter().for_each(|(what, count)| println!("{count:>12}  {what}"));
    }
    let missing = sum.coverage.missing();
    let enough = seeds >= 1_000;
    if enough && sum.failures.is_empty() {
        missing.iter().for_each(|what| println!("never happened: {what}"));
    }
    let last = args.from + seeds - 1;
    let entries = sum.entries;
    let elapsed = began.elapsed().as_secs_f64();
    println!("seeds {}..={last}, {entries} entries, {} failed, {elapsed:.1} s", args.from, sum.failures.len());
    if sum.failures.is_empty() && (!enough || missing.is_empty()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn work(shared: &Shared, args: &Args, end: u64) {
    while !shared.failed.load(Ordering::Relaxed) {
        let seed = shared.next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            return;
        }
        let skew = Skew { phones: (seed % 4 == 0).then_some(seed), servers: 0 };
        let outcome = run(seed, Settings { skew, broken: broken(args), trace: args.trace });
        let mut sum = shared.sum.lock().unwrap_or_else(PoisonError::into_inner);
        sum.coverage.add(&outcome.coverage);
        sum.entries += outcome.entries;
        if !outcome.found.is_empty() {
            shared.failed.store(!args.keep_going, Ordering::Relaxed);
            sum.failures.push((seed, outcome.found));
        }
    }
}

fn broken(args: &Args) -> Option<Broken> {
    let name = args.broken.as_deref()?;
    Broken::ALL.iter().copied().find(|broken| format!("{broken:?}").eq_ignore_ascii_case(name))
}
