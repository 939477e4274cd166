//! A phone: the client core over its store, driven as an app drives it: an event, a commit, then what the core wants done.

mod acts;
mod network;
mod planted;
mod watch;

use std::collections::{BTreeMap, BTreeSet};

use floorline_domain::{DeviceId, EntryKey, ItemId, UserId};
use floorline_mobile_sync::client::{self, Client, Config, Effect, Notice};
use floorline_mobile_sync::resume::{LinkState, Stop};
use floorline_mobile_sync::session::{Now, Session};
use floorline_mobile_sync::store::{ActId, Kept, MemoryStore, Store as _};
use floorline_mobile_sync::topic::Topic;
use floorline_mobile_sync::wire::{ClientFrame, Close, SealReason};
use floorline_server::checker::Told;

use crate::calendar::Time;
use crate::network::LineId;
use crate::scene;
use crate::world::{Event, World};

/// What happens to a phone.
pub(crate) enum PhoneEvent {
    /// The app is opened.
    Start { reboot: bool },
    /// Something is due.
    Wake,
    /// A connection stands, or not.
    Opened { connection: u64, line: Option<LineId> },
    /// A frame.
    Heard { line: LineId, text: String },
    /// A connection is gone.
    Closed { line: LineId, close: Close },
    /// A snapshot was fetched, or not.
    Snapshot { topic: Topic, text: Option<String> },
    /// A file's upload ends.
    Uploaded { sha256: floorline_mobile_sync::chain::Hash },
    /// The person does something.
    Act,
    /// The network comes and goes.
    Online(bool),
}

/// How the next event on a phone is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doom {
    /// Before the store commits.
    BeforeCommit,
    /// After it committed, before anything is done.
    AfterCommit,
    /// The commit fails: the disk is full.
    DiskFull,
}

/// What lies between a phone and every server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Air {
    Clear,
    /// No way out.
    Dead,
    /// Something answers everything with a page of its own.
    Captive,
}

/// A phone.
pub(crate) struct Phone {
    pub(crate) device: DeviceId,
    pub(crate) store: MemoryStore,
    pub(crate) client: Option<Client>,
    /// Each start of the app is one: what happens to an earlier one is past.
    pub(crate) life: u32,
    pub(crate) air: Air,
    pub(crate) doom: Option<Doom>,
    /// Its timers do not run before.
    pub(crate) frozen_until: Time,
    /// It is lost, with what it had not sent.
    pub(crate) destroyed: bool,
    /// Another phone has a copy of its storage.
    pub(crate) copied: bool,
    /// Its storage is copied with its next act, before anybody was told of that.
    pub(crate) puts_away: bool,
    /// A copy of its storage that was put away, with what it had saved then.
    pub(crate) put_away: Option<(MemoryStore, BTreeSet<ActId>)>,
    /// It wants to be connected.
    pub(crate) online: bool,
    pub(crate) user: usize,
    /// Acts that its screen said were saved.
    saved: BTreeSet<ActId>,
    told: Vec<Told>,
    /// The server's epoch by the latest welcome.
    pub(crate) epoch: String,
    /// Acts whose confirmation was shown, with the item's version that they led to.
    confirmed: BTreeMap<ActId, (ItemId, i64)>,
    skew: i64,
    boots: u32,
    booted: Time,
    node: usize,
    wake_noted: Option<Time>,
}

impl Phone {
    /// A phone whose app was never opened.
    fn new(device: DeviceId, store: MemoryStore) -> Self {
        Self {
            device,
            store,
            client: None,
            life: 0,
            air: Air::Clear,
            doom: None,
            frozen_until: 0,
            destroyed: false,
            copied: false,
            puts_away: false,
            put_away: None,
            online: true,
            user: 0,
            saved: BTreeSet::new(),
            told: Vec::new(),
            epoch: String::new(),
            confirmed: BTreeMap::new(),
            skew: 0,
            boots: 0,
            booted: 0,
            node: 0,
            wake_noted: None,
        }
    }

