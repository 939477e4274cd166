//! What the screen shows: the acts this device has not seen confirmed, folded over what the server last told.
//!
//! It is the server's own rules that predict. What they refuse here is only marked "may conflict": the server may know
//! more, so nothing is dropped. What the device does not know (a shift's place, whether another phone's photo has arrived)
//! never makes a mark. Of its own files it knows: a hard gate is shut until their uploads have ended.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use floorline_domain::ids::{LocationId, UserId};
use floorline_domain::item::{self, Actor, Command, Component, Context, Item};
use floorline_domain::label::Resolved;
use floorline_domain::order;
use floorline_domain::permission::{Permission, PermissionSet};
use floorline_domain::refusal::{Outcome, Refusal};
use floorline_domain::workflow::Workflow;
use serde::Serialize;

use crate::entry::Entry;
use crate::op::Operation;
use crate::outbox::Held;
use crate::session::Session;
use crate::sorted::Sorted;
use crate::store::{ActId, StoreError};

/// How far an act has come, as the worker sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ActState {
    /// Durable on this device.
    Saved,
    /// Given to the present connection.
    Sent,
    /// The server has booked it, or it was so already.
    Confirmed,
    /// The server has kept it and someone must look.
    NeedsYou,
}

impl Held {
    /// How far the act has come.
    pub fn state(&self) -> ActState {
        match &self.settled {
            None if self.sent => ActState::Sent,
            None => ActState::Saved,
            Some(settled) if settled.attention == crate::store::Attention::None => ActState::Confirmed,
            Some(_) => ActState::NeedsYou,
        }
    }
}

/// An item as the screen shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicted {
    /// With this device's own acts.
    pub item: Item,
    /// The version last received from the server.
    pub base_version: i64,
    /// This device's own acts on it, in the order they were done.
    pub marks: Vec<Mark>,
}

/// An act that is shown by prediction.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// The act.
    pub act: ActId,
    /// How far it has come.
    pub state: ActState,
    /// May conflict: what the rules say against it as far as this device knows.
    pub conflict: Option<Refusal>,
}

/// What the rules look at besides the item.
pub(crate) struct Facts<'a> {
    pub(crate) workflow: Workflow,
    pub(crate) sessions: &'a Sorted<UserId, Session>,
    pub(crate) order: Option<order::Status>,
    pub(crate) components: Vec<Component>,
    /// Where the person's shift is, if that is known.
    pub(crate) shift: Option<LocationId>,
    /// Files that the server's own telling of the item names.
    pub(crate) told_files: BTreeSet<String>,
}

/// What is looked up when an act asks for it.
pub(crate) trait LookUp {
    /// What a scanned text means here.
    fn resolve(&mut self, raw: &str) -> Result<Resolved, StoreError>;
    /// Whether the server has the whole of a file; none: this device never had it and cannot know.
    fn uploaded(&mut self, sha256: &str) -> Result<Option<bool>, StoreError>;
}

/// Folds acts over an item.
pub(crate) fn fold<'a>(
    item: Item,
    acts: impl Iterator<Item = &'a Held>,
    facts: &Facts<'_>,
    look_up: &mut impl LookUp,
) -> Result<Predicted, StoreError> {
    let mut predicted = Predicted { base_version: item.version, item, marks: Vec::new() };
    for held in acts {
        let conflict = match command(held.entry.as_ref(), &predicted.item) {
            Some((entry, command)) => {
                let scanned = scanned_text(&command).map(|raw| look_up.resolve(raw)).transpose()?;
                let absent = absent_files(&predicted.item, held, facts, look_up)?;
                match judge(&predicted.item, &command, (held, entry), facts, scanned.as_ref(), &absent) {
                    Ok(events) => {
                        predicted.item = events.iter().fold(predicted.item, item::apply);
                        None
                    }
                    Err(refusal) => Some(refusal).filter(|refusal| refusal.outcome != Outcome::Noop),
                }
            }
            None => None,
        };
        predicted.marks.push(Mark { act: held.kept.act, state: held.state(), conflict });
    }
    Ok(predicted)
}

/// Files of the item that a hard gate would wait for now. What the server has booked, it has seen the files of.
fn absent_files(
    item: &Item,
    held: &Held,
    facts: &Facts<'_>,
    look_up: &mut impl LookUp,
) -> Result<BTreeSet<String>, StoreError> {
    let gated = facts.workflow.stage(&item.stage).is_some_and(|stage| stage.hard_gate);
    let mut absent = BTreeSet::new();
    if !gated || held.settled.is_some() {
        return Ok(absent);
    }
    for sha256 in item.progress.results.values().flat_map(|record| &record.evidence) {
        if !look_up.uploaded(sha256)?.unwrap_or_else(|| facts.told_files.contains(sha256)) {
            absent.insert(sha256.clone());
        }
    }
    Ok(absent)
}

/// What an entry does to the item. A place of this site is taken to belong to it.
fn command<'a>(entry: Option<&'a Entry>, item: &Item) -> Option<(&'a Entry, Command)> {
    let entry = entry?;
    match &entry.op {
        Operation::Item(Command::Move { location_id, .. }) => {
            Some((entry, Command::Move { location_id: *location_id, site_id: Some(item.site_id) }))
        }
        Operation::Item(command) => Some((entry, command.clone())),
        _ => None,
    }
}

/// What the rules would say against a command if `actor` gave it now.
pub(crate) fn foresee(
    item: &Item,
    command: &Command,
    actor: UserId,
    facts: &Facts<'_>,
    now: crate::session::Now,
    look_up: &mut impl LookUp,
) -> Result<Option<Refusal>, StoreError> {
    let held = Held::not_done(actor, command, item, now);
    let Some(entry) = &held.entry else { return Ok(None) };
    let scanned = scanned_text(command).map(|raw| look_up.resolve(raw)).transpose()?;
    let absent = absent_files(item, &held, facts, look_up)?;
    Ok(judge(item, command, (&held, entry), facts, scanned.as_ref(), &absent).err())
}

fn scanned_text(command: &Command) -> Option<&str> {
    match command {
        Command::CompleteAction { data, .. } => data.get("raw")?.as_str(),
        _ => None,
    }
}

fn judge(
    item: &Item,
    command: &Command,
    (held, entry): (&Held, &Entry),
    facts: &Facts<'_>,
    scanned: Option<&Resolved>,
    absent: &BTreeSet<String>,
) -> Result<Vec<item::Event>, Refusal> {
    let stage = facts.workflow.stage(&item.stage);
    let (all, every_role);
    let actor = match facts.sessions.get(&entry.actor) {
        Some(session) => Actor { id: entry.actor, permissions: &session.permissions, roles: &session.roles },
        None => {
            all = Permission::ALL.iter().copied().collect::<PermissionSet>();
            every_role = stage.map(|stage| stage.roles.clone()).unwrap_or_default();
            Actor { id: entry.actor, permissions: &all, roles: &every_role }
        }
    };
    let now = DateTime::from_timestamp_millis(held.kept.made_time).unwrap_or(DateTime::<Utc>::UNIX_EPOCH);
    let context = Context {
        order: facts.order,
        components: &facts.components,
        shift_location: facts.shift.or_else(|| stage.and_then(|stage| stage.location_ids.first().copied())),
        expected_stage: entry.stage.as_deref(),
        base_version: entry.base.and_then(|base| base.version),
        scanned,
        blobs_ready: &|sha256| !absent.contains(sha256),
        ..Context::new(&facts.workflow, actor, held.kept.key, now)
    };
    item::decide(item, command, &context)
}
