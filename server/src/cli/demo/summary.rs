//! What a demonstration came to, for a person and as JSON.

use std::time::Duration;

use serde_json::{Value, json};

use super::ends::Ends;
use super::stage_world::Login;
use super::tally::Tally;
use crate::checker::Report;
use crate::cli::output::say;

/// Findings that are told in words; the others are counted.
const TOLD: usize = 10;

/// The figures. `passed`: everything was finished, and the checker found nothing.
pub(super) fn of(tally: &Tally, found: &Report, ends: &Ends, finished: bool, took: Duration) -> Value {
    let nothing_open = ends.items_open == 0 && ends.orders_open == 0 && ends.cases_open == 0 && found.unsent == 0;
    let findings: Vec<String> = found.violations.iter().take(TOLD).map(ToString::to_string).collect();
    json!({
        "passed": finished && nothing_open && found.is_sound(),
        "seconds": took.as_secs(),
        "entries": found.entries,
        "outcomes": found.outcomes,
        "lost": found.lost,
        "doubled": found.doubled,
        "unsent": found.unsent,
        "violations": found.violations.len(),
        "findings": findings,
        "items_completed": ends.items_completed,
        "items_scrapped": ends.items_scrapped,
        "items_open": ends.items_open,
        "orders_completed": ends.orders_completed,
        "orders_open": ends.orders_open,
        "cases_decided": tally.cases.get(),
        "cases_open": ends.cases_open,
        "photos": ends.photos,
        "absences": tally.absences.get(),
        "kills": tally.kills.get(),
        "labels_misread": tally.misread.get(),
        "latency_ms": { "p50": tally.latency_ms(0.5), "p95": tally.latency_ms(0.95), "p99": tally.latency_ms(0.99) },
    })
}

/// The same for a person, with the ways in.
pub(super) fn print(summary: &Value, logins: &[Login], url: &str) {
    let figure = |key: &str| summary.get(key).map(Value::to_string).unwrap_or_default();
    let line = |keys: &[&str]| {
        keys.iter().map(|key| format!("{} {}", figure(key), key.replace('_', " "))).collect::<Vec<_>>().join(", ")
    };
    say(&format!("==> {}", line(&["entries", "lost", "doubled", "unsent", "violations"])));
    say(&format!(
        "    {}",
        line(&["items_completed", "items_scrapped", "items_open", "orders_completed", "orders_open"])
    ));
    say(&format!(
        "    {}",
        line(&["cases_decided", "cases_open", "photos", "absences", "kills", "labels_misread", "seconds"])
    ));
    say(&format!("    from saved to confirmed, ms: {}", figure("latency_ms")));
    for (word, n) in summary.get("outcomes").and_then(Value::as_object).into_iter().flatten() {
        say(&format!("    {n:>6} {word}"));
    }
    for finding in summary.get("findings").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        say(&format!("    ! {finding}"));
    }
    say(&format!("    API and its documentation: {url}/docs"));
    say("    Sign in with the password of fixtures/README.md as:");
    for login in logins {
        say(&format!("    {:<22} {:<34} {}", login.organization, login.email, login.roles));
    }
}
