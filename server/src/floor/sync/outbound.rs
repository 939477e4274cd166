//! Frames on their way to one peer, counted: a slow reader must not fill the server's memory.

use std::collections::VecDeque;
use std::sync::Arc;

use floorline_mobile_sync::limits::{OUTBOUND_BYTES, OUTBOUND_FRAMES};

/// Feed events are added only below this, so that answers always find room.
const ROOM_BYTES: usize = 128 * 1024;
/// See [`ROOM_BYTES`].
const ROOM_FRAMES: usize = 16;

/// A frame's text; a push is shared between all who follow.
pub(super) type Text = Arc<str>;

/// What waits for the socket.
#[derive(Debug, Default)]
pub(super) struct Outbound {
    frames: VecDeque<Text>,
    bytes: usize,
}

impl Outbound {
    /// Adds a frame.
    pub(super) fn push(&mut self, text: Text) {
        self.bytes += text.len();
        self.frames.push_back(text);
    }

    /// The next frame to send.
    pub(super) fn front(&self) -> Option<Text> {
        self.frames.front().cloned()
    }

    /// The front was sent.
    pub(super) fn sent(&mut self) {
        if let Some(text) = self.frames.pop_front() {
            self.bytes -= text.len();
        }
    }

    /// Whether feed events may be added.
    pub(super) fn has_room(&self) -> bool {
        self.frames.len() < ROOM_FRAMES && self.bytes < ROOM_BYTES
    }

    /// Whether the peer takes so little that the connection ends with 4413.
    pub(super) fn is_flooded(&self) -> bool {
        self.frames.len() > OUTBOUND_FRAMES || self.bytes > OUTBOUND_BYTES
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
        outbound.push("x".repeat(OUTBOUND_BYTES + 1).into());
        assert!(outbound.is_flooded());
    }
}