    /// Nothing is unsent here, or nobody takes it any more.
    pub(crate) fn is_drained(&self) -> bool {
        let stopped = LinkState::Stopped(Stop::Revoked);
        self.destroyed || self.client.as_ref().is_some_and(|client| client.unsent() == 0 || client.link() == stopped)
    }

    /// Its storage is copied, and the copy put away, if it was to be.
    fn put_away(&mut self) {
        if !std::mem::take(&mut self.puts_away) {
            return;
        }
        let mut store = self.store.clone();
        store.crash();
        self.put_away = Some((store, self.saved.clone()));
    }

    /// The entry that stands there.
    fn entry(&mut self, key: EntryKey) -> Option<Kept> {
        let open = self.client.as_ref().and_then(|client| client.acts().find(|held| held.kept.key == key));
        let open = open.map(|held| held.kept.clone());
        open.or_else(|| self.journal().into_iter().map(|line| line.kept).find(|kept| kept.key == key))
    }

    pub(crate) fn describe_unsent(&self) -> Option<String> {
        let client = self.client.as_ref().filter(|_| !self.is_drained())?;
        Some(format!("{} on {} ({:?})", client.unsent(), self.device, client.link()))
    }

    fn now(&self, now: Time, began: i64) -> Now {
        let now = i64::try_from(now).unwrap_or_default();
        let booted = i64::try_from(self.booted).unwrap_or_default();
        Now { time: began + now + self.skew, monotonic: now - booted }
    }
}

impl World {
    /// A new phone, with its app open from the start.
    pub(crate) fn enrol(&mut self, number: usize, skew: i64) {
        let device = DeviceId(scene::id(&mut self.chance));
        self.database.tables.devices.insert(device, None);
        let user = number % self.scene.workers.len();
        self.phones.push(Phone { skew, user, node: number % 2, ..Phone::new(device, MemoryStore::default()) });
        self.note_phone(number, 1, PhoneEvent::Start { reboot: true });
    }

    /// A second phone with the same storage, as a backup put on another device makes one.
    pub(crate) fn clone_phone(&mut self, number: usize) {
        let few = self.phones.len() < 6;
        let Some(phone) = self.phones.get_mut(number).filter(|phone| few && !phone.destroyed) else { return };
        phone.copied = true;
        let (mut store, saved) = phone.put_away.clone().unwrap_or_else(|| (phone.store.clone(), phone.saved.clone()));
        store.crash();
        let twin = Phone {
            user: phone.user,
            copied: true,
            saved,
            epoch: phone.epoch.clone(),
            skew: phone.skew,
            boots: 100,
            booted: self.calendar.now(),
            node: 1 - phone.node,
            ..Phone::new(phone.device, store)
        };
        self.phones.push(twin);
        self.coverage.saw("fault: phone cloned");
        let number = self.phones.len() - 1;
        self.note_phone(number, 500, PhoneEvent::Start { reboot: true });
    }

    /// The phone lets go of what it was told long ago. A server that is put back to a backup older than that has lost it, as it must.
    pub(crate) fn prune_phone(&mut self, number: usize) {
        let Some(phone) = self.phones.get_mut(number).filter(|phone| !phone.destroyed) else { return };
        let pruned = phone.store.prune(i64::MAX).and_then(|()| phone.store.commit());
        debug_assert!(pruned.is_ok(), "a store in memory does not fail by itself");
        let (acts, keys): (BTreeSet<ActId>, BTreeSet<EntryKey>) =
            phone.journal().iter().map(|line| (line.kept.act, line.kept.key)).unzip();
        phone.saved.retain(|act| acts.contains(act));
        phone.told.retain(|told| keys.contains(&told.key));
        self.coverage.saw("fault: journal pruned");
    }

    /// A phone is gone, with everything on it.
    pub(crate) fn lose_phone(&mut self, number: usize) {
        let Some(phone) = self.phones.get_mut(number).filter(|phone| !phone.destroyed) else { return };
        phone.store.crash();
        phone.destroyed = true;
        phone.client = None;
        phone.life += 1;
        self.drop_lines(number);
        self.coverage.saw("fault: phone lost");
    }

