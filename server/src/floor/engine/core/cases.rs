//! What did not book is kept: every rejected or parked entry goes into a case, with its bytes as they came.

use floorline_domain::{CaseId, ItemId, LocationId, Outcome, StreamId, UserId};
use floorline_mobile_sync::chain::Hash;
use serde_json::json;

use super::intake::Arrival;
use super::ledger::Ledger;
use super::record::{Record, Subject, Topic};

/// A case to be opened, or an entry more for one that is there.
#[derive(Clone, Debug)]
pub struct NewCase {
    /// Which.
    pub id: CaseId,
    /// False: the case exists, here or in the database, and gets one entry more.
    pub opens: bool,
    /// Whose entry.
    pub actor: Option<UserId>,
    /// Where.
    pub site: Option<LocationId>,
    /// About which item.
    pub item: Option<ItemId>,
    /// Why it did not book.
    pub reason: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The entry's stream.
    pub stream: StreamId,
    /// Its place there.
    pub seq: i64,
    /// Its hash.
    pub hash: Hash,
    /// Its bytes.
    pub body: Vec<u8>,
    /// What cannot be read in it.
    pub error: Option<String>,
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
