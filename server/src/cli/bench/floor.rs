//! `floorline bench floor`: how many verdicts a second become durable, and how long one takes.
//!
//! 64 phones work at once: each takes an item through its stages, sends the three acts of a visit (scan, measure, advance) together and waits
//! for their verdicts before it goes on. Every verdict must be `applied`. Beside it pgbench does the same row changes in the same database,
//! statement by statement, one transaction an entry (`naive.rs`).

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;

use super::figure::{Figure, percentile};
use super::naive::Naive;
use super::phone::Phone;
use super::seed::{self, Factory, Item, visits};
use crate::cli::child::ServerChild;
use crate::cli::output::complain;
use crate::platform::config::Config;

/// Phones that work at once.
const PHONES: u64 = 64;
/// What is not counted: caches fill, statements are prepared.
const WARM_UP: Duration = Duration::from_secs(2);
/// What is.
const COUNTED: Duration = Duration::from_secs(15);
/// For the latency of one phone alone.
const ALONE: Duration = Duration::from_secs(5);

/// Measures on a server of its own in `<data>/bench`, which is emptied before and after.
pub(super) async fn measure(mut config: Config) -> anyhow::Result<Vec<Figure>> {
    let folder = std::path::absolute(config.data.folder.join("bench"))?;
    empty(&folder)?;
    config.data.folder = folder.clone();
    config.database.url = None;
    seed::found(&config).await?;
    let server = ServerChild::start(&folder, None).await?;
    let measured = on(&server, &folder).await;
    server.stop().await?;
    let figures = measured?;
    empty(&folder)?;
    Ok(figures)
}

async fn on(server: &ServerChild, folder: &Path) -> anyhow::Result<Vec<Figure>> {
    let progress = bar(PHONES, "a factory");
    let Factory { org, site, user, order, items, mut phones } =
        seed::make(&server.url(), folder, PHONES, &progress).await?;
    progress.finish_and_clear();
    let items = Arc::new(Items { all: items, taken: AtomicUsize::new(0) });
    let mut alone = phones.pop().context("no phone")?;
    let latencies = latencies(&mut alone, &items).await?;
    phones.push(alone);
    let verdicts = throughput(phones, &items).await?;
    let naive = Naive::prepare(folder, org, site, user, &order).await?;
    let seconds = |span: Duration| span.as_secs();
    let progress = bar(seconds(COUNTED) + seconds(ALONE), "pgbench");
    let [crowd, single] =
        [naive.run(naive.clients(), COUNTED, &progress).await?, naive.run(1, ALONE, &progress).await?];
    progress.finish_and_clear();
    let peer = format!("pgbench, a transaction an entry, {} clients", naive.clients());
    let one = "pgbench, a transaction an entry, 1 client";
    Ok(vec![
        Figure::new("verdicts", verdicts, "1/s", &peer, crowd.per_second),
        Figure::new("latency_p50", percentile(&latencies, 0.5), "ms", one, percentile(&single.latencies_ms, 0.5)),
        Figure::new("latency_p99", percentile(&latencies, 0.99), "ms", one, percentile(&single.latencies_ms, 0.99)),
    ])
}

/// Items nobody has taken yet.
struct Items {
    all: Vec<Item>,
    taken: AtomicUsize,
}

impl Items {
    fn take(&self) -> Option<&Item> {
        self.all.get(self.taken.fetch_add(1, Ordering::Relaxed))
    }
}

/// Durable verdicts a second of all phones together.
async fn throughput(phones: Vec<Phone>, items: &Arc<Items>) -> anyhow::Result<f64> {
    let verdicts = Arc::new(AtomicU64::new(0));
    let end = Instant::now() + WARM_UP + COUNTED;
    let mut workers = JoinSet::new();
    for phone in phones {
        workers.spawn(work(phone, Arc::clone(items), Arc::clone(&verdicts), end));
    }
    tokio::time::sleep(WARM_UP).await;
    let (before, began) = (verdicts.load(Ordering::Relaxed), Instant::now());
    let progress = bar(COUNTED.as_secs(), "64 phones at work");
    for second in 1..=COUNTED.as_secs() {
        let until = began + Duration::from_secs(second);
        tokio::time::sleep(until.saturating_duration_since(Instant::now())).await;
        let per_second = (verdicts.load(Ordering::Relaxed) - before) / second;
        progress.set_message(format!("64 phones at work: {per_second} verdicts/s"));
        progress.inc(1);
        if workers.is_empty() {
            break;
        }
    }
    let (counted, took) = (verdicts.load(Ordering::Relaxed) - before, began.elapsed());
    progress.finish_and_clear();
    let mut ran_out = false;
    while let Some(worker) = workers.join_next().await {
        ran_out |= worker?? == Ended::OutOfItems;
    }
    if ran_out {
        complain("the items ran out before the time did: the figure is too low");
    }
    Ok(f64::from(u32::try_from(counted)?) / took.as_secs_f64())
}

/// Why a phone stopped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    OnTime,
    OutOfItems,
}

async fn work(mut phone: Phone, items: Arc<Items>, verdicts: Arc<AtomicU64>, end: Instant) -> anyhow::Result<Ended> {
    while let Some(item) = items.take() {
        for acts in visits(item) {
            let count = u64::try_from(acts.len())?;
            phone.perform(acts).await?;
            verdicts.fetch_add(count, Ordering::Relaxed);
            if Instant::now() >= end {
                return Ok(Ended::OnTime);
            }
        }
    }
    Ok(Ended::OutOfItems)
}

/// How long one phone waits for a verdict while nobody else works: sorted, in milliseconds.
async fn latencies(phone: &mut Phone, items: &Items) -> anyhow::Result<Vec<f64>> {
    let (began, mut latencies) = (Instant::now(), Vec::new());
    while began.elapsed() < ALONE
        && let Some(item) = items.take()
    {
        for act in visits(item).flatten() {
            let sent = Instant::now();
            phone.perform(vec![act]).await?;
            latencies.push(sent.elapsed().as_secs_f64() * 1000.0);
        }
    }
    latencies.sort_by(f64::total_cmp);
    Ok(latencies)
}

/// Shown on a terminal, hidden elsewhere.
fn bar(length: u64, message: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(length).with_message(message);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar
}

/// Empties the bench's folder, unless another bench runs in it.
fn empty(folder: &Path) -> anyhow::Result<()> {
    if let Ok(lock) = std::fs::File::open(folder.join("lock")) {
        lock.try_lock().map_err(|_| anyhow::anyhow!("{} is in use by another bench", folder.display()))?;
    }
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("{} cannot be emptied", folder.display()))?;
    }
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))
}
