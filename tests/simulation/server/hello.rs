//! A hello: the two memories of the stream are compared, and the session begins.

use chrono::TimeDelta;
use floorline_domain::{LeaseId, StreamId, UserId};
use floorline_mobile_sync::chain::Hash;
use floorline_mobile_sync::wire::{
    Close, Hello, Lease, Limits, Mode, ServerFrame, Subscription, Topic, TopicState, Welcome,
};
use floorline_server::floor::engine::ClockOffset;
use floorline_server::floor::engine::core::{self, StreamState};
use floorline_server::floor::sync::core::{Memory, Session, Subscribed, Writing, mode, remembered};

use super::conversation::LOCK_WAIT;
use super::{Caller, Live, NodeEvent, Talk};
use crate::broken::Broken;
use crate::calendar::Time;
use crate::database::Key;
use crate::network::LineId;
use crate::scene;
use crate::world::World;

/// A revoked device may hand in what it holds for this long.
const QUARANTINE: TimeDelta = TimeDelta::days(7);

impl World {
    pub(super) fn hello(&mut self, number: usize, line: LineId, hello: Box<Hello>, since: Time) {
        let Some(Talk::Silent { user }) = self.nodes.get(number).and_then(|node| node.talks.get(&line)) else { return };
        let user = *user;
        let (Some(device), Some(stream)) = (hello.device_id, hello.stream_id) else {
            self.close(number, line, Close::BadFrame);
            return;
        };
        if !self.database.up {
            self.close(number, line, Close::Draining);
            return;
        }
        if !self.database.locks.is_free(&Key::Stream(stream)) {
            if self.calendar.now() - since < LOCK_WAIT {
                self.note_node(number, 20, NodeEvent::Hello { line, hello, since });
            } else {
                self.close(number, line, Close::Draining);
            }
            return;
        }
        let now = self.clock(number);
        let revoked = self.database.tables.devices.get(&device).copied().flatten();
        if revoked.is_some_and(|at| now - at >= QUARANTINE) {
            self.close(number, line, Close::Revoked);
            return;
        }
        let offset_ms = hello.device_time.map_or(0, |time| now.timestamp_millis().saturating_sub(time));
        let clock = ClockOffset { offset_ms, uncertainty_ms: 100 };
        let caller = Caller { device, stream, user, quarantined: revoked.is_some(), clock };
        if self.open(caller, &hello) {
            self.welcome(number, line, caller, &hello);
        } else {
            self.close(number, line, Close::Sealed);
        }
    }

    /// Opens or resumes the stream. False: it is another device's, is over, or has another future.
    fn open(&mut self, caller: Caller, hello: &Hello) -> bool {
        let tables = &mut self.database.tables;
        if !tables.streams.contains_key(&caller.stream) {
            scene::open_stream(tables, caller.stream, Some(caller.device));
            if let Some(row) = tables.streams.get_mut(&caller.stream).filter(|_| caller.quarantined) {
                row.held.state = StreamState::Fenced;
                row.fence = Some(0);
            }
        }
        let Some(row) = tables.streams.get_mut(&caller.stream) else { return false };
        if row.held.device != Some(caller.device) {
            return false;
        }
        row.held.session += 1;
        let acked = hello.acked_seq.unwrap_or_default();
        row.acked_seq = row.acked_seq.max(acked.min(row.held.last_seq));
        if row.held.state == StreamState::Sealed {
            return false;
        }
        let ours = match remembered(caller.stream, acked, row.held.last_seq, row.held.last_hash) {
            Memory::Hash(hash) => Some(hash),
            Memory::Receipt(seq) => tables.receipts.get(&(caller.stream, seq)).map(|row| Hash(row.receipt.hash)),
            Memory::Forgotten => None,
        };
        let forked = ours.zip(hello.hash).is_some_and(|(ours, theirs)| ours != theirs);
        if forked && !self.is(Broken::IgnoresHashes) {
            self.database.tables.seal(caller.stream);
            self.coverage.saw("fork");
            return false;
        }
        true
    }

