//! Entries of an export that go into the engine at once.

use floorline_domain::StreamId;
use floorline_mobile_sync::chain::{self, Hash};
use floorline_mobile_sync::limits::{BATCH_BYTES, BATCH_ENTRIES};
use floorline_mobile_sync::wire::Raw;

use super::lines::Entry;
use crate::floor::sync::store;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// Entries of one stream that follow each other.
pub(super) struct Batch {
    pub(super) stream: StreamId,
    pub(super) first_seq: i64,
    pub(super) entries: Vec<Raw>,
    pub(super) hashes: Vec<Hash>,
    bytes: usize,
}

impl Batch {
    /// An empty one that `entry` begins.
    pub(super) fn before(entry: &Entry) -> Self {
        Self { stream: entry.stream_id, first_seq: entry.seq, entries: Vec::new(), hashes: Vec::new(), bytes: 0 }
    }

    /// Whether `entry` may follow in it.
    pub(super) fn goes_on(&self, entry: &Entry) -> bool {
        let next = self.seqs().last().and_then(|last| last.checked_add(1));
        self.stream == entry.stream_id
            && next == Some(entry.seq)
            && self.entries.len() < BATCH_ENTRIES
            && self.bytes + entry.entry.bytes().len() <= BATCH_BYTES
    }

    pub(super) fn seqs(&self) -> impl Iterator<Item = i64> {
        (self.first_seq..).take(self.entries.len())
    }

    /// Whether the chain of the batch is the stream's own, as far as both can be compared.
    pub(super) async fn continues(&self, tx: &mut TenantTx, stream: &store::Stream) -> Result<bool, ApiError> {
        let Some((first, last)) = self.entries.first().zip(self.hashes.last()) else { return Ok(true) };
        if self.first_seq == stream.last_seq + 1 {
            return Ok(self.hashes.first() == Some(&chain::next(&stream.last_hash, first.bytes())));
        }
        if let Some((_, hash)) = self.seqs().zip(&self.hashes).find(|(seq, _)| *seq == stream.last_seq) {
            return Ok(*hash == stream.last_hash);
        }
        let end = self.seqs().last().unwrap_or(self.first_seq);
        Ok(store::receipt_hash(tx, self.stream, end).await?.is_none_or(|ours| ours == *last))
    }

    /// Takes `entry` in. False: it is not what its hash was made of.
    pub(super) fn push(&mut self, entry: Entry) -> bool {
        if self.hashes.last().is_some_and(|last| chain::next(last, entry.entry.bytes()) != entry.hash) {
            return false;
        }
        self.bytes += entry.entry.bytes().len();
        self.entries.push(entry.entry);
        self.hashes.push(entry.hash);
        true
    }

    /// Those up to `seq` are decided.
    pub(super) fn leave(&mut self, seq: i64) {
        let decided = self.seqs().filter(|one| *one <= seq).count();
        self.entries.drain(..decided);
        self.hashes.drain(..decided);
        self.first_seq = self.first_seq.max(seq.saturating_add(1));
    }
}
