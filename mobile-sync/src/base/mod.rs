//! The floor as the server last told it: feeds, their cursors and the rows they carry.
//!
//! A push is applied only when it begins exactly where the feed stands; anything else is either already known or a hole,
//! and a hole is never guessed over. Rows and events merge by version, the higher wins.

mod known_items;
mod loading;
mod report;
mod rows;
mod snapshot;
mod told;
mod trimming;

use self::known_items::KnownItems;
use self::loading::Loading;
pub(crate) use self::rows::{item_row, read_row};
use self::told::Told;
use crate::feed::FeedEvent;
use crate::sorted::Sorted;
use crate::store::{Store, StoreError, TopicCursor};
use crate::topic::Topic;
use crate::wire::{Push, Subscription};

/// The feeds this device follows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Base {
    /// The feed whose rows are the floor.
    site: Topic,
    feeds: Sorted<Topic, Feed>,
    items: KnownItems,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Feed {
    /// None before the first snapshot, and before the first of another epoch.
    epoch: Option<String>,
    cursor: i64,
    /// The cursor last reported on this connection.
    reported: Option<i64>,
    /// A snapshot is being fetched; pushes before it mean nothing.
    loading: Option<Loading>,
}

/// What a push came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Applied {
    /// Its events, now in the rows.
    Events(Vec<FeedEvent>),
    /// Nothing new, or for a feed that is starting over.
    Ignored,
    /// Events are missing before it.
    Hole,
}

impl Base {
    pub(crate) fn open(site: Topic, topics: impl IntoIterator<Item = Topic>, kept: &[TopicCursor]) -> Self {
        let mut feeds: Sorted<Topic, Feed> = topics.into_iter().map(|topic| (topic, Feed::default())).collect();
        for at in kept {
            if let Some(feed) = feeds.get_mut(&at.topic) {
                feed.epoch = Some(at.epoch.clone());
                feed.cursor = at.cursor;
            }
        }
        Self { site, feeds, items: KnownItems::default() }
    }

    /// Follows another feed from now on.
    pub(crate) fn follow(&mut self, topic: Topic) {
        self.feeds.or_insert_with(topic, Feed::default);
    }

    /// Follows it no more; its rows stay.
    pub(crate) fn unfollow(&mut self, topic: Topic) {
        self.feeds.remove(&topic);
    }

    pub(crate) fn subscriptions(&self) -> Vec<Subscription> {
        let subscribe = |(topic, feed): (&Topic, &Feed)| Subscription {
            topic: *topic,
            epoch: feed.epoch.clone(),
            cursor: feed.cursor,
        };
        self.feeds.iter().map(subscribe).collect()
    }

    /// Where a followed feed stands; none when it is not followed or was never loaded.
    pub(crate) fn cursor(&self, topic: Topic) -> Option<i64> {
        self.feeds.get(&topic).filter(|feed| feed.epoch.is_some()).map(|feed| feed.cursor)
    }

    pub(crate) fn follows(&self, topic: Topic) -> bool {
        self.feeds.contains_key(&topic)
    }

    /// A connection begins or is gone: nothing is being fetched for it and nothing was reported on it.
    pub(crate) fn disconnect(&mut self) {
        for feed in self.feeds.values_mut() {
            feed.loading = None;
            feed.reported = None;
        }
    }

    /// Applies a push to the rows.
    pub(crate) fn push(&mut self, push: &Push, store: &mut impl Store) -> Result<Applied, StoreError> {
        let Some(feed) = self.feeds.get(&push.topic) else { return Ok(Applied::Ignored) };
        if feed.loading.is_some() || feed.epoch.as_deref() != Some(push.epoch.as_str()) || push.to <= feed.cursor {
            return Ok(Applied::Ignored);
        }
        if push.from != feed.cursor {
            return Ok(Applied::Hole);
        }
        let mut events = Vec::with_capacity(push.events.len());
        for raw in &push.events {
            if let Ok(told) = raw.read::<Told>() {
                self.apply(push.topic, told, store)?;
            }
            if let Ok(event) = raw.read::<FeedEvent>() {
                self.meet(event.actor.as_ref(), store)?;
                events.push(event);
            }
        }
        if let Some(feed) = self.feeds.get_mut(&push.topic) {
            feed.cursor = push.to;
        }
        store.set_cursor(&TopicCursor { topic: push.topic, epoch: push.epoch.clone(), cursor: push.to })?;
        Ok(Applied::Events(events))
    }

