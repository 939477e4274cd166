//! What a device keeps, behind one small trait: SQLite natively, IndexedDB in the browser, memory in the simulator.
//!
//! The core writes, then says what it wants done; whoever drives it commits first and does it afterwards. So "saved" is
//! never shown, no `acked` is ever sent, for something a power cut takes back. When a commit fails, the core in memory
//! is thrown away and opened again from what is kept.

mod kept;
mod memory;

use floorline_domain::ids::StreamId;

pub use self::kept::{ActId, Attention, JournalLine, Kept, KeptLease, Loaded, Row, Settled, StreamState, TopicCursor};
pub use self::memory::MemoryStore;
use crate::chain::Hash;
use crate::entry::Blob;
use crate::topic::Topic;

/// The local database failed: full, gone or torn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("local storage: {0}")]
pub struct StoreError(pub String);

/// What a device keeps. Everything written between two commits is kept wholly or not at all.
///
/// Two parts: what must not be lost (streams, entries, verdicts, leases, files) and the base (feeds and their rows), which can
/// be fetched again at any time and may be dropped by the store itself.
pub trait Store {
    /// Reads what the core opens with.
    fn load(&mut self) -> Result<Loaded, StoreError>;
    /// Makes everything since the last commit durable.
    fn commit(&mut self) -> Result<(), StoreError>;

    /// Seals the open stream, if there is one, and opens this one.
    fn open_stream(&mut self, stream: &StreamState) -> Result<(), StoreError>;
    /// Keeps the server's epoch. A server in another one may have forgotten files: all of them wait for their upload again. Whoever
    /// uploads finds whose bytes are not here any more, and says so by [`Store::forget_file`].
    fn set_server_epoch(&mut self, epoch: &str) -> Result<(), StoreError>;
    /// Saves a new entry.
    fn append(&mut self, kept: &Kept) -> Result<(), StoreError>;
    /// Gives a saved act its new place, bytes and hash on another stream, where it has no verdict; one that it had is [`Kept::earlier`].
    fn reoffer(&mut self, kept: &Kept) -> Result<(), StoreError>;
    /// Stores the verdict of an entry and moves its stream's `acked_seq` there.
    fn settle(&mut self, kept: &Kept, settled: &Settled) -> Result<(), StoreError>;
    /// Entries of a stream that have a verdict, from a place on, by place.
    fn judged(&mut self, stream: StreamId, from_seq: i64) -> Result<Vec<JournalLine>, StoreError>;
    /// The server has forgotten the stream's verdicts after `acked_seq`: those entries are without one again, and what had
    /// become of them is kept as [`Kept::earlier`].
    fn rewind(&mut self, stream: &StreamState) -> Result<(), StoreError>;
    /// The base has reached the act: prediction no longer shows it.
    fn shown(&mut self, act: ActId) -> Result<(), StoreError>;
    /// Someone has looked at it.
    fn looked_at(&mut self, act: ActId) -> Result<(), StoreError>;
    /// What became of an act is to be looked at again.
    fn look_again(&mut self, act: ActId) -> Result<(), StoreError>;
    /// The journal after an act, oldest first, unsent acts included.
    fn journal(&mut self, after: ActId, limit: usize) -> Result<Vec<JournalLine>, StoreError>;
    /// Drops verdicts stored before a time (device's clock) that nobody has to look at any more.
    fn prune(&mut self, settled_before: i64) -> Result<(), StoreError>;
    /// Keeps a lease.
    fn keep_lease(&mut self, lease: &KeptLease) -> Result<(), StoreError>;

    /// Notes a file that lies in its place on the device and waits for its upload.
    fn keep_file(&mut self, file: &Blob) -> Result<(), StoreError>;
    /// The server has the whole of a file that was kept here.
    fn set_uploaded(&mut self, sha256: &Hash) -> Result<(), StoreError>;
    /// The bytes of a file that waits are not here any more: nothing is known of it, unless the server has it.
    fn forget_file(&mut self, sha256: &Hash) -> Result<(), StoreError>;
    /// Whether the server has the whole of a file; none: its bytes are not kept here, so this device cannot know.
    fn uploaded(&mut self, sha256: &Hash) -> Result<Option<bool>, StoreError>;

    /// Moves a feed's cursor.
    fn set_cursor(&mut self, at: &TopicCursor) -> Result<(), StoreError>;
    /// How far a feed is is not known any more; its rows stay.
    fn forget_cursor(&mut self, topic: Topic) -> Result<(), StoreError>;
    /// Replaces all rows of a feed and sets its cursor.
    fn swap(&mut self, at: &TopicCursor, rows: &[Row]) -> Result<(), StoreError>;
    /// Writes a row.
    fn put_row(&mut self, topic: Topic, row: &Row) -> Result<(), StoreError>;
    /// Removes a row.
    fn drop_row(&mut self, topic: Topic, kind: &str, id: &str) -> Result<(), StoreError>;
    /// Reads a row.
    fn row(&mut self, topic: Topic, kind: &str, id: &str) -> Result<Option<Row>, StoreError>;
    /// Reads all rows of a noun, by id.
    fn rows(&mut self, topic: Topic, kind: &str) -> Result<Vec<Row>, StoreError>;
    /// Forgets feeds and rows.
    fn clear_base(&mut self) -> Result<(), StoreError>;
}
