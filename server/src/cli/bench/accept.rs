//! `floorline bench accept`: an order of 10,000 items becomes items, labels and their events.
//!
//! Ours is the request `POST /v1/orders/{id}/accept`, from its sending to its answer. The peer is what PostgreSQL needs for the rows alone: `COPY`
//! of exactly those items, labels and events, in binary and in one transaction, into empty tables with the same columns, checks and indexes,
//! but without foreign keys and row-level security, which `COPY` would have to check.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use futures_util::{SinkExt as _, TryStreamExt as _};
use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls};

use super::figure::{Figure, number};
use super::progress;
use super::seed::Factory;
use super::stand::{Stand, on_a_stand};
use crate::platform::config::Config;

const BENCH: &str = "accept";

struct Size {
    items: usize,
    /// Orders one after another; the middle one counts.
    rounds: usize,
}

const FULL: Size = Size { items: 10_000, rounds: 5 };
const QUICK: Size = Size { items: 50, rounds: 1 };

/// A table that an acceptance fills, and which of its rows belong to an order.
const TABLES: [(&str, &str); 3] = [
    ("items", "order_id = '$ORDER'"),
    ("labels", "order_id = '$ORDER'"),
    (
        "events",
        "(subject_type = 'item' AND subject_id IN (SELECT id FROM items WHERE order_id = '$ORDER')) \
         OR (subject_type = 'label' AND subject_id IN (SELECT id FROM labels WHERE order_id = '$ORDER'))",
    ),
];

pub(super) async fn measure(config: &Config, quick: bool) -> anyhow::Result<Vec<Figure>> {
    let size = if quick { QUICK } else { FULL };
    on_a_stand(config, async |stand: &Stand| on(stand, &size).await).await
}

async fn on(stand: &Stand, size: &Size) -> anyhow::Result<Vec<Figure>> {
    let factory = Factory::open(stand).await?;
    let mut driving = JoinSet::new();
    let (client, connection) = tokio_postgres::connect(&factory.database()?, NoTls).await?;
    driving.spawn(connection);
    let progress = progress::bar(size.rounds, "orders accepted");
    let (mut accepted, mut copied) = (Vec::new(), Vec::new());
    for round in 0..size.rounds {
        let order = factory.order(&format!("PART{round}"), size.items).await?;
        let began = Instant::now();
        factory.accept(&order).await?;
        accepted.push(began.elapsed());
        copied.push(copy(&client, &order).await?);
        progress.inc(1);
    }
    progress.finish_and_clear();
    drop(client);
    while driving.join_next().await.is_some() {}
    let per_second = |times| anyhow::Ok(number(size.items) / middle(times)?.as_secs_f64());
    let (ours, theirs) = (per_second(accepted)?, per_second(copied)?);
    Ok(vec![Figure::new(BENCH, "accepted", ours, "items/s", "COPY of the same items, labels and events", theirs)])
}

/// How long it takes to copy the rows of an order into tables of the same shape.
async fn copy(client: &Client, order: &str) -> anyhow::Result<Duration> {
    let mut rows = Vec::new();
    for (table, belonging) in TABLES {
        client
            .batch_execute(&format!(
                "DROP TABLE IF EXISTS copied_{table}; CREATE TABLE copied_{table} (LIKE {table} INCLUDING ALL)"
            ))
            .await?;
        let belonging = belonging.replace("$ORDER", order);
        let out = format!("COPY (SELECT * FROM {table} WHERE {belonging}) TO STDOUT (FORMAT binary)");
        rows.push((table, client.copy_out(&out).await?.try_collect::<Vec<Bytes>>().await?));
    }
    let began = Instant::now();
    client.batch_execute("BEGIN").await?;
    for (table, rows) in rows {
        let sink = client.copy_in::<_, Bytes>(&format!("COPY copied_{table} FROM STDIN (FORMAT binary)")).await?;
        let mut sink = Box::pin(sink);
        for piece in rows {
            sink.feed(piece).await?;
        }
        sink.as_mut().finish().await?;
    }
    client.batch_execute("COMMIT").await?;
    Ok(began.elapsed())
}

fn middle(mut times: Vec<Duration>) -> anyhow::Result<Duration> {
    times.sort();
    times.get(times.len() / 2).copied().context("nothing was timed")
}
