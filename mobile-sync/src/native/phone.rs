//! A handheld without a screen: what the demonstration, the bench and the tests hold in their hands.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use floorline_domain::ids::{DeviceId, ItemId, LocationId, StreamId, WorkflowVersionId};
use floorline_domain::label::Resolved;
use floorline_domain::workflow::Workflow;
use tokio::sync::{Notify, broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::api::{Api, Server, User};
use super::error::NativeError;
use super::sqlite::SqliteStore;
use super::worker::{Ask, Worker, ask};
use super::{network, photos, random, wall_clock_ms};
use crate::client::{Act, Client, Config, Event, Notice, Scanned};
use crate::entry::Blob;
use crate::limits::JOURNAL_KEPT;
use crate::outbox::Held;
use crate::overlay::Predicted;
use crate::resume::{LinkState, millis};
use crate::session::Session;
use crate::store::{ActId, JournalLine, Row, Store};
use crate::topic::Topic;
use crate::verdict::Verdict;

/// How a device reaches its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transport {
    /// A WebSocket, or HTTP when none can be opened.
    #[default]
    Auto,
    /// A WebSocket or nothing.
    WebSocket,
    /// HTTP requests only.
    Http,
}

/// What a phone is opened with.
#[derive(Debug, Clone)]
pub struct PhoneConfig {
    /// The server.
    pub server: Server,
    /// The device's own folder: key, session, databases, photos.
    pub folder: PathBuf,
    /// Its site.
    pub site: LocationId,
    /// Follow the site's feed and keep its floor; a device that only writes does without.
    pub follow_site: bool,
    /// Further feeds.
    pub topics: Vec<Topic>,
    /// How it connects.
    pub transport: Transport,
    /// The app's version.
    pub app_version: String,
    /// Milliseconds its wall clock is off.
    pub clock_off_ms: i64,
}

impl PhoneConfig {
    /// A phone of a site that follows it.
    pub fn new(server: Server, folder: impl Into<PathBuf>, site: LocationId) -> Self {
        Self {
            server,
            folder: folder.into(),
            site,
            follow_site: true,
            topics: Vec::new(),
            transport: Transport::Auto,
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            clock_off_ms: 0,
        }
    }
}

/// What the device's thread and its tasks share.
pub(super) struct Inner {
    pub(super) api: Api,
    pub(super) device_id: DeviceId,
    site: LocationId,
    pub(super) folder: PathBuf,
    pub(super) transport: Transport,
    pub(super) asks: Sender<Ask>,
    pub(super) over_http: Arc<AtomicBool>,
    pub(super) failed_sockets: AtomicU32,
    pub(super) photos: Notify,
    online: AtomicBool,
    /// Feeds polled over HTTP, by connection.
    followed: Mutex<BTreeSet<(u64, Topic)>>,
}

impl Inner {
    pub(super) fn is_online(&self) -> bool {
        self.online.load(Ordering::Relaxed)
    }

    pub(super) fn is_followed(&self, connection: u64, topic: Topic) -> bool {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner).contains(&(connection, topic))
    }

    pub(super) fn follow(&self, connection: u64, topic: Topic, follow: bool) {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        followed.retain(|(other, _)| *other == connection);
        if follow {
            followed.insert((connection, topic));
        } else {
            followed.remove(&(connection, topic));
        }
    }
}

/// A device and the person using it. Dropping it closes the device; what is saved stays in its folder.
pub struct Phone {
    inner: Arc<Inner>,
    notices: broadcast::Sender<Notice>,
    tasks: Vec<JoinHandle<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// The floor as the device sees it at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct FloorView {
    /// The cursor of the site's feed; none before the first snapshot.
    pub cursor: Option<i64>,
    /// Every item known here, with this device's own acts, by id.
    pub items: Vec<Predicted>,
    /// Queues, as the server told them.
    pub queues: Vec<Row>,
}

/// What is still unsent, and how the device is connected.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The open stream.
    pub stream: StreamId,
    /// Acts without a verdict, photos not counted.
    pub unsent: usize,
    /// Photos the server does not have.
    pub photos: usize,
    /// The connection.
    pub link: LinkState,
}

