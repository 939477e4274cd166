//! The floor as the server last told it: feeds, their cursors and the rows they carry.
//!
//! A push is applied only when it begins exactly where the feed stands; anything else is either already known or a hole,
//! and a hole is never guessed over. Rows and events merge by version, the higher wins.

use std::collections::BTreeMap;
use std::sync::Arc;

use floorline_domain::ids::ItemId;
use floorline_domain::item::Item;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::chance::Chance;
use crate::feed::{FeedEvent, Subject};
use crate::known_items::KnownItems;
use crate::resume::backoff;
use crate::store::{Row, Store, StoreError, TopicCursor};
use crate::topic::Topic;
use crate::wire::{CursorAt, Mode, Push, Raw, Subscription, TopicState};

/// The feeds this device follows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Base {
    /// The feed whose rows are the floor.
    site: Topic,
    feeds: BTreeMap<Topic, Feed>,
    items: KnownItems,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Feed {
    /// None before the first snapshot.
    epoch: Option<String>,
    cursor: i64,
    /// The cursor last reported on this connection.
    reported: Option<i64>,
    /// A snapshot is being fetched; pushes before it mean nothing.
    loading: Option<Loading>,
}

#[derive(Debug, Clone, PartialEq)]
struct Loading {
    path: String,
    /// How often it failed.
    failed: u32,
    /// When to ask again; none while an answer is awaited.
    again_at: Option<i64>,
}

impl Loading {
    fn begin(path: &str) -> Option<Self> {
        Some(Self { path: path.to_owned(), failed: 0, again_at: None })
    }
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
        let mut feeds: BTreeMap<Topic, Feed> = topics.into_iter().map(|topic| (topic, Feed::default())).collect();
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
        self.feeds.entry(topic).or_default();
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

    /// How a feed goes on after a hello: the snapshot it needs, by path and query.
    pub(crate) fn resume(&mut self, state: &TopicState) -> Option<String> {
        let feed = self.feeds.get_mut(&state.topic)?;
        let continues = feed.epoch.as_deref() == Some(state.epoch.as_str());
        if state.mode == Mode::Denied || (state.mode == Mode::Delta && continues) {
            return None;
        }
        let path = format!("/v1/sync/snapshot?topic={}", state.topic);
        feed.loading = Loading::begin(&path);
        Some(path)
    }

    /// The feed starts over. False: it is not followed, or its snapshot is being fetched already.
    pub(crate) fn reset(&mut self, topic: Topic, path: &str) -> bool {
        match self.feeds.get_mut(&topic) {
            Some(feed) if feed.loading.is_none() => {
                feed.loading = Loading::begin(path);
                true
            }
            _ => false,
        }
    }

    /// A snapshot did not come, or not whole: it is asked for again, later each time.
    pub(crate) fn load_failed(&mut self, topic: Topic, now: i64, chance: &mut Chance) {
        let Some(loading) = self.feeds.get_mut(&topic).and_then(|feed| feed.loading.as_mut()) else { return };
        loading.again_at = Some(now.saturating_add(backoff(loading.failed, chance)));
        loading.failed = loading.failed.saturating_add(1);
    }

    /// Snapshots to ask for again.
    pub(crate) fn due(&mut self, now: i64) -> Vec<(Topic, String)> {
        let mut due = Vec::new();
        for (topic, feed) in &mut self.feeds {
            if let Some(loading) = feed.loading.as_mut().filter(|loading| loading.again_at.is_some_and(|at| now >= at))
            {
                loading.again_at = None;
                due.push((*topic, loading.path.clone()));
            }
        }
        due
    }

