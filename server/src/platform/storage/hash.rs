//! The content hash of objects, in the one form it has everywhere: lower-case hexadecimal SHA-256.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::Stored;

/// The hash of bytes that are all there.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    let mut hasher = Hasher::default();
    hasher.update(bytes);
    hasher.finish().sha256
}

/// Hashes and counts bytes that arrive in pieces.
#[derive(Debug, Default)]
pub struct Hasher {
    hash: Sha256,
    size: u64,
}

impl Hasher {
    /// Takes the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.size = self.size.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }

    /// What the pieces were, taken together.
    #[must_use]
    pub fn finish(self) -> Stored {
        let mut sha256 = String::with_capacity(64);
        for byte in self.hash.finalize() {
            // Writing to a string cannot fail.
            _ = write!(sha256, "{byte:02x}");
        }
        Stored { size: self.size, sha256 }
    }
}

#[cfg(test)]
mod tests {
    use super::{Hasher, sha256};

    #[test]
    fn pieces_hash_like_the_whole() {
        let mut hasher = Hasher::default();
        hasher.update(b"a");
        hasher.update(b"bc");
        let stored = hasher.finish();
        assert_eq!(stored.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!((stored.size, stored.sha256), (3, sha256(b"abc")));
    }
}
