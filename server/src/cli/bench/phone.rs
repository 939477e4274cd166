//! A phone of the bench: the handheld's own client core (`floorline_mobile_sync::client`) over a real WebSocket.
//!
//! The core is the one that phones run. Its store is in memory and it does not follow the site's feed: 64 SQLite files synced to disk and 64
//! copies of every event would be measured on the server's own processors, and they belong to 64 other machines.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use chrono::Utc;
use floorline_domain::{DeviceId, LocationId, Outcome};
use floorline_mobile_sync::client::{Act, Client, Config, Effect, Event, Notice, OpenFailure};
use floorline_mobile_sync::native::{Api, User};
use floorline_mobile_sync::resume::LinkState;
use floorline_mobile_sync::session::{Now, Session};
use floorline_mobile_sync::store::{MemoryStore, Store as _};
use floorline_mobile_sync::verdict::Verdict;
use floorline_mobile_sync::wire::Close;
use futures_util::{SinkExt as _, StreamExt as _};
use indicatif::ProgressBar;
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use super::socket::{self, Socket};

/// Between two acts of one person, by the phone's clock: nobody scans faster, and the core refuses who does.
const PACE_MS: i64 = 2_000;
/// Going online takes no longer, or the bench is broken.
const ONLINE_WITHIN: Duration = Duration::from_secs(60);
/// What a connection that broke without a word counts as.
const BROKEN: Close = Close::Other(1006);

/// An act that has its durable verdict.
#[derive(Clone, Copy, Debug)]
pub(super) struct Confirmed {
    /// Where its event stands in the site's feed.
    pub(super) cursor: Option<i64>,
    /// When the phone had stored the verdict.
    pub(super) at: Instant,
}

/// A signed-in phone.
pub(super) struct Phone {
    api: Api,
    device: DeviceId,
    client: Client,
    store: MemoryStore,
    socket: Option<Socket>,
    /// The connection that the core asked for.
    wanted: Option<u64>,
    connection: u64,
    began: Instant,
    acts: i64,
    confirmed: Vec<Confirmed>,
    losses: u32,
}

impl Phone {
    /// A phone without a network, and `user` signed in on it.
    pub(super) fn offline(api: Api, device: DeviceId, site: LocationId, user: &User) -> anyhow::Result<Self> {
        let config = Config {
            device_id: device,
            site,
            topics: Vec::new(),
            follow_site: false,
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            boot_id: Uuid::new_v4().to_string(),
            seed: Uuid::new_v4().as_u128(),
        };
        let mut store = MemoryStore::default();
        let mut client = Client::open(config, &mut store)?;
        let session =
            Session { actor: user.id, permissions: user.permission_set(), roles: user.roles.clone(), lease_id: None };
        let now = Now { time: Utc::now().timestamp_millis(), monotonic: 0 };
        client.handle(Event::SignedIn(session), now, &mut store)?;
        Ok(Self {
            api,
            device,
            client,
            store,
            socket: None,
            wanted: None,
            connection: 0,
            began: Instant::now(),
            acts: 0,
            confirmed: Vec::new(),
            losses: 0,
        })
    }

    /// Connects and returns when the server has said welcome.
    pub(super) async fn go_online(&mut self) -> anyhow::Result<()> {
        self.give(Event::Online).await?;
        let deadline = Instant::now() + ONLINE_WITHIN;
        while self.client.link() != LinkState::Live {
            self.step().await?;
            ensure!(Instant::now() < deadline, "a phone could not connect within {ONLINE_WITHIN:?}");
        }
        Ok(())
    }

    /// Saves an act; what is saved without a network goes out with the next.
    pub(super) fn save(&mut self, act: Act) -> anyhow::Result<()> {
        self.acts += 1;
        let now = Now { monotonic: self.acts * PACE_MS, ..self.now() };
        self.client.act(act, now, &mut self.store)??;
        Ok(())
    }

    /// Saves `acts`, sends them together and returns when each has its durable verdict.
    pub(super) async fn perform(&mut self, acts: Vec<Act>) -> anyhow::Result<Vec<Confirmed>> {
        let wanted = acts.len();
        self.confirmed.clear();
        for act in acts {
            self.save(act)?;
        }
        self.give(Event::Tick).await?;
        while self.confirmed.len() < wanted {
            self.step().await?;
        }
        // What is settled is not looked at again; a long run keeps no longer journal than a short one.
        self.store.prune(i64::MAX)?;
        Ok(std::mem::take(&mut self.confirmed))
    }

