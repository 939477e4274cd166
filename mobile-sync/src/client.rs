//! The handheld's half of `floor.sync.v1` as a state machine: events in, effects out.
//!
//! No clock, no randomness, no input or output: `now` comes with each event, chance from one seed, storage through
//! [`Store`]. The contract with whoever drives it: give it an event, commit the store, then do the effects in order.
//! A failed commit means: drop this client and open another from the store.

use std::collections::{BTreeMap, VecDeque};

use floorline_domain::ids::{DeviceId, EntryKey, ItemId, LeaseId, LocationId, StreamId, UserId};
use floorline_domain::item::{Command, Item};
use floorline_domain::refusal::Outcome;

use crate::base::{Applied, Base, item_row};
use crate::chance::Chance;
use crate::entry::{Base as Seen, Blob, Clock, Entry};
use crate::feed::FeedEvent;
use crate::floor::Floor;
use crate::limits;
use crate::op::Operation;
use crate::outbox::{Held, Outbox, Refused, fresh};
use crate::resume::{Link, LinkState, Live, Loss, Owed, Phase, Stop, Waiting, millis};
use crate::session::{Now, Session};
use crate::store::{ActId, Attention, KeptLease, Store, StoreError};
use crate::topic::{Position, Topic};
use crate::verdict::Verdict;
use crate::wire::{
    Acked, App, ClientFrame, Close, Gap, Goaway, Hello, Lease, Limits, Ping, Pong, Push, Raw, Results, ResultsAfter,
    Retry, Seal, SealReason, ServerFrame, Welcome,
};

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

/// What a person does, before it becomes an entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Act {
    /// What.
    pub op: Operation,
    /// To which item.
    pub item_id: Option<ItemId>,
    /// The stage they believe it is in; by default the one the screen shows.
    pub stage: Option<String>,
    /// Files that belong to it; they are kept on the device already.
    pub blobs: Vec<Blob>,
}

impl Act {
    /// An act without files, in the stage the screen shows.
    pub fn new(op: Operation, item_id: Option<ItemId>) -> Self {
        Self { op, item_id, stage: None, blobs: Vec::new() }
    }
}

/// Why a connection did not come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenFailure {
    /// No way to the server.
    Unreachable,
    /// The server asks for patience.
    Busy {
        /// Milliseconds.
        after_ms: u64,
    },
    /// Nobody is signed in, or the device is not approved yet.
    SignedOut,
    /// The device is blocked for good.
    Revoked,
}

/// What happens to a client.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Someone signed in.
    SignedIn(Session),
    /// The person, or the network, is back.
    Online,
    /// The person wants no connection, or there is no network.
    Offline,
    /// A connection asked for by [`Effect::Open`] stands.
    Opened {
        /// Its number.
        connection: u64,
        /// Good for one hello; none over HTTP.
        ticket: Option<String>,
    },
    /// It does not.
    OpenFailed {
        /// Its number.
        connection: u64,
        /// Why.
        why: OpenFailure,
    },
    /// A text frame.
    Frame {
        /// The connection it came on.
        connection: u64,
        /// The text.
        text: String,
    },
    /// The connection is gone.
    Closed {
        /// Its number.
        connection: u64,
        /// The code it was closed with; 1006 when it just broke.
        close: Close,
    },
    /// A snapshot asked for by [`Effect::FetchSnapshot`].
    Snapshot {
        /// The feed.
        topic: Topic,
        /// The whole text.
        text: String,
    },
    /// It could not be fetched.
    SnapshotFailed {
        /// The feed.
        topic: Topic,
    },
    /// A snapshot fetched for what the floor does not have yet: items of an order accepted since, and their labels.
    Added {
        /// The feed.
        topic: Topic,
        /// The whole text.
        text: String,
    },
    /// An item fetched by itself, because it is newer than the snapshot.
    Loaded(Box<Item>),
    /// Time has passed.
    Tick,
}

