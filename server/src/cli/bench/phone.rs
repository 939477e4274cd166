//! A phone of the bench: the handheld's own client core (`floorline_mobile_sync::client`) over a real WebSocket.
//!
//! The core is the one that phones run. Its store is in memory and it does not follow the site's feed: 64 SQLite files synced to disk and 64
//! copies of every event would be measured on the server's own processors, and they belong to 64 other machines.

use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use chrono::Utc;
use floorline_domain::{DeviceId, LocationId, Outcome};
use floorline_mobile_sync::client::{Act, Client, Config, Effect, Event, Notice};
use floorline_mobile_sync::limits::PROTOCOL;
use floorline_mobile_sync::native::{Api, User};
use floorline_mobile_sync::resume::LinkState;
use floorline_mobile_sync::session::{Now, Session};
use floorline_mobile_sync::store::{MemoryStore, Store as _};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use uuid::Uuid;

/// Between two acts of one person, by the phone's clock: nobody scans faster, and the core refuses who does.
const PACE_MS: i64 = 2_000;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A connected phone.
pub(super) struct Phone {
    client: Client,
    store: MemoryStore,
    socket: Socket,
    connection: u64,
    began: Instant,
    acts: i64,
    live: bool,
    settled: usize,
}

impl Phone {
    /// Signs `user` in on the device of `api` and connects.
    pub(super) async fn connect(api: &Api, device_id: DeviceId, site: LocationId, user: &User) -> anyhow::Result<Self> {
        let config = Config {
            device_id,
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
        let effects = client.handle(Event::Online, now, &mut store)?;
        let opened = effects.iter().find_map(|effect| match effect {
            Effect::Open { connection } => Some(*connection),
            _ => None,
        });
        let connection = opened.context("the phone does not want to connect")?;
        let ticket = api.ticket(device_id).await?;
        let socket = open_socket(&api.server().url).await?;
        let mut phone =
            Self { client, store, socket, connection, began: Instant::now(), acts: 0, live: false, settled: 0 };
        phone.give(Event::Opened { connection, ticket: Some(ticket) }).await?;
        while !phone.live {
            phone.hear().await?;
        }
        Ok(phone)
    }

    /// Saves `acts`, sends them together and returns when each has its durable verdict.
    pub(super) async fn perform(&mut self, acts: Vec<Act>) -> anyhow::Result<()> {
        let wanted = acts.len();
        self.settled = 0;
        for act in acts {
            self.acts += 1;
            let now = Now { monotonic: self.acts * PACE_MS, ..self.now() };
            self.client.act(act, now, &mut self.store)??;
        }
        self.give(Event::Tick).await?;
        while self.settled < wanted {
            self.hear().await?;
        }
        // What is settled is not looked at again; a long run keeps no longer journal than a short one.
        Ok(self.store.prune(i64::MAX)?)
    }

    /// Takes the next frame.
    async fn hear(&mut self) -> anyhow::Result<()> {
        match self.socket.next().await.context("the server closed a phone's socket")?? {
            Message::Text(text) => {
                self.give(Event::Frame { connection: self.connection, text: text.as_str().to_owned() }).await
            }
            Message::Close(frame) => bail!("the server closed a phone's socket: {frame:?}"),
            _ => Ok(()),
        }
    }

    async fn give(&mut self, event: Event) -> anyhow::Result<()> {
        let now = self.now();
        for effect in self.client.handle(event, now, &mut self.store)? {
            match effect {
                Effect::Send { frame, .. } => self.socket.send(Message::text(frame.text()?)).await?,
                Effect::Tell(Notice::Link(state)) => self.live = state == LinkState::Live,
                Effect::Tell(Notice::Settled { verdict, .. }) => {
                    ensure!(verdict.outcome == Outcome::Applied, "an act was not applied: {verdict:?}");
                    self.settled += 1;
                }
                Effect::Open { .. } | Effect::Shut { .. } => bail!("a phone lost its connection"),
                Effect::FetchSnapshot { .. } | Effect::Tell(_) => {}
            }
        }
        Ok(())
    }

    fn now(&self) -> Now {
        let monotonic = i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX);
        Now { time: Utc::now().timestamp_millis(), monotonic }
    }
}

async fn open_socket(url: &str) -> anyhow::Result<Socket> {
    let mut request = format!("{}/v1/sync", url.replacen("http", "ws", 1)).into_client_request()?;
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(PROTOCOL));
    let (socket, _) = tokio_tungstenite::connect_async_with_config(request, None, true).await?;
    Ok(socket)
}
