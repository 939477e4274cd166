//! Forks, seals and offering again.

use floorline_mobile_sync::client::{Notice, OpenFailure};
use floorline_mobile_sync::op::read_entry;
use floorline_mobile_sync::store::{ActId, Store};
use floorline_mobile_sync::wire::{ClientFrame, SealReason};

use crate::connection::note;
use crate::phone::Phone;

#[test]
fn a_restored_phone_seals_its_stream_and_offers_what_is_left_again() {
    let mut phone = Phone::new(1);
    phone.online();
    phone.act(note(1)).unwrap();
    let backup = phone.store.clone();
    phone.act(note(2)).unwrap();
    phone.act(note(3)).unwrap();
    // The phone is restored from its backup and goes on counting: its second entry is another one now.
    phone.store = backup;
    phone.store.commit().unwrap();
    phone.refused = Some(OpenFailure::Unreachable);
    phone.crash();
    let sealed = phone.client.stream();
    phone.act(note(4)).unwrap();
    phone.act(note(4)).unwrap();
    phone.refused = None;
    phone.server.frames.clear();
    phone.online();
    phone.pass(60_000);
    assert!(
        phone
            .server
            .frames
            .iter()
            .any(|frame| matches!(frame, ClientFrame::Seal(seal) if seal.reason == SealReason::Fork))
    );
    assert_ne!(phone.client.stream(), sealed);
    assert_eq!(phone.client.unsent(), 0);
    let said: Vec<_> = phone.server.log.iter().map(|entry| entry.data["text"].as_str().unwrap().to_owned()).collect();
    assert_eq!(said, ["note 1", "note 2", "note 3", "note 4", "note 4"]);
    let [first, second] = &phone.server.log[3..] else { panic!("two offered again") };
    assert_eq!((first.seq, second.seq), (1, 2));
    assert_eq!(first.origin.map(|origin| (origin.stream_id, origin.seq)), Some((sealed, 2)));
    assert_eq!(second.base.unwrap().predecessor, Some(1), "renumbered with its predecessor");
    assert!(phone.notices.iter().any(|notice| matches!(notice, Notice::Resealed { entries: 2, .. })));
}

#[test]
fn what_the_sealed_stream_had_booked_is_not_booked_again() {
    let mut phone = Phone::new(1);
    phone.server.jitter_ms = 20_000;
    phone.online();
    phone.lose_answers = 1;
    phone.act(note(1)).unwrap();
    assert_eq!((phone.client.unsent(), phone.server.log.len()), (1, 1), "booked, and the phone does not know");
    for stream in phone.server.streams.values_mut() {
        stream.sealed = true;
    }
    phone.act(note(2)).unwrap();
    phone.pass(60_000);
    assert_eq!(phone.client.unsent(), 0);
    assert_eq!(phone.server.log.len(), 2);
}

#[test]
fn an_origin_of_an_origin_names_the_first() {
    let mut phone = Phone::new(1);
    let first = phone.client.stream();
    phone.act(note(1)).unwrap();
    for _ in 0..2 {
        phone.refused = None;
        phone.server.mute = true;
        phone.online();
        phone.pass(1_000);
        phone.close(floorline_mobile_sync::wire::Close::Sealed);
    }
    phone.server.mute = false;
    phone.pass(60_000);
    assert_eq!(phone.server.log.len(), 1);
    assert_eq!(phone.server.log[0].origin.unwrap().stream_id, first);
    assert_eq!(phone.server.streams.len(), 3);
}

#[test]
fn an_act_keeps_its_name_and_its_place_in_the_journal() {
    let mut phone = Phone::new(1);
    let act = phone.act(note(1)).unwrap();
    phone.online();
    phone.pass(1_000);
    phone.close(floorline_mobile_sync::wire::Close::Sealed);
    let line = phone.store.journal(ActId(0), 10).unwrap().remove(0);
    assert_eq!(line.kept.act, act);
    assert!(read_entry(line.kept.bytes.bytes(), line.kept.key.seq).is_ok());
}
