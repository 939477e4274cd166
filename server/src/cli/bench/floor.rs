//! `floorline bench floor`: how many verdicts a second become durable, and how long one takes.
//!
//! 64 phones work at once: each takes an item through its stages, sends the three acts of a visit (scan, measure, advance) together and waits
//! for their verdicts before it goes on. Every verdict must be `applied`. Beside it pgbench does the same row changes in the same database,
//! once as a transaction an entry (`naive.rs`) and once set-based (`limit.rs`).

use std::time::Duration;

use anyhow::Context as _;

use super::crew::{Items, latencies, throughput};
use super::figure::{Aim, Figure, percentile};
use super::limit::{self, limit};
use super::naive::{self, naive};
use super::pgbench::Pgbench;
use super::progress;
use super::seed::Factory;
use super::stand::{Stand, on_a_stand};
use crate::platform::config::Config;

const BENCH: &str = "floor";

struct Size {
    phones: usize,
    /// Of the order that phones work on, and of pgbench's.
    items: usize,
    /// Not counted, before an `ANALYZE` and after it: caches fill, statements are prepared.
    warm_up: Duration,
    counted: Duration,
    /// For the latency of one alone.
    alone: Duration,
}

const FULL: Size = Size {
    phones: 64,
    items: 10_000,
    warm_up: Duration::from_secs(2),
    counted: Duration::from_secs(15),
    alone: Duration::from_secs(5),
};
const QUICK: Size = Size {
    phones: 3,
    items: 200,
    warm_up: Duration::ZERO,
    counted: Duration::from_secs(1),
    alone: Duration::from_millis(200),
};

pub(super) async fn measure(config: &Config, quick: bool) -> anyhow::Result<Vec<Figure>> {
    let size = if quick { QUICK } else { FULL };
    on_a_stand(config, async |stand: &Stand| on(stand, &size).await).await
}

async fn on(stand: &Stand, size: &Size) -> anyhow::Result<Vec<Figure>> {
    let factory = Factory::open(stand).await?;
    let order = factory.accepted("PART", size.items).await?;
    let items = Items::new(factory.items(&order).await?);
    let phones = factory.phones_online(0..size.phones).await?;
    let (_, phones) = throughput(phones, &items, Duration::ZERO, size.warm_up).await?;
    factory.analyze().await?;
    let (verdicts, mut phones) = throughput(phones, &items, size.warm_up, size.counted).await?;
    let waits = latencies(phones.last_mut().context("no phone")?, &items, size.alone).await?;
    drop(phones);
    let pgbench = Pgbench::prepare(&factory, size.items).await?;
    let progress = progress::seconds(size.counted * 2 + size.alone, "pgbench");
    let crowd = naive(&pgbench, naive::CLIENTS, size.counted, &progress).await?;
    let single = naive(&pgbench, 1, size.alone, &progress).await?;
    let (most, clients) = limit(&pgbench, size.counted, &progress).await?;
    progress.finish_and_clear();

    let peer = format!("pgbench, a transaction an entry, {} clients", naive::CLIENTS);
    let ceiling = format!("pgbench, {} entries a transaction, set-based, {clients} clients", limit::ENTRIES);
    let one = "pgbench, a transaction an entry, 1 client";
    let beside = |name, share| {
        Figure::new(BENCH, name, percentile(&waits, share), "ms", one, percentile(&single.latencies_ms, share))
    };
    Ok(vec![
        Figure::new(BENCH, "verdicts", verdicts, "1/s", peer, crowd.per_second).aiming(Aim::RatioAtLeast(2.0)),
        Figure::new(BENCH, "verdicts_of_limit", verdicts, "1/s", ceiling, most).aiming(Aim::RatioAtLeast(0.5)),
        beside("latency_p50", 0.5).aiming(Aim::RatioAtMost(2.0)),
        beside("latency_p99", 0.99),
    ])
}
