//! What became of an entry: stored once by the server, re-sent until the phone has it, never changed.

use floorline_domain::ids::{CaseId, ItemId};
use floorline_domain::refusal::{Outcome, Reason};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::topic::Position;
use crate::wire::Raw;

/// `flags`: a file of the entry has not arrived yet.
pub const EVIDENCE_PENDING: &str = "evidence_pending";
/// `flags`: the permission held at the act, but no longer when it was applied.
pub const LATE: &str = "late";

/// A stored verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The entry's place.
    pub seq: i64,
    /// Applied, or what else.
    pub outcome: Outcome,
    /// Why it was not simply applied.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known")]
    pub reason: Option<Reason>,
    /// Where its event stands (applied), or the topic's head when it was decided (noop).
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known")]
    pub at: Option<Position>,
    /// The item it left behind.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known")]
    pub after: Option<After>,
    /// The case that holds it, when a person or a later event decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_id: Option<CaseId>,
    /// What the screen needs to explain the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Value>,
    /// Remarks on an applied entry, such as [`EVIDENCE_PENDING`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
}

/// The item after an applied entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    /// The item.
    pub item_id: ItemId,
    /// Its version.
    pub version: i64,
    /// Its stage.
    pub stage: String,
}

/// A word of a newer server is no reason to leave its verdict unread: the outcome is what moves the outbox.
fn known<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(Raw::deserialize(deserializer)?.read().ok())
}

impl Verdict {
    /// A verdict that says no more than its outcome.
    pub fn new(seq: i64, outcome: Outcome) -> Self {
        Self { seq, outcome, reason: None, at: None, after: None, case_id: None, detail: None, flags: Vec::new() }
    }

    /// True when the worker must stop handling the part and confirm it, full screen.
    pub fn stops(&self) -> bool {
        self.outcome == Outcome::Rejected && self.reason.is_some_and(Reason::stops)
    }

    /// True when the entry changed nothing and someone must look at it.
    pub fn needs_someone(&self) -> bool {
        matches!(self.outcome, Outcome::Rejected | Outcome::Parked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_newer_server_are_left_out() {
        let text =
            r#"{"seq":7,"outcome":"rejected","reason":"TOO_LOUD","at":{"topic":"moon:1","cursor":2},"later":true}"#;
        let verdict: Verdict = serde_json::from_str(text).unwrap();
        assert_eq!(verdict, Verdict::new(7, Outcome::Rejected));
        assert!(verdict.needs_someone() && !verdict.stops());
    }

    #[test]
    fn a_verdict_is_written_as_the_specification_shows_it() {
        let text = r#"{"seq":1040,"outcome":"rejected","reason":"STAGE_MOVED","detail":{"stage_now":"rework"}}"#;
        let verdict: Verdict = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&verdict).unwrap(), text);
    }
}
