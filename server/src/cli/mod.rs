//! The command line: one file a command.

mod audit;
mod bench;
mod chaos;
mod child;
mod db;
pub mod demo;
mod epoch;
mod migrate;
mod open_here;
mod openapi;
mod output;
mod play_folder;
mod serve;
#[cfg(test)]
mod testing;
mod user;
mod work;

use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::platform::config::Config;
use crate::platform::telemetry::init_log;

/// Runs a factory floor: QR scanning, offline handhelds, live queues.
#[derive(Parser)]
#[command(name = "floorline", version, about)]
struct Cli {
    /// Settings in TOML; the environment wins over it.
    #[arg(long, global = true, env = "FLOORLINE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves, with a database of its own in the data folder unless DATABASE_URL is set.
    Serve(serve::Options),
    /// Plays a made-up floor at work, on a server of its own, and proves that nothing was lost.
    Demo(demo::Options),
    /// Breaks networks, servers, disks and the database under real servers and phones, and proves that nothing was lost.
    Chaos(chaos::Options),
    /// Runs jobs apart from the servers; needs DATABASE_URL.
    Work,
    /// Brings the schema up to date, or takes steps back.
    Migrate(migrate::Options),
    /// Tells phones that history may have been rewound, after a dump was restored over the same database.
    Epoch(epoch::Options),
    /// Runs psql on the embedded database, started for as long as that takes.
    Db(db::Options),
    /// Measures, each figure beside a peer's.
    Bench(bench::Options),
    /// Makes the first administrator.
    User(user::Options),
    /// Proves that the record of who changed what is whole.
    Audit(audit::Options),
    /// Prints the OpenAPI document.
    Openapi,
}

/// Reads the command line and does what it says.
#[must_use]
pub fn run() -> ExitCode {
    match execute(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            output::complain(&format!("floorline: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn execute(cli: Cli) -> anyhow::Result<ExitCode> {
    let load = || Config::load(cli.config.as_deref());
    match cli.command {
        Command::Openapi => openapi::print(),
        Command::Serve(options) => {
            let config = Config::load_with(cli.config.as_deref(), &options.settings())?;
            serving(config, |config| serve::run(config, options))
        }
        Command::Demo(options) => brief(load()?, async |config| demo::run(config, options).await),
        Command::Chaos(options) => brief(load()?, async |config| chaos::run(config, options).await),
        Command::Work => serving(load()?, work::run),
        Command::Migrate(options) => brief(load()?, async |config| migrate::run(&config, options).await),
        Command::Epoch(options) => brief(load()?, async |config| epoch::run(&config, options).await),
        Command::Db(options) => brief(load()?, async |config| db::run(&config, options).await),
        Command::Bench(options) => brief(load()?, async |config| bench::run(config, options).await),
        Command::User(options) => brief(load()?, async |config| user::run(&config, options).await),
        Command::Audit(options) => brief(load()?, async |config| audit::run(&config, options).await),
    }
}

/// Runs a command that ends when told to, and logs its life.
fn serving<R: Future<Output = anyhow::Result<ExitCode>>>(
    config: Config,
    run: impl FnOnce(Config) -> R,
) -> anyhow::Result<ExitCode> {
    told(config, "info,actix_server=warn", |config| block_on(run(config)))
}

/// Runs a command that ends by itself, and logs only what is wrong.
fn brief(config: Config, run: impl AsyncFnOnce(Config) -> anyhow::Result<ExitCode>) -> anyhow::Result<ExitCode> {
    told(config, "warn", |config| block_on(run(config)))
}

/// Runs a command that tells what it does. Its last spans are handed on when everything else has ended.
fn told(config: Config, usual: &str, run: impl FnOnce(Config) -> anyhow::Result<ExitCode>) -> anyhow::Result<ExitCode> {
    let traces = init_log(&config.telemetry, usual)?;
    let ended = run(config);
    if let Some(traces) = traces {
        traces.stop();
    }
    ended
}

fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no threads")?.block_on(work)
}
