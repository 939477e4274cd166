//! `floorline bench fanout`: one phone writes, 1,000 boards watch.
//!
//! Twice: at a hand's pace, for the time from a commit to the boards' sockets, and as fast as the phone gets its verdicts, for the events delivered
//! a second. The commit itself cannot be seen from outside. Its time here is when the writer had the verdict, which the server sends after
//! COMMIT returned and as it wakes the boards: a push that overtook the verdict counts as 0, and the verdict's own way to the phone is missing.
//! So beside it stands the whole way, from the writer's tap to the boards, which has nothing missing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use diesel::sql_types::{BigInt, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::crew::Items;
use super::descriptors;
use super::figure::{Figure, number, percentile};
use super::loopback::{self, Frame};
use super::phone::Phone;
use super::progress;
use super::readers::{self, Arrival, Reader};
use super::seed::{Factory, visits};
use super::stand::{Stand, on_a_stand};
use crate::platform::config::Config;
use crate::platform::db::sql;

const BENCH: &str = "fanout";
/// The boards are at the head within this, or the bench is broken.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);

struct Size {
    readers: usize,
    items: usize,
    /// Between two acts at a hand's pace.
    pace: Duration,
    /// Each of the two times.
    time: Duration,
}

const FULL: Size =
    Size { readers: 1_000, items: 2_000, pace: Duration::from_millis(100), time: Duration::from_secs(10) };
const QUICK: Size = Size { readers: 5, items: 100, pace: Duration::from_millis(50), time: Duration::from_millis(500) };

pub(super) async fn measure(config: &Config, quick: bool) -> anyhow::Result<Vec<Figure>> {
    let size = if quick { QUICK } else { FULL };
    let readers = descriptors::room_for(size.readers, 2);
    on_a_stand(config, async |stand: &Stand| on(stand, &Size { readers, ..size }).await).await
}

async fn on(stand: &Stand, size: &Size) -> anyhow::Result<Vec<Figure>> {
    let factory = Factory::open(stand).await?;
    let items = Items::new(factory.items(&factory.accepted("PART", size.items).await?).await?);
    let mut writer = factory.phones_online(0..1).await?.pop().context("no phone")?;
    let readers = readers::connect(&factory, size.readers).await?;
    let (slow, readers) = tell(&factory, &mut writer, &items, readers, Some(size.pace), size.time).await?;
    let (fast, readers) = tell(&factory, &mut writer, &items, readers, None, size.time).await?;
    drop(readers);
    let progress = progress::seconds(size.time * 2, "bare sockets");
    let bare = async {
        let paced = loopback::broadcast(&slow.frames, size.readers, false).await?;
        anyhow::Ok((paced, loopback::broadcast(&fast.frames, size.readers, true).await?))
    };
    let (paced, hurried) = progress::watched(bare, &progress).await?;
    progress.finish_and_clear();

    let peer = format!("tokio broadcast of the same bytes to {} loopback sockets", size.readers);
    let beside = |name: &str, ours: &[f64], share| {
        let theirs = percentile(&paced.latencies_ms, share);
        Figure::new(BENCH, name, percentile(ours, share), "ms", peer.as_str(), theirs)
    };
    let delivered = number(size.readers) * fast.events;
    let [ours, theirs] = [fast.took, hurried.took].map(|took| delivered / took.as_secs_f64());
    Ok(vec![
        Figure::new(BENCH, "delivered", ours, "events/s", peer.as_str(), theirs),
        beside("commit_to_socket_p50", &slow.after_verdict_ms, 0.5),
        beside("commit_to_socket_p99", &slow.after_verdict_ms, 0.99),
        beside("tap_to_socket_p99", &slow.after_tap_ms, 0.99),
    ])
}

/// What the boards heard of one time of writing.
struct Told {
    /// That one board was sent.
    events: f64,
    /// As one board got them.
    frames: Vec<Frame>,
    /// From the writer's verdict to each board, sorted.
    after_verdict_ms: Vec<f64>,
    /// From the writer's tap to each board, sorted.
    after_tap_ms: Vec<f64>,
    /// From the first tap until the last board was at the head.
    took: Duration,
}

