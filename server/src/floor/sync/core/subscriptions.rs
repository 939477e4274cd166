//! Where one reader stands in each feed it follows. Pure: it is told what happened and says what to send.

use floorline_mobile_sync::limits::DELTA_EVENTS;
use floorline_mobile_sync::wire::{CursorAt, Mode, Reset, ResetReason, ServerFrame, Topic, TopicState};

/// How a feed goes on for its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not this reader's: nothing is sent.
    Denied,
    /// The reader fetches a snapshot; nothing is sent until it reports the snapshot's cursor.
    Snapshot,
    /// It catches up from the log.
    Resuming,
    /// It follows the window.
    Live,
}

/// One feed of one reader.
#[derive(Clone, Debug)]
pub struct Subscribed {
    pub topic: Topic,
    pub epoch: String,
    /// The last event sent.
    pub sent: i64,
    /// The last event the reader says it applied.
    confirmed: i64,
    pub state: State,
}

impl Subscribed {
    /// A feed as the welcome announces it.
    pub fn new(welcomed: &TopicState, cursor: i64) -> Self {
        let state = match welcomed.mode {
            Mode::Delta => State::Resuming,
            Mode::Snapshot => State::Snapshot,
            Mode::Denied => State::Denied,
        };
        Self { topic: welcomed.topic, epoch: welcomed.epoch.clone(), sent: cursor, confirmed: cursor, state }
    }

    /// Whether the next event may go out: the reader asked for it and is not too far behind with what it got.
    pub fn wants(&self) -> bool {
        matches!(self.state, State::Resuming | State::Live) && self.sent - self.confirmed < DELTA_EVENTS
    }

    /// Notes that a range was sent.
    pub fn sent(&mut self, to: i64) {
        self.sent = to;
    }

    /// The reader starts over from a snapshot.
    pub fn reset(&mut self, reason: ResetReason) -> ServerFrame {
        self.state = State::Snapshot;
        reset_frame(self.topic, reason)
    }

    /// The reader may see this feed from now on, and starts with a snapshot.
    pub fn allow(&mut self, epoch: &str) -> ServerFrame {
        epoch.clone_into(&mut self.epoch);
        self.sent = 0;
        self.confirmed = 0;
        self.reset(ResetReason::ScopeChanged)
    }

    /// The reader may not see this feed any more.
    pub fn deny(&mut self) -> ServerFrame {
        self.state = State::Denied;
        reset_frame(self.topic, ResetReason::ScopeChanged)
    }

    /// The reader says where it stands; the answer is a reset when that is not the feed's epoch.
    ///
    /// A cursor above what this node has read is fine: a snapshot sees a commit before the hub does.
    pub fn report(&mut self, at: &CursorAt, epoch: &str) -> Option<ServerFrame> {
        match self.state {
            State::Denied => None,
            _ if at.epoch != epoch => {
                epoch.clone_into(&mut self.epoch);
                Some(self.reset(ResetReason::Epoch))
            }
            // Said before the reset arrived: the snapshot has at least what was sent.
            State::Snapshot if at.cursor < self.sent => None,
            State::Snapshot => {
                epoch.clone_into(&mut self.epoch);
                self.sent = at.cursor;
                self.confirmed = at.cursor;
                self.state = State::Resuming;
                None
            }
            State::Resuming | State::Live => {
                self.confirmed = self.confirmed.max(at.cursor.min(self.sent));
                None
            }
        }
    }
}

/// How a feed can go on from `cursor`.
pub fn mode(asked_epoch: Option<&str>, cursor: i64, epoch: &str, head: i64, floor: i64, delta_fits: bool) -> Mode {
    let resumes = asked_epoch == Some(epoch)
        && (floor..=head).contains(&cursor)
        && head - cursor <= DELTA_EVENTS
        && (delta_fits || cursor == head);
    if resumes { Mode::Delta } else { Mode::Snapshot }
}

/// A `reset` frame, with the way to the snapshot.
pub fn reset_frame(topic: Topic, reason: ResetReason) -> ServerFrame {
    ServerFrame::Reset(Reset { topic, reason, snapshot: format!("/v1/sync/snapshot?topic={topic}") })
}

