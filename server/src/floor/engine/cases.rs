//! What did not book is kept: every rejected or parked entry goes into a case, with its bytes as they came.

use floorline_domain::{CaseId, ItemId, LocationId, Outcome, StreamId, UserId};
use floorline_mobile_sync::chain::Hash;
use serde_json::json;

use super::intake::Arrival;
use super::ledger::{Ledger, Record, Subject, Topic};

/// A case to be opened, or an entry more for one that is there.
#[derive(Clone, Debug)]
pub(super) struct NewCase {
    pub(super) id: CaseId,
    /// False: the case exists, here or in the database, and gets one entry more.
    pub(super) opens: bool,
    pub(super) actor: Option<UserId>,
    pub(super) site: Option<LocationId>,
    pub(super) item: Option<ItemId>,
    pub(super) reason: String,
    pub(super) outcome: Outcome,
    pub(super) stream: StreamId,
    pub(super) seq: i64,
    pub(super) hash: Hash,
    pub(super) body: Vec<u8>,
    pub(super) error: Option<String>,
}

impl NewCase {
    /// The case of an arrival that did not book.
    pub(super) fn of(
        arrival: &Arrival,
        id: CaseId,
        opens: bool,
        reason: &str,
        outcome: Outcome,
        site: Option<LocationId>,
    ) -> Self {
        let entry = arrival.read.as_ref();
        Self {
            id,
            opens,
            actor: entry.ok().map(|entry| entry.actor),
            site,
            item: entry.ok().and_then(|entry| entry.item_id),
            reason: reason.to_owned(),
            outcome,
            stream: arrival.stream,
            seq: arrival.seq,
            hash: arrival.hash,
            body: arrival.body.clone(),
            error: entry.err().map(|unreadable| unreadable.message.clone()),
        }
    }

    /// Tells the worker and the site that a case was opened.
    pub(super) fn tell(&self, ledger: &mut Ledger) {
        if !self.opens {
            return;
        }
        let topics = self.actor.map(Topic::User).into_iter().chain(self.site.map(Topic::Site)).collect();
        let state = json!({
            "id": self.id, "state": "open", "reason": self.reason, "outcome": self.outcome, "actor_id": self.actor, "item_id": self.item,
            "stream_id": self.stream, "seq": self.seq,
        });
        ledger.record(Record {
            subject: Subject::case(self.id),
            version: 1,
            kind: "case.opened",
            data: state.clone(),
            after: state,
            topics,
            brand_after: None,
        });
    }
}
