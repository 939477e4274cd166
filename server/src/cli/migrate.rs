//! `floorline migrate`

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::output::say;
use crate::database::Database;
use crate::platform::config::Config;
use crate::platform::db::migrate;

#[derive(Args)]
pub(super) struct Options {
    #[command(subcommand)]
    direction: Option<Direction>,
}

#[derive(Subcommand)]
enum Direction {
    /// Applies every pending step; what happens without a direction, too.
    Up,
    /// Takes the newest steps back, and their data with them.
    Down {
        /// How many.
        steps: usize,
    },
}

pub(super) async fn run(config: &Config, options: Options) -> anyhow::Result<ExitCode> {
    // Opening applies every pending step.
    let database = Database::join(config).await?;
    let reverted = match options.direction {
        None | Some(Direction::Up) => Ok(Vec::new()),
        Some(Direction::Down { steps }) => migrate::down(database.owner_url(), Some(steps)).await,
    };
    database.close().await?;
    for step in reverted? {
        say(&format!("taken back: {step}"));
    }
    say(&format!("known steps: {}", migrate::names().len()));
    Ok(ExitCode::SUCCESS)
}
