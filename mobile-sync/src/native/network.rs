//! Does what the core wants done: opens sockets, carries frames, fetches snapshots.
//!
//! It decides nothing but the way: when a socket cannot be opened although the server answers, the same frames go over
//! HTTP.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::error::NativeError;
use super::fallback;
use super::phone::{Inner, Transport};
use super::traceparent;
use super::worker::{Ask, Outgoing};
use crate::client::{Effect, Event, OpenFailure};
use crate::limits::{OPEN_WITHIN, PROTOCOL};
use crate::topic::Topic;
use crate::wire::{ClientFrame, Close};

/// Sockets that failed in a row before HTTP is tried.
const FAILED_SOCKETS: u32 = 3;
/// What a server may send in one message.
const MESSAGE_BYTES: usize = 16 * 1024 * 1024;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A connection being opened or standing.
struct Connection {
    outgoing: mpsc::UnboundedSender<Outgoing>,
    task: JoinHandle<()>,
}

/// Runs until the device is closed.
pub(super) async fn drive(inner: Arc<Inner>, mut effects: mpsc::UnboundedReceiver<Outgoing>) {
    let mut connection: Option<Connection> = None;
    while let Some(Outgoing { effect, hello }) = effects.recv().await {
        match effect {
            Effect::Open { connection: number } => {
                if let Some(old) = connection.take() {
                    old.task.abort();
                }
                let (outgoing, frames) = mpsc::unbounded_channel();
                let task = tokio::spawn(open(Arc::clone(&inner), number, frames));
                connection = Some(Connection { outgoing, task });
            }
            Effect::Send { .. } => {
                if let Some(connection) = &connection {
                    // A connection that just ended says so itself.
                    let _ = connection.outgoing.send(Outgoing { effect, hello });
                }
            }
            // Dropping the sender lets what is queued go out before the socket is closed.
            Effect::Shut { .. } => drop(connection.take()),
            Effect::FetchSnapshot { topic, path } => drop(tokio::spawn(fetch(Arc::clone(&inner), topic, path))),
            Effect::Tell(_) => {}
        }
    }
    if let Some(old) = connection {
        old.task.abort();
    }
}

async fn open(inner: Arc<Inner>, connection: u64, frames: mpsc::UnboundedReceiver<Outgoing>) {
    if over_http(&inner) {
        inner.over_http.store(true, Ordering::Relaxed);
        // The next connection tries a socket again, once.
        inner.failed_sockets.store(FAILED_SOCKETS - 1, Ordering::Relaxed);
        inner.give(Event::Opened { connection, ticket: None });
        fallback::carry(&inner, connection, frames).await;
        return;
    }
    inner.over_http.store(false, Ordering::Relaxed);
    match tokio::time::timeout(OPEN_WITHIN, socket(&inner)).await {
        Ok(Ok((socket, ticket))) => {
            inner.failed_sockets.store(0, Ordering::Relaxed);
            inner.give(Event::Opened { connection, ticket: Some(ticket) });
            let close = carry(&inner, connection, socket, frames).await;
            inner.give(Event::Closed { connection, close });
        }
        Ok(Err(why)) => inner.give(Event::OpenFailed { connection, why }),
        Err(_) => inner.give(Event::OpenFailed { connection, why: OpenFailure::Unreachable }),
    }
}

fn over_http(inner: &Inner) -> bool {
    match inner.transport {
        Transport::Http => true,
        Transport::WebSocket => false,
        Transport::Auto => inner.failed_sockets.load(Ordering::Relaxed) >= FAILED_SOCKETS,
    }
}

async fn socket(inner: &Inner) -> Result<(Socket, String), OpenFailure> {
    let ticket = inner.api.ticket(inner.device_id).await.map_err(|error| failure(&error))?;
    let url = format!("{}/v1/sync", inner.api.server().url.replacen("http", "ws", 1));
    let mut request = url.into_client_request().map_err(|_| OpenFailure::Unreachable)?;
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(PROTOCOL));
    let config = WebSocketConfig::default().max_message_size(Some(MESSAGE_BYTES)).max_frame_size(Some(MESSAGE_BYTES));
    match tokio_tungstenite::connect_async_with_config(request, Some(config), true).await {
        Ok((socket, _)) => Ok((socket, ticket)),
        Err(SocketError::Http(response)) if response.status() == 429 || response.status() == 503 => {
            Err(OpenFailure::Busy { after_ms: 1_000 })
        }
        Err(error) => {
            tracing::debug!(device_id = %inner.device_id, %error, "no socket");
            inner.failed_sockets.fetch_add(1, Ordering::Relaxed);
            Err(OpenFailure::Unreachable)
        }
    }
}

/// What a failed request means for the connection.
pub(super) fn failure(error: &NativeError) -> OpenFailure {
    match error {
        NativeError::SignedOut => OpenFailure::SignedOut,
        NativeError::Problem { status: 401, .. } => OpenFailure::SignedOut,
        NativeError::Problem { status: 403, code, .. } if code == "DEVICE_REVOKED" => OpenFailure::Revoked,
        NativeError::Problem { status: 403, .. } => OpenFailure::SignedOut,
        NativeError::Problem { retry_after_ms, .. } => OpenFailure::Busy { after_ms: retry_after_ms.unwrap_or(1_000) },
        _ => OpenFailure::Unreachable,
    }
}

/// Carries frames both ways until either side ends it; the code it ended with.
async fn carry(inner: &Inner, connection: u64, socket: Socket, mut frames: mpsc::UnboundedReceiver<Outgoing>) -> Close {
    let (mut sink, mut stream) = socket.split();
    loop {
        tokio::select! {
            outgoing = frames.recv() => {
                let Some(outgoing) = outgoing else {
                    let _ = tokio::time::timeout(Duration::from_secs(1), sink.close()).await;
                    return Close::Other(1000);
                };
                let Effect::Send { mut frame, .. } = outgoing.effect else { continue };
                if let ClientFrame::Submit(submit) = &mut frame {
                    submit.traceparent = Some(traceparent());
                }
                let Ok(text) = frame.text() else { continue };
                if sink.send(Message::text(text)).await.is_err() {
                    return Close::Other(1006);
                }
            }
            message = stream.next() => match message {
                Some(Ok(Message::Text(text))) => inner.give(Event::Frame { connection, text: text.as_str().to_owned() }),
                Some(Ok(Message::Close(frame))) => {
                    return frame.map_or(Close::Other(1005), |frame| Close::from(u16::from(frame.code)));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Close::Other(1006),
            }
        }
    }
}

async fn fetch(inner: Arc<Inner>, topic: Topic, path: String) {
    match inner.api.snapshot(&path).await {
        Ok(text) => inner.give(Event::Snapshot { topic, text }),
        Err(error) => {
            tracing::debug!(device_id = %inner.device_id, %topic, %error, "no snapshot");
            inner.give(Event::SnapshotFailed { topic });
        }
    }
}

impl Inner {
    pub(super) fn give(&self, event: Event) {
        // The thread ends only with the device.
        let _ = self.asks.send(Ask::Give(event));
    }
}
