//! What a client wants done, and what it wants told.

use floorline_domain::ids::{EntryKey, StreamId};

use crate::chain::Hash;
use crate::feed::FeedEvent;
use crate::resume::LinkState;
use crate::store::{ActId, Attention};
use crate::topic::Topic;
use crate::verdict::Verdict;
use crate::wire::ClientFrame;

/// What a client wants done, after its store is committed.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Open a connection and answer with [`Opened`](super::Event::Opened)
    /// or [`OpenFailed`](super::Event::OpenFailed).
    Open {
        /// Its number.
        connection: u64,
    },
    /// Send a frame.
    Send {
        /// On this connection.
        connection: u64,
        /// The frame.
        frame: ClientFrame,
    },
    /// Close the connection; nothing of it is heard any more.
    Shut {
        /// Its number.
        connection: u64,
    },
    /// Fetch a snapshot and answer with [`Snapshot`](super::Event::Snapshot) or
    /// [`SnapshotFailed`](super::Event::SnapshotFailed).
    FetchSnapshot {
        /// The feed.
        topic: Topic,
        /// Path and query.
        path: String,
    },
    /// Tell whoever watches.
    Tell(Notice),
}

/// What a screen is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// The connection changed.
    Link(LinkState),
    /// An act has its final verdict.
    Settled {
        /// The act.
        act: ActId,
        /// Its entry.
        key: EntryKey,
        /// What became of it.
        verdict: Verdict,
        /// Whether someone must look, and how loudly.
        attention: Attention,
    },
    /// The floor changed; events are in the order of the feed.
    Feed {
        /// The feed.
        topic: Topic,
        /// What happened.
        events: Vec<FeedEvent>,
    },
    /// The floor was loaded anew.
    Loaded {
        /// The feed.
        topic: Topic,
    },
    /// The server has the whole of a file.
    Uploaded {
        /// The hash of its bytes.
        sha256: Hash,
    },
    /// Much is unsent: work goes on, but get this device connected.
    OutboxFilling {
        /// Unsent entries.
        count: usize,
    },
    /// The stream was sealed and what was unsent is offered again on another.
    Resealed {
        /// The sealed stream.
        from: StreamId,
        /// The new one.
        to: StreamId,
        /// Entries offered again.
        entries: usize,
    },
    /// The server was restored and has forgotten what it had said of these: they are offered again as they were.
    Rewound {
        /// Entries offered again.
        entries: usize,
    },
    /// An act was judged again by a restored server, and not as before.
    Overturned {
        /// The act.
        act: ActId,
        /// What had become of it.
        before: Verdict,
        /// What has become of it now.
        verdict: Verdict,
    },
    /// The device was blocked.
    Revoked {
        /// Why.
        reason: String,
    },
    /// The app is older than the server asks for. Work goes on, and what is unsent still goes out; update it.
    Outdated {
        /// The oldest version the server asks for.
        minimum: String,
    },
    /// The device's clock is off by more than five minutes.
    ClockSkew {
        /// By this many milliseconds; positive when the device is ahead.
        ahead_ms: i64,
    },
}
