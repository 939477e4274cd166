//! `floorline bench grow`: the same work in a database of ten thousand, a hundred thousand and a million items. It must not grow with the table.
//!
//! At each size a few thousand items come from an accepted order, and phones work on those only. The others are written by one statement a chunk,
//! with what a floor leaves behind (`grow/fill.sql`), then analysed. The peer is ourselves in the smallest database.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use serde_json::json;
use uuid::Uuid;

use super::crew::{Items, latencies, throughput};
use super::figure::{Aim, Figure, percentile};
use super::phone::Phone;
use super::progress;
use super::seed::Factory;
use super::stand::{Stand, on_a_stand};
use crate::cli::output::complain;
use crate::platform::config::Config;

const BENCH: &str = "grow";
/// What phones work on at one size at most; more than they get through.
const WORKED_ON: usize = 8_000;
/// Written at once.
const CHUNK: usize = 20_000;
/// What an item with all that belongs to it takes on disk, indexes and log included: 10 KB measured, and what the disk is to keep free.
const BYTES_AN_ITEM: u64 = 14_000;
/// As steady as a figure is from run to run.
const AS_LONG: f64 = 1.2;
const AS_MANY: f64 = 0.83;

struct Size {
    items: Vec<usize>,
    phones: usize,
    warm_up: Duration,
    counted: Duration,
    alone: Duration,
}

impl Size {
    fn full(items: Vec<usize>) -> Self {
        let items = if items.is_empty() { vec![10_000, 100_000, 1_000_000] } else { items };
        let [warm_up, counted, alone] = [2, 10, 5].map(Duration::from_secs);
        Self { items, phones: 64, warm_up, counted, alone }
    }

    fn quick(items: Vec<usize>) -> Self {
        let items = if items.is_empty() { vec![100, 300] } else { items };
        let [warm_up, counted, alone] = [0, 400, 200].map(Duration::from_millis);
        Self { items, phones: 2, warm_up, counted, alone }
    }
}

/// What was seen at one size.
struct Seen {
    items: usize,
    p50_ms: f64,
    p99_ms: f64,
    verdicts: f64,
}

pub(super) async fn measure(config: &Config, quick: bool, sizes: Vec<usize>) -> anyhow::Result<Vec<Figure>> {
    let mut size = if quick { Size::quick(sizes) } else { Size::full(sizes) };
    size.items.sort_unstable();
    on_a_stand(config, async |stand: &Stand| on(stand, &size).await).await
}

async fn on(stand: &Stand, size: &Size) -> anyhow::Result<Vec<Figure>> {
    let factory = Factory::open(stand).await?;
    let smallest = size.items.first().copied().context("no size")?;
    ensure!(smallest > 1, "a database of at least two items is asked for");
    let mut filling = Filling::begin(&factory).await?;
    let mut phones = factory.phones_online(0..size.phones).await?;
    let mut seen = Vec::new();
    for &wanted in &size.items {
        if let Err(short) = filling.room(stand.folder(), wanted) {
            complain(&format!("{BENCH}: {wanted} items are skipped: {short}"));
            break;
        }
        let items = filling.accept(&factory, wanted).await?;
        filling.fill(wanted).await?;
        phones = at(wanted, phones, &items, size, &mut seen).await?;
    }
    Ok(figures(&seen))
}

/// Measures at one size.
async fn at(
    wanted: usize,
    mut phones: Vec<Phone>,
    items: &Arc<Items>,
    size: &Size,
    seen: &mut Vec<Seen>,
) -> anyhow::Result<Vec<Phone>> {
    let mut alone = phones.pop().context("no phone")?;
    // The first acts after so many new rows read them from disk, at any size.
    latencies(&mut alone, items, size.warm_up).await?;
    let waits = latencies(&mut alone, items, size.alone).await?;
    phones.push(alone);
    let (verdicts, phones) = throughput(phones, items, size.warm_up, size.counted).await?;
    let [p50_ms, p99_ms] = [0.5, 0.99].map(|share| percentile(&waits, share));
    seen.push(Seen { items: wanted, p50_ms, p99_ms, verdicts });
    Ok(phones)
}

fn figures(seen: &[Seen]) -> Vec<Figure> {
    let Some((small, larger)) = seen.split_first() else { return Vec::new() };
    if larger.is_empty() {
        complain("only one size was measured: there is nothing to compare it with");
    }
    let peer = format!("the same with {} items", small.items);
    let beside = |name: &str, items, ours, unit, theirs| {
        Figure::new(BENCH, format!("{name}_at_{items}"), ours, unit, peer.as_str(), theirs)
    };
    let of = |seen: &Seen| {
        [
            beside("latency_p50", seen.items, seen.p50_ms, "ms", small.p50_ms).aiming(Aim::RatioAtMost(AS_LONG)),
            beside("latency_p99", seen.items, seen.p99_ms, "ms", small.p99_ms),
            beside("verdicts", seen.items, seen.verdicts, "1/s", small.verdicts).aiming(Aim::RatioAtLeast(AS_MANY)),
        ]
    };
    larger.iter().flat_map(of).collect()
}

