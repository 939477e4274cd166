//! `simulate`: runs seeds until one fails, and says how to run that one again.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use floorline_simulation::{BLOCK, Broken, Settings, Swept, minimize, run, sweep, swept};

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

#[expect(clippy::print_stdout, reason = "it is what the command is for")]
fn main() -> ExitCode {
    let args = Args::parse();
    let settings = Settings { broken: broken(&args), left_out: args.left_out, ..Settings::default() };
    let began = Instant::now();
    let end = args.from + args.seeds;
    let sum = if args.trace { traced(args.from, settings) } else { sweep(args.from..end, settings, args.keep_going) };
    for (seed, found) in &sum.failures {
        println!("seed {seed} fails:");
        found.iter().for_each(|what| println!("  {what}"));
        tell_least(*seed, swept(*seed, settings));
    }
    if args.coverage {
        sum.coverage.iter().for_each(|(what, count)| println!("{count:>12}  {what}"));
    }
    for (first, what) in &sum.missing {
        println!("never happened in seeds {first}..={}: {what}", first + BLOCK - 1);
    }
    let (last, entries, failed) = (end - 1, sum.entries, sum.failures.len());
    let elapsed = began.elapsed().as_secs_f64();
    println!("seeds {}..={last}, {entries} entries, {failed} failed, {elapsed:.1} s", args.from);
    if failed == 0 && sum.missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Says everything that happens in one seed.
fn traced(seed: u64, settings: Settings) -> Swept {
    let outcomes = run(seed, Settings { trace: true, ..swept(seed, settings) });
    Swept::from([(seed, outcomes)])
}

/// Says what of a failing seed's plan it takes to fail.
#[expect(clippy::print_stdout, reason = "it is what the command is for")]
fn tell_least(seed: u64, settings: Settings) {
    let least = minimize(seed, settings);
    println!("  it takes no more than:");
    let plan = run(seed, least).plan;
    let kept = plan.iter().enumerate().filter(|(place, _)| least.left_out >> place & 1 == 0);
    kept.for_each(|(_, what)| println!("    {what}"));
    println!("  again: ./dev simulate --from {seed} --trace --left-out {}", least.left_out);
}

fn broken(args: &Args) -> Option<Broken> {
    let name = args.broken.as_deref()?;
    Broken::ALL.iter().copied().find(|broken| format!("{broken:?}").eq_ignore_ascii_case(name))
}
