//! Loading a feed anew: which snapshots are being fetched, and putting one in place whole or not at all.

use super::snapshot::{Head, Snapshot};
use super::{Base, Feed};
use crate::chance::Chance;
use crate::resume::backoff;
use crate::store::{Store, StoreError, TopicCursor};
use crate::topic::Topic;
use crate::wire::{Mode, ResetReason, TopicState};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Loading {
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

impl Feed {
    /// Cursors count from another beginning now, or the feed is closed to this device: how far it is, nobody knows here
    /// before its next snapshot. Its rows stay on the screen.
    fn forget_epoch(&mut self, topic: Topic, store: &mut impl Store) -> Result<(), StoreError> {
        (self.epoch, self.cursor) = (None, 0);
        store.forget_cursor(topic)
    }
}

impl Base {
    /// How a feed goes on after a hello: the snapshot it needs, by path and query.
    pub(crate) fn resume(&mut self, state: &TopicState, store: &mut impl Store) -> Result<Option<String>, StoreError> {
        let Some(feed) = self.feeds.get_mut(&state.topic) else { return Ok(None) };
        let continues = feed.epoch.as_deref() == Some(state.epoch.as_str());
        if state.mode == Mode::Delta && continues {
            return Ok(None);
        }
        if !continues {
            feed.forget_epoch(state.topic, store)?;
        }
        if state.mode == Mode::Denied {
            return Ok(None);
        }
        let path = format!("/v1/sync/snapshot?topic={}", state.topic);
        feed.loading = Loading::begin(&path);
        Ok(Some(path))
    }

    /// The feed starts over. False: it is not followed, or its snapshot is being fetched already.
    pub(crate) fn reset(
        &mut self,
        topic: Topic,
        path: &str,
        reason: ResetReason,
        store: &mut impl Store,
    ) -> Result<bool, StoreError> {
        let Some(feed) = self.feeds.get_mut(&topic).filter(|feed| feed.loading.is_none()) else { return Ok(false) };
        if reason == ResetReason::Epoch {
            feed.forget_epoch(topic, store)?;
        }
        feed.loading = Loading::begin(path);
        Ok(true)
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
        for (topic, feed) in self.feeds.iter_mut() {
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
}
