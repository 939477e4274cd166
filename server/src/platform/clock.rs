//! The clock at the edges. The database keeps microseconds; a time that says more would come back changed, and an answer would differ from
//! the same row read again.

use chrono::{DateTime, SubsecRound as _, Utc};

/// Now, in whole microseconds.
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}
