//! Queues, SLA colours, shifts, and scans that repeat.

use chrono::{DateTime, Duration, Utc};
use floorline_domain::{
    ItemId, Reason, ShiftId,
    queue::{self, Entry, Priority, Sla, is_stuck, sla},
    scan::{Seen, repeats},
    shift::{self, Command, EndReason, Event, Shift, Start},
};
use proptest::prelude::*;

use crate::floor::{noon, place, uuid, worker};

#[test]
fn colours_follow_the_expected_time() {
    let after = |seconds: i64| sla(noon(), Some(10), noon() + Duration::seconds(seconds));
    assert_eq!(after(-60), Sla::Green);
    assert_eq!(after(479), Sla::Green);
    assert_eq!(after(480), Sla::Yellow);
    assert_eq!(after(600), Sla::Yellow);
    assert_eq!(after(601), Sla::Red);
    assert_eq!(sla(noon(), None, noon() + Duration::days(9)), Sla::Green);
    assert_eq!(sla(noon(), Some(u32::MAX), DateTime::<Utc>::MAX_UTC), Sla::Red);
}

#[test]
fn four_hours_are_too_long() {
    assert!(!is_stuck(noon(), queue::STUCK_AFTER, noon() + Duration::minutes(239)));
    assert!(is_stuck(noon(), queue::STUCK_AFTER, noon() + Duration::hours(4)));
}

#[test]
fn too_long_is_what_the_organisation_says_within_reason() {
    for (set, minutes) in
        [(None, 240), (Some(5), 5), (Some(43_200), 43_200), (Some(4), 240), (Some(43_201), 240), (Some(i64::MAX), 240)]
    {
        assert_eq!(queue::stuck_after(set), Duration::minutes(minutes), "{set:?}");
    }
}

fn start(n: u128, at: u128) -> Start {
    Start {
        id: ShiftId(uuid(n)),
        user_id: worker(1).id,
        site_id: place(0),
        location_id: Some(place(at)),
        team_id: None,
        device_id: None,
    }
}

fn begin(active: Option<Shift>, start: Start) -> (Vec<Event>, Option<Shift>) {
    let events = shift::decide(active.as_ref(), &Command::Start(start), noon()).unwrap();
    let after = events.iter().fold(active, shift::apply);
    (events, after)
}

#[test]
fn a_second_shift_ends_the_first_and_says_so() {
    let (_, first) = begin(None, start(1, 1));
    let (events, second) = begin(first, start(2, 2));
    assert_eq!(events.iter().map(Event::kind).collect::<Vec<_>>(), ["shift.ended", "shift.started"]);
    assert!(matches!(events[0], Event::Ended { id, reason: EndReason::Superseded, .. } if id == ShiftId(uuid(1))));
    assert_eq!(second.unwrap().id, ShiftId(uuid(2)));
}

#[test]
fn the_same_start_again_is_done_already() {
    let (_, active) = begin(None, start(1, 1));
    let again = shift::decide(active.as_ref(), &Command::Start(start(2, 1)), noon());
    assert_eq!(again.unwrap_err().reason, Reason::AlreadyDone);
}

#[test]
fn a_shift_ends_once() {
    let (_, active) = begin(None, start(1, 1));
    let events = shift::decide(active.as_ref(), &Command::End, noon()).unwrap();
    assert!(events.iter().fold(active, shift::apply).is_none());
    assert_eq!(shift::decide(None, &Command::End, noon()).unwrap_err().reason, Reason::AlreadyDone);
}

#[test]
fn twelve_idle_hours_end_a_shift() {
    let (_, active) = begin(None, start(1, 1));
    let tick = |hours| shift::decide(active.as_ref(), &Command::Tick, noon() + Duration::hours(hours)).unwrap();
    assert!(tick(11).is_empty());
    assert!(matches!(tick(12)[..], [Event::Ended { reason: EndReason::Idle, .. }]));
    assert!(shift::decide(None, &Command::Tick, noon()).unwrap().is_empty());
}

#[test]
fn shift_events_survive_storage() {
    let (_, first) = begin(None, start(1, 1));
    let (events, _) = begin(first, start(2, 2));
    for event in events {
        let stored = serde_json::to_value(&event).unwrap();
        assert_eq!(stored["kind"], event.kind());
        assert_eq!(serde_json::from_value::<Event>(stored).unwrap(), event);
    }
}

fn seen(monotonic: i64) -> Seen {
    Seen {
        code: "M1".to_owned(),
        stage: Some("sew".to_owned()),
        worker: worker(1).id,
        boot_id: "b1".to_owned(),
        monotonic,
    }
}

#[test]
fn a_scan_within_ten_seconds_repeats_the_earlier() {
    assert_eq!(repeats(&seen(1_000), &seen(5_000)), Some(4_000));
    assert_eq!(repeats(&seen(1_000), &seen(11_000)), None);
    assert_eq!(repeats(&seen(1_000), &seen(999)), None);
    assert_eq!(repeats(&seen(i64::MIN), &seen(i64::MAX)), None);
    let others = [
        Seen { code: "M2".to_owned(), ..seen(2_000) },
        Seen { stage: None, ..seen(2_000) },
        Seen { worker: worker(2).id, ..seen(2_000) },
        Seen { boot_id: "b2".to_owned(), ..seen(2_000) },
    ];
    for other in others {
        assert_eq!(repeats(&seen(1_000), &other), None, "{other:?}");
    }
}

proptest! {
    /// The order of work does not depend on the order of reading, and keeps to priority, then waiting.
    #[test]
    fn queues_are_ordered(entries in prop::collection::vec((0..4_usize, 0..50_i64), 0..40).prop_shuffle(), turn in 0..40_usize) {
        let mut queue: Vec<Entry> = entries.iter().enumerate().map(|(n, (priority, minutes))| Entry {
            item_id: ItemId(uuid(u128::try_from(n).unwrap())),
            priority: Priority::ALL[*priority],
            added_at: noon() + Duration::minutes(*minutes),
        }).collect();
        let mut turned = queue.clone();
        if !turned.is_empty() {
            let at = turn % turned.len();
            turned.rotate_left(at);
        }
        queue::order(&mut queue);
        queue::order(&mut turned);
        prop_assert_eq!(&queue, &turned);
        for pair in queue.windows(2) {
            prop_assert!(pair[0].priority >= pair[1].priority);
            prop_assert!(pair[0].priority > pair[1].priority || pair[0].added_at <= pair[1].added_at);
        }
    }
}
