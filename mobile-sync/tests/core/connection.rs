//! The life of a connection, as the server sees it.

use floorline_domain::item::Command;
use floorline_mobile_sync::client::{Act, Event, Notice, OpenFailure};
use floorline_mobile_sync::op::Operation;
use floorline_mobile_sync::outbox::Refused;
use floorline_mobile_sync::resume::{LinkState, Stop};
use floorline_mobile_sync::wire::{ClientFrame, Close, Goaway, Mode, Revoked, ServerFrame};

use crate::phone::{Phone, item, site};

pub(crate) fn note(n: u128) -> Act {
    Act::new(Operation::Item(Command::AddNote { text: format!("note {n}") }), Some(item(n)))
}

fn submits(phone: &Phone) -> Vec<(i64, usize)> {
    let of = |frame: &ClientFrame| match frame {
        ClientFrame::Submit(submit) => Some((submit.first_seq, submit.entries.len())),
        _ => None,
    };
    phone.server.frames.iter().filter_map(of).collect()
}

#[test]
fn an_act_is_sent_confirmed_and_acknowledged() {
    let mut phone = Phone::new(1);
    phone.online();
    phone.act(note(1)).unwrap();
    assert_eq!(phone.client.unsent(), 0);
    assert_eq!(phone.server.log.len(), 1);
    assert!(phone.notices.iter().any(|notice| matches!(notice, Notice::Settled { .. })));
    phone.pass(1_500);
    assert!(phone.server.frames.iter().any(|frame| matches!(frame, ClientFrame::Acked(acked) if acked.seq == 1)));
}

#[test]
fn what_was_done_offline_goes_out_in_batches_one_at_a_time() {
    let mut phone = Phone::new(1);
    for n in 0..10 {
        phone.act(note(n)).unwrap();
    }
    assert_eq!(phone.client.unsent(), 10);
    phone.online();
    assert_eq!(phone.client.unsent(), 0);
    assert_eq!(submits(&phone), [(1, 4), (5, 4), (9, 2)]);
}

#[test]
fn a_lost_answer_is_asked_for_again() {
    let mut phone = Phone::new(1);
    phone.server.jitter_ms = 20_000;
    phone.online();
    phone.lose_answers = 1;
    phone.act(note(1)).unwrap();
    for n in 2..10 {
        phone.act(note(n)).unwrap();
    }
    assert_eq!(phone.client.unsent(), 9);
    phone.pass(60_000);
    assert_eq!(phone.client.unsent(), 0);
    assert_eq!(phone.server.log.len(), 9, "each once");
}

#[test]
fn no_submit_while_pages_of_results_are_open() {
    let mut phone = Phone::new(1);
    for n in 0..8 {
        phone.act(note(n)).unwrap();
    }
    phone.online();
    assert_eq!(phone.client.unsent(), 0);
    // A copy of the database from before the verdicts came.
    let mut old = Phone::new(1);
    for n in 0..9 {
        old.act(note(n)).unwrap();
    }
    old.server = phone.server.clone();
    old.server.frames.clear();
    // The clocks of both agree, so the first eight entries are the same bytes.
    old.online();
    assert_eq!(old.client.unsent(), 0);
    let order: Vec<&str> = old
        .server
        .frames
        .iter()
        .map(|frame| match frame {
            ClientFrame::Hello(_) => "hello",
            ClientFrame::Results(_) => "results",
            ClientFrame::Submit(_) => "submit",
            _ => "",
        })
        .filter(|name| !name.is_empty())
        .collect();
    assert_eq!(order, ["hello", "results", "results", "submit"]);
}

#[test]
fn a_busy_server_is_asked_again_when_it_said() {
    let mut phone = Phone::new(1);
    phone.online();
    phone.server.busy = 7;
    phone.act(note(1)).unwrap();
    phone.pass(700);
    assert_eq!(submits(&phone).len(), 1);
    phone.pass(10_000);
    assert_eq!(submits(&phone).len(), 8);
    assert_eq!(phone.client.unsent(), 0);
    assert!(phone.is_connected(), "asking again as told is no stuck stream");
}

