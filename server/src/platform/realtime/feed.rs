//! One followed topic on this node, and a follower's handle on it.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use super::hub::Hub;
use super::range::Range;
use super::store::{self, PageRead};
use super::window::Window;
use super::{FeedKey, TopicHead};
use crate::platform::db::Db;
use crate::platform::http::ApiError;

/// What a follower finds after its cursor.
#[derive(Debug)]
pub enum Next {
    /// Nothing yet.
    UpToDate,
    /// The next stretch.
    Range(Arc<Range>),
    /// It fell out of the window: read the log, or start over.
    Behind,
    /// The topic began a new epoch.
    OtherEpoch,
}

/// A topic that somebody follows.
pub(super) struct Feed {
    pub(super) key: FeedKey,
    /// How many follow it; guarded by the hub's map.
    pub(super) followers: AtomicUsize,
    window: Mutex<Window>,
    /// The highest head heard of.
    wanted: AtomicI64,
    /// Whether someone reads rows at the moment.
    reading: AtomicBool,
    /// Rises with the window, so that followers wake.
    changed: watch::Sender<i64>,
}

impl Feed {
    pub(super) fn new(key: FeedKey, head: TopicHead) -> Self {
        Self {
            key,
            followers: AtomicUsize::new(0),
            wanted: AtomicI64::new(head.head),
            reading: AtomicBool::new(false),
            changed: watch::Sender::new(head.head),
            window: Mutex::new(Window::new(key.topic, head.epoch, head.head)),
        }
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the topic's head is at least `head`; true when the caller must call [`Feed::read`].
    pub(super) fn hear(&self, head: i64) -> bool {
        self.wanted.fetch_max(head, Ordering::AcqRel);
        head > self.window().to() && !self.reading.swap(true, Ordering::AcqRel)
    }

    /// Notes the topic's epoch; true when it is another one and the caller must call [`Feed::read`].
    pub(super) fn hear_of_epoch(&self, epoch: &str) -> bool {
        self.window().epoch() != epoch && !self.reading.swap(true, Ordering::AcqRel)
    }

    /// Reads rows until the window reaches what was heard of. A failed read is left to the next poll.
    pub(super) async fn read(&self, db: &Db, now: DateTime<Utc>) {
        loop {
            let at = self.window().to();
            let before = self.wanted.load(Ordering::Acquire);
            let read = store::page(db, &self.key, at, Some(now)).await;
            let advanced = match read {
                Ok(Some(page)) => self.take(page),
                Ok(None) => false,
                Err(error) => {
                    tracing::warn!(topic = %self.key.topic, error = %error, "feed not read");
                    false
                }
            };
            let to = self.window().to();
            if advanced && to < self.wanted.load(Ordering::Acquire) {
                continue;
            }
            if !advanced {
                // What was heard of is not there, or cannot be read now; the next poll hears again.
                let _ = self.wanted.compare_exchange(before, to, Ordering::AcqRel, Ordering::Acquire);
            }
            self.reading.store(false, Ordering::Release);
            // Somebody may have heard of a new head while this task still held the flag.
            let wanted = self.wanted.load(Ordering::Acquire);
            if wanted <= before.max(to) || self.reading.swap(true, Ordering::AcqRel) {
                return;
            }
        }
    }

    /// Adds a page to the window and wakes the followers; false when it brought nothing.
    fn take(&self, page: PageRead) -> bool {
        let mut window = self.window();
        let before = window.to();
        let same_epoch = window.epoch() == page.head.epoch;
        let whole =
            same_epoch && page.rows.into_iter().all(|(cursor, body)| cursor <= before || window.push(cursor, body));
        if !whole {
            window.restart(page.head.epoch, page.head.head);
            self.wanted.store(page.head.head, Ordering::Release);
        }
        let to = window.to();
        drop(window);
        let changed = !whole || to > before;
        if changed {
            self.changed.send_replace(to);
        }
        changed
    }
}

/// A handle on a followed topic; dropping the last one ends the following.
pub struct Follower {
    hub: Hub,
    feed: Arc<Feed>,
    changed: watch::Receiver<i64>,
}

impl Follower {
    pub(super) fn new(hub: Hub, feed: Arc<Feed>) -> Self {
        let changed = feed.changed.subscribe();
        Self { hub, feed, changed }
    }

    /// What is followed.
    pub fn key(&self) -> &FeedKey {
        &self.feed.key
    }

    /// Waits until the window moved since the last call. Cancelling loses nothing.
    pub async fn changed(&mut self) {
        if self.changed.changed().await.is_err() {
            // The feed outlives its followers, so this does not happen; never wake instead of spinning.
            std::future::pending::<()>().await;
        }
    }

    /// The topic's last cursor that this node knows.
    pub fn head(&self) -> i64 {
        self.feed.window().to()
    }

    /// The topic's epoch.
    pub fn epoch(&self) -> String {
        self.feed.window().epoch().to_owned()
    }

    /// What follows `cursor`, from memory.
    pub fn next(&self, epoch: &str, cursor: i64) -> Next {
        self.feed.window().after(epoch, cursor)
    }

    /// Bytes of events that wait for a follower at `cursor`.
    pub fn waiting(&self, cursor: i64) -> usize {
        self.feed.window().bytes_after(cursor)
    }

    /// Reads this feed's log, apart from the handle.
    pub fn reader(&self) -> LogReader {
        self.hub.reader(*self.key())
    }
}

/// Reads the log of one feed, for a follower that resumes from before the window.
#[derive(Clone)]
pub struct LogReader {
    db: Db,
    key: FeedKey,
}

impl LogReader {
    /// A reader of any feed; whether it exists shows in the reading.
    pub(super) fn new(db: Db, key: FeedKey) -> Self {
        Self { db, key }
    }

    /// A page of what follows `cursor`. Empty when there is nothing, `None` when the log no longer reaches back so far, began a new
    /// epoch, or is not the reader's.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn read_log(&self, epoch: &str, cursor: i64) -> Result<Option<Vec<Arc<Range>>>, ApiError> {
        let Some(page) = store::page(&self.db, &self.key, cursor, None).await? else { return Ok(None) };
        let whole = page.head.epoch == epoch
            && page.head.floor <= cursor
            && page.rows.iter().zip(cursor + 1..).all(|((found, _), wanted)| *found == wanted);
        if !whole {
            return Ok(None);
        }
        let events: Vec<Arc<str>> = page.rows.into_iter().map(|(_, body)| body).collect();
        Ok(Some(Range::cut(&self.key.topic, epoch, cursor, page.head.head, &events)))
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.hub.leave(&self.feed);
    }
}
