//! `floorline chaos`: real processes under real faults. Two servers on one PostgreSQL, a bad network in front of them, and phones that work
//! through all of it; in the end a dump that was taken under load replaces the database. Then the checker judges every journal and every row.
//!
//! The faults are drawn from a seed, which is printed; processes are not, so a seed gives the same faults and not the same moments.

mod backup;
mod connections;
mod disk;
mod fault;
mod judge;
mod nodes;
mod player;
mod proxy;
mod storm;
mod summary;
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::disk::Disk;
use self::fault::{Faults, Kind, Struck};
use self::nodes::Nodes;
use self::proxy::Proxy;
use self::storm::Stage;
use self::summary::Found;
use self::world::World;
use super::child::Shared;
use super::output::say;
use super::play_folder::{empty, remove_cluster_elsewhere};
use super::serve::asked_to_stop;
use crate::database::Database;
use crate::platform::config::Config;
use crate::platform::db::embedded::{Cluster, postmaster_pid};
use crate::platform::tenancy::SigningKeys;

/// `floorline chaos`
#[derive(Args)]
pub(super) struct Options {
    /// How long things go wrong; every kind of fault happens once in any case.
    #[arg(long, default_value_t = 75, value_name = "N")]
    seconds: u64,
    /// How many phones.
    #[arg(long, default_value_t = 50, value_name = "N")]
    devices: usize,
    /// Draws the same faults again.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Write the summary to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub(super) async fn run(mut config: Config, options: Options) -> anyhow::Result<ExitCode> {
    let folder = config.data.folder.join("chaos");
    end_leftovers(&folder).await?;
    empty(&folder)?;
    config.data.folder = folder.clone();
    config.database.url = None;
    let seed = options.seed.unwrap_or_else(|| rand::rng().random_range(0..1_000_000_000));
    say(&format!("==> chaos with seed {seed}: two servers, one database, {} phones", options.devices));
    let database = Database::open(&config).await?;
    let cluster = database.cluster.clone().context("the database is not our own")?;
    let stop_watch = CancellationToken::new();
    let watch = tokio::spawn({
        let (cluster, stop) = (Arc::clone(&cluster), stop_watch.clone());
        async move { cluster.watch(stop).await }
    });
    let asked = asked_to_stop()?;
    let played = tokio::select! {
        played = play(&config, &cluster, seed, &options) => played,
        () = asked => Err(anyhow::anyhow!("stopped before it was over")),
    };
    stop_watch.cancel();
    watch.await??;
    database.close().await?;
    disk::unmount(&folder.join("disk"));
    let summary = played?;
    summary::print(&summary);
    if let Some(file) = &options.json {
        std::fs::write(file, serde_json::to_vec_pretty(&summary)?)
            .with_context(|| format!("{} cannot be written", file.display()))?;
    }
    let passed = summary.get("passed") == Some(&Value::Bool(true));
    if passed {
        remove_cluster_elsewhere(&folder)?;
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A run that was killed leaves its database running and its disk mounted.
async fn end_leftovers(folder: &Path) -> anyhow::Result<()> {
    if postmaster_pid(folder).is_some() {
        Cluster::open(folder).await?.stop().await?;
    }
    disk::unmount(&folder.join("disk"));
    Ok(())
}

/// Stages, breaks, restores and judges; gives the summary.
async fn play(config: &Config, cluster: &Cluster, seed: u64, options: &Options) -> anyhow::Result<Value> {
    let (began, faults) = (Instant::now(), Faults::default());
    let folder = &config.data.folder;
    world::found(config, &cluster.server_url()).await?;
    let stage = set_up(folder, cluster, began).await?;
    let world = world::stage(&stage.proxy.url(), &folder.join("phones"), options.devices).await?;
    say(&format!("    {:>4} s  everybody is at work", began.elapsed().as_secs()));
    let dump = suffer(&stage, &world, seed, options, &faults).await?;
    let drained = judge::drained(&world.hands, None).await?;
    let before = judge::judge(&world, &cluster.owner_url(), &[]).await?;
    say(&format!("    {:>4} s  {} entries judged", began.elapsed().as_secs(), before.report.entries));
    stage.nodes.put_down().await?;
    backup::restore(cluster, &dump).await.context("the dump could not be restored")?;
    stage.nodes.ready().await?;
    let struck = Struck::Hit("the dump is in the database's place".to_owned());
    stage.tell(Kind::Restore, &struck);
    faults.note(Kind::Restore, &struck);
    for hand in &world.hands {
        hand.phone.go_online();
    }
    let epoch = judge::epoch(&cluster.owner_url()).await?;
    let healed = judge::drained(&world.hands, Some(&epoch)).await?;
    let after = judge::judge(&world, &cluster.owner_url(), &before.told).await?;
    stage.nodes.put_down().await?;
    let found = Found { report: before.report, drained, restored: Some((after.report, healed)) };
    Ok(summary::of(&found, &faults, (seed, world.hands.len(), began.elapsed())))
}

async fn set_up<'a>(folder: &Path, cluster: &'a Cluster, began: Instant) -> anyhow::Result<Stage<'a>> {
    let home = folder.join("cluster");
    let disk = Disk::mount(&folder.join("disk"), &home, &cluster.owner_url()).await?;
    let signing_key = folder.join("signing_key.pem");
    SigningKeys::read_or_make(&signing_key)?;
    let addresses = nodes::addresses()?;
    let proxy = Proxy::start(addresses.clone()).await?;
    let (public_url, database) = (proxy.url(), cluster.server_url());
    let shared = Shared { public_url, database, signing_key, objects: folder.join("objects") };
    let nodes = Nodes::start(folder, &addresses, &shared).await?;
    Ok(Stage { cluster, nodes, proxy, disk, folder: folder.to_owned(), log: home.join("log"), began })
}

