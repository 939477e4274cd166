//! Another stream after a seal: everything without a verdict is offered again there.
//!
//! So is everything of the streams before, once the server was rewound to before the present one: it may have forgotten them as well.

use floorline_domain::ids::{EntryKey, StreamId};
use floorline_domain::json;
use serde_json::Value;

use super::{Outbox, fresh};
use crate::sorted::Sorted;
use crate::store::{ActId, JournalLine, Kept, Store, StoreError};
use crate::wire::Raw;

impl Outbox {
    /// Everything that has a verdict, as far as the journal goes back.
    pub(crate) fn judged(&self, store: &mut impl Store) -> Result<Vec<JournalLine>, StoreError> {
        let mut lines = store.journal(ActId(0), usize::MAX)?;
        lines.retain(|line| line.settled.is_some());
        Ok(lines)
    }

    /// What the streams before this one have verdicts for, as far as the journal goes back.
    pub(crate) fn judged_before(&self, store: &mut impl Store) -> Result<Vec<JournalLine>, StoreError> {
        let mut lines = self.judged(store)?;
        lines.retain(|line| line.kept.key.stream_id != self.stream.id);
        Ok(lines)
    }

    /// Opens another stream and offers everything without a verdict again there, and `judged` as well; in the order it was done.
    pub(crate) fn reseal(
        &mut self,
        id: StreamId,
        judged: Vec<JournalLine>,
        store: &mut impl Store,
    ) -> Result<(), StoreError> {
        let queued = std::mem::take(&mut self.queue).into_values();
        let unsent = queued.filter_map(|act| self.acts.get(&act)).map(|held| (held.kept.act, held.kept.clone()));
        let mut leftovers: Vec<(ActId, Kept)> = unsent.collect();
        leftovers.extend(judged.into_iter().map(|line| (line.kept.act, self.unsettle(line))));
        let leftovers: Sorted<ActId, Kept> = leftovers.into_iter().collect();
        self.stream = fresh(id);
        store.open_stream(&self.stream)?;
        let mut moved = Sorted::default();
        for old in leftovers.into_values() {
            let seq = self.next_seq();
            let bytes = offer_again(&old, seq, &moved)?;
            moved.insert(old.key, seq);
            let kept = Kept { earlier: old.earlier, ..self.link(bytes, seq, old.act, old.made_time) };
            store.reoffer(&kept)?;
            self.hold(kept, None);
        }
        Ok(())
    }
}

/// The same act as a new entry: `seq` anew, the predecessor renumbered or none, and where it stood first.
fn offer_again(old: &Kept, seq: i64, moved: &Sorted<EntryKey, i64>) -> Result<Raw, StoreError> {
    let broken = |error: json::Error| StoreError(format!("entry {}: {error}", old.key.seq));
    let mut entry: Value = old.bytes.read().map_err(broken)?;
    let members = entry.as_object_mut().ok_or_else(|| StoreError(format!("entry {} is no object", old.key.seq)))?;
    members.insert("seq".to_owned(), json::value(&seq));
    if let Some(base) = members.get_mut("base").and_then(Value::as_object_mut) {
        let place = |seq| EntryKey { seq, ..old.key };
        let predecessor = base.get("predecessor").and_then(Value::as_i64).and_then(|seq| moved.get(&place(seq)));
        match predecessor {
            Some(seq) => base.insert("predecessor".to_owned(), json::value(&seq)),
            None => base.remove("predecessor"),
        };
    }
    members
        .entry("origin")
        .or_insert_with(|| json::object! { "stream_id": old.key.stream_id, "seq": old.key.seq, "hash": old.hash });
    Raw::of(&entry).map_err(broken)
}
