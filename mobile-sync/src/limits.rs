//! Every number of `floor.sync.v1`, in one place: what proves wrong in measurement is changed here and nowhere else.
//!
//! Sizes are bytes of the frame's text. A limit that both sides keep is stated once and read by both.

use std::time::Duration;

/// The WebSocket subprotocol, and the protocol's name.
pub const PROTOCOL: &str = "floor.sync.v1";
/// The entry schema this build writes.
pub const SCHEMA: i64 = 7;
/// The oldest entry schema still read: nothing older was ever shipped.
pub const OLDEST_SCHEMA: i64 = 7;

/// One entry. Never lower in v1: entries already on phones were measured against it.
pub const ENTRY_BYTES: usize = 16 * 1024;
/// What a device leaves free in an entry, so that it can be offered again with its origin.
pub const ORIGIN_BYTES: usize = 256;
/// The deepest nesting of arrays and objects inside an entry.
pub const ENTRY_DEPTH: usize = 32;
/// Entries in one submit.
pub const BATCH_ENTRIES: usize = 64;
/// Bytes of entries in one submit.
pub const BATCH_BYTES: usize = 48 * 1024;
/// One WebSocket frame, and one body of the HTTP fallback.
pub const FRAME_BYTES: usize = 56 * 1024;
/// The first frame of a connection, the hello.
pub const HELLO_BYTES: usize = 8 * 1024;
/// Verdicts in one page of results.
pub const RESULTS_PAGE_BYTES: usize = 32 * 1024;
/// The largest integer that survives every JSON reader: 2^53 − 1.
pub const MAX_INTEGER: i64 = (1 << 53) - 1;

/// The wait for a hello.
pub const HELLO_WITHIN: Duration = Duration::from_secs(5);
/// Between two pings.
pub const HEARTBEAT: Duration = Duration::from_secs(25);
/// Silence after which a connection is dead.
pub const DEAD_AFTER: Duration = Duration::from_secs(60);
/// Something unsent, the socket "open", and no result for this long: drop the socket.
pub const WATCHDOG: Duration = Duration::from_secs(15);
/// The wait for a connection to open, and then for its welcome.
pub const OPEN_WITHIN: Duration = Duration::from_secs(20);
/// The same offset asked for this many times within [`SAME_OFFSET_WITHIN`]: forget derived state and resync.
pub const SAME_OFFSET_TIMES: usize = 5;
/// See [`SAME_OFFSET_TIMES`].
pub const SAME_OFFSET_WITHIN: Duration = Duration::from_secs(30);
/// The first step of the back-off between connections.
pub const BACKOFF_BASE: Duration = Duration::from_millis(500);
/// The longest back-off between connections.
pub const BACKOFF_MAX: Duration = Duration::from_secs(60);
/// The window over which phones spread their return after a drop, unless the server names another.
pub const JITTER: Duration = Duration::from_secs(20);
/// Between two `cursor` and `acked` reports, unless [`REPORT_EVENTS`] came first.
pub const REPORT_EVERY: Duration = Duration::from_secs(1);
/// Events after which a report goes out at once.
pub const REPORT_EVENTS: i64 = 256;
/// The age of the worker's view past which work is parked `TOO_OLD`.
pub const OFFLINE_MAX: Duration = Duration::from_secs(14 * 24 * 3600);
/// How long a verdict stays in the journal at least.
pub const JOURNAL_KEPT: Duration = Duration::from_secs(14 * 24 * 3600);

/// How long a phone keeps an item that ended, and a shift.
pub const ENDED_KEPT: Duration = Duration::from_secs(2 * 24 * 60 * 60);
/// Between two times that it lets go of what is older.
pub const TIDY_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// Unsent entries from which the phone warns.
pub const OUTBOX_SOFT: usize = 5_000;
/// Unsent entries from which the phone refuses new work. Old work is never dropped.
pub const OUTBOX_HARD: usize = 20_000;
/// Scans that a person may make within [`SCANS_WITHIN`].
pub const SCANS: usize = 10;
/// See [`SCANS`].
pub const SCANS_WITHIN: Duration = Duration::from_secs(5);

/// Events in a resume delta; more is a snapshot.
pub const DELTA_EVENTS: i64 = 2_000;
/// Bytes in a resume delta; more is a snapshot.
pub const DELTA_BYTES: usize = 2 * 1024 * 1024;
/// Frames waiting for one slow socket before its topics collapse to `reset SLOW`.
pub const OUTBOUND_FRAMES: usize = 256;
/// Bytes waiting for one slow socket before its topics collapse to `reset SLOW`.
pub const OUTBOUND_BYTES: usize = 1024 * 1024;
/// Entries of all streams of a site that one transaction applies.
pub const APPLY_ENTRIES: usize = 512;

/// One chunk of a photo upload.
pub const UPLOAD_CHUNK: usize = 256 * 1024;
/// How long the `feed` route waits for an event.
pub const FEED_WAIT: Duration = Duration::from_secs(25);
