//! A phone from enrolment to verdict.

use std::time::Duration;

use floorline_domain::ids::LeaseId;
use floorline_domain::item::Command;
use floorline_domain::refusal::Outcome;
use floorline_mobile_sync::chain::sha256;
use floorline_mobile_sync::client::{Act, Notice};
use floorline_mobile_sync::native::{Api, DeviceStatus, Phone, PhoneConfig, Server, Transport};
use floorline_mobile_sync::op::Operation;
use floorline_mobile_sync::resume::LinkState;
use floorline_mobile_sync::topic::Topic;
use floorline_mobile_sync::wire::{Lease, Mode};
use tempfile::TempDir;
use uuid::Uuid;

use crate::protocol::Server as Protocol;
use crate::server::Fake;

const SITE: &str = "018f0000-0000-7000-8000-00000000000a";

fn site() -> Topic {
    Topic::Site(SITE.parse().unwrap())
}

fn note(n: u128) -> Act {
    let item = floorline_domain::ids::ItemId(Uuid::from_u128(n));
    Act::new(Operation::Item(Command::AddNote { text: format!("note {n}") }), Some(item))
}

async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what).await.unwrap()
}

fn config(fake: &Fake, folder: &TempDir) -> PhoneConfig {
    PhoneConfig::new(Server::at(fake.url()).unwrap(), folder.path(), SITE.parse().unwrap())
}

