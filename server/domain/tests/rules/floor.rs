//! A small floor to try the rules on: people, a workflow, one item and its log.

use chrono::{DateTime, Duration, TimeZone, Utc};
use floorline_domain::{
    EntryKey, ItemId, LocationId, Outcome, Reason, Refusal, StreamId, UserId, WorkflowVersionId,
    item::{self, Actor, Command, Component, Context, Event, Item, New, PhotoSize, Stamp, Status},
    label::Resolved,
    order,
    permission::{Permission, PermissionSet},
    queue::Priority,
    workflow::Workflow,
};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) fn uuid(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub(crate) fn place(n: u128) -> LocationId {
    LocationId(uuid(0x1000 + n))
}

pub(crate) fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 20, 12, 0, 0).unwrap()
}

#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) id: UserId,
    pub(crate) permissions: PermissionSet,
    pub(crate) roles: Vec<String>,
}

/// Someone who may do everything but override.
pub(crate) fn worker(n: u128) -> Person {
    let permissions = Permission::ALL.iter().copied().filter(|one| *one != Permission::ItemOverride).collect();
    Person { id: UserId(uuid(0x2000 + n)), permissions, roles: vec!["operator".to_owned()] }
}

/// Someone who may do everything.
pub(crate) fn lead(n: u128) -> Person {
    Person { permissions: Permission::ALL.iter().copied().collect(), ..worker(n) }
}

impl Person {
    pub(crate) fn without(mut self, permission: Permission) -> Self {
        self.permissions.remove(&permission);
        self
    }

    pub(crate) fn with_role(mut self, role: &str) -> Self {
        self.roles.push(role.to_owned());
        self
    }
}

pub(crate) fn workflow(document: Value) -> Workflow {
    Workflow::read(document).unwrap()
}

/// Two stages with an optional note each; packing is the exit and can send back to cutting once.
pub(crate) fn simple() -> Workflow {
    workflow(json!({"name": "Simple", "entry": "cut", "stages": [
        {"key": "cut", "name": "Cutting", "actions": [{"key": "extra", "kind": "note"}], "next": [{"to": "pack"}]},
        {"key": "pack", "name": "Packing", "actions": [{"key": "extra", "kind": "note"}],
         "rework": [{"to": "cut", "max_visits": 1}]}]}))
}

/// What someone knows of the item.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct View<'a> {
    pub(crate) present: bool,
    pub(crate) stage: Option<&'a str>,
    pub(crate) version: Option<i64>,
    pub(crate) aliases: &'a [EntryKey],
}

pub(crate) struct Floor {
    pub(crate) workflow: Workflow,
    pub(crate) item: Item,
    pub(crate) log: Vec<Event>,
    pub(crate) now: DateTime<Utc>,
    pub(crate) order: Option<order::Status>,
    pub(crate) components: Vec<Component>,
    pub(crate) shift_location: Option<LocationId>,
    pub(crate) scanned: Option<Resolved>,
    pub(crate) stored: Vec<String>,
    pub(crate) photo_size: Option<PhotoSize>,
    pub(crate) stream: StreamId,
    seq: i64,
}

impl Floor {
    pub(crate) fn new(workflow: Workflow) -> Self {
        let new = New {
            id: ItemId(uuid(1)),
            code: "JKT-0001".to_owned(),
            order_id: None,
            line_id: None,
            parent_id: None,
            workflow_version_id: WorkflowVersionId(uuid(2)),
            site_id: place(0),
            location_id: None,
            priority: Priority::Normal,
            stage: workflow.entry.clone(),
            attributes: [].into(),
            components: [].into(),
        };
        Self::with(workflow, new)
    }

    pub(crate) fn with(workflow: Workflow, new: New) -> Self {
        let stream = StreamId(uuid(3));
        let stamp = Stamp { by: worker(0).id, at: noon(), entry: EntryKey { stream_id: stream, seq: 1 } };
        let created = item::create(new, stamp);
        let item = item::fold([&created]).unwrap();
        Self {
            workflow,
            item,
            log: vec![created],
            now: noon(),
            order: None,
            components: Vec::new(),
            shift_location: None,
            scanned: None,
            stored: Vec::new(),
            photo_size: None,
            stream,
            seq: 1,
        }
    }

    /// An item of the simple workflow in this status, brought there by the people's own commands. If it was started
    /// it is at packing.
    pub(crate) fn at(status: Status) -> Self {
        let mut floor = Self::new(simple());
        if status != Status::NotStarted {
            floor.must(&worker(1), advance());
        }
        let last = match status {
            Status::NotStarted | Status::Active => return floor,
            Status::Paused => Command::Pause,
            Status::OnHold => Command::Hold { reason: "crack".to_owned() },
            Status::Error => Command::Fail { reason: None },
            Status::Completed => advance(),
            Status::Scrapped => Command::Scrap { reason: "torn".to_owned() },
            Status::Cancelled => Command::Cancel { reason: None },
        };
        floor.must(&worker(1), last);
        assert_eq!(floor.item.status, status);
        floor
    }