/// Everybody works while the faults happen; gives a dump that was taken meanwhile.
async fn suffer(
    stage: &Stage<'_>,
    world: &World,
    seed: u64,
    options: &Options,
    faults: &Faults,
) -> anyhow::Result<PathBuf> {
    let (stop, mut players) = (CancellationToken::new(), JoinSet::new());
    for (n, hand) in (0_u64..).zip(&world.hands) {
        players.spawn(player::work(Arc::clone(hand), seed.wrapping_add(n), stop.child_token()));
    }
    let mut rng = StdRng::seed_from_u64(seed);
    let time = Duration::from_secs(options.seconds);
    let (raged, dump) = tokio::join!(stage.rage(&mut rng, time, faults), back_up(stage, world, time / 2));
    raged?;
    stop.cancel();
    while players.join_next().await.is_some() {}
    dump
}

/// Takes a dump while everybody works, after `wait`; a phone was revoked before, and stays so whatever is restored.
async fn back_up(stage: &Stage<'_>, world: &World, wait: Duration) -> anyhow::Result<PathBuf> {
    let began = Instant::now();
    revoke_one(world).await?;
    tokio::time::sleep(wait.saturating_sub(began.elapsed())).await;
    let taken = backup::take(&stage.cluster.owner_url(), stage.folder.join("floor.dump")).await;
    say(&format!("    {:>4} s  a dump was taken under load", stage.began.elapsed().as_secs()));
    taken.context("no dump could be taken")
}

/// A phone is revoked while it works: nothing it does from then on may be applied.
async fn revoke_one(world: &World) -> anyhow::Result<()> {
    let Some(hand) = world.hands.get(1) else { return Ok(()) };
    tokio::time::sleep(Duration::from_secs(5)).await;
    let path = format!("/v1/devices/{}/revoke", hand.phone.device_id());
    for _ in 0..60 {
        if world::post(&world.admin, &path, json!({ "reason": "lost" })).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    anyhow::bail!("a phone could not be revoked")
}