impl Phone {
    /// Opens an enrolled device, with the person who signed in last, not connected.
    pub async fn open(config: PhoneConfig) -> Result<Self, NativeError> {
        let api = Api::open(config.server.clone(), &config.folder)?;
        let enrolled = api.enrolled().ok_or_else(|| NativeError::Key("the device is not enrolled".to_owned()))?;
        let user = api.user();
        let (asks, asked) = std::sync::mpsc::channel();
        let (network, effects) = mpsc::unbounded_channel();
        let (notices, _) = broadcast::channel(4096);
        let over_http = Arc::new(AtomicBool::new(false));
        let core = Config {
            device_id: enrolled.device_id,
            site: config.site,
            topics: config.topics,
            follow_site: config.follow_site,
            app_version: config.app_version,
            boot_id: u64::from_be_bytes(random()).to_string(),
            seed: u128::from_be_bytes(random()),
        };
        let worker = Opening {
            folder: config.folder.clone(),
            clock_off_ms: config.clock_off_ms,
            asked,
            network,
            notices: notices.clone(),
            over_http: Arc::clone(&over_http),
        };
        let worker =
            tokio::task::spawn_blocking(move || worker.open(core)).await.map_err(|_| NativeError::Closed)??;
        let thread = std::thread::Builder::new()
            .name("device".to_owned())
            .stack_size(1024 * 1024)
            .spawn(move || worker.run())?;
        let inner = Arc::new(Inner {
            api,
            device_id: enrolled.device_id,
            site: config.site,
            folder: config.folder,
            transport: config.transport,
            asks,
            over_http,
            failed_sockets: AtomicU32::new(0),
            photos: Notify::new(),
            online: AtomicBool::new(false),
            followed: Mutex::default(),
        });
        let tasks = vec![
            tokio::spawn(network::drive(Arc::clone(&inner), effects)),
            tokio::spawn(photos::upload_all(Arc::clone(&inner))),
        ];
        let phone = Self { inner, notices, tasks, thread: Some(thread) };
        if let Some(user) = user {
            phone.use_as(&user);
        }
        Ok(phone)
    }

    /// Signs a person in; works only while the server is in reach.
    pub async fn sign_in(&self, email: &str, password: &str) -> Result<User, NativeError> {
        let user = self.inner.api.sign_in(email, password).await?;
        self.use_as(&user);
        Ok(user)
    }

    fn use_as(&self, user: &User) {
        let session =
            Session { actor: user.id, permissions: user.permission_set(), roles: user.roles.clone(), lease_id: None };
        self.inner.give(Event::SignedIn(session));
    }

    /// The device.
    pub fn device_id(&self) -> DeviceId {
        self.inner.device_id
    }

    /// Its HTTP client, for what goes beside the protocol.
    pub fn api(&self) -> &Api {
        &self.inner.api
    }

    /// Connects now and from now on.
    pub fn go_online(&self) {
        self.inner.online.store(true, Ordering::Relaxed);
        self.inner.give(Event::Online);
        self.inner.photos.notify_one();
    }

    /// Drops the connection and stays away.
    pub fn go_offline(&self) {
        self.inner.online.store(false, Ordering::Relaxed);
        self.inner.give(Event::Offline);
    }

    /// Saves a scan; returns once it is durable.
    pub async fn scan(&self, raw: impl Into<String>) -> Result<Scanned, NativeError> {
        let raw = raw.into();
        self.ask(move |client, store, now| Ok(client.scan(&raw, now, store)??)).await
    }

    /// Saves an act; returns once it is durable.
    pub async fn act(&self, act: Act) -> Result<ActId, NativeError> {
        self.ask(move |client, store, now| Ok(client.act(act, now, store)??)).await
    }

    /// Saves many acts with one write to disk; each is saved or refused by itself.
    pub async fn act_all(&self, acts: Vec<Act>) -> Result<Vec<Result<ActId, crate::outbox::Refused>>, NativeError> {
        let work = move |client: &mut Client, store: &mut SqliteStore, now| {
            let saved = acts.into_iter().map(|act| client.act(act, now, store));
            Ok(saved.collect::<Result<Vec<_>, _>>()?)
        };
        self.ask(work).await
    }

    /// Keeps a photo on the device, durably, before the act that names it; it is uploaded when there is a connection.
    pub async fn keep_photo(&self, bytes: Vec<u8>, mime: &str, role: Option<String>) -> Result<Blob, NativeError> {
        photos::keep(&self.inner, bytes, mime, role).await
    }

    /// Waits for the final verdict of an act.
    pub async fn verdict(&self, act: ActId) -> Result<Verdict, NativeError> {
        let (answer, answered) = oneshot::channel();
        self.inner.asks.send(Ask::Verdict(act, answer)).map_err(|_| NativeError::Closed)?;
        answered.await.map_err(|_| NativeError::Closed)
    }

    /// Waits until no act is unsent.
    pub async fn drained(&self) -> Result<(), NativeError> {
        let (answer, answered) = oneshot::channel();
        self.inner.asks.send(Ask::Drained(answer)).map_err(|_| NativeError::Closed)?;
        answered.await.map_err(|_| NativeError::Closed)
    }

    /// The floor with this device's own acts.
    pub async fn floor(&self) -> Result<FloorView, NativeError> {
        let work = |client: &mut Client, store: &mut SqliteStore, _| {
            let mut floor = client.floor(store);
            Ok(FloorView { cursor: floor.cursor(), items: floor.items()?, queues: floor.rows("queue")? })
        };
        self.ask(work).await
    }

