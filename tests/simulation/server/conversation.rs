//! What is heard on a connection, and what the session says to do about it.

use std::time::Duration;

use floorline_mobile_sync::chain::{self, Hash};
use floorline_mobile_sync::limits::JITTER;
use floorline_mobile_sync::wire::{ClientFrame, Close, Pong, Retry, Revoked, ServerFrame, Submit};
use floorline_server::floor::engine::{DeviceSubmit, SessionKey, Submitted};
use floorline_server::floor::sync::core::{ResultsPage, Step, page};

use super::{Barrier, Live, NodeEvent, Talk, Work};
use crate::broken::Broken;
use crate::calendar::Time;
use crate::database::Key;
use crate::network::LineId;
use crate::world::World;

/// How long a statement waits for a row.
pub(super) const LOCK_WAIT: Time = 2_000;

impl World {
    pub(super) fn live(&mut self, number: usize, line: LineId) -> Option<&mut Live> {
        match self.nodes.get_mut(number)?.talks.get_mut(&line)? {
            Talk::Live(live) => Some(live),
            Talk::Silent { .. } => None,
        }
    }

    pub(super) fn heard(&mut self, number: usize, line: LineId, text: &str) {
        if !self.network.line(line).is_some_and(|line| line.held) {
            return;
        }
        let Ok(frame) = ClientFrame::parse(text) else {
            self.close(number, line, Close::BadFrame);
            return;
        };
        let now = self.calendar.now();
        match (frame, self.live(number, line)) {
            (ClientFrame::Hello(hello), None) => self.hello(number, line, Box::new(hello), now),
            (_, None) => self.close(number, line, Close::BadFrame),
            (frame, Some(live)) => {
                live.session.heard(Duration::from_millis(now - live.begun));
                if let Some(step) = live.session.frame(frame) {
                    self.take(number, line, step);
                }
            }
        }
    }

    /// Does what the session says.
    fn take(&mut self, number: usize, line: LineId, step: Step) {
        match step {
            Step::Send(frame) => self.send_down(line, &frame),
            Step::Submit(submit) => self.submit(number, line, submit),
            Step::ReadResults { after } => self.read_results(number, line, after),
            Step::Seal(_) => {
                let now = self.calendar.now();
                self.seal(number, line, now);
            }
            Step::Report(at) => {
                let epoch = self.database.tables.topics.get(&at.topic.to_string()).map(|topic| topic.epoch.clone());
                let Some((live, epoch)) = self.live(number, line).zip(epoch) else { return };
                let feed = live.feeds.iter_mut().find(|feed| feed.topic == at.topic);
                if let Some(frame) = feed.and_then(|feed| feed.report(&at, &epoch)) {
                    self.send_down(line, &frame);
                }
                self.pump(number);
            }
            Step::Pong(ping) => {
                let server_time = Some(self.clock(number).timestamp_millis());
                self.send_down(line, &ServerFrame::Pong(Pong { n: ping.n, server_time }));
            }
            Step::Close(close) => self.close(number, line, close),
        }
    }

    fn submit(&mut self, number: usize, line: LineId, submit: Submit) {
        let (org, site) = (self.database.tables.org, self.scene.site);
        let Some(live) = self.live(number, line) else { return };
        let phone = live.phone;
        let session = SessionKey { number: live.number, server_epoch: live.server_epoch.clone() };
        let submit = DeviceSubmit {
            org,
            site,
            stream_id: phone.stream,
            device_id: phone.device,
            session: Some(session),
            user: phone.user,
            clock: phone.clock,
            first_seq: submit.first_seq,
            entries: submit.entries,
            hashes: submit.hashes,
        };
        let submit = if self.is(Broken::IgnoresHashes) { self.without_hashes(submit) } else { submit };
        let Some(node) = self.nodes.get_mut(number) else { return };
        if node.leaving || (self.broken == Some(Broken::PutsOff) && submit.first_seq % 5 == 0) {
            let after_ms = u64::try_from(JITTER.as_millis()).unwrap_or_default();
            let retry = Retry { from_seq: submit.first_seq, reason: "DRAINING".to_owned(), after_ms };
            self.send_down(line, &ServerFrame::Retry(retry));
            return;
        }
        node.queue.push_back(Work::Device { line, submit: Box::new(submit) });
        self.kick(number);
    }