    pub(crate) fn note_phone(&mut self, number: usize, after: Time, event: PhoneEvent) {
        let Some(life) = self.phones.get(number).map(|phone| phone.life) else { return };
        let at = self.calendar.now() + after;
        self.calendar.note(at, Event::Phone { phone: number, life, event });
    }

    /// Something happens to a phone.
    pub(crate) fn phone_event(&mut self, number: usize, life: u32, event: PhoneEvent) {
        let now = self.calendar.now();
        let Some(phone) = self.phones.get_mut(number) else { return };
        if phone.life != life || phone.destroyed {
            return;
        }
        if phone.frozen_until > now {
            let at = phone.frozen_until;
            self.calendar.note(at, Event::Phone { phone: number, life, event });
            return;
        }
        match event {
            PhoneEvent::Start { reboot } => self.start_phone(number, reboot),
            PhoneEvent::Wake => {
                if phone.wake_noted.take_if(|at| *at <= now).is_some() {
                    self.handle(number, client::Event::Tick);
                }
            }
            PhoneEvent::Opened { connection, line } => self.opened(number, connection, line),
            PhoneEvent::Heard { line, text } => self.listen(number, line, text),
            PhoneEvent::Closed { line, close } => self.closed(number, line, close),
            PhoneEvent::Snapshot { topic, text: Some(text) } => {
                self.handle(number, client::Event::Snapshot { topic, text });
            }
            PhoneEvent::Snapshot { topic, text: None } => self.handle(number, client::Event::SnapshotFailed { topic }),
            PhoneEvent::Uploaded { sha256 } => self.uploaded(number, sha256),
            PhoneEvent::Act => self.act(number),
            // Once nothing goes wrong any more, nobody goes offline either.
            PhoneEvent::Online(online) => {
                let online = online || self.calm_since.is_some();
                phone.online = online;
                self.handle(number, if online { client::Event::Online } else { client::Event::Offline });
            }
        }
    }

    /// The app opens from what the store keeps.
    fn start_phone(&mut self, number: usize, reboot: bool) {
        let now = self.calendar.now();
        let seed = self.chance.u128(..);
        let site = self.scene.site;
        let Some(phone) = self.phones.get_mut(number) else { return };
        if reboot {
            phone.boots += 1;
            phone.booted = now;
        }
        let config = Config {
            device_id: phone.device,
            site,
            topics: Vec::new(),
            follow_site: true,
            app_version: "1.0.0".to_owned(),
            boot_id: format!("boot {}", phone.boots),
            seed,
        };
        let opened = Client::open(config, &mut phone.store).and_then(|client| phone.store.commit().map(|()| client));
        match opened {
            Ok(client) => phone.client = Some(client),
            Err(error) => self.found.push(format!("phone {number} does not open: {error}")),
        }
        let after = self.chance.u64(100..4_000);
        self.note_phone(number, after, PhoneEvent::Act);
        self.sign_in(number);
        if self.phones.get(number).is_some_and(|phone| phone.online) {
            self.handle(number, client::Event::Online);
        }
    }

    /// Whose turn it is on the phone signs in.
    pub(crate) fn sign_in(&mut self, number: usize) {
        let Some(phone) = self.phones.get(number) else { return };
        let user = self.worker(phone.user);
        let Some(person) = self.database.tables.people.get(&user) else { return };
        let session = Session {
            actor: user,
            permissions: person.permissions.clone(),
            roles: person.roles.clone(),
            lease_id: None,
        };
        self.handle(number, client::Event::SignedIn(session));
    }

    pub(crate) fn worker(&self, user: usize) -> UserId {
        self.scene.workers.get(user).copied().unwrap_or(self.scene.supervisor)
    }

