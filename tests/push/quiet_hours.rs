//! Quiet hours hold back everything but what is urgent.

use chrono::{DateTime, TimeDelta, Utc};
use floorline_server::identity::push::quiet_until;
use serde_json::json;

use super::{all_told, assign, item, reached, sending};
use crate::harness::firebase::Firebase;
use crate::harness::{Floor, count, now};

const PATH: &str = "/v1/me/quiet_hours";

#[tokio::test(flavor = "multi_thread")]
async fn quiet_hours_are_ones_own_and_can_be_set_seen_and_removed() {
    let floor = Floor::new().await;
    let operator = floor.north().operator();
    assert_eq!(operator.get(PATH).await.ok(), json!({ "quiet_hours": null }));
    let hours = json!({ "start": "22:00", "end": "06:30", "time_zone": "Europe/Madrid" });
    assert_eq!(operator.put(PATH, hours.clone()).await.ok(), json!({ "quiet_hours": hours }));
    let earlier = json!({ "start": "20:00", "end": "06:30", "time_zone": "Asia/Dhaka" });
    operator.put(PATH, earlier.clone()).await.assert_status(200);
    assert_eq!(operator.get(PATH).await.ok(), json!({ "quiet_hours": earlier }));
    assert_eq!(floor.north().second_operator().get(PATH).await.ok(), json!({ "quiet_hours": null }));
    for _ in 0..2 {
        operator.delete(PATH).await.assert_status(204);
    }
    assert_eq!(operator.get(PATH).await.ok(), json!({ "quiet_hours": null }));
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_that_are_none_are_refused_by_field() {
    let floor = Floor::new().await;
    let operator = floor.north().operator();
    for (start, end, zone, field) in [
        ("25:00", "06:00", "UTC", "start"),
        ("22:00", "six", "UTC", "end"),
        ("22:00", "22:00", "UTC", "end"),
        ("22:00", "06:00", "Mars/Olympus", "time_zone"),
    ] {
        let hours = json!({ "start": start, "end": end, "time_zone": zone });
        operator.put(PATH, hours).await.assert_status(422).assert_field(field);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_quiet_by_the_users_own_clock_over_midnight_and_in_summer() {
    let floor = Floor::new().await;
    let (north, user) = (floor.north(), floor.north().person("operator").id);
    let time = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    for (start, end, zone, at, until) in [
        // Over midnight, an hour ahead of UTC.
        ("22:00", "06:00", "Europe/Madrid", "2026-01-10T20:59:59Z", None),
        ("22:00", "06:00", "Europe/Madrid", "2026-01-10T21:00:00Z", Some("2026-01-11T05:00:00Z")),
        ("22:00", "06:00", "Europe/Madrid", "2026-01-11T04:59:59Z", Some("2026-01-11T05:00:00Z")),
        ("22:00", "06:00", "Europe/Madrid", "2026-01-11T05:00:00Z", None),
        // In summer it is two hours.
        ("22:00", "06:00", "Europe/Madrid", "2026-07-10T20:00:00Z", Some("2026-07-11T04:00:00Z")),
        // In the night when clocks go forward it is an hour shorter.
        ("22:00", "06:00", "Europe/Madrid", "2026-03-28T21:00:00Z", Some("2026-03-29T04:00:00Z")),
        // Within one day.
        ("12:00", "13:00", "UTC", "2026-01-10T12:30:00Z", Some("2026-01-10T13:00:00Z")),
        ("12:00", "13:00", "UTC", "2026-01-10T13:00:00Z", None),
        ("12:00", "13:00", "UTC", "2026-01-10T11:59:59Z", None),
        // Where it is tomorrow already.
        ("12:00", "13:00", "Pacific/Kiritimati", "2026-01-10T22:30:00Z", Some("2026-01-10T23:00:00Z")),
    ] {
        let hours = json!({ "start": start, "end": end, "time_zone": zone });
        north.operator().put(PATH, hours).await.assert_status(200);
        let mut tx = floor.tenant(north.id()).await;
        let found = quiet_until(&mut tx, user, time(at)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(found, until.map(time), "{start} to {end} in {zone} at {at}");
    }
}

/// Hours that began an hour ago and end in an hour.
async fn quiet_now(floor: &Floor) {
    let time = |time: DateTime<Utc>| time.format("%H:%M").to_string();
    let (start, end) = (time(now() - TimeDelta::hours(1)), time(now() + TimeDelta::hours(1)));
    let hours = json!({ "start": start, "end": end, "time_zone": "UTC" });
    floor.north().operator().put(PATH, hours).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_urgent_waits_for_the_end_of_the_quiet_hours() {
    let firebase = Firebase::start();
    let (floor, _) = reached(&firebase, "t").await;
    quiet_now(&floor).await;
    let item = item(floor.north()).await;
    assign(&floor, &item).await;
    all_told(&floor).await;
    assert_eq!(firebase.asked().len(), 0);
    let [held, waits] = sending(&floor).await.try_into().unwrap();
    assert_eq!((&*held.state, &*waits.state, waits.attempts), ("done", "queued", 0));
    assert!((1800.0..=3600.0).contains(&waits.due_in), "{waits:?}");
    // The hours are over.
    floor.north().operator().delete(PATH).await.assert_status(204);
    super::later(&floor).await;
    all_told(&floor).await;
    assert_eq!(firebase.taken().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_urgent_is_told_at_any_hour() {
    let firebase = Firebase::start();
    let (floor, _) = reached(&firebase, "t").await;
    quiet_now(&floor).await;
    let item = item(floor.north()).await;
    assign(&floor, &item).await;
    let scrap = json!({ "reason": "Torn" });
    floor.north().supervisor().post(&format!("/v1/items/{item}/scrap"), scrap).await.assert_status(200);
    all_told(&floor).await;
    let kinds: Vec<_> = firebase.taken().into_iter().map(|message| message["data"]["kind"].clone()).collect();
    assert_eq!(kinds, ["item_scrapped"]);
    let waiting = "SELECT count(*) AS n FROM jobs WHERE kind = 'push.send' AND state = 'queued'";
    assert_eq!(count(floor.database().owner_url(), waiting).await, 1, "the assignment");
}
