//! What a hint says, and its text: `<server> <topic> <topic> …`, or `<server> *` where there are too many to name.

use std::collections::BTreeSet;

use floorline_mobile_sync::wire::Topic;
use uuid::Uuid;

/// So many fit into what `NOTIFY` carries, which is less than 8,000 bytes: a topic has up to 42, with a space before it.
const MOST: usize = 180;
const ANY: &str = "*";

/// Topics whose heads moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Moved {
    /// These.
    Named(BTreeSet<Topic>),
    /// Whichever: more than can be named, or nobody knows.
    Any,
}

impl Moved {
    /// None yet.
    pub(in super::super) const fn none() -> Self {
        Self::Named(BTreeSet::new())
    }

    /// This one.
    pub(in super::super) fn one(topic: Topic) -> Self {
        Self::Named(BTreeSet::from([topic]))
    }

    pub(in super::super) fn is_none(&self) -> bool {
        *self == Self::none()
    }

    /// These as well.
    pub(in super::super) fn add(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::Named(named), Self::Named(more)) => {
                named.extend(more);
                if named.len() > MOST {
                    *self = Self::Any;
                }
            }
            _ => *self = Self::Any,
        }
    }

    /// The text of a hint from `node`.
    pub(super) fn text(&self, node: Uuid) -> String {
        let mut text = node.to_string();
        let mut say = |word: &str| {
            text.push(' ');
            text.push_str(word);
        };
        match self {
            Self::Any => say(ANY),
            Self::Named(topics) => topics.iter().for_each(|topic| say(&topic.to_string())),
        }
        text
    }

    /// Who said what; topics of a kind unknown here are nobody's here. `None` for what is no hint.
    pub(super) fn read(text: &str) -> Option<(Uuid, Self)> {
        let mut words = text.split(' ');
        let from = words.next()?.parse().ok()?;
        let mut moved = Self::none();
        for word in words {
            if word == ANY {
                moved = Self::Any;
            } else if let Ok(topic) = word.parse() {
                moved.add(&Self::one(topic));
            }
        }
        Some((from, moved))
    }
}

#[cfg(test)]
mod tests {
    use floorline_domain::{LocationId, OrderId};

    use super::*;

    const NODE: Uuid = Uuid::from_u128(7);

    fn named(count: usize) -> Moved {
        let mut moved = Moved::none();
        (0..).take(count).for_each(|n| moved.add(&Moved::one(Topic::Order(OrderId(Uuid::from_u128(n))))));
        moved
    }

    #[test]
    fn what_is_said_is_read_again() {
        let mut two = Moved::one(Topic::Site(LocationId(Uuid::from_u128(1))));
        two.add(&named(1));
        for moved in [two, named(MOST), Moved::Any] {
            assert_eq!(Moved::read(&moved.text(NODE)), Some((NODE, moved)));
        }
    }

    #[test]
    fn the_longest_hint_fits_and_more_are_not_named() {
        assert!(named(MOST).text(NODE).len() < 8_000);
        assert_eq!(named(MOST + 1), Moved::Any);
    }

    #[test]
    fn what_is_no_hint_is_nothing_and_unknown_topics_are_passed_over() {
        assert_eq!(Moved::read(""), None);
        assert_eq!(Moved::read("hello *"), None);
        let site = format!("site:{}", Uuid::from_u128(1));
        let moved = Moved::one(site.parse().unwrap());
        assert_eq!(Moved::read(&format!("{NODE} galaxy:1 {site} ")), Some((NODE, moved)));
    }
}
