//! Which topics are followed on this node, and what wakes them.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::Utc;
use floorline_mobile_sync::wire::Topic;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::feed::{Feed, Follower, LogReader};
use super::hint::{self, Moved, Outbox};
use super::store::Polled;
use super::{FeedKey, TopicHead, store};
use crate::platform::config::Realtime;
use crate::platform::db::Db;
use crate::platform::http::ApiError;
use crate::platform::telemetry::names;

/// The node's fan-out. Cheap to clone.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    db: Db,
    /// Tells this node's hints from all others'.
    node: Uuid,
    feeds: Mutex<HashMap<Topic, Vec<Arc<Feed>>>>,
    /// What other nodes hear of.
    outbox: Outbox,
    /// What is to be looked at before the next poll.
    asked: Mutex<Moved>,
    called: Notify,
    closing: CancellationToken,
    tasks: TaskTracker,
    /// The server's own. Each listener has one, too, but it ends before the hub does.
    runtime: Handle,
}

impl Hub {
    /// A hub that polls `db`, and hears and tells hints. Must be called inside the runtime, where all its tasks will run.
    pub fn start(db: Db, settings: &Realtime) -> Self {
        let hub = Self(Arc::new(Inner {
            db,
            node: Uuid::now_v7(),
            feeds: Mutex::default(),
            outbox: Outbox::new(),
            asked: Mutex::new(Moved::none()),
            called: Notify::new(),
            closing: CancellationToken::new(),
            tasks: TaskTracker::new(),
            runtime: Handle::current(),
        }));
        hub.spawn(poll(hub.clone(), settings.poll));
        hint::start(&hub, settings);
        hub
    }

    /// Ends all reading; followers keep what they have.
    pub async fn close(&self) {
        self.0.closing.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// Runs something that ends with the hub.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let closing = self.0.closing.clone();
        let until_closed = async move {
            tokio::select! {
                () = closing.cancelled() => {}
                () = task => {}
            }
        };
        self.0.tasks.spawn_on(until_closed, &self.0.runtime);
    }

    /// Reads the log of a feed without following it.
    pub fn reader(&self, key: FeedKey) -> LogReader {
        LogReader::new(self.0.db.clone(), key)
    }

    pub(super) fn db(&self) -> &Db {
        &self.0.db
    }

    pub(super) fn node(&self) -> Uuid {
        self.0.node
    }

    pub(super) fn outbox(&self) -> &Outbox {
        &self.0.outbox
    }

