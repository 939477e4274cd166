//! The figures, for a person and as JSON.

use std::time::Duration;

use serde_json::{Value, json};

use super::fault::Faults;
use crate::checker::Report;
use crate::cli::output::say;

/// Findings that are told in words; the others are counted.
const TOLD: usize = 20;

/// What was found once the faults were over, and again after the restore if there was one.
pub(super) struct Found {
    pub(super) report: Report,
    pub(super) drained: Duration,
    pub(super) restored: Option<(Report, Duration)>,
}

/// One object. `passed`: nothing was lost, doubled, left unsent or otherwise broken.
pub(super) fn of(found: &Found, faults: &Faults, (seed, phones, took): (u64, usize, Duration)) -> Value {
    let reports = || std::iter::once(&found.report).chain(found.restored.iter().map(|(report, _)| report));
    let all = |count: fn(&Report) -> usize| reports().map(count).sum::<usize>();
    let findings: Vec<String> =
        reports().flat_map(|report| &report.violations).take(TOLD).map(ToString::to_string).collect();
    let last = found.restored.as_ref().map_or(&found.report, |(report, _)| report);
    let unsent = all(|report| report.unsent);
    json!({
        "passed": unsent == 0 && reports().all(Report::is_sound),
        "seed": seed,
        "devices": phones,
        "seconds": took.as_secs(),
        "faults": faults.json(),
        "entries": last.entries,
        "outcomes": last.outcomes,
        "unsent": unsent,
        "lost": all(|report| report.lost),
        "doubled": all(|report| report.doubled),
        "violations": all(|report| report.violations.len()),
        "findings": findings,
        "drained_s": tenths(found.drained),
        "healed_s": found.restored.as_ref().map(|(_, healed)| tenths(*healed)),
    })
}

fn tenths(time: Duration) -> f64 {
    (time.as_secs_f64() * 10.0).round() / 10.0
}

/// The same for a person.
pub(super) fn print(summary: &Value) {
    let figure = |key: &str| summary.get(key).map(Value::to_string).unwrap_or_default();
    for (kind, said) in summary.get("faults").and_then(Value::as_object).into_iter().flatten() {
        say(&format!("    {kind:<24} {}", said.as_str().map_or_else(|| said.to_string(), str::to_owned)));
    }
    let line: Vec<String> = ["entries", "lost", "doubled", "unsent", "violations"]
        .iter()
        .map(|key| format!("{} {key}", figure(key)))
        .collect();
    say(&format!("==> {}; seed {}", line.join(", "), figure("seed")));
    say(&format!(
        "    outboxes empty {} s after the last fault, healed {} s after the restore; {} s in all",
        figure("drained_s"),
        figure("healed_s"),
        figure("seconds")
    ));
    for (word, n) in summary.get("outcomes").and_then(Value::as_object).into_iter().flatten() {
        say(&format!("    {n:>6} {word}"));
    }
    for finding in summary.get("findings").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        say(&format!("    ! {finding}"));
    }
}
