//! One-time codes: 128 random bits, given once, kept as a hash.

use sha2::{Digest as _, Sha256};

/// Crockford's base 32: nothing in it is read as something else.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A new enrolment code: 26 characters that go into a small QR code and can be typed.
pub(super) fn draw() -> String {
    let bits: u128 = rand::random();
    (0..26_u32)
        .rev()
        .filter_map(|place| ALPHABET.get(usize::try_from(bits >> (place * 5) & 31).ok()?))
        .copied()
        .map(char::from)
        .collect()
}

/// What of a code is stored and looked up. A device may send the code or the whole address it read.
pub(super) fn hash(text: &str) -> Vec<u8> {
    let code = text.trim().rsplit('/').next().unwrap_or_default().to_ascii_uppercase();
    Sha256::digest(code.as_bytes()).to_vec()
}

/// Six digits for two screens.
pub(super) fn digits() -> String {
    format!("{:06}", rand::random_range(0..1_000_000_u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_long_plain_and_never_the_same() {
        let (one, other) = (draw(), draw());
        assert_eq!(one.len(), 26);
        assert!(one.bytes().all(|byte| ALPHABET.contains(&byte)));
        assert_ne!(one, other);
    }

    #[test]
    fn an_address_is_as_good_as_its_code() {
        let code = draw();
        assert_eq!(hash(&code), hash(&format!("https://floor.example/enrol/{}\n", code.to_lowercase())));
        assert_ne!(hash(&code), hash(&draw()));
    }

    #[test]
    fn digits_are_always_six() {
        assert!((0..100).all(|_| digits().len() == 6));
    }
}