    /// When the next of them is due.
    pub(crate) fn due_at(&self) -> Option<i64> {
        self.feeds.values().filter_map(|feed| feed.loading.as_ref()?.again_at).min()
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
            events.extend(raw.read::<FeedEvent>());
        }
        if let Some(feed) = self.feeds.get_mut(&push.topic) {
            feed.cursor = push.to;
        }
        store.set_cursor(&TopicCursor { topic: push.topic, epoch: push.epoch.clone(), cursor: push.to })?;
        Ok(Applied::Events(events))
    }

    /// Puts a snapshot in place of the feed's rows. False: the text is not a whole snapshot of this feed, or an old one.
    pub(crate) fn load(&mut self, topic: Topic, text: &str, store: &mut impl Store) -> Result<bool, StoreError> {
        let Some(feed) = self.feeds.get_mut(&topic) else { return Ok(false) };
        let Some(snapshot) = Snapshot::read(text).filter(|snapshot| snapshot.head.topic == topic) else {
            return Ok(false);
        };
        let Head { epoch, cursor, .. } = snapshot.head;
        if feed.epoch.as_ref() == Some(&epoch) && cursor < feed.cursor {
            return Ok(false);
        }
        store.swap(&TopicCursor { topic, epoch: epoch.clone(), cursor }, &snapshot.rows)?;
        *feed = Feed { epoch: Some(epoch), cursor, reported: None, loading: None };
        self.items.forget();
        Ok(true)
    }

    /// Adds what a snapshot has and the floor has not; the feed stays where it is. False: it is not a whole one of this feed.
    pub(crate) fn add(&mut self, topic: Topic, text: &str, store: &mut impl Store) -> Result<bool, StoreError> {
        let Some(epoch) = self.feeds.get(&topic).and_then(|feed| feed.epoch.as_ref()) else { return Ok(false) };
        let same = |snapshot: &Snapshot| snapshot.head.topic == topic && snapshot.head.epoch == *epoch;
        let Some(snapshot) = Snapshot::read(text).filter(same) else { return Ok(false) };
        for row in snapshot.rows {
            match store.row(topic, &row.kind, &row.id)? {
                Some(known) if known.version >= row.version => {}
                _ => self.put(topic, &row, store)?,
            }
        }
        Ok(true)
    }

    /// Feeds whose cursor moved since it was last reported, or moved by at least `events`.
    pub(crate) fn unreported(&mut self, events: i64) -> Vec<CursorAt> {
        let mut reports = Vec::new();
        for (topic, feed) in &mut self.feeds {
            let Some(epoch) = feed.epoch.clone().filter(|_| feed.loading.is_none()) else { continue };
            if feed.reported.is_none_or(|reported| feed.cursor - reported >= events.max(1)) {
                feed.reported = Some(feed.cursor);
                reports.push(CursorAt { topic: *topic, epoch, cursor: feed.cursor });
            }
        }
        reports
    }

    /// Whether [`Base::unreported`] would name anything.
    pub(crate) fn is_unreported(&self) -> bool {
        self.feeds
            .values()
            .any(|feed| feed.epoch.is_some() && feed.loading.is_none() && feed.reported != Some(feed.cursor))
    }

    /// The hello itself tells the cursors.
    pub(crate) fn told(&mut self) {
        for feed in self.feeds.values_mut() {
            feed.reported = Some(feed.cursor);
        }
    }

    /// Writes an event's post-image, unless the row is newer already.
    fn apply(&mut self, topic: Topic, told: Told, store: &mut impl Store) -> Result<(), StoreError> {
        let (id, kind) = (told.row_id(), told.subject.kind);
        match told.after.filter(|body| body.text() != "null") {
            Some(body) => {
                let version = body.read::<Versioned>().map(|row| row.version).unwrap_or_default();
                self.put_newer(topic, Row { kind, id, version, body: body.text().to_owned() }, store)
            }
            None if told.kind.ends_with(".deleted") || told.kind.ends_with(".removed") => {
                self.items.removed(&kind, &id);
                store.drop_row(topic, &kind, &id)
            }
            None => Ok(()),
        }
    }

    /// Writes a row unless a higher version is there.
    pub(crate) fn put_newer(&mut self, topic: Topic, row: Row, store: &mut impl Store) -> Result<(), StoreError> {
        match store.row(topic, &row.kind, &row.id)? {
            Some(old) if old.version > row.version => Ok(()),
            _ => self.put(topic, &row, store),
        }
    }

    fn put(&mut self, topic: Topic, row: &Row, store: &mut impl Store) -> Result<(), StoreError> {
        if topic == self.site {
            self.items.written(row);
        }
        store.put_row(topic, row)
    }

    /// An item of the floor as the server last told it.
    pub(crate) fn item(&mut self, id: ItemId, store: &mut impl Store) -> Result<Option<Arc<Item>>, StoreError> {
        self.items.get(self.site, id, store)
    }

    /// Every item of the floor, by id.
    pub(crate) fn all_items(&mut self, store: &mut impl Store) -> Result<Vec<Arc<Item>>, StoreError> {
        self.items.all(self.site, store)
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

/// The row of an item fetched by itself.
pub(crate) fn item_row(item: &Item) -> Result<Row, StoreError> {
    let body = serde_json::to_string(item).map_err(|error| StoreError(error.to_string()))?;
    Ok(Row { kind: "item".to_owned(), id: item.id.to_string(), version: item.version, body })
}

/// Reads a row as a `T`; what this build cannot read is not there.
pub(crate) fn read_row<T: DeserializeOwned>(
    topic: Topic,
    kind: &str,
    id: &str,
    store: &mut impl Store,
) -> Result<Option<T>, StoreError> {
    Ok(store.row(topic, kind, id)?.and_then(|row| serde_json::from_str(&row.body).ok()))
}

/// As much of an event as its row needs: what else a newer server says of it must not keep the row from being written.
#[derive(Deserialize)]
struct Told {
    kind: String,
    subject: Subject,
    #[serde(default)]
    after: Option<Raw>,
}

impl Told {
    /// Labels are looked up by what is printed on them.
    fn row_id(&self) -> String {
        let label = self.after.as_ref().filter(|_| self.subject.kind == "label");
        let code = label.and_then(|after| after.read::<Coded>().ok()).map(|label| label.code);
        code.unwrap_or_else(|| self.subject.id.to_string())
    }
}

#[derive(Deserialize)]
struct Coded {
    code: String,
}

#[derive(Deserialize)]
struct Versioned {
    #[serde(default)]
    version: i64,
}

#[derive(Deserialize)]
struct Line {
    line: String,
}

#[derive(Deserialize)]
struct Head {
    topic: Topic,
    epoch: String,
    cursor: i64,
}

#[derive(Deserialize)]
struct End {
    count: u64,
}

#[derive(Deserialize)]
struct ItemLine {
    item: Raw,
}

#[derive(Deserialize)]
struct Identified {
    id: String,
    #[serde(default)]
    version: i64,
}

struct Snapshot {
    head: Head,
    rows: Vec<Row>,
}

impl Snapshot {
    /// Reads a whole snapshot; none when its first or last line is missing or the count is wrong.
    fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let first = lines.next()?;
        if serde_json::from_str::<Line>(first).ok()?.line != "head" {
            return None;
        }
        let head = serde_json::from_str(first).ok()?;
        let (mut rows, mut count) = (Vec::new(), 0);
        for text in lines.by_ref() {
            let kind = serde_json::from_str::<Line>(text).ok()?.line;
            if kind == "end" {
                let whole = serde_json::from_str::<End>(text).ok()?.count == count && lines.next().is_none();
                return whole.then_some(Self { head, rows });
            }
            count += 1;
            rows.extend(row(kind, text));
        }
        None
    }
}

/// A snapshot's line as a row; none when this build knows no such row.
fn row(kind: String, text: &str) -> Option<Row> {
    let body = if kind == "item" { serde_json::from_str::<ItemLine>(text).ok()?.item } else { Raw::new(text).ok()? };
    let row: Identified = body.read().ok()?;
    let id = if kind == "label" { body.read::<Coded>().ok()?.code } else { row.id };
    Some(Row { kind, id, version: row.version, body: body.text().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

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
        assert!(base.reset(topic(), "/p"));
        assert!(!base.reset(topic(), "/p"), "one snapshot at a time");
        assert_eq!(base.due_at(), None);
        base.load_failed(topic(), 1_000, &mut Chance::new(1));
        let at = base.due_at().unwrap();
        assert!((1_000..=1_500).contains(&at));
        assert_eq!(base.due(at), [(topic(), "/p".to_owned())]);
        assert_eq!(base.due(at), [], "asked for once");
        assert_eq!(base.push(&push(7, 8, &[]), &mut store).unwrap(), Applied::Ignored);
    }
}
