//! Codes, what texts mean, and what may be done with a label.

use floorline_domain::{
    ItemId, LabelId, LocationId, Reason, UserId, item,
    label::{
        Code, CodeError, Command, Event, Facts, Kind, Label, Read, Resolved, Status, Target, allowed, apply,
        check_characters, decide, draw, read,
    },
};
use proptest::prelude::*;

use crate::floor::{noon, uuid, worker};

fn kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(Kind::ALL.to_vec())
}

fn code(n: u64) -> Code {
    draw(Kind::Item, || n)
}

#[test]
fn the_check_characters_are_those_of_the_standard() {
    assert_eq!(check_characters("ISO79"), Some(['3', 'W']));
    assert_eq!(check_characters("ISO 79"), None);
}

#[test]
fn a_source_that_always_says_the_same_still_ends() {
    let codes: std::collections::BTreeSet<Code> = (0..2_000).map(code).collect();
    assert!(codes.len() > 1_500, "a fifth may fall together: their numbers are neighbours");
}

#[test]
fn what_is_wrong_with_a_code_is_said() {
    let sound = code(7).to_string();
    assert_eq!(Code::parse(""), Err(CodeError::Length));
    assert_eq!(Code::parse(&sound[1..]), Err(CodeError::Length));
    assert_eq!(Code::parse(&format!("X{}", &sound[1..])), Err(CodeError::Kind));
    assert_eq!(Code::parse(&format!("M*{}", &sound[2..])), Err(CodeError::Character));
    assert_eq!(Code::parse(&format!("MU{}", &sound[2..])), Err(CodeError::Character));
    assert_eq!(Code::parse("ÄÖÜÄÖÜÄÖÜÄÖÜÄÖÜ"), Err(CodeError::Kind));
}

#[test]
fn texts_are_read() {
    let sound = code(7);
    let id = uuid(9);
    let is_code = || Read::Code(sound.clone());
    let cases = [
        (sound.to_string(), is_code()),
        (sound.to_string().to_lowercase(), is_code()),
        (format!("  {sound}\n"), is_code()),
        (format!("HTTPS://FLOOR.EXAMPLE/Q/{sound}"), is_code()),
        (format!("http://127.0.0.1:8080/q/{}", sound.to_string().to_lowercase()), is_code()),
        (format!("https://floor.example/some/path/Q/{sound}/?from=x#y"), is_code()),
        (format!("floorline://x/Q/{sound}"), is_code()),
        (
            "https://floor.example/Q/M123".to_owned(),
            Read::Unsound { code: "M123".to_owned(), error: CodeError::Length },
        ),
        (format!("https://floor.example/P/{sound}"), Read::Text(format!("https://floor.example/P/{sound}"))),
        (format!("/Q/{sound}"), Read::Text(format!("/Q/{sound}"))),
        (format!("item:{id}"), Read::Item(ItemId(id))),
        (format!("ITEM:{id}"), Read::Item(ItemId(id))),
        (format!("location:{id}"), Read::Location(LocationId(id))),
        (format!("user:{id}"), Read::User(UserId(id))),
        ("action:sew.seam".to_owned(), Read::Action("sew.seam".to_owned())),
        ("item:seven".to_owned(), Read::Text("item:seven".to_owned())),
        ("4006381333931".to_owned(), Read::Text("4006381333931".to_owned())),
        (String::new(), Read::Text(String::new())),
    ];
    for (raw, expected) in cases {
        assert_eq!(read(&raw), expected, "{raw}");
    }
}

#[test]
fn unaided_a_code_is_nobodys() {
    assert_eq!(Resolved::unaided(code(7).as_str()), Resolved::Foreign(code(7)));
    assert_eq!(Resolved::unaided("x"), Resolved::Text("x".to_owned()));
}

fn item_target(n: u128) -> Target {
    Target::Item(ItemId(uuid(n)))
}

/// A label in this status; if it ever was on something, on item 1.
fn label(n: u128, status: Status) -> Label {
    let target = (status != Status::Blank).then(|| item_target(1));
    let replaced_by = (status == Status::Replaced).then_some(LabelId(uuid(99)));
    Label { id: LabelId(uuid(n)), code: code(7), status, target, replaced_by }
}

fn ask(label: &Label, command: &Command, facts: Facts<'_>) -> Result<Vec<Event>, Reason> {
    decide(label, command, facts, worker(1).id, noon()).map_err(|refusal| refusal.reason)
}

