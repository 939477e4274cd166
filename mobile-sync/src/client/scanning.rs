//! A scan: the step that its item's stage waits for, else a record of what was seen. Twice within moments is once.

use std::collections::VecDeque;

use floorline_domain::ids::{ItemId, UserId};
use floorline_domain::item::Command;
use floorline_domain::json;
use floorline_domain::label::Resolved;
use floorline_domain::scan::{REPEAT_WITHIN_MS, Seen, repeats};
use floorline_domain::workflow::ActionId;

use super::{Act, Client};
use crate::floor::Floor;
use crate::limits;
use crate::op::Operation;
use crate::outbox::Refused;
use crate::resume::millis;
use crate::session::Now;
use crate::store::{ActId, Store, StoreError};

/// What came of a scan.
#[derive(Debug, Clone, PartialEq)]
pub struct Scanned {
    /// What was saved; none where it is the earlier scan again: the same code, stage and worker within ten seconds.
    pub act: Option<ActId>,
    /// What the text means here.
    pub resolved: Resolved,
    /// The action it satisfied; none when it was only recorded.
    pub action_id: Option<String>,
    /// The last scan of the same code on this device within ten seconds before, whoever made it.
    pub earlier: Option<Earlier>,
}

/// A scan of the same code before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earlier {
    /// Whose it was.
    pub by: UserId,
    /// How long ago, in milliseconds.
    pub ago_ms: i64,
}

/// The scans of the last moments, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Scans {
    made: VecDeque<(UserId, i64)>,
    seen: VecDeque<Seen>,
}

impl Client {
    /// Saves a scan: as the scan action the item's stage waits for, else as a record of what was seen.
    pub fn scan(
        &mut self,
        raw: &str,
        now: Now,
        store: &mut impl Store,
    ) -> Result<Result<Scanned, Refused>, StoreError> {
        let Some(actor) = self.actor else { return Ok(Err(Refused::SignedOut)) };
        let mut floor = self.floor(store);
        let resolved = floor.resolve(raw)?;
        let item_id = match resolved {
            Resolved::Item(id) => Some(id),
            _ => None,
        };
        let action_id = item_id.map(|id| floor.awaited_scan(id)).transpose()?.flatten();
        let seen = Seen {
            code: raw.to_owned(),
            stage: stage_of(item_id, &mut floor)?,
            worker: actor,
            boot_id: self.config.boot_id.clone(),
            monotonic: now.monotonic,
        };
        let earlier = self.scans.earlier(&seen);
        if action_id.is_none() && self.scans.repeats(&seen) {
            return Ok(Ok(Scanned { act: None, resolved, action_id, earlier }));
        }
        let saved = self.act(Act::new(what(raw, action_id.clone()), item_id), now, store)?;
        if saved.is_ok() {
            self.scans.seen.push_back(seen);
        }
        Ok(saved.map(|act| Scanned { act: Some(act), resolved, action_id, earlier }))
    }
}

impl Scans {
    /// More scans than a hand can make are refused before they are saved, never after.
    pub(super) fn pace(&mut self, actor: UserId, now: i64) -> Result<(), Refused> {
        self.made.retain(|(_, at)| now - at < millis(limits::SCANS_WITHIN));
        let mut own = self.made.iter().filter(|(user, _)| *user == actor);
        let oldest = own.clone().next().map(|(_, at)| *at);
        match oldest {
            Some(at) if own.by_ref().count() >= limits::SCANS => {
                Err(Refused::TooFast { wait_ms: at + millis(limits::SCANS_WITHIN) - now })
            }
            _ => {
                self.made.push_back((actor, now));
                Ok(())
            }
        }
    }

    fn earlier(&mut self, now: &Seen) -> Option<Earlier> {
        self.seen.retain(|before| (0..REPEAT_WITHIN_MS).contains(&(now.monotonic - before.monotonic)));
        let last = self.seen.iter().rev().find(|before| before.code == now.code)?;
        Some(Earlier { by: last.worker, ago_ms: now.monotonic - last.monotonic })
    }

    fn repeats(&self, later: &Seen) -> bool {
        self.seen.iter().any(|earlier| repeats(earlier, later).is_some())
    }
}

fn stage_of<S: Store>(item: Option<ItemId>, floor: &mut Floor<'_, S>) -> Result<Option<String>, StoreError> {
    let shown = item.map(|id| floor.item(id)).transpose()?.flatten();
    Ok(shown.map(|shown| shown.item.stage))
}

fn what(raw: &str, awaited: Option<ActionId>) -> Operation {
    match awaited {
        Some(action_id) => Operation::Item(Command::CompleteAction {
            action_id,
            data: json::object! { "raw" => raw },
            evidence: Vec::new(),
        }),
        None => Operation::ScanRecord { raw: raw.to_owned() },
    }
}

/// Whether a hand made it with a camera.
pub(super) fn is_scan(op: &Operation) -> bool {
    match op {
        Operation::ScanRecord { .. } => true,
        Operation::Item(Command::CompleteAction { data, .. }) => data.get("raw").is_some(),
        _ => false,
    }
}
