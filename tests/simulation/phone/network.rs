//! Connecting, hearing, and losing a connection, as a phone meets it.

use floorline_domain::EntryKey;
use floorline_mobile_sync::client::{self, OpenFailure};
use floorline_mobile_sync::topic::Topic;
use floorline_mobile_sync::wire::{ClientFrame, Close, ResetReason, ServerFrame};
use floorline_server::checker::Told;

use super::{Air, PhoneEvent};
use crate::database::snapshot;
use crate::network::LineId;
use crate::server::NodeEvent;
use crate::world::World;

impl World {
    /// The client wants a connection: to one of the servers, as a balancer gives it.
    pub(super) fn dial(&mut self, number: usize, connection: u64) {
        let now = self.calendar.now();
        let hop = self.chance.u8(..) < 80;
        let Some(phone) = self.phones.get_mut(number) else { return };
        if hop {
            phone.node = 1 - phone.node;
        }
        let (air, life, node) = (phone.air, phone.life, phone.node);
        let up = self.nodes.get(node).filter(|node| node.up);
        let silent = up.is_some_and(|node| node.stopped_until > now);
        let reachable = up.is_some_and(|node| !node.leaving) && (self.database.up || silent);
        let after = 5 + self.latency(80);
        let line = match air {
            Air::Dead => None,
            Air::Clear if !reachable => None,
            Air::Clear | Air::Captive => Some(self.network.open(number, life, connection, node)),
        };
        if let Some(id) = line {
            if air == Air::Captive {
                if let Some(line) = self.network.line_mut(id) {
                    line.captive = true;
                    line.held = false;
                }
            } else {
                self.answer_the_door(number, id, node);
            }
        }
        self.note_phone(number, after, PhoneEvent::Opened { connection, line });
    }

    fn answer_the_door(&mut self, number: usize, line: LineId, node: usize) {
        let Some(user) = self.phones.get(number).map(|phone| phone.user) else { return };
        let user = self.worker(user);
        self.greet(node, line, user);
    }

    pub(super) fn opened(&mut self, number: usize, connection: u64, line: Option<LineId>) {
        match line {
            Some(_) => {
                let ticket = Some("ticket".to_owned());
                self.handle(number, client::Event::Opened { connection, ticket });
            }
            None => {
                let why = OpenFailure::Unreachable;
                self.handle(number, client::Event::OpenFailed { connection, why });
            }
        }
    }

    pub(super) fn send_up(&mut self, number: usize, connection: u64, frame: &ClientFrame) {
        let Some(life) = self.phones.get(number).map(|phone| phone.life) else { return };
        let Some(id) = self.network.of(number, life, connection) else { return };
        let Ok(text) = frame.text() else { return };
        self.tell(|| format!("line {} up {text}", id.0));
        let now = self.calendar.now();
        let delay = 1 + self.latency(30);
        if self.network.line(id).is_some_and(|line| line.captive) {
            let page = "<html>Please accept our terms</html>".to_owned();
            self.note_phone(number, delay, PhoneEvent::Heard { line: id, text: page });
            return;
        }
        let Some(node) = self.network.line(id).filter(|line| line.heard).map(|line| line.node) else { return };
        if let Some(at) = self.network.upward(id, now + delay) {
            self.note_node(node, at - now, NodeEvent::Heard { line: id, text });
        }
    }

    /// The client gives a connection up.
    pub(super) fn shut(&mut self, number: usize, connection: u64) {
        let Some(life) = self.phones.get(number).map(|phone| phone.life) else { return };
        if let Some(id) = self.network.of(number, life, connection) {
            self.let_go(id);
        }
    }

    /// Everything the app had open.
    pub(super) fn drop_lines(&mut self, number: usize) {
        for id in self.network.open_lines() {
            if self.network.line(id).is_some_and(|line| line.phone == number) {
                self.let_go(id);
            }
        }
        self.network.tidy();
    }

