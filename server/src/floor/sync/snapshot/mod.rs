//! `GET /v1/sync/snapshot`: where a reader of a feed starts.
//!
//! One REPEATABLE READ transaction reads the topic's head and every row, so the snapshot is exactly the feed up to its cursor. It is
//! streamed page by page and never whole in memory; its last line says that it is whole.

mod lines;

use std::time::{Duration, Instant};

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, get, web};
use floorline_mobile_sync::feed::SnapshotLine;
use floorline_mobile_sync::wire::{Subscription, Topic};
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use utoipa::IntoParams;

use self::lines::{Section, sections};
use super::feed;
use crate::app::App;
use crate::platform::http::{ApiError, Problem};
use crate::platform::realtime::Reader;
use crate::platform::tenancy::{Allowed, BrandTx, TenantTx, may};

/// Snapshots read at one time; each holds a connection of the pool and the horizon of the vacuum.
const AT_ONCE: usize = 3;
/// How long one may wait for its turn.
const WAIT: Duration = Duration::from_secs(10);
/// How long one may be read; a reader slower than that gets no end line and asks again.
const WITHIN: Duration = Duration::from_secs(60);

static TURNS: std::sync::LazyLock<std::sync::Arc<Semaphore>> =
    std::sync::LazyLock::new(|| std::sync::Arc::new(Semaphore::new(AT_ONCE)));

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SnapshotQuery {
    /// `site:`, `org:`, `order:` or `user:` and an id.
    topic: String,
}

/// Everything a reader of a topic starts from, as lines of JSON: `head` first, `end` last.
#[utoipa::path(
    tag = "sync",
    security(("bearer" = [])),
    params(SnapshotQuery),
    responses(
        (status = 200, description = "The lines; without an `end` line they are to be discarded", content_type = "application/x-ndjson", body = String),
        (status = 304, description = "Nothing happened since the ETag"),
        (status = 403, description = "The permission sync:connect is missing", body = Problem),
        (status = 404, description = "No such topic for this reader", body = Problem),
    )
)]
#[get("/v1/sync/snapshot")]
pub(super) async fn read_snapshot(
    app: web::Data<App>,
    by: Allowed<may::ConnectSync>,
    query: web::Query<SnapshotQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let topic = feed::topic(&query.topic)?;
    let scoped = feed::find(&app, &by, &Subscription { topic, epoch: None, cursor: 0 }).await?;
    let busy = || ApiError::busy("Too many snapshots are being read; try again shortly.");
    let turn =
        tokio::time::timeout(WAIT, TURNS.clone().acquire_owned()).await.ok().and_then(Result::ok).ok_or_else(busy)?;
    let source = match scoped.key.map(|key| key.reader) {
        Some(Reader::Owner(org)) => Source::Owner(TenantTx::open_snapshot(&app.db, org).await?),
        Some(Reader::Brand(brand)) => Source::Brand(BrandTx::open(&app.db, brand).await?),
        None => return Err(ApiError::not_found("topic")),
    };
    let snapshot = Snapshot::begin(topic, source, turn).await?;
    let etag = format!("\"{}\"", snapshot.tag);
    if request.headers().get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, etag)).finish());
    }
    Ok(HttpResponse::Ok()
        .content_type("application/x-ndjson")
        .insert_header((header::ETAG, etag))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .streaming(stream::try_unfold(snapshot, Snapshot::next)))
}

/// The transaction a snapshot is read in.
enum Source {
    Owner(TenantTx),
    Brand(BrandTx),
}

/// A snapshot on its way out.
struct Snapshot {
    source: Source,
    topic: Topic,
    tag: String,
    /// Lines to send before the sections.
    ready: Option<String>,
    sections: Vec<Section>,
    after: uuid::Uuid,
    count: u64,
    begun: Instant,
    ended: bool,
    _turn: OwnedSemaphorePermit,
}

impl Snapshot {
    async fn begin(topic: Topic, mut source: Source, turn: OwnedSemaphorePermit) -> Result<Self, ApiError> {
        let mut count = 0;
        let (epoch, cursor, first) = match (&mut source, topic) {
            (Source::Owner(tx), _) => {
                let (epoch, head) = lines::head(tx, topic).await?.ok_or_else(|| ApiError::not_found("topic"))?;
                (epoch, head, None)
            }
            (Source::Brand(tx), Topic::Order(order)) => {
                // One statement sees the head and the order at one moment.
                lines::brand_order(tx, topic, order).await?.ok_or_else(|| ApiError::not_found("topic"))?
            }
            (Source::Brand(_), _) => return Err(ApiError::not_found("topic")),
        };
        let tag = format!("{epoch}-{cursor}");
        let mut ready = line(&SnapshotLine::Head { topic, epoch, cursor })?;
        if let Some(first) = first {
            ready.push_str(&line(&first)?);
            count += 1;
        }
        let mut sections = sections(topic);
        sections.reverse();
        Ok(Self {
            source,
            topic,
            tag,
            ready: Some(ready),
            sections,
            after: uuid::Uuid::nil(),
            count,
            begun: Instant::now(),
            ended: false,
            _turn: turn,
        })
    }

    /// The next piece of the body.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, ApiError> {
        if let Some(ready) = self.ready.take() {
            return Ok(Some((Bytes::from(ready), self)));
        }
        loop {
            if self.begun.elapsed() > WITHIN {
                tracing::debug!(topic = %self.topic, "snapshot given up: its reader is too slow");
                return Ok(None);
            }
            let (Some(section), Source::Owner(tx)) = (self.sections.last(), &mut self.source) else { break };
            let rows = lines::page(tx, section, self.topic, self.after).await?;
            let Some(last) = rows.last() else {
                self.sections.pop();
                self.after = uuid::Uuid::nil();
                continue;
            };
            self.after = last.key;
            self.count += u64::try_from(rows.len()).unwrap_or(0);
            let mut text = String::with_capacity(rows.iter().map(|row| row.line.len() + 1).sum());
            for row in rows {
                text.push_str(&row.line);
                text.push('\n');
            }
            return Ok(Some((Bytes::from(text), self)));
        }
        if self.ended {
            return Ok(None);
        }
        self.ended = true;
        let end = line(&SnapshotLine::End { count: self.count })?;
        Ok(Some((Bytes::from(end), self)))
    }
}

fn line(line: &SnapshotLine) -> Result<String, ApiError> {
    let mut text = serde_json::to_string(line).map_err(ApiError::internal)?;
    text.push('\n');
    Ok(text)
}
