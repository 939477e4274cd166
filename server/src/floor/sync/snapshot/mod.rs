//! `GET /v1/sync/snapshot`: where a reader of a feed starts.
//!
//! One REPEATABLE READ transaction reads the topic's head and every row, so the snapshot is exactly the feed up to its cursor. It is
//! streamed page by page and never whole in memory; its last line says that it is whole.

mod lines;
mod reading;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use floorline_mobile_sync::wire::Subscription;
use futures_util::stream;
use serde::Deserialize;
use utoipa::IntoParams;

use self::reading::Snapshot;
pub(super) use self::reading::Turns;
use super::feed;
use crate::app::App;
use crate::platform::http::{ApiError, Problem};
use crate::platform::tenancy::{Allowed, may};

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
    let key = scoped.key.ok_or_else(|| ApiError::not_found("topic"))?;
    let Snapshot { tag, mut pieces } = reading::begin(&app, topic, key.reader).await?;
    let etag = format!("\"{tag}\"");
    if request.headers().get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, etag)).finish());
    }
    Ok(HttpResponse::Ok()
        .content_type("application/x-ndjson")
        .insert_header((header::ETAG, etag))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .streaming(stream::poll_fn(move |context| pieces.poll_recv(context))))
}