async fn enrolled(fake: &Fake, folder: &TempDir) -> PhoneConfig {
    let config = config(fake, folder);
    let api = Api::open(config.server.clone(), folder.path()).unwrap();
    let claimed = api.claim("CODE", "1").await.unwrap();
    assert_eq!(claimed.digits, "123456");
    assert_eq!(api.wait_until_approved(claimed.device_id).await.unwrap(), DeviceStatus::Active);
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn from_enrolment_to_verdict_and_over_a_restart() {
    let fake = Fake::start(Protocol::new(site())).await;
    fake.with(|state| state.core.mode = Mode::Snapshot);
    let folder = tempfile::tempdir().unwrap();
    let config = enrolled(&fake, &folder).await;
    let phone = Phone::open(config.clone()).await.unwrap();
    assert!(phone.act(note(0)).await.is_err(), "nobody is signed in");
    phone.sign_in("a@b", "secret").await.unwrap();
    let mut events = phone.events();
    let act = phone.act(note(1)).await.unwrap();
    assert_eq!(phone.unsent().await.unwrap(), 1);
    phone.go_online();
    assert_eq!(within(phone.verdict(act)).await.unwrap().outcome, Outcome::Applied);
    assert_eq!(within(phone.verdict(act)).await.unwrap().outcome, Outcome::Applied, "asked again, from the journal");
    within(async { while !matches!(events.recv().await.unwrap(), Notice::Loaded { .. }) {} }).await;
    phone.go_offline();
    phone.act(note(2)).await.unwrap();
    phone.close().await;

    let phone = Phone::open(config).await.unwrap();
    assert_eq!(phone.unsent().await.unwrap(), 1, "what was saved is there");
    let act = phone.act(note(3)).await.unwrap();
    fake.with(|state| state.ended_tokens = 1);
    phone.go_online();
    within(phone.drained()).await.unwrap();
    assert_eq!(within(phone.verdict(act)).await.unwrap().outcome, Outcome::Applied);
    assert_eq!(fake.with(|state| state.core.log.len()), 3);
    assert!(fake.with(|state| state.refreshes) >= 1, "the kept session was renewed");
    let journal = phone.journal().await.unwrap();
    assert_eq!(journal.len(), 3);
    assert!(journal.iter().all(|line| line.settled.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_acts_are_one_write_and_few_submits() {
    let fake = Fake::start(Protocol::new(site())).await;
    let folder = tempfile::tempdir().unwrap();
    let phone = Phone::open(enrolled(&fake, &folder).await).await.unwrap();
    phone.sign_in("a@b", "secret").await.unwrap();
    let saved = phone.act_all((0..200).map(note).collect()).await.unwrap();
    assert!(saved.iter().all(Result::is_ok));
    phone.go_online();
    within(phone.drained()).await.unwrap();
    assert_eq!(fake.with(|state| state.core.log.len()), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_socket_opens_the_same_goes_over_http() {
    let fake = Fake::start(Protocol::new(site())).await;
    fake.with(|state| state.sockets_allowed = false);
    let folder = tempfile::tempdir().unwrap();
    let phone = Phone::open(enrolled(&fake, &folder).await).await.unwrap();
    phone.sign_in("a@b", "secret").await.unwrap();
    for n in 0..6 {
        phone.act(note(n)).await.unwrap();
    }
    phone.go_online();
    within(phone.drained()).await.unwrap();
    phone.act(note(6)).await.unwrap();
    within(phone.drained()).await.unwrap();
    assert_eq!(fake.with(|state| state.core.log.len()), 7);
    assert_eq!(phone.standing().await.unwrap().link, LinkState::Live);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_an_act_names_the_lease_that_the_answer_before_it_brought() {
    let lease = |n| Lease { lease_id: LeaseId(Uuid::from_u128(n)), lease: format!("lease {n}") };
    let fake = Fake::start(Protocol::new(site())).await;
    fake.with(|state| state.lease = Some(lease(1)));
    let folder = tempfile::tempdir().unwrap();
    let config = PhoneConfig { transport: Transport::Http, ..enrolled(&fake, &folder).await };
    let phone = Phone::open(config).await.unwrap();
    phone.sign_in("a@b", "secret").await.unwrap();
    phone.go_online();
    for n in 0..2 {
        phone.act(note(n)).await.unwrap();
        within(phone.drained()).await.unwrap();
    }
    fake.with(|state| state.lease = Some(lease(2)));
    for n in 2..4 {
        phone.act(note(n)).await.unwrap();
        within(phone.drained()).await.unwrap();
    }
    let named: Vec<_> = fake.with(|state| state.core.log.iter().map(|entry| entry.lease_id).collect());
    let [first, second] = [1, 2].map(|n| Some(lease(n).lease_id));
    assert_eq!(named[1..], [first, first, second]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_sealed_over_http_is_offered_again() {
    let fake = Fake::start(Protocol::new(site())).await;
    let folder = tempfile::tempdir().unwrap();
    let config = PhoneConfig { transport: Transport::Http, ..enrolled(&fake, &folder).await };
    let phone = Phone::open(config).await.unwrap();
    phone.sign_in("a@b", "secret").await.unwrap();
    phone.go_online();
    let act = phone.act(note(1)).await.unwrap();
    within(phone.verdict(act)).await.unwrap();
    fake.with(|state| state.core.streams.values_mut().for_each(|stream| stream.sealed = true));
    let act = phone.act(note(2)).await.unwrap();
    within(phone.verdict(act)).await.unwrap();
    assert_eq!(fake.with(|state| state.core.streams.len()), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_server_gets_back_what_it_forgot_even_from_a_phone_that_was_closed() {
    for transport in [Transport::WebSocket, Transport::Http] {
        let fake = Fake::start(Protocol::new(site())).await;
        let folder = tempfile::tempdir().unwrap();
        let config = PhoneConfig { transport, ..enrolled(&fake, &folder).await };
        let phone = Phone::open(config.clone()).await.unwrap();
        phone.sign_in("a@b", "secret").await.unwrap();
        phone.act_all((0..10).map(note).collect()).await.unwrap();
        phone.go_online();
        within(phone.drained()).await.unwrap();
        phone.close().await;
        fake.with(|state| state.core.rewind(6));
        let phone = Phone::open(config).await.unwrap();
        let mut events = phone.events();
        phone.go_online();
        within(async { while events.recv().await.unwrap() != (Notice::Rewound { entries: 6 }) {} }).await;
        within(phone.drained()).await.unwrap();
        assert_eq!(fake.with(|state| state.core.log.len()), 10);
        assert_eq!(fake.with(|state| state.core.streams.len()), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_on_http_with_nothing_to_send_notices_a_restored_server() {
    let fake = Fake::start(Protocol::new(site())).await;
    fake.with(|state| state.core.heartbeat_ms = 1_000);
    let folder = tempfile::tempdir().unwrap();
    let config = PhoneConfig { transport: Transport::Http, ..enrolled(&fake, &folder).await };
    let phone = Phone::open(config).await.unwrap();
    phone.sign_in("a@b", "secret").await.unwrap();
    phone.act_all((0..5).map(note).collect()).await.unwrap();
    phone.go_online();
    within(phone.drained()).await.unwrap();
    let mut events = phone.events();
    fake.with(|state| state.core.rewind(3));
    within(async { while events.recv().await.unwrap() != (Notice::Rewound { entries: 3 }) {} }).await;
    within(phone.drained()).await.unwrap();
    assert_eq!(fake.with(|state| state.core.log.len()), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_is_uploaded_in_chunks_and_goes_on_where_it_stopped() {
    let fake = Fake::start(Protocol::new(site())).await;
    fake.with(|state| state.tear_upload = true);
    let folder = tempfile::tempdir().unwrap();
    let phone = Phone::open(enrolled(&fake, &folder).await).await.unwrap();
    phone.sign_in("a@b", "secret").await.unwrap();
    phone.go_online();
    let mut events = phone.events();
    let bytes: Vec<u8> = (0..700_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let blob = phone.keep_photo(bytes.clone(), "image/jpeg", Some("front".to_owned())).await.unwrap();
    assert_eq!(blob.sha256, sha256(&bytes));
    let uploaded = Notice::Uploaded { sha256: blob.sha256 };
    within(async { while events.recv().await.unwrap() != uploaded {} }).await;
    assert_eq!(phone.standing().await.unwrap().photos, 0);
    let uploads = fake.with(|state| state.uploads.clone());
    assert_eq!(uploads.len(), 1, "begun once");
    assert_eq!(uploads.values().next().unwrap().1, bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restore_a_photo_is_uploaded_again_and_one_whose_bytes_are_gone_is_waited_for_no_more() {
    let fake = Fake::start(Protocol::new(site())).await;
    let folder = tempfile::tempdir().unwrap();
    let config = enrolled(&fake, &folder).await;
    let phone = Phone::open(config.clone()).await.unwrap();
    phone.sign_in("a@b", "secret").await.unwrap();
    phone.go_online();
    let mut events = phone.events();
    within(async { while phone.standing().await.unwrap().link != LinkState::Live {} }).await;
    let (mut here, mut gone) = (None, None);
    for (photo, byte) in [(&mut here, 1), (&mut gone, 2)] {
        let sha256 = phone.keep_photo(vec![byte; 9], "image/jpeg", None).await.unwrap().sha256;
        within(async { while events.recv().await.unwrap() != (Notice::Uploaded { sha256 }) {} }).await;
        *photo = Some(sha256);
    }
    phone.close().await;
    std::fs::remove_file(folder.path().join("photos").join(gone.unwrap().to_string())).unwrap();
    fake.with(|state| state.core.rewind(0));

    let phone = Phone::open(config).await.unwrap();
    let mut events = phone.events();
    phone.go_online();
    within(async { while events.recv().await.unwrap() != Notice::Link(LinkState::Live) {} }).await;
    // What waits is looked for now.
    phone.go_online();
    let again = Notice::Uploaded { sha256: here.unwrap() };
    within(async { while events.recv().await.unwrap() != again {} }).await;
    within(async {
        while phone.standing().await.unwrap().photos > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let uploads: Vec<Vec<u8>> = fake.with(|state| state.uploads.values().map(|(_, bytes)| bytes.clone()).collect());
    assert_eq!(uploads, [1, 2, 1].map(|byte| vec![byte; 9]));
}
