//! S12: rows that name another organisation's things, readers that are not theirs, texts that strayed.

use floorline_domain::OrgId;
use floorline_mobile_sync::entry::Origin;
use floorline_mobile_sync::topic::Topic;

use super::{broken_by, receipt_of};
use crate::checker::Invariant::S12;
use crate::checker::{Canary, History, Owned};

/// The second factory.
fn south(history: &History) -> OrgId {
    history.workflows[1].org
}

#[test]
fn a_row_in_the_wrong_organisation_is_found() {
    assert_eq!(broken_by(|history| history.receipts[0].org = south(history)), [S12]);
    assert_eq!(broken_by(|history| history.events[0].org = south(history)), [S12]);
    assert_eq!(broken_by(|history| history.feed[0].org = south(history)), [S12]);
    assert_eq!(broken_by(|history| history.case_entries[0].org = south(history)), [S12]);
    assert_eq!(broken_by(|history| history.topics[0].org = south(history)), [S12]);
}

#[test]
fn a_row_that_names_anothers_thing_is_found() {
    let site = |history: &mut History| {
        let theirs = history.streams.iter().find(|stream| stream.org == south(history)).unwrap().site;
        history.streams[1].site = theirs;
    };
    assert_eq!(broken_by(site), [S12]);
    let device = |history: &mut History| {
        let theirs = history.owned.iter().rfind(|owned| owned.org == south(history)).unwrap().id;
        history.streams[1].device = Some(theirs.into());
    };
    assert_eq!(broken_by(device), [S12]);
    let origin = |history: &mut History| {
        let theirs = history.receipts[receipt_of(history, "item.scrapped")].clone();
        let origin = Origin { stream_id: theirs.key.stream_id, seq: 1_000, hash: theirs.hash };
        history.receipts[0].origin = Some(origin);
    };
    assert_eq!(broken_by(origin), [S12]);
}

#[test]
fn a_feed_is_read_by_its_own() {
    assert_eq!(broken_by(|history| history.topics[0].reader = south(history)), [S12]);
    assert_eq!(broken_by(|history| history.feed[0].reader = south(history)), [S12]);
}

#[test]
fn an_orders_feed_is_read_by_its_brand() {
    let brand = OrgId(uuid::Uuid::from_u128(77));
    let order = uuid::Uuid::from_u128(78);
    let open_to = |reader: OrgId| {
        move |history: &mut History| {
            let org = history.topics[0].org;
            history.owned.push(Owned { org, id: order, reader: Some(brand) });
            let mut row = history.topics[0].clone();
            (row.topic, row.reader, row.head) = (Topic::Order(order.into()), reader, 0);
            history.topics.push(row);
        }
    };
    assert_eq!(broken_by(open_to(brand)), []);
    assert_eq!(broken_by(|history| open_to(history.topics[0].org)(history)), [S12]);
}

/// Lets a canary of the first factory sing where `place` says.
fn sings(place: impl Fn(&mut History, &str)) -> Vec<crate::checker::Invariant> {
    broken_by(|history| {
        let text = "canary-4711".to_owned();
        history.canaries.push(Canary { org: history.workflows[0].org, text: text.clone() });
        place(history, &text);
    })
}

#[test]
fn a_canary_is_heard_at_home_only() {
    let in_a_feed = |of: fn(&History) -> OrgId| {
        move |history: &mut History, text: &str| {
            let org = of(history);
            let row = history.feed.iter_mut().find(|row| row.org == org).unwrap();
            row.body = row.body.replacen("\"data\":{}", &format!("\"data\":{{\"by\":\"{text}\"}}"), 1);
            assert!(row.body.contains(text));
        }
    };
    assert_eq!(sings(in_a_feed(|history| history.workflows[0].org)), []);
    assert_eq!(sings(in_a_feed(south)), [S12]);
    let in_a_log = |history: &mut History, text: &str| {
        let org = south(history);
        let event = history.events.iter_mut().find(|event| event.org == org).unwrap();
        event.body["heard"] = text.into();
    };
    assert_eq!(sings(in_a_log), [S12]);
}
