use floorline_domain::{LocationId, OrgId};
use floorline_mobile_sync::op::read_entry;
use serde_json::json;
use uuid::Uuid;

use super::super::super::submission::{ClockOffset, SessionKey};
use super::super::{Ask, Offers};
use super::*;

const DEVICE: DeviceId = DeviceId(Uuid::from_u128(1));
const LEFT: StreamId = StreamId(Uuid::from_u128(2));
const OPEN: StreamId = StreamId(Uuid::from_u128(3));

fn stream(id: StreamId, state: StreamState) -> (StreamId, HeldStream) {
    let held = HeldStream {
        id,
        device: Some(DEVICE),
        state,
        session: 1,
        server_epoch: "now".into(),
        stored_seq: 0,
        last_seq: 0,
        last_hash: chain::start(id),
        last_occurred_at: None,
        recent_scans: Vec::new(),
        changed: false,
    };
    (id, held)
}

/// An entry that stood on [`LEFT`] first, offered again on [`OPEN`].
fn offer(session: Option<SessionKey>) -> DeviceSubmit {
    let entry = json!({ "seq": 1, "schema": 7, "op": "note.add", "actor": DEVICE, "data": { "text": "seen" },
                        "origin": { "stream_id": LEFT, "seq": 1, "hash": Hash([7; 32]) } });
    let entry = Raw::of(&entry).unwrap();
    let hash = chain::next(&chain::start(OPEN), entry.bytes());
    DeviceSubmit {
        org: OrgId(Uuid::nil()),
        site: LocationId(Uuid::nil()),
        stream_id: OPEN,
        device_id: DEVICE,
        session,
        user: UserId(Uuid::nil()),
        clock: ClockOffset::default(),
        first_seq: 1,
        entries: vec![entry],
        hashes: vec![hash],
    }
}

fn placed(submit: &DeviceSubmit, streams: &mut BTreeMap<StreamId, HeldStream>) -> Placed {
    let read = submit.entries.iter().map(|body| read_entry(body.bytes(), 1)).collect();
    place(submit, read, streams, DateTime::UNIX_EPOCH)
}

#[test]
fn an_act_is_never_dated_before_its_predecessor_nor_after_now() {
    let now = DateTime::from_timestamp(1_763_600_000, 0).unwrap();
    let earlier = now - TimeDelta::seconds(10);
    assert_eq!(occurred(Some(now.timestamp_millis() + 99_999), 0, None, now), now);
    assert_eq!(occurred(Some(0), 0, Some(earlier), now), earlier);
    assert_eq!(
        occurred(Some((now - TimeDelta::seconds(65)).timestamp_millis()), 60_000, Some(earlier), now),
        now - TimeDelta::seconds(5)
    );
    assert_eq!(occurred(Some(i64::MAX), i64::MAX, None, now), now);
}

#[test]
fn a_stream_that_its_phone_leaves_is_over_be_it_fenced() {
    for state in [StreamState::Open, StreamState::Fenced, StreamState::Sealed] {
        let mut streams = BTreeMap::from([stream(LEFT, state), stream(OPEN, StreamState::Open)]);
        assert!(matches!(placed(&offer(None), &mut streams), Placed::Open { fresh, .. } if fresh.len() == 1));
        assert_eq!(streams[&LEFT].state, StreamState::Sealed, "{state:?} before");
        assert_eq!(streams[&LEFT].changed, state != StreamState::Sealed);
    }
}

#[test]
fn a_stream_that_is_left_is_to_be_there_before_anything_is_locked() {
    let (again, mut own) = (offer(None), offer(None));
    // An entry that names the stream it is offered on leaves nothing.
    own.stream_id = LEFT;
    let left = |submit: &DeviceSubmit| Offers::read(&[Ask::Device(submit)]).left();
    assert_eq!(left(&again), BTreeMap::from([(LEFT, DEVICE)]));
    assert_eq!(left(&own), BTreeMap::new());
}

#[test]
fn a_session_holds_its_stream_in_its_own_epoch_only() {
    let session = |number, server_epoch: &str| Some(SessionKey { number, server_epoch: server_epoch.into() });
    let cases = [
        ("no session is asked for", None, false),
        ("it holds the stream", session(1, "now"), false),
        ("a newer one took over", session(0, "now"), true),
        ("the row has its number again, put back by a restore", session(1, "before"), true),
    ];
    for (name, session, stale) in cases {
        let mut streams = BTreeMap::from([stream(OPEN, StreamState::Open)]);
        let placed = placed(&offer(session), &mut streams);
        assert_eq!(matches!(placed, Placed::Answered(Submitted::Stale)), stale, "{name}");
        assert_eq!(streams[&OPEN].last_seq, i64::from(!stale), "{name}");
    }
}

#[test]
fn a_session_from_before_a_rewind_is_told_how_far_the_server_is() {
    let mut streams = BTreeMap::from([stream(OPEN, StreamState::Open)]);
    let session = Some(SessionKey { number: 1, server_epoch: "before".into() });
    let late = DeviceSubmit { first_seq: 2, ..offer(session) };
    assert!(matches!(placed(&late, &mut streams), Placed::Answered(Submitted::Gap { expect_seq: 1 })));
}
