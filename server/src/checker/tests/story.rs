//! A day at two factories, in which everything happens once.

use std::collections::BTreeMap;

use floorline_domain::item::Command;
use floorline_domain::{ItemId, Outcome, Reason};
use floorline_mobile_sync::op::Operation;

use super::factory::{Factory, PhoneNo};
use super::{advance, note};
use crate::checker::{History, check};

fn because(reason: &str) -> String {
    reason.to_owned()
}

fn does(factory: &mut Factory, phone: PhoneNo, item: ItemId, steps: impl IntoIterator<Item = Operation>) {
    for step in steps {
        factory.save(phone, Some(item), step);
        factory.deliver(phone);
    }
}

/// Two factories. In the first an item walks its whole way with a detour, two phones race, one loses its answers and offers its work again on
/// another stream, a case is booked, a phone is revoked, another one destroyed.
pub(super) fn story() -> History {
    let mut north = Factory::new(1);
    let (walked, raced, held) = (north.item(), north.item(), north.item());
    let (first, second, third) = (north.phone(), north.phone(), north.phone());
    does(&mut north, first, walked, [note(), advance(None)]);
    let rework = Operation::Item(Command::Rework { to: because("cut"), reason: because("seam") });
    does(&mut north, first, walked, [rework, note(), advance(None)]);
    let left = north.latest(first);
    does(&mut north, first, walked, [Operation::Item(Command::Undo { of: Some(left) }), advance(None)]);
    does(&mut north, first, walked, [advance(None), advance(None)]);

    race(&mut north, first, second, raced);
    offer_again(&mut north, second, raced);

    north.save(third, Some(held), note());
    does(&mut north, first, held, [Operation::Item(Command::Hold { reason: because("dye lot") })]);
    north.deliver(third);
    does(&mut north, first, held, [Operation::Item(Command::Release { reason: None })]);
    north.book_case();

    north.save(third, None, Operation::ScanRecord { raw: because("M123") });
    north.deliver(third);
    north.revoke(third);
    north.save(third, Some(held), advance(None));
    north.deliver(third);

    let lost = north.phone();
    north.save(lost, Some(held), Operation::Item(Command::AddNote { text: because("ok") }));
    north.deliver(lost);
    north.save(lost, Some(held), Operation::Item(Command::AddNote { text: because("never sent") }));
    north.destroy(lost);
    north.save(first, Some(held), Operation::Item(Command::AddNote { text: because("not sent yet") }));

    both(north.finish(), small_factory())
}

/// Two phones do the same, and the second wants more than the item is ready for.
fn race(north: &mut Factory, first: PhoneNo, second: PhoneNo, item: ItemId) {
    north.save(second, Some(item), note());
    does(north, first, item, [note()]);
    north.deliver(second);
    does(north, first, item, [advance(None)]);
    let beyond = Operation::Item(Command::Rework { to: because("pack"), reason: because("no such way") });
    does(north, second, item, [beyond]);
}

/// Three acts: the first was decided but its answer is lost, then the stream ends.
fn offer_again(north: &mut Factory, phone: PhoneNo, item: ItemId) {
    north.save(phone, Some(item), Operation::Item(Command::Flag { reason: because("loose thread") }));
    north.save(phone, Some(item), Operation::Item(Command::Flag { reason: because("stain") }));
    north.save(phone, Some(item), advance(Some("cut")));
    north.deliver_unanswered(phone, 1);
    north.reseal(phone);
    north.deliver_unanswered(phone, 2);
    north.reseal(phone);
    north.deliver(phone);
}

fn small_factory() -> History {
    let mut south = Factory::new(2);
    let (item, phone) = (south.item(), south.phone());
    does(&mut south, phone, item, [note(), advance(None)]);
    does(&mut south, phone, item, [Operation::Item(Command::Scrap { reason: because("torn") })]);
    south.finish()
}

fn both(mut one: History, other: History) -> History {
    one.devices.extend(other.devices);
    one.streams.extend(other.streams);
    one.receipts.extend(other.receipts);
    one.events.extend(other.events);
    one.topics.extend(other.topics);
    one.feed.extend(other.feed);
    one.items.extend(other.items);
    one.workflows.extend(other.workflows);
    one.cases.extend(other.cases);
    one.case_entries.extend(other.case_entries);
    one.owned.extend(other.owned);
    one
}

#[test]
fn nothing_is_found_in_a_sound_history() {
    let report = check(&story());
    assert_eq!(report.violations, []);
    assert_eq!((report.lost, report.doubled, report.unsent), (0, 0, 2));
    let said: BTreeMap<&str, usize> = report.outcomes.iter().map(|(word, n)| (word.as_str(), *n)).collect();
    let expected = [
        ("applied", 20),
        ("noop:ALREADY_DONE", 1),
        ("parked:DEVICE_REVOKED", 1),
        ("parked:ON_HOLD", 1),
        ("rejected:STAGE_NOT_ALLOWED", 2),
    ];
    assert_eq!(said, expected.into());
    assert_eq!(report.entries, expected.iter().map(|(_, n)| n).sum::<usize>() + report.unsent);
}

#[test]
fn the_story_has_what_the_doctored_ones_change() {
    let history = story();
    let has = |outcome, reason| history.receipts.iter().any(|it| (it.outcome, it.reason) == (outcome, reason));
    assert!(has(Outcome::Noop, Some(Reason::AlreadyDone)) && has(Outcome::Parked, Some(Reason::DeviceRevoked)));
    let kinds = ["item.reworked", "item.undone", "item.completed", "item.scrapped", "item.flagged", "case.opened"];
    assert!(kinds.iter().all(|kind| history.events.iter().any(|event| event.kind == *kind)));
    let again = history.receipts.iter().filter(|it| it.origin.is_some()).count();
    assert_eq!(again, 3, "one offered again and decided there, one booked from its case, one refused there");
}
