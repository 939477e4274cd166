//! What the door decides, without a database: entries and the rows they refer to go in, rows, events, receipts and answers come out.
//!
//! A batch passes through four values, each of which is made from the one before:
//! 1. [`Offers`]: the asks, read once. They name the streams to be locked.
//! 2. [`Batch`]: what is new, what was decided before, what cannot be here (`intake.rs`). It names everything to be loaded ([`Needs`]).
//! 3. [`Judged`]: one verdict an entry (`judge.rs`), carried out in the [`World`] and told to the [`Ledger`].
//! 4. [`Settled`]: verdicts with their cursors, receipts and watermarks to be stored, and the answers for after COMMIT.
//!
//! `batch.rs` takes a batch through them over PostgreSQL; the simulator does the same over a store in memory. Nothing here waits, reads a
//! clock or draws a random number: those come with the [`Moment`].

mod admission;
mod book;
mod book_item;
mod book_order;
mod cases;
mod decide;
mod forks;
mod found;
mod intake;
mod judge;
mod judging;
mod ledger;
mod needs;
mod placing;
mod receipt;
mod record;
mod server_entry;
mod settling;
mod world;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use floorline_domain::{LocationId, OrgId, StreamId, UserId};
use uuid::Uuid;

pub use self::cases::NewCase;
pub use self::found::{Alias, CaseState, FoundLabel, FoundOrigin, FoundReceipt, target};
pub use self::intake::{HeldStream, RecentScan, StreamState};
pub use self::judging::{Judged, Loaded};
pub use self::ledger::{Audit, EventRow, FeedRow, JobRow, Ledger, TopicMove};
pub use self::needs::Needs;
pub use self::placing::{Batch, Offers};
pub use self::receipt::{Head, Receipt, Watermark};
pub use self::record::{Actor, Cause, Record, Subject, Topic};
pub use self::server_entry::{Entered, ServerEntry, server_entry};
pub use self::settling::Settled;
pub use self::world::{
    HeldItem, HeldLabel, HeldOrder, HeldShift, Lease, MeasurementRow, Person, PhotoReference, ScanRow, World,
};
use super::submission::{Act, Acted, DeviceSubmit, KeptEntry, Submitted};
use crate::platform::http::ApiError;

/// Where and when a batch happens.
pub struct Moment<'a> {
    /// Whose.
    pub org: OrgId,
    /// The writer's site; none for what an organisation has without one.
    pub site: Option<LocationId>,
    /// The server's own stream of this writer.
    pub server_stream: StreamId,
    /// To the microsecond, as the database keeps it.
    pub now: DateTime<Utc>,
    /// Entries that failed again and again: parked without being looked at.
    pub poisoned: &'a BTreeSet<(StreamId, i64)>,
    /// An id that was never given before.
    pub new_id: &'a (dyn Fn() -> Uuid + Sync),
}

impl Moment<'_> {
    /// The topic of the writer.
    fn topic(&self) -> Topic {
        self.site.map_or(Topic::Org, Topic::Site)
    }
}

/// One request of a batch.
pub enum Ask<'a> {
    /// Entries of a phone.
    Device(&'a DeviceSubmit),
    /// An act over HTTP.
    Act {
        /// Who.
        actor: &'a Actor,
        /// What.
        act: &'a Act,
        /// Since the writer's start: the clock of its stream.
        monotonic_ms: i64,
    },
    /// An entry of a case again.
    Kept {
        /// The entry.
        entry: &'a KeptEntry,
        /// Who decided it, and lends it their permissions.
        lent_by: Option<UserId>,
    },
}

/// The answer to an [`Ask`], in the same place.
pub enum Reply {
    /// To a phone.
    Device(Submitted),
    /// To an act, or an entry of a case.
    Act(Result<Acted, ApiError>),
}
