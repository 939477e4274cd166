//! A stretch of a feed, as it is sent.

use std::fmt::Write as _;
use std::sync::Arc;

use bytestring::ByteString;
use floorline_mobile_sync::wire::Topic;

/// Bytes of events in one push. Small enough that a slow socket holds little, large enough that a burst takes few frames.
pub(super) const PUSH_BYTES: usize = 24 * 1024;

/// Events `from + 1 ..= to` of a topic, as one `push` frame that all followers at the same place share.
#[derive(Debug, PartialEq, Eq)]
pub struct Range {
    /// The cursor before the first event.
    pub from: i64,
    /// The cursor of the last event.
    pub to: i64,
    /// The frame's text, as the socket takes it: shared down to its buffer.
    pub text: ByteString,
}

impl Range {
    /// Builds the frame. Events are texts that begin with `{` and lack their cursor.
    pub(super) fn new(topic: &Topic, epoch: &str, from: i64, head: i64, events: &[Arc<str>]) -> Self {
        let bytes: usize = events.iter().map(|event| event.len() + 32).sum();
        let mut text = String::with_capacity(bytes + 256);
        let mut to = from;
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "{{\"type\":\"push\",\"topic\":\"{topic}\",\"epoch\":\"{epoch}\",\"from\":{from},\"events\":["
        );
        for event in events {
            to += 1;
            if to > from + 1 {
                text.push(',');
            }
            let _ = write!(text, "{{\"cursor\":{to},");
            text.push_str(event.get(1..).unwrap_or("}"));
        }
        let _ = write!(text, "],\"to\":{to},\"head\":{}}}", head.max(to));
        Self { from, to, text: text.into() }
    }

    /// Cuts `events`, which follow `from`, into frames of at most [`PUSH_BYTES`]; an event larger than that travels alone.
    pub(super) fn cut(topic: &Topic, epoch: &str, from: i64, head: i64, events: &[Arc<str>]) -> Vec<Arc<Self>> {
        let mut ranges = Vec::new();
        let mut rest = events;
        let mut at = from;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(fitting(rest.iter()));
            let range = Self::new(topic, epoch, at, head, now);
            at = range.to;
            ranges.push(Arc::new(range));
            rest = later;
        }
        ranges
    }
}

/// How many of the first events fit into one push; at least one.
pub(super) fn fitting<'a>(events: impl Iterator<Item = &'a Arc<str>>) -> usize {
    let mut bytes = 0;
    let mut count = 0;
    for event in events {
        bytes += event.len();
        if bytes > PUSH_BYTES && count > 0 {
            break;
        }
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use floorline_domain::UserId;
    use floorline_mobile_sync::wire::ServerFrame;
    use uuid::Uuid;

    use super::*;

    fn event(size: usize) -> Arc<str> {
        format!("{{\"kind\":\"{}\"}}", "x".repeat(size)).into()
    }

    #[test]
    fn a_range_is_a_push_with_its_cursors_spliced_in() {
        let topic = Topic::User(UserId(Uuid::nil()));
        let range = Range::new(&topic, "e7", 4, 9, &[event(1), event(2)]);
        let ServerFrame::Push(push) = ServerFrame::parse(&range.text).unwrap() else { panic!("not a push") };
        assert_eq!((push.topic, push.from, push.to, push.head, push.epoch.as_str()), (topic, 4, 6, 9, "e7"));
        let texts: Vec<&str> = push.events.iter().map(|event| event.text()).collect();
        assert_eq!(texts, ["{\"cursor\":5,\"kind\":\"x\"}", "{\"cursor\":6,\"kind\":\"xx\"}"]);
        let empty = Range::new(&topic, "e7", 4, 4, &[]);
        assert!(matches!(ServerFrame::parse(&empty.text).unwrap(), ServerFrame::Push(push) if push.from == push.to));
    }

    #[test]
    fn long_stretches_are_cut_and_leave_no_hole() {
        let topic = Topic::User(UserId(Uuid::nil()));
        let events: Vec<Arc<str>> = [10, 20_000, 10_000, 60_000, 10].map(event).to_vec();
        let ranges = Range::cut(&topic, "e", 0, 5, &events);
        let bounds: Vec<(i64, i64)> = ranges.iter().map(|range| (range.from, range.to)).collect();
        assert_eq!(bounds, [(0, 2), (2, 3), (3, 4), (4, 5)]);
    }
}
