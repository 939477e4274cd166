//! Virtual time: what happens next, and when. Nothing in the simulation waits; the calendar is turned to the next entry.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// Milliseconds since the world began.
pub(crate) type Time = u64;

/// Everything that is still to happen. What was noted first happens first when two entries have the same time.
pub(crate) struct Calendar<E> {
    now: Time,
    noted: u64,
    entries: BinaryHeap<Reverse<Due<E>>>,
}

struct Due<E> {
    at: Time,
    order: u64,
    event: E,
}

impl<E> Calendar<E> {
    pub(crate) fn new() -> Self {
        Self { now: 0, noted: 0, entries: BinaryHeap::new() }
    }

    pub(crate) fn now(&self) -> Time {
        self.now
    }

    /// Notes an event for `at`; what would lie in the past happens next.
    pub(crate) fn note(&mut self, at: Time, event: E) {
        self.noted += 1;
        self.entries.push(Reverse(Due { at: at.max(self.now), order: self.noted, event }));
    }

    /// Turns to the next event.
    pub(crate) fn turn(&mut self) -> Option<E> {
        let Reverse(due) = self.entries.pop()?;
        self.now = due.at;
        Some(due.event)
    }

    /// Lets `time` pass in which nothing happens: what was noted is put off by as much.
    pub(crate) fn put_off(&mut self, time: Time) {
        let entries = std::mem::take(&mut self.entries);
        self.entries = entries.into_iter().map(|Reverse(due)| Reverse(Due { at: due.at + time, ..due })).collect();
        self.now += time;
    }
}

impl<E> PartialEq for Due<E> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<E> Eq for Due<E> {}

impl<E> PartialOrd for Due<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Due<E> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}
