//! The same code again: by the same person at the same stage within ten seconds it is the earlier scan, else it counts.

use floorline_domain::item::Command;
use floorline_mobile_sync::client::Earlier;

use crate::floor::{advance, on_the_floor};
use crate::phone::{actor, colleague, item, on_item};

fn code() -> String {
    format!("item:{}", item(1))
}

#[test]
fn the_same_code_stage_and_worker_within_ten_seconds_is_the_earlier_scan() {
    let mut phone = on_the_floor();
    let first = phone.scan(&code());
    assert_eq!((first.action_id.as_deref(), first.earlier), (Some("cut.scan"), None));
    phone.pass(9_999);
    let again = phone.scan(&code());
    assert_eq!((again.act, again.earlier), (None, Some(Earlier { by: actor(), ago_ms: 9_999 })));
    phone.pass(1);
    let later = phone.scan(&code());
    assert!(later.act.is_some() && later.action_id.is_none() && later.earlier.is_none(), "{later:?}");
}

#[test]
fn a_code_between_two_of_another_is_no_way_to_count_twice() {
    let mut phone = on_the_floor();
    assert!(phone.scan("one thing").act.is_some());
    assert!(phone.scan("another thing").act.is_some());
    assert_eq!(phone.scan("one thing").act, None);
}

#[test]
fn a_step_that_was_taken_back_or_a_stage_further_on_takes_the_code_at_once() {
    let mut phone = on_the_floor();
    let first = phone.scan(&code());
    let key = phone.client.held(first.act.unwrap()).unwrap().kept.key;
    phone.act(on_item(Command::Undo { of: key.into() })).unwrap();
    let second = phone.scan(&code());
    assert_eq!(second.action_id.as_deref(), Some("cut.scan"));
    assert_eq!(second.earlier.map(|earlier| earlier.by), Some(actor()));
    phone.act(advance()).unwrap();
    assert!(phone.scan(&code()).act.is_some(), "it is at another stage");
    assert_eq!(phone.scan(&code()).act, None);
}

#[test]
fn a_colleagues_scan_counts_and_says_who_was_there_before() {
    let mut phone = on_the_floor();
    phone.scan("a pallet");
    phone.pass(4_000);
    phone.sign_in_as(colleague());
    let second = phone.scan("a pallet");
    assert!(second.act.is_some());
    assert_eq!(second.earlier, Some(Earlier { by: actor(), ago_ms: 4_000 }));
}
