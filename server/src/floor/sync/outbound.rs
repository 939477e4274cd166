//! Frames on their way to one peer, counted: a slow reader must not fill the server's memory.

use std::collections::VecDeque;

use bytes::Bytes;
use bytestring::ByteString;
use floorline_mobile_sync::limits::{OUTBOUND_BYTES, OUTBOUND_FRAMES};
use tracing::Span;

/// Feed events are added only below this, so that answers always find room.
const ROOM_BYTES: usize = 128 * 1024;
/// See [`ROOM_BYTES`].
const ROOM_FRAMES: usize = 16;

/// A frame's text; a push is shared between all who follow.
pub(super) type Text = ByteString;

/// What is sent.
#[derive(Clone, Debug)]
pub(super) enum Frame {
    /// A message of the protocol.
    Text(Text),
    /// The answer to a ping of WebSocket's own.
    Pong(Bytes),
}

impl Frame {
    fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Pong(bytes) => bytes.len(),
        }
    }
}

/// What waits for the socket.
#[derive(Debug, Default)]
pub(super) struct Outbound {
    /// Each with what ends when it is sent.
    frames: VecDeque<(Frame, Span)>,
    bytes: usize,
}

impl Outbound {
    /// Adds a message.
    pub(super) fn push(&mut self, text: Text) {
        self.add(Frame::Text(text));
    }

    /// Answers a ping. A peer that only pings and never reads floods itself.
    pub(super) fn pong(&mut self, bytes: Bytes) {
        self.add(Frame::Pong(bytes));
    }

    fn add(&mut self, frame: Frame) {
        self.bytes += frame.len();
        self.frames.push_back((frame, Span::none()));
    }

    /// What was added last ends this span when it is sent.
    pub(super) fn ends(&mut self, span: Span) {
        if let Some((_, ends)) = self.frames.back_mut() {
            *ends = span;
        }
    }

    /// The next frame to send.
    pub(super) fn front(&self) -> Option<Frame> {
        self.frames.front().map(|(frame, _)| frame.clone())
    }

    /// The front was sent.
    pub(super) fn sent(&mut self) {
        if let Some((frame, ends)) = self.frames.pop_front() {
            self.bytes -= frame.len();
            // A span ends where it was left last.
            ends.in_scope(|| ());
        }
    }

    /// Whether feed events may be added.
    pub(super) fn has_room(&self) -> bool {
        self.frames.len() < ROOM_FRAMES && self.bytes < ROOM_BYTES
    }

    /// Whether the peer takes so little that the connection ends with 4413. The largest frame does not count: one event may be larger
    /// than all that is allowed, and whoever follows its feed must get past it.
    pub(super) fn is_flooded(&self) -> bool {
        let largest = self.frames.iter().map(|(frame, _)| frame.len()).max().unwrap_or(0);
        self.frames.len() > OUTBOUND_FRAMES || self.bytes - largest > OUTBOUND_BYTES
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_ends_before_the_flood() {
        let mut outbound = Outbound::default();
        for _ in 0..ROOM_FRAMES {
            assert!(outbound.has_room());
            outbound.push("x".into());
        }
        assert!(!outbound.has_room() && !outbound.is_flooded());
        for _ in 0..OUTBOUND_FRAMES {
            outbound.push("x".into());
        }
        assert!(outbound.is_flooded());
        while outbound.front().is_some() {
            outbound.sent();
        }
        assert!(outbound.is_empty() && outbound.bytes == 0);
    }

    #[test]
    fn one_frame_larger_than_all_that_is_allowed_is_no_flood() {
        let mut outbound = Outbound::default();
        outbound.push("x".into());
        outbound.push("x".repeat(OUTBOUND_BYTES + 1).into());
        outbound.push("x".into());
        assert!(!outbound.is_flooded() && !outbound.has_room());
        outbound.push("x".repeat(OUTBOUND_BYTES).into());
        assert!(outbound.is_flooded());
    }

    #[test]
    fn pongs_that_are_not_read_are_a_flood() {
        let mut outbound = Outbound::default();
        for _ in 0..=OUTBOUND_FRAMES {
            outbound.pong(Bytes::new());
        }
        assert!(outbound.is_flooded());
    }
}
