//! `POST /v1/sync/submit`: the way in where WebSockets are blocked. The same hello, the same engine, the same receipts.

use actix_web::{HttpRequest, HttpResponse, post, web};
use chrono::Utc;
use floorline_mobile_sync::limits::{FRAME_BYTES, HELLO_BYTES};
use floorline_mobile_sync::wire::{Gap, Results, Retry, SubmitRequest, SubmitResponse, Welcome};

use super::conversation::batch;
use super::core::is_batch;
use super::hello;
use crate::app::App;
use crate::floor::engine::{SessionKey, Submitted};
use crate::identity::{self, Signed};
use crate::platform::http::{ApiError, Code, Problem};

/// A body is a hello and a frame.
const BODY_BYTES: usize = FRAME_BYTES + HELLO_BYTES;
/// How far off a clock may be that was read before a request of unknown length.
const UNCERTAINTY_MS: i64 = 5_000;

/// One hello and at most one batch, answered with the welcome, the lease of whoever is signed in, and the batch's verdicts.
///
/// Needs the access token and the device's proof; a device that was revoked within the week comes by its proof alone.
#[utoipa::path(
    tag = "sync",
    security(("bearer" = [])),
    params(("DPoP" = String, Header, description = "The device's proof")),
    request_body(content = Object, description = "`{hello, submit}` of `floor.sync.v1`"),
    responses(
        (status = 200, description = "`{welcome, lease, result|retry|gap}`; no lease for a device that was revoked", body = Object),
        (status = 400, description = "Not a hello and a batch; nothing was stored", body = Problem),
        (status = 401, description = "No access token, or no sound proof", body = Problem),
        (status = 403, description = "The device was blocked or waits, or the permission sync:connect is missing", body = Problem),
        (status = 409, description = "A live socket holds the stream, or the stream is sealed", body = Problem),
        (status = 413, description = "Larger than a frame", body = Problem),
        (status = 429, description = "Too many at once", body = Problem),
    )
)]
#[post("/v1/sync/submit")]
pub(super) async fn submit_batch(
    app: web::Data<App>,
    _: Signed,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, ApiError> {
    if body.len() > BODY_BYTES {
        return Err(ApiError::new(Code::TooLarge, format!("A hello and a batch have at most {BODY_BYTES} bytes.")));
    }
    let asked = read(&body)?;
    let now = Utc::now();
    let (Some(device), Some(stream)) = (asked.hello.device_id, asked.hello.stream_id) else {
        return Err(ApiError::new(Code::BadRequest, "hello: device_id and stream_id are needed here."));
    };
    let asker = identity::device_session(&app, &request, device, now).await?;
    if app.sockets.holds(device, stream) {
        return Err(ApiError::new(Code::SessionAlive, "A live socket of this device holds the stream; use that."));
    }
    app.sockets
        .admit_hello()
        .map_err(|_| ApiError::new(Code::TooMany, "Too many phones at once; try again shortly.").retry_after(1))?;
    let welcomed =
        hello::answer(&app, asker, &asked.hello, now, UNCERTAINTY_MS).await.map_err(|turned| turned.error)?;
    let hello::Welcomed { welcome, lease, phone, .. } = welcomed;
    let mut answer = SubmitResponse { welcome, lease, result: None, retry: None, gap: None };
    if let (Some(submit), Some(phone)) = (asked.submit, phone) {
        if answer.welcome.more {
            answer.retry = Some(Retry { from_seq: submit.first_seq, reason: "RESULTS_FIRST".into(), after_ms: 0 });
        } else {
            let Welcome { session: number, server_epoch, .. } = &answer.welcome;
            let session = SessionKey { number: *number, server_epoch: server_epoch.clone() };
            settle(&mut answer, app.engine.submit(batch(asker, phone, session, submit)).await)?;
        }
    }
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "private, no-store")).json(answer))
}

fn read(body: &[u8]) -> Result<SubmitRequest, ApiError> {
    let bad = |detail: String| ApiError::new(Code::BadRequest, detail);
    let text = std::str::from_utf8(body).map_err(|_| bad("The body is not UTF-8.".into()))?;
    let asked = SubmitRequest::parse(text).map_err(|error| bad(format!("The body cannot be read: {error}.")))?;
    match &asked.submit {
        Some(submit) if !is_batch(submit) => {
            Err(bad("submit: the batch breaks a limit, or its hashes do not match.".into()))
        }
        _ => Ok(asked),
    }
}

fn settle(answer: &mut SubmitResponse, submitted: Submitted) -> Result<(), ApiError> {
    match submitted {
        Submitted::Result { upto_seq, results } => answer.result = Some(Results { upto_seq, results, more: false }),
        Submitted::Retry { from_seq, reason, after_ms } => {
            answer.retry = Some(Retry { from_seq, reason: reason.into(), after_ms });
        }
        Submitted::Gap { expect_seq } => answer.gap = Some(Gap { expect_seq }),
        Submitted::Stale => {
            return Err(ApiError::new(Code::SessionAlive, "A newer session of this device holds the stream."));
        }
        Submitted::Sealed => return Err(ApiError::new(Code::StateConflict, "The stream was sealed.")),
        Submitted::Unknown => return Err(ApiError::busy("The stream is not there any more; say hello again.")),
    }
    Ok(())
}