    /// Forgets everything told so far.
    pub(crate) fn clear(&mut self, store: &mut impl Store) -> Result<(), StoreError> {
        for feed in self.feeds.values_mut() {
            *feed = Feed::default();
        }
        self.items.forget();
        store.clear_base()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;
    use crate::store::MemoryStore;
    use crate::wire::{Raw, ResetReason};

    fn topic() -> Topic {
        "site:018f0000-0000-7000-8000-00000000000a".parse().unwrap()
    }

    fn snapshot(cursor: i64, lines: &[&str], count: usize) -> String {
        let head = format!(r#"{{"line":"head","topic":"{}","epoch":"e","cursor":{cursor}}}"#, topic());
        format!("{head}\n{}\n{{\"line\":\"end\",\"count\":{count}}}\n", lines.join("\n"))
    }

    fn push(from: i64, to: i64, events: &[String]) -> Push {
        let events = events.iter().map(|event| Raw::new(event.as_str()).unwrap()).collect();
        Push { topic: topic(), epoch: "e".to_owned(), from, to, events, head: to }
    }

    fn noted(cursor: i64, version: i64) -> String {
        format!(
            r#"{{"uncertainty_ms":null,"cursor":{cursor},"kind":"queue.changed","subject":{{"type":"queue","id":"018f0000-0000-7000-8000-0000000000b1"}},"after":{{"version":{version},"n":{cursor}}},"occurred_at":"2026-01-01T00:00:00Z","recorded_at":"2026-01-01T00:00:00Z"}}"#
        )
    }

    const QUEUE: &str = r#"{"line":"queue","id":"018f0000-0000-7000-8000-0000000000b1","version":3}"#;
    const LABEL: &str = r#"{"line":"label","id":"018f0000-0000-7000-8000-0000000000c1","code":"MABC","target":"item","status":"blank"}"#;
    const LATER: &str = r#"{"line":"weather","degrees":21}"#;

    #[test]
    fn a_snapshot_is_taken_whole_or_not_at_all() {
        let (mut base, mut store) = (Base::open(topic(), [topic()], &[]), MemoryStore::default());
        assert!(!base.load(topic(), &snapshot(5, &[QUEUE], 2), &mut store).unwrap());
        let whole = snapshot(5, &[QUEUE, LABEL, LATER], 3);
        let cut = whole.lines().take(3).collect::<Vec<_>>().join("\n");
        assert!(!base.load(topic(), &cut, &mut store).unwrap());
        assert_eq!(base.cursor(topic()), None);
        assert!(base.load(topic(), &whole, &mut store).unwrap());
        assert_eq!(base.cursor(topic()), Some(5));
        assert!(store.row(topic(), "label", "MABC").unwrap().is_some());
        assert!(!base.load(topic(), &snapshot(4, &[QUEUE], 1), &mut store).unwrap(), "never back within an epoch");
    }

    #[test]
    fn a_push_is_applied_only_where_the_feed_stands() {
        let (mut base, mut store) = (Base::open(topic(), [topic()], &[]), MemoryStore::default());
        assert_eq!(base.push(&push(0, 1, &[]), &mut store).unwrap(), Applied::Ignored, "before the snapshot");
        base.load(topic(), &snapshot(5, &[QUEUE], 1), &mut store).unwrap();
        assert_eq!(base.push(&push(3, 5, &[]), &mut store).unwrap(), Applied::Ignored);
        assert_eq!(base.push(&push(6, 7, &[]), &mut store).unwrap(), Applied::Hole);
        let Applied::Events(events) = base.push(&push(5, 7, &[noted(6, 4), noted(7, 2)]), &mut store).unwrap() else {
            panic!("applied")
        };
        assert_eq!(events.len(), 2);
        assert_eq!(base.cursor(topic()), Some(7));
        let row = store.row(topic(), "queue", "018f0000-0000-7000-8000-0000000000b1").unwrap().unwrap();
        assert_eq!(row.version, 4, "the higher version wins");
        assert!(base.reset(topic(), "/p", ResetReason::Slow, &mut store).unwrap());
        assert!(!base.reset(topic(), "/p", ResetReason::Slow, &mut store).unwrap(), "one snapshot at a time");
        assert_eq!(base.due_at(), None);
        base.load_failed(topic(), 1_000, &mut Chance::new(1));
        let at = base.due_at().unwrap();
        assert!((1_000..=1_500).contains(&at));
        assert_eq!(base.due(at), [(topic(), "/p".to_owned())]);
        assert_eq!(base.due(at), [], "asked for once");
        assert_eq!(base.push(&push(7, 8, &[]), &mut store).unwrap(), Applied::Ignored);
    }
}