/// What a client wants done, after its store is committed.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Open a connection and answer with [`Event::Opened`] or [`Event::OpenFailed`].
    Open {
        /// Its number.
        connection: u64,
    },
    /// Send a frame.
    Send {
        /// On this connection.
        connection: u64,
        /// The frame.
        frame: ClientFrame,
    },
    /// Close the connection; nothing of it is heard any more.
    Shut {
        /// Its number.
        connection: u64,
    },
    /// Fetch a snapshot and answer with [`Event::Snapshot`] or [`Event::SnapshotFailed`].
    FetchSnapshot {
        /// The feed.
        topic: Topic,
        /// Path and query.
        path: String,
    },
    /// Tell whoever watches.
    Tell(Notice),
}

/// What a screen is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// The connection changed.
    Link(LinkState),
    /// An act has its final verdict.
    Settled {
        /// The act.
        act: ActId,
        /// Its entry.
        key: EntryKey,
        /// What became of it.
        verdict: Verdict,
        /// Whether someone must look, and how loudly.
        attention: Attention,
    },
    /// The floor changed; events are in the order of the feed.
    Feed {
        /// The feed.
        topic: Topic,
        /// What happened.
        events: Vec<FeedEvent>,
    },
    /// The floor was loaded anew.
    Loaded {
        /// The feed.
        topic: Topic,
    },
    /// Much is unsent: work goes on, but get this device connected.
    OutboxFilling {
        /// Unsent entries.
        count: usize,
    },
    /// The stream was sealed and what was unsent is offered again on another.
    Resealed {
        /// The sealed stream.
        from: StreamId,
        /// The new one.
        to: StreamId,
        /// Entries offered again.
        entries: usize,
    },
    /// The device was blocked.
    Revoked {
        /// Why.
        reason: String,
    },
    /// The device's clock is off by more than five minutes.
    ClockSkew {
        /// By this many milliseconds; positive when the device is ahead.
        ahead_ms: i64,
    },
}

