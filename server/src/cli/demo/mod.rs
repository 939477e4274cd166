//! `floorline demo`: a made-up floor at work, on a real server, over real WebSockets.
//!
//! The server runs as a child process over a data folder of its own. People sign in, phones are enrolled, orders are accepted; then workers
//! photograph labels, take pictures, measure, fail, rework, go offline and come back, and a supervisor decides what did not book. In the end the
//! checker judges every phone's journal and the whole database.

mod camera;
mod chaos;
mod desk;
mod ends;
pub mod fixtures;
mod moves;
mod stage_world;
mod summary;
mod supervisor;
mod tally;
mod view;
mod worker;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use serde_json::Value;
use tokio::task::JoinSet;

use self::ends::Ends;
use self::fixtures::Fixtures;
use self::stage_world::World;
use self::supervisor::{decide_cases, progress, supervise};
use self::tally::Tally;
use self::view::View;
use self::worker::Worker;
use super::child::ServerChild;
use super::output::{complain, say};
use super::play_folder::{empty, remove_cluster_elsewhere};
use super::serve::asked_to_stop;
use crate::checker::{self, check};
use crate::platform::config::Config;
use crate::platform::db::embedded::{SUPERUSER, running_url};

/// Things go wrong for this long; then what was begun is finished.
const TURBULENCE: Duration = Duration::from_secs(50);
/// A demonstration that is not done by then has failed.
const AT_MOST: Duration = Duration::from_secs(300);

/// `floorline demo`
#[derive(Args)]
pub(super) struct Options {
    /// End when everything is done, instead of serving on.
    #[arg(long)]
    once: bool,
    /// Kill the server and its database several times while it runs.
    #[arg(long)]
    chaos: bool,
    /// Write the summary to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub(super) async fn run(mut config: Config, options: Options) -> anyhow::Result<ExitCode> {
    let folder = config.data.folder.join("demo");
    empty(&folder)?;
    config.data.folder = folder.clone();
    config.database.url = None;
    say("==> a fresh floor: a server with its own database");
    let fixtures = fixtures::load()?;
    stage_world::found(&config, &fixtures).await?;
    let mut server = ServerChild::start(&folder, None).await?;
    let played = play(&mut server, &folder, &fixtures, &options).await;
    let ended = match played {
        Ok(passed) if !options.once => serve_on(&mut server, passed).await,
        other => other,
    };
    server.stop().await?;
    let passed = ended?;
    if passed {
        remove_cluster_elsewhere(&folder)?;
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Stages, plays and checks; true when everything came out as it must.
async fn play(server: &mut ServerChild, folder: &Path, fixtures: &Fixtures, options: &Options) -> anyhow::Result<bool> {
    let began = Instant::now();
    let world = Arc::new(
        stage_world::stage(&server.url(), &folder.join("phones"), fixtures, &|line| say(&format!("    {line}")))
            .await?,
    );
    let tally = Arc::new(Tally::default());
    say(&format!(
        "==> {} phones at work; API: {}/docs",
        world.floors.iter().map(|floor| floor.hands.len()).sum::<usize>(),
        server.url()
    ));
    let view = View::new(&world.floors);
    let finished = perform(server, &world, &tally, &view, options.chaos).await;
    view.clear();
    let finished = finished?;
    let summary = settle(&world, &tally, folder, finished, began.elapsed()).await?;
    summary::print(&summary, &world.logins, &server.url());
    if let Some(file) = &options.json {
        std::fs::write(file, serde_json::to_vec_pretty(&summary)?)
            .with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(summary.get("passed") == Some(&Value::Bool(true)))
}

/// Everybody works until every order is completed and every case decided.
async fn perform(
    server: &mut ServerChild,
    world: &Arc<World>,
    tally: &Arc<Tally>,
    view: &View,
    chaos: bool,
) -> anyhow::Result<bool> {
    let mut players = JoinSet::new();
    for floor in &world.floors {
        for hand in &floor.hands {
            players.spawn(Worker::new(hand, Arc::clone(world), Arc::clone(tally)).work());
        }
        let orders = floor.orders.iter().map(|order| order.id.clone()).collect();
        let supervising = supervise(Arc::clone(&floor.supervisor), orders, Arc::clone(tally));
        players.spawn(async move {
            if let Err(error) = supervising.await {
                tracing::warn!(error = format!("{error:#}"), "a supervisor gave up");
            }
        });
    }
    let watched = watch(world, tally, view);
    let finished = if chaos {
        tokio::select! {
            finished = watched => finished,
            broken = chaos::strike(server, tally, view) => Err(broken),
        }
    } else {
        tokio::select! {
            finished = watched => finished,
            ended = server.ended() => Err(ended.err().unwrap_or_else(|| anyhow::anyhow!("the server ended"))),
        }
    };
    tally.calm_down();
    tally.end();
    // A kill that was under way when the last item was done leaves the server down; everybody needs it once more.
    server.make_sure().await?;
    while players.join_next().await.is_some() {}
    finished
}

/// Shows how far everything is; returns true when all orders are completed, false when that took too long.
async fn watch(world: &World, tally: &Tally, view: &View) -> anyhow::Result<bool> {
    let (began, mut told) = (Instant::now(), Instant::now());
    loop {
        if began.elapsed() > TURBULENCE {
            tally.calm_down();
        }
        let (mut open, mut nth) = (0, 0);
        for (n, floor) in world.floors.iter().enumerate() {
            for order in &floor.orders {
                let (status, closed) = progress(&floor.supervisor, order).await?;
                view.order(nth, &status, closed);
                open += usize::from(status != "completed");
                nth += 1;
            }
            view.floor(n, floor).await;
        }
        let phones = view.phones(&world.floors, tally).await;
        if open == 0 {
            return Ok(true);
        }
        if view.is_hidden() && told.elapsed() > Duration::from_secs(10) {
            told = Instant::now();
            say(&format!("    {:>3} s: {open} orders open, {phones}", began.elapsed().as_secs()));
        }
        if began.elapsed() > AT_MOST {
            return Ok(false);
        }
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
}

/// Decides what is left, then has everything checked: all journals, the whole database.
async fn settle(world: &World, tally: &Tally, folder: &Path, finished: bool, took: Duration) -> anyhow::Result<Value> {
    for floor in &world.floors {
        while decide_cases(&floor.supervisor, tally).await? > 0 {}
    }
    let mut devices = Vec::new();
    for hand in world.floors.iter().flat_map(|floor| &floor.hands) {
        let drained = tokio::time::timeout(Duration::from_secs(30), hand.phone.drained()).await;
        if drained.is_err() {
            complain(&format!("the phone of {} did not empty its outbox", hand.name));
        }
        devices.push(checker::read::phone(&hand.phone).await?);
    }
    let url = running_url(folder, SUPERUSER).context("the embedded database is not running")?;
    let mut history = checker::read::database(&url, None).await?;
    history.devices = devices;
    let ends = Ends::read(&url).await?;
    Ok(summary::of(tally, &check(&history), &ends, finished, took))
}

async fn serve_on(server: &mut ServerChild, passed: bool) -> anyhow::Result<bool> {
    let asked = asked_to_stop()?;
    say("==> serving on; Ctrl-C ends it");
    tokio::select! {
        () = asked => {}
        ended = server.ended() => ended?,
    }
    Ok(passed)
}