    /// A mistake: whatever a phone says its chain is, is taken for the server's.
    fn without_hashes(&self, submit: DeviceSubmit) -> DeviceSubmit {
        let tables = &self.database.tables;
        let Some(row) = tables.streams.get(&submit.stream_id) else { return submit };
        let (mut hashes, mut last) = (Vec::new(), row.held.last_hash);
        for (seq, entry) in (submit.first_seq..).zip(&submit.entries) {
            match tables.receipts.get(&(submit.stream_id, seq)) {
                Some(stored) => hashes.push(Hash(stored.receipt.hash)),
                None => {
                    last = chain::next(&last, entry.bytes());
                    hashes.push(last);
                }
            }
        }
        DeviceSubmit { hashes, ..submit }
    }

    /// A batch was answered; by now the connection may be another's.
    pub(super) fn answer(&mut self, number: usize, line: LineId, submitted: Submitted) {
        if let Some(node) = self.nodes.get_mut(number) {
            node.answering = node.answering.saturating_sub(1);
        }
        let Some(live) = self.live(number, line) else { return };
        for step in live.session.submitted(submitted) {
            self.take(number, line, step);
        }
        self.dies_at(number, Barrier::AfterReply);
    }

    fn read_results(&mut self, number: usize, line: LineId, after: i64) {
        let up = self.database.up;
        let Some(live) = self.live(number, line) else { return };
        let stream = live.phone.stream;
        let read = if up { self.results(stream, after) } else { None };
        let Some(live) = self.live(number, line) else { return };
        let step = live.session.page(after, read);
        self.take(number, line, step);
    }

    /// A page of stored verdicts.
    pub(super) fn results(&self, stream: floorline_domain::StreamId, after: i64) -> Option<ResultsPage> {
        let tables = &self.database.tables;
        let last = tables.streams.get(&stream)?.held.last_seq;
        let rows = tables.receipts.range((stream, after + 1)..=(stream, i64::MAX)).map(|((_, seq), row)| {
            let text = row.kept.then(|| self.told_again(&row.receipt.verdict));
            (*seq, text)
        });
        page(after, last, rows).ok()
    }

    /// Ends a stream for its device, once nobody else holds it.
    pub(super) fn seal(&mut self, number: usize, line: LineId, since: Time) {
        let now = self.calendar.now();
        let Some(live) = self.live(number, line) else { return };
        let stream = live.phone.stream;
        let free = self.database.up && self.database.locks.is_free(&Key::Stream(stream));
        if !free && now - since < LOCK_WAIT {
            self.note_node(number, 20, NodeEvent::Seal { line, since });
            return;
        }
        if free {
            self.database.tables.seal(stream);
        }
        let Some(live) = self.live(number, line) else { return };
        let step = live.session.sealed(free);
        self.take(number, line, step);
    }

    /// Time passed: the heartbeat, and a look at whether this is still who it was.
    pub(super) fn tick(&mut self, number: usize, line: LineId) {
        let now = self.calendar.now();
        let Some(live) = self.live(number, line) else { return };
        let step = live.session.tick(Duration::from_millis(now - live.begun));
        if let Some(step) = step {
            self.take(number, line, step);
        }
        self.check(number, line);
        if self.live(number, line).is_some() {
            self.note_node(number, 12_000, NodeEvent::Tick { line });
        }
    }

    fn check(&mut self, number: usize, line: LineId) {
        let up = self.database.up;
        let Some(live) = self.live(number, line).filter(|_| up) else { return };
        let (phone, session) = (live.phone, live.number);
        let tables = &self.database.tables;
        let revoked = tables.devices.get(&phone.device).is_some_and(Option::is_some);
        let now_held = tables.streams.get(&phone.stream).map(|row| row.held.session);
        if revoked && !phone.quarantined {
            self.send_down(line, &ServerFrame::Revoked(Revoked { reason: "DEVICE_REVOKED".to_owned() }));
            self.close(number, line, Close::Revoked);
        } else if now_held != Some(session) {
            self.close(number, line, Close::Replaced);
        }
    }

    pub(super) fn gone(&mut self, number: usize, line: LineId) {
        if let Some(held) = self.network.line_mut(line) {
            held.held = false;
        }
        if let Some(node) = self.nodes.get_mut(number) {
            node.talks.remove(&line);
        }
    }

    /// Ends a connection from this side.
    pub(super) fn close(&mut self, number: usize, line: LineId, close: Close) {
        if let Some(node) = self.nodes.get_mut(number) {
            node.talks.remove(&line);
        }
        self.hang_up(line, close);
    }
}
