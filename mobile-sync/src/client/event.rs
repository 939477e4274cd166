//! What happens to a client: everything it is told comes through here.

use floorline_domain::item::Item;

use crate::chain::Hash;
use crate::session::Session;
use crate::topic::Topic;
use crate::wire::Close;

/// Why a connection did not come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenFailure {
    /// No way to the server.
    Unreachable,
    /// The server asks for patience.
    Busy {
        /// Milliseconds.
        after_ms: u64,
    },
    /// Nobody is signed in, or the device is not approved yet.
    SignedOut,
    /// The device is blocked for good.
    Revoked,
}

/// What happens to a client.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Someone signed in.
    SignedIn(Session),
    /// The person, or the network, is back.
    Online,
    /// The person wants no connection, or there is no network.
    Offline,
    /// A connection asked for by [`Effect::Open`](super::Effect::Open) stands.
    Opened {
        /// Its number.
        connection: u64,
        /// Good for one hello; none over HTTP.
        ticket: Option<String>,
    },
    /// It does not.
    OpenFailed {
        /// Its number.
        connection: u64,
        /// Why.
        why: OpenFailure,
    },
    /// A text frame.
    Frame {
        /// The connection it came on.
        connection: u64,
        /// The text.
        text: String,
    },
    /// The connection is gone.
    Closed {
        /// Its number.
        connection: u64,
        /// The code it was closed with; 1006 when it just broke.
        close: Close,
    },
    /// A snapshot asked for by [`Effect::FetchSnapshot`](super::Effect::FetchSnapshot).
    Snapshot {
        /// The feed.
        topic: Topic,
        /// The whole text.
        text: String,
    },
    /// It could not be fetched.
    SnapshotFailed {
        /// The feed.
        topic: Topic,
    },
    /// A snapshot fetched for what the floor does not have yet: items of an order accepted since, and their labels.
    Added {
        /// The feed.
        topic: Topic,
        /// The whole text.
        text: String,
    },
    /// An item fetched by itself, because it is newer than the snapshot.
    Loaded(Box<Item>),
    /// The server has the whole of a file that an act names.
    Uploaded {
        /// The hash of its bytes.
        sha256: Hash,
    },
    /// The bytes of a file that waits for its upload are not on the device any more.
    FileGone {
        /// The hash that they had.
        sha256: Hash,
    },
    /// Time has passed.
    Tick,
}
