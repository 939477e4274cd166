//! `floorline bench`: measured figures, each beside what the machine does without us, from one run on one machine.
//!
//! A part that needs a server runs on one of its own (`floorline serve` as a child process, an embedded database in `<data>/bench`), so that what
//! is measured is what is run. Absolute figures do not travel between machines; the ratio to the peer does. How each is measured is told in
//! `docs/benchmarks.md`.

mod accept;
mod album;
mod crew;
mod descriptors;
mod fanout;
mod figure;
mod floor;
mod frames;
mod grow;
mod idle;
mod labels;
mod limit;
mod loopback;
mod naive;
mod pgbench;
mod phone;
mod progress;
mod readers;
mod replay;
mod scan;
mod seed;
mod socket;
mod stand;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use self::figure::Figure;
use super::output::{complain, say};
use crate::platform::config::Config;

#[derive(Args)]
pub(super) struct Options {
    /// What to measure; everything when absent.
    part: Option<Part>,
    /// Append the figures to this file, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Small and short: shows that everything works. The figures mean nothing.
    #[arg(long)]
    quick: bool,
    /// Sizes of the database for `grow`, in items: 10000,100000,1000000 unless given.
    #[arg(long, value_delimiter = ',', value_name = "ITEMS")]
    sizes: Vec<usize>,
    /// Write the frames of `scan` into this folder, with what each of them says, and measure nothing.
    #[arg(long, value_name = "FOLDER")]
    frames: Option<PathBuf>,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Durable verdicts a second of 64 phones over WebSockets, beside pgbench: an entry a transaction, and set-based.
    Floor,
    /// 200 phones return with 250 saved acts each while 50 work on.
    Replay,
    /// One phone writes, 1,000 boards watch.
    Fanout,
    /// Memory of a connected socket, of 5,000.
    Idle,
    /// Accepting an order of 10,000 items, beside COPY of its rows.
    Accept,
    /// Labels a second as PDF and as PNG, beside the bare qrcode crate.
    Labels,
    /// Spoilt labels read and time a frame, beside rqrr and rxing alone.
    Scan,
    /// The floor's figures in a database of up to a million items.
    Grow,
}

impl Part {
    async fn measure(self, config: &Config, options: &Options) -> anyhow::Result<Vec<Figure>> {
        let quick = options.quick;
        match self {
            Self::Floor => floor::measure(config, quick).await,
            Self::Replay => replay::measure(config, quick).await,
            Self::Fanout => fanout::measure(config, quick).await,
            Self::Idle => idle::measure(config, quick).await,
            Self::Accept => accept::measure(config, quick).await,
            Self::Labels => labels::measure(quick),
            Self::Scan => scan::measure(quick),
            Self::Grow => grow::measure(config, quick, options.sizes.clone()).await,
        }
    }
}

pub(super) async fn run(config: Config, options: Options) -> anyhow::Result<ExitCode> {
    if let Some(folder) = &options.frames {
        album::write(folder, options.quick)?;
        return Ok(ExitCode::SUCCESS);
    }
    if cfg!(debug_assertions) {
        say("this is a debug build: its figures mean nothing, ./dev bench measures a release build");
    } else if options.quick {
        say("everything is small and short: these figures mean nothing");
    }
    let mut code = ExitCode::SUCCESS;
    for part in options.part.map_or_else(|| Part::value_variants().to_vec(), |part| vec![part]) {
        match part.measure(&config, &options).await {
            Ok(figures) => print(&figures, options.json.as_deref())?,
            // The others can be measured all the same.
            Err(error) => {
                complain(&format!("{part:?} was not measured: {error:#}"));
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

/// A line for people and one for machines for each figure, as soon as it is known.
fn print(figures: &[Figure], json: Option<&Path>) -> anyhow::Result<()> {
    let mut lines = String::new();
    for figure in figures {
        let line = serde_json::to_string(figure)?;
        say(&figure.to_string());
        say(&line);
        lines.push_str(&line);
        lines.push('\n');
    }
    let Some(path) = json else { return Ok(()) };
    let file = OpenOptions::new().create(true).append(true).open(path);
    let written = file.and_then(|mut file| file.write_all(lines.as_bytes()));
    written.with_context(|| format!("{} cannot be written", path.display()))
}