/// A scan as it was saved.
#[derive(Debug, Clone, PartialEq)]
pub struct Scanned {
    /// The act.
    pub act: ActId,
    /// What the text means here.
    pub resolved: floorline_domain::label::Resolved,
    /// The action it satisfied; none when it was only recorded.
    pub action_id: Option<String>,
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
    sessions: BTreeMap<UserId, Session>,
    actor: Option<UserId>,
    leases: BTreeMap<LeaseId, KeptLease>,
    scans: VecDeque<(UserId, i64)>,
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
            sessions: BTreeMap::new(),
            actor: None,
            leases: loaded.leases.into_iter().map(|lease| (lease.lease_id, lease)).collect(),
            scans: VecDeque::new(),
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
            Event::Tick => {}
        }
        self.turn(now, store)?;
        let after = self.link.state();
        if before != after {
            self.tell(Notice::Link(after));
        }
        Ok(std::mem::take(&mut self.effects))
    }

    /// When a [`Event::Tick`] is due, on the monotonic clock.
    pub fn wake_at(&self) -> Option<i64> {
        let unreported = match &self.link.phase {
            Phase::Live(live) => live.reported_acked < self.outbox.stream().acked_seq || self.base.is_unreported(),
            _ => false,
        };
        self.link.wake_at(self.outbox.unsent() > 0, unreported, self.base.due_at())
    }

    /// Saves an act. It is saved once the store is committed; give the client a [`Event::Tick`] to send it.
    pub fn act(&mut self, act: Act, now: Now, store: &mut impl Store) -> Result<Result<ActId, Refused>, StoreError> {
        let Some(session) = self.actor.and_then(|actor| self.sessions.get(&actor)) else {
            return Ok(Err(Refused::SignedOut));
        };
        let (actor, lease_id) = (session.actor, session.lease_id);
        if self.outbox.unsent() >= limits::OUTBOX_HARD {
            return Ok(Err(Refused::Full { count: self.outbox.unsent() }));
        }
        if is_scan(&act.op)
            && let Err(refused) = self.pace(actor, now.monotonic)
        {
            return Ok(Err(refused));
        }
        let screen = act.item_id.map(|id| self.floor(store).item(id)).transpose()?.flatten();
        let seen = Seen {
            version: screen.as_ref().map(|shown| shown.base_version),
            predecessor: act.item_id.and_then(|id| self.outbox.predecessor(id)),
            seen: self.base.cursor(Topic::Site(self.config.site)),
        };
        let clock = Clock { device_time: now.time, monotonic: now.monotonic, boot_id: self.config.boot_id.clone() };
        let entry = Entry {
            seq: 0,
            schema: limits::SCHEMA,
            op: act.op,
            item_id: act.item_id,
            stage: act.stage.or_else(|| screen.map(|shown| shown.item.stage)),
            base: Some(seen).filter(|seen| *seen != Seen::default()),
            actor,
            lease_id,
            clock: Some(clock),
            blobs: act.blobs,
            origin: None,
        };
        let saved = self.outbox.enqueue(entry, now.time, store)?;
        if saved.is_ok() && self.outbox.unsent() == limits::OUTBOX_SOFT {
            self.tell(Notice::OutboxFilling { count: self.outbox.unsent() });
        }
        Ok(saved)
    }

    /// Saves a scan: as the scan action the item's stage waits for, else as a record of what was seen.
    pub fn scan(
        &mut self,
        raw: &str,
        now: Now,
        store: &mut impl Store,
    ) -> Result<Result<Scanned, Refused>, StoreError> {
        let mut floor = self.floor(store);
        let resolved = floor.resolve(raw)?;
        let item_id = match resolved {
            floorline_domain::label::Resolved::Item(id) => Some(id),
            _ => None,
        };
        let action_id = item_id.map(|id| floor.awaited_scan(id)).transpose()?.flatten();
        let op = match &action_id {
            Some(action_id) => Operation::Item(Command::CompleteAction {
                action_id: action_id.clone(),
                data: serde_json::json!({ "raw": raw }),
                evidence: Vec::new(),
            }),
            None => Operation::ScanRecord { raw: raw.to_owned() },
        };
        let saved = self.act(Act::new(op, item_id), now, store)?;
        Ok(saved.map(|act| Scanned { act, resolved, action_id }))
    }

    /// Someone has looked at what became of an act, or confirmed its alert.
    pub fn looked_at(&mut self, act: ActId, store: &mut impl Store) -> Result<(), StoreError> {
        self.outbox.looked_at(act, store)
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

    /// The number of the latest connection.
    pub fn connection(&self) -> u64 {
        self.link.connection
    }

    /// How the device is connected.
    pub fn link(&self) -> LinkState {
        self.link.state()
    }

    /// What this client would say hello with now; over HTTP each request carries it.
    pub fn hello(&self, ticket: Option<String>, now: Now) -> Hello {
        let stream = self.outbox.stream();
        let mut room = limits::HELLO_BYTES * 3 / 4;
        let named = self.outbox.leases().into_iter().filter_map(|id| self.leases.get(&id));
        let fits = |kept: &&KeptLease| {
            let rest = room.checked_sub(kept.lease.len());
            room = rest.unwrap_or(room);
            rest.is_some()
        };
        Hello {
            ticket,
            device_id: Some(self.config.device_id),
            stream_id: Some(stream.id),
            next_seq: Some(self.outbox.next_seq()),
            acked_seq: Some(stream.acked_seq),
            hash: Some(stream.acked_hash),
            leases: named.filter(fits).map(|kept| kept.lease.clone()).collect(),
            app: Some(App { version: self.config.app_version.clone(), schema: limits::SCHEMA }),
            device_time: Some(now.time),
            monotonic: Some(now.monotonic),
            boot_id: Some(self.config.boot_id.clone()),
            subscriptions: self.base.subscriptions(),
        }
    }

    fn tell(&mut self, notice: Notice) {
        self.effects.push(Effect::Tell(notice));
    }

    fn send(&mut self, frame: ClientFrame) {
        self.effects.push(Effect::Send { connection: self.link.connection, frame });
    }

    /// More scans than a hand can make are refused before they are saved, never after.
    fn pace(&mut self, actor: UserId, now: i64) -> Result<(), Refused> {
        self.scans.retain(|(_, at)| now - at < millis(limits::SCANS_WITHIN));
        let mut own = self.scans.iter().filter(|(user, _)| *user == actor);
        let oldest = own.clone().next().map(|(_, at)| *at);
        match oldest {
            Some(at) if own.by_ref().count() >= limits::SCANS => {
                Err(Refused::TooFast { wait_ms: at + millis(limits::SCANS_WITHIN) - now })
            }
            _ => {
                self.scans.push_back((actor, now));
                Ok(())
            }
        }
    }

    fn signed_in(&mut self, mut session: Session, now: Now) {
        let latest = self.leases.values().filter(|kept| kept.actor == session.actor).max_by_key(|kept| kept.kept_time);
        session.lease_id = session.lease_id.or_else(|| latest.map(|kept| kept.lease_id));
        let new_feed = !self.base.follows(Topic::User(session.actor));
        self.base.follow(Topic::User(session.actor));
        let changed = self.actor.replace(session.actor) != Some(session.actor);
        self.sessions.insert(session.actor, session);
        if self.link.state() == LinkState::Stopped(Stop::SignedOut) {
            self.link.want(now.monotonic);
        } else if changed && new_feed && self.link.wanted && self.link.state() != LinkState::Down {
            // The connection is the person's who opened it.
            self.drop_link(Loss::NotBefore(0), now);
        }
    }

    fn go_offline(&mut self) {
        self.shut();
        self.link.wanted = false;
        self.link.phase = Phase::Down { until: i64::MAX };
    }

    /// Closes the connection if there is one, and forgets what went out on it.
    fn shut(&mut self) {
        if matches!(self.link.phase, Phase::Opening { .. } | Phase::Greeting { .. } | Phase::Live(_)) {
            self.effects.push(Effect::Shut { connection: self.link.connection });
        }
        self.outbox.unsend();
        self.base.disconnect();
    }

    fn drop_link(&mut self, loss: Loss, now: Now) {
        self.shut();
        self.link.lost(loss, now.monotonic, &mut self.chance);
    }

    fn stop(&mut self, stop: Stop) {
        self.shut();
        self.link.phase = Phase::Stopped(stop);
    }

    fn opened(&mut self, ticket: Option<String>, now: Now) {
        if !matches!(self.link.phase, Phase::Opening { .. }) {
            return;
        }
        self.link.phase = Phase::Greeting { since: now.monotonic };
        let hello = self.hello(ticket, now);
        self.base.told();
        self.send(ClientFrame::Hello(hello));
    }

    fn open_failed(&mut self, why: OpenFailure, now: Now) {
        if !matches!(self.link.phase, Phase::Opening { .. }) {
            return;
        }
        match why {
            OpenFailure::Unreachable => self.drop_link(Loss::Failed, now),
            OpenFailure::Busy { after_ms } => self.drop_link(Loss::NotBefore(after_ms), now),
            OpenFailure::SignedOut => self.stop(Stop::SignedOut),
            OpenFailure::Revoked => self.stop(Stop::Revoked),
        }
    }

    fn closed(&mut self, close: Close, now: Now, store: &mut impl Store) -> Result<(), StoreError> {
        let welcomed = match self.link.state() {
            LinkState::Live => true,
            LinkState::Connecting => false,
            // Given up by this side already.
            LinkState::Down | LinkState::Stopped(_) => return Ok(()),
        };
        match close {
            Close::Sealed => {
                self.reseal(store)?;
                self.drop_link(Loss::Failed, now);
            }
            Close::Revoked if welcomed && self.outbox.unsent() > 0 => self.drop_link(Loss::Failed, now),
            Close::Revoked => self.stop(Stop::Revoked),
            Close::Version => self.stop(Stop::Outdated),
            // Another session of this stream took over: two of them must not drive each other out.
            Close::Replaced => self.drop_link(Loss::NotBefore(5_000), now),
            Close::TooMany => self.drop_link(Loss::NotBefore(1_000), now),
            Close::BadFrame | Close::SignedOut | Close::HelloLate => self.drop_link(Loss::Failed, now),
            // Whoever was never let in is not one of many that were just thrown out.
            Close::Other(_) if !welcomed => self.drop_link(Loss::Failed, now),
            Close::Slow | Close::Draining | Close::Other(_) => self.drop_link(Loss::Dropped, now),
        }
        Ok(())
    }

    /// The stream is over: what is unsent goes on another one.
    fn reseal(&mut self, store: &mut impl Store) -> Result<(), StoreError> {
        let from = self.outbox.stream().id;
        let to = self.chance.stream();
        let entries = self.outbox.unsent();
        self.outbox.reseal(to, store)?;
        self.tell(Notice::Resealed { from, to, entries });
        Ok(())
    }

    fn snapshot(&mut self, topic: Topic, text: &str, now: Now, store: &mut impl Store) -> Result<(), StoreError> {
        if !self.base.load(topic, text, store)? {
            self.base.load_failed(topic, now.monotonic, &mut self.chance);
            return Ok(());
        }
        if let Some(cursor) = self.base.cursor(topic) {
            self.outbox.reached(topic, cursor, store)?;
        }
        self.tell(Notice::Loaded { topic });
        Ok(())
    }

    fn frame(&mut self, text: &str, now: Now, store: &mut impl Store) -> Result<(), StoreError> {
        if let Some(live) = self.link.live() {
            live.heard_at = now.monotonic;
        }
        let Ok(frame) = ServerFrame::parse(text) else {
            self.drop_link(Loss::Failed, now);
            return Ok(());
        };
        match (frame, &self.link.phase) {
            (ServerFrame::Welcome(welcome), Phase::Greeting { .. }) => self.welcome(welcome, now, store)?,
            (ServerFrame::Retry(retry), Phase::Greeting { .. }) => self.drop_link(Loss::NotBefore(retry.after_ms), now),
            (ServerFrame::Goaway(goaway), _) => self.goaway(&goaway, now),
            (ServerFrame::Revoked(revoked), _) => {
                self.link.revoked = true;
                self.tell(Notice::Revoked { reason: revoked.reason });
            }
            (ServerFrame::Lease(lease), _) => self.lease(lease, now, store)?,
            (ServerFrame::Ping(ping), Phase::Live(_)) => {
                self.send(ClientFrame::Pong(Pong { n: ping.n, server_time: None }))
            }
            (ServerFrame::Result(results), Phase::Live(_)) => self.results(&results, now, store)?,
            (ServerFrame::Retry(retry), Phase::Live(_)) => self.retry(&retry, now),
            (ServerFrame::Gap(gap), Phase::Live(_)) => self.gap(gap, now),
            (ServerFrame::Push(push), Phase::Live(_)) => self.push(&push, now, store)?,
            (ServerFrame::Reset(reset), Phase::Live(_)) if self.base.reset(reset.topic, &reset.snapshot) => {
                self.effects.push(Effect::FetchSnapshot { topic: reset.topic, path: reset.snapshot });
            }
            _ => {}
        }
        Ok(())
    }

    fn welcome(&mut self, welcome: Welcome, now: Now, store: &mut impl Store) -> Result<(), StoreError> {
        self.limits = welcome.limits;
        self.link.jitter_ms = self.limits.jitter_ms;
        let acked = self.outbox.stream().acked_seq;
        self.link.phase = Phase::Live(Live {
            session: welcome.session,
            since: now.monotonic,
            heard_at: now.monotonic,
            ping_at: now.monotonic + self.heartbeat(),
            ping_n: 0,
            report_at: now.monotonic + millis(limits::REPORT_EVERY),
            reported_acked: acked,
            hold_until: now.monotonic,
            waiting: None,
            leave_at: None,
        });
        let ahead_ms = now.time - welcome.server_time;
        if ahead_ms.abs() > 300_000 {
            self.tell(Notice::ClockSkew { ahead_ms });
        }
        if welcome.last_seq < acked {
            self.stop(Stop::Rewound);
            return Ok(());
        }
        let own = self.outbox.hash_at(welcome.last_seq);
        if own.is_none_or(|own| welcome.hash.is_some_and(|theirs| theirs != own)) {
            self.seal(SealReason::Fork, now);
            return Ok(());
        }
        if !self.settle(&welcome.results, now, store)? {
            self.drop_link(Loss::Failed, now);
            return Ok(());
        }
        if welcome.more {
            self.ask_results(now);
        }
        for state in &welcome.topics {
            if let Some(path) = self.base.resume(state) {
                self.effects.push(Effect::FetchSnapshot { topic: state.topic, path });
            }
        }
        Ok(())
    }

    fn heartbeat(&self) -> i64 {
        i64::try_from(self.limits.heartbeat_ms).unwrap_or(i64::MAX).clamp(1_000, millis(limits::DEAD_AFTER) / 2)
    }

    /// Two futures for one `seq`: this stream ends here, on both sides.
    fn seal(&mut self, reason: SealReason, now: Now) {
        self.send(ClientFrame::Seal(Seal { reason }));
        self.owe(Owed::Seal, now);
    }

    fn owe(&mut self, what: Owed, now: Now) {
        if let Some(live) = self.link.live() {
            live.waiting = Some(Waiting { since: now.monotonic, what });
        }
    }

    fn ask_results(&mut self, now: Now) {
        let after = self.outbox.stream().acked_seq;
        self.send(ClientFrame::Results(ResultsAfter { after }));
        self.owe(Owed::Page, now);
    }

    /// Stores verdicts in the order of their `seq`. False: one is missing or cannot be read.
    fn settle(&mut self, results: &[Raw], now: Now, store: &mut impl Store) -> Result<bool, StoreError> {
        for raw in results {
            let Ok(verdict) = raw.read::<Verdict>() else { return Ok(false) };
            if verdict.seq <= self.outbox.stream().acked_seq {
                continue;
            }
            let shown_until = self.shown_until(&verdict);
            let Some(act) = self.outbox.settle(raw, &verdict, shown_until, now.time, store)? else { return Ok(false) };
            let attention = match (verdict.needs_someone(), verdict.stops()) {
                (true, true) => Attention::Stop,
                (true, false) => Attention::Card,
                (false, _) => Attention::None,
            };
            let key = EntryKey { stream_id: self.outbox.stream().id, seq: verdict.seq };
            self.tell(Notice::Settled { act, key, verdict, attention });
        }
        Ok(true)
    }

    /// Booked acts stay on the screen until the feed has told of them, if it will.
    fn shown_until(&self, verdict: &Verdict) -> Option<Position> {
        let booked = matches!(verdict.outcome, Outcome::Applied | Outcome::Noop);
        verdict.at.filter(|at| {
            booked && self.base.follows(at.topic) && self.base.cursor(at.topic).is_none_or(|cursor| cursor < at.cursor)
        })
    }

    fn results(&mut self, results: &Results, now: Now, store: &mut impl Store) -> Result<(), StoreError> {
        let before = self.outbox.stream().acked_seq;
        let whole = self.settle(&results.results, now, store)?;
        let acked = self.outbox.stream().acked_seq;
        let Some(live) = self.link.live() else { return Ok(()) };
        let stuck = results.more && acked == before;
        match live.waiting.map(|waiting| waiting.what) {
            _ if !whole || stuck => self.drop_link(Loss::Failed, now),
            Some(Owed::Page) if results.more => self.ask_results(now),
            Some(Owed::Page) => live.waiting = None,
            Some(Owed::Verdicts { upto }) if acked >= upto => live.waiting = None,
            Some(Owed::Verdicts { upto }) if acked > before => self.owe(Owed::Verdicts { upto }, now),
            _ => {}
        }
        Ok(())
    }

    fn retry(&mut self, retry: &Retry, now: Now) {
        self.link.forgive_submit();
        if let Some(live) = self.link.live() {
            if matches!(live.waiting, Some(Waiting { what: Owed::Verdicts { .. }, .. })) {
                live.waiting = None;
            }
            live.hold_until = now.monotonic.saturating_add(i64::try_from(retry.after_ms).unwrap_or(i64::MAX));
        }
    }

    fn gap(&mut self, gap: Gap, now: Now) {
        let acked = self.outbox.stream().acked_seq;
        if let Some(live) = self.link.live() {
            live.waiting = None;
        }
        if gap.expect_seq > self.outbox.next_seq() {
            self.seal(SealReason::Fork, now);
        } else if gap.expect_seq <= acked {
            self.stop(Stop::Rewound);
        } else if gap.expect_seq > acked + 1 {
            self.ask_results(now);
        }
    }

    fn push(&mut self, push: &Push, now: Now, store: &mut impl Store) -> Result<(), StoreError> {
        match self.base.push(push, store)? {
            Applied::Ignored => {}
            Applied::Hole => self.drop_link(Loss::Failed, now),
            Applied::Events(events) => {
                self.outbox.reached(push.topic, push.to, store)?;
                self.tell(Notice::Feed { topic: push.topic, events });
            }
        }
        Ok(())
    }

    fn goaway(&mut self, goaway: &Goaway, now: Now) {
        let wait = i64::try_from(self.chance.up_to(goaway.jitter_ms)).unwrap_or(i64::MAX);
        if let Some(live) = self.link.live() {
            live.leave_at = Some(now.monotonic.saturating_add(wait));
        }
    }

    fn lease(&mut self, lease: Lease, now: Now, store: &mut impl Store) -> Result<(), StoreError> {
        let Some(session) = self.actor.and_then(|actor| self.sessions.get_mut(&actor)) else { return Ok(()) };
        session.lease_id = Some(lease.lease_id);
        let kept =
            KeptLease { lease_id: lease.lease_id, actor: session.actor, kept_time: now.time, lease: lease.lease };
        store.keep_lease(&kept)?;
        self.leases.insert(kept.lease_id, kept);
        Ok(())
    }

    /// What is due now, whatever happened.
    fn turn(&mut self, now: Now, store: &mut impl Store) -> Result<(), StoreError> {
        if self.link.is_dead(now.monotonic) {
            self.drop_link(Loss::Failed, now);
        }
        if let Some(connection) = self.link.open_if_due(now.monotonic) {
            self.effects.push(Effect::Open { connection });
        }
        let heartbeat = self.heartbeat();
        let Some(live) = self.link.live() else { return Ok(()) };
        if live.leave_at.is_some_and(|at| now.monotonic >= at) && live.waiting.is_none() {
            self.drop_link(Loss::Dropped, now);
            return Ok(());
        }
        if now.monotonic >= live.ping_at {
            live.ping_at = now.monotonic + heartbeat;
            live.ping_n += 1;
            let ping = Ping { n: live.ping_n, outbox: Some(self.outbox.presence()) };
            self.send(ClientFrame::Ping(ping));
        }
        for (topic, path) in self.base.due(now.monotonic) {
            self.effects.push(Effect::FetchSnapshot { topic, path });
        }
        self.report(now);
        self.submit(now, store)
    }

    /// Tells the server how far this device is: each second, or at once after many events or a snapshot.
    fn report(&mut self, now: Now) {
        let acked = self.outbox.stream().acked_seq;
        let Some(live) = self.link.live() else { return };
        let due = now.monotonic >= live.report_at;
        if due {
            live.report_at = now.monotonic + millis(limits::REPORT_EVERY);
            if live.reported_acked < acked {
                live.reported_acked = acked;
                self.send(ClientFrame::Acked(Acked { seq: acked }));
            }
        }
        for at in self.base.unreported(if due { 1 } else { limits::REPORT_EVENTS }) {
            self.send(ClientFrame::Cursor(at));
        }
    }

    /// Sends the next batch when nothing is in flight.
    fn submit(&mut self, now: Now, store: &mut impl Store) -> Result<(), StoreError> {
        let Some(live) = self.link.live() else { return Ok(()) };
        if live.waiting.is_some() || live.leave_at.is_some() || now.monotonic < live.hold_until {
            return Ok(());
        }
        let session = live.session;
        let Some(mut submit) = self.outbox.batch(&self.limits) else { return Ok(()) };
        if !self.link.may_submit(submit.first_seq, now.monotonic) {
            self.base.clear(store)?;
            self.drop_link(Loss::Failed, now);
            return Ok(());
        }
        let count = i64::try_from(submit.entries.len()).unwrap_or(i64::MAX);
        let upto = submit.first_seq + count - 1;
        submit.session = Some(session);
        self.send(ClientFrame::Submit(submit));
        self.owe(Owed::Verdicts { upto }, now);
        Ok(())
    }
}

/// Whether a hand made it with a camera.
fn is_scan(op: &Operation) -> bool {
    match op {
        Operation::ScanRecord { .. } => true,
        Operation::Item(Command::CompleteAction { data, .. }) => data.get("raw").is_some(),
        _ => false,
    }
}
