//! The feeds of one socket: what each has to send next, as far as the socket has room.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use floorline_domain::json;
use floorline_mobile_sync::limits::OUTBOUND_BYTES;
use floorline_mobile_sync::wire::{CursorAt, ResetReason, ServerFrame, Subscription, Topic};
use futures_util::future::select_all;

use super::core::{State, Subscribed};
use super::outbound::Outbound;
use super::scope::Scoped;
use crate::platform::http::ApiError;
use crate::platform::realtime::{Follower, Hub, Next, Range};

/// One feed of a socket.
struct Feed {
    place: Subscribed,
    follower: Option<Follower>,
    /// Read from the log, not sent yet.
    pending: VecDeque<Arc<Range>>,
    /// A page of the log is being read.
    reading: bool,
}

/// All feeds of a socket.
#[derive(Default)]
pub(super) struct Following(Vec<Feed>);

/// A page of the log that must be read for a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Missing {
    pub(super) topic: Topic,
    epoch: String,
    after: i64,
}

impl Following {
    /// Follows what the welcome allows.
    pub(super) async fn start(hub: &Hub, topics: &[Scoped]) -> Result<Self, ApiError> {
        let mut feeds = Vec::with_capacity(topics.len());
        for topic in topics {
            let follower = match topic.key {
                Some(key) => hub.follow(key).await?,
                None => None,
            };
            let place = Subscribed::new(&topic.state, topic.cursor);
            feeds.push(Feed { place, follower, pending: VecDeque::new(), reading: false });
        }
        Ok(Self(feeds))
    }

    /// Waits until any feed moved; for ever when there is none. Cancelling loses nothing.
    pub(super) async fn changed(&mut self) {
        let waits: Vec<_> = self
            .0
            .iter_mut()
            .filter_map(|feed| feed.follower.as_mut())
            .map(|follower| Box::pin(follower.changed()))
            .collect();
        if waits.is_empty() {
            std::future::pending::<()>().await;
        }
        select_all(waits).await;
    }

    /// Moves events into `outbound` while there is room; gives the pages of the log that must be read first.
    pub(super) fn pump(&mut self, outbound: &mut Outbound) -> Result<Vec<Missing>, json::Error> {
        let mut missing = Vec::new();
        for feed in &mut self.0 {
            missing.extend(feed.pump(outbound)?);
        }
        Ok(missing)
    }

    /// Reads the page that a feed misses.
    pub(super) fn read(
        &self,
        missing: &Missing,
    ) -> Option<impl Future<Output = Result<Option<Vec<Arc<Range>>>, ApiError>> + use<>> {
        let follower = self.0.iter().find(|feed| feed.place.topic == missing.topic)?.follower.as_ref()?;
        let reader = follower.reader();
        let Missing { epoch, after, .. } = missing.clone();
        Some(async move { reader.read_log(&epoch, after).await })
    }

    /// A page of the log was read: `Ok(None)` when the log no longer reaches back so far.
    pub(super) fn page(
        &mut self,
        topic: Topic,
        page: Result<Option<Vec<Arc<Range>>>, ApiError>,
    ) -> Option<ServerFrame> {
        let feed = self.0.iter_mut().find(|feed| feed.place.topic == topic)?;
        feed.reading = false;
        match page {
            // The reader may have started over meanwhile: then the page is not what follows.
            Ok(Some(ranges)) if ranges.first().is_none_or(|range| range.from == feed.place.sent) => {
                feed.pending = ranges.into();
                None
            }
            Ok(Some(_)) => None,
            Ok(None) => Some(feed.place.reset(ResetReason::TooOld)),
            // The database is busy; the next change of the feed tries again.
            Err(_) => None,
        }
    }

    /// The reader says where it stands.
    pub(super) fn report(&mut self, at: &CursorAt) -> Option<ServerFrame> {
        let feed = self.0.iter_mut().find(|feed| feed.place.topic == at.topic)?;
        let follower = feed.follower.as_ref()?;
        let before = feed.place.state;
        let answer = feed.place.report(at, &follower.epoch());
        if feed.place.state != before {
            feed.pending.clear();
        }
        answer
    }

    /// All feeds of the hello, to ask again whether they may be followed.
    pub(super) fn asked(&self) -> Vec<Subscription> {
        self.0
            .iter()
            .map(|feed| Subscription {
                topic: feed.place.topic,
                epoch: Some(feed.place.epoch.clone()),
                cursor: feed.place.sent,
            })
            .collect()
    }

    /// Those of them that may not.
    pub(super) fn denied(&self) -> BTreeSet<Topic> {
        self.0.iter().filter(|feed| feed.place.state == State::Denied).map(|feed| feed.place.topic).collect()
    }

    /// The reader may see a feed that it was denied.
    pub(super) fn allow(&mut self, scoped: &Scoped, follower: Follower) -> Option<ServerFrame> {
        let topic = scoped.state.topic;
        let feed = self.0.iter_mut().find(|feed| feed.place.topic == topic && feed.place.state == State::Denied)?;
        feed.follower = Some(follower);
        Some(feed.place.allow(&scoped.state.epoch))
    }

    /// The reader may not see `topic` any more.
    pub(super) fn deny(&mut self, topic: Topic) -> Option<ServerFrame> {
        let feed = self.0.iter_mut().find(|feed| feed.place.topic == topic && feed.place.state != State::Denied)?;
        feed.follower = None;
        feed.pending.clear();
        Some(feed.place.deny())
    }
}

impl Feed {
    fn pump(&mut self, outbound: &mut Outbound) -> Result<Option<Missing>, json::Error> {
        let Some(follower) = &self.follower else { return Ok(None) };
        while self.place.wants() {
            if !outbound.has_room() {
                if self.place.state == State::Live && follower.waiting(self.place.sent) > OUTBOUND_BYTES {
                    outbound.push(self.place.reset(ResetReason::Slow).text()?.into());
                }
                return Ok(None);
            }
            if let Some(range) = self.pending.pop_front() {
                self.place.sent(range.to);
                outbound.push(range.text.clone());
                continue;
            }
            match follower.next(&self.place.epoch, self.place.sent) {
                Next::UpToDate => {
                    self.place.state = State::Live;
                    return Ok(None);
                }
                Next::Range(range) => {
                    self.place.state = State::Live;
                    self.place.sent(range.to);
                    outbound.push(range.text.clone());
                }
                Next::Behind if self.place.state == State::Resuming => {
                    if self.reading {
                        return Ok(None);
                    }
                    self.reading = true;
                    let Subscribed { topic, epoch, sent, .. } = self.place.clone();
                    return Ok(Some(Missing { topic, epoch, after: sent }));
                }
                Next::Behind => outbound.push(self.place.reset(ResetReason::Slow).text()?.into()),
                Next::OtherEpoch => {
                    self.place.epoch = follower.epoch();
                    outbound.push(self.place.reset(ResetReason::Epoch).text()?.into());
                }
            }
        }
        Ok(None)
    }
}