#[test]
fn a_server_that_asks_for_the_same_offset_for_ever_costs_the_derived_state_not_the_work() {
    let mut phone = Phone::new(1);
    phone.online();
    phone.server.confused = true;
    phone.act(note(1)).unwrap();
    assert_eq!(submits(&phone).len(), 5);
    assert!(!phone.is_connected());
    assert_eq!(phone.client.unsent(), 1);
    phone.server.confused = false;
    phone.pass(60_000);
    assert_eq!(phone.client.unsent(), 0);
}

#[test]
fn a_silent_socket_is_dropped() {
    let mut phone = Phone::new(1);
    phone.online();
    phone.server.mute = true;
    phone.act(note(1)).unwrap();
    phone.pass(14_000);
    assert_eq!(phone.client.link(), LinkState::Live);
    phone.pass(2_000);
    let hellos = phone.server.frames.iter().filter(|frame| matches!(frame, ClientFrame::Hello(_))).count();
    assert_eq!(hellos, 2, "the watchdog bit");
    phone.server.mute = false;
    phone.pass(60_000);
    assert_eq!(phone.client.unsent(), 0);
}

#[test]
fn heartbeats_tell_what_is_unsent() {
    let mut phone = Phone::new(1);
    phone.online();
    phone.pass(26_000);
    let ping = phone.server.frames.iter().find_map(|frame| match frame {
        ClientFrame::Ping(ping) => ping.outbox,
        _ => None,
    });
    assert_eq!(ping.unwrap().count, 0);
    phone.pass(600_000);
    assert_eq!(phone.client.link(), LinkState::Live, "pongs keep it alive");
}

#[test]
fn goaway_spreads_the_return_and_sends_nothing_more() {
    let mut phone = Phone::new(1);
    phone.online();
    phone.frame(ServerFrame::Goaway(Goaway { jitter_ms: 20_000, reason: "DEPLOY".to_owned() }));
    phone.act(note(1)).unwrap();
    assert_eq!(submits(&phone).len(), 0);
    phone.close(Close::Draining);
    phone.pass(20_001);
    assert_eq!(phone.client.unsent(), 0);
}

#[test]
fn a_phone_that_waits_for_a_verdict_before_it_leaves_sleeps_meanwhile() {
    let mut phone = Phone::new(1);
    phone.online();
    phone.server.mute = true;
    phone.act(note(1)).unwrap();
    phone.frame(ServerFrame::Goaway(Goaway { jitter_ms: 0, reason: "DEPLOY".to_owned() }));
    let wake_at = phone.client.wake_at().unwrap();
    assert!(wake_at > phone.now.monotonic, "woken at {wake_at} to find nothing to do at {}", phone.now.monotonic);
}

#[test]
fn a_revoked_device_may_still_hand_in_what_it_has() {
    let mut phone = Phone::new(1);
    phone.online();
    phone.server.mute = true;
    phone.act(note(1)).unwrap();
    phone.frame(ServerFrame::Revoked(Revoked { reason: "lost".to_owned() }));
    phone.close(Close::Revoked);
    phone.server.mute = false;
    phone.pass(60_000);
    assert_eq!(phone.client.unsent(), 0);
    phone.close(Close::Revoked);
    assert_eq!(phone.client.link(), LinkState::Stopped(Stop::Revoked));
    assert_eq!(phone.client.wake_at(), None);
}

#[test]
fn an_old_app_stops_and_loses_nothing() {
    let mut phone = Phone::new(1);
    phone.act(note(1)).unwrap();
    phone.online();
    phone.close(Close::Version);
    phone.act(note(2)).unwrap();
    phone.crash();
    assert_eq!(phone.client.unsent(), 1, "the first was confirmed, the second is kept");
}

#[test]
fn an_app_older_than_asked_for_is_told_once_a_connection_and_works_on() {
    let told = |phone: &Phone| {
        let outdated = |notice: &&Notice| matches!(notice, Notice::Outdated { minimum } if minimum == "1.0.1");
        phone.notices.iter().filter(outdated).count()
    };
    let mut phone = Phone::new(1);
    phone.server.minimum_app = "1.0.0".to_owned();
    phone.online();
    assert_eq!(phone.client.link(), LinkState::Live);
    assert!(!phone.notices.iter().any(|notice| matches!(notice, Notice::Outdated { .. })));
    phone.server.minimum_app = "1.0.1".to_owned();
    phone.close(Close::Other(1006));
    phone.act(note(1)).unwrap();
    phone.pass(60_000);
    phone.act(note(2)).unwrap();
    assert_eq!((told(&phone), phone.client.unsent()), (1, 0));
    phone.close(Close::Other(1006));
    phone.pass(60_000);
    assert_eq!(told(&phone), 2, "again on the next connection");
}

