//! The native handheld against the real server: from an enrolment code to a verdict, with and without a network, and back.

use std::time::Duration;

use floorline_domain::item::{Command, Status};
use floorline_domain::label::Resolved;
use floorline_domain::shift::Shift;
use floorline_domain::{ItemId, Outcome, Reason};
use floorline_mobile_sync::client::{Act, Notice};
use floorline_mobile_sync::native::{Api, Method, Phone, PhoneConfig, Server, Transport};
use floorline_mobile_sync::op::Operation;
use floorline_mobile_sync::resume::LinkState;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{At, Floor, PASSWORD, eventually};

/// A phone in someone's hand, and its folder.
pub(crate) struct Hand {
    pub(crate) phone: Phone,
    pub(crate) config: PhoneConfig,
    pub(crate) _folder: TempDir,
}

/// Enrols a phone, has it approved, signs someone in; not connected yet.
pub(crate) async fn hand(floor: &Floor, at: At<'_>, role: &str, change: impl FnOnce(&mut PhoneConfig)) -> Hand {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::at(floor.url()).unwrap();
    let mut config = PhoneConfig::new(server.clone(), folder.path(), at.site().parse().unwrap());
    change(&mut config);
    let enrolment = json!({ "site_id": at.site(), "name": "Phone" });
    let code = at.admin().post("/v1/devices/enrolments", enrolment).await.text("code");
    let api = Api::open(server, folder.path()).unwrap();
    let claimed = api.claim(&code, "1.0.0").await.unwrap();
    let approve = format!("/v1/devices/{}/approve", claimed.device_id);
    at.admin().post(&approve, json!({ "digits": claimed.digits })).await.assert_status(200);
    api.wait_until_approved(claimed.device_id).await.unwrap();
    let phone = Phone::open(config.clone()).await.unwrap();
    phone.sign_in(&at.person(role).email, PASSWORD).await.unwrap();
    Hand { phone, config, _folder: folder }
}

pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what).await.unwrap()
}

/// Waits until the phone shows a floor.
pub(crate) async fn shown(phone: &Phone) {
    eventually("a floor", async || phone.floor().await.unwrap().cursor).await;
}

pub(crate) fn on(item: ItemId, command: Command) -> Act {
    Act::new(Operation::Item(command), Some(item))
}

pub(crate) fn measured(item: ItemId) -> Act {
    let data = json!({ "readings": [{ "name": "length", "value": 10.2, "unit": "mm" }] });
    on(item, Command::CompleteAction { action_id: "cut.length".to_owned(), data, evidence: Vec::new() })
}