/// The phone works for `time`, act by act at a pace or visit by visit, and all boards follow.
async fn tell(
    factory: &Factory<'_>,
    writer: &mut Phone,
    items: &Items,
    readers: Vec<Reader>,
    pace: Option<Duration>,
    time: Duration,
) -> anyhow::Result<(Told, Vec<Reader>)> {
    let (until, _) = watch::channel(i64::MAX);
    let mut following = JoinSet::new();
    for reader in readers {
        let until = until.subscribe();
        following.spawn(async move {
            let mut arrivals = Vec::new();
            let reader = reader.follow(until, |arrival| arrivals.push(arrival)).await?;
            anyhow::Ok((reader, arrivals))
        });
    }
    let began = Instant::now();
    let progress = progress::seconds(time, "one writes, all read");
    let written = progress::watched(write(writer, items, pace, time), &progress).await?;
    progress.finish_and_clear();
    until.send_replace(head(factory).await?);
    let (mut readers, mut heard) = (Vec::new(), Vec::new());
    let gather = async {
        while let Some(followed) = following.join_next().await {
            let (reader, arrivals) = followed??;
            readers.push(reader);
            heard.push(arrivals);
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(SETTLED_WITHIN, gather).await.context("boards did not reach the head")??;
    Ok((told(&written, &heard, began), readers))
}

/// When an act was tapped and when its verdict was there, by its place in the feed.
type Written = BTreeMap<i64, (Instant, Instant)>;

async fn write(phone: &mut Phone, items: &Items, pace: Option<Duration>, time: Duration) -> anyhow::Result<Written> {
    let (began, mut written) = (Instant::now(), Written::new());
    let mut next = pace.map(tokio::time::interval);
    while began.elapsed() < time {
        let item = items.take().context("the items ran out before the time did")?;
        let visits = visits(item).flat_map(|visit| {
            // At a hand's pace an act goes alone.
            let size = if pace.is_some() { 1 } else { visit.len() };
            visit.chunks(size).map(<[_]>::to_vec).collect::<Vec<_>>()
        });
        for acts in visits {
            if let Some(next) = &mut next {
                next.tick().await;
            }
            let tapped = Instant::now();
            for confirmed in phone.perform(acts).await? {
                written.extend(confirmed.cursor.map(|cursor| (cursor, (tapped, confirmed.at))));
            }
        }
    }
    Ok(written)
}

fn told(written: &Written, heard: &[Vec<Arrival>], began: Instant) -> Told {
    let (mut after_verdict_ms, mut after_tap_ms, mut last) = (Vec::new(), Vec::new(), began);
    for arrival in heard.iter().flatten().filter(|arrival| arrival.to > arrival.from) {
        last = last.max(arrival.at);
        for (tapped, confirmed) in written.range(arrival.from + 1..=arrival.to).map(|(_, times)| times) {
            after_verdict_ms.push(arrival.at.saturating_duration_since(*confirmed).as_secs_f64() * 1000.0);
            after_tap_ms.push(arrival.at.saturating_duration_since(*tapped).as_secs_f64() * 1000.0);
        }
    }
    after_verdict_ms.sort_by(f64::total_cmp);
    after_tap_ms.sort_by(f64::total_cmp);
    let one = heard.first().map(Vec::as_slice).unwrap_or_default();
    let events = one.iter().map(|arrival| usize::try_from(arrival.to - arrival.from).unwrap_or_default()).sum();
    let frames = one.iter().map(|arrival| Frame { after: arrival.at - began, bytes: arrival.bytes }).collect();
    Told { events: number(events), frames, after_verdict_ms, after_tap_ms, took: last - began }
}

/// The last event of the site.
async fn head(factory: &Factory<'_>) -> anyhow::Result<i64> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        head: i64,
    }
    let row: Row = sql("SELECT head FROM sync_topics WHERE org_id = $1 AND id = $2")
        .bind::<SqlUuid, _>(factory.org.0)
        .bind::<Text, _>(format!("site:{}", factory.site))
        .get_result(&mut factory.owner().await?)
        .await?;
    Ok(row.head)
}
