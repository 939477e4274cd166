//! A snapshot while it is read: apart from the request, so that a reader who stops reading keeps nothing for longer than the time allowed.
//!
//! The task owns the turn and the transaction; the request's body only empties a short channel. When the time is over or the reader is gone
//! the task ends, and what it owns is free. The reader then has a file without its end line, which is no snapshot.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use floorline_mobile_sync::feed::SnapshotLine;
use floorline_mobile_sync::wire::Topic;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use uuid::Uuid;

use super::lines::{self, Section};
use crate::app::App;
use crate::platform::db::Db;
use crate::platform::http::ApiError;
use crate::platform::realtime::Reader;
use crate::platform::tenancy::{BrandTx, TenantTx};

/// Snapshots read at one time; each holds a connection of the pool and the horizon of the vacuum.
const AT_ONCE: usize = 3;
/// How long one may wait for its turn.
const WAIT: Duration = Duration::from_secs(10);
/// How long one may be read.
const WITHIN: Duration = Duration::from_secs(60);
/// Pieces that lie ready for a reader.
const AHEAD: usize = 2;

/// The node's turns. Cheap to clone.
#[derive(Clone, Debug)]
pub(in crate::floor::sync) struct Turns {
    free: Arc<Semaphore>,
    within: Duration,
}

impl Default for Turns {
    fn default() -> Self {
        Self { free: Arc::new(Semaphore::new(AT_ONCE)), within: WITHIN }
    }
}

impl Turns {
    /// The same, with another time for one.
    pub(in crate::floor::sync) fn lasting(self, within: Duration) -> Self {
        Self { within, ..self }
    }

    async fn take(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        match tokio::time::timeout(WAIT, Arc::clone(&self.free).acquire_owned()).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(ApiError::busy("Too many snapshots are being read; try again shortly.")),
        }
    }
}

/// A snapshot that is being read.
pub(super) struct Snapshot {
    /// Epoch and cursor, as one word.
    pub(super) tag: String,
    pub(super) pieces: mpsc::Receiver<Result<Bytes, ApiError>>,
}

/// Begins to read, when it is its turn. Dropping what comes back ends it.
pub(super) async fn begin(app: &App, topic: Topic, reader: Reader) -> Result<Snapshot, ApiError> {
    let turns = app.sockets.snapshots();
    let turn = turns.take().await?;
    let (opened, opening) = oneshot::channel();
    let (sender, pieces) = mpsc::channel(AHEAD);
    let (db, within) = (app.db.clone(), turns.within);
    app.hub.spawn(async move {
        let reading = async {
            // Goes with the transaction, whichever way this ends.
            let _turn = turn;
            match Reading::begin(&db, topic, reader).await {
                Ok((tag, reading)) => {
                    if opened.send(Ok(tag)).is_ok() {
                        reading.give(&sender).await;
                    }
                }
                Err(error) => drop(opened.send(Err(error))),
            }
        };
        if tokio::time::timeout(within, reading).await.is_err() {
            tracing::debug!(%topic, "snapshot given up: its reader is too slow");
        }
    });
    let tag =
        opening.await.map_err(|_| ApiError::busy("The snapshot could not be begun in time; try again shortly."))??;
    Ok(Snapshot { tag, pieces })
}

/// The transaction a snapshot is read in.
pub(super) enum Source {
    Owner(TenantTx),
    Brand(BrandTx),
}

/// Where the reading stands.
struct Reading {
    source: Source,
    topic: Topic,
    head: String,
    sections: Vec<Section>,
    count: u64,
}

/// The reader is gone.
struct Gone;

impl Reading {
    async fn begin(db: &Db, topic: Topic, reader: Reader) -> Result<(String, Self), ApiError> {
        let mut source = match reader {
            Reader::Owner(org) => Source::Owner(TenantTx::open_snapshot(db, org).await?),
            Reader::Brand(brand) => Source::Brand(BrandTx::open_snapshot(db, brand).await?),
        };
        let (epoch, cursor, first) =
            lines::head(&mut source, topic).await?.ok_or_else(|| ApiError::not_found("topic"))?;
        let tag = format!("{epoch}-{cursor}");
        let mut head = line(&SnapshotLine::Head { topic, epoch, cursor })?;
        if let Some(first) = &first {
            head.push_str(&line(first)?);
        }
        let sections = lines::sections(topic, &source);
        Ok((tag, Self { source, topic, head, sections, count: u64::from(first.is_some()) }))
    }

    /// Gives everything to the reader, the end line last.
    async fn give(mut self, to: &mpsc::Sender<Result<Bytes, ApiError>>) {
        let given = self.give_all(to).await;
        if let Err(Some(error)) = given {
            tracing::warn!(topic = %self.topic, %error, "snapshot not read to its end");
            // Whoever reads sees the body break off.
            let _ = to.send(Err(error)).await;
        }
    }

    /// An error is that of the database, or none when the reader is gone.
    async fn give_all(&mut self, to: &mpsc::Sender<Result<Bytes, ApiError>>) -> Result<(), Option<ApiError>> {
        send(to, std::mem::take(&mut self.head)).await?;
        for section in std::mem::take(&mut self.sections) {
            let mut after = Uuid::nil();
            loop {
                let rows = lines::page(&mut self.source, &section, self.topic, after).await?;
                let Some(last) = rows.last() else { break };
                after = last.key;
                self.count += u64::try_from(rows.len()).unwrap_or(0);
                let mut text = String::with_capacity(rows.iter().map(|row| row.line.len() + 1).sum());
                for row in rows {
                    text.push_str(&row.line);
                    text.push('\n');
                }
                send(to, text).await?;
            }
        }
        send(to, line(&SnapshotLine::End { count: self.count })?).await?;
        Ok(())
    }
}

async fn send(to: &mpsc::Sender<Result<Bytes, ApiError>>, text: String) -> Result<(), Gone> {
    to.send(Ok(Bytes::from(text))).await.map_err(|_| Gone)
}

impl From<Gone> for Option<ApiError> {
    fn from(_: Gone) -> Self {
        None
    }
}

fn line(line: &SnapshotLine) -> Result<String, ApiError> {
    let mut text = serde_json::to_string(line).map_err(ApiError::internal)?;
    text.push('\n');
    Ok(text)
}
