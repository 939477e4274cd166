//! Arithmetic in finite fields of 2ⁿ elements, n up to 8, as `rqrr` asks for it to correct the errors in a QR code.
//!
//! It stands in for the crate of this name, which looks every product and quotient up in tables: 128 kB that no compression makes
//! smaller than 66, most of what a phone loads to look at a camera frame. Logarithms say the same in half a kilobyte, and
//! raise to a power at once. Only what `rqrr` uses is here.

use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Sub, SubAssign};

/// An element of a finite field.
pub trait GaloisField:
    Add<Output = Self>
    + AddAssign
    + Sub<Output = Self>
    + SubAssign
    + Mul<Output = Self>
    + MulAssign
    + Div<Output = Self>
    + DivAssign
    + Copy
    + Eq
{
    /// What adds nothing.
    const ZERO: Self;
    /// What multiplies by nothing.
    const ONE: Self;
    /// An element whose powers are all others but zero.
    const GENERATOR: Self;

    /// Raises to a power.
    fn pow(self, exponent: usize) -> Self;
}

/// The powers of 2 in a field, and of each element which power it is.
#[derive(Debug)]
pub struct Logarithms {
    powers: [u8; 256],
    logarithms: [u8; 256],
    /// How many elements are not zero.
    order: usize,
}

impl Logarithms {
    /// Those of the field of 2^`bits` elements, whose `modulus` must make 2 a generator.
    #[expect(
        clippy::indexing_slicing,
        clippy::as_conversions,
        reason = "run by the compiler, which refuses what is out of range"
    )]
    pub const fn of(bits: u32, modulus: u16) -> Self {
        let order = (1 << bits) - 1;
        let (mut powers, mut logarithms) = ([0; 256], [0; 256]);
        let (mut exponent, mut element) = (0_usize, 1_u16);
        while exponent < order {
            assert!(exponent == 0 || element != 1, "2 is no generator of this field");
            powers[exponent] = element as u8;
            logarithms[element as usize] = exponent as u8;
            element <<= 1;
            if element >> bits != 0 {
                element ^= modulus;
            }
            exponent += 1;
        }
        Self { powers, logarithms, order }
    }

    /// The product of two elements.
    pub fn product(&self, a: u8, b: u8) -> u8 {
        if a == 0 || b == 0 { 0 } else { self.power(self.logarithm(a) + self.logarithm(b)) }
    }

    /// The quotient of two elements, of which the second must not be zero.
    pub fn quotient(&self, a: u8, b: u8) -> u8 {
        assert!(b != 0, "division by zero");
        if a == 0 { 0 } else { self.power(self.logarithm(a) + self.order - self.logarithm(b)) }
    }

    /// An element raised to a power.
    pub fn raised(&self, a: u8, exponent: usize) -> u8 {
        match (a, exponent) {
            (_, 0) => 1,
            (0, _) => 0,
            _ => self.power(self.logarithm(a) * (exponent % self.order)),
        }
    }

    fn logarithm(&self, a: u8) -> usize {
        self.logarithms.get(usize::from(a)).copied().unwrap_or_default().into()
    }

    fn power(&self, exponent: usize) -> u8 {
        self.powers.get(exponent % self.order).copied().unwrap_or_default()
    }
}

/// The sum of two elements, which is their difference as well.
pub fn sum(a: u8, b: u8) -> u8 {
    a ^ b
}

/// Makes the type of a field: `g2p!(GF256, 8, modulus: 0b1_0001_1101)`.
#[macro_export]
macro_rules! g2p {
    ($field:ident, $bits:literal, modulus: $modulus:literal) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $field(pub u8);

        impl $field {
            const LOGARITHMS: &'static $crate::Logarithms = &$crate::Logarithms::of($bits, $modulus);
        }

        impl $crate::GaloisField for $field {
            const ZERO: Self = Self(0);
            const ONE: Self = Self(1);
            const GENERATOR: Self = Self(2);

            fn pow(self, exponent: usize) -> Self {
                Self(Self::LOGARITHMS.raised(self.0, exponent))
            }
        }

        $crate::g2p!(@operator $field, Add add AddAssign add_assign, |a, b| $crate::sum(a.0, b.0));
        $crate::g2p!(@operator $field, Sub sub SubAssign sub_assign, |a, b| $crate::sum(a.0, b.0));
        $crate::g2p!(@operator $field, Mul mul MulAssign mul_assign, |a, b| Self::LOGARITHMS.product(a.0, b.0));
        $crate::g2p!(@operator $field, Div div DivAssign div_assign, |a, b| Self::LOGARITHMS.quotient(a.0, b.0));
    };
    (@operator $field:ident, $op:ident $method:ident $assign:ident $assign_method:ident, |$a:ident, $b:ident| $result:expr) => {
        impl core::ops::$op for $field {
            type Output = Self;

            fn $method(self, other: Self) -> Self {
                let ($a, $b) = (self, other);
                Self($result)
            }
        }

        impl core::ops::$assign for $field {
            fn $assign_method(&mut self, other: Self) {
                *self = core::ops::$op::$method(*self, other);
            }
        }
    };
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, unreachable_pub, reason = "tests")]

    use super::GaloisField;

    g2p!(GF16, 4, modulus: 0b1_0011);
    g2p!(GF256, 8, modulus: 0b1_0001_1101);

    /// Polynomials over bits, multiplied and then divided by the modulus, as the field is defined.
    fn by_definition(a: u8, b: u8, bits: u32, modulus: u32) -> u8 {
        let mut product = (0..8).filter(|bit| b >> bit & 1 == 1).fold(0, |sum, bit| sum ^ (u32::from(a) << bit));
        for bit in (bits..16).rev() {
            if product >> bit & 1 == 1 {
                product ^= modulus << (bit - bits);
            }
        }
        u8::try_from(product).unwrap()
    }

    #[test]
    fn every_product_and_quotient_is_the_fields() {
        for a in 0..=255 {
            for b in 0..=255 {
                let product = GF256(a) * GF256(b);
                assert_eq!(product.0, by_definition(a, b, 8, 0b1_0001_1101), "{a} {b}");
                assert!(b == 0 || product / GF256(b) == GF256(a));
                if a < 16 && b < 16 {
                    let product = GF16(a) * GF16(b);
                    assert_eq!(product.0, by_definition(a, b, 4, 0b1_0011), "{a} {b}");
                    assert!(b == 0 || product / GF16(b) == GF16(a));
                }
            }
        }
    }

    #[test]
    fn a_power_is_a_product_of_itself() {
        for a in 0..=255 {
            let mut product = GF256::ONE;
            for exponent in 0..600 {
                assert_eq!(GF256(a).pow(exponent), product, "{a} {exponent}");
                product *= GF256(a);
            }
        }
        assert_eq!(GF16::GENERATOR.pow(15), GF16::ONE);
    }

    #[test]
    fn a_sum_is_its_own_opposite() {
        let mut sum = GF256(0x53) + GF256(0xca);
        sum -= GF256(0xca);
        assert_eq!(sum, GF256(0x53));
        sum += sum;
        assert_eq!(sum, GF256::ZERO);
        sum += GF256(6);
        sum /= GF256(3);
        assert_eq!(sum - GF256(2), GF256::ZERO);
    }
}
