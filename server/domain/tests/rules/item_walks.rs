//! Whatever people do, in whatever order, with whatever workflow: what must always hold.

use chrono::Duration;
use floorline_domain::{
    EntryKey, ItemId, Outcome, StreamId,
    item::{self, Change, Command, Event, Item, Status},
    label::Resolved,
    order,
    workflow::Workflow,
};
use proptest::prelude::*;
use serde_json::json;

use crate::{floor::*, item_undo::comparable, workflows};

/// The changes of status that there are, undo apart.
const LEGAL: &[(Status, &[Status])] = &[
    (Status::NotStarted, &[Status::Active, Status::OnHold, Status::Scrapped, Status::Cancelled]),
    (
        Status::Active,
        &[Status::Paused, Status::OnHold, Status::Error, Status::Completed, Status::Scrapped, Status::Cancelled],
    ),
    (Status::Paused, &[Status::Active, Status::OnHold, Status::Scrapped, Status::Cancelled]),
    (Status::OnHold, &[Status::NotStarted, Status::Active, Status::Paused, Status::Scrapped, Status::Cancelled]),
    (Status::Error, &[Status::Active, Status::Scrapped, Status::Cancelled]),
    (Status::Completed, &[]),
    (Status::Scrapped, &[]),
    (Status::Cancelled, &[]),
];

fn legal(from: Status, to: Status) -> bool {
    from == to || LEGAL.iter().any(|(status, next)| *status == from && next.contains(&to))
}

/// One thing someone tries.
#[derive(Debug, Clone)]
struct Try {
    who: usize,
    command: Command,
    /// The stage the worker saw; none: the present one.
    seen: Option<String>,
    order: Option<order::Status>,
    minutes: i64,
}

fn people() -> [Person; 3] {
    [worker(1), worker(2).with_role("quality"), lead(3)]
}

fn any_command() -> impl Strategy<Value = Command> {
    let stage = || prop::sample::select(workflows::KEYS.to_vec()).prop_map(str::to_owned);
    let action = || (stage(), prop::sample::select(vec!["a", "b", "zz"])).prop_map(|(s, a)| format!("{s}.{a}"));
    let data = prop::sample::select(vec![
        json!({"text": "done"}),
        json!({"approved": true}),
        json!({"approved": false}),
        json!({"checks": [{"item": "seam", "passed": true}]}),
        json!({"checks": [{"item": "seam", "passed": false}]}),
        json!({"raw": "FL-7"}),
        json!(null),
    ]);
    let reason = || prop::sample::select(vec!["because", ""]).prop_map(str::to_owned);
    prop_oneof![
        6 => (action(), data).prop_map(|(id, data)| complete(&id, data)),
        1 => (action(), reason()).prop_map(|(action_id, reason)| Command::SkipAction { action_id, reason }),
        6 => prop::option::weighted(0.3, stage()).prop_map(|to| Command::Advance { to }),
        2 => (stage(), reason()).prop_map(|(to, reason)| Command::Rework { to, reason }),
        4 => Just(undo()),
        1 => (1..20_i64).prop_map(|seq| Command::Undo { of: Some(EntryKey { stream_id: StreamId(uuid(3)), seq }) }),
        1 => Just(Command::Pause),
        2 => Just(Command::Resume),
        1 => reason().prop_map(|reason| Command::Hold { reason }),
        2 => Just(Command::Release { reason: None }),
        1 => reason().prop_map(|reason| Command::Flag { reason }),
        1 => reason().prop_map(|reason| Command::Scrap { reason }),
        1 => Just(Command::Claim),
        1 => (0..4_u128).prop_map(|n| Command::Assign { user_id: worker(n).id }),
        1 => (0..4_u128).prop_map(|n| Command::Move { location_id: place(n), site_id: (n > 0).then_some(place(0)) }),
        1 => prop::collection::vec(0..4_u128, 0..3).prop_map(|numbers| Command::Assemble {
            component_ids: numbers.into_iter().map(|n| ItemId(uuid(0x3000 + n))).collect(),
        }),
        1 => reason().prop_map(|text| Command::AddNote { text }),
        1 => reason().prop_map(|raw| Command::RecordScan { raw }),
        1 => prop::sample::select(vec![Command::Cancel { reason: None }, Command::Fail { reason: None }]),
    ]
}

