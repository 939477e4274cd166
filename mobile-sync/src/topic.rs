//! What a client follows, and where it stands in it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use floorline_domain::ids::{LocationId, OrderId, OrgId, UserId};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// One feed with its own gap-free cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// What happens at one site: its items, queues, shifts, labels.
    Site(LocationId),
    /// What has no site yet: orders before acceptance, blank labels.
    Org(OrgId),
    /// One order, as its brand may see it.
    Order(OrderId),
    /// One person's cases and alerts.
    User(UserId),
}

/// The text is not `site:`, `org:`, `order:` or `user:` followed by an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a topic is site:, org:, order: or user: followed by an id")]
pub struct NotATopic;

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Site(id) => write!(f, "site:{id}"),
            Self::Org(id) => write!(f, "org:{id}"),
            Self::Order(id) => write!(f, "order:{id}"),
            Self::User(id) => write!(f, "user:{id}"),
        }
    }
}

impl FromStr for Topic {
    type Err = NotATopic;

    fn from_str(text: &str) -> Result<Self, NotATopic> {
        let (kind, id) = text.split_once(':').ok_or(NotATopic)?;
        match kind {
            "site" => id.parse().map(Self::Site).map_err(|_| NotATopic),
            "org" => id.parse().map(Self::Org).map_err(|_| NotATopic),
            "order" => id.parse().map(Self::Order).map_err(|_| NotATopic),
            "user" => id.parse().map(Self::User).map_err(|_| NotATopic),
            _ => Err(NotATopic),
        }
    }
}

impl Serialize for Topic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Topic {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// A position in a topic: what `at` always is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The feed.
    pub topic: Topic,
    /// The last event seen or written there.
    pub cursor: i64,
}
