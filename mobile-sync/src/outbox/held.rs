//! An act that is kept, and why one was not.

use floorline_domain::ids::{EntryKey, StreamId, UserId};

use crate::entry::{Base, Clock, Entry};
use crate::op::Operation;
use crate::store::{ActId, Kept, Settled};
use crate::wire::Raw;

/// An act that is kept in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// What is stored.
    pub kept: Kept,
    /// What it says; none when another version of the app wrote it in a way this one cannot read.
    pub entry: Option<Entry>,
    /// Its verdict, once there is one.
    pub settled: Option<Settled>,
    /// It went out on the present connection.
    pub sent: bool,
}

impl Held {
    /// An act that nobody has done yet, to ask the rules about.
    pub(crate) fn not_done(
        actor: UserId,
        command: &floorline_domain::item::Command,
        item: &floorline_domain::item::Item,
        now: crate::session::Now,
    ) -> Self {
        let clock = Clock { device_time: now.time, monotonic: now.monotonic, boot_id: String::new() };
        let entry = Entry {
            seq: 0,
            schema: crate::limits::SCHEMA,
            op: Operation::Item(command.clone()),
            item_id: Some(item.id),
            stage: None,
            base: Some(Base { version: Some(item.version), ..Base::default() }),
            actor,
            lease_id: None,
            clock: Some(clock),
            blobs: Vec::new(),
            origin: None,
        };
        let key = EntryKey { stream_id: StreamId(uuid::Uuid::nil()), seq: 0 };
        let bytes = Raw::default();
        let hash = crate::chain::start(key.stream_id);
        let kept = Kept { act: ActId(u64::MAX), key, bytes, hash, made_time: now.time, earlier: None };
        Self { kept, entry: Some(entry), settled: None, sent: false }
    }
}

/// Why an act was not saved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    SignedOut,
    /// More scans than a hand can make.
    #[error("too fast, wait {wait_ms} ms")]
    TooFast {
        /// Milliseconds until the next one.
        wait_ms: i64,
    },
    /// The entry does not fit.
    #[error("too large: {bytes} bytes")]
    TooLarge {
        /// What it would have taken.
        bytes: usize,
    },
    /// Too much is unsent; nothing old is dropped to make room.
    #[error("too much is unsent: {count} entries")]
    Full {
        /// Unsent entries.
        count: usize,
    },
    /// No server could read it.
    #[error("{0}")]
    Unreadable(String),
}
