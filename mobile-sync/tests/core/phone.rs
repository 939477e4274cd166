//! A device in virtual time, wired to the scripted server by a network that can fail.

use std::collections::VecDeque;

use floorline_domain::ids::{ItemId, UserId};
use floorline_domain::item::Command;
use floorline_domain::permission::Permission;
use floorline_mobile_sync::client::{Act, Client, Config, Effect, Event, Notice, OpenFailure, Scanned};
use floorline_mobile_sync::op::Operation;
use floorline_mobile_sync::outbox::Refused;
use floorline_mobile_sync::session::{Now, Session};
use floorline_mobile_sync::store::{ActId, MemoryStore, Store};
use floorline_mobile_sync::topic::Topic;
use floorline_mobile_sync::wire::Close;

use crate::server::{Answer, Server};

pub(crate) const SITE: &str = "018f0000-0000-7000-8000-00000000000a";
pub(crate) const ACTOR: &str = "018f0000-0000-7000-8000-0000000000ee";

pub(crate) fn site() -> Topic {
    Topic::Site(SITE.parse().unwrap())
}

pub(crate) fn actor() -> UserId {
    ACTOR.parse().unwrap()
}

/// Someone else who works with the same phone.
pub(crate) fn colleague() -> UserId {
    UserId(uuid::Uuid::from_u128(0xbb))
}

pub(crate) fn item(n: u128) -> ItemId {
    ItemId(uuid::Uuid::from_u128(n))
}

pub(crate) fn on_item(command: Command) -> Act {
    Act::new(Operation::Item(command), Some(item(1)))
}

pub(crate) struct Phone {
    pub client: Client,
    pub store: MemoryStore,
    pub server: Server,
    pub now: Now,
    pub notices: Vec<Notice>,
    pub fetches: Vec<(Topic, String)>,
    /// Every frame of both sides, in order.
    pub recorded: Vec<(&'static str, String)>,
    /// Why no connection comes about.
    pub refused: Option<OpenFailure>,
    /// Connections that were tried.
    pub tried: usize,
    /// The next frames from the server are lost with the connection.
    pub lose_answers: usize,
    seed: u128,
    connection: u64,
    connected: bool,
}

fn config(seed: u128) -> Config {
    Config {
        device_id: "018f0000-0000-7000-8000-0000000000dd".parse().unwrap(),
        site: SITE.parse().unwrap(),
        topics: Vec::new(),
        follow_site: true,
        app_version: "1".to_owned(),
        boot_id: format!("b{seed}"),
        seed,
    }
}

impl Phone {
    pub(crate) fn new(seed: u128) -> Self {
        let mut store = MemoryStore::default();
        let client = Client::open(config(seed), &mut store).unwrap();
        store.commit().unwrap();
        let mut phone = Self {
            client,
            store,
            server: Server::new(site()),
            now: Now { time: 1_763_600_000_000, monotonic: 1_000 },
            notices: Vec::new(),
            fetches: Vec::new(),
            recorded: Vec::new(),
            refused: None,
            tried: 0,
            lose_answers: 0,
            seed,
            connection: 0,
            connected: false,
        };
        phone.sign_in();
        phone
    }

    fn sign_in(&mut self) {
        self.sign_in_as(actor());
    }

    pub(crate) fn sign_in_as(&mut self, actor: UserId) {
        let session = Session {
            actor,
            permissions: Permission::ALL.iter().copied().collect(),
            roles: vec!["operator".to_owned()],
            lease_id: None,
        };
        self.give(Event::SignedIn(session));
    }

    pub(crate) fn online(&mut self) {
        self.give(Event::Online);
    }

    /// The app is killed and opened again; what was not committed is gone.
    pub(crate) fn crash(&mut self) {
        self.store.crash();
        self.seed += 1;
        self.client = Client::open(config(self.seed), &mut self.store).unwrap();
        self.store.commit().unwrap();
        self.connection = 0;
        self.connected = false;
        self.sign_in();
    }

    pub(crate) fn act(&mut self, act: Act) -> Result<ActId, Refused> {
        let saved = self.client.act(act, self.now, &mut self.store).unwrap();
        self.give(Event::Tick);
        saved
    }

    pub(crate) fn scan(&mut self, raw: &str) -> Scanned {
        let scanned = self.client.scan(raw, self.now, &mut self.store).unwrap().unwrap();
        self.give(Event::Tick);
        scanned
    }

    /// Gives an event, commits, and does what follows until nothing is left to do.
    pub(crate) fn give(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let effects = self.client.handle(event, self.now, &mut self.store).unwrap();
            self.store.commit().unwrap();
            for effect in effects {
                events.extend(self.perform(effect));
            }
        }
    }

    fn perform(&mut self, effect: Effect) -> Vec<Event> {
        match effect {
            Effect::Open { connection } => {
                self.tried += 1;
                if let Some(why) = self.refused {
                    return vec![Event::OpenFailed { connection, why }];
                }
                (self.connection, self.connected) = (connection, true);
                vec![Event::Opened { connection, ticket: Some("t".to_owned()) }]
            }
            Effect::Send { connection, frame } if self.connected && connection == self.connection => {
                let text = frame.text().unwrap();
                let answers = self.server.receive(&text, self.now.time);
                self.recorded.push(("client", text));
                self.hear(answers)
            }
            Effect::Shut { .. } => {
                self.connected = false;
                Vec::new()
            }
            Effect::FetchSnapshot { topic, path } => {
                self.fetches.push((topic, path));
                Vec::new()
            }
            Effect::Tell(notice) => {
                self.notices.push(notice);
                Vec::new()
            }
            Effect::Send { .. } => Vec::new(),
        }
    }

    fn hear(&mut self, answers: Vec<Answer>) -> Vec<Event> {
        let connection = self.connection;
        let mut events = Vec::new();
        for answer in answers {
            if self.lose_answers > 0 {
                self.lose_answers -= 1;
                self.connected = false;
                return vec![Event::Closed { connection, close: Close::Other(1006) }];
            }
            events.push(match answer {
                Answer::Frame(frame) => {
                    let text = frame.text().unwrap();
                    self.recorded.push(("server", text.clone()));
                    Event::Frame { connection, text }
                }
                Answer::Close(close) => {
                    self.connected = false;
                    Event::Closed { connection, close }
                }
            });
        }
        events
    }

    /// A frame the server sends by itself.
    pub(crate) fn frame(&mut self, frame: floorline_mobile_sync::wire::ServerFrame) {
        let connection = self.connection;
        self.give(Event::Frame { connection, text: frame.text().unwrap() });
    }

    pub(crate) fn close(&mut self, close: Close) {
        self.connected = false;
        let connection = self.connection;
        self.give(Event::Closed { connection, close });
    }

    /// Lets time pass, waking the client whenever it asks.
    pub(crate) fn pass(&mut self, ms: i64) {
        let until = self.now.monotonic + ms;
        loop {
            let wake = self.client.wake_at().unwrap_or(i64::MAX).max(self.now.monotonic);
            let next = wake.min(until);
            self.now.time += next - self.now.monotonic;
            self.now.monotonic = next;
            if wake > until {
                return;
            }
            self.give(Event::Tick);
            if self.client.wake_at().is_some_and(|wake| wake <= self.now.monotonic) {
                // Nothing may ask to be woken at once for ever.
                self.now.monotonic += 1;
                self.now.time += 1;
            }
            if self.now.monotonic >= until {
                return;
            }
        }
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.connected
    }
}
