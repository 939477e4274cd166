//! `floorline db`

use std::ffi::OsString;
use std::process::{ExitCode, ExitStatus};

use anyhow::Context as _;
use clap::Args;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

use crate::database::Database;
use crate::platform::config::Config;
use crate::platform::db::embedded::program;

#[derive(Args)]
pub(super) struct Options {
    /// Arguments of psql.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

pub(super) async fn run(config: &Config, options: Options) -> anyhow::Result<ExitCode> {
    let database = Database::join(config).await?;
    let status = psql(database.owner_url(), options.arguments).await;
    database.close().await?;
    let code = status?.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

async fn psql(url: &str, arguments: Vec<OsString>) -> anyhow::Result<ExitStatus> {
    // An interrupt typed at the terminal is psql's; we only must not end before it.
    let _interrupts = signal(SignalKind::interrupt())?;
    Command::new(program("psql")?).arg(url).args(arguments).status().await.context("cannot run psql")
}