#[test]
fn two_that_replace_each_other_do_not_fight() {
    let mut phone = Phone::new(1);
    phone.online();
    let before = phone.server.frames.len();
    phone.close(Close::Replaced);
    phone.pass(4_900);
    assert_eq!(phone.server.frames.len(), before);
    phone.pass(60_000);
    assert_eq!(phone.client.link(), LinkState::Live);
}

#[test]
fn a_server_out_of_reach_is_never_given_up() {
    let mut phone = Phone::new(1);
    phone.refused = Some(OpenFailure::Unreachable);
    phone.act(note(1)).unwrap();
    phone.online();
    phone.pass(3_600_000);
    phone.refused = None;
    phone.pass(61_000);
    assert_eq!(phone.client.unsent(), 0);
}

#[test]
fn a_server_that_answers_503_for_an_hour_is_asked_no_sooner_than_it_says_and_gets_everything() {
    let mut phone = Phone::new(1);
    phone.refused = Some(OpenFailure::Busy { after_ms: 30_000 });
    for n in 0..100 {
        phone.act(note(n)).unwrap();
    }
    phone.online();
    phone.pass(3_600_000);
    assert!((2..=121).contains(&phone.tried), "{} tries", phone.tried);
    assert_eq!(phone.client.unsent(), 100);
    phone.refused = None;
    phone.pass(120_000);
    assert_eq!(phone.client.unsent(), 0);
    assert_eq!(phone.server.log.len(), 100, "each once");
}

#[test]
fn a_hand_scans_ten_times_in_five_seconds_and_no_faster() {
    let mut phone = Phone::new(1);
    let scan = || Act::new(Operation::ScanRecord { raw: "x".to_owned() }, None);
    for _ in 0..10 {
        phone.act(scan()).unwrap();
    }
    assert_eq!(phone.act(scan()), Err(Refused::TooFast { wait_ms: 5_000 }));
    phone.act(note(1)).unwrap();
    phone.pass(5_000);
    phone.act(scan()).unwrap();
    assert_eq!(phone.client.unsent(), 12);
}

#[test]
fn what_cannot_be_kept_is_refused_before_it_is_saved() {
    let mut phone = Phone::new(1);
    let text = |text: String| Act::new(Operation::Item(Command::AddNote { text }), Some(item(1)));
    assert!(matches!(phone.act(text("x".repeat(16_384))), Err(Refused::TooLarge { .. })));
    assert!(matches!(phone.act(text("\0".to_owned())), Err(Refused::Unreadable(_))));
    assert_eq!(phone.client.unsent(), 0);
}

#[test]
fn a_snapshot_is_asked_for_and_its_cursor_reported_at_once() {
    let mut phone = Phone::new(1);
    phone.server.mode = Mode::Snapshot;
    phone.online();
    assert_eq!(phone.fetches.len(), 1);
    let (topic, path) = phone.fetches[0].clone();
    assert_eq!(path, format!("/v1/sync/snapshot?topic={}", site()));
    let head = format!(r#"{{"line":"head","topic":"{topic}","epoch":"e","cursor":7}}"#);
    phone.give(Event::Snapshot { topic, text: format!("{head}\n{{\"line\":\"end\",\"count\":0}}\n") });
    assert!(phone.server.frames.iter().any(|frame| matches!(frame, ClientFrame::Cursor(at) if at.cursor == 7)));
}

#[test]
fn a_snapshot_that_does_not_come_is_asked_for_again_and_work_goes_on() {
    let mut phone = Phone::new(1);
    phone.server.mode = Mode::Snapshot;
    phone.online();
    for _ in 0..3 {
        phone.give(Event::SnapshotFailed { topic: site() });
        phone.pass(10_000);
    }
    assert_eq!(phone.fetches.len(), 4);
    phone.act(note(1)).unwrap();
    assert_eq!(phone.client.unsent(), 0);
    let hellos = phone.server.frames.iter().filter(|frame| matches!(frame, ClientFrame::Hello(_))).count();
    assert_eq!(hellos, 1);
}
