//! What a person does becomes a saved entry here, whether or not there is a connection.

use floorline_domain::ids::ItemId;

use super::scanning::is_scan;
use super::{Client, Notice};
use crate::entry::{Base as Seen, Blob, Clock, Entry};
use crate::limits;
use crate::op::Operation;
use crate::outbox::Refused;
use crate::session::Now;
use crate::store::{ActId, Store, StoreError};
use crate::topic::Topic;

/// What a person does, before it becomes an entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Act {
    /// What.
    pub op: Operation,
    /// To which item.
    pub item_id: Option<ItemId>,
    /// The stage they believe it is in; by default the one the screen shows.
    pub stage: Option<String>,
    /// Files that belong to it; they are kept on the device already.
    pub blobs: Vec<Blob>,
}

impl Act {
    /// An act without files, in the stage the screen shows.
    pub fn new(op: Operation, item_id: Option<ItemId>) -> Self {
        Self { op, item_id, stage: None, blobs: Vec::new() }
    }
}

impl Client {
    /// Saves an act. It is saved once the store is committed; give the client a [`Tick`](super::Event::Tick) to send it.
    pub fn act(&mut self, act: Act, now: Now, store: &mut impl Store) -> Result<Result<ActId, Refused>, StoreError> {
        let Some(session) = self.actor.and_then(|actor| self.sessions.get(&actor)) else {
            return Ok(Err(Refused::SignedOut));
        };
        let (actor, lease_id) = (session.actor, session.lease_id);
        if self.outbox.unsent() >= limits::OUTBOX_HARD {
            return Ok(Err(Refused::Full { count: self.outbox.unsent() }));
        }
        if is_scan(&act.op)
            && let Err(refused) = self.scans.pace(actor, now.monotonic)
        {
            return Ok(Err(refused));
        }
        let screen = act.item_id.map(|id| self.floor(store).item(id)).transpose()?.flatten();
        let seen = Seen {
            version: screen.as_ref().map(|shown| shown.base_version),
            predecessor: act.item_id.and_then(|id| self.outbox.predecessor(id)),
            seen: self.base.cursor(Topic::Site(self.config.site)),
        };
        let clock = Clock { device_time: now.time, monotonic: now.monotonic, boot_id: self.config.boot_id.clone() };
        let entry = Entry {
            seq: 0,
            schema: limits::SCHEMA,
            op: act.op,
            item_id: act.item_id,
            stage: act.stage.or_else(|| screen.map(|shown| shown.item.stage)),
            base: Some(seen).filter(|seen| *seen != Seen::default()),
            actor,
            lease_id,
            clock: Some(clock),
            blobs: act.blobs,
            origin: None,
        };
        let saved = self.outbox.enqueue(entry, now.time, store)?;
        if saved.is_ok() && self.outbox.unsent() == limits::OUTBOX_SOFT {
            self.tell(Notice::OutboxFilling { count: self.outbox.unsent() });
        }
        Ok(saved)
    }

    /// Someone has looked at what became of an act, or confirmed its alert.
    pub fn looked_at(&mut self, act: ActId, store: &mut impl Store) -> Result<(), StoreError> {
        self.outbox.looked_at(act, store)
    }
}
