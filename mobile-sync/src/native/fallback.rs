//! The same conversation over HTTP, for networks that let no WebSocket through.
//!
//! To the core this is a connection like any other: its frames become requests, the answers become frames. Feeds are
//! polled, one waiting request each.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::error::NativeError;
use super::network::failure;
use super::phone::Inner;
use super::worker::Outgoing;
use crate::client::{Effect, Event, OpenFailure};
use crate::limits::FEED_WAIT;
use crate::wire::{
    ClientFrame, Close, CursorAt, Hello, Lease, Mode, Pong, Results, ServerFrame, SubmitRequest, SubmitResponse,
    Welcome,
};

/// Between two polls of a feed that had nothing to say.
const PAUSE: Duration = Duration::from_secs(1);

/// Carries frames until one of them fails, or the core lets go.
pub(super) async fn carry(inner: &Arc<Inner>, connection: u64, mut frames: mpsc::UnboundedReceiver<Outgoing>) {
    let mut feeds = JoinSet::new();
    let mut epoch = String::new();
    let mut lease = None;
    while let Some(Outgoing { effect, hello }) = frames.recv().await {
        let Effect::Send { frame, .. } = effect else { continue };
        let frames = match exchange(inner, frame, hello, &mut feeds, (connection, &epoch)).await {
            Ok(frames) => frames,
            Err(close) => {
                inner.give(Event::Closed { connection, close });
                return;
            }
        };
        for frame in frames {
            match &frame {
                ServerFrame::Welcome(welcome) => epoch.clone_from(&welcome.server_epoch),
                // It comes with every answer, and is heard when it is another one.
                ServerFrame::Lease(Lease { lease_id, .. }) if lease.replace(*lease_id) == Some(*lease_id) => continue,
                _ => {}
            }
            hear(inner, connection, &frame);
        }
    }
}

fn hear(inner: &Inner, connection: u64, frame: &ServerFrame) {
    if let Ok(text) = frame.text() {
        inner.give(Event::Frame { connection, text });
    }
}

async fn exchange(
    inner: &Arc<Inner>,
    frame: ClientFrame,
    hello: Option<Box<Hello>>,
    feeds: &mut JoinSet<()>,
    (connection, epoch): (u64, &str),
) -> Result<Vec<ServerFrame>, Close> {
    match (frame, hello) {
        (ClientFrame::Hello(hello), _) => {
            let subscriptions = hello.subscriptions.clone();
            let SubmitResponse { welcome, lease, .. } = post(inner, SubmitRequest { hello, submit: None }).await?;
            for state in welcome.topics.iter().filter(|state| state.mode == Mode::Delta) {
                let asked = subscriptions.iter().find(|asked| asked.topic == state.topic);
                if let Some(epoch) = asked.and_then(|asked| asked.epoch.clone()).filter(|epoch| *epoch == state.epoch) {
                    let cursor = asked.map_or(0, |asked| asked.cursor);
                    inner.follow(connection, state.topic, true);
                    feeds.spawn(follow(Arc::clone(inner), connection, CursorAt { topic: state.topic, epoch, cursor }));
                }
            }
            Ok([ServerFrame::Welcome(welcome)].into_iter().chain(lease.map(ServerFrame::Lease)).collect())
        }
        (ClientFrame::Submit(mut submit), Some(hello)) => {
            submit.session = None;
            let answer = post(inner, SubmitRequest { hello: *hello, submit: Some(submit) }).await?;
            let SubmitResponse { lease, result, retry, gap, .. } = answer;
            let result = result.map(ServerFrame::Result);
            Ok(after(lease, [result, retry.map(ServerFrame::Retry), gap.map(ServerFrame::Gap)]))
        }
        (ClientFrame::Results(page), Some(hello)) => {
            let SubmitResponse { welcome, lease, .. } =
                post(inner, SubmitRequest { hello: *hello, submit: None }).await?;
            let Welcome { results, more, last_seq, .. } = welcome;
            let upto_seq = page.after.max(if more { page.after } else { last_seq });
            Ok(after(lease, [Some(ServerFrame::Result(Results { upto_seq, results, more }))]))
        }
        // A feed that was loaded from a snapshot goes on from there.
        (ClientFrame::Cursor(at), _) if !inner.is_followed(connection, at.topic) => {
            inner.follow(connection, at.topic, true);
            feeds.spawn(follow(Arc::clone(inner), connection, at));
            Ok(Vec::new())
        }
        // No socket breaks when the server goes or comes back as another: whoever has nothing to send asks.
        (ClientFrame::Ping(ping), Some(hello)) => {
            let SubmitResponse { welcome, lease, .. } =
                post(inner, SubmitRequest { hello: *hello, submit: None }).await?;
            if welcome.server_epoch != epoch {
                return Err(Close::Draining);
            }
            let pong = Pong { n: ping.n, server_time: Some(welcome.server_time) };
            Ok(after(lease, [Some(ServerFrame::Pong(pong))]))
        }
        // There is no request that seals: the stream is left, and what is unsent names its origin on the next one.
        (ClientFrame::Seal(_), _) => Err(Close::Sealed),
        _ => Ok(Vec::new()),
    }
}

/// What else an answer says comes after the lease: verdicts may be the last that is heard on a connection.
fn after<const N: usize>(lease: Option<Lease>, said: [Option<ServerFrame>; N]) -> Vec<ServerFrame> {
    std::iter::once(lease.map(ServerFrame::Lease)).chain(said).flatten().collect()
}

async fn post(inner: &Inner, request: SubmitRequest) -> Result<SubmitResponse, Close> {
    inner.api.submit(&request).await.map_err(|error| close(&error))
}

/// What a refused request means for the connection.
fn close(error: &NativeError) -> Close {
    match error.code() {
        Some("STATE_CONFLICT") => return Close::Sealed,
        Some("SESSION_ALIVE") => return Close::Replaced,
        _ => {}
    }
    match (failure(error), error.status()) {
        (OpenFailure::Revoked, _) => Close::Revoked,
        (OpenFailure::SignedOut, _) => Close::SignedOut,
        (OpenFailure::Busy { .. }, Some(429)) => Close::TooMany,
        (OpenFailure::Busy { .. }, Some(400)) => Close::BadFrame,
        _ => Close::Other(1006),
    }
}

/// Polls a feed from a cursor until it starts over or cannot be read; the core then loads it anew or connects again.
async fn follow(inner: Arc<Inner>, connection: u64, mut at: CursorAt) {
    loop {
        let answer = inner.api.feed(at.topic, &at.epoch, at.cursor, FEED_WAIT).await;
        let frame = match answer {
            Ok(Some(text)) => ServerFrame::parse(&text).ok(),
            Err(error) if error.status().is_some_and(|status| (400..500).contains(&status) && status != 429) => None,
            Ok(None) | Err(_) => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        match frame {
            Some(ServerFrame::Push(push)) => {
                at.cursor = at.cursor.max(push.to);
                hear(&inner, connection, &ServerFrame::Push(push));
            }
            Some(ServerFrame::Reset(reset)) => {
                inner.follow(connection, at.topic, false);
                hear(&inner, connection, &ServerFrame::Reset(reset));
                return;
            }
            _ => {
                inner.give(Event::Closed { connection, close: Close::Other(1006) });
                return;
            }
        }
    }
}
