//! A dump of the database as an administrator takes one, while everybody works, and its restoration into a database made anew.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, SimpleAsyncConnection as _};
use tokio::process::Command;

use crate::platform::db::embedded::{Cluster, DATABASE, SUPERUSER, program};

/// A dump that a fault cut short is begun again.
const TRIES: u32 = 20;

/// Takes a dump; the database may go away meanwhile.
pub(super) async fn take(url: &str, file: PathBuf) -> anyhow::Result<PathBuf> {
    let mut last = None;
    for _ in 0..TRIES {
        match run(Command::new(program("pg_dump")?).args(["-Fc", "-d", url, "-f"]).arg(&file)).await {
            Ok(()) => return Ok(file),
            Err(error) => last = Some(error),
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Err(last.unwrap_or_else(|| anyhow::anyhow!("no dump was tried")))
}

/// Puts a dump in the place of the database. No server may be running.
pub(super) async fn restore(cluster: &Cluster, dump: &Path) -> anyhow::Result<()> {
    let mut conn = AsyncPgConnection::establish(&cluster.url(SUPERUSER, "postgres")).await?;
    conn.batch_execute(&format!("DROP DATABASE {DATABASE} WITH (FORCE)")).await?;
    conn.batch_execute(&format!("CREATE DATABASE {DATABASE}")).await?;
    let url = cluster.owner_url();
    let mut restore = Command::new(program("pg_restore")?);
    run(restore.args(["--exit-on-error", "--no-tablespaces", "-d", &url]).arg(dump)).await
}

async fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.kill_on_drop(true).output().await.context("cannot be run")?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}