fn any_try() -> impl Strategy<Value = Try> {
    let seen = prop::option::weighted(0.2, prop::sample::select(workflows::KEYS.to_vec()).prop_map(str::to_owned));
    let order = prop::option::weighted(0.1, prop::sample::select(order::Status::ALL.to_vec()));
    (0..3_usize, any_command(), seen, order, 0..4_i64).prop_map(|(who, command, seen, order, minutes)| Try {
        who,
        command,
        seen,
        order,
        minutes,
    })
}

fn floor_for(workflow: Workflow) -> Floor {
    let mut floor = Floor::new(workflow);
    floor.components = vec![
        crate::item_components::component(1, Status::Completed),
        crate::item_components::component(2, Status::Scrapped),
    ];
    floor.scanned = Some(Resolved::Item(floor.item.id));
    floor
}

/// Tries it; the events, if it happened.
fn attempt(floor: &mut Floor, one: &Try) -> Result<Vec<Event>, TestCaseError> {
    floor.wait(Duration::minutes(one.minutes));
    floor.order = one.order;
    let who = &people()[one.who];
    let asked = floor.ask_knowing(
        who,
        &one.command,
        View { stage: one.seen.as_deref(), present: one.seen.is_none(), ..View::default() },
    );
    match asked {
        Ok(events) => {
            prop_assert!(!events.is_empty());
            if one.command.op().is_stage_work() {
                prop_assert!(one.seen.as_ref().is_none_or(|seen| *seen == floor.item.stage));
            }
            floor.book(events.clone());
            Ok(events)
        }
        Err(refusal) => {
            prop_assert_ne!(refusal.outcome, Outcome::Applied);
            prop_assert!(refusal.detail.is_object() || refusal.detail.is_null());
            Ok(Vec::new())
        }
    }
}

