//! Whether an order will be there when it was promised.

use chrono::{DateTime, Utc};

use crate::words::words;

words! {
    "schedule"
    /// An order's progress against the time that has gone by.
    pub enum Schedule {
        /// More than ten points further than the time.
        Ahead = "ahead",
        /// Within ten points, or nothing was promised.
        OnTrack = "on_track",
        /// More than ten points behind the time.
        Behind = "behind",
    }
}

/// Compares `percent` done with the part of the time from `submitted` to `promised` that has gone by.
pub fn schedule(
    percent: u8,
    submitted: DateTime<Utc>,
    promised: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Schedule {
    let Some(promised) = promised else { return Schedule::OnTrack };
    let gone = now.signed_duration_since(submitted).num_milliseconds().max(0);
    let whole = promised.signed_duration_since(submitted).num_milliseconds().max(1);
    let expected = i128::from(gone) * 100 / i128::from(whole);
    match i128::from(percent) - expected.min(100) {
        lead if lead > 10 => Schedule::Ahead,
        lead if lead < -10 => Schedule::Behind,
        _ => Schedule::OnTrack,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use chrono::Duration;

    use super::*;

    #[test]
    fn ten_points_either_way_are_on_track() {
        let submitted = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let promised = Some(submitted + Duration::days(10));
        let now = submitted + Duration::days(5);
        let cases = [(39, Schedule::Behind), (40, Schedule::OnTrack), (60, Schedule::OnTrack), (61, Schedule::Ahead)];
        for (percent, expected) in cases {
            assert_eq!(schedule(percent, submitted, promised, now), expected, "{percent} %");
        }
        assert_eq!(schedule(0, submitted, None, now), Schedule::OnTrack);
        assert_eq!(schedule(99, submitted, promised, submitted + Duration::days(99)), Schedule::OnTrack);
        assert_eq!(schedule(0, submitted, Some(submitted), submitted), Schedule::OnTrack, "nothing is expected yet");
    }
}
