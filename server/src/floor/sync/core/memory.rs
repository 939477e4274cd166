//! Two memories of one stream: the device says how far its verdicts go and which hash it has there, the server has its own.

use floorline_domain::StreamId;
use floorline_mobile_sync::chain::{self, Hash};

/// What the server holds against the hash that a device said hello with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// This.
    Hash(Hash),
    /// What the receipt of this entry says; nothing any more once that is pruned.
    Receipt(i64),
    /// Nothing: the server was rewound. The device sees that from `last_seq` and offers its journal again.
    Forgotten,
}

/// What there is to compare at `acked_seq` of a stream whose last entry is `last_seq`.
#[must_use]
pub fn remembered(stream: StreamId, acked_seq: i64, last_seq: i64, last_hash: Hash) -> Memory {
    match acked_seq {
        0 => Memory::Hash(chain::start(stream)),
        seq if seq == last_seq => Memory::Hash(last_hash),
        seq if seq > last_seq => Memory::Forgotten,
        seq => Memory::Receipt(seq),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_is_compared_depends_on_how_far_both_are() {
        let (stream, last) = (StreamId(Uuid::from_u128(1)), chain::sha256(b"last"));
        let at = |acked_seq| remembered(stream, acked_seq, 7, last);
        assert_eq!(at(0), Memory::Hash(chain::start(stream)));
        assert_eq!(at(3), Memory::Receipt(3));
        assert_eq!(at(7), Memory::Hash(last));
        assert_eq!(at(8), Memory::Forgotten);
    }
}
