//! A server process: its conversations, its writer, and how it starts, stops and dies. What it decides is the server's own code
//! (`floorline_server::floor::{engine, sync}::core`).

mod conversation;
mod desk;
mod dismantle;
mod fan_out;
mod hello;
mod life;
mod transaction;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use floorline_domain::item::Item;
use floorline_domain::{CaseId, DeviceId, ItemId, StreamId, UserId};
use floorline_mobile_sync::wire::Hello;
use floorline_server::floor::engine::core::Actor;
use floorline_server::floor::engine::{Act, ClockOffset, DeviceSubmit, KeptEntry, Submitted};
use floorline_server::floor::sync::core::{Session, Subscribed};

pub(crate) use self::desk::DeskAct;
use self::dismantle::Job;
use self::transaction::Running;
use crate::calendar::Time;
use crate::database::TxId;
use crate::network::LineId;
use crate::world::World;

/// What happens to a server process.
pub(crate) enum NodeEvent {
    /// A hello that was read, since when it waits for its stream.
    Hello { line: LineId, hello: Box<Hello>, since: Time },
    /// A frame.
    Heard { line: LineId, text: String },
    /// The other end is gone.
    Gone { line: LineId },
    /// Time passed for a connection.
    Tick { line: LineId },
    /// The running transaction goes on.
    Step(TxId),
    /// A batch was committed, or not; the connection is told.
    Answer { line: LineId, submitted: Submitted },
    /// A stream is to be sealed, since when.
    Seal { line: LineId, since: Time },
    /// Topics may have moved.
    Pump,
    /// Heads are polled.
    Poll,
    /// The drain is over: everyone still here is sent away.
    Leave,
}

/// Where a process is killed that is doomed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Barrier {
    BeforeVerdict,
    BeforeCommit,
    AfterCommit,
    AfterReply,
}

/// A server process.
pub(crate) struct Node {
    /// Which process: what happens to an earlier one is past.
    pub(crate) life: u32,
    pub(crate) up: bool,
    /// It is stopped as by SIGSTOP: whatever happens to it happens later.
    pub(crate) stopped_until: Time,
    pub(crate) leaving: bool,
    /// It dies there, the next time it comes so far.
    pub(crate) doom: Option<Barrier>,
    /// The server's epoch when it last looked.
    pub(super) epoch: String,
    /// How wrong its clock is, in milliseconds.
    pub(crate) skew: i64,
    /// Its own stream.
    stream: StreamId,
    talks: BTreeMap<LineId, Talk>,
    seats: BTreeMap<StreamId, LineId>,
    queue: VecDeque<Work>,
    jobs: Vec<Job>,
    running: Option<Running>,
    poisoned: BTreeSet<(StreamId, i64)>,
    /// Items as it wrote them last, for a mistake that reads them there.
    cache: BTreeMap<ItemId, Item>,
    /// Answers that are on their way to a connection.
    answering: u32,
}

/// One connection as the server sees it.
enum Talk {
    /// It has not said hello yet; the ticket was this person's.
    Silent { user: UserId },
    /// It was welcomed.
    Live(Box<Live>),
}

/// A welcomed connection.
struct Live {
    session: Session,
    phone: Caller,
    number: i64,
    /// The server's epoch at its welcome.
    server_epoch: String,
    feeds: Vec<Subscribed>,
    begun: Time,
}

/// Who is at the other end.
#[derive(Clone, Copy)]
struct Caller {
    device: DeviceId,
    stream: StreamId,
    user: UserId,
    quarantined: bool,
    clock: ClockOffset,
}

/// What waits for the writer.
#[derive(Clone)]
pub(crate) enum Work {
    Device { line: LineId, submit: Box<DeviceSubmit> },
    Act { actor: Actor, act: Box<Act> },
    Booking { case: CaseId, entries: Vec<KeptEntry>, lent_by: Option<UserId>, actor: Actor },
}

impl Node {
    pub(crate) fn new(stream: StreamId, skew: i64) -> Self {
        Self {
            life: 0,
            up: true,
            stopped_until: 0,
            leaving: false,
            doom: None,
            epoch: String::new(),
            skew,
            stream,
            talks: BTreeMap::new(),
            seats: BTreeMap::new(),
            queue: VecDeque::new(),
            jobs: Vec::new(),
            running: None,
            poisoned: BTreeSet::new(),
            cache: BTreeMap::new(),
            answering: 0,
        }
    }
}

impl World {
    /// The time by a server's clock.
    pub(crate) fn clock(&self, node: usize) -> DateTime<Utc> {
        let skew = self.nodes.get(node).map_or(0, |node| node.skew);
        self.true_time() + TimeDelta::milliseconds(skew)
    }

    /// Something happens to a server process.
    pub(crate) fn node_event(&mut self, number: usize, life: u32, event: NodeEvent) {
        let now = self.calendar.now();
        let Some(node) = self.nodes.get(number).filter(|node| node.up && node.life == life) else { return };
        if node.stopped_until > now {
            let until = node.stopped_until;
            self.note_node_at(until, number, event);
            return;
        }
        match event {
            NodeEvent::Hello { line, hello, since } => self.hello(number, line, hello, since),
            NodeEvent::Heard { line, text } => self.heard(number, line, &text),
            NodeEvent::Gone { line } => self.gone(number, line),
            NodeEvent::Tick { line } => self.tick(number, line),
            NodeEvent::Step(tx) => self.step(number, tx),
            NodeEvent::Answer { line, submitted } => self.answer(number, line, submitted),
            NodeEvent::Seal { line, since } => self.seal(number, line, since),
            NodeEvent::Pump => self.pump(number),
            NodeEvent::Poll => self.poll(number),
            NodeEvent::Leave => self.leave(number),
        }
    }

    /// Notes an event for the process that runs now.
    pub(crate) fn note_node(&mut self, number: usize, after: Time, event: NodeEvent) {
        self.note_node_at(self.calendar.now() + after, number, event);
    }

    fn note_node_at(&mut self, at: Time, number: usize, event: NodeEvent) {
        let Some(life) = self.nodes.get(number).map(|node| node.life) else { return };
        self.calendar.note(at, crate::world::Event::Node { node: number, life, event });
    }
}
