//! A server that was restored from a backup, or whose standby took over, gets back what it forgot: the journals of the phones have it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::TimeDelta;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};
use floorline_domain::item::Command as Item;
use floorline_domain::{ItemId, Outcome};
use floorline_mobile_sync::client::{Act, Notice};
use floorline_mobile_sync::native::{Phone, Server};
use floorline_mobile_sync::op::Operation;
use floorline_server::checker::{Report, Told, check, read};
use floorline_server::floor::engine::{DeviceSubmit, SessionKey, Submitted};
use floorline_server::platform::config::{Config, Source};
use floorline_server::platform::db::embedded::program;
use floorline_server::platform::db::epoch::Looked;
use floorline_server::platform::tenancy::SigningKeys;
use floorline_server::serving::Serving;
use serde_json::json;
use tempfile::TempDir;

use crate::handheld::{Hand, hand, ids, measured, on, shown, soon};
use crate::harness::line::{Line, ends};
use crate::harness::socket::{reader, remark};
use crate::harness::{At, Floor, count, eventually, execute};

/// A whole server over a floor's database, which stops and starts again at the same address.
struct Site {
    floor: Floor,
    folder: TempDir,
    bind: String,
    serving: Option<Serving>,
}

impl Site {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        SigningKeys::read_or_make(&folder.path().join("key.pem")).unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut site = Self { floor: Floor::new().await, folder, bind: free.to_string(), serving: None };
        site.start().await;
        site
    }

    async fn start(&mut self) {
        let folder = self.folder.path();
        let env = [
            ("FLOORLINE_BIND", self.bind.clone()),
            ("FLOORLINE_METRICS_BIND", "off".to_owned()),
            ("FLOORLINE_WORKERS", "1".to_owned()),
            ("FLOORLINE_ADDRESS_RATE", "0".to_owned()),
            ("FLOORLINE_DATA", folder.display().to_string()),
            ("FLOORLINE_SIGNING_KEY", folder.join("key.pem").display().to_string()),
            ("DATABASE_URL", self.floor.database().url().to_owned()),
        ];
        let env = env.into_iter().map(|(name, value)| (name.to_owned(), value));
        let config = Config::read(Source::new(env, "").unwrap()).unwrap();
        self.serving = Some(Serving::start(&config).await.unwrap());
    }

    async fn stop(&mut self) {
        self.serving.take().unwrap().stop().await.unwrap();
    }

    fn north(&self) -> At<'_> {
        self.floor.north()
    }

    /// A phone that has not been connected yet.
    async fn enrolled(&self, role: &str) -> Hand {
        let server = Server::at(format!("http://{}", self.bind)).unwrap();
        hand(&self.floor, self.north(), role, |config| config.server = server).await
    }

    /// A phone that is connected and shows the floor.
    async fn hand(&self, role: &str) -> Hand {
        let hand = self.enrolled(role).await;
        hand.phone.go_online();
        shown(&hand.phone).await;
        hand
    }

    /// As an administrator takes one.
    fn dump(&self) -> PathBuf {
        let file = self.folder.path().join("floor.dump");
        let url = self.floor.database().owner_url();
        run(Command::new(program("pg_dump").unwrap()).args(["-Fc", "-d", url, "-f"]).arg(&file));
        file
    }

    /// As an administrator restores one: into a database made anew.
    async fn restore(&self, dump: &Path) {
        let url = self.floor.database().owner_url();
        let (server, name) = url.rsplit_once('/').unwrap();
        execute(&format!("{server}/postgres"), &format!("DROP DATABASE {name} WITH (FORCE)")).await;
        execute(&format!("{server}/postgres"), &format!("CREATE DATABASE {name}")).await;
        run(Command::new(program("pg_restore").unwrap()).args(["--exit-on-error", "-d", url]).arg(dump));
    }

    async fn judge(&self, hands: &[(&Hand, Vec<Told>)]) -> Report {
        let mut history = read::database(self.floor.database().owner_url(), None).await.unwrap();
        for (hand, told) in hands {
            let mut device = read::phone(&hand.phone).await.unwrap();
            device.told.clone_from(told);
            history.devices.push(device);
        }
        check(&history)
    }

    async fn epoch(&self) -> String {
        text(&self.floor, "SELECT server_epoch AS text FROM installation").await
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

async fn text(floor: &Floor, query: &str) -> String {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        text: String,
    }
    let mut conn = AsyncPgConnection::establish(floor.database().owner_url()).await.unwrap();
    let row: Row = diesel::sql_query(query).get_result(&mut conn).await.unwrap();
    row.text
}

