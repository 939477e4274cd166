//! Any order of acts, drops, lost answers, crashes, seals and restored servers: every saved act is booked exactly once, in order.

use floorline_mobile_sync::client::OpenFailure;
use floorline_mobile_sync::store::{ActId, Store};
use floorline_mobile_sync::wire::Close;
use proptest::prelude::*;

use crate::connection::note;
use crate::phone::Phone;

#[derive(Debug, Clone)]
enum Step {
    Act,
    Online,
    Drop,
    LoseAnswers(usize),
    Busy(usize),
    Mute(bool),
    Reach(bool),
    Crash,
    Seal,
    Rewind { back: usize, heard: bool },
    Pass(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Act),
        2 => Just(Step::Online),
        1 => Just(Step::Drop),
        1 => (1_usize..3).prop_map(Step::LoseAnswers),
        1 => (1_usize..3).prop_map(Step::Busy),
        1 => any::<bool>().prop_map(Step::Mute),
        1 => any::<bool>().prop_map(Step::Reach),
        1 => Just(Step::Crash),
        1 => Just(Step::Seal),
        1 => (1_usize..6, any::<bool>()).prop_map(|(back, heard)| Step::Rewind { back, heard }),
        3 => (0_i64..30_000).prop_map(Step::Pass),
    ]
}

/// How many of the latest verdicts are of the phone's open stream. Under a connection a restore goes no further back: a true server would not know
/// the stream then, and this one would.
fn since_the_last_seal(phone: &Phone) -> usize {
    let stream = phone.client.stream();
    let sealed = phone.server.streams.get(&stream).is_none_or(|stream| stream.sealed);
    let newest = phone.server.judged.iter().rev().take_while(|(id, _, _)| *id == stream);
    if sealed { 0 } else { newest.count() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nothing_is_lost_and_nothing_is_doubled(seed in 0_u128..1_000_000, steps in proptest::collection::vec(step(), 1..60)) {
        let mut phone = Phone::new(seed);
        let mut saved = Vec::new();
        for step in steps {
            match step {
                Step::Act => {
                    let n = saved.len();
                    phone.act(note(u128::try_from(n).unwrap())).unwrap();
                    saved.push(format!("note {n}"));
                }
                Step::Online => phone.online(),
                Step::Drop => phone.close(Close::Other(1006)),
                Step::LoseAnswers(n) => phone.lose_answers = n,
                Step::Busy(n) => phone.server.busy = n,
                Step::Mute(mute) => phone.server.mute = mute,
                Step::Reach(reachable) => phone.refused = (!reachable).then_some(OpenFailure::Unreachable),
                Step::Crash => phone.crash(),
                Step::Seal => {
                    let stream = phone.client.stream();
                    // A server seals a stream whether or not the phone is there to hear it.
                    let acked = phone.store.load().unwrap().stream.unwrap().acked_seq;
                    // One that is behind its phone is healed before anyone seals it.
                    if let Some(stream) = phone.server.streams.get_mut(&stream).filter(|stream| stream.last_seq >= acked) {
                        stream.sealed = true;
                        phone.close(Close::Sealed);
                    }
                }
                Step::Rewind { back, heard } => {
                    let back = if heard { back } else { back.min(since_the_last_seal(&phone)) };
                    phone.server.rewind(back);
                    if heard {
                        phone.close(Close::Other(1006));
                    }
                }
                Step::Pass(ms) => phone.pass(ms),
            }
        }
        phone.server.mute = false;
        phone.server.busy = 0;
        phone.lose_answers = 0;
        phone.refused = None;
        // No connection outlives the server it was made to.
        phone.close(Close::Other(1006));
        phone.online();
        phone.pass(300_000);
        prop_assert_eq!(phone.client.unsent(), 0, "every outbox drains");
        let booked: Vec<String> = phone.server.log.iter().map(|entry| entry.data["text"].as_str().unwrap().to_owned()).collect();
        prop_assert_eq!(&booked, &saved, "once each, in order");
        let journal = phone.store.journal(ActId(0), 1000).unwrap();
        prop_assert_eq!(journal.len(), saved.len());
        prop_assert!(journal.iter().all(|line| line.settled.is_some()));
    }
}
