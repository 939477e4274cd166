//! Days and moments as requests name them. JSON can say the year -9999 and the year 262142; the database can store neither, and nobody on
//! a floor means them.

use std::ops::RangeInclusive;

use chrono::Datelike;
use floorline_domain::FieldError;

/// The years that a request may name.
const YEARS: RangeInclusive<i32> = 1970..=2200;

/// Whether a day or a moment is of a year that somebody may mean.
pub fn is_sensible(day: &impl Datelike) -> bool {
    YEARS.contains(&day.year())
}

/// Refuses a day or a moment that nobody means.
///
/// # Errors
/// The fault of `field`.
pub fn sensible(field: &str, day: &impl Datelike) -> Result<(), FieldError> {
    if is_sensible(day) {
        return Ok(());
    }
    let message = format!("{field} is between the years {} and {}.", YEARS.start(), YEARS.end());
    Err(FieldError::new(field, "range", message))
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    #[test]
    fn years_of_this_time_are_sensible_and_others_are_faults() {
        for (day, sound) in [
            ("1969-12-31", false),
            ("1970-01-01", true),
            ("2200-12-31", true),
            ("2201-01-01", false),
            ("-9999-01-01", false),
            ("+262142-12-31", false),
        ] {
            let day: NaiveDate = day.parse().unwrap();
            assert_eq!(is_sensible(&day), sound, "{day}");
            assert_eq!(sensible("since", &day).is_ok(), sound);
        }
    }
}