    pub(crate) fn entry(&self, seq: i64) -> EntryKey {
        EntryKey { stream_id: self.stream, seq }
    }

    pub(crate) fn last_entry(&self) -> EntryKey {
        self.entry(self.seq)
    }

    /// What the rules say to someone who knows no more than `view`.
    pub(crate) fn ask_knowing(&self, who: &Person, command: &Command, view: View<'_>) -> Result<Vec<Event>, Refusal> {
        self.in_context(who, view, |ctx| item::decide(&self.item, command, ctx))
    }

    /// Whether only an override lets them.
    pub(crate) fn overrides(&self, who: &Person, command: &Command) -> bool {
        let view = View { present: true, ..View::default() };
        self.in_context(who, view, |ctx| item::overrides(&self.item, command, ctx))
    }

    fn in_context<T>(&self, who: &Person, view: View<'_>, ask: impl FnOnce(&Context<'_>) -> T) -> T {
        let actor = Actor { id: who.id, permissions: &who.permissions, roles: &who.roles };
        let ctx = Context {
            order: self.order,
            components: &self.components,
            shift_location: self.shift_location,
            scanned: self.scanned.as_ref(),
            blobs_ready: &|hash: &str| self.stored.iter().any(|one| one == hash),
            photo_size: &|_: &str| self.photo_size,
            present: view.present,
            expected_stage: view.stage,
            base_version: view.version,
            entry_aliases: view.aliases,
            ..Context::new(&self.workflow, actor, self.entry(self.seq + 1), self.now)
        };
        ask(&ctx)
    }

    pub(crate) fn ask(&self, who: &Person, command: &Command) -> Result<Vec<Event>, Refusal> {
        self.ask_knowing(who, command, View { present: true, ..View::default() })
    }

    /// The reason why not.
    pub(crate) fn refusal(&self, who: &Person, command: Command) -> Refusal {
        self.ask(who, &command).expect_err("this should be refused")
    }

    /// The reason why not, for a phone that was away: it saw the item in this stage.
    pub(crate) fn late(&self, who: &Person, stage: &'static str, command: Command) -> Refusal {
        let asked = self.ask_knowing(who, &command, View { stage: Some(stage), ..View::default() });
        asked.expect_err("this should be refused")
    }

    /// Does it if the rules allow it.
    pub(crate) fn try_to(&mut self, who: &Person, command: &Command) -> Result<Vec<&'static str>, Refusal> {
        let events = self.ask(who, command)?;
        self.book(events.clone());
        Ok(events.iter().map(Event::kind).collect())
    }

    /// Does it; the kinds of the events.
    pub(crate) fn must(&mut self, who: &Person, command: Command) -> Vec<&'static str> {
        match self.try_to(who, &command) {
            Ok(kinds) => kinds,
            Err(refusal) => panic!("{command:?} was refused: {refusal:?}"),
        }
    }

    pub(crate) fn book(&mut self, events: Vec<Event>) {
        self.seq += 1;
        for event in events {
            self.item = item::apply(self.item.clone(), &event);
            self.log.push(event);
        }
    }

    pub(crate) fn wait(&mut self, time: Duration) {
        self.now += time;
    }
}

pub(crate) fn advance() -> Command {
    Command::Advance { to: None }
}

pub(crate) fn advance_to(stage: &str) -> Command {
    Command::Advance { to: Some(stage.to_owned()) }
}

pub(crate) fn complete(action_id: &str, data: Value) -> Command {
    Command::CompleteAction { action_id: action_id.to_owned(), data, evidence: Vec::new() }
}

pub(crate) fn note(action_id: &str) -> Command {
    complete(action_id, json!({"text": "done"}))
}

pub(crate) fn skip(action_id: &str) -> Command {
    Command::SkipAction { action_id: action_id.to_owned(), reason: "not needed".to_owned() }
}

pub(crate) fn rework(to: &str) -> Command {
    Command::Rework { to: to.to_owned(), reason: "seam open".to_owned() }
}

pub(crate) fn undo() -> Command {
    Command::Undo { of: None }
}

pub(crate) fn no(refusal: &Refusal, reason: Reason) {
    assert_eq!(refusal.reason, reason, "{refusal:?}");
    assert!(refusal.outcome == reason.outcome() || refusal.outcome == Outcome::Parked);
}
