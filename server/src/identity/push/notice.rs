//! What people are told on their phones.

use chrono::{DateTime, TimeDelta, Utc};
use floorline_domain::UserId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Ids that one notice names; whoever opens it reads the rest.
const NAMED: usize = 10;

/// How much a notice may disturb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    /// Shows nothing; the phone reads its feeds.
    Wake,
    /// Waits while it is quiet.
    Calm,
    /// Stop handling this part: at any hour.
    Urgent,
}

/// What there is to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// An item somebody works on was put on hold.
    ItemHeld,
    /// It was scrapped.
    ItemScrapped,
    /// It was cancelled.
    ItemCancelled,
    /// Its hold was lifted.
    ItemReleased,
    /// An item was given to somebody.
    ItemAssigned,
    /// What somebody did and the rules refused was booked after all.
    CaseBooked,
    /// It was discarded.
    CaseDiscarded,
    /// It was sent back, to be done again.
    CaseSentBack,
}

impl News {
    /// All there are.
    #[cfg(test)]
    const ALL: [Self; 8] = [
        Self::ItemHeld,
        Self::ItemScrapped,
        Self::ItemCancelled,
        Self::ItemReleased,
        Self::ItemAssigned,
        Self::CaseBooked,
        Self::CaseDiscarded,
        Self::CaseSentBack,
    ];

    /// Its name, for programs.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::ItemHeld => "item_held",
            Self::ItemScrapped => "item_scrapped",
            Self::ItemCancelled => "item_cancelled",
            Self::ItemReleased => "item_released",
            Self::ItemAssigned => "item_assigned",
            Self::CaseBooked => "case_booked",
            Self::CaseDiscarded => "case_discarded",
            Self::CaseSentBack => "case_sent_back",
        }
    }

    /// The line's key in a catalogue of messages.
    pub(super) const fn message(self) -> &'static str {
        match self {
            Self::ItemHeld => "push_item_held",
            Self::ItemScrapped => "push_item_scrapped",
            Self::ItemCancelled => "push_item_cancelled",
            Self::ItemReleased => "push_item_released",
            Self::ItemAssigned => "push_item_assigned",
            Self::CaseBooked => "push_case_booked",
            Self::CaseDiscarded => "push_case_discarded",
            Self::CaseSentBack => "push_case_sent_back",
        }
    }

    /// The line in English, for whoever has no catalogue.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::ItemHeld => "Stop: what you work on is on hold",
            Self::ItemScrapped => "Stop: what you work on was scrapped",
            Self::ItemCancelled => "Stop: what you work on was cancelled",
            Self::ItemReleased => "What you work on may go on",
            Self::ItemAssigned => "You have new work",
            Self::CaseBooked => "What you did was booked",
            Self::CaseDiscarded => "What you did was discarded",
            Self::CaseSentBack => "Something came back to you",
        }
    }

    pub(super) const fn urgency(self) -> Urgency {
        match self {
            Self::ItemHeld | Self::ItemScrapped | Self::ItemCancelled => Urgency::Urgent,
            Self::ItemReleased => Urgency::Wake,
            Self::ItemAssigned | Self::CaseBooked | Self::CaseDiscarded | Self::CaseSentBack => Urgency::Calm,
        }
    }

    /// How long it is worth telling.
    const fn lifetime(self) -> TimeDelta {
        match self.urgency() {
            Urgency::Wake => TimeDelta::minutes(15),
            Urgency::Urgent => TimeDelta::hours(8),
            Urgency::Calm => TimeDelta::days(2),
        }
    }

    /// Of several that a phone was sent while it was away it needs only the last of a group. A stop stands for itself.
    pub(super) const fn group(self) -> Option<&'static str> {
        match self {
            Self::ItemHeld | Self::ItemScrapped | Self::ItemCancelled => None,
            Self::ItemReleased => Some("wake"),
            Self::ItemAssigned => Some("work"),
            Self::CaseBooked | Self::CaseDiscarded | Self::CaseSentBack => Some("cases"),
        }
    }
}

/// One line for one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Whom.
    pub user_id: UserId,
    /// What.
    pub news: News,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The first of the items or cases it is about.
    pub ids: Vec<Uuid>,
    /// How many there are.
    pub count: usize,
}

impl Notice {
    /// News of nothing yet.
    pub fn new(user_id: UserId, news: News, at: DateTime<Utc>) -> Self {
        Self { user_id, news, at, ids: Vec::new(), count: 0 }
    }

    /// The same news of one thing more.
    pub fn add(&mut self, id: Uuid) {
        if self.ids.contains(&id) {
            return;
        }
        self.count += 1;
        if self.ids.len() < NAMED {
            self.ids.push(id);
        }
    }

    /// How long it is still worth telling.
    pub(super) fn left(&self, now: DateTime<Utc>) -> TimeDelta {
        self.at + self.news.lifetime() - now
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_the_same_everywhere_and_keys_are_names_of_resources() {
        for news in News::ALL {
            assert_eq!(json!(news), json!(news.as_str()));
            assert_eq!(news.message(), format!("push_{}", news.as_str()));
            assert!(news.message().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
            assert!(news.title().len() < 60, "a lock screen shows one line");
        }
    }

    #[test]
    fn a_notice_counts_all_and_names_the_first() {
        let mut notice = Notice::new(UserId(Uuid::nil()), News::ItemAssigned, DateTime::UNIX_EPOCH);
        let ids: Vec<Uuid> = (0..25).map(Uuid::from_u128).collect();
        ids.iter().for_each(|id| notice.add(*id));
        notice.add(ids[3]);
        assert_eq!((notice.count, notice.ids.as_slice()), (25, &ids[..10]));
        assert_eq!(notice.left(DateTime::UNIX_EPOCH + TimeDelta::hours(1)), TimeDelta::hours(47));
    }
}