    /// Returns when nothing is unsent; `progress` moves on with each verdict.
    pub(super) async fn drained(&mut self, progress: &ProgressBar) -> anyhow::Result<()> {
        self.give(Event::Tick).await?;
        while self.client.unsent() > 0 {
            self.step().await?;
            progress.inc(u64::try_from(self.confirmed.len())?);
            self.confirmed.clear();
        }
        Ok(())
    }

    /// How often it lost its connection.
    pub(super) const fn losses(&self) -> u32 {
        self.losses
    }

    /// Waits for what comes next, and takes it.
    async fn step(&mut self) -> anyhow::Result<()> {
        if let Some(connection) = self.wanted.take() {
            return self.open(connection).await;
        }
        let due = self.until_due();
        let heard = match &mut self.socket {
            Some(socket) => tokio::time::timeout(due, socket.next()).await.ok(),
            None => {
                tokio::time::sleep(due).await;
                None
            }
        };
        let connection = self.connection;
        let event = match heard {
            None => Event::Tick,
            Some(Some(Ok(Message::Text(text)))) => Event::Frame { connection, text: text.as_str().to_owned() },
            Some(Some(Ok(Message::Close(frame)))) => {
                self.socket = None;
                Event::Closed { connection, close: frame.map_or(BROKEN, |frame| u16::from(frame.code).into()) }
            }
            Some(Some(Ok(_))) => return Ok(()),
            Some(None | Some(Err(_))) => {
                self.socket = None;
                Event::Closed { connection, close: BROKEN }
            }
        };
        self.give(event).await
    }

    /// Opens the connection that the core asked for.
    async fn open(&mut self, connection: u64) -> anyhow::Result<()> {
        let opened = async {
            let ticket = self.api.ticket(self.device).await?;
            anyhow::Ok((ticket, socket::open(&self.api.server().url).await?))
        };
        match opened.await {
            Ok((ticket, socket)) => {
                self.connection = connection;
                self.socket = Some(socket);
                self.give(Event::Opened { connection, ticket: Some(ticket) }).await
            }
            Err(error) => {
                tracing::debug!(error = format!("{error:#}"), "a phone of the bench could not connect");
                self.give(Event::OpenFailed { connection, why: OpenFailure::Unreachable }).await
            }
        }
    }

    async fn give(&mut self, event: Event) -> anyhow::Result<()> {
        let now = self.now();
        let was_live = self.client.link() == LinkState::Live;
        for effect in self.client.handle(event, now, &mut self.store)? {
            match effect {
                Effect::Send { frame, .. } => {
                    let socket = self.socket.as_mut().context("a phone speaks without a connection")?;
                    socket.send(Message::text(frame.text()?)).await?;
                }
                Effect::Tell(Notice::Settled { verdict, .. }) => self.settled(&verdict)?,
                Effect::Open { connection } => self.wanted = Some(connection),
                Effect::Shut { .. } => self.socket = None,
                Effect::FetchSnapshot { .. } | Effect::Tell(_) => {}
            }
        }
        self.losses += u32::from(was_live && self.client.link() != LinkState::Live);
        Ok(())
    }

    fn settled(&mut self, verdict: &Verdict) -> anyhow::Result<()> {
        ensure!(verdict.outcome == Outcome::Applied, "an act was not applied: {verdict:?}");
        let cursor = verdict.at.map(|at| at.cursor);
        self.confirmed.push(Confirmed { cursor, at: Instant::now() });
        Ok(())
    }

    fn until_due(&self) -> Duration {
        let due = self.client.wake_at().map(|at| at.saturating_sub(self.now().monotonic).max(0));
        due.and_then(|ms| u64::try_from(ms).ok()).map_or(ONLINE_WITHIN, Duration::from_millis)
    }

    fn now(&self) -> Now {
        let monotonic = i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX);
        Now { time: Utc::now().timestamp_millis(), monotonic }
    }
}
