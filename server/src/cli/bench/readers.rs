//! Boards: read-only sessions that follow the site's feed, each of a person of its own.
//!
//! People, logins and tickets are written into the database, for five thousand sign-ins are another figure. The sockets are real, and opened no
//! faster than the server admits hellos. A reader says every second how far it is, as every client must, and pings like one.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use diesel_async::SimpleAsyncConnection as _;
use floorline_mobile_sync::limits::{HEARTBEAT, REPORT_EVERY};
use floorline_mobile_sync::wire::{ClientFrame, CursorAt, Hello, Mode, Ping, ServerFrame, Subscription, Topic};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

use super::progress;
use super::seed::Factory;
use super::socket::{self, Socket};

/// Between two hellos: three quarters of what a server admits in a second.
const APART: Duration = Duration::from_micros(6_667);
/// Opening a socket takes no longer, or the bench is broken.
const OPEN_WITHIN: Duration = Duration::from_secs(30);

/// A board that was welcomed.
pub(super) struct Reader {
    socket: Socket,
    topic: Topic,
    epoch: String,
    /// The last event it was sent.
    cursor: i64,
    /// The last it told the server of.
    reported: i64,
    pings: i64,
}

/// A push as it arrived.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) bytes: usize,
    pub(super) at: Instant,
}

/// Opens `count` readers of the factory's site.
pub(super) async fn connect(factory: &Factory<'_>, count: usize) -> anyhow::Result<Vec<Reader>> {
    let people = include_str!("readers/people.sql")
        .replace("$ORG", &factory.org.to_string())
        .replace("$ROLE", &factory.operator)
        .replace("$FIRST", "1")
        .replace("$LAST", &count.to_string());
    factory.owner().await?.batch_execute(&people).await?;
    let progress = progress::bar(count, "readers");
    let (url, topic) = (factory.stand().url(), Topic::Site(factory.site));
    let (mut opening, mut next) = (JoinSet::new(), tokio::time::interval(APART));
    for n in 1..=count {
        next.tick().await;
        let (url, ticket) = (url.clone(), format!("ticket of reader {n}"));
        opening.spawn(async move { tokio::time::timeout(OPEN_WITHIN, Reader::open(&url, ticket, topic)).await });
        progress.inc(1);
    }
    let mut readers = Vec::new();
    while let Some(opened) = opening.join_next().await {
        readers.push(opened?.context("a reader was not let in")??);
    }
    progress.finish_and_clear();
    Ok(readers)
}

impl Reader {
    async fn open(url: &str, ticket: String, topic: Topic) -> anyhow::Result<Self> {
        let mut socket = socket::open(url).await?;
        let subscription = Subscription { topic, epoch: None, cursor: 0 };
        let hello = Hello { ticket: Some(ticket), subscriptions: vec![subscription], ..Hello::default() };
        socket.send(Message::text(ClientFrame::Hello(hello).text()?)).await?;
        loop {
            let Message::Text(text) = socket.next().await.context("the server closed a reader's socket")?? else {
                continue;
            };
            let ServerFrame::Welcome(welcome) = ServerFrame::parse(&text)? else { bail!("no welcome, but {text}") };
            let state = welcome.topics.into_iter().next().context("the welcome names no feed")?;
            ensure!(state.mode != Mode::Denied, "a reader was denied the site's feed");
            let mut reader = Self { socket, topic, epoch: state.epoch, cursor: state.head, reported: -1, pings: 0 };
            // As if it had read a snapshot at the head.
            reader.report().await?;
            return Ok(reader);
        }
    }

    /// Follows the feed up to the cursor that `until` names at last; `arrived` is told of each push.
    pub(super) async fn follow(
        mut self,
        mut until: watch::Receiver<i64>,
        mut arrived: impl FnMut(Arrival),
    ) -> anyhow::Result<Self> {
        let mut seconds = tokio::time::interval(REPORT_EVERY);
        seconds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut pinged = Instant::now();
        while self.cursor < *until.borrow_and_update() {
            tokio::select! {
                message = self.socket.next() => {
                    let message = message.context("the server closed a reader's socket")??;
                    if let Some(arrival) = self.hear(&message)? {
                        arrived(arrival);
                    }
                }
                _ = seconds.tick() => {
                    self.report().await?;
                    if pinged.elapsed() >= HEARTBEAT {
                        pinged = Instant::now();
                        self.ping().await?;
                    }
                }
                changed = until.changed() => changed.context("nobody says how far to follow")?,
            }
        }
        Ok(self)
    }

    fn hear(&mut self, message: &Message) -> anyhow::Result<Option<Arrival>> {
        let at = Instant::now();
        match message {
            Message::Text(text) if text.starts_with(r#"{"type":"push""#) => {
                let (from, to) = range(text).context("a push without its range")?;
                ensure!(from == self.cursor, "a push from {from} at the cursor {}", self.cursor);
                self.cursor = to;
                Ok(Some(Arrival { from, to, bytes: text.len(), at }))
            }
            Message::Text(text) if text.starts_with(r#"{"type":"reset""#) => bail!("a reader was too slow: {text}"),
            Message::Close(frame) => bail!("the server closed a reader's socket: {frame:?}"),
            _ => Ok(None),
        }
    }

    async fn report(&mut self) -> anyhow::Result<()> {
        if self.reported == self.cursor {
            return Ok(());
        }
        self.reported = self.cursor;
        let at = CursorAt { topic: self.topic, epoch: self.epoch.clone(), cursor: self.cursor };
        Ok(self.socket.send(Message::text(ClientFrame::Cursor(at).text()?)).await?)
    }

    async fn ping(&mut self) -> anyhow::Result<()> {
        self.pings += 1;
        let ping = Ping { n: self.pings, outbox: None };
        Ok(self.socket.send(Message::text(ClientFrame::Ping(ping).text()?)).await?)
    }
}

/// The range of a push, without reading its events: a thousand readers in one process are not to be what is measured.
fn range(text: &str) -> Option<(i64, i64)> {
    let number = |text: &str| {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        text.get(..digits)?.parse().ok()
    };
    let (_, from) = text.split_once(r#","from":"#)?;
    let (_, to) = text.rsplit_once(r#","to":"#)?;
    Some((number(from)?, number(to)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_of_a_push_is_read_from_its_text() {
        let text = r#"{"type":"push","topic":"site:1","epoch":"e","from":7,"events":[{"cursor":8,"to":3},{"cursor":9}],"to":9,"head":12}"#;
        assert_eq!(range(text), Some((7, 9)));
        assert_eq!(range(r#"{"type":"push"}"#), None);
    }
}