#[test]
fn every_command_in_every_status() {
    let claim = |n| Command::Claim { target: item_target(n), replace: false };
    let revoke = Command::Revoke { reason: None };
    let table = [
        (Status::Blank, claim(1), Ok(Status::Active)),
        (Status::Blank, revoke.clone(), Ok(Status::Revoked)),
        (Status::Active, claim(1), Err(Reason::AlreadyDone)),
        (Status::Active, claim(2), Err(Reason::LabelTaken)),
        (Status::Active, revoke.clone(), Ok(Status::Revoked)),
        (Status::Replaced, claim(1), Err(Reason::TransitionNotAllowed)),
        (Status::Replaced, revoke.clone(), Err(Reason::TransitionNotAllowed)),
        (Status::Revoked, claim(1), Err(Reason::LabelRevoked)),
        (Status::Revoked, revoke, Err(Reason::AlreadyDone)),
    ];
    for (status, command, expected) in table {
        let before = label(5, status);
        let got = ask(&before, &command, Facts::default()).map(|events| {
            let after = events.iter().fold(before.clone(), apply);
            assert!(allowed(status).contains(&after.status));
            after.status
        });
        assert_eq!(got, expected, "{command:?} of a label that is {status}");
    }
}

#[test]
fn a_second_label_takes_the_firsts_place_only_when_asked() {
    let (first, second) = (label(5, Status::Active), label(6, Status::Blank));
    let facts = Facts { present: Some(&first), item: None };
    let claim = |replace| Command::Claim { target: item_target(1), replace };
    assert_eq!(ask(&second, &claim(false), facts), Err(Reason::TransitionNotAllowed));
    let events = ask(&second, &claim(true), facts).unwrap();
    assert_eq!(events.iter().map(Event::kind).collect::<Vec<_>>(), ["label.replaced", "label.claimed"]);
    assert_eq!(events.iter().map(Event::label_id).collect::<Vec<_>>(), [first.id, second.id]);
    let first = apply(first, &events[0]);
    assert_eq!((first.status, first.replaced_by), (Status::Replaced, Some(second.id)));
    assert_eq!(first.target, Some(item_target(1)), "it still resolves");
    assert_eq!(apply(second, &events[1]).target, Some(item_target(1)));
}

#[test]
fn a_label_goes_on_its_own_kind_and_on_nothing_closed() {
    let blank = label(5, Status::Blank);
    let place = Command::Claim { target: Target::Location(LocationId(uuid(1))), replace: false };
    assert_eq!(ask(&blank, &place, Facts::default()), Err(Reason::WrongCode));
    for status in item::Status::ALL {
        let facts = Facts { present: None, item: Some(*status) };
        let claim = Command::Claim { target: item_target(1), replace: false };
        assert_eq!(ask(&blank, &claim, facts).is_ok(), !status.is_final(), "{status}");
    }
}

proptest! {
    #[test]
    fn drawn_codes_are_sound(kind in kind(), seed in any::<u64>()) {
        let code = draw(kind, || seed);
        prop_assert_eq!(code.as_str().len(), 15);
        prop_assert_eq!(code.kind(), kind);
        prop_assert_eq!(Code::parse(code.as_str()), Ok(code.clone()));
        prop_assert!(!code.as_str()[1..].contains(['I', 'L', 'O', 'U']));
    }

    /// Typed as it sounds, in any case, it is the same code.
    #[test]
    fn typing_is_forgiven(kind in kind(), seed in any::<u64>(), one in "[1iIlL]", zero in "[0oO]") {
        let code = draw(kind, || seed);
        let (letter, rest) = code.as_str().split_at(1);
        let typed = rest.replace('1', &one).replace('0', &zero).to_lowercase();
        prop_assert_eq!(Code::parse(&format!("{letter}{typed}")), Ok(code));
    }

    /// One wrong character is always noticed.
    #[test]
    fn a_substitution_is_noticed(kind in kind(), seed in any::<u64>(), at in 0..15_usize, other in "[0-9A-Z]") {
        let code = draw(kind, || seed);
        let mut text = code.to_string();
        text.replace_range(at..=at, &other);
        let same = Code::parse(&text).is_ok_and(|read| read == code);
        prop_assert!(same || Code::parse(&text).is_err());
        prop_assert!(!same || text == code.as_str() || "ILO".contains(&other));
    }

    /// Two neighbours exchanged are always noticed.
    #[test]
    fn a_transposition_is_noticed(kind in kind(), seed in any::<u64>(), at in 0..14_usize) {
        let code = draw(kind, || seed);
        let mut characters: Vec<char> = code.as_str().chars().collect();
        characters.swap(at, at + 1);
        let text: String = characters.into_iter().collect();
        prop_assert!(text == code.as_str() || Code::parse(&text).is_err());
    }

    #[test]
    fn any_text_is_read(raw in any::<String>()) {
        let _ = read(&raw);
        let _ = Code::parse(&raw);
    }

    #[test]
    fn an_address_is_read_for_its_code(seed in any::<u64>(), scheme in "[a-z]{1,6}", host in "[a-z0-9.:]{1,20}", path in "(/[a-z]{1,5}){0,3}") {
        let code = draw(Kind::User, || seed);
        prop_assert_eq!(read(&format!("{scheme}://{host}{path}/Q/{code}")), Read::Code(code));
    }
}
