//! Jitter, back-off and stream ids from one seed, so that a simulated run repeats to the letter.

use floorline_domain::ids::StreamId;
use uuid::Builder;

/// SplitMix64 over a 128-bit seed. Not a secret: a stream id only has to be new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chance {
    state: [u64; 2],
}

impl Chance {
    pub(crate) fn new(seed: u128) -> Self {
        let (high, low) = (seed >> 64, seed & u128::from(u64::MAX));
        Self { state: [u64::try_from(high).unwrap_or_default(), u64::try_from(low).unwrap_or_default()] }
    }

    fn word(&mut self) -> u64 {
        let [high, low] = &mut self.state;
        *low = low.wrapping_add(0x9e37_79b9_7f4a_7c15);
        *high = high.wrapping_add(0xd1b5_4a32_d192_ed03);
        mix(*low) ^ mix(high.rotate_left(32))
    }

    /// From 0 up to `bound`, which is included.
    pub(crate) fn up_to(&mut self, bound: u64) -> u64 {
        match bound.checked_add(1) {
            Some(span) => self.word() % span,
            None => self.word(),
        }
    }

    /// A version 4 id for a new life of the local database.
    pub(crate) fn stream(&mut self) -> StreamId {
        let bits = u128::from(self.word()) << 64 | u128::from(self.word());
        StreamId(Builder::from_random_bytes(bits.to_be_bytes()).into_uuid())
    }
}

fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_another_does_not() {
        assert_eq!(Chance::new(7).stream(), Chance::new(7).stream());
        assert_ne!(Chance::new(7).stream(), Chance::new(8).stream());
        assert_ne!(Chance::new(1 << 64).stream(), Chance::new(1).stream());
        assert_eq!(Chance::new(7).stream().0.get_version_num(), 4);
        let mut chance = Chance::new(3);
        assert!((0..1000).all(|_| chance.up_to(9) <= 9));
    }
}
