//! The peer: pgbench doing the row changes of an entry as an application would that has no engine, statement by statement, one transaction
//! an entry.
//!
//! It is given every advantage that does not change the rows: statements are prepared, the organisation is set once a connection, row locks are
//! taken in the engine's order with the hot topic row last, and it looks nothing up, judges nothing, hashes nothing and leaves orders alone.

use std::time::Duration;

use indicatif::ProgressBar;

use super::pgbench::{Pgbench, Run};

/// Connections at once; more only wait for the same two hot rows.
pub(super) const CLIENTS: u32 = 32;

const BEGIN: &str = include_str!("naive/begin.sql");
const END: &str = include_str!("naive/end.sql");
const MIDDLES: [(&str, &str); 3] = [
    ("scan", include_str!("naive/scan.sql")),
    ("measurement", include_str!("naive/measurement.sql")),
    ("advance", include_str!("naive/advance.sql")),
];

/// Entries a second, the three kinds in equal parts, and the latency of one.
pub(super) async fn naive(
    pgbench: &Pgbench,
    clients: u32,
    time: Duration,
    progress: &ProgressBar,
) -> anyhow::Result<Run> {
    let scripts = MIDDLES.map(|(name, middle)| (name, format!("{BEGIN}{middle}{END}")));
    pgbench.run(&scripts, clients, time, progress).await
}
