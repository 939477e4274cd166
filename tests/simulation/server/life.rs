//! Starting, stopping, draining and killing a server process.

use floorline_domain::StreamId;
use floorline_mobile_sync::limits::JITTER;
use floorline_mobile_sync::wire::{Close, Goaway, ServerFrame};

use super::{Barrier, Node, NodeEvent};
use crate::scene;
use crate::world::World;

impl World {
    /// A new process begins, with a stream of its own.
    pub(crate) fn start_node(&mut self, number: usize) {
        let stream = StreamId(scene::id(&mut self.chance));
        let Some(node) = self.nodes.get_mut(number).filter(|node| !node.up) else { return };
        *node = Node { life: node.life + 1, ..Node::new(stream, node.skew) };
        self.note_node(number, 1_000, NodeEvent::Poll);
    }

    /// `kill -9`: whatever it was doing is cut off there.
    pub(crate) fn kill_node(&mut self, number: usize) {
        let Some(node) = self.nodes.get_mut(number).filter(|node| node.up) else { return };
        node.up = false;
        node.life += 1;
        if let Some(running) = node.running.take() {
            self.database.locks.release(running.tx);
        }
        node.talks.clear();
        node.queue.clear();
        node.jobs.clear();
        for line in self.network.held_by(number) {
            self.hang_up(line, Close::Other(1006));
        }
    }

    /// Kills the process if it is doomed to die here, and has it started again later.
    pub(super) fn dies_at(&mut self, number: usize, barrier: Barrier) -> bool {
        let doomed =
            self.nodes.get_mut(number).is_some_and(|node| node.doom.take_if(|doom| *doom == barrier).is_some());
        if doomed {
            self.coverage.saw(format!("fault: server killed {barrier:?}"));
            self.kill_node(number);
            let after = self.chance.u64(500..20_000);
            self.calendar.note(self.calendar.now() + after, crate::world::Event::StartNode(number));
        }
        doomed
    }

    /// A deploy: nothing new is begun, everyone is asked to leave.
    pub(crate) fn drain_node(&mut self, number: usize) {
        let Some(node) = self.nodes.get_mut(number).filter(|node| node.up && !node.leaving) else { return };
        node.leaving = true;
        self.coverage.saw("fault: drain");
        let jitter_ms = u64::try_from(JITTER.as_millis()).unwrap_or_default();
        let frame = ServerFrame::Goaway(Goaway { jitter_ms, reason: "DEPLOY".to_owned() });
        for line in self.network.held_by(number) {
            self.send_down(line, &frame);
        }
        self.note_node(number, 8_000, NodeEvent::Leave);
    }

    /// What was taken is decided; then everyone is sent away and the process ends.
    pub(super) fn leave(&mut self, number: usize) {
        let Some(node) = self.nodes.get_mut(number) else { return };
        if node.running.is_some() || !node.queue.is_empty() || !node.jobs.is_empty() || node.answering > 0 {
            self.note_node(number, 200, NodeEvent::Leave);
            return;
        }
        node.up = false;
        node.life += 1;
        node.talks.clear();
        for line in self.network.held_by(number) {
            self.hang_up(line, Close::Draining);
        }
        let after = self.chance.u64(500..5_000);
        self.calendar.note(self.calendar.now() + after, crate::world::Event::StartNode(number));
    }
}
