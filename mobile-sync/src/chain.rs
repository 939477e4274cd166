//! The hash chain over a stream's entries: two futures for one `seq` cannot be mistaken for each other.
//!
//! A phone that was restored from a backup, or a copied database, counts on from an old number with other entries. The
//! number alone would make them duplicates and lose work silently; the chain makes them a fork.

use std::fmt;
use std::str::FromStr;

use floorline_domain::ids::StreamId;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest, Sha256};

/// One link: SHA-256, lower-case hex on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

/// The text is not 64 hexadecimal digits in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a hash is 64 hexadecimal digits in lower case")]
pub struct NotAHash;

/// `h_0`: SHA-256 of the stream id's 36 ASCII characters.
pub fn start(stream: StreamId) -> Hash {
    Hash(Sha256::digest(stream.0.hyphenated().to_string().as_bytes()).into())
}

/// `h_n`: SHA-256 of the 32 raw bytes of `h_{n-1}` followed by the entry's bytes as they stand in the frame.
pub fn next(previous: &Hash, entry: &[u8]) -> Hash {
    let mut digest = Sha256::new();
    digest.update(previous.0);
    digest.update(entry);
    Hash(digest.finalize().into())
}

/// SHA-256 of some bytes, such as a photo's, as it is written in a blob.
pub fn sha256(bytes: &[u8]) -> Hash {
    Hash(Sha256::digest(bytes).into())
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(NotAHash);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair.iter().try_fold(0, |value, digit| Some(value << 4 | nibble(*digit)?)).ok_or(NotAHash)?;
        }
        Ok(Self(bytes))
    }
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_starts_at_the_stream_ids_text() {
        let stream: StreamId = "b1c00000-0000-4000-8000-000000000001".parse().unwrap();
        assert_eq!(start(stream), sha256(b"b1c00000-0000-4000-8000-000000000001"));
    }

    #[test]
    fn every_link_depends_on_all_before_it() {
        let stream: StreamId = "b1c00000-0000-4000-8000-000000000001".parse().unwrap();
        let one = next(&start(stream), b"{}");
        assert_ne!(next(&one, b"{}"), one);
        assert_ne!(next(&start(stream), b"{ }"), one);
    }

    #[test]
    fn hexadecimal_goes_both_ways_and_only_in_lower_case() {
        let hash = sha256(b"abc");
        assert_eq!(hash.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!(hash.to_string().to_uppercase().parse::<Hash>(), Err(NotAHash));
        assert_eq!("ba78".parse::<Hash>(), Err(NotAHash));
        assert_eq!("é".repeat(32).parse::<Hash>(), Err(NotAHash));
    }
}
