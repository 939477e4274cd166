//! How long a decode may take, measured by a clock that is passed in.
//!
//! `std::time::Instant` panics in WebAssembly, and a test that sleeps is a slow test: so the clock is a closure.

use std::fmt;
use std::time::{Duration, Instant};

/// A span of time for one [`decode`](super::decode), counted from when the budget was made.
///
/// It is looked at between passes: the pass under way when it runs out is finished, so a decode may overrun by one pass.
pub struct Budget {
    limit: Duration,
    elapsed: Box<dyn Fn() -> Duration>,
}

impl Budget {
    /// A budget by the machine's monotonic clock. Not for WebAssembly: see [`Budget::by_clock`].
    pub fn lasting(limit: Duration) -> Self {
        let started = Instant::now();
        Self::by_clock(limit, move || started.elapsed())
    }

    /// A budget by a clock of the caller's: `elapsed` tells the time since the budget was made.
    pub fn by_clock(limit: Duration, elapsed: impl Fn() -> Duration + 'static) -> Self {
        Self { limit, elapsed: Box::new(elapsed) }
    }

    /// The time spent so far.
    pub fn elapsed(&self) -> Duration {
        (self.elapsed)()
    }

    /// Whether nothing is left.
    pub fn is_spent(&self) -> bool {
        self.elapsed() >= self.limit
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget").field("limit", &self.limit).field("elapsed", &self.elapsed()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::rc::Rc;

    #[test]
    fn is_spent_when_its_clock_reaches_the_limit() {
        let now = Rc::new(Cell::new(Duration::ZERO));
        let clock = Rc::clone(&now);
        let budget = Budget::by_clock(Duration::from_millis(250), move || clock.get());
        assert!(!budget.is_spent());
        now.set(Duration::from_millis(249));
        assert!(!budget.is_spent());
        now.set(Duration::from_millis(250));
        assert!(budget.is_spent());
        assert_eq!(budget.elapsed(), Duration::from_millis(250));
    }

    #[test]
    fn of_nothing_is_spent_at_once() {
        assert!(Budget::lasting(Duration::ZERO).is_spent());
        assert!(!Budget::lasting(Duration::from_secs(3600)).is_spent());
    }
}
