//! The limit: pgbench doing the same row changes set-based, many entries a transaction, a statement a table.
//!
//! It is what the machine and PostgreSQL can do with these rows when nobody looks anything up, judges, hashes, or speaks with phones.

use std::time::Duration;

use indicatif::ProgressBar;

use super::pgbench::Pgbench;

/// Visits of a stage in one transaction, each a scan, a measurement and an advance. The script has the same numbers.
const VISITS: u32 = 21;
/// Entries in one transaction.
pub(super) const ENTRIES: u32 = 3 * VISITS;

const SCRIPT: &str = include_str!("limit/visits.sql");

/// Entries a second with as many connections as serve them best, and how many those were.
pub(super) async fn limit(pgbench: &Pgbench, time: Duration, progress: &ProgressBar) -> anyhow::Result<(f64, u32)> {
    let mut best = (0.0, 1);
    for clients in [1, 2, 4, 8] {
        let run = pgbench.run(&[("visits", SCRIPT.to_owned())], clients, time / 4, progress).await?;
        let entries = run.per_second * f64::from(ENTRIES);
        if entries > best.0 {
            best = (entries, clients);
        }
    }
    Ok(best)
}