#[cfg(test)]
mod tests {
    use floorline_domain::UserId;
    use uuid::Uuid;

    use super::*;

    fn subscribed(mode: Mode, cursor: i64) -> Subscribed {
        let topic = Topic::User(UserId(Uuid::nil()));
        Subscribed::new(&TopicState { topic, mode, epoch: "e1".into(), head: 50 }, cursor)
    }

    fn at(subscribed: &Subscribed, epoch: &str, cursor: i64) -> CursorAt {
        CursorAt { topic: subscribed.topic, epoch: epoch.into(), cursor }
    }

    fn reason(frame: Option<ServerFrame>) -> Option<ResetReason> {
        match frame {
            Some(ServerFrame::Reset(reset)) => Some(reset.reason),
            _ => None,
        }
    }

    #[test]
    fn a_cursor_resumes_only_within_its_epoch_and_what_is_kept() {
        let cases = [
            ("at the head", Some("e"), 50, 0, true, Mode::Delta),
            ("behind", Some("e"), 10, 0, true, Mode::Delta),
            ("too many bytes behind", Some("e"), 10, 0, false, Mode::Snapshot),
            ("before what is kept", Some("e"), 10, 11, true, Mode::Snapshot),
            ("exactly at the floor", Some("e"), 10, 10, true, Mode::Delta),
            ("ahead of the server", Some("e"), 51, 0, true, Mode::Snapshot),
            ("another epoch", Some("d"), 50, 0, true, Mode::Snapshot),
            ("the first time", None, 0, 0, true, Mode::Snapshot),
        ];
        for (name, epoch, cursor, floor, fits, expected) in cases {
            assert_eq!(mode(epoch, cursor, "e", 50, floor, fits), expected, "{name}");
        }
        assert_eq!(mode(Some("e"), 1, "e", DELTA_EVENTS + 2, 0, true), Mode::Snapshot);
    }

    #[test]
    fn nothing_is_pushed_before_the_snapshots_cursor() {
        let mut feed = subscribed(Mode::Snapshot, 0);
        assert!(!feed.wants());
        assert_eq!(feed.report(&at(&feed, "e1", 48), "e1"), None);
        assert!(feed.wants());
        assert_eq!(feed.sent, 48);
    }

    #[test]
    fn what_was_reported_before_a_reset_does_not_stand_for_its_snapshot() {
        let mut feed = subscribed(Mode::Delta, 40);
        feed.sent(50);
        feed.reset(ResetReason::Slow);
        assert_eq!(feed.report(&at(&feed, "e1", 45), "e1"), None);
        assert!(!feed.wants());
        assert_eq!(feed.report(&at(&feed, "e1", 50), "e1"), None);
        assert!(feed.wants());
    }

    #[test]
    fn a_feed_that_was_denied_begins_with_a_snapshot() {
        let mut feed = subscribed(Mode::Denied, 0);
        assert_eq!(reason(Some(feed.allow("e1"))), Some(ResetReason::ScopeChanged));
        assert!(!feed.wants());
        assert_eq!(feed.report(&at(&feed, "e1", 7), "e1"), None);
        assert!(feed.wants() && feed.sent == 7);
    }

    #[test]
    fn a_reader_that_confirms_nothing_is_not_sent_more_than_a_delta() {
        let mut feed = subscribed(Mode::Delta, 0);
        feed.sent(DELTA_EVENTS);
        assert!(!feed.wants());
        assert_eq!(feed.report(&at(&feed, "e1", 1), "e1"), None);
        assert!(feed.wants());
    }

    #[test]
    fn a_cursor_of_another_epoch_starts_over() {
        let mut feed = subscribed(Mode::Delta, 50);
        assert_eq!(reason(feed.report(&at(&feed, "e0", 50), "e1")), Some(ResetReason::Epoch));
        assert!(!feed.wants());
    }

    #[test]
    fn a_denied_feed_stays_silent() {
        let mut feed = subscribed(Mode::Delta, 50);
        assert_eq!(reason(Some(feed.deny())), Some(ResetReason::ScopeChanged));
        assert_eq!(feed.report(&at(&feed, "e1", 50), "e1"), None);
        assert!(!feed.wants());
    }
}
