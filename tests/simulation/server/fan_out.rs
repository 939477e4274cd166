//! Feeds: what each connection has not been sent yet.

use floorline_mobile_sync::wire::{Close, Push, Raw, ResetReason, ServerFrame, Topic};
use floorline_server::floor::sync::core::{State, Subscribed};

use super::{NodeEvent, Talk};
use crate::broken::Broken;
use crate::database::TopicRow;
use crate::network::LineId;
use crate::world::World;

impl World {
    /// Heads are polled each second, whatever woke or did not.
    pub(super) fn poll(&mut self, number: usize) {
        self.notice_epoch(number);
        self.pump(number);
        let busy = self.nodes.get(number).is_some_and(|node| !node.talks.is_empty());
        self.note_node(number, if busy { 1_000 } else { 5_000 }, NodeEvent::Poll);
    }

    /// The database was put back under a server that runs: everyone must say hello again.
    fn notice_epoch(&mut self, number: usize) {
        let epoch = self.database.tables.server_epoch.clone();
        let Some(node) = self.nodes.get_mut(number).filter(|node| node.epoch != epoch) else { return };
        let first = std::mem::replace(&mut node.epoch, epoch).is_empty();
        for line in self.network.held_by(number).into_iter().filter(|_| !first) {
            self.close(number, line, Close::Draining);
        }
    }

    /// Sends every connection what its feeds have.
    pub(super) fn pump(&mut self, number: usize) {
        if !self.database.up {
            return;
        }
        let Some(node) = self.nodes.get(number) else { return };
        let live = |(line, talk): (&LineId, &Talk)| matches!(talk, Talk::Live(_)).then_some(*line);
        let lines: Vec<LineId> = node.talks.iter().filter_map(live).collect();
        for line in lines {
            let feeds = self.live(number, line).map_or(0, |live| live.feeds.len());
            for feed in 0..feeds {
                while let Some(frame) = self.next(number, line, feed) {
                    self.send_down(line, &frame);
                }
            }
        }
    }

    /// The next frame of one feed of one connection.
    fn next(&mut self, number: usize, line: LineId, feed: usize) -> Option<ServerFrame> {
        let (chunk, skips) = (self.chance.usize(1..30), self.is(Broken::SkipsPushes));
        let Talk::Live(live) = self.nodes.get_mut(number)?.talks.get_mut(&line)? else { return None };
        let place = live.feeds.get_mut(feed).filter(|feed| feed.wants())?;
        let topic = self.database.tables.topics.get(&place.topic.to_string())?;
        if topic.epoch != place.epoch {
            topic.epoch.clone_into(&mut place.epoch);
            self.coverage.saw("reset: EPOCH");
            return Some(place.reset(ResetReason::Epoch));
        }
        if place.sent < topic.floor {
            self.coverage.saw("reset: TOO_OLD");
            return Some(place.reset(ResetReason::TooOld));
        }
        let from = place.sent;
        if from >= topic.head {
            place.state = State::Live;
            return None;
        }
        let (to, mut events) = range(topic, from, chunk)?;
        if skips && to % 5 == 0 {
            events.pop();
        }
        place.sent(to);
        Some(ServerFrame::Push(Push {
            topic: place.topic,
            epoch: place.epoch.clone(),
            from,
            to,
            events,
            head: topic.head,
        }))
    }
}

/// At most `chunk` lines after `from`, each with its cursor.
fn range(topic: &TopicRow, from: i64, chunk: usize) -> Option<(i64, Vec<Raw>)> {
    let mut lines: Vec<_> = topic.feed.iter().filter(|(cursor, _)| *cursor > from).take(chunk).collect();
    lines.sort_by_key(|(cursor, _)| *cursor);
    let to = lines.last()?.0;
    let event = |(cursor, body): &&(i64, std::sync::Arc<str>)| {
        let members = body.strip_prefix('{').unwrap_or_default();
        Raw::new(format!("{{\"cursor\":{cursor},{members}")).ok()
    };
    Some((to, lines.iter().filter_map(event).collect()))
}

impl World {
    /// A reader fell too far behind, and starts over.
    pub(crate) fn fall_behind(&mut self, line: LineId, topic: Topic, reason: ResetReason) {
        let Some(number) = self.network.line(line).map(|line| line.node) else { return };
        let Some(live) = self.live(number, line) else { return };
        let following = |feed: &&mut Subscribed| feed.topic == topic && feed.wants();
        let Some(frame) = live.feeds.iter_mut().find(following).map(|feed| feed.reset(reason)) else { return };
        self.send_down(line, &frame);
    }
}
