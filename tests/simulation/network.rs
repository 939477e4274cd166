//! Sockets between phones and servers: each direction keeps its order, and may be slow, dead without a word, or cut.

use std::collections::BTreeMap;

use crate::calendar::Time;

/// A socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LineId(pub(crate) u64);

/// One socket and its two ends.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) phone: usize,
    /// The life of the app that opened it.
    pub(crate) life: u32,
    pub(crate) connection: u64,
    pub(crate) node: usize,
    /// The phone still listens.
    pub(crate) heard: bool,
    /// The server still holds it.
    pub(crate) held: bool,
    /// Nothing passes any more, and nobody is told.
    pub(crate) dead: bool,
    /// A captive portal answers in the server's place.
    pub(crate) captive: bool,
    /// When the latest frame arrives at either end: none overtakes it.
    up: Time,
    down: Time,
}

/// All sockets.
#[derive(Default)]
pub(crate) struct Network {
    lines: BTreeMap<LineId, Line>,
    opened: u64,
}

impl Network {
    pub(crate) fn open(&mut self, phone: usize, life: u32, connection: u64, node: usize) -> LineId {
        self.opened += 1;
        let id = LineId(self.opened);
        let line = Line {
            phone,
            life,
            connection,
            node,
            heard: true,
            held: true,
            dead: false,
            captive: false,
            up: 0,
            down: 0,
        };
        self.lines.insert(id, line);
        id
    }

    pub(crate) fn line(&self, id: LineId) -> Option<&Line> {
        self.lines.get(&id)
    }

    pub(crate) fn line_mut(&mut self, id: LineId) -> Option<&mut Line> {
        self.lines.get_mut(&id)
    }

    /// When a frame that leaves the phone now arrives; none when it never does.
    pub(crate) fn upward(&mut self, id: LineId, at: Time) -> Option<Time> {
        let line = self.lines.get_mut(&id).filter(|line| !line.dead)?;
        line.up = line.up.max(at);
        Some(line.up)
    }

    /// When a frame that leaves the server now arrives; none when it never does.
    pub(crate) fn downward(&mut self, id: LineId, at: Time) -> Option<Time> {
        let line = self.lines.get_mut(&id).filter(|line| !line.dead)?;
        line.down = line.down.max(at);
        Some(line.down)
    }

    /// The socket of a connection.
    pub(crate) fn of(&self, phone: usize, life: u32, connection: u64) -> Option<LineId> {
        let same = |line: &Line| (line.phone, line.life, line.connection) == (phone, life, connection);
        self.lines.iter().rev().find(|(_, line)| same(line)).map(|(id, _)| *id)
    }

    /// Sockets that both ends believe in.
    pub(crate) fn open_lines(&self) -> Vec<LineId> {
        self.lines.iter().filter(|(_, line)| line.heard && line.held && !line.dead).map(|(id, _)| *id).collect()
    }

    /// Sockets that a server holds.
    pub(crate) fn held_by(&self, node: usize) -> Vec<LineId> {
        self.lines.iter().filter(|(_, line)| line.held && line.node == node).map(|(id, _)| *id).collect()
    }

    /// Forgets what neither end believes in.
    pub(crate) fn tidy(&mut self) {
        self.lines.retain(|_, line| line.heard || line.held);
    }
}