    /// Gives the client an event, commits, and does what it wants done.
    pub(crate) fn handle(&mut self, number: usize, event: client::Event) {
        let (now, began) = (self.calendar.now(), self.began_ms());
        let Some(phone) = self.phones.get_mut(number) else { return };
        let moment = phone.now(now, began);
        let Some(client) = phone.client.as_mut() else { return };
        match client.handle(event, moment, &mut phone.store) {
            Ok(effects) => {
                if self.commit_phone(number) {
                    self.perform(number, effects);
                    self.watch(number);
                    self.note_wake(number);
                }
            }
            Err(error) => {
                self.found.push(format!("phone {number}: {error}"));
                self.kill_phone(number, false);
            }
        }
    }

    /// Commits the store; false when the app was cut off there.
    pub(crate) fn commit_phone(&mut self, number: usize) -> bool {
        let Some(phone) = self.phones.get_mut(number) else { return false };
        match phone.doom.take() {
            None => {
                let kept = phone.store.commit().is_ok();
                debug_assert!(kept, "a store in memory does not fail by itself");
                true
            }
            Some(Doom::BeforeCommit) => {
                self.coverage.saw("fault: phone killed before its commit");
                self.kill_phone(number, false);
                false
            }
            Some(Doom::DiskFull) => {
                self.coverage.saw("fault: disk full");
                self.kill_phone(number, false);
                false
            }
            Some(Doom::AfterCommit) => {
                let _ = phone.store.commit();
                self.coverage.saw("fault: phone killed after its commit");
                self.kill_phone(number, false);
                false
            }
        }
    }

    /// The app dies, with everything it had not committed, and is opened again later.
    pub(crate) fn kill_phone(&mut self, number: usize, reboot: bool) {
        let Some(phone) = self.phones.get_mut(number) else { return };
        phone.store.crash();
        phone.client = None;
        phone.life += 1;
        phone.wake_noted = None;
        phone.confirmed.clear();
        self.drop_lines(number);
        if reboot {
            self.coverage.saw("fault: reboot");
        }
        if self.chance.u8(..) < 50 {
            self.plant(number);
        }
        let after = self.chance.u64(200..15_000);
        self.note_phone(number, after, PhoneEvent::Start { reboot });
    }

    fn note_wake(&mut self, number: usize) {
        let Some(phone) = self.phones.get_mut(number) else { return };
        let Some(at) = phone.client.as_ref().and_then(Client::wake_at) else { return };
        let at = u64::try_from(at).unwrap_or_default().saturating_add(phone.booted);
        if at > u64::MAX / 4 || phone.wake_noted.is_some_and(|noted| noted <= at) {
            return;
        }
        phone.wake_noted = Some(at);
        let after = at.saturating_sub(self.calendar.now());
        self.note_phone(number, after, PhoneEvent::Wake);
    }

    fn perform(&mut self, number: usize, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Open { connection } => self.dial(number, connection),
                Effect::Send { connection, frame } => {
                    if let ClientFrame::Seal(seal) = &frame {
                        self.coverage.saw(if seal.reason == SealReason::Hole { "hole" } else { "fork" });
                    }
                    self.send_up(number, connection, &frame);
                }
                Effect::Shut { connection } => self.shut(number, connection),
                Effect::FetchSnapshot { topic, .. } => self.fetch_snapshot(number, topic),
                Effect::Tell(notice) => self.noticed(number, notice),
            }
        }
    }

    fn noticed(&mut self, number: usize, notice: Notice) {
        self.tell(|| format!("phone {number} {notice:?}"));
        match notice {
            Notice::Settled { act, verdict, .. } => {
                self.coverage.saw(format!("outcome: {}", verdict.outcome));
                for flag in &verdict.flags {
                    self.coverage.saw(format!("flag: {flag}"));
                }
                self.confirm(number, act, &verdict);
            }
            Notice::Rewound { .. } => {
                self.coverage.saw("rewind");
                self.forget_confirmed(number);
            }
            Notice::Resealed { entries, .. } if entries > 0 => self.coverage.saw("reoffer"),
            Notice::Overturned { .. } => self.coverage.saw("overturned"),
            Notice::Link(LinkState::Stopped(_)) => self.coverage.saw("stopped"),
            _ => {}
        }
    }
}
