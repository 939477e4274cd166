//! An act as a list or a card shows it.

use floorline_domain::ids::{CaseId, ItemId, UserId};
use floorline_domain::json;
use floorline_domain::refusal::Refusal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::names;
use crate::client::Client;
use crate::entry::{Blob, WireEntry};
use crate::floor::Floor;
use crate::outbox::Held;
use crate::overlay::ActState;
use crate::store::{ActId, Attention, JournalLine, Store, StoreError};
use crate::topic::Topic;
use crate::verdict::Verdict;
use crate::web::mirror::Mirror;
use crate::web::told::reason;

/// An act.
#[derive(Debug, Default, Serialize)]
pub(in super::super) struct ActLine {
    act: u64,
    state: Option<ActState>,
    attention: Option<Attention>,
    made_time: i64,
    op: String,
    action_id: Option<String>,
    item_id: Option<ItemId>,
    item_code: Option<String>,
    actor: Option<UserId>,
    actor_name: Option<String>,
    data: Value,
    conflict: Option<Value>,
    verdict: Option<Value>,
    /// What somebody decided about it.
    decided: Option<Value>,
    blobs: Vec<Blob>,
    #[serde(skip)]
    case: Option<CaseId>,
}

/// A case as its person's feed tells it.
#[derive(Deserialize)]
struct Case {
    state: String,
    #[serde(default)]
    decided_by: Option<UserId>,
    #[serde(default)]
    note: Option<String>,
}

impl ActLine {
    /// A line of the journal.
    pub(in super::super) fn of(line: &JournalLine) -> Self {
        let held = Held { kept: line.kept.clone(), entry: None, settled: line.settled.clone(), sent: false };
        Self::held(&held)
    }

    /// An act in memory.
    pub(super) fn held(held: &Held) -> Self {
        let mut line = Self {
            act: held.kept.act.0,
            state: Some(held.state()),
            attention: Some(held.settled.as_ref().map_or(Attention::None, |settled| settled.attention)),
            made_time: held.kept.made_time,
            ..Self::default()
        };
        if let Ok(entry) = held.kept.bytes.read::<WireEntry>() {
            line.op = entry.op;
            line.action_id = entry.action_id;
            line.item_id = entry.item_id;
            line.actor = Some(entry.actor);
            line.data = entry.data;
            line.blobs = entry.blobs;
        }
        let verdict = held.settled.as_ref().and_then(|settled| settled.verdict.read::<Verdict>().ok());
        line.case = verdict.as_ref().and_then(|verdict| verdict.case_id);
        line.verdict = verdict.map(|verdict| {
            json::object! { "outcome": verdict.outcome, "reason": verdict.reason, "detail": verdict.detail, "flags": verdict.flags, "case_id": verdict.case_id }
        });
        line
    }

    pub(super) fn may_conflict(self, refusal: Option<&Refusal>) -> Self {
        Self { conflict: refusal.map(reason), ..self }
    }

    /// With the names that the floor knows.
    pub(super) fn named<S: Store>(mut self, floor: &mut Floor<'_, S>) -> Result<Self, StoreError> {
        if let Some(id) = self.item_id {
            self.item_code = floor.base_item(id)?.map(|item| item.code);
        }
        if let Some(id) = self.actor {
            self.actor_name = names::person(id, floor)?;
        }
        if let Some((actor, case)) = self.actor.zip(self.case)
            && let Some(case) = floor.row_of::<Case>(Topic::User(actor), "case", &case.to_string())?
            && case.state != "open"
        {
            let name = case.decided_by.map(|by| names::person(by, floor)).transpose()?.flatten();
            self.decided = Some(json::object! { "state": case.state, "by_name": name, "note": case.note });
        }
        Ok(self)
    }
}

/// Acts without a verdict, and those someone must look at, oldest first.
pub(in super::super) fn acts(client: &mut Client, store: &mut Mirror) -> Result<Vec<ActLine>, StoreError> {
    let lines: Vec<ActLine> = client.acts().filter(|held| asks_for_someone(held)).map(ActLine::held).collect();
    let mut floor = client.floor(store);
    lines.into_iter().map(|line| line.named(&mut floor)).collect()
}

fn asks_for_someone(held: &Held) -> bool {
    matches!(held.state(), ActState::Saved | ActState::Sent | ActState::NeedsYou)
}

/// Acts before one, the latest first.
pub(in super::super) fn journal(
    before: Option<ActId>,
    limit: u32,
    client: &mut Client,
    store: &mut Mirror,
) -> Result<Vec<ActLine>, StoreError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let lines: Vec<ActLine> = store
        .before(before)
        .take(limit)
        .map(|line| client.held(line.kept.act).map_or_else(|| ActLine::of(line), ActLine::held))
        .collect();
    let mut floor = client.floor(store);
    lines.into_iter().map(|line| line.named(&mut floor)).collect()
}
