//! The handheld's half of `floor.sync.v1` as a state machine: events in, effects out.
//!
//! No clock, no randomness, no input or output: `now` comes with each event, chance from one seed, storage through
//! [`Store`]. The contract with whoever drives it: give it an event, commit the store, then do the effects in order.
//! A failed commit means: drop this client and open another from the store.

mod cases;
mod connection;
mod effect;
mod event;
mod greeting;
mod hearing;
mod rewind;
mod scanning;
mod settling;
mod turn;
mod work;

use floorline_domain::ids::{DeviceId, LeaseId, LocationId, StreamId, UserId};

pub use self::effect::{Effect, Notice};
pub use self::event::{Event, OpenFailure};
use self::scanning::Scans;
pub use self::scanning::{Earlier, Scanned};
pub use self::work::Act;
use crate::base::{Base, item_row};
use crate::chance::Chance;
use crate::floor::Floor;
use crate::limits;
use crate::outbox::{Held, Outbox, fresh};
use crate::resume::{Link, LinkState};
use crate::session::{Now, Session};
use crate::sorted::Sorted;
use crate::store::{ActId, KeptLease, Store, StoreError};
use crate::topic::Topic;
use crate::wire::{ClientFrame, Limits};

/// What a client is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The enrolled device.
    pub device_id: DeviceId,
    /// Its site, whose feed is the floor it shows.
    pub site: LocationId,
    /// Further feeds; the signed-in person's own is added by itself.
    pub topics: Vec<Topic>,
    /// Follow the site's feed. Without it nothing is predicted, and nothing is fetched.
    pub follow_site: bool,
    /// The app's version.
    pub app_version: String,
    /// One life of the monotonic clock.
    pub boot_id: String,
    /// All chance comes from here.
    pub seed: u128,
}

/// The state machine.
#[derive(Debug, Clone)]
pub struct Client {
    config: Config,
    outbox: Outbox,
    base: Base,
    link: Link,
    chance: Chance,
    limits: Limits,
    sessions: Sorted<UserId, Session>,
    actor: Option<UserId>,
    leases: Sorted<LeaseId, KeptLease>,
    /// The server's, at the last welcome.
    server_epoch: Option<String>,
    scans: Scans,
    /// On the monotonic clock.
    tidied_at: Option<i64>,
    effects: Vec<Effect>,
}

impl Client {
    /// Opens from what the store keeps, in a new store with a new stream. Commit before anything else.
    pub fn open(config: Config, store: &mut impl Store) -> Result<Self, StoreError> {
        let loaded = store.load()?;
        let mut chance = Chance::new(config.seed);
        let stream = match loaded.stream {
            Some(stream) => stream,
            None => {
                let stream = fresh(chance.stream());
                store.open_stream(&stream)?;
                stream
            }
        };
        let site = config.follow_site.then_some(Topic::Site(config.site));
        let base = Base::open(Topic::Site(config.site), config.topics.iter().copied().chain(site), &loaded.topics);
        let mut outbox = Outbox::open(&loaded, stream);
        for at in &loaded.topics {
            outbox.reached(at.topic, at.cursor, store)?;
        }
        let mut link = Link::new(limits::JITTER);
        link.connection = chance.up_to(u64::from(u32::MAX)) << 20;
        Ok(Self {
            outbox,
            base,
            link,
            chance,
            limits: Limits::default(),
            sessions: Sorted::default(),
            actor: None,
            server_epoch: loaded.server_epoch,
            leases: loaded.leases.into_iter().map(|lease| (lease.lease_id, lease)).collect(),
            scans: Scans::default(),
            tidied_at: None,
            effects: Vec::new(),
            config,
        })
    }

    /// Takes an event; commit the store, then do what is returned, in order.
    pub fn handle(&mut self, event: Event, now: Now, store: &mut impl Store) -> Result<Vec<Effect>, StoreError> {
        let before = self.link.state();
        match event {
            Event::SignedIn(session) => self.signed_in(session, now),
            Event::Online => self.link.want(now.monotonic),
            Event::Offline => self.go_offline(),
            Event::Opened { connection, ticket } if connection == self.link.connection => self.opened(ticket, now),
            Event::OpenFailed { connection, why } if connection == self.link.connection => self.open_failed(why, now),
            Event::Frame { connection, text } if connection == self.link.connection => self.frame(&text, now, store)?,
            Event::Closed { connection, close } if connection == self.link.connection => {
                self.closed(close, now, store)?
            }
            Event::Snapshot { topic, text } => self.snapshot(topic, &text, now, store)?,
            Event::SnapshotFailed { topic } => self.base.load_failed(topic, now.monotonic, &mut self.chance),
            Event::Added { topic, text } => drop(self.base.add(topic, &text, store)?),
            Event::Loaded(item) => self.base.put_newer(Topic::Site(self.config.site), item_row(&item)?, store)?,
            Event::Opened { .. } | Event::OpenFailed { .. } | Event::Frame { .. } | Event::Closed { .. } => {}
            Event::Uploaded { sha256 } => {
                store.set_uploaded(&sha256)?;
                self.tell(Notice::Uploaded { sha256 });
            }
            Event::FileGone { sha256 } => store.forget_file(&sha256)?,
            Event::Tick => {}
        }
        self.turn(now, store)?;
        let after = self.link.state();
        if before != after {
            self.tell(Notice::Link(after));
        }
        Ok(std::mem::take(&mut self.effects))
    }

    /// The floor as this device sees it.
    pub fn floor<'a, S: Store>(&'a mut self, store: &'a mut S) -> Floor<'a, S> {
        Floor {
            site: Topic::Site(self.config.site),
            base: &mut self.base,
            outbox: &self.outbox,
            sessions: &self.sessions,
            actor: self.actor,
            store,
        }
    }

    /// Acts without a verdict, acts the base does not show yet, and acts someone must look at, in the order they were done.
    pub fn acts(&self) -> impl Iterator<Item = &Held> {
        self.outbox.acts()
    }

    /// One of those.
    pub fn held(&self, act: ActId) -> Option<&Held> {
        self.outbox.act(act)
    }

    /// How many acts have no verdict.
    pub fn unsent(&self) -> usize {
        self.outbox.unsent()
    }

    /// The open stream.
    pub fn stream(&self) -> StreamId {
        self.outbox.stream().id
    }

    /// The server's epoch at the last welcome; none before the first.
    pub fn server_epoch(&self) -> Option<&str> {
        self.server_epoch.as_deref()
    }

    /// The number of the latest connection.
    pub fn connection(&self) -> u64 {
        self.link.connection
    }

    /// How the device is connected.
    pub fn link(&self) -> LinkState {
        self.link.state()
    }

    fn tell(&mut self, notice: Notice) {
        self.effects.push(Effect::Tell(notice));
    }

    fn send(&mut self, frame: ClientFrame) {
        self.effects.push(Effect::Send { connection: self.link.connection, frame });
    }
}
