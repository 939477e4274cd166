//! What was seen of late, and is forgotten without anybody looking through all of it.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

use chrono::{DateTime, TimeDelta, Utc};

/// Keeps what is put in for one to two spans of time: in two maps, the older of which goes as a whole. Nothing is ever swept.
#[derive(Debug)]
pub(super) struct Lately<K, V> {
    span: TimeDelta,
    /// When `young` began.
    since: DateTime<Utc>,
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Eq + Hash, V> Lately<K, V> {
    /// Keeps everything for `span` at least.
    pub(super) fn new(span: TimeDelta) -> Self {
        Self { span, since: DateTime::UNIX_EPOCH, young: HashMap::new(), old: HashMap::new() }
    }

    /// Begins another span when the present one is over. Call it before anything else that happens `now`.
    pub(super) fn pass(&mut self, now: DateTime<Utc>) {
        let gone = now - self.since;
        if gone < self.span {
            return;
        }
        self.old = std::mem::take(&mut self.young);
        if gone >= self.span * 2 {
            self.old = HashMap::new();
        }
        self.since = now;
    }

    /// What is known of `key`.
    pub(super) fn get_mut<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        match self.young.get_mut(key) {
            Some(value) => Some(value),
            None => self.old.get_mut(key),
        }
    }

    /// How much was put in, or kept again, in the present span.
    pub(super) fn fresh(&self) -> usize {
        self.young.len()
    }

    /// Forgets `key`.
    pub(super) fn remove<Q: Eq + Hash + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        self.young.remove(key);
        self.old.remove(key);
    }

    /// What is known of `key`, to be kept for another span.
    pub(super) fn keep(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        let known = self.old.remove(&key);
        let kept = self.young.entry(key).or_default();
        if let Some(known) = known {
            *kept = known;
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_kept_for_one_span_at_least_and_for_two_at_most() {
        let start = DateTime::from_timestamp(1_763_600_000, 0).unwrap();
        let mut lately: Lately<&str, u32> = Lately::new(TimeDelta::minutes(10));
        let at = |minutes| start + TimeDelta::minutes(minutes);
        lately.pass(at(0));
        *lately.keep("early") = 1;
        lately.pass(at(9));
        *lately.keep("late") = 2;
        lately.pass(at(10));
        assert_eq!(lately.get_mut("early"), Some(&mut 1));
        assert_eq!(lately.get_mut("late"), Some(&mut 2));
        *lately.keep("late") += 1;
        lately.pass(at(20));
        assert_eq!(lately.get_mut("early"), None);
        assert_eq!(lately.get_mut("late"), Some(&mut 3));
        lately.remove("late");
        assert_eq!(lately.get_mut("late"), None);
        *lately.keep("again") = 4;
        lately.pass(at(40));
        assert_eq!(lately.get_mut("again"), None, "nothing happened for two spans");
    }
}
