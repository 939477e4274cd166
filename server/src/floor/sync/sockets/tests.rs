//! Who gets a seat, who loses it to whom, and what is left.

use uuid::Uuid;

use super::*;

fn phone(user: u128, device: u128) -> Who {
    Who {
        org: OrgId(Uuid::from_u128(1)),
        user: Some(UserId(Uuid::from_u128(user))),
        device: Some((DeviceId(Uuid::from_u128(device)), StreamId(Uuid::from_u128(device)))),
    }
}

fn seated(sockets: &Sockets, who: Who, session: i64) -> Seat {
    let seat = sockets.sit(who).unwrap();
    assert!(seat.take_over(session));
    seat
}

#[test]
fn a_devices_second_socket_replaces_the_first_once_its_hello_was_answered() {
    let sockets = Sockets::new(100);
    let mut first = seated(&sockets, phone(1, 1), 1);
    let second = sockets.sit(phone(1, 1)).unwrap();
    assert!(first.orders.try_recv().is_err(), "its hello may yet fail");
    assert!(second.take_over(2));
    assert_eq!(first.orders.try_recv(), Ok(Order::Replaced));
    let (device, stream) = phone(1, 1).device.unwrap();
    // The first one's end must not take the second one's place away.
    drop(first);
    assert!(sockets.holds(device, stream));
    assert!(!sockets.holds(device, StreamId(Uuid::nil())));
    drop(second);
    assert!(!sockets.holds(device, stream));
}

#[test]
fn a_hello_that_fails_leaves_the_session_before_it_alone() {
    let sockets = Sockets::new(100);
    let mut first = seated(&sockets, phone(1, 1), 1);
    drop(sockets.sit(phone(1, 1)).unwrap());
    let (device, stream) = phone(1, 1).device.unwrap();
    assert!(sockets.holds(device, stream) && first.orders.try_recv().is_err());
}

#[test]
fn of_two_hellos_at_once_the_later_session_stays() {
    let sockets = Sockets::new(100);
    let [one, other] = [sockets.sit(phone(1, 1)).unwrap(), sockets.sit(phone(1, 1)).unwrap()];
    assert!(one.take_over(3));
    assert!(!other.take_over(2));
}

#[test]
fn a_person_has_three_sockets_and_a_replaced_one_does_not_count() {
    let sockets = Sockets::new(100);
    let _seats: Vec<Seat> = (1..=3).map(|device| seated(&sockets, phone(1, device), 1)).collect();
    assert!(sockets.sit(phone(1, 4)).is_err());
    assert!(sockets.sit(phone(1, 3)).is_ok());
    assert!(sockets.sit(phone(2, 4)).is_ok());
    assert!(sockets.sit(Who { user: None, ..phone(1, 5) }).is_ok(), "a phone in quarantine is nobody's");
}

#[test]
fn an_organisation_has_its_share_and_a_replaced_socket_does_not_count() {
    let sockets = Sockets::new(2);
    let _seats: Vec<Seat> = (1..=2).map(|n| seated(&sockets, phone(n, n), 1)).collect();
    assert!(sockets.sit(phone(3, 3)).is_err());
    assert!(sockets.sit(phone(2, 2)).is_ok());
    assert!(sockets.sit(Who { org: OrgId(Uuid::from_u128(2)), ..phone(3, 3) }).is_ok());
}

#[test]
fn who_is_about_to_sit_is_told_to_check_too() {
    let sockets = Sockets::new(100);
    let mut seat = sockets.sit(phone(1, 1)).unwrap();
    sockets.check_device(DeviceId(Uuid::from_u128(1)));
    assert_eq!(seat.orders.try_recv(), Ok(Order::Check));
}

#[test]
fn nothing_is_left_when_everybody_went() {
    let sockets = Sockets::new(100);
    drop(seated(&sockets, phone(1, 1), 1));
    let seats = sockets.seats();
    assert!(seats.all.is_empty() && seats.by_user.is_empty() && seats.by_device.is_empty());
    assert!(seats.by_organization.is_empty());
}

#[test]
fn more_hellos_than_a_node_answers_are_told_when_to_return() {
    let sockets = Sockets::new(100);
    let refused = (0..400).filter_map(|_| sockets.admit_hello().err()).collect::<Vec<_>>();
    assert!(refused.len() > 100);
    assert!(refused.iter().all(|full| (500..=1500).contains(&full.after_ms)));
}
