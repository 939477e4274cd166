//! `floorline audit`

use std::process::ExitCode;

use clap::{Args, Subcommand};
use floorline_domain::OrgId;

use super::output::say;
use crate::database::Database;
use crate::identity::audit::{Chain, verify, verify_all};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::tenancy::TenantTx;

#[derive(Args)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Walks the chain of audit events: nothing was changed, taken out or put in.
    Verify {
        /// Only this one's; otherwise every organisation's.
        #[arg(long, value_name = "ID")]
        organization: Option<OrgId>,
    },
}

pub(super) async fn run(config: &Config, options: Options) -> anyhow::Result<ExitCode> {
    let Command::Verify { organization } = options.command;
    let lines = walk(config, organization).await?;
    let whole = lines.iter().all(|(_, chain)| chain.fault.is_none());
    for (name, chain) in lines {
        say(&describe(&name, &chain));
    }
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Every chain asked for, with the organisation it belongs to.
async fn walk(config: &Config, organization: Option<OrgId>) -> anyhow::Result<Vec<(String, Chain)>> {
    let database = Database::join(config).await?;
    let walked = async {
        let db = Db::new(database.url(), 2)?;
        let chains = match organization {
            Some(org) => {
                let mut tx = TenantTx::open_snapshot(&db, org).await?;
                vec![(org.to_string(), verify(&mut tx).await?)]
            }
            None => verify_all(&db)
                .await?
                .into_iter()
                .map(|(org, name, chain)| (format!("{name} ({org})"), chain))
                .collect(),
        };
        db.close();
        anyhow::Ok(chains)
    }
    .await;
    database.close().await?;
    walked
}

fn describe(name: &str, chain: &Chain) -> String {
    match &chain.fault {
        None => format!("{name}: {} events, the chain holds", chain.events),
        Some(fault) => format!("{name}: BROKEN after {} events: {fault}", chain.events),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::audit::ChainFault;

    #[test]
    fn a_broken_chain_says_where() {
        let broken = Chain { events: 4, fault: Some(ChainFault::Missing(5)) };
        assert_eq!(describe("Mill", &broken), "Mill: BROKEN after 4 events: event 5 is missing");
        assert_eq!(describe("Mill", &Chain { events: 4, fault: None }), "Mill: 4 events, the chain holds");
    }
}
