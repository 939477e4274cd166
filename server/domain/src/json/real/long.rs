//! Reading by long numbers: digits times a power of ten as a fraction of two integers, divided bit by bit.

use std::cmp::Ordering;

/// No double and no midpoint of two has more significant digits than this; what follows only breaks ties.
const DIGITS: usize = 800;

/// Digits times ten to a power, rounded once to the nearest double, of two equally near ones to the even.
pub(super) fn read(digits: impl Iterator<Item = u32>, mut exponent: i64) -> f64 {
    let (mut above, mut kept, mut rest) = (Long::default(), 0, false);
    for digit in digits.skip_while(|digit| *digit == 0) {
        if kept < DIGITS {
            above.scale(10, digit);
        } else {
            exponent = exponent.saturating_add(1);
            rest |= digit != 0;
        }
        kept += 1;
    }
    if rest {
        above.scale(10, 1);
        exponent = exponent.saturating_sub(1);
    }
    let magnitude = exponent.saturating_add(i64::try_from(kept.min(DIGITS)).unwrap_or_default());
    match (kept, magnitude) {
        (0, _) | (_, ..-330) => return 0.0,
        (_, 311..) => return f64::INFINITY,
        _ => {}
    }
    let mut below = Long(vec![1]);
    let scaled = if exponent < 0 { &mut below } else { &mut above };
    (0..exponent.unsigned_abs()).for_each(|_| scaled.scale(10, 0));
    divide(above, below)
}

/// The nearest double to a fraction.
fn divide(mut above: Long, mut below: Long) -> f64 {
    // Shift one of them so that 1 <= above / below < 2, times two to `power`.
    let mut power = above.bits() - below.bits();
    if power < 0 {
        above.shift(power.unsigned_abs());
    } else {
        below.shift(power.unsigned_abs());
    }
    if above.order(&below) == Ordering::Less {
        above.shift(1);
        power -= 1;
    }
    // Below the smallest normal double fewer bits are left.
    let bits = 53.min(power + 1075).max(0);
    let mut mantissa = 0_u64;
    for _ in 0..bits {
        mantissa <<= 1;
        if above.order(&below) != Ordering::Less {
            above.subtract(&below);
            mantissa |= 1;
        }
        above.shift(1);
    }
    if bits == 0 {
        // Only just below the smallest of all: half of it is the question.
        below.shift((-1074 - power).unsigned_abs() - 1);
    }
    let up = match above.order(&below) {
        Ordering::Less => 0,
        Ordering::Equal => mantissa & 1,
        Ordering::Greater => 1,
    };
    let mantissa = mantissa + up;
    // A carry out of the mantissa is the next exponent with the mantissa 0, as doubles are laid out.
    let biased = u64::try_from(power + 1022).unwrap_or_default();
    let double = if bits == 53 { (biased << 52) + mantissa } else { mantissa };
    f64::from_bits(double.min(f64::INFINITY.to_bits()))
}

/// A whole number, its lowest 32 bits first.
#[derive(Default)]
struct Long(Vec<u32>);

impl Long {
    /// Multiplies by one number and adds another.
    fn scale(&mut self, by: u32, add: u32) {
        let mut carry = u64::from(add);
        for limb in &mut self.0 {
            carry += u64::from(*limb) * u64::from(by);
            *limb = low(carry);
            carry >>= 32;
        }
        if carry > 0 {
            self.0.push(low(carry));
        }
    }

    fn shift(&mut self, bits: u32) {
        for _ in 0..bits % 32 {
            self.scale(2, 0);
        }
        let limbs = usize::try_from(bits / 32).unwrap_or_default();
        self.0.splice(0..0, std::iter::repeat_n(0, limbs));
    }

    /// Takes away a number that is not larger.
    fn subtract(&mut self, other: &Self) {
        let mut borrow = false;
        for (place, limb) in self.0.iter_mut().enumerate() {
            let less = other.0.get(place).copied().unwrap_or_default();
            let (one, under) = limb.overflowing_sub(less);
            let (two, again) = one.overflowing_sub(u32::from(borrow));
            (*limb, borrow) = (two, under || again);
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        let size = self.0.len().cmp(&other.0.len());
        size.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    fn bits(&self) -> i32 {
        let top = self.0.last().map_or(0, |limb| 32 - limb.leading_zeros());
        let limbs = i32::try_from(self.0.len()).unwrap_or_default();
        limbs * 32 - 32 + i32::try_from(top).unwrap_or_default()
    }
}

fn low(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default()
}
