//! Every command in every status of an order.

use floorline_domain::{
    Reason,
    order::{Actor, Command, Event, Facts, Party, Status, allowed, apply, decide},
    permission::{Permission, PermissionSet},
};
use proptest::prelude::*;

fn everything() -> PermissionSet {
    Permission::ALL.iter().copied().collect()
}

fn ask(status: Status, command: &Command, facts: Facts, party: Party) -> Result<Event, Reason> {
    let permissions = everything();
    decide(status, command, facts, Actor { party, permissions: &permissions }).map_err(|refusal| refusal.reason)
}

const COMMANDS: [&str; 10] =
    ["amend", "accept", "reject", "pause", "resume", "complete", "cancel", "start", "finish", "reopen"];

fn command(name: &str) -> Command {
    let reason = Some("because".to_owned());
    match name {
        "amend" => Command::Amend,
        "accept" => Command::Accept,
        "reject" => Command::Reject { reason },
        "pause" => Command::Pause { reason },
        "resume" => Command::Resume,
        "complete" => Command::Complete { reason },
        "cancel" => Command::Cancel { reason },
        "start" => Command::Start,
        "finish" => Command::Finish,
        "reopen" => Command::Reopen,
        _ => unreachable!("{name}"),
    }
}

/// The factory's table: the status afterwards, `-` for TRANSITION_NOT_ALLOWED, `=` for ALREADY_DONE.
/// Columns: pending accepted in_production paused completed rejected cancelled.
const TABLE: &str = "
    amend     pending    -              -              -           -              -         -
    accept    accepted   =              -              -           -              -         -
    reject    rejected   -              -              -           -              =         -
    pause     -          paused         paused         =           -              -         -
    resume    -          =              =              accepted    -              -         -
    complete  -          completed      completed      completed   =              -         -
    cancel    cancelled  cancelled      cancelled      cancelled   -              -         =
    start     -          in_production  =              -           -              -         -
    finish    -          completed      completed      completed   =              -         -
    reopen    -          -              =              -           in_production  -         -
";

#[test]
fn every_command_in_every_status() {
    let facts = Facts { workflow: true, started: false, open_items: 0 };
    let mut tried = 0;
    for row in TABLE.lines().filter(|line| !line.trim().is_empty()) {
        let mut cells = row.split_whitespace();
        let name = cells.next().unwrap();
        for (status, cell) in Status::ALL.iter().zip(cells) {
            let got = ask(*status, &command(name), facts, Party::Factory).map(|event| apply(*status, &event));
            let expected = match cell {
                "-" => Err(Reason::TransitionNotAllowed),
                "=" => Err(Reason::AlreadyDone),
                word => Ok(word.parse().unwrap()),
            };
            assert_eq!(got, expected, "{name} of an order that is {status}");
            tried += 1;
        }
    }
    assert_eq!(tried, COMMANDS.len() * Status::ALL.len());
}

#[test]
fn an_order_that_was_begun_goes_on() {
    let facts = Facts { started: true, ..Facts::default() };
    let event = ask(Status::Paused, &Command::Resume, facts, Party::Factory).unwrap();
    assert_eq!(apply(Status::Paused, &event), Status::InProduction);
}

#[test]
fn a_brand_may_amend_and_cancel_while_pending() {
    let facts = Facts { workflow: true, ..Facts::default() };
    for name in COMMANDS {
        let by_items = matches!(name, "start" | "finish" | "reopen");
        let got = ask(Status::Pending, &command(name), facts, Party::Brand);
        match name {
            "amend" | "cancel" => assert!(got.is_ok(), "{name}"),
            "accept" | "reject" => assert_eq!(got, Err(Reason::NotPermitted), "{name}"),
            _ => assert_eq!(got, Err(Reason::TransitionNotAllowed), "{name}"),
        }
        for status in [Status::Accepted, Status::InProduction, Status::Paused] {
            let got = ask(status, &command(name), facts, Party::Brand);
            assert!(by_items || got.is_err(), "{name} of an order that is {status}");
        }
    }
}

#[test]
fn accepting_needs_a_workflow() {
    assert_eq!(ask(Status::Pending, &Command::Accept, Facts::default(), Party::Factory), Err(Reason::FormInvalid));
}

#[test]
fn closing_an_order_with_open_items_is_an_override_with_a_reason() {
    let facts = Facts { open_items: 3, ..Facts::default() };
    let complete = |reason: Option<&str>| Command::Complete { reason: reason.map(str::to_owned) };
    let mut permissions = everything();
    permissions.remove(&Permission::OrderOverride);
    let actor = Actor { party: Party::Factory, permissions: &permissions };
    let refusal = decide(Status::InProduction, &complete(Some("enough")), facts, actor).unwrap_err();
    assert_eq!((refusal.reason, &refusal.detail["open_items"]), (Reason::TransitionNotAllowed, &3.into()));
    assert_eq!(ask(Status::InProduction, &complete(None), facts, Party::Factory), Err(Reason::FormInvalid));
    assert!(ask(Status::InProduction, &complete(Some("enough")), facts, Party::Factory).is_ok());
    assert_eq!(ask(Status::InProduction, &Command::Finish, facts, Party::Factory), Err(Reason::TransitionNotAllowed));
}

#[test]
fn each_command_asks_for_its_permission() {
    let facts = Facts { workflow: true, ..Facts::default() };
    let none = PermissionSet::new();
    let actor = Actor { party: Party::Factory, permissions: &none };
    for (status, name, permission) in [
        (Status::Pending, "amend", "order:manage"),
        (Status::Pending, "accept", "order:accept"),
        (Status::Pending, "reject", "order:accept"),
        (Status::Accepted, "pause", "order:manage"),
        (Status::Paused, "resume", "order:manage"),
        (Status::Accepted, "complete", "order:manage"),
        (Status::Accepted, "cancel", "order:manage"),
    ] {
        let refusal = decide(status, &command(name), facts, actor).unwrap_err();
        assert_eq!(
            (refusal.reason, &refusal.detail["permission"]),
            (Reason::NotPermitted, &permission.into()),
            "{name}"
        );
    }
    for (status, name) in [(Status::Accepted, "start"), (Status::Accepted, "finish"), (Status::Completed, "reopen")] {
        assert!(decide(status, &command(name), facts, actor).is_ok(), "{name} follows from items");
    }
}

proptest! {
    /// Whatever is asked, an order goes only where it may, and final is final but for an undo of an item.
    #[test]
    fn every_walk_is_legal(steps in prop::collection::vec((0..10_usize, 0..3_u64, any::<bool>()), 1..40)) {
        let mut status = Status::Pending;
        let mut started = false;
        for (step, open_items, factory) in steps {
            let party = if factory { Party::Factory } else { Party::Brand };
            let facts = Facts { workflow: true, started, open_items };
            let command = command(COMMANDS[step]);
            let Ok(event) = ask(status, &command, facts, party) else { continue };
            let next = apply(status, &event);
            let reopened = command == Command::Reopen && status == Status::Completed;
            prop_assert!(next == status || reopened || allowed(status, started).contains(&next), "{} to {}", status, next);
            started |= next == Status::InProduction;
            status = next;
        }
    }
}
