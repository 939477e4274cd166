//! Fan-out: committed feed rows to whoever follows their topic on this node.
//!
//! The feed in PostgreSQL is the truth; everything here only says "look again". A commit of this node wakes the hub at once, and another
//! node's does by a hint (`hint/`). A poll of the followed topics' heads each second finds whatever no hint told of, so several servers on one
//! database need nothing else.
//!
//! Rows are read once per topic and node into a bounded window, and followers **pull** ranges from it at their own pace. Nothing is
//! queued per follower: a writer never waits for a reader, and a reader that falls out of the window is told so and starts over.

mod feed;
mod hint;
mod hub;
mod range;
mod store;
mod window;

pub use self::feed::{Follower, LogReader, Next};
pub use self::hub::Hub;
pub use self::range::Range;

use floorline_domain::OrgId;
use floorline_mobile_sync::wire::Topic;

/// A feed of one organisation, as one kind of reader may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FeedKey {
    /// The topic.
    pub topic: Topic,
    /// Whose rows are read, and through which role.
    pub reader: Reader,
}

/// Through which transaction a feed is read: row-level security does the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reader {
    /// The organisation that owns the topic.
    Owner(OrgId),
    /// The brand of an order, through the brand views.
    Brand(OrgId),
}

/// A topic as its row stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicHead {
    /// Its epoch.
    pub epoch: String,
    /// Its last cursor.
    pub head: i64,
    /// Cursors up to here are no longer kept.
    pub floor: i64,
}
