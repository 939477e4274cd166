//! Text messages out of WebSocket frames, within limits.
//!
//! A message may come in pieces; empty pieces cost a peer six bytes and the server an allocation, so their number is limited too.

use actix_ws::{Item, Message};
use floorline_mobile_sync::limits::FRAME_BYTES;

/// Pieces of one message at most.
const PIECES: usize = 64;

/// Puts messages together.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    text: Option<Vec<u8>>,
    pieces: usize,
}

/// What a frame amounted to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A whole text message.
    Text(String),
    /// A ping to be answered in kind.
    Ping(Vec<u8>),
    /// Nothing to act on: a pong, or a piece.
    Sign,
    /// The peer closes.
    Closed,
    /// Binary, too large, in too many pieces, or not UTF-8.
    Bad,
}

impl Fragments {
    /// Takes one frame.
    pub(super) fn take(&mut self, message: Message) -> Heard {
        match message {
            Message::Text(text) if self.text.is_none() && text.len() <= FRAME_BYTES => Heard::Text(text.to_string()),
            Message::Ping(bytes) => Heard::Ping(bytes.to_vec()),
            Message::Pong(_) | Message::Nop => Heard::Sign,
            Message::Close(_) => Heard::Closed,
            Message::Continuation(Item::FirstText(piece)) if self.text.is_none() => {
                self.text = Some(Vec::new());
                self.pieces = 0;
                self.add(&piece)
            }
            Message::Continuation(Item::Continue(piece)) => self.add(&piece),
            Message::Continuation(Item::Last(piece)) => match self.add(&piece) {
                Heard::Sign => {
                    self.text.take().and_then(|text| String::from_utf8(text).ok()).map_or(Heard::Bad, Heard::Text)
                }
                bad => bad,
            },
            Message::Text(_) | Message::Binary(_) | Message::Continuation(_) => Heard::Bad,
        }
    }

    fn add(&mut self, piece: &[u8]) -> Heard {
        let Some(text) = &mut self.text else { return Heard::Bad };
        self.pieces += 1;
        if self.pieces > PIECES || text.len() + piece.len() > FRAME_BYTES {
            return Heard::Bad;
        }
        text.extend_from_slice(piece);
        Heard::Sign
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &'static str) -> Message {
        Message::Continuation(Item::FirstText(text.into()))
    }

    fn more(text: &'static str) -> Message {
        Message::Continuation(Item::Continue(text.into()))
    }

    fn last(text: &'static str) -> Message {
        Message::Continuation(Item::Last(text.into()))
    }

    #[test]
    fn pieces_become_one_message() {
        let mut fragments = Fragments::default();
        assert_eq!(fragments.take(first("{\"a\"")), Heard::Sign);
        assert_eq!(fragments.take(Message::Pong("".into())), Heard::Sign);
        assert_eq!(fragments.take(more(":1")), Heard::Sign);
        assert_eq!(fragments.take(last("}")), Heard::Text("{\"a\":1}".into()));
        assert_eq!(fragments.take(Message::Text("x".into())), Heard::Text("x".into()));
    }

    #[test]
    fn what_is_out_of_order_or_too_much_is_bad() {
        assert_eq!(Fragments::default().take(more("x")), Heard::Bad);
        assert_eq!(Fragments::default().take(last("x")), Heard::Bad);
        assert_eq!(Fragments::default().take(Message::Binary("x".into())), Heard::Bad);
        assert_eq!(Fragments::default().take(Message::Continuation(Item::FirstBinary("x".into()))), Heard::Bad);
        assert_eq!(Fragments::default().take(Message::Text("x".repeat(FRAME_BYTES + 1).into())), Heard::Bad);
        let mut interleaved = Fragments::default();
        interleaved.take(first("x"));
        assert_eq!(interleaved.take(Message::Text("y".into())), Heard::Bad);
        let mut endless = Fragments::default();
        endless.take(first(""));
        assert!((0..PIECES).map(|_| endless.take(more(""))).any(|heard| heard == Heard::Bad));
        let mut large = Fragments::default();
        large.take(first("x"));
        let piece = || Message::Continuation(Item::Continue("x".repeat(FRAME_BYTES / 2).into()));
        assert_eq!(large.take(piece()), Heard::Sign);
        assert_eq!(large.take(piece()), Heard::Bad);
        let mut broken = Fragments::default();
        broken.take(Message::Continuation(Item::FirstText(vec![0xff_u8].into())));
        assert_eq!(broken.take(last("")), Heard::Bad);
    }
}