    fn let_go(&mut self, id: LineId) {
        let now = self.calendar.now();
        let delay = 1 + self.latency(30);
        // Now and then nobody tells the server.
        let silently = self.chance.u8(..) < 60;
        let Some(line) = self.network.line_mut(id) else { return };
        line.heard = false;
        let node = line.node;
        if line.held
            && !silently
            && let Some(at) = self.network.upward(id, now + delay)
        {
            self.note_node(node, at - now, NodeEvent::Gone { line: id });
        }
    }

    pub(super) fn closed(&mut self, number: usize, line: LineId, close: Close) {
        let Some(connection) = self.network.line_mut(line).filter(|line| line.heard).map(|line| {
            line.heard = false;
            line.connection
        }) else {
            return;
        };
        self.handle(number, client::Event::Closed { connection, close });
        self.network.tidy();
    }

    pub(super) fn listen(&mut self, number: usize, line: LineId, text: String) {
        let Some(connection) = self.network.line(line).filter(|line| line.heard).map(|line| line.connection) else {
            return;
        };
        if self.phones.get(number).and_then(|phone| phone.client.as_ref()).map(client::Client::connection)
            == Some(connection)
        {
            self.record(number, &text);
        }
        self.handle(number, client::Event::Frame { connection, text });
    }

    /// Remembers every verdict that a phone was ever told, and what else it heard. A verdict counts as told in the epoch of its
    /// connection's welcome: it may have been on its way when the database was put back.
    fn record(&mut self, number: usize, text: &str) {
        // Most frames are events, and those tell no verdicts.
        if text.starts_with("{\"type\":\"push\"") {
            return;
        }
        let Ok(frame) = ServerFrame::parse(text) else { return };
        let Some(phone) = self.phones.get_mut(number) else { return };
        let Some(stream_id) = phone.client.as_ref().map(client::Client::stream) else { return };
        let results = match &frame {
            ServerFrame::Welcome(welcome) => {
                welcome.server_epoch.clone_into(&mut phone.epoch);
                welcome.results.as_slice()
            }
            ServerFrame::Result(results) => results.results.as_slice(),
            _ => &[],
        };
        for raw in results {
            let Ok(seq) = raw.read::<floorline_mobile_sync::verdict::Verdict>().map(|verdict| verdict.seq) else {
                continue;
            };
            let (key, text) = (EntryKey { stream_id, seq }, raw.text().to_owned());
            // A twin's entry, on a stream that both of them write, is none of this phone's.
            let told = phone.entry(key).map(|kept| Told::about(&kept, &phone.epoch, text));
            phone.told.extend(told);
        }
        match frame {
            ServerFrame::Reset(reset) => {
                let word = match reset.reason {
                    ResetReason::Slow => "SLOW",
                    ResetReason::TooOld => "TOO_OLD",
                    ResetReason::Epoch => "EPOCH",
                    ResetReason::ScopeChanged => "SCOPE_CHANGED",
                };
                self.coverage.saw(format!("reset: {word}"));
            }
            ServerFrame::Retry(retry) => self.coverage.saw(format!("retry: {}", retry.reason)),
            _ => {}
        }
    }

    /// Snapshots come over HTTP, from whichever server answers.
    pub(super) fn fetch_snapshot(&mut self, number: usize, topic: Topic) {
        let up = !self.working_nodes().is_empty() && self.database.up;
        let Some(phone) = self.phones.get(number) else { return };
        let clear = phone.air == Air::Clear;
        let own = match topic {
            Topic::Site(site) => site == self.scene.site,
            Topic::User(user) => user == self.worker(phone.user),
            Topic::Org(_) | Topic::Order(_) => false,
        };
        let torn = self.chance.u8(..) < 12;
        let text = if up && clear && own { snapshot(&self.database.tables, topic) } else { None };
        let text = if torn { text.map(|text| text.chars().take(text.len() / 2).collect()) } else { text };
        let after = 10 + self.latency(200);
        self.note_phone(number, after, PhoneEvent::Snapshot { topic, text });
    }
}
