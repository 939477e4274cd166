//! How long a failed job waits.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(3600);

/// The pause after run number `attempt` failed: doubling from two seconds to an hour, of which `roll` (0 to 1) takes up to a half away, so that jobs that failed
/// together do not come back together.
pub(super) fn pause(attempt: i32, roll: f64) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(0).min(16);
    let full = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    full.mul_f64(1.0 - roll.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour_and_are_shortened_by_half_at_most() {
        let seconds = |attempt, roll| pause(attempt, roll).as_secs_f64();
        assert_eq!([1, 2, 3, 10].map(|attempt| seconds(attempt, 0.0)), [2.0, 4.0, 8.0, 1024.0]);
        assert_eq!(seconds(12, 0.0), 3600.0);
        assert_eq!(seconds(i32::MAX, 0.0), 3600.0);
        assert_eq!(seconds(1, 1.0), 1.0);
        assert_eq!(seconds(0, 0.0), 2.0);
    }
}
