//! Everything there is in a run, and what happens to it next.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;
use floorline_domain::StreamId;
use floorline_mobile_sync::wire::{Close, ServerFrame};
use floorline_server::platform::http::Code;

use crate::Settings;
use crate::broken::Broken;
use crate::calendar::{Calendar, Time};
use crate::coverage::Coverage;
use crate::database::{Commit, Database};
use crate::faults::Fault;
use crate::network::{LineId, Network};
use crate::phone::{Phone, PhoneEvent};
use crate::scene::{self, Scene};
use crate::server::{DeskAct, Node, NodeEvent};

/// What happens.
pub(crate) enum Event {
    /// To a phone, in this life of its app.
    Phone { phone: usize, life: u32, event: PhoneEvent },
    /// To a server process.
    Node { node: usize, life: u32, event: NodeEvent },
    /// A server process is started.
    StartNode(usize),
    /// At a desk.
    Desk(DeskAct),
    /// Something goes wrong.
    Fault(Fault),
    /// From here on nothing goes wrong any more.
    Calm,
    /// A look at whether everything is done.
    Look,
}

/// How wrong clocks are: what a run must not depend on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Skew {
    /// Draws how wrong each phone's clock is, up to ten years; none: they are right.
    pub phones: Option<u64>,
    /// All servers, in milliseconds.
    pub servers: i64,
}

/// A run in progress.
pub(crate) struct World {
    pub(crate) calendar: Calendar<Event>,
    pub(crate) chance: Rng,
    pub(crate) scene: Scene,
    pub(crate) database: Database,
    pub(crate) nodes: Vec<Node>,
    pub(crate) phones: Vec<Phone>,
    pub(crate) network: Network,
    pub(crate) coverage: Coverage,
    pub(crate) broken: Option<Broken>,
    /// Errors that the next transactions meet.
    pub(crate) hiccups: Vec<Code>,
    /// Since when nothing goes wrong any more.
    pub(crate) calm_since: Option<Time>,
    /// When everything was done.
    pub(crate) drained_at: Option<Time>,
    /// When the last transaction was committed.
    committed_at: Time,
    /// Acts that phones may still do.
    pub(crate) budget: u32,
    /// What was seen to be wrong while it happened.
    pub(crate) found: Vec<String>,
    pub(crate) trace: bool,
    /// Entries that failed, how often, and since when.
    pub(crate) failures: BTreeMap<(StreamId, i64), (u32, DateTime<Utc>)>,
    /// What was planned to go wrong.
    pub(crate) plan: Vec<String>,
    /// The database was put back to its backup.
    pub(crate) restored: bool,
    began: DateTime<Utc>,
}

/// Longer than this after the last fault nothing may be unsent.
const DRAINED_WITHIN: Time = 15 * 60_000;

/// How long feeds may take to reach their heads once everything is decided: a dead connection is noticed within a minute, a new one
/// comes within another, and then it is five seconds.
const FOLLOWED_WITHIN: Time = 60_000 + 60_000 + 20_000 + 5_000;

/// More events than this within one millisecond lead nowhere.
const AT_ONCE: u32 = 20_000;

/// How long an entry that brings its batch down may hold up what follows it.
const PARKED_WITHIN: TimeDelta = TimeDelta::seconds(60 + 30);

/// Five would do, had all of them a minute.
const ATTEMPTS_AT_MOST: u32 = 8;

