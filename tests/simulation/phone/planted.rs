//! What an app of another version, or a mistaken one, leaves in a phone's store.

use floorline_domain::EntryKey;
use floorline_mobile_sync::chain;
use floorline_mobile_sync::store::{ActId, Kept, Store as _};
use floorline_mobile_sync::wire::Raw;
use serde_json::json;

use crate::world::World;

impl World {
    /// Entries that no server of today reads, chained as they should be.
    pub(super) fn plant(&mut self, number: usize) {
        let which = self.chance.u8(0..4);
        let Some(phone) = self.phones.get_mut(number) else { return };
        let Ok(loaded) = phone.store.load() else { return };
        let Some(stream) = loaded.stream else { return };
        let last = loaded.outbox.last();
        let seq = last.map_or(stream.acked_seq, |kept| kept.key.seq) + 1;
        let before = last.map_or(stream.acked_hash, |kept| kept.hash);
        let entry = match which {
            0 => json!({ "seq": seq, "schema": 7, "op": "item.teleport", "actor": phone.device, "data": {} }),
            1 => json!({ "seq": seq, "schema": 999, "op": "item.advance", "actor": phone.device, "data": {} }),
            2 => json!({ "seq": seq + 7, "schema": 7, "op": "item.advance", "actor": phone.device, "data": {} }),
            _ => json!({ "seq": seq, "schema": 7, "op": "note.add", "text": "\u{0}" }),
        };
        let Ok(bytes) = Raw::of(&entry) else { return };
        let hash = chain::next(&before, bytes.bytes());
        let act = ActId(loaded.last_act + 1);
        let key = EntryKey { stream_id: stream.id, seq };
        let kept = Kept { act, key, bytes, hash, made_time: 0, earlier: None };
        if phone.store.append(&kept).is_ok() && phone.store.commit().is_ok() {
            phone.saved.insert(act);
        }
    }
}
