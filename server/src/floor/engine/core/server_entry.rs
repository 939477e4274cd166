//! Entries as the server writes them into its own stream.

use floorline_domain::Outcome;
use floorline_mobile_sync::chain::{self, Hash};
use floorline_mobile_sync::entry::WireEntry;
use floorline_mobile_sync::limits::SCHEMA;
use floorline_mobile_sync::op::read_entry;
use floorline_mobile_sync::verdict::Verdict;
use serde_json::Value;

use super::intake::{Arrival, By};
use super::judging::{Draft, Judged};
use super::record::{Actor, Cause};
use crate::platform::http::ApiError;

/// Its bytes, and the stream's hash after it.
#[derive(Debug)]
pub struct ServerEntry {
    /// The bytes that are hashed.
    pub body: Vec<u8>,
    /// The chain's next link.
    pub hash: Hash,
}

/// The entry `seq` of a stream whose last hash was `last`.
///
/// # Errors
/// `data` cannot be written as JSON.
pub fn server_entry(seq: i64, op: &str, data: Value, actor: &Actor, last: &Hash) -> Result<ServerEntry, ApiError> {
    let entry = WireEntry {
        seq,
        schema: SCHEMA,
        op: op.to_owned(),
        item_id: None,
        action_id: None,
        stage: None,
        base: None,
        actor: actor.id,
        lease_id: None,
        device_time: None,
        monotonic: None,
        boot_id: None,
        data,
        blobs: Vec::new(),
        origin: None,
    };
    let body = serde_json::to_vec(&entry).map_err(ApiError::internal)?;
    Ok(ServerEntry { hash: chain::next(last, &body), body })
}

/// An entry of the server's own stream whose consequences are being recorded.
#[must_use = "the entry has no receipt before it is left"]
pub struct Entered(Arrival);

impl Judged<'_> {
    /// Goes on to an entry that only the server writes: what is recorded from here on is its doing.
    ///
    /// # Errors
    /// `data` cannot be written as JSON.
    pub fn enter(&mut self, op: &str, data: Value, actor: &Actor) -> Result<Entered, ApiError> {
        let moment = self.batch.moment;
        let held = self.batch.streams.get(&moment.server_stream);
        let held = held.ok_or_else(|| ApiError::internal(anyhow::anyhow!("the server's stream is not locked")))?;
        let seq = held.last_seq + 1;
        let entry = server_entry(seq, op, data, actor, &held.last_hash)?;
        self.ledger.begin(Cause {
            stream_id: moment.server_stream,
            seq,
            actor: actor.clone(),
            occurred_at: moment.now,
            uncertainty_ms: None,
        });
        Ok(Entered(Arrival {
            stream: moment.server_stream,
            seq,
            hash: entry.hash,
            read: read_entry(&entry.body, seq),
            body: entry.body,
            by: By::Present,
            occurred_at: moment.now,
            uncertainty_ms: None,
        }))
    }

    /// Everything of the entry is recorded.
    pub fn leave(&mut self, Entered(arrival): Entered) {
        let at = Some(self.position());
        let author = Some(self.ledger.actor().id);
        let verdict = Verdict::new(arrival.seq, Outcome::Applied);
        let draft = Draft { verdict, at, item: None, record: None, author, names_origin: false };
        self.drafts.insert(self.batch.arrivals.len(), draft);
        self.advance_server_stream(&arrival);
        self.batch.arrivals.push(arrival);
    }
}
