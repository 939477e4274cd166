//! `floorline epoch`

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::output::say;
use crate::database::Database;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::db::epoch::Renewed;

#[derive(Args)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Gives the server and every feed a new epoch: phones compare what they hold with the database and give back what it forgot.
    ///
    /// Servers do it by themselves when the cluster, its timeline or the database is another one than before. Servers that run need no restart.
    Renew,
}

pub(super) async fn run(config: &Config, options: Options) -> anyhow::Result<ExitCode> {
    let Command::Renew = options.command;
    let Renewed { before, after, topics, .. } = renew(config).await?;
    say(&format!("server epoch: {before} before, {after} now; feeds begun anew: {topics}"));
    say("phones that are connected come back within a minute and give back what this database does not have");
    Ok(ExitCode::SUCCESS)
}

async fn renew(config: &Config) -> anyhow::Result<Renewed> {
    let database = Database::join(config).await?;
    let renewed = async {
        let db = Db::new(database.url(), 2)?;
        let renewed = db.renew_epoch().await?;
        db.close();
        anyhow::Ok(renewed)
    };
    let renewed = renewed.await;
    database.close().await?;
    renewed
}
