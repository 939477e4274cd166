//! Opening a device: its files, its thread, its tasks.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::sync::{Notify, broadcast, mpsc};

use super::{Inner, Phone, PhoneConfig};
use crate::client::{Client, Config, Notice};
use crate::limits::JOURNAL_KEPT;
use crate::native::api::Api;
use crate::native::error::NativeError;
use crate::native::sqlite::SqliteStore;
use crate::native::worker::{Ask, Outgoing, Worker};
use crate::native::{network, photos, random, wall_clock_ms};
use crate::resume::millis;
use crate::store::Store;

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
}

/// What the device's thread is made of, before its files are open.
struct Opening {
    folder: PathBuf,
    clock_off_ms: i64,
    asked: std::sync::mpsc::Receiver<Ask>,
    network: mpsc::UnboundedSender<Outgoing>,
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
