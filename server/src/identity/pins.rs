//! PINs: four to eight digits that go with a badge. Few enough to be guessed, so that guesses are counted, and the first ones anybody tries are not taken.

use crate::platform::http::ApiError;

/// Whether a PIN can be taken.
///
/// # Errors
/// 422 that names `field`.
pub(super) fn check(field: &str, pin: &str) -> Result<(), ApiError> {
    let digits = pin.as_bytes();
    if !(4..=8).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return Err(ApiError::invalid_field(field, "FORM", "A PIN has 4 to 8 digits."));
    }
    if is_trivial(digits) {
        let message =
            "That PIN is guessed first: no runs such as 1234 or 9876, and nothing repeated such as 0000 or 1212.";
        return Err(ApiError::invalid_field(field, "TRIVIAL", message));
    }
    Ok(())
}

/// A run up or down, past nine as well, or one or two digits over and over.
fn is_trivial(digits: &[u8]) -> bool {
    let steps = |step: u8| digits.iter().zip(digits.iter().skip(1)).all(|(one, next)| (next + 10 - one) % 10 == step);
    let over_and_over = digits.iter().zip(digits.iter().skip(2)).all(|(one, after_next)| one == after_next);
    steps(1) || steps(9) || over_and_over
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_four_to_eight_digits_that_nobody_guesses_first() {
        for (pin, taken) in [
            ("2580", true),
            ("1357", true),
            ("12341234", true),
            ("90210", true),
            ("11223344", true),
            ("1234", false),
            ("4321", false),
            ("8901", false),
            ("2109", false),
            ("01234567", false),
            ("0000", false),
            ("77777", false),
            ("1212", false),
            ("12121", false),
            ("258", false),
            ("258025802", false),
            ("25a0", false),
            ("25 80", false),
            ("٢٥٨٠", false),
            ("", false),
        ] {
            assert_eq!(check("pin", pin).is_ok(), taken, "{pin}");
        }
    }
}
