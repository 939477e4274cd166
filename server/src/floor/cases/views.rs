//! Cases in JSON.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::store::{CaseRow, EntryRow};
use crate::platform::http::ApiError;

/// Which cases a list shows.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CaseFilter {
    /// `open` (the default), `booked`, `discarded`, `sent_back` or `all`.
    pub(super) state: Option<String>,
    /// Of this site.
    pub(super) site_id: Option<Uuid>,
    /// About this item.
    pub(super) item_id: Option<Uuid>,
    /// By this person.
    pub(super) actor_id: Option<Uuid>,
}

/// Where a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    Booked,
    Discarded,
    SentBack,
}

impl State {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Booked => "booked",
            Self::Discarded => "discarded",
            Self::SentBack => "sent_back",
        }
    }
}

impl FromStr for State {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Open, Self::Booked, Self::Discarded, Self::SentBack]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(())
    }
}

impl CaseFilter {
    /// The state to show; `None` for all.
    pub(super) fn state(&self) -> Result<Option<State>, ApiError> {
        match self.state.as_deref() {
            None => Ok(Some(State::Open)),
            Some("all") => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|()| {
                ApiError::invalid_field("state", "UNKNOWN", "state is open, booked, discarded, sent_back or all.")
            }),
        }
    }
}

/// What the person who decides says.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
pub(super) struct Decision {
    /// Why; needed to discard.
    #[serde(default)]
    pub(super) note: String,
}

impl Decision {
    /// The note, within its limits.
    pub(super) fn note(&self, needed: bool) -> Result<Option<String>, ApiError> {
        let note = self.note.trim();
        if note.chars().count() > 2_000 {
            return Err(ApiError::invalid_field("note", "TOO_LONG", "note has at most 2,000 characters."));
        }
        if note.is_empty() && needed {
            return Err(ApiError::invalid_field("note", "MISSING", "Say why it is discarded."));
        }
        Ok((!note.is_empty()).then(|| note.to_owned()))
    }
}

/// A case.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CaseView {
    id: Uuid,
    /// `open`, `booked`, `discarded` or `sent_back`.
    state: String,
    /// Why its first entry did not book, such as `STAGE_MOVED`.
    reason: String,
    /// Who did it; absent when the entry could not be read.
    actor_id: Option<Uuid>,
    actor_name: Option<String>,
    site_id: Option<Uuid>,
    item_id: Option<Uuid>,
    item_code: Option<String>,
    opened_at: DateTime<Utc>,
    decided_by: Option<Uuid>,
    decided_at: Option<DateTime<Utc>>,
    note: Option<String>,
    /// How many entries it holds.
    entry_count: i64,
}

/// A case with what it holds.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WholeCaseView {
    #[serde(flatten)]
    case: CaseView,
    entries: Vec<EntryView>,
}

/// An entry that did not book, as the person did it.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(super) struct EntryView {
    stream_id: Uuid,
    seq: i64,
    /// `rejected` or `parked`.
    outcome: String,
    reason: String,
    /// What is wrong with bytes that could not be read.
    error: Option<String>,
    /// Whether `entry` shows it; else `text` does as far as that goes.
    readable: bool,
    /// The entry: `op`, `data`, `stage` and the rest, as the device wrote it.
    entry: Option<Value>,
    /// Its bytes as text, where they are no JSON.
    text: Option<String>,
}

impl From<CaseRow> for CaseView {
    fn from(row: CaseRow) -> Self {
        Self {
            id: row.id,
            state: row.state,
            reason: row.reason,
            actor_id: row.actor_id,
            actor_name: row.actor_name,
            site_id: row.site_id,
            item_id: row.item_id,
            item_code: row.item_code,
            opened_at: row.opened_at,
            decided_by: row.decided_by,
            decided_at: row.decided_at,
            note: row.note,
            entry_count: row.entry_count,
        }
    }
}

impl WholeCaseView {
    pub(super) fn new(case: CaseRow, entries: Vec<EntryRow>) -> Self {
        Self { case: case.into(), entries: entries.into_iter().map(EntryView::from).collect() }
    }
}

impl From<EntryRow> for EntryView {
    fn from(row: EntryRow) -> Self {
        let entry: Option<Value> = serde_json::from_slice(&row.body).ok();
        let text = entry.is_none().then(|| String::from_utf8_lossy(&row.body).into_owned());
        Self {
            stream_id: row.stream_id,
            seq: row.seq,
            outcome: row.outcome,
            reason: row.reason,
            error: row.error,
            readable: entry.is_some(),
            entry,
            text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(body: &[u8]) -> EntryRow {
        EntryRow {
            stream_id: Uuid::nil(),
            seq: 1,
            hash: Vec::new(),
            outcome: "parked".into(),
            reason: "MALFORMED".into(),
            body: body.to_vec(),
            error: None,
            occurred_at: None,
            uncertainty_ms: None,
        }
    }

    #[test]
    fn bytes_that_are_no_json_are_shown_as_text() {
        let readable = EntryView::from(row(b"{\"op\":\"note.add\"}"));
        assert!(readable.readable && readable.text.is_none());
        let broken = EntryView::from(row(b"{\"op\":\xff"));
        assert_eq!((broken.readable, broken.text.as_deref()), (false, Some("{\"op\":\u{fffd}")));
    }

    #[test]
    fn discarding_needs_a_reason_and_nothing_is_endless() {
        let decision = |note: &str| Decision { note: note.into() };
        assert!(decision(" ").note(true).is_err());
        assert_eq!(decision(" ").note(false).unwrap(), None);
        assert_eq!(decision(" twice ").note(true).unwrap().as_deref(), Some("twice"));
        assert!(decision(&"x".repeat(2_001)).note(false).is_err());
    }
}
