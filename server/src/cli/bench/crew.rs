//! Phones at work on a factory's items: how long one waits for a verdict, and how many verdicts a second all of them get.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::phone::Phone;
use super::progress;
use super::seed::{Item, visits};
use crate::cli::output::complain;

/// Items nobody has taken yet.
pub(super) struct Items {
    all: Vec<Item>,
    taken: AtomicUsize,
}

impl Items {
    pub(super) fn new(all: Vec<Item>) -> Arc<Self> {
        Arc::new(Self { all, taken: AtomicUsize::new(0) })
    }

    pub(super) fn take(&self) -> Option<&Item> {
        self.all.get(self.taken.fetch_add(1, Ordering::Relaxed))
    }
}

/// How long one phone waits for a verdict, from the tap to the verdict in its store, while nobody else works: sorted, in milliseconds.
pub(super) async fn latencies(phone: &mut Phone, items: &Items, time: Duration) -> anyhow::Result<Vec<f64>> {
    let progress = progress::seconds(time, "one phone alone");
    let work = async {
        let (began, mut latencies) = (Instant::now(), Vec::new());
        while began.elapsed() < time
            && let Some(item) = items.take()
        {
            for act in visits(item).flatten() {
                let tapped = Instant::now();
                phone.perform(vec![act]).await?;
                latencies.push(tapped.elapsed().as_secs_f64() * 1000.0);
            }
        }
        latencies.sort_by(f64::total_cmp);
        anyhow::Ok(latencies)
    };
    let latencies = progress::watched(work, &progress).await;
    progress.finish_and_clear();
    latencies
}

/// Durable verdicts a second of all phones together, each sending the acts of a visit at once; the phones come back.
pub(super) async fn throughput(
    phones: Vec<Phone>,
    items: &Arc<Items>,
    warm_up: Duration,
    counted: Duration,
) -> anyhow::Result<(f64, Vec<Phone>)> {
    let verdicts = Arc::new(AtomicU64::new(0));
    let progress = progress::seconds(counted, format!("{} phones at work", phones.len()));
    let end = Instant::now() + warm_up + counted;
    let mut workers = JoinSet::new();
    for phone in phones {
        workers.spawn(work(phone, Arc::clone(items), Arc::clone(&verdicts), end));
    }
    tokio::time::sleep(warm_up).await;
    let (before, began) = (verdicts.load(Ordering::Relaxed), Instant::now());
    progress::watched(tokio::time::sleep(counted), &progress).await;
    let (counted, took) = (verdicts.load(Ordering::Relaxed) - before, began.elapsed());
    progress.finish_and_clear();
    let (mut phones, mut ran_out) = (Vec::new(), false);
    while let Some(worker) = workers.join_next().await {
        let (phone, ended) = worker??;
        ran_out |= ended == Ended::OutOfItems;
        phones.push(phone);
    }
    if ran_out {
        complain("the items ran out before the time did: the figure is too low");
    }
    complain_of_losses(&phones);
    Ok((f64::from(u32::try_from(counted)?) / took.as_secs_f64(), phones))
}

/// A phone that had to connect again was measured doing that, too.
pub(super) fn complain_of_losses(phones: &[Phone]) {
    let losses: u32 = phones.iter().map(Phone::losses).sum();
    if losses > 0 {
        complain(&format!("phones lost their connection {losses} times"));
    }
}

/// Why a phone stopped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    OnTime,
    OutOfItems,
}

async fn work(
    mut phone: Phone,
    items: Arc<Items>,
    verdicts: Arc<AtomicU64>,
    end: Instant,
) -> anyhow::Result<(Phone, Ended)> {
    while let Some(item) = items.take() {
        for acts in visits(item) {
            let count = u64::try_from(acts.len())?;
            phone.perform(acts).await?;
            verdicts.fetch_add(count, Ordering::Relaxed);
            if Instant::now() >= end {
                return Ok((phone, Ended::OnTime));
            }
        }
    }
    Ok((phone, Ended::OutOfItems))
}
