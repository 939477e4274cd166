//! The recent end of one feed, in memory.

use std::collections::VecDeque;
use std::sync::Arc;

use floorline_mobile_sync::limits::{DELTA_BYTES, DELTA_EVENTS};
use floorline_mobile_sync::wire::Topic;

use super::feed::Next;
use super::range::{Range, fitting};

/// Events `from + 1 ..= to`, at most as many as a resume may ask for.
#[derive(Debug)]
pub(super) struct Window {
    topic: Topic,
    epoch: String,
    from: i64,
    to: i64,
    events: VecDeque<Arc<str>>,
    bytes: usize,
    /// The last frame built: followers of a live topic mostly stand at the same place.
    latest: Option<Arc<Range>>,
}

impl Window {
    /// An empty window at the head.
    pub(super) fn new(topic: Topic, epoch: String, head: i64) -> Self {
        Self { topic, epoch, from: head, to: head, events: VecDeque::new(), bytes: 0, latest: None }
    }

    pub(super) const fn to(&self) -> i64 {
        self.to
    }

    pub(super) fn epoch(&self) -> &str {
        &self.epoch
    }

    /// Adds the event after the last; false when it is not the next one, which a pruned log can cause.
    pub(super) fn push(&mut self, cursor: i64, body: Arc<str>) -> bool {
        if cursor != self.to + 1 {
            return false;
        }
        self.to = cursor;
        self.bytes += body.len();
        self.events.push_back(body);
        self.latest = None;
        while self.bytes > DELTA_BYTES || i64::try_from(self.events.len()).is_ok_and(|count| count > DELTA_EVENTS) {
            let Some(oldest) = self.events.pop_front() else { break };
            self.bytes -= oldest.len();
            self.from += 1;
        }
        true
    }

    /// Forgets everything: a new epoch, or a hole in the log.
    pub(super) fn restart(&mut self, epoch: String, head: i64) {
        *self = Self::new(self.topic, epoch, head);
    }

    /// What follows `cursor`.
    pub(super) fn after(&mut self, epoch: &str, cursor: i64) -> Next {
        if epoch != self.epoch {
            return Next::OtherEpoch;
        }
        if cursor >= self.to {
            return Next::UpToDate;
        }
        if cursor < self.from {
            return Next::Behind;
        }
        if let Some(latest) = self.latest.as_ref().filter(|latest| latest.from == cursor) {
            return Next::Range(Arc::clone(latest));
        }
        let skip = usize::try_from(cursor - self.from).unwrap_or(usize::MAX);
        let count = fitting(self.events.iter().skip(skip));
        let events: Vec<Arc<str>> = self.events.iter().skip(skip).take(count).cloned().collect();
        let range = Arc::new(Range::new(&self.topic, &self.epoch, cursor, self.to, &events));
        self.latest = Some(Arc::clone(&range));
        Next::Range(range)
    }

    /// Bytes of events after `cursor` that are kept here.
    pub(super) fn bytes_after(&self, cursor: i64) -> usize {
        let skip = usize::try_from(cursor - self.from).unwrap_or(0);
        self.events.iter().skip(skip).map(|event| event.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use floorline_domain::UserId;
    use uuid::Uuid;

    use super::*;

    fn window() -> Window {
        Window::new(Topic::User(UserId(Uuid::nil())), "e".into(), 10)
    }

    fn bounds(next: Next) -> Option<(i64, i64)> {
        match next {
            Next::Range(range) => Some((range.from, range.to)),
            _ => None,
        }
    }

    #[test]
    fn only_the_next_event_is_taken() {
        let mut window = window();
        assert!(!window.push(12, "{}".into()));
        assert!(window.push(11, "{}".into()));
        assert!(!window.push(11, "{}".into()));
        assert_eq!(window.to(), 11);
    }

    #[test]
    fn a_follower_gets_what_follows_its_cursor() {
        let mut window = window();
        for cursor in 11..=13 {
            assert!(window.push(cursor, "{\"k\":1}".into()));
        }
        assert_eq!(bounds(window.after("e", 10)), Some((10, 13)));
        assert_eq!(bounds(window.after("e", 12)), Some((12, 13)));
        assert!(matches!(window.after("e", 13), Next::UpToDate));
        assert!(matches!(window.after("e", 9), Next::Behind));
        assert!(matches!(window.after("other", 13), Next::OtherEpoch));
        assert_eq!(window.bytes_after(12), 7);
    }

    #[test]
    fn the_window_stays_bounded_by_count_and_by_bytes() {
        let mut window = window();
        for cursor in 11..11 + DELTA_EVENTS + 5 {
            window.push(cursor, "{}".into());
        }
        assert!(matches!(window.after("e", 14), Next::Behind));
        assert!(matches!(window.after("e", 15), Next::Range(_)));
        let large: Arc<str> = "x".repeat(DELTA_BYTES / 2 + 1).into();
        let next = window.to() + 1;
        window.push(next, Arc::clone(&large));
        window.push(next + 1, large);
        assert!(matches!(window.after("e", next - 1), Next::Behind));
        assert!(matches!(window.after("e", next), Next::Range(_)));
    }
}
