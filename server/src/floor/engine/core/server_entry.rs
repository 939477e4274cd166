//! An entry as the server writes it into its own stream.

use floorline_mobile_sync::chain::{self, Hash};
use floorline_mobile_sync::entry::WireEntry;
use floorline_mobile_sync::limits::SCHEMA;
use serde_json::Value;

use super::record::Actor;
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
