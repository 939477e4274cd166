//! `GET /v1/sync/feed`: a feed by long polling, where WebSockets are blocked.

use std::time::Duration;

use actix_web::{HttpResponse, get, web};
use floorline_mobile_sync::limits::FEED_WAIT;
use floorline_mobile_sync::wire::{Mode, Push, ResetReason, ServerFrame, Subscription, Topic};
use serde::Deserialize;
use utoipa::IntoParams;

use super::core::reset_frame;
use super::scope::{self, Scoped};
use crate::app::App;
use crate::platform::http::{ApiError, Code, Problem};
use crate::platform::realtime::{FeedKey, Next};
use crate::platform::tenancy::{Allowed, Identity, TenantTx, may};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct FeedQuery {
    /// `site:`, `org:`, `order:` or `user:` and an id.
    topic: String,
    /// The epoch of the cursor.
    epoch: Option<String>,
    /// The last event the reader has.
    cursor: Option<i64>,
    /// Seconds to wait for an event when there is none, 0–25.
    #[param(maximum = 25)]
    wait: Option<u64>,
}

/// Reads a topic's name.
pub(super) fn topic(name: &str) -> Result<Topic, ApiError> {
    name.parse().map_err(|error| ApiError::new(Code::BadRequest, format!("topic cannot be read: {error}.")))
}

/// What follows a cursor: one `push` or one `reset` of `floor.sync.v1`.
///
/// A `push` without events means that none came while it waited.
#[utoipa::path(
    tag = "sync",
    security(("bearer" = [])),
    params(FeedQuery),
    responses(
        (status = 200, description = "A `push`, or a `reset` when the feed must be started over from a snapshot", body = Object),
        (status = 403, description = "The permission sync:connect is missing", body = Problem),
        (status = 404, description = "No such topic for this reader", body = Problem),
    )
)]
#[get("/v1/sync/feed")]
pub(super) async fn read_feed(
    app: web::Data<App>,
    by: Allowed<may::ConnectSync>,
    query: web::Query<FeedQuery>,
) -> Result<HttpResponse, ApiError> {
    let asked =
        Subscription { topic: topic(&query.topic)?, epoch: query.epoch.clone(), cursor: query.cursor.unwrap_or(0) };
    let wait = query.wait.map_or(FEED_WAIT, Duration::from_secs).min(FEED_WAIT);
    let scoped = find(&app, &by, &asked).await?;
    let text = next(&app, &asked, scoped, wait).await?;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header(("Cache-Control", "private, no-store"))
        .body(text))
}

/// The topic as this reader may see it; 404 when they may not.
pub(super) async fn find(app: &App, by: &Identity, asked: &Subscription) -> Result<Scoped, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let scoped = scope::judge(&app.db, &mut tx, Some(by), std::slice::from_ref(asked)).await?;
    tx.commit().await?;
    scoped.into_iter().find(|scoped| scoped.key.is_some()).ok_or_else(|| ApiError::not_found("topic"))
}

async fn next(app: &App, asked: &Subscription, scoped: Scoped, wait: Duration) -> Result<String, ApiError> {
    let Scoped { state, key, .. } = scoped;
    let Some(key) = key else { return Err(ApiError::not_found("topic")) };
    if state.mode != Mode::Delta {
        let same_epoch = asked.epoch.as_deref() == Some(state.epoch.as_str());
        return reset(asked.topic, if same_epoch { ResetReason::TooOld } else { ResetReason::Epoch });
    }
    match app.hub.reader(key).read_log(&state.epoch, asked.cursor).await? {
        None => reset(asked.topic, ResetReason::TooOld),
        Some(ranges) => match ranges.first() {
            Some(range) => Ok(range.text.to_string()),
            None => wait_for(app, key, &state.epoch, asked.cursor, wait).await,
        },
    }
}

async fn wait_for(app: &App, key: FeedKey, epoch: &str, cursor: i64, wait: Duration) -> Result<String, ApiError> {
    let Some(mut follower) = app.hub.follow(key).await? else { return Err(ApiError::not_found("topic")) };
    let deadline = tokio::time::Instant::now() + wait;
    loop {
        match follower.next(epoch, cursor) {
            Next::Range(range) => return Ok(range.text.to_string()),
            Next::OtherEpoch => return reset(key.topic, ResetReason::Epoch),
            // A commit between the look at the log and the following.
            Next::Behind => {
                let ranges = app.hub.reader(key).read_log(epoch, cursor).await?;
                return match ranges.and_then(|ranges| ranges.into_iter().next()) {
                    Some(range) => Ok(range.text.to_string()),
                    None => reset(key.topic, ResetReason::TooOld),
                };
            }
            Next::UpToDate => {}
        }
        tokio::select! {
            () = follower.changed() => {}
            () = app.draining.cancelled() => return nothing(key.topic, epoch, cursor),
            () = tokio::time::sleep_until(deadline) => return nothing(key.topic, epoch, cursor),
        }
    }
}

fn nothing(topic: Topic, epoch: &str, cursor: i64) -> Result<String, ApiError> {
    let push = Push { topic, epoch: epoch.into(), from: cursor, to: cursor, events: Vec::new(), head: cursor };
    ServerFrame::Push(push).text().map_err(ApiError::internal)
}

fn reset(topic: Topic, reason: ResetReason) -> Result<String, ApiError> {
    reset_frame(topic, reason).text().map_err(ApiError::internal)
}
