//! `floorline db`

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::process::{ExitCode, ExitStatus};

use anyhow::Context as _;
use clap::Args;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};
use tokio_postgres::Config as Address;
use tokio_postgres::config::{Host, SslMode};

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
    let mut psql = Command::new(program("psql")?);
    psql.args(arguments).envs(environment(&url.parse().context("DATABASE_URL")?));
    psql.status().await.context("cannot run psql")
}

/// The address as psql's environment. As an argument it would show its password to everyone who may list processes.
fn environment(address: &Address) -> Vec<(&'static str, OsString)> {
    let mut variables = Vec::new();
    let mut set = |name, value: Option<OsString>| variables.extend(value.map(|value| (name, value)));
    set("PGHOST", listed(address.get_hosts().iter().map(host)));
    set("PGHOSTADDR", listed(address.get_hostaddrs().iter().map(|address| address.to_string().into())));
    set("PGPORT", listed(address.get_ports().iter().map(|port| port.to_string().into())));
    set("PGUSER", address.get_user().map(Into::into));
    set("PGPASSWORD", address.get_password().map(|password| OsStr::from_bytes(password).to_owned()));
    set("PGDATABASE", address.get_dbname().map(Into::into));
    set("PGOPTIONS", address.get_options().map(Into::into));
    set("PGSSLMODE", ssl_mode(address.get_ssl_mode()).map(Into::into));
    variables
}

fn host(host: &Host) -> OsString {
    match host {
        Host::Tcp(name) => name.into(),
        Host::Unix(folder) => folder.into(),
    }
}

fn listed(parts: impl Iterator<Item = OsString>) -> Option<OsString> {
    parts.reduce(|mut list, part| {
        list.push(",");
        list.push(part);
        list
    })
}

/// psql's word for it; what it prefers by itself need not be said.
const fn ssl_mode(mode: SslMode) -> Option<&'static str> {
    match mode {
        SslMode::Disable => Some("disable"),
        SslMode::Require => Some("require"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> Vec<(&'static str, OsString)> {
        environment(&url.parse().unwrap())
    }

    #[test]
    fn an_address_becomes_environment_with_its_password_as_it_was_meant() {
        let expected = [
            ("PGHOST", "one.example,two.example"),
            ("PGPORT", "5432,5433"),
            ("PGUSER", "floor"),
            ("PGPASSWORD", "p@ss/word"),
            ("PGDATABASE", "line"),
            ("PGSSLMODE", "disable"),
        ];
        let url = "postgres://floor:p%40ss%2Fword@one.example:5432,two.example:5433/line?sslmode=disable";
        assert_eq!(of(url), expected.map(|(name, value)| (name, value.into())));
    }

    #[test]
    fn the_embedded_database_is_a_folder() {
        let expected = [
            ("PGHOST", "/var/lib/floor line"),
            ("PGPORT", "5432"),
            ("PGUSER", "postgres"),
            ("PGDATABASE", "floorline"),
        ];
        assert_eq!(
            of("postgres://postgres@%2Fvar%2Flib%2Ffloor%20line/floorline"),
            expected.map(|(name, value)| (name, value.into()))
        );
    }
}