    fn welcome(&mut self, number: usize, line: LineId, caller: Caller, hello: &Hello) {
        self.accept_leases(caller, hello);
        let lease = self.lease(caller);
        let topics: Vec<(TopicState, i64)> =
            hello.subscriptions.iter().map(|asked| self.subscribe(caller, asked)).collect();
        let acked = hello.acked_seq.unwrap_or_default();
        let page = self.results(caller.stream, acked).unwrap_or_default();
        let Some(held) = self.database.tables.streams.get(&caller.stream).map(|row| row.held.clone()) else { return };
        let welcome = Welcome {
            session: held.session,
            server_time: self.clock(number).timestamp_millis(),
            server_epoch: self.database.tables.server_epoch.clone(),
            last_seq: held.last_seq,
            hash: Some(held.last_hash).filter(|_| !self.is(Broken::IgnoresHashes)),
            results: page.results,
            more: page.more,
            topics: topics.iter().map(|(state, _)| state.clone()).collect(),
            limits: Limits::default(),
            minimum_app: "0.1.0".to_owned(),
        };
        let writing = Writing { last_seq: held.last_seq, acked_seq: acked.min(held.last_seq), more: page.more };
        let feeds = topics.iter().map(|(state, cursor)| Subscribed::new(state, *cursor)).collect();
        let begun = self.calendar.now();
        let session = Session::new(held.session, Some(writing));
        let server_epoch = welcome.server_epoch.clone();
        let live = Live { session, phone: caller, number: held.session, server_epoch, feeds, begun };
        self.take_seat(number, line, caller.stream);
        if let Some(node) = self.nodes.get_mut(number) {
            node.talks.insert(line, Talk::Live(Box::new(live)));
        }
        self.send_down(line, &ServerFrame::Welcome(welcome));
        if let Some(lease) = lease {
            self.send_down(line, &ServerFrame::Lease(lease));
        }
        self.note_node(number, 12_000, NodeEvent::Tick { line });
        self.pump(number);
    }

    /// Leases that the server may have forgotten. Their signature is not what is simulated here.
    fn accept_leases(&mut self, caller: Caller, hello: &Hello) {
        for text in &hello.leases {
            let Ok((lease_id, user_id)) = serde_json::from_str::<(LeaseId, UserId)>(text) else { continue };
            let Some(person) = self.database.tables.people.get(&user_id) else { continue };
            let lease = core::Lease {
                user_id,
                device_id: caller.device,
                roles: person.roles.clone(),
                permissions: scene::worker_rights(),
            };
            self.database.tables.leases.entry(lease_id).or_insert(lease);
        }
    }

    /// What the person may do now, promised for later.
    fn lease(&mut self, caller: Caller) -> Option<Lease> {
        let person = self.database.tables.people.get(&caller.user).filter(|_| !caller.quarantined)?;
        let lease = core::Lease {
            user_id: caller.user,
            device_id: caller.device,
            roles: person.roles.clone(),
            permissions: person.permissions.clone(),
        };
        let lease_id = LeaseId(scene::id(&mut self.chance));
        self.database.tables.leases.insert(lease_id, lease);
        let lease = serde_json::to_string(&(lease_id, caller.user)).unwrap_or_default();
        Some(Lease { lease_id, lease })
    }

    /// How a feed goes on, and from where.
    fn subscribe(&mut self, caller: Caller, asked: &Subscription) -> (TopicState, i64) {
        let topic = asked.topic;
        let own = topic == Topic::Site(self.scene.site) || topic == Topic::User(caller.user);
        if caller.quarantined || !own {
            self.coverage.saw("resume: denied");
            return (TopicState { topic, mode: Mode::Denied, epoch: String::new(), head: 0 }, 0);
        }
        let epoch = scene::epoch(&mut self.chance);
        let tables = &mut self.database.tables;
        let org = tables.org;
        let row = tables.topic_mut(&topic.to_string(), org, || epoch);
        let same = asked.epoch.as_deref() == Some(row.epoch.as_str());
        if same && asked.cursor < row.floor {
            self.coverage.saw("reset: TOO_OLD");
        }
        let mode = mode(asked.epoch.as_deref(), asked.cursor, &row.epoch, row.head, row.floor, true);
        self.coverage.saw(if mode == Mode::Delta { "resume: delta" } else { "resume: snapshot" });
        let cursor = if same { asked.cursor.min(row.head) } else { 0 };
        (TopicState { topic, mode, epoch: row.epoch.clone(), head: row.head }, cursor)
    }

    /// A stream has one socket here; the one before it is sent away.
    fn take_seat(&mut self, number: usize, line: LineId, stream: StreamId) {
        let Some(node) = self.nodes.get_mut(number) else { return };
        let Some(before) = node.seats.insert(stream, line).filter(|before| *before != line) else { return };
        if node.talks.contains_key(&before) {
            self.coverage.saw("takeover");
            self.close(number, before, Close::Replaced);
        }
    }
}

impl World {
    /// A socket was opened to this server, with a ticket of this person's.
    pub(crate) fn greet(&mut self, number: usize, line: LineId, user: UserId) {
        if let Some(node) = self.nodes.get_mut(number) {
            node.talks.insert(line, Talk::Silent { user });
        }
    }
}