fn check_step(before: &Item, floor: &Floor, events: &[Event]) -> Result<(), TestCaseError> {
    let item = &floor.item;
    prop_assert_eq!(item.version, i64::try_from(floor.log.len()).unwrap());
    prop_assert_eq!(item.version, before.version + i64::try_from(events.len()).unwrap());
    let undone = events.iter().any(|event| matches!(event.change, Change::Undone { .. }));
    let mut at = before.status;
    let mut step = before.clone();
    for event in events {
        step = item::apply(step, event);
        prop_assert!(undone || legal(at, step.status), "{} to {} by {}", at, step.status, event.kind());
        at = step.status;
    }
    prop_assert_eq!(item.status == Status::OnHold, item.hold_version.is_some());
    prop_assert_eq!(item.status == Status::OnHold, item.status_before_hold.is_some());
    prop_assert_eq!(item.status == Status::OnHold, item.progress.held.is_some());
    prop_assert_eq!(item.status == Status::Completed, item.completed_at.is_some());
    prop_assert!(floor.workflow.stage(&item.stage).is_some() || item.stage == floor.workflow.entry);
    for (edge, taken) in &item.progress.reworks {
        let stages = floor.workflow.stages.iter();
        let edges = stages.flat_map(|stage| stage.rework.iter().map(|rework| (&stage.key, rework)));
        let same = edges.filter(|(from, rework)| item::rework_edge(from, &rework.to) == *edge);
        let most = same.map(|(_, rework)| rework.max_visits).max().unwrap();
        prop_assert!(*taken <= most, "{} was taken {} times of {}", edge, taken, most);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Any workflow, sound or not: every event leads to a legal state, and the item is the fold of its log.
    #[test]
    fn every_walk_is_legal(workflow in workflows::wild(), tries in prop::collection::vec(any_try(), 1..60)) {
        let mut floor = floor_for(workflow);
        for one in &tries {
            let before = floor.item.clone();
            let events = attempt(&mut floor, one)?;
            check_step(&before, &floor, &events)?;
        }
        let folded = item::fold(&floor.log).unwrap();
        prop_assert_eq!(&folded, &floor.item);
        prop_assert_eq!(item::fold(&floor.log).unwrap(), folded, "folding twice");
    }

    /// What is stored as JSON comes back as it was, and still folds to the same item.
    #[test]
    fn events_and_items_survive_storage(workflow in workflows::sound(), tries in prop::collection::vec(any_try(), 1..40)) {
        let mut floor = floor_for(workflow);
        for one in &tries {
            attempt(&mut floor, one)?;
        }
        let stored: Vec<String> = floor.log.iter().map(|event| serde_json::to_string(event).unwrap()).collect();
        let read: Vec<Event> = stored.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
        prop_assert_eq!(&read, &floor.log);
        let value: Vec<Event> =
            floor.log.iter().map(|event| serde_json::from_value(serde_json::to_value(event).unwrap()).unwrap()).collect();
        prop_assert_eq!(&value, &floor.log);
        let item: Item = serde_json::from_str(&serde_json::to_string(&floor.item).unwrap()).unwrap();
        prop_assert_eq!(&item, &floor.item);
        prop_assert_eq!(item::fold(&read).unwrap(), item);
    }

    /// Undone, an item is as it was before, but for its count of events.
    #[test]
    fn an_undo_restores(workflow in workflows::sound(), tries in prop::collection::vec(any_try(), 1..40)) {
        let mut floor = floor_for(workflow);
        for one in &tries {
            let before = floor.item.clone();
            let events = attempt(&mut floor, one)?;
            if events.is_empty() || !one.command.op().is_undoable() {
                continue;
            }
            floor.order = None;
            let after = floor.item.clone();
            let undone = floor.ask(&people()[one.who], &undo());
            prop_assert!(undone.is_ok(), "{:?} after {:?}", undone, one.command);
            let restored = undone.unwrap().iter().fold(after, item::apply);
            prop_assert_eq!(comparable(&restored), comparable(&before));
        }
    }

    /// The same command again, by a phone that saw the same, changes nothing more.
    #[test]
    fn no_step_is_made_twice(workflow in workflows::sound(), tries in prop::collection::vec(any_try(), 1..40)) {
        let mut floor = floor_for(workflow);
        for one in &tries {
            let seen = floor.item.stage.clone();
            let events = attempt(&mut floor, &Try { seen: Some(seen.clone()), ..one.clone() })?;
            let moved = floor.item.stage != seen || floor.item.status.is_final();
            if moved && one.command.op().is_stage_work() && !events.is_empty() {
                let again = floor.ask_knowing(&people()[one.who], &one.command, View { stage: Some(&seen), ..View::default() });
                prop_assert!(again.is_err(), "{:?} happened twice", one.command);
            }
        }
    }

    /// An item of a sound workflow whose actions are done gets to its end.
    #[test]
    fn what_is_valid_can_be_run(workflow in workflows::sound()) {
        prop_assert_eq!(workflow.validate(|_| true), []);
        let stages = workflow.stages.len();
        let mut floor = floor_for(workflow);
        floor.stored.push("ab".repeat(32));
        floor.shift_location = Some(place(5));
        floor.components.clear();
        for _ in 0..stages {
            let stage = floor.workflow.stage(&floor.item.stage).unwrap().clone();
            for action in stage.required() {
                // Every approver is another person, and none of them the one who works.
                let approves = action.kind() == floorline_domain::action::Kind::Approval;
                let who = if approves { usize::from(action.key == "b") } else { 2 };
                floor.must(&people()[who], complete(&stage.action_id(action), workflows::good(action)));
            }
            floor.must(&lead(3), advance());
            if floor.item.status == Status::Completed {
                return Ok(());
            }
        }
        prop_assert!(false, "the item is still in {}", floor.item.stage);
    }
}
