//! Closes a case: the one operation behind booked, discarded and sent back.

use floorline_domain::{CaseId, LocationId, UserId};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::look_up;
use super::store;
use super::views::State;
use crate::floor::engine::{Ledger, Record, ServerOperation, Subject, Topic};
use crate::identity::push::News;
use crate::platform::http::{ApiError, Code};
use crate::platform::tenancy::TenantTx;

/// Opened is a case's first event, its closing the second and last.
const CLOSED: i64 = 2;

/// Closes an open case as decided.
pub(super) struct Close {
    pub(super) case: CaseId,
    pub(super) state: State,
    /// Who decided; none when a later event settled it.
    pub(super) decided_by: Option<UserId>,
    pub(super) note: Option<String>,
    /// How many entries were looked at before it was locked, where that matters.
    pub(super) entries: Option<usize>,
}

impl Close {
    const fn kind(&self) -> &'static str {
        match self.state {
            State::Booked | State::Open => "case.booked",
            State::Discarded => "case.discarded",
            State::SentBack => "case.sent_back",
        }
    }

    const fn news(&self) -> News {
        match self.state {
            State::Booked | State::Open => News::CaseBooked,
            State::Discarded => News::CaseDiscarded,
            State::SentBack => News::CaseSentBack,
        }
    }

    async fn carry_out(&self, tx: &mut TenantTx, ledger: &mut Ledger) -> Result<Value, ApiError> {
        let case = store::lock(tx, self.case).await?;
        if case.state != State::Open.as_str() {
            let detail = format!("The case was {} already.", case.state.replace('_', " "));
            return Err(ApiError::new(Code::StateConflict, detail).with(json!({ "state": case.state, "allowed": [] })));
        }
        if let Some(seen) = self.entries
            && store::entries(tx, self.case).await?.len() != seen
        {
            return Err(ApiError::new(
                Code::StateConflict,
                "Another entry joined the case meanwhile; look at it again.",
            ));
        }
        let now = ledger.now();
        store::close(tx, self.case, self.state, self.decided_by, self.note.as_deref(), now).await?;
        let after = json!({
            "id": self.case, "version": CLOSED, "state": self.state.as_str(), "reason": case.reason, "actor_id": case.actor_id, "item_id": case.item_id,
            "decided_by": self.decided_by, "note": self.note,
        });
        let person = case.actor_id.map(|actor| Topic::User(UserId(actor)));
        let place = case.site_id.map_or(Topic::Org, |site| Topic::Site(LocationId(site)));
        ledger.record(Record {
            subject: Subject::case(self.case),
            version: CLOSED,
            kind: self.kind(),
            data: json!({ "note": self.note }),
            after: after.clone(),
            topics: person.into_iter().chain([place]).collect(),
            brand_after: None,
        });
        if let Some(actor) = case.actor_id.map(UserId).filter(|actor| self.decided_by != Some(*actor)) {
            ledger.tell(actor, self.news(), self.case.0);
        }
        if self.decided_by.is_some() {
            ledger.audit(self.kind(), after);
        }
        serde_json::to_value(look_up::whole(tx, self.case).await?).map_err(ApiError::internal)
    }
}

impl ServerOperation for Close {
    fn name(&self) -> &'static str {
        match self.state {
            State::Booked | State::Open => "case.book",
            State::Discarded => "case.discard",
            State::SentBack => "case.send_back",
        }
    }

    fn data(&self) -> Value {
        json!({ "case_id": self.case, "note": self.note })
    }

    fn apply<'a>(&'a mut self, tx: &'a mut TenantTx, ledger: &'a mut Ledger) -> BoxFuture<'a, Result<Value, ApiError>> {
        self.carry_out(tx, ledger).boxed()
    }
}
