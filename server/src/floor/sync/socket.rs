//! `GET /v1/sync`: the WebSocket, from its upgrade to its hello.
//!
//! What is said on it is decided in [`super::core`]; here are bytes, limits and closing.

use std::time::{Duration, Instant};

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use actix_ws::{CloseCode, CloseReason, Message, MessageStream};
use chrono::Utc;
use floorline_mobile_sync::limits::{FRAME_BYTES, HELLO_BYTES, HELLO_WITHIN, PROTOCOL};
use floorline_mobile_sync::wire::{ClientFrame, Close, Hello, Retry, ServerFrame};

use super::conversation::Conversation;
use super::following::Following;
use super::hello::{self, Turned, Welcomed};
use super::sockets::{Full, Seat};
use crate::app::App;
use crate::identity::{self, Session};
use crate::platform::http::{ApiError, Code, Problem, origins};
use crate::platform::telemetry::names;

/// How long a peer may take to read what is left and to say goodbye itself.
const FAREWELL: Duration = Duration::from_secs(2);

/// How a connection ends.
pub(super) struct Ending {
    pub(super) close: Close,
    /// Milliseconds to stay away, for 4429: said in a `retry` before the close.
    pub(super) after_ms: Option<u64>,
}

impl From<Close> for Ending {
    fn from(close: Close) -> Self {
        Self { close, after_ms: None }
    }
}

impl From<Full> for Ending {
    fn from(full: Full) -> Self {
        Self { close: Close::TooMany, after_ms: Some(full.after_ms) }
    }
}

impl From<Turned> for Ending {
    fn from(turned: Turned) -> Self {
        match turned.close {
            Close::Other(_) => tracing::error!(error = %turned.error, "hello failed"),
            close => tracing::debug!(code = close.code(), error = %turned.error, "hello turned away"),
        }
        turned.close.into()
    }
}

impl From<ApiError> for Ending {
    fn from(error: ApiError) -> Self {
        Turned::from(error).into()
    }
}

/// Opens a WebSocket that speaks `floor.sync.v1`.
///
/// The first message is a `hello` with a ticket of `POST /v1/sync/ticket`, within 5 seconds. No token is in the address.
#[utoipa::path(
    tag = "sync",
    params(("Sec-WebSocket-Protocol" = String, Header, description = "`floor.sync.v1`")),
    responses(
        (status = 101, description = "The socket is open; it closes with 4406 when no offered protocol fits"),
        (status = 400, description = "Not a WebSocket upgrade"),
        (status = 403, description = "A page of a site that is not allowed to", body = Problem),
        (status = 503, description = "As many connections as the server can hold, or it is going"),
    )
)]
#[get("/v1/sync")]
pub(super) async fn connect(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    origins::check(&request, app.public_url.as_deref(), &app.allowed_origins)?;
    if app.draining.is_cancelled() {
        return Err(ApiError::new(Code::Draining, "The server is restarting; try again in a moment.").retry_after(2));
    }
    let (mut response, ws, stream) = actix_ws::handle_with_protocols(&request, body, &[PROTOCOL])
        .map_err(|_| ApiError::new(Code::BadRequest, format!("This address speaks WebSocket, protocol {PROTOCOL}.")))?;
    let agreed = response.headers().contains_key(header::SEC_WEBSOCKET_PROTOCOL);
    if !agreed && let Some(first) = first_offered(&request) {
        // Browsers show the close code only when a protocol was agreed on.
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, first);
    }
    actix_web::rt::spawn(live(app.get_ref().clone(), Line { ws, stream: stream.max_frame_size(FRAME_BYTES) }, agreed));
    Ok(response)
}

/// Both directions of a socket.
pub(super) struct Line {
    pub(super) ws: actix_ws::Session,
    pub(super) stream: MessageStream,
}

async fn live(app: App, mut line: Line, agreed: bool) {
    let _counted = app.sockets.token();
    let ending = if agreed { converse(&app, &mut line).await } else { Some(Close::Version.into()) };
    if let Some(ending) = ending {
        metrics::counter!(names::SOCKETS_CLOSED, "code" => ending.close.code().to_string()).increment(1);
        close(line, &ending).await;
    }
}

/// The whole life of the socket; `None` when the peer is gone already.
async fn converse(app: &App, line: &mut Line) -> Option<Ending> {
    match welcome(app, line).await {
        Ok(conversation) => conversation.run(line).await,
        Err(ending) => ending,
    }
}

