//! Scans of the same thing again within moments are the earlier scan, not a new one.

/// Two scans closer than this are one, in milliseconds.
pub const REPEAT_WITHIN_MS: i64 = 10_000;

/// A scan as far as telling repetitions needs it. Time is the device's monotonic clock, which counts only within one
/// boot of one stream: everything else would depend on a clock that may be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub code: String,
    /// The stage the scanned item was at, if it was one.
    pub stage: Option<String>,
    pub worker: crate::UserId,
    pub boot_id: String,
    /// In milliseconds.
    pub monotonic: i64,
}

/// How long before `later` the `earlier` scan was, in milliseconds, when they are one and the same. Both are of one
/// stream.
pub fn repeats(earlier: &Seen, later: &Seen) -> Option<i64> {
    let same = (&earlier.code, &earlier.stage, earlier.worker, &earlier.boot_id)
        == (&later.code, &later.stage, later.worker, &later.boot_id);
    let apart = later.monotonic.checked_sub(earlier.monotonic)?;
    (same && (0..REPEAT_WITHIN_MS).contains(&apart)).then_some(apart)
}
