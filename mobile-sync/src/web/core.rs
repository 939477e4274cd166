//! One device in a browser: every call takes and returns JSON, and what it changed.

use floorline_domain::ids::{DeviceId, ItemId, LocationId};
use floorline_domain::json;
use serde::{Deserialize, Serialize};

use super::asked::{Acted, Happened, Signed, read_act};
use super::kept::Everything;
use super::mirror::{Changes, Mirror};
use super::told::{Doing, Told, refused};
use super::view;
use crate::client::{Client, Config, Event};
use crate::entry::Blob;
use crate::limits::JOURNAL_KEPT;
use crate::resume::millis;
use crate::session::Now;
use crate::store::{ActId, Store, StoreError};
use crate::wire::Raw;

/// A device: the client core over its mirror.
#[derive(Debug)]
pub struct Core {
    client: Client,
    store: Mirror,
}

/// Who the device is, and what is to be chance.
#[derive(Deserialize)]
struct Opening {
    device_id: DeviceId,
    site: LocationId,
    app_version: String,
    boot_id: String,
    /// 32 hexadecimal digits.
    seed: String,
    time: i64,
}

/// What came of a call.
#[derive(Serialize)]
struct Came<T> {
    answer: T,
    changes: Changes,
    effects: Vec<Doing>,
    /// When to call again though nothing happens, on the monotonic clock.
    wake_at: Option<i64>,
}

/// An answer, or the words of an error.
pub type Answer = Result<String, String>;

impl Core {
    /// Opens the device from what storage keeps of it. The first thing to do is to write what [`Core::opened`] returns.
    pub fn open(opening: &str, kept: &str) -> Result<Self, String> {
        let opening: Opening = read(opening)?;
        let mut store = Mirror::of(read::<Everything>(kept)?).map_err(words)?;
        store.prune(opening.time.saturating_sub(millis(JOURNAL_KEPT))).map_err(words)?;
        let config = Config {
            device_id: opening.device_id,
            site: opening.site,
            topics: Vec::new(),
            follow_site: true,
            app_version: opening.app_version,
            boot_id: opening.boot_id,
            seed: u128::from_str_radix(&opening.seed, 16).map_err(|error| error.to_string())?,
        };
        let client = Client::open(config, &mut store).map_err(words)?;
        Ok(Self { client, store })
    }

    /// What opening changed.
    pub fn opened(&mut self) -> Answer {
        self.came((), Vec::new())
    }

    /// Tells the core what happened.
    pub fn give(&mut self, asked: &str, now: Now) -> Answer {
        let event = read::<Happened>(asked)?.event()?;
        self.handle(event, now)
    }

    /// Someone signed in, or works on with a lease.
    pub fn sign_in(&mut self, session: &str, now: Now) -> Answer {
        let mut session = read::<Signed>(session)?.session();
        session.lease_id = self.store.lease_of(session.actor);
        self.handle(Event::SignedIn(session), now)
    }

    /// Saves an act and sends it on its way: the answer names it, or why it was not saved.
    pub fn act(&mut self, act: &str, now: Now) -> Answer {
        let saved = match read_act(read::<Acted>(act)?) {
            Ok(act) => self.client.act(act, now, &mut self.store).map_err(words)?,
            Err(why) => Err(why),
        };
        let answer = match saved {
            Ok(act) => json::object! { "act": act, "entry": self.client.held(act).map(|held| held.kept.key) },
            Err(why) => json::object! { "refused" => refused(&why) },
        };
        self.turn(answer, now)
    }

    /// Saves a scan.
    pub fn scan(&mut self, raw: &str, now: Now) -> Answer {
        let saved = self.client.scan(raw, now, &mut self.store).map_err(words)?;
        let answer = match saved {
            Ok(scanned) => view::scanned(scanned, now, &mut self.client.floor(&mut self.store)).map_err(words)?,
            Err(why) => json::object! { "refused" => refused(&why) },
        };
        self.turn(answer, now)
    }