fn advance(item: ItemId) -> Act {
    on(item, Item::Advance { to: None })
}

fn scan(text: &str) -> Act {
    Act::new(Operation::ScanRecord { raw: text.to_owned() }, None)
}

async fn done(phone: &Phone, act: Act) -> Outcome {
    let act = phone.act(act).await.unwrap();
    soon(phone.verdict(act)).await.unwrap().outcome
}

/// An item from its first stage to its end.
async fn complete(phone: &Phone, item: ItemId) {
    for act in [measured(item), advance(item), advance(item)] {
        assert_eq!(done(phone, act).await, Outcome::Applied);
    }
}

/// What a phone was told until now, in the epoch it was told in.
async fn told(hand: &Hand, epoch: &str) -> Vec<Told> {
    let journal = hand.phone.journal().await.unwrap();
    journal.iter().filter_map(|line| Told::of(line, epoch)).collect()
}

const COMPLETED: &str = "SELECT count(*) AS n FROM events WHERE kind = 'item.completed'";

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_that_is_restored_gets_back_what_the_phones_did_since() {
    let mut site = Site::new().await;
    let north = site.north();
    let items = ids(&north.items_of(&north.accepted_order(4).await).await);
    let (first, second) = (site.hand("operator").await, site.hand("operator2").await);
    complete(&first.phone, items[0]).await;
    assert_eq!(done(&second.phone, measured(items[1])).await, Outcome::Applied);
    let dump = site.dump();
    // Acknowledged after the dump, by both.
    complete(&first.phone, items[2]).await;
    for act in [advance(items[1]), advance(items[1]), scan("after the dump")] {
        assert_eq!(done(&second.phone, act).await, Outcome::Applied);
    }
    let before = site.epoch().await;
    let known = [told(&first, &before).await, told(&second, &before).await];
    assert_eq!(count(site.floor.database().owner_url(), COMPLETED).await, 3);
    for hand in [&first, &second] {
        hand.phone.go_offline();
    }
    first.phone.act(measured(items[3])).await.unwrap();
    site.stop().await;
    site.restore(&dump).await;
    assert_eq!(count(site.floor.database().owner_url(), COMPLETED).await, 1, "the dump knows no more");
    site.start().await;
    assert_ne!(site.epoch().await, before);
    let mut notices = first.phone.events();
    for hand in [&first, &second] {
        hand.phone.go_online();
        soon(hand.phone.drained()).await.unwrap();
    }
    let rewound = eventually("a notice", async || {
        std::iter::from_fn(|| notices.try_recv().ok()).find(|notice| matches!(notice, Notice::Rewound { .. }))
    });
    assert_eq!(rewound.await, Notice::Rewound { entries: 3 });
    let [first_told, second_told] = known;
    let report = eventually("all of it", async || {
        let report = site.judge(&[(&first, first_told.clone()), (&second, second_told.clone())]).await;
        (report.unsent == 0 && report.outcomes.get("applied") == Some(&11)).then_some(report)
    })
    .await;
    assert_eq!(report.violations, []);
    assert_eq!((report.entries, report.lost, report.doubled), (11, 0, 0));
    assert_eq!(count(site.floor.database().owner_url(), COMPLETED).await, 3, "each once, as before");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_began_after_the_dump_are_offered_again_in_the_order_of_their_acts() {
    let mut site = Site::new().await;
    let north = site.north();
    let items = ids(&north.items_of(&north.accepted_order(1).await).await);
    let hand = site.enrolled("operator").await;
    let dump = site.dump();
    hand.phone.go_online();
    shown(&hand.phone).await;
    let first = hand.phone.standing().await.unwrap().stream;
    assert_eq!(done(&hand.phone, measured(items[0])).await, Outcome::Applied);
    // The stream ends, on both sides, and another one goes on.
    hand.phone.go_offline();
    execute(site.floor.database().owner_url(), "UPDATE sync_streams SET state = 'sealed' WHERE kind = 'device'").await;
    hand.phone.act(advance(items[0])).await.unwrap();
    hand.phone.go_online();
    soon(hand.phone.drained()).await.unwrap();
    assert_eq!(done(&hand.phone, advance(items[0])).await, Outcome::Applied);
    assert_ne!(hand.phone.standing().await.unwrap().stream, first);
    hand.phone.go_offline();
    site.stop().await;
    site.restore(&dump).await;
    site.start().await;
    hand.phone.go_online();
    let report = eventually("three applied acts", async || {
        let report = site.judge(&[(&hand, Vec::new())]).await;
        (report.unsent == 0 && report.outcomes.get("applied") == Some(&3)).then_some(report)
    })
    .await;
    assert_eq!((report.violations, report.entries), (Vec::new(), 3));
    assert_eq!(count(site.floor.database().owner_url(), COMPLETED).await, 1);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_without_its_journal_seals_a_hole_and_what_it_has_goes_on_another_stream() {
    let mut site = Site::new().await;
    let hand = site.hand("operator").await;
    let dump = site.dump();
    assert_eq!(done(&hand.phone, scan("forgotten by all")).await, Outcome::Applied);
    let first = hand.phone.standing().await.unwrap().stream;
    let Hand { phone, mut config, _folder } = hand;
    phone.close().await;
    site.stop().await;
    site.restore(&dump).await;
    // Opened three weeks later: what had a verdict is not kept so long.
    config.clock_off_ms = TimeDelta::days(21).num_milliseconds();
    let phone = Phone::open(config.clone()).await.unwrap();
    assert_eq!(phone.journal().await.unwrap(), []);
    let mut notices = phone.events();
    let kept = phone.act(scan("kept")).await.unwrap();
    site.start().await;
    phone.go_online();
    assert_eq!(soon(phone.verdict(kept)).await.unwrap().outcome, Outcome::Applied);
    let resealed = std::iter::from_fn(|| notices.try_recv().ok()).find_map(|notice| match notice {
        Notice::Resealed { from, entries, .. } => Some((from, entries)),
        _ => None,
    });
    assert_eq!(resealed, Some((first, 1)));
    let sealed = format!("SELECT state AS text FROM sync_streams WHERE id = '{first}'");
    assert_eq!(text(&site.floor, &sealed).await, "sealed");
    let hand = Hand { phone, config, _folder };
    let report = site.judge(&[(&hand, Vec::new())]).await;
    assert_eq!((report.violations, report.entries), (Vec::new(), 1));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_start_at_once_after_a_failover_renew_the_epoch_once() {
    let floor = Floor::new().await;
    assert_eq!(floor.app.db.look_at_epoch().await.unwrap(), Looked::Same, "the first look notes the database");
    let owner = floor.database().owner_url();
    execute(owner, "UPDATE installation SET timeline = timeline - 1, system_identifier = '4711'").await;
    let looks = tokio::join!(floor.app.db.look_at_epoch(), floor.app.db.look_at_epoch(), floor.app.db.look_at_epoch());
    let looks = [looks.0.unwrap(), looks.1.unwrap(), looks.2.unwrap()];
    let renewed: Vec<_> = looks.iter().filter(|look| matches!(look, Looked::Renewed(_))).collect();
    let [Looked::Renewed(renewed)] = renewed.as_slice() else { panic!("{looks:?}") };
    assert!(
        renewed.why.contains("the cluster was 4711 and is ") && renewed.why.contains("the timeline was 0 and is 1")
    );
    assert_eq!(text(&floor, "SELECT server_epoch AS text FROM installation").await, renewed.after);
    assert_eq!(floor.app.db.look_at_epoch().await.unwrap(), Looked::Same);
}

/// The row of a stream has an old number again, and a server that was stopped meanwhile has a batch of that session.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_from_before_a_rewind_writes_nothing() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let mut pen = line.phone(floor.north().person("operator").id).await;
    let server_epoch = text(&floor, "SELECT server_epoch AS text FROM installation").await;
    let before = Some(SessionKey { number: 1, server_epoch });
    let live = DeviceSubmit { session: before.clone(), ..pen.write([remark(1)]) };
    assert_eq!(ends(&floor.app.engine.submit(live).await), ["applied"]);
    let server_epoch = floor.app.db.renew_epoch().await.unwrap().after;
    let late = DeviceSubmit { session: before, ..pen.write([remark(2)]) };
    assert_eq!(floor.app.engine.submit(late.clone()).await, Submitted::Stale);
    let again = DeviceSubmit { session: Some(SessionKey { number: 1, server_epoch }), ..late };
    assert_eq!(ends(&floor.app.engine.submit(again).await), ["applied"], "once the phone has said hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_may_not_ask_serves_all_the_same() {
    let floor = Floor::new().await;
    // Functions are of one database: only this test's.
    execute(floor.database().owner_url(), "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC").await;
    let before = text(&floor, "SELECT server_epoch AS text FROM installation").await;
    assert_eq!(floor.app.db.look_at_epoch().await.unwrap(), Looked::Forbidden);
    assert_eq!(text(&floor, "SELECT server_epoch AS text FROM installation").await, before);
    assert_ne!(floor.app.db.renew_epoch().await.unwrap().after, before, "by hand it goes");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_epoch_renewed_by_hand_begins_every_feed_anew_and_calls_the_phones_back() {
    let mut site = Site::new().await;
    let north = site.north();
    let items = ids(&north.items_of(&north.accepted_order(1).await).await);
    let hand = site.hand("operator").await;
    assert_eq!(done(&hand.phone, measured(items[0])).await, Outcome::Applied);
    let topic = format!("site:{}", north.site());
    let (mut board, welcome) = reader(&site.floor, &north.supervisor(), json!([{ "topic": topic, "cursor": 0 }])).await;
    let at = &welcome["topics"][0];
    board.send(&json!({ "type": "cursor", "topic": topic, "epoch": at["epoch"], "cursor": at["head"] })).await;
    north
        .supervisor()
        .post(&format!("/v1/items/{}/notes", items[0]), json!({ "text": "live" }))
        .await
        .assert_status(200);
    board.expect("push").await;
    let epochs = "SELECT string_agg(epoch, ',' ORDER BY id) AS text FROM sync_topics";
    let before = text(&site.floor, epochs).await;
    let renewed = site.floor.app.db.renew_epoch().await.unwrap();
    let after = text(&site.floor, epochs).await;
    let all: BTreeSet<&str> = before.split(',').chain(after.split(',')).collect();
    assert_eq!(all.len(), 2 * renewed.topics, "none is as it was, and no two are alike");
    assert!(renewed.topics >= 2 && !after.contains(welcome["topics"][0]["epoch"].as_str().unwrap()));
    // Nothing happens on the floor, and the board is told all the same.
    let reset = board.expect("reset").await;
    assert_eq!((&reset["topic"], &reset["reason"]), (&json!(topic), &json!("EPOCH")));
    let mut notices = hand.phone.events();
    site.serving.as_ref().unwrap().app.sockets.check_device(hand.phone.device_id());
    let left = eventually("a phone that is called back", async || {
        std::iter::from_fn(|| notices.try_recv().ok()).find(|notice| matches!(notice, Notice::Link(_)))
    });
    left.await;
    // At once, not within the time that many phones spread their return over.
    hand.phone.go_offline();
    hand.phone.go_online();
    assert_eq!(done(&hand.phone, advance(items[0])).await, Outcome::Applied);
    let report = site.judge(&[(&hand, Vec::new())]).await;
    assert_eq!((report.violations, report.entries), (Vec::new(), 2));
    site.stop().await;
}
