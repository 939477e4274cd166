//! Ends the server and its database without warning, again and again, while everybody works.

use std::time::Duration;

use rand::RngExt as _;

use super::tally::Tally;
use super::view::View;
use crate::cli::child::ServerChild;

/// Strikes this often.
const STRIKES: u32 = 5;

/// Strikes a few times, then lets the play end. Only an error comes back: what was killed did not come up again.
pub(super) async fn strike(server: &mut ServerChild, tally: &Tally, view: &View) -> anyhow::Error {
    for n in 0..STRIKES {
        tokio::time::sleep(Duration::from_secs(rand::rng().random_range(5..9))).await;
        let struck = if n % 2 == 0 {
            view.say("    kill -9 of the server");
            server.kill_and_restart().await
        } else {
            view.say("    kill -9 of the database");
            server.kill_postmaster().await
        };
        tally.kills.add_one();
        if let Err(error) = struck {
            return error.context("after a kill");
        }
    }
    match server.ended().await {
        Ok(()) => anyhow::anyhow!("the server ended"),
        Err(error) => error,
    }
}
