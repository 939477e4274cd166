//! pgbench, PostgreSQL's own benchmark, in the database of a running server, as the server's own login and under its row-level security.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use diesel_async::SimpleAsyncConnection as _;
use indicatif::ProgressBar;
use serde_json::json;
use tokio::process::Command;

use super::progress::watched;
use super::seed::Factory;
use crate::platform::db::embedded::{LOGIN, program, running_url};

/// What the codes of pgbench's items begin with.
const LINE: &str = "PEER";

/// What one run measured.
pub(super) struct Run {
    /// Transactions.
    pub(super) per_second: f64,
    /// Of a transaction, sorted.
    pub(super) latencies_ms: Vec<f64>,
}

/// An order, streams and variables of pgbench's own.
pub(super) struct Pgbench {
    folder: PathBuf,
    url: String,
    settings: String,
    variables: Vec<String>,
}

impl Pgbench {
    /// Accepts an order of `items` for pgbench and prepares what its scripts refer to.
    pub(super) async fn prepare(factory: &Factory<'_>, items: usize) -> anyhow::Result<Self> {
        let Factory { org, site, user, .. } = factory;
        let order = factory.accepted(LINE, items).await?;
        let folder = factory.stand().folder().join("pgbench");
        std::fs::create_dir_all(&folder)?;
        let streams =
            include_str!("pgbench/streams.sql").replace("$ORG", &org.to_string()).replace("$SITE", &site.to_string());
        factory.owner().await?.batch_execute(&streams).await?;
        let verdict = json!({ "seq": 12345, "outcome": "applied", "at": { "topic": format!("site:{site}"), "cursor": 123_456 },
            "after": { "item_id": org, "version": 8, "stage": "sew" } });
        let event = json!({ "kind": "action.completed", "action_id": "sew.width", "passed": true, "at": "2026-01-01T00:00:00Z", "by": user,
            "content": { "readings": [{ "name": "width", "value": 100.4, "unit": "mm", "passed": true }] } });
        let variables = [
            ("items", items.to_string()),
            ("line", LINE.to_owned()),
            ("org", org.to_string()),
            ("user", user.to_string()),
            ("site_topic", format!("site:{site}")),
            ("order_topic", format!("order:{order}")),
            ("hash", format!("\\x{}", "5a".repeat(32))),
            ("verdict", verdict.to_string()),
            ("event", event.to_string()),
        ];
        Ok(Self {
            url: running_url(factory.stand().folder(), LOGIN).context("the embedded database is not running")?,
            folder,
            settings: format!("-c role=floorline_app -c app.org_id={org}"),
            variables: variables.into_iter().map(|(name, value)| format!("--define={name}={value}")).collect(),
        })
    }

    /// Runs the scripts for `time` on `clients` connections, each script equally often.
    pub(super) async fn run(
        &self,
        scripts: &[(&str, String)],
        clients: u32,
        time: Duration,
        progress: &ProgressBar,
    ) -> anyhow::Result<Run> {
        let name = scripts.iter().map(|(name, _)| *name).collect::<Vec<_>>().join("-");
        let log = format!("{name}-{clients}");
        let mut pgbench = Command::new(program("pgbench")?);
        pgbench.current_dir(&self.folder).env("PGOPTIONS", &self.settings).args(&self.variables);
        pgbench.args(["--no-vacuum", "--protocol=prepared", "--log"]).arg(format!("--log-prefix={log}"));
        pgbench.arg(format!("--client={clients}")).arg(format!("--jobs={}", clients.min(2)));
        pgbench.arg(format!("--define=clients={clients}")).arg(format!("--time={}", time.as_secs().max(1)));
        for (name, script) in scripts {
            std::fs::write(self.folder.join(format!("{name}.sql")), script)?;
            pgbench.arg(format!("--file={name}.sql"));
        }
        let child = pgbench.arg(&self.url).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = watched(child.kill_on_drop(true).spawn()?.wait_with_output(), progress).await?;
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
