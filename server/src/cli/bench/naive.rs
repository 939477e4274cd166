//! The peer: pgbench doing the row changes of an entry as an application would that has no engine, statement by statement, one transaction
//! an entry.
//!
//! It is given every advantage that does not change the rows: statements are prepared, the organisation is set once a connection, row locks are
//! taken in the engine's order with the hot topic row last, and it looks nothing up, judges nothing, hashes nothing and leaves orders alone.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, SimpleAsyncConnection as _};
use floorline_domain::{LocationId, OrgId, UserId};
use indicatif::ProgressBar;
use serde_json::json;
use tokio::process::Command;

use super::seed::{ITEMS, PEER_LINE};
use crate::platform::db::embedded::{LOGIN, SUPERUSER, program, running_url};

/// Connections at once; more only wait for the same two hot rows.
const CLIENTS: u32 = 32;

const BEGIN: &str = include_str!("naive/begin.sql");
const END: &str = include_str!("naive/end.sql");
const SCAN: &str = include_str!("naive/scan.sql");
const MEASUREMENT: &str = include_str!("naive/measurement.sql");
const ADVANCE: &str = include_str!("naive/advance.sql");

/// What one run measured.
pub(super) struct Run {
    pub(super) per_second: f64,
    /// Sorted.
    pub(super) latencies_ms: Vec<f64>,
}

/// Scripts and streams, ready to run against the database of a running server.
pub(super) struct Naive {
    folder: PathBuf,
    url: String,
    settings: String,
    variables: Vec<String>,
}

impl Naive {
    pub(super) async fn prepare(
        folder: &Path,
        org: OrgId,
        site: LocationId,
        user: UserId,
        order: &str,
    ) -> anyhow::Result<Self> {
        let scripts = folder.join("pgbench");
        std::fs::create_dir_all(&scripts)?;
        for (name, middle) in [("scan", SCAN), ("measurement", MEASUREMENT), ("advance", ADVANCE)] {
            std::fs::write(scripts.join(format!("{name}.sql")), format!("{BEGIN}{middle}{END}"))?;
        }
        let url = |role| running_url(folder, role).context("the embedded database is not running");
        let mut owner = AsyncPgConnection::establish(&url(SUPERUSER)?).await?;
        let streams =
            include_str!("naive/streams.sql").replace("$ORG", &org.to_string()).replace("$SITE", &site.to_string());
        owner.batch_execute(&streams).await?;
        let verdict = json!({ "seq": 12345, "outcome": "applied", "at": { "topic": format!("site:{site}"), "cursor": 123_456 },
            "after": { "item_id": org, "version": 8, "stage": "sew" } });
        let event = json!({ "kind": "action.completed", "action_id": "sew.width", "passed": true, "at": "2026-01-01T00:00:00Z", "by": user,
            "content": { "readings": [{ "name": "width", "value": 100.4, "unit": "mm", "passed": true }] } });
        let variables = [
            ("items", ITEMS.to_string()),
            ("line", PEER_LINE.to_owned()),
            ("org", org.to_string()),
            ("user", user.to_string()),
            ("site_topic", format!("site:{site}")),
            ("order_topic", format!("order:{order}")),
            ("hash", format!("\\x{}", "5a".repeat(32))),
            ("verdict", verdict.to_string()),
            ("event", event.to_string()),
        ];
        Ok(Self {
            folder: scripts,
            url: url(LOGIN)?,
            settings: format!("-c role=floorline_app -c app.org_id={org}"),
            variables: variables.into_iter().map(|(name, value)| format!("--define={name}={value}")).collect(),
        })
    }

    /// Clients of the crowded run.
    pub(super) const fn clients(&self) -> u32 {
        CLIENTS
    }

    /// Runs for `time` with `clients` connections, the three kinds of entries in equal parts.
    pub(super) async fn run(&self, clients: u32, time: Duration, progress: &ProgressBar) -> anyhow::Result<Run> {
        let log = format!("latency-{clients}");
        let mut pgbench = Command::new(program("pgbench")?);
        pgbench.current_dir(&self.folder).env("PGOPTIONS", &self.settings).args(&self.variables);
        pgbench.args(["--no-vacuum", "--protocol=prepared", "--log"]).arg(format!("--log-prefix={log}"));
        pgbench.arg(format!("--client={clients}")).arg(format!("--jobs={}", clients.min(2)));
        pgbench.arg(format!("--time={}", time.as_secs()));
        pgbench.args(["--file=scan.sql", "--file=measurement.sql", "--file=advance.sql"]).arg(&self.url);
        let child = pgbench.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let output = watched(child.spawn()?.wait_with_output(), progress).await?;
        let (told, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "pgbench failed: {complained}");
        let per_second = told
            .lines()
            .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok())
            .with_context(|| format!("pgbench told no tps: {told}"))?;
        Ok(Run { per_second, latencies_ms: self.latencies(&log)? })
    }

    /// What pgbench logged: a line a transaction, the third word its microseconds.
    fn latencies(&self, prefix: &str) -> anyhow::Result<Vec<f64>> {
        let mut latencies = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&format!("{prefix}."))) {
                let text = std::fs::read_to_string(&path)?;
                let microseconds = text.lines().filter_map(|line| line.split(' ').nth(2)?.parse::<f64>().ok());
                latencies.extend(microseconds.map(|microseconds| microseconds / 1000.0));
            }
        }
        latencies.sort_by(f64::total_cmp);
        Ok(latencies)
    }
}

/// Moves `progress` on by one a second until `work` is done.
async fn watched<T>(work: impl Future<Output = T>, progress: &ProgressBar) -> T {
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    seconds.tick().await;
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = seconds.tick() => progress.inc(1),
        }
    }
}