    /// One item with this device's own acts; none when it is not known here.
    pub async fn item(&self, id: ItemId) -> Result<Option<Predicted>, NativeError> {
        self.ask(move |client, store, _| Ok(client.floor(store).item(id)?)).await
    }

    /// Rows of a noun as the server told them: `queue`, `location`, `user`, `order`, `label` …
    pub async fn rows(&self, kind: &'static str) -> Result<Vec<Row>, NativeError> {
        self.ask(move |client, store, _| Ok(client.floor(store).rows(kind)?)).await
    }

    /// The workflow version an item runs.
    pub async fn workflow(&self, id: WorkflowVersionId) -> Result<Option<Workflow>, NativeError> {
        self.ask(move |client, store, _| Ok(client.floor(store).workflow(id)?)).await
    }

    /// What a scanned text means, as far as this device knows.
    pub async fn resolve(&self, raw: impl Into<String>) -> Result<Resolved, NativeError> {
        let raw = raw.into();
        self.ask(move |client, store, _| Ok(client.floor(store).resolve(&raw)?)).await
    }

    /// Fetches what the floor does not have yet: the feed tells an accepted order in one event, not its items and labels.
    pub async fn load_missing(&self) -> Result<(), NativeError> {
        let topic = Topic::Site(self.inner.site);
        let text = self.inner.api.snapshot(&format!("/v1/sync/snapshot?topic={topic}")).await?;
        self.inner.give(Event::Added { topic, text });
        // What is asked after it sees it.
        self.unsent().await.map(drop)
    }

    /// Fetches an item that is newer than the floor's snapshot.
    pub async fn load_item(&self, id: ItemId) -> Result<(), NativeError> {
        let item = self.inner.api.item(id).await?;
        self.inner.give(Event::Loaded(Box::new(item)));
        Ok(())
    }

    /// Acts without a verdict, acts the feed has not told yet, and acts someone must look at.
    pub async fn acts(&self) -> Result<Vec<Held>, NativeError> {
        self.ask(|client, _, _| Ok(client.acts().cloned().collect())).await
    }

    /// Someone has looked at what became of an act, or confirmed its alert.
    pub async fn looked_at(&self, act: ActId) -> Result<(), NativeError> {
        self.ask(move |client, store, _| Ok(client.looked_at(act, store)?)).await
    }

    /// Everything ever saved here and what became of it, oldest first.
    pub async fn journal(&self) -> Result<Vec<JournalLine>, NativeError> {
        self.ask(|_, store, _| Ok(store.journal(ActId(0), usize::MAX)?)).await
    }

    /// How many acts have no verdict.
    pub async fn unsent(&self) -> Result<usize, NativeError> {
        self.ask(|client, _, _| Ok(client.unsent())).await
    }

    /// What is still unsent, and how the device is connected.
    pub async fn standing(&self) -> Result<Standing, NativeError> {
        let work = |client: &mut Client, store: &mut SqliteStore, _| {
            let photos = store.waiting_photos()?.len();
            Ok(Standing { stream: client.stream(), unsent: client.unsent(), photos, link: client.link() })
        };
        self.ask(work).await
    }

    /// What happens from now on. A slow listener is told how many notices it missed; the journal has every verdict.
    pub fn events(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    /// Closes the device and waits until its files are.
    pub async fn close(mut self) {
        let _ = self.inner.asks.send(Ask::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }

    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Client, &mut SqliteStore, crate::session::Now) -> Result<T, NativeError> + Send + 'static,
    ) -> Result<T, NativeError> {
        ask(&self.inner.asks, work).await
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        let _ = self.inner.asks.send(Ask::Stop);
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// What the device's thread is made of, before its files are open.
struct Opening {
    folder: PathBuf,
    clock_off_ms: i64,
    asked: std::sync::mpsc::Receiver<Ask>,
    network: mpsc::UnboundedSender<super::worker::Outgoing>,
    notices: broadcast::Sender<Notice>,
    over_http: Arc<AtomicBool>,
}

impl Opening {
    fn open(self, config: Config) -> Result<Worker, NativeError> {
        let mut store = SqliteStore::open(&self.folder)?;
        store.prune(wall_clock_ms().saturating_add(self.clock_off_ms).saturating_sub(millis(JOURNAL_KEPT)))?;
        let client = Client::open(config.clone(), &mut store)?;
        store.commit()?;
        Ok(Worker {
            config,
            client,
            store,
            asks: self.asked,
            network: self.network,
            notices: self.notices,
            over_http: self.over_http,
            started: Instant::now(),
            clock_off_ms: self.clock_off_ms,
            session: None,
            online: false,
            verdicts: BTreeMap::new(),
            drained: Vec::new(),
        })
    }
}