/// Waits for the hello and answers it.
async fn welcome(app: &App, line: &mut Line) -> Result<Conversation, Option<Ending>> {
    let upgraded = Instant::now();
    let heard = tokio::select! {
        heard = tokio::time::timeout(HELLO_WITHIN, first_message(line)) => heard,
        () = app.draining.cancelled() => return Err(Some(Close::Draining.into())),
    };
    let hello = match heard {
        Ok(Some(hello)) => hello.map_err(|close| Some(close.into()))?,
        Ok(None) => return Err(None),
        Err(_) => return Err(Some(Close::HelloLate.into())),
    };
    // The phone read its clock after the upgrade and before now.
    let uncertainty_ms = i64::try_from(upgraded.elapsed().as_millis()).unwrap_or(i64::MAX);
    let (asker, welcomed, seat) = greet(app, &hello, uncertainty_ms).await.map_err(Some)?;
    let following = Following::start(&app.hub, &welcomed.topics).await.map_err(|error| Some(error.into()))?;
    Conversation::start(app.clone(), asker, welcomed, following, seat)
        .map_err(|error| Some(ApiError::internal(error).into()))
}

/// The hello, or how the connection ends without one.
async fn first_message(line: &mut Line) -> Option<Result<Box<Hello>, Close>> {
    loop {
        let text = match line.stream.recv().await? {
            Ok(Message::Text(text)) if text.len() <= HELLO_BYTES => text,
            Ok(Message::Ping(bytes)) => {
                line.ws.pong(&bytes).await.ok()?;
                continue;
            }
            Ok(Message::Pong(_) | Message::Nop) => continue,
            Ok(Message::Close(_)) => return None,
            Ok(Message::Binary(_)) => return Some(Err(Close::BadFrame)),
            // Too large, or in pieces: not the one small frame that is waited for.
            Ok(_) | Err(_) => return Some(Err(Close::HelloLate)),
        };
        return Some(match ClientFrame::parse(&text) {
            Ok(ClientFrame::Hello(hello)) => Ok(Box::new(hello)),
            Ok(_) => Err(Close::HelloLate),
            Err(_) => Err(Close::BadFrame),
        });
    }
}

async fn greet(app: &App, hello: &Hello, uncertainty_ms: i64) -> Result<(Session, Welcomed, Seat), Ending> {
    let ticket = hello.ticket.as_deref().ok_or(Close::SignedOut)?;
    app.sockets.admit_ticket()?;
    let now = Utc::now();
    let asker = identity::redeem_ticket(&app.db, ticket, now).await?.ok_or(Close::SignedOut)?;
    app.sockets.admit_hello()?;
    // The seat first: a phone for which there is none must keep the session it has.
    let seat = app.sockets.sit(hello::who(asker, hello)?)?;
    let welcomed = hello::answer(app, asker, hello, now, uncertainty_ms).await?;
    if !seat.take_over(welcomed.welcome.session) {
        return Err(Close::Replaced.into());
    }
    Ok((asker, welcomed, seat))
}

/// Says why, and lets the peer read it: closing at once could reset the connection under the close frame.
async fn close(line: Line, ending: &Ending) {
    let Line { mut ws, mut stream } = line;
    let description = word(ending.close).map(str::to_owned);
    let reason = CloseReason { code: CloseCode::from(ending.close.code()), description };
    let goodbye = async {
        if let Some(after_ms) = ending.after_ms {
            let retry = Retry { from_seq: 0, reason: "TOO_MANY".into(), after_ms };
            if let Ok(text) = ServerFrame::Retry(retry).text() {
                let _ = ws.text(text).await;
            }
        }
        if ws.close(Some(reason)).await.is_ok() {
            while let Some(Ok(message)) = stream.recv().await {
                if matches!(message, Message::Close(_)) {
                    break;
                }
            }
        }
    };
    // A peer that reads nothing is left to the end of the connection.
    let _ = tokio::time::timeout(FAREWELL, goodbye).await;
}

const fn word(close: Close) -> Option<&'static str> {
    match close {
        Close::BadFrame => Some("frame of unknown shape"),
        Close::SignedOut => Some("not signed in"),
        Close::Revoked => Some("revoked"),
        Close::Version => Some("no protocol in common"),
        Close::HelloLate => Some("no hello in time"),
        Close::Replaced => Some("replaced by a newer session"),
        Close::Sealed => Some("stream sealed"),
        Close::Slow => Some("too slow"),
        Close::TooMany => Some("too many"),
        Close::Draining => Some("draining"),
        Close::Other(_) => None,
    }
}

fn first_offered(request: &HttpRequest) -> Option<header::HeaderValue> {
    let offered = request.headers().get(header::SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
    header::HeaderValue::from_str(offered.split(',').next()?.trim()).ok()
}
