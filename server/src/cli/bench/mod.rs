//! `floorline bench`: measured figures, each beside what the machine does without us, from one run on one machine.
//!
//! A part runs on a server of its own (`floorline serve` as a child process, an embedded database in `<data>/bench`), so that what is measured
//! is what is run. Absolute figures do not travel between machines; the ratio to the peer does.

mod figure;
mod floor;
mod naive;
mod phone;
mod seed;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use super::output::say;
use crate::platform::config::Config;

#[derive(Args)]
pub(super) struct Options {
    /// What to measure; everything when absent.
    part: Option<Part>,
    /// Append the figures to this file, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Durable verdicts per second of 64 phones over WebSockets, beside pgbench with a transaction an entry.
    Floor,
}

pub(super) async fn run(config: Config, options: Options) -> anyhow::Result<ExitCode> {
    if cfg!(debug_assertions) {
        say("this is a debug build: its figures mean nothing, ./dev bench measures a release build");
    }
    let mut lines = String::new();
    for part in options.part.map_or_else(|| Part::value_variants().to_vec(), |part| vec![part]) {
        let figures = match part {
            Part::Floor => floor::measure(config.clone()).await?,
        };
        for figure in figures {
            let line = serde_json::to_string(&figure)?;
            say(&figure.to_string());
            say(&line);
            lines.push_str(&line);
            lines.push('\n');
        }
    }
    if let Some(path) = &options.json {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let written = file.and_then(|mut file| file.write_all(lines.as_bytes()));
        written.with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}
