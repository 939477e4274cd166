//! `floorline bench replay`: a shift comes back from a dead spot. 200 phones reconnect at once with 250 saved acts each while 50 others work on.
//!
//! Two questions: how long until the server has answered all of it, and how long those who work meanwhile wait for their verdicts, beside how
//! long they waited before. Those at work do one act every quarter of a second each, as many hands do, not as fast as they can.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use floorline_mobile_sync::client::Act;
use tokio::task::JoinSet;

use super::crew::{Items, complain_of_losses};
use super::figure::{Figure, number, percentile};
use super::naive::{self, naive};
use super::pgbench::Pgbench;
use super::phone::Phone;
use super::progress;
use super::seed::{ACTS_AN_ITEM, Factory, Item, visits};
use super::stand::{Stand, on_a_stand};
use crate::cli::output::complain;
use crate::platform::config::Config;

const BENCH: &str = "replay";

struct Size {
    returning: usize,
    /// Acts on each of those.
    saved: usize,
    working: usize,
    /// Between two acts of one who works.
    pace: Duration,
    /// Of those at work, not counted: caches fill, statements are prepared.
    warm_up: Duration,
    /// How long they are watched before the others return.
    before: Duration,
    /// Of the order that those who work share, and of pgbench's.
    items: usize,
    pgbench: Duration,
}

const FULL: Size = Size {
    returning: 200,
    saved: 250,
    working: 50,
    pace: Duration::from_millis(250),
    warm_up: Duration::from_secs(5),
    before: Duration::from_secs(10),
    items: 10_000,
    pgbench: Duration::from_secs(10),
};
const QUICK: Size = Size {
    returning: 3,
    saved: 80,
    working: 2,
    pace: Duration::from_millis(50),
    warm_up: Duration::ZERO,
    before: Duration::from_millis(500),
    items: 200,
    pgbench: Duration::from_secs(1),
};

pub(super) async fn measure(config: &Config, quick: bool) -> anyhow::Result<Vec<Figure>> {
    let size = if quick { QUICK } else { FULL };
    on_a_stand(config, async |stand: &Stand| on(stand, &size).await).await
}

async fn on(stand: &Stand, size: &Size) -> anyhow::Result<Vec<Figure>> {
    let factory = Factory::open(stand).await?;
    let returning = returning(&factory, size).await?;
    let items = Items::new(factory.items(&factory.accepted("LIVE", size.items).await?).await?);
    let working = factory.phones_online(size.returning..size.returning + size.working).await?;

    let over = Arc::new(AtomicBool::new(false));
    let mut workers = JoinSet::new();
    // Hands do not move together.
    let apart = size.pace / u32::try_from(size.working)?;
    for (n, phone) in (0..).zip(working) {
        workers.spawn(work(phone, Arc::clone(&items), Arc::clone(&over), size.pace, apart * n));
    }
    let progress = progress::seconds(size.before, "before the others return");
    tokio::time::sleep(size.warm_up).await;
    factory.analyze().await?;
    let began = Instant::now();
    progress::watched(tokio::time::sleep(size.before), &progress).await;
    progress.finish_and_clear();
    let returned = Instant::now();
    let phones = drain(returning, size).await;
    let drained = Instant::now();
    over.store(true, Ordering::Relaxed);
    let (mut waits, mut hands) = (Vec::new(), phones?);
    while let Some(worker) = workers.join_next().await {
        let (phone, waited) = worker??;
        hands.push(phone);
        waits.extend(waited.into_iter().filter(|wait| wait.tapped >= began));
    }
    complain_of_losses(&hands);
    drop(hands);

    let pgbench = Pgbench::prepare(&factory, size.items).await?;
    let progress = progress::seconds(size.pgbench, "pgbench");
    let naive = naive(&pgbench, naive::CLIENTS, size.pgbench, &progress).await?;
    progress.finish_and_clear();
    Ok(figures(size, &waits, returned, drained, naive.per_second))
}

fn figures(size: &Size, waits: &[Wait], returned: Instant, drained: Instant, naive: f64) -> Vec<Figure> {
    let of = |chosen: &dyn Fn(&Wait) -> bool| {
        let mut waits: Vec<f64> = waits.iter().filter(|wait| chosen(wait)).map(|wait| wait.ms).collect();
        waits.sort_by(f64::total_cmp);
        waits
    };
    let before = of(&|wait| wait.tapped < returned);
    let during = of(&|wait| wait.tapped >= returned && wait.tapped < drained);
    if during.is_empty() {
        complain("nobody worked while the others returned: there is no latency to tell");
    }
    let acts = number(size.returning * size.saved);
    let alone = format!("the same acts through pgbench, a transaction an entry, {} clients", naive::CLIENTS);
    let live = |name, share| {
        let [during, before] = [&during, &before].map(|waits| percentile(waits, share));
        Figure::new(BENCH, name, during, "ms", "the same phones before the others returned", before)
    };
    vec![
        Figure::new(BENCH, "time_to_drain", (drained - returned).as_secs_f64(), "s", alone, acts / naive),
        live("live_p50", 0.5),
        live("live_p99", 0.99),
    ]
}

/// Phones without a network, each with its acts saved.
async fn returning(factory: &Factory<'_>, size: &Size) -> anyhow::Result<Vec<Phone>> {
    let each = size.saved.div_ceil(ACTS_AN_ITEM);
    let items = factory.items(&factory.accepted("BACK", size.returning * each).await?).await?;
    let mut phones = factory.phones(0..size.returning).await?;
    for (phone, items) in phones.iter_mut().zip(items.chunks(each)) {
        for act in acts(items).take(size.saved) {
            phone.save(act)?;
        }
    }
    Ok(phones)
}

fn acts(items: &[Item]) -> impl Iterator<Item = Act> {
    items.iter().flat_map(|item| visits(item).flatten())
}

/// All come online at once, and are done when nothing is unsent.
async fn drain(phones: Vec<Phone>, size: &Size) -> anyhow::Result<Vec<Phone>> {
    let progress = progress::bar(size.returning * size.saved, "acts of phones that returned");
    let mut draining = JoinSet::new();
    for mut phone in phones {
        let progress = progress.clone();
        draining.spawn(async move {
            phone.go_online().await?;
            phone.drained(&progress).await?;
            anyhow::Ok(phone)
        });
    }
    let mut phones = Vec::new();
    while let Some(drained) = draining.join_next().await {
        phones.push(drained??);
    }
    progress.finish_and_clear();
    Ok(phones)
}

/// When someone tapped, and how long they waited.
struct Wait {
    tapped: Instant,
    ms: f64,
}

async fn work(
    mut phone: Phone,
    items: Arc<Items>,
    over: Arc<AtomicBool>,
    pace: Duration,
    first: Duration,
) -> anyhow::Result<(Phone, Vec<Wait>)> {
    let (mut waits, mut next) = (Vec::new(), tokio::time::interval_at((Instant::now() + first).into(), pace));
    next.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while let Some(item) = items.take() {
        for act in visits(item).flatten() {
            next.tick().await;
            if over.load(Ordering::Relaxed) {
                return Ok((phone, waits));
            }
            let tapped = Instant::now();
            phone.perform(vec![act]).await?;
            waits.push(Wait { tapped, ms: tapped.elapsed().as_secs_f64() * 1000.0 });
        }
    }
    complain("the items ran out while phones were at work");
    Ok((phone, waits))
}