    fn feeds(&self) -> MutexGuard<'_, HashMap<Topic, Vec<Arc<Feed>>>> {
        self.0.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The topic as its row stands now; `None` when it has none, or it is not the reader's.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn head(&self, key: &FeedKey) -> Result<Option<TopicHead>, ApiError> {
        store::head(&self.0.db, key).await
    }

    /// Follows a topic from its head on; `None` when it does not exist or is not the reader's. Whether the reader may is the caller's
    /// question; here row-level security is the only guard.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn follow(&self, key: FeedKey) -> Result<Option<Follower>, ApiError> {
        if let Some(follower) = self.join(&key, None) {
            return Ok(Some(follower));
        }
        let Some(head) = store::head(&self.0.db, &key).await? else { return Ok(None) };
        let follower = self.join(&key, Some(head));
        // A commit between the look at the head and the joining woke nobody here.
        if let Some(follower) = &follower {
            self.wake(&follower.key().topic, follower.head() + 1);
        }
        Ok(follower)
    }

    /// Tells that a topic's head is at least `head`. Never blocks and never waits for the database.
    pub fn wake(&self, topic: &Topic, head: i64) {
        let feeds: Vec<Arc<Feed>> = self.feeds().get(topic).cloned().unwrap_or_default();
        for feed in feeds {
            if feed.hear(head) {
                let db = self.0.db.clone();
                self.0.tasks.spawn_on(async move { feed.read(&db, Utc::now()).await }, &self.0.runtime);
            }
        }
    }

    /// A commit of this node moved a topic to `head`: whoever follows it is told, here and elsewhere. Never blocks.
    pub fn committed(&self, topic: &Topic, head: i64) {
        self.wake(topic, head);
        self.0.outbox.add(&Moved::one(*topic));
    }

    /// Commits of this node moved topics that nobody remembers. Never blocks.
    pub fn committed_unheard(&self) {
        self.look(&Moved::Any);
        self.0.outbox.add(&Moved::Any);
    }

    /// Has the heads of these looked at soon, of those that are followed. Never blocks.
    pub(super) fn look(&self, moved: &Moved) {
        self.asked().add(moved);
        self.0.called.notify_one();
    }

    fn asked(&self) -> MutexGuard<'_, Moved> {
        self.0.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those of the followed topics that were asked for.
    fn take_asked(&self) -> Vec<Topic> {
        let asked = std::mem::replace(&mut *self.asked(), Moved::none());
        let feeds = self.feeds();
        match asked {
            Moved::Any => feeds.keys().copied().collect(),
            Moved::Named(topics) => topics.into_iter().filter(|topic| feeds.contains_key(topic)).collect(),
        }
    }

    fn followed(&self) -> Vec<Topic> {
        let topics: Vec<Topic> = self.feeds().keys().copied().collect();
        metrics::gauge!(names::TOPICS_FOLLOWED).set(f64::from(u32::try_from(topics.len()).unwrap_or(u32::MAX)));
        topics
    }

    /// Tells where a topic stands. In another epoch than before it begins anew, wherever its head is.
    fn polled(&self, polled: &Polled) {
        let feeds: Vec<Arc<Feed>> = self.feeds().get(&polled.topic).cloned().unwrap_or_default();
        for feed in feeds {
            if feed.hear_of_epoch(&polled.epoch) {
                let db = self.0.db.clone();
                self.0.tasks.spawn_on(async move { feed.read(&db, Utc::now()).await }, &self.0.runtime);
            }
        }
        self.wake(&polled.topic, polled.head);
    }

    /// Takes a place at a feed that is followed already, or at one that starts at `head`.
    fn join(&self, key: &FeedKey, head: Option<TopicHead>) -> Option<Follower> {
        let mut feeds = self.feeds();
        let known = feeds.get(&key.topic).and_then(|feeds| feeds.iter().find(|feed| feed.key == *key)).cloned();
        let feed = match (known, head) {
            (Some(feed), _) => feed,
            (None, None) => return None,
            (None, Some(head)) => {
                let feed = Arc::new(Feed::new(*key, head));
                feeds.entry(key.topic).or_default().push(Arc::clone(&feed));
                feed
            }
        };
        feed.followers.fetch_add(1, Ordering::AcqRel);
        drop(feeds);
        Some(Follower::new(self.clone(), feed))
    }

    pub(super) fn leave(&self, feed: &Arc<Feed>) {
        let mut feeds = self.feeds();
        if feed.followers.fetch_sub(1, Ordering::AcqRel) > 1 {
            return;
        }
        if let Some(same_topic) = feeds.get_mut(&feed.key.topic) {
            same_topic.retain(|other| !Arc::ptr_eq(other, feed));
            if same_topic.is_empty() {
                feeds.remove(&feed.key.topic);
            }
        }
    }
}

/// Looks at the heads of all followed topics, again and again: the wake-up that no crash and no other node can lose. And between two such looks at
/// those that a hint names.
async fn poll(hub: Hub, every: Duration) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let topics = tokio::select! {
            _ = ticks.tick() => hub.followed(),
            () = hub.0.called.notified() => hub.take_asked(),
        };
        if topics.is_empty() {
            continue;
        }
        match store::poll(&hub.0.db, &topics).await {
            Ok(polled) => polled.iter().for_each(|polled| hub.polled(polled)),
            Err(error) => tracing::warn!(error = %error, "heads not polled"),
        }
    }
}
