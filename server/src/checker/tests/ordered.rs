//! S3, S7 and S13: streams with holes and torn chains, feeds with gaps, work after the fence.

use floorline_domain::Outcome;
use floorline_mobile_sync::chain::sha256;
use floorline_mobile_sync::topic::Topic;
use floorline_mobile_sync::wire::Raw;

use super::{append, broken_by, offered_on, receipt_of, retell, scan};
use crate::checker::Invariant::{S1, S2, S3, S7, S13};
use crate::checker::{History, Receipt, TopicRow};

#[test]
fn a_stream_stands_where_its_receipts_end() {
    assert_eq!(broken_by(|history| history.streams[1].last_seq += 1), [S3]);
    assert_eq!(broken_by(|history| history.streams[1].last_hash = sha256(b"another end")), [S3]);
}

#[test]
fn a_place_nobody_remembers_is_a_hole() {
    let doctor = |history: &mut History| {
        let key = history.receipts.remove(scan(history)).key;
        for device in &mut history.devices {
            device.journal.retain(|line| line.kept.key != key);
            device.told.retain(|told| told.key != key);
        }
    };
    assert_eq!(broken_by(doctor), [S3]);
}

#[test]
fn only_old_receipts_may_be_gone_and_only_the_first() {
    let forget_two = |history: &mut History| {
        let stream = history.streams[1].id;
        history.receipts.retain(|receipt| receipt.key.stream_id != stream || receipt.key.seq > 2);
    };
    assert_eq!(broken_by(forget_two), [S1, S2, S3]);
    let pruned = |history: &mut History| {
        history.receipts_pruned = true;
        forget_two(history);
    };
    assert_eq!(broken_by(pruned), []);
    let within = |history: &mut History| {
        history.receipts_pruned = true;
        let stream = history.streams[1].id;
        history.receipts.retain(|receipt| receipt.key.stream_id != stream || receipt.key.seq != 2);
    };
    assert_eq!(broken_by(within), [S1, S2, S3]);
}

#[test]
fn bytes_that_changed_tear_the_chain() {
    let in_a_case = |history: &mut History| history.case_entries[0].body.push(' ');
    assert_eq!(broken_by(in_a_case), [S3]);
    let in_a_journal = |history: &mut History| {
        let kept = &mut history.devices[0].journal[1].kept;
        kept.bytes = Raw::new(kept.bytes.text().replace("b1", "b2")).unwrap();
    };
    assert_eq!(broken_by(in_a_journal), [S3]);
}

#[test]
fn a_stream_is_told_in_its_order() {
    let doctor = |history: &mut History| {
        let one = history.feed.iter().position(|row| row.body.contains("item.reworked")).unwrap();
        let next = (one + 1..history.feed.len()).find(|n| history.feed[*n].topic == history.feed[one].topic).unwrap();
        let body = history.feed[one].body.clone();
        history.feed[one].body = std::mem::replace(&mut history.feed[next].body, body);
    };
    assert_eq!(broken_by(doctor), [S3]);
}

#[test]
fn a_verdict_points_at_what_it_did() {
    let doctor = |history: &mut History| {
        let place = receipt_of(history, "item.reworked");
        let key = history.receipts[place].key;
        retell(history, key, |text| text.replace("\"cursor\":", "\"cursor\":1"));
    };
    assert_eq!(broken_by(doctor), [S3]);
}

fn of_user(history: &mut History) -> &mut TopicRow {
    history.topics.iter_mut().find(|row| matches!(row.topic, Topic::User(_))).unwrap()
}

fn first_of_user(history: &History) -> usize {
    history.feed.iter().position(|row| matches!(row.topic, Topic::User(_))).unwrap()
}

#[test]
fn a_feed_has_no_gap_and_ends_at_its_head() {
    assert_eq!(broken_by(|history| drop(history.feed.remove(first_of_user(history)))), [S7]);
    assert_eq!(broken_by(|history| history.feed.push(history.feed[first_of_user(history)].clone())), [S7]);
    assert_eq!(broken_by(|history| of_user(history).head += 1), [S7]);
    assert_eq!(broken_by(|history| of_user(history).head -= 1), [S7]);
    assert_eq!(broken_by(|history| history.topics.retain(|row| !matches!(row.topic, Topic::User(_)))), [S7]);
}

#[test]
fn a_feed_row_can_be_read() {
    let doctor = |history: &mut History| {
        let place = first_of_user(history);
        history.feed[place].body.pop();
    };
    assert_eq!(broken_by(doctor), [S7]);
}

#[test]
fn a_feed_may_have_lost_its_beginning() {
    let raised = |history: &mut History| of_user(history).floor = 1;
    assert_eq!(broken_by(raised), []);
    let pruned = |history: &mut History| {
        raised(history);
        history.feed.remove(first_of_user(history));
    };
    assert_eq!(broken_by(pruned), []);
}

#[test]
fn nothing_is_applied_behind_the_fence() {
    let earlier = |history: &mut History| {
        let fenced = history.streams.iter_mut().find(|stream| stream.fence.is_some()).unwrap();
        fenced.fence = Some(1);
    };
    assert_eq!(broken_by(earlier), [S13]);
    let elsewhere = |history: &mut History| history.streams[1].fence = Some(3);
    assert_eq!(broken_by(elsewhere), [S13]);
}

#[test]
fn where_one_entry_met_the_fence_no_later_one_is_applied() {
    let doctor = |history: &mut History| {
        let fenced = history.streams.iter_mut().find(|stream| stream.fence.is_some()).unwrap();
        fenced.fence = None;
        let stream = fenced.id;
        let later = Receipt { outcome: Outcome::Applied, ..history.receipts[scan(&super::story())].clone() };
        append(history, stream, later);
    };
    assert_eq!(broken_by(doctor), [S13]);
}

#[test]
fn a_verdict_from_before_the_fence_may_be_given_again_behind_it() {
    let doctor = |history: &mut History| {
        let stream = offered_on(history);
        history.streams.iter_mut().find(|row| row.id == stream).unwrap().fence = Some(0);
    };
    assert_eq!(broken_by(doctor), []);
}