/// Fills the database up.
struct Filling {
    owner: AsyncPgConnection,
    statement: String,
    /// Items there are.
    filled: usize,
}

impl Filling {
    /// Accepts the order of one item that all others are made like.
    async fn begin(factory: &Factory<'_>) -> anyhow::Result<Self> {
        let Factory { org, site, user, .. } = factory;
        let items = factory.items(&factory.accepted("FILL", 1).await?).await?;
        let template = items.first().context("the filling order has no item")?.id;
        let mut owner = factory.owner().await?;
        // Nobody waits for these rows, and they refer to what is there: no commit is waited for, no reference checked.
        owner.batch_execute("SET synchronous_commit = off; SET session_replication_role = replica").await?;
        let verdict = json!({ "seq": 12345, "outcome": "applied", "at": { "topic": format!("site:{site}"), "cursor": 123_456 },
            "after": { "item_id": template, "version": 8, "stage": "cut" } });
        let event = json!({ "kind": "action.completed", "action_id": "cut.width", "passed": true, "at": "2026-01-01T00:00:00Z", "by": user,
            "content": { "readings": [{ "name": "width", "value": 100.4, "unit": "mm", "passed": true }] } });
        let mut statement = include_str!("grow/fill.sql").to_owned();
        for (name, value) in [
            ("$ORG", org.to_string()),
            ("$TEMPLATE", template.to_string()),
            ("$SITE", site.to_string()),
            ("$USER", user.to_string()),
            ("$STREAM", Uuid::new_v4().to_string()),
            ("$EVENT", event.to_string()),
            ("$VERDICT", verdict.to_string()),
        ] {
            statement = statement.replace(name, &value);
        }
        Ok(Self { owner, statement, filled: 1 })
    }

    /// Whether the disk has room for so many items; else how much is missing.
    fn room(&self, folder: &Path, wanted: usize) -> Result<(), String> {
        let disk = rustix::fs::statvfs(folder).map_err(|error| format!("the disk cannot be asked: {error}"))?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        let items = u64::try_from(wanted.saturating_sub(self.filled)).unwrap_or(u64::MAX);
        let needed = items.saturating_mul(BYTES_AN_ITEM);
        if free >= needed {
            return Ok(());
        }
        Err(format!("the disk has {} MiB free, {} are needed", free >> 20, needed >> 20))
    }

    /// Accepts an order on the way to `wanted`: items to work on.
    async fn accept(&mut self, factory: &Factory<'_>, wanted: usize) -> anyhow::Result<Arc<Items>> {
        let count = wanted.saturating_sub(self.filled).min(WORKED_ON);
        let order = factory.accepted(&format!("PART{wanted}"), count).await?;
        self.filled += count;
        Ok(Items::new(factory.items(&order).await?))
    }

    /// Writes items until there are `wanted`.
    async fn fill(&mut self, wanted: usize) -> anyhow::Result<()> {
        let progress = progress::bar(wanted.saturating_sub(self.filled), format!("filling up to {wanted} items"));
        while self.filled < wanted {
            let count = CHUNK.min(wanted - self.filled);
            let (first, last) = ((self.filled + 1).to_string(), (self.filled + count).to_string());
            let chunk = self.statement.replace("$FIRST", &first).replace("$LAST", &last);
            self.owner.batch_execute(&chunk).await?;
            self.filled += count;
            progress.inc(u64::try_from(count)?);
        }
        progress.set_message("analysing");
        self.owner.batch_execute("VACUUM ANALYZE").await?;
        self.owner.batch_execute("CHECKPOINT").await?;
        progress.finish_and_clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_size_stands_beside_the_smallest() {
        let seen = |items, p50_ms| Seen { items, p50_ms, p99_ms: 9.0, verdicts: 100.0 };
        let lines: Vec<String> =
            figures(&[seen(10, 2.0), seen(20, 2.4), seen(30, 2.5)]).iter().map(ToString::to_string).collect();
        assert_eq!(lines.len(), 6);
        assert!(
            lines[0].ends_with("the same with 10 items: 2 ms; ratio 1.2; aim: ratio at most 1.2, met"),
            "{}",
            lines[0]
        );
        assert!(lines[3].contains("ratio 1.25; aim: ratio at most 1.2, not met"), "{}", lines[3]);
    }
}
