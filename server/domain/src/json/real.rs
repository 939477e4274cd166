//! Numbers with a fraction, as text and back, exact and without tables.
//!
//! The usual ways need powers of ten by the kilobyte, which no compression makes smaller. Nearly every number of a floor
//! is a few digits and a point, and is read by one multiplication or division of exact doubles; for the others there
//! is arithmetic with long numbers, which is slow and right. A native program has the tables anyway and reads with them.

#[cfg(any(test, target_arch = "wasm32"))]
mod long;

/// The double nearest to a number of JSON's grammar; infinite when there is none.
pub(super) fn read(number: &str) -> f64 {
    #[cfg(target_arch = "wasm32")]
    return exact(number);
    #[cfg(not(target_arch = "wasm32"))]
    number.parse().unwrap_or(f64::INFINITY)
}

/// Reads without tables.
#[cfg(any(test, target_arch = "wasm32"))]
pub(super) fn exact(number: &str) -> f64 {
    let unsigned = number.strip_prefix('-').unwrap_or(number);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    // What does not fit is so far out that only its sign counts.
    let far = if exponent.starts_with('-') { i64::MIN / 2 } else { i64::MAX / 2 };
    let exponent = exponent.parse().unwrap_or(far);
    let digits = || whole.bytes().chain(fraction.bytes()).map(|digit| u32::from(digit - b'0'));
    let places = i64::try_from(fraction.len()).unwrap_or(i64::MAX / 4);
    let size = short(digits(), exponent.saturating_sub(places))
        .unwrap_or_else(|| long::read(digits(), exponent.saturating_sub(places)));
    if unsigned.len() < number.len() { -size } else { size }
}

/// Where the digits and the power of ten are both exact doubles, their product or quotient is rounded once.
#[cfg(any(test, target_arch = "wasm32"))]
fn short(digits: impl Iterator<Item = u32>, exponent: i64) -> Option<f64> {
    let mut size = 0.0;
    for digit in digits {
        size = size * 10.0 + f64::from(digit);
        if size >= 9_007_199_254_740_992.0 {
            return None;
        }
    }
    if exponent.unsigned_abs() > 22 {
        return None;
    }
    let power = (0..exponent.unsigned_abs()).fold(1.0, |power, _| power * 10.0);
    Some(if exponent < 0 { size / power } else { size * power })
}

/// Writes the shortest text that is read back as the same double; null for what is no number.
pub(super) fn write(number: f64, out: &mut String) {
    // Such as `-1.25e3`.
    let shortest = format!("{number:e}");
    let Some((mantissa, exponent)) = shortest.split_once('e') else {
        return out.push_str("null");
    };
    let digits = mantissa.trim_start_matches('-').replace('.', "");
    if mantissa.starts_with('-') {
        out.push('-');
    }
    let point = exponent.parse::<i32>().unwrap_or_default().saturating_add(1);
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or_default());
    let length = i32::try_from(digits.len()).unwrap_or_default();
    match point {
        1..=16 if length <= point => out.extend([digits.as_str(), &zeros(point - length), ".0"]),
        1..=16 => {
            let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or_default());
            out.extend([whole, ".", fraction]);
        }
        -4..=0 => out.extend(["0.", &zeros(-point), &digits]),
        _ => {
            let sign = if point > 0 { "+" } else { "" };
            out.extend([mantissa.trim_start_matches('-'), "e", sign, exponent]);
        }
    }
}
