//! `floorline user`

use std::io::{IsTerminal as _, Write as _, stderr, stdin};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use floorline_domain::permission::OrganizationKind;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use super::output::say;
use crate::database::Database;
use crate::identity::{Founded, Passwords, create_first_admin};
use crate::platform::config::Config;
use crate::platform::db::Db;

#[derive(Args)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Makes the administrator of a new organisation, who may found further ones over the API.
    ///
    /// The password is read from the terminal, or is the first line of what is piped in. An empty one is made up and printed, once.
    Create(NewAdmin),
}

#[derive(Args)]
struct NewAdmin {
    /// Everybody else is made over the API, by an administrator.
    #[arg(long, required = true)]
    admin: bool,
    /// Who signs in.
    #[arg(long)]
    email: String,
    /// The organisation's name.
    #[arg(long, value_name = "NAME")]
    organization: String,
    /// factory, brand, studio, vendor, community or retailer.
    #[arg(long, default_value = "factory")]
    kind: OrganizationKind,
}

pub(super) async fn run(config: &Config, options: Options) -> anyhow::Result<ExitCode> {
    let Command::Create(new) = options.command;
    let password = read_password()?;
    let founded = create(config, &new, password.as_deref()).await?;
    say(&format!("{} administers {} ({})", new.email, new.organization, founded.org));
    if let Some(password) = founded.password {
        say(&format!("password, shown this once: {password}"));
    }
    Ok(ExitCode::SUCCESS)
}

async fn create(config: &Config, new: &NewAdmin, password: Option<&str>) -> anyhow::Result<Founded> {
    let passwords = Passwords::new(&config.sign_in)?;
    let database = Database::join(config).await?;
    let founded = async {
        let db = Db::new(database.url(), 2)?;
        let founded = create_first_admin(&db, &passwords, &new.email, &new.organization, new.kind, password).await;
        db.close();
        anyhow::Ok(founded?)
    }
    .await;
    database.close().await?;
    founded
}

/// One line, not shown while it is typed; none when it is empty.
fn read_password() -> anyhow::Result<Option<String>> {
    let mut line = String::new();
    if stdin().is_terminal() {
        write!(stderr(), "Password (empty: one is made up): ")?;
        let shown = tcgetattr(stdin())?;
        let mut hidden = shown.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(stdin(), OptionalActions::Flush, &hidden)?;
        let read = stdin().read_line(&mut line);
        tcsetattr(stdin(), OptionalActions::Flush, &shown)?;
        writeln!(stderr())?;
        read.context("the password cannot be read")?;
    } else {
        stdin().read_line(&mut line).context("the password cannot be read")?;
    }
    Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()).filter(|password| !password.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{config, parse};
    use crate::identity::audit::verify_all;

    fn new_admin(arguments: &[&str]) -> Result<NewAdmin, String> {
        let crate::cli::Command::User(Options { command: Command::Create(new) }) = parse(arguments)? else {
            return Err("another command".to_owned());
        };
        Ok(new)
    }

    #[test]
    fn it_says_whom_it_makes_or_it_is_refused() {
        let new =
            new_admin(&["user", "create", "--admin", "--email", "ada@mill.example", "--organization", "Mill"]).unwrap();
        assert_eq!((new.kind, new.email.as_str()), (OrganizationKind::Factory, "ada@mill.example"));
        let refusals: [(&[&str], &str); 4] = [
            (&["user", "create", "--email", "a@b.example", "--organization", "Mill"], "--admin"),
            (&["user", "create", "--admin", "--organization", "Mill"], "--email"),
            (&["user", "create", "--admin", "--email", "a@b.example"], "--organization"),
            (
                &["user", "create", "--admin", "--email", "a@b.example", "--organization", "M", "--kind", "mill"],
                "kind of organisation",
            ),
        ];
        for (arguments, missing) in refusals {
            let refused = new_admin(arguments).err().unwrap();
            assert!(refused.contains(missing), "{refused}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_first_administrator_is_made_once_and_the_chain_holds() {
        let (folder, config) = config();
        let new =
            new_admin(&["user", "create", "--admin", "--email", "ada@mill.example", "--organization", "Mill"]).unwrap();
        let made_up = create(&config, &new, None).await.unwrap();
        assert!(made_up.password.is_some_and(|password| password.len() >= 20));

        let taken = create(&config, &new, Some("correct horse")).await.unwrap_err();
        assert!(taken.to_string().contains("exists already"), "{taken}");
        let other = new_admin(&[
            "user",
            "create",
            "--admin",
            "--email",
            "bo@brand.example",
            "--organization",
            "Brand",
            "--kind",
            "brand",
        ])
        .unwrap();
        let given = create(&config, &other, Some("correct horse")).await.unwrap();
        assert_eq!(given.password, None, "one that was given is not told");

        let database = Database::join(&config).await.unwrap();
        let db = Db::new(database.url(), 2).unwrap();
        let chains = verify_all(&db).await.unwrap();
        let names: Vec<&str> = chains.iter().map(|(_, name, _)| name.as_str()).collect();
        assert_eq!(names, ["Mill", "Brand"]);
        assert!(chains.iter().all(|(_, _, chain)| chain.fault.is_none() && chain.events > 0), "{chains:?}");
        db.close();
        database.close().await.unwrap();
        drop(folder);
    }
}
