//! What somebody decided about work that waited for them comes back to who did it.

use floorline_domain::ids::CaseId;
use floorline_domain::json;
use serde::Deserialize;

use super::Client;
use crate::store::{Store, StoreError};
use crate::topic::Topic;

/// As much of a case as says whether its work is to be looked at again.
#[derive(Deserialize)]
struct Decided {
    id: CaseId,
    state: String,
}

impl Client {
    /// Cases of a person's feed whose work was not taken: it is to be done again, or does not count.
    pub(super) fn not_taken(topic: Topic, store: &mut impl Store) -> Result<Vec<CaseId>, StoreError> {
        if !matches!(topic, Topic::User(_)) {
            return Ok(Vec::new());
        }
        let cases = store.rows(topic, "case")?.into_iter().filter_map(|row| json::read::<Decided>(&row.body).ok());
        Ok(cases.filter(|case| matches!(&*case.state, "sent_back" | "discarded")).map(|case| case.id).collect())
    }

    /// Has the work of those that are `not_taken` since `before` looked at again.
    pub(super) fn give_back(
        &mut self,
        topic: Topic,
        before: &[CaseId],
        store: &mut impl Store,
    ) -> Result<(), StoreError> {
        for case in Self::not_taken(topic, store)? {
            if !before.contains(&case) {
                self.outbox.look_again(case, store)?;
            }
        }
        Ok(())
    }
}