pub(crate) fn ids(items: &[Value]) -> Vec<ItemId> {
    items.iter().map(|item| item["id"].as_str().unwrap().parse().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn work_done_offline_is_booked_once_and_shown_to_the_next_phone() {
    let floor = Floor::new().await;
    let north = floor.north();
    let order = north.accepted_order(2).await;
    let items = ids(&north.items_of(&order).await);
    let Hand { phone, config, _folder } = hand(&floor, north, "operator", |_| {}).await;
    phone.go_online();
    shown(&phone).await;
    phone.go_offline();
    let site = north.site().parse().unwrap();
    let start =
        Operation::ShiftStart { site_id: site, location_id: Some(north.station().parse().unwrap()), team_id: None };
    phone.act(Act::new(start, None)).await.unwrap();
    phone.act(measured(items[0])).await.unwrap();
    phone.act(on(items[0], Command::Advance { to: None })).await.unwrap();
    let last = phone.act(on(items[0], Command::Advance { to: None })).await.unwrap();
    let seen = phone.item(items[0]).await.unwrap().unwrap();
    assert_eq!(seen.item.status, Status::Completed, "predicted: {:?}", seen.marks);
    // The app is closed with everything unsent, and opened again.
    phone.close().await;
    let phone = Phone::open(config).await.unwrap();
    assert_eq!(phone.unsent().await.unwrap(), 4);
    phone.go_online();
    assert_eq!(soon(phone.verdict(last)).await.unwrap().outcome, Outcome::Applied);
    let item = north.operator().get(&format!("/v1/items/{}", items[0])).await;
    assert_eq!(item.assert_status(200).text("status"), "completed");
    eventually("the feed's own telling", async || {
        let seen = phone.item(items[0]).await.unwrap().unwrap();
        (seen.marks.is_empty() && seen.item.status == Status::Completed).then_some(())
    })
    .await;
    assert!(phone.journal().await.unwrap().iter().all(|line| line.settled.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_phones_race_and_one_is_told_it_was_done() {
    let floor = Floor::new().await;
    let north = floor.north();
    let order = north.accepted_order(1).await;
    let item = ids(&north.items_of(&order).await)[0];
    let first = hand(&floor, north, "operator", |_| {}).await;
    let second = hand(&floor, north, "operator2", |_| {}).await;
    for hand in [&first, &second] {
        hand.phone.go_online();
        shown(&hand.phone).await;
        hand.phone.go_offline();
    }
    let done = first.phone.act(measured(item)).await.unwrap();
    let again = second.phone.act(measured(item)).await.unwrap();
    first.phone.go_online();
    assert_eq!(soon(first.phone.verdict(done)).await.unwrap().outcome, Outcome::Applied);
    second.phone.go_online();
    let verdict = soon(second.phone.verdict(again)).await.unwrap();
    assert_eq!((verdict.outcome, verdict.reason), (Outcome::Noop, Some(Reason::AlreadyDone)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_without_web_sockets_books_and_follows_over_http() {
    let floor = Floor::new().await;
    let north = floor.north();
    let order = north.accepted_order(1).await;
    let item = ids(&north.items_of(&order).await)[0];
    let Hand { phone, .. } = &hand(&floor, north, "operator", |config| config.transport = Transport::Http).await;
    phone.go_online();
    shown(phone).await;
    let done = phone.act(measured(item)).await.unwrap();
    assert_eq!(soon(phone.verdict(done)).await.unwrap().outcome, Outcome::Applied);
    north.supervisor().post(&format!("/v1/items/{item}/hold"), json!({ "reason": "stain" })).await.assert_status(200);
    eventually("the hold", async || {
        (phone.item(item).await.unwrap().unwrap().item.status == Status::OnHold).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_web_sockets_too_unsent_work_goes_up_with_whoever_signs_in_next_as_the_work_of_who_did_it() {
    let floor = Floor::new().await;
    let north = floor.north();
    let item = ids(&north.items_of(&north.accepted_order(1).await).await)[0];
    let Hand { phone, .. } = &hand(&floor, north, "operator", |config| config.transport = Transport::Http).await;
    phone.go_online();
    shown(phone).await;
    phone.go_offline();
    let done = phone.act(measured(item)).await.unwrap();
    phone.sign_in(&north.person("operator2").email, PASSWORD).await.unwrap();
    phone.go_online();
    assert_eq!(soon(phone.verdict(done)).await.unwrap().outcome, Outcome::Applied);
    let history = north.supervisor().get(&format!("/v1/items/{item}/events")).await;
    let by = history.rows().iter().find(|event| event["kind"] == "action.completed").unwrap()["actor"]["id"].clone();
    assert_eq!(by, json!(north.person("operator").id), "{history}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_loads_the_floor_anew_still_knows_that_its_worker_is_on_shift_and_can_end_it() {
    let floor = Floor::new().await;
    let north = floor.north();
    let Hand { phone, config, _folder } = hand(&floor, north, "operator", |_| {}).await;
    phone.go_online();
    shown(&phone).await;
    let start = Operation::ShiftStart {
        site_id: north.site().parse().unwrap(),
        location_id: Some(north.station().parse().unwrap()),
        team_id: None,
    };
    let started = phone.act(Act::new(start, None)).await.unwrap();
    assert_eq!(soon(phone.verdict(started)).await.unwrap().outcome, Outcome::Applied);
    phone.close().await;
    // What the system may throw away at any time.
    std::fs::remove_file(config.folder.join("floor.sqlite")).unwrap();

    let phone = Phone::open(config).await.unwrap();
    let lasting = async || {
        let shifts = phone.rows("shift").await.unwrap();
        let shifts = shifts.iter().map(|row| serde_json::from_str::<Shift>(&row.body).unwrap());
        shifts.filter(|shift| shift.ended_at.is_none()).collect::<Vec<_>>()
    };
    phone.go_online();
    shown(&phone).await;
    let [shift] = lasting().await.try_into().unwrap();
    assert_eq!(shift.user_id, north.person("operator").id);
    assert_eq!(shift.location_id.unwrap().to_string(), north.station());
    let ended = phone.act(Act::new(Operation::ShiftEnd, None)).await.unwrap();
    assert_eq!(soon(phone.verdict(ended)).await.unwrap().outcome, Outcome::Applied);
    eventually("the end in the feed", async || lasting().await.is_empty().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn items_and_labels_of_a_new_order_are_fetched_when_they_are_needed() {
    let floor = Floor::new().await;
    let north = floor.north();
    let Hand { phone, .. } = &hand(&floor, north, "operator", |_| {}).await;
    phone.go_online();
    shown(phone).await;
    let order = north.accepted_order(1).await;
    let item = ids(&north.items_of(&order).await)[0];
    phone.load_missing().await.unwrap();
    let seen = phone.item(item).await.unwrap().unwrap();
    assert_eq!(seen.item.stage, "cut");
    let label =
        phone.rows("label").await.unwrap().into_iter().find(|row| row.body.contains(&item.to_string())).unwrap();
    let raw = format!("HTTPS://FLOOR.EXAMPLE/Q/{}", label.id);
    assert_eq!(phone.resolve(raw.clone()).await.unwrap(), Resolved::Item(item));
    let scanned = phone.scan(raw).await.unwrap();
    assert_eq!(scanned.action_id, None, "nothing waits for it");
    assert_eq!(soon(phone.verdict(scanned.act.unwrap())).await.unwrap().outcome, Outcome::Applied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_without_a_network_knows_an_item_by_another_makers_code_and_by_its_own_number() {
    let floor = Floor::new().await;
    let north = floor.north();
    let item = ids(&north.items_of(&north.accepted_order(1).await).await)[0];
    let (codes, by) = (format!("/v1/items/{item}/codes"), north.supervisor());
    by.post(&codes, json!({ "raw": "4006381333931" })).await.assert_status(201);
    let number = by.get(&format!("/v1/items/{item}")).await.text("code").to_owned();
    let Hand { phone, .. } = &hand(&floor, north, "operator", |_| {}).await;
    phone.go_online();
    shown(phone).await;
    by.post(&codes, json!({ "raw": "(01)09506000134352(21)A1" })).await.assert_status(201);
    let link = "https://brand.example/01/09506000134352/21/A1";
    let means = async |raw: &str, wanted: Resolved| {
        eventually(raw, async || (phone.resolve(raw).await.unwrap() == wanted).then_some(())).await;
    };
    for raw in ["4006381333931", number.as_str(), link] {
        means(raw, Resolved::Item(item)).await;
    }
    by.delete(&format!("{codes}/4006381333931")).await.assert_status(204);
    means("4006381333931", Resolved::Text("4006381333931".to_owned())).await;
    phone.go_offline();
    let scanned = phone.scan(link).await.unwrap();
    assert_eq!(scanned.resolved, Resolved::Item(item));
    phone.go_online();
    assert_eq!(soon(phone.verdict(scanned.act.unwrap())).await.unwrap().outcome, Outcome::Applied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_phone_hands_in_what_it_has_and_nothing_of_it_is_applied() {
    let floor = Floor::new().await;
    let north = floor.north();
    let order = north.accepted_order(1).await;
    let item = ids(&north.items_of(&order).await)[0];
    let Hand { phone, .. } = &hand(&floor, north, "operator", |_| {}).await;
    let mut events = phone.events();
    phone.go_online();
    shown(phone).await;
    phone.go_offline();
    let act = phone.act(measured(item)).await.unwrap();
    let revoke = format!("/v1/devices/{}/revoke", phone.device_id());
    north.admin().post(&revoke, json!({ "reason": "lost" })).await.assert_status(200);
    phone.go_online();
    let verdict = soon(phone.verdict(act)).await.unwrap();
    assert_eq!((verdict.outcome, verdict.reason), (Outcome::Parked, Some(Reason::DeviceRevoked)));
    assert!(std::iter::from_fn(|| events.try_recv().ok()).any(|notice| matches!(notice, Notice::Settled { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_whose_session_ended_keeps_its_work_until_someone_signs_in() {
    let floor = Floor::new().await;
    let north = floor.north();
    let Hand { phone, .. } = &hand(&floor, north, "operator", |_| {}).await;
    phone.api().call(Method::POST, "/v1/auth/logout", None).await.unwrap();
    let act = phone.act(Act::new(Operation::ScanRecord { raw: "anything".to_owned() }, None)).await.unwrap();
    phone.go_online();
    eventually("a stop", async || matches!(phone.standing().await.unwrap().link, LinkState::Stopped(_)).then_some(()))
        .await;
    assert_eq!(phone.unsent().await.unwrap(), 1);
    phone.sign_in(&north.person("operator").email, PASSWORD).await.unwrap();
    assert_eq!(soon(phone.verdict(act)).await.unwrap().outcome, Outcome::Applied);
}