    /// What a text means here.
    pub fn resolve(&mut self, raw: &str) -> Answer {
        let mut floor = self.client.floor(&mut self.store);
        let resolved = floor.resolve(raw).and_then(|resolved| view::resolved(resolved, &mut floor)).map_err(words)?;
        write(&resolved)
    }

    /// Someone has looked at what became of an act.
    pub fn looked_at(&mut self, act: u32) -> Answer {
        self.client.looked_at(ActId(act.into()), &mut self.store).map_err(words)?;
        self.came((), Vec::new())
    }

    /// Notes a file that lies in storage already.
    pub fn keep_file(&mut self, file: &str) -> Answer {
        self.store.keep_file(&read::<Blob>(file)?).map_err(words)?;
        self.came((), Vec::new())
    }

    /// Hashes of files that the server does not have.
    pub fn waiting_files(&self) -> Answer {
        write(&self.store.waiting_files().collect::<Vec<_>>())
    }

    /// What a request over HTTP says first.
    pub fn hello(&self, now: Now) -> Answer {
        write(&self.client.hello(None, now))
    }

    /// What the frame around every screen shows.
    pub fn state(&mut self) -> Answer {
        write(&view::State::of(&mut self.client, &mut self.store).map_err(words)?)
    }

    /// An item with its stage, actions and next step; null when it is not known here.
    pub fn item(&mut self, id: &str, now: Now) -> Answer {
        let id: ItemId = id.parse().map_err(|_| format!("{id} is no id"))?;
        write(&view::item(id, now, &mut self.client, &mut self.store).map_err(words)?)
    }

    /// Lines of the items that a filter lets through.
    pub fn items(&mut self, filter: &str) -> Answer {
        write(&view::items(&read(filter)?, &mut self.client, &mut self.store).map_err(words)?)
    }

    /// Queues with who waits in them, in the order of work.
    pub fn queues(&mut self) -> Answer {
        write(&view::queues(&mut self.client, &mut self.store).map_err(words)?)
    }

    /// Rows of a noun, as they were told: `location`, `user`.
    pub fn rows(&mut self, kind: &str) -> Answer {
        let rows = self.client.floor(&mut self.store).rows(kind).map_err(words)?;
        let bodies: Vec<Raw> = rows.into_iter().filter_map(|row| Raw::new(row.body).ok()).collect();
        write(&bodies)
    }

    /// Acts without a verdict, and those someone must look at.
    pub fn acts(&mut self) -> Answer {
        write(&view::acts(&mut self.client, &mut self.store).map_err(words)?)
    }

    /// Acts before one, the latest first.
    pub fn journal(&mut self, before: Option<u32>, limit: u32) -> Answer {
        let before = before.map(|act| ActId(act.into()));
        write(&view::journal(before, limit, &mut self.client, &mut self.store).map_err(words)?)
    }

    /// An act is saved; whatever is due now, its sending first of all, is done with it.
    fn turn(&mut self, answer: serde_json::Value, now: Now) -> Answer {
        let effects = self.client.handle(Event::Tick, now, &mut self.store).map_err(words)?;
        let effects = effects.into_iter().map(|effect| Told::of(effect, &self.store)).collect::<Result<_, _>>()?;
        self.came(answer, effects)
    }

    fn handle(&mut self, event: Event, now: Now) -> Answer {
        let effects = self.client.handle(event, now, &mut self.store).map_err(words)?;
        let effects = effects.into_iter().map(|effect| Told::of(effect, &self.store)).collect::<Result<_, _>>()?;
        self.came((), effects)
    }

    fn came(&mut self, answer: impl Serialize, effects: Vec<Doing>) -> Answer {
        let changes = self.store.take_changes();
        write(&Came { answer, changes, effects, wake_at: self.client.wake_at() })
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    json::read(text).map_err(|error| error.to_string())
}

fn write(value: &impl Serialize) -> Answer {
    json::write(value).map_err(|error| error.to_string())
}

fn words(error: StoreError) -> String {
    error.to_string()
}
