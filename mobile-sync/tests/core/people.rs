//! People who share a phone: whoever takes it over is connected, and hears, as themselves.

use floorline_mobile_sync::topic::Topic;

use crate::floor::on_the_floor;
use crate::phone::{actor, colleague, site};

#[test]
fn whoever_takes_over_has_a_connection_of_their_own_however_often_they_change() {
    let mut phone = on_the_floor();
    assert_eq!(phone.tried, 1);
    for (tried, who) in [(2, colleague()), (3, actor()), (4, colleague())] {
        phone.sign_in_as(who);
        assert_eq!((phone.tried, phone.is_connected()), (tried, true), "what is said of leases is of who opened it");
        phone.sign_in_as(who);
        phone.pass(5_000);
        assert_eq!(phone.tried, tried, "signing in once more changes nothing");
    }
}

#[test]
fn only_the_feed_of_who_works_now_is_asked_for() {
    let mut phone = on_the_floor();
    for who in [colleague(), actor(), colleague()] {
        phone.sign_in_as(who);
        let asked: Vec<Topic> =
            phone.client.hello(None, phone.now).subscriptions.iter().map(|asked| asked.topic).collect();
        assert_eq!(asked.len(), 2);
        assert!(asked.contains(&site()) && asked.contains(&Topic::User(who)), "{asked:?}");
    }
}