impl World {
    pub(crate) fn new(seed: u64, settings: Settings) -> Self {
        let Settings { skew, broken, trace, left_out } = settings;
        let mut chance = Rng::with_seed(seed ^ 0x5eed_f100_411e_0000);
        // Soon after the beginning another hour begins: that is where old work is told from new.
        let minutes = chance.i64(54..60);
        let began = DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minutes);
        let (workers, items) = (chance.usize(2..4), chance.usize(2..5));
        let (scene, tables) = scene::found(&mut chance, began, workers, items);
        let nodes = (0..2).map(|_| Node::new(StreamId(scene::id(&mut chance)), skew.servers)).collect();
        let phones = chance.usize(2..4);
        let budget = chance.u32(12..60);
        let mut world = Self {
            calendar: Calendar::new(),
            chance,
            scene,
            database: Database::new(tables),
            nodes,
            phones: Vec::new(),
            network: Network::default(),
            coverage: Coverage::default(),
            broken,
            hiccups: Vec::new(),
            calm_since: None,
            drained_at: None,
            committed_at: 0,
            budget,
            found: Vec::new(),
            trace,
            restored: false,
            failures: BTreeMap::new(),
            plan: Vec::new(),
            began,
        };
        let mut wrong = skew.phones.map(Rng::with_seed);
        for number in 0..phones {
            let decade = 10 * 365 * 24 * 3_600_000;
            let skew = wrong.as_mut().map_or(0, |chance| chance.i64(-decade..decade));
            world.enrol(number, skew);
        }
        for node in 0..world.nodes.len() {
            world.note_node(node, 1_000, NodeEvent::Poll);
        }
        world.plan_faults(left_out);
        world
    }

    pub(crate) fn is(&self, broken: Broken) -> bool {
        self.broken == Some(broken)
    }

    /// The time by a clock that is right, to the microsecond as the database keeps it.
    pub(crate) fn true_time(&self) -> DateTime<Utc> {
        self.began + TimeDelta::milliseconds(i64::try_from(self.calendar.now()).unwrap_or(i64::MAX))
    }

    /// When the world began, in milliseconds since 1970.
    pub(crate) fn began_ms(&self) -> i64 {
        self.began.timestamp_millis()
    }

    /// Something between nothing and `most` milliseconds, now and then much more.
    pub(crate) fn latency(&mut self, most: Time) -> Time {
        let often = self.chance.u64(0..=most);
        if self.chance.u8(..) < 4 { often * 40 } else { often }
    }

    /// Servers that take requests.
    pub(crate) fn working_nodes(&self) -> Vec<usize> {
        let now = self.calendar.now();
        let works = |node: &Node| node.up && !node.leaving && node.stopped_until <= now;
        self.nodes.iter().enumerate().filter(|(_, node)| works(node)).map(|(number, _)| number).collect()
    }

    /// Goes on until everything is done, or should have been.
    pub(crate) fn run(&mut self) {
        let (mut moment, mut events) = (0, 0_u32);
        while let Some(event) = self.calendar.turn() {
            events = if self.calendar.now() == moment { events + 1 } else { 0 };
            moment = self.calendar.now();
            if events > AT_ONCE {
                self.found.push(format!("L4: time stands still at {moment}: something asks to be woken for nothing"));
                return;
            }
            match event {
                Event::Phone { phone, life, event } => self.phone_event(phone, life, event),
                Event::Node { node, life, event } => self.node_event(node, life, event),
                Event::StartNode(node) => self.start_node(node),
                Event::Desk(act) => self.desk(act),
                Event::Fault(fault) => self.fault(fault),
                Event::Calm => self.calm(),
                Event::Look => {
                    if self.look() {
                        return;
                    }
                }
            }
        }
    }

    /// Whether the run is over.
    fn look(&mut self) -> bool {
        let now = self.calendar.now();
        let idle = self.budget == 0 || self.phones.iter().all(|phone| phone.destroyed);
        let done = idle && self.phones.iter().all(Phone::is_drained);
        match self.drained_at {
            None if done => self.drained_at = Some(now),
            None if self.calm_since.is_some_and(|since| now - since > DRAINED_WITHIN) => {
                let unsent: Vec<String> = self.phones.iter().filter_map(Phone::describe_unsent).collect();
                self.found.push(format!(
                    "L1: not everything is decided {DRAINED_WITHIN} ms after the last fault: {unsent:?}"
                ));
                return true;
            }
            Some(at) if now - at.max(self.committed_at) >= FOLLOWED_WITHIN => return true,
            _ => {}
        }
        self.calendar.note(now + 500, Event::Look);
        false
    }

    /// A frame to a phone.
    pub(crate) fn send_down(&mut self, id: LineId, frame: &ServerFrame) {
        let Ok(text) = frame.text() else { return };
        self.tell(|| format!("line {} down {text}", id.0));
        let at = self.calendar.now() + 1 + self.latency(30);
        let Some(at) = self.network.downward(id, at) else { return };
        let Some(line) = self.network.line(id) else { return };
        let (phone, life) = (line.phone, line.life);
        self.calendar.note(at, Event::Phone { phone, life, event: PhoneEvent::Heard { line: id, text } });
    }

    /// A server ends a connection.
    pub(crate) fn hang_up(&mut self, id: LineId, close: Close) {
        self.tell(|| format!("line {} closed by the server: {close:?}", id.0));
        let at = self.calendar.now() + 1 + self.latency(30);
        if let Some(line) = self.network.line_mut(id) {
            line.held = false;
            let (phone, life) = (line.phone, line.life);
            if let Some(at) = self.network.downward(id, at) {
                self.calendar.note(at, Event::Phone { phone, life, event: PhoneEvent::Closed { line: id, close } });
            }
        }
    }

    /// The connection is gone for both.
    pub(crate) fn cut(&mut self, id: LineId) {
        let Some(line) = self.network.line(id) else { return };
        let (node, held) = (line.node, line.held);
        self.hang_up(id, Close::Other(1006));
        if held {
            let after = self.latency(200);
            self.note_node(node, after, NodeEvent::Gone { line: id });
        }
    }

    /// What a commit shows to have happened.
    pub(crate) fn note_committed(&mut self, commit: &Commit) {
        self.committed_at = self.calendar.now();
        for receipt in &commit.receipts {
            let Some(reason) = receipt.reason else { continue };
            self.coverage.saw(format!("reason: {reason}"));
        }
        if commit.cases.iter().any(|case| case.reason == "FORK") {
            self.coverage.saw("fork");
        }
    }

    /// L2: what failed often enough, and for long enough, is parked.
    pub(crate) fn note_failure(&mut self, stream: StreamId, seq: i64) {
        let now = self.true_time();
        let (count, first) = self.failures.entry((stream, seq)).or_insert((0, now));
        *count += 1;
        if *count >= ATTEMPTS_AT_MOST && now - *first > PARKED_WITHIN {
            self.found.push(format!("L2: entry {seq} of {stream} failed {count} times and is not parked"));
            (*count, *first) = (0, now);
        }
    }

    /// Says what happens, when someone asked to be told.
    pub(crate) fn tell(&self, what: impl FnOnce() -> String) {
        if self.trace {
            #[expect(clippy::print_stderr, reason = "a trace is asked for on the command line")]
            {
                eprintln!("{:>9} {}", self.calendar.now(), what());
            }
        }
    }
}
