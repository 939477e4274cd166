//! Telling the server how far each feed was applied here.

use super::Base;
use crate::wire::CursorAt;

impl Base {
    /// Feeds whose cursor moved since it was last reported, or moved by at least `events`.
    pub(crate) fn unreported(&mut self, events: i64) -> Vec<CursorAt> {
        let mut reports = Vec::new();
        for (topic, feed) in self.feeds.iter_mut() {
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
}
