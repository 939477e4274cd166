//! Several servers on one database: what one books, the others tell, by the hint, over NATS, or by looking for themselves.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use diesel::sql_types::BigInt;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};
use floorline_domain::ItemId;
use floorline_domain::item::Command as Item;
use floorline_mobile_sync::op::Operation;
use floorline_server::floor::engine::{Act, Actor};
use floorline_server::platform::config::{Config, Realtime, Source};
use serde_json::{Value, json};

use crate::harness::line::Line;
use crate::harness::socket::{Socket, reader};
use crate::harness::{Floor, eventually, execute};

/// Long after the end of any test.
const NEVER: Duration = Duration::from_secs(24 * 3600);
const SOON: Duration = Duration::from_millis(50);

/// Somebody who follows the north's site through one server.
async fn follower(floor: &Floor) -> Socket {
    let topic = format!("site:{}", floor.north().site());
    let subscriptions = json!([{ "topic": topic, "cursor": 0 }]);
    let (mut socket, welcome) = reader(floor, &floor.north().supervisor(), subscriptions).await;
    let epoch = welcome["topics"][0]["epoch"].clone();
    socket.send(&json!({ "type": "cursor", "topic": topic, "epoch": epoch, "cursor": 0 })).await;
    socket
}

/// A supervisor puts an item aside through this server.
async fn hold(floor: &Floor, line: &Line<'_>, item: ItemId) {
    let actor = Actor { id: floor.north().person("supervisor").id, name: "Supervisor".into() };
    let hold = Operation::Item(Item::Hold { reason: "dye lot".into() });
    let act = Act { item_id: Some(item), operation: hold, blobs: Vec::new(), idempotency: Default::default() };
    floor.app.engine.act(actor, line.org, line.site, act).await.unwrap();
}

async fn pushed(socket: &mut Socket, item: ItemId) {
    let push = socket.expect("push").await;
    let events = push["events"].as_array().unwrap();
    let about: Vec<(&Value, &Value)> = events.iter().map(|event| (&event["kind"], &event["subject"]["id"])).collect();
    assert_eq!(about, [(&json!("item.held"), &json!(item))]);
}

/// The connections over which hints go.
async fn hint_connections(floor: &Floor, ask: &str) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let mut conn = AsyncPgConnection::establish(floor.database().owner_url()).await.unwrap();
    let query = format!(
        "SELECT count({ask}) AS n FROM pg_stat_activity \
         WHERE application_name = 'floorline hint' AND datname = current_database() AND query LIKE '%pg_notify%'"
    );
    let row: Row = diesel::sql_query(query).get_result(&mut conn).await.unwrap();
    row.n
}

/// Both of two servers have their connection.
async fn both_hear(floor: &Floor) {
    eventually("two connections for hints", async || (hint_connections(floor, "*").await == 2).then_some(())).await;
}

/// Neither has one. One that was ended is listed for a moment still.
async fn nobody_hears(floor: &Floor) {
    eventually("no connection for hints", async || (hint_connections(floor, "*").await == 0).then_some(())).await;
}

/// Ends the hints' connections of two servers, once both are open.
async fn cut_hints(floor: &Floor) {
    both_hear(floor).await;
    assert_eq!(hint_connections(floor, "nullif(pg_terminate_backend(pid), false)").await, 2);
}

/// Whichever server books something, the followers of both are told.
async fn each_tells_both(line: &Line<'_>, servers: [&Floor; 2], followers: [&mut Socket; 2]) {
    let [there, here] = followers;
    for round in 0..3 {
        for (n, floor) in servers.into_iter().enumerate() {
            let item = line.item(&format!("A-{round}{n}")).await;
            hold(floor, line, item).await;
            pushed(there, item).await;
            pushed(here, item).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_server_books_another_tells_by_the_hint_alone() {
    let settings = Realtime { poll: NEVER, ..Realtime::default() };
    let first = Floor::telling(&settings).await;
    let second = first.beside(&settings);
    let line = Line::new(&first, first.north()).await;
    let (mut there, mut here) = (follower(&second).await, follower(&first).await);
    both_hear(&first).await;
    // A connection that opens has everything looked at once; what comes later is the hints' doing.
    each_tells_both(&line, [&first, &second], [&mut there, &mut here]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_for_hints_comes_back_and_nothing_of_meanwhile_is_missed() {
    let settings = Realtime { poll: NEVER, ..Realtime::default() };
    let first = Floor::telling(&settings).await;
    let second = first.beside(&settings);
    let line = Line::new(&first, first.north()).await;
    let item = line.item("A-0001").await;
    let mut there = follower(&second).await;
    cut_hints(&first).await;
    hold(&first, &line, item).await;
    pushed(&mut there, item).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_hint_a_server_finds_anothers_commit_by_looking() {
    // The connection does not come back within the test.
    let settings = Realtime { poll: SOON, pause: NEVER, nats: None };
    let first = Floor::telling(&settings).await;
    let second = first.beside(&settings);
    let line = Line::new(&first, first.north()).await;
    let item = line.item("A-0001").await;
    let mut there = follower(&second).await;
    cut_hints(&first).await;
    hold(&first, &line, item).await;
    pushed(&mut there, item).await;
    nobody_hears(&first).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hint_names_topics_and_nothing_else() {
    let settings = Realtime { poll: NEVER, ..Realtime::default() };
    let floor = Floor::telling(&settings).await;
    let (say, mut said) = tokio::sync::mpsc::unbounded_channel();
    let _line = floor.app.db.line("floorline_topics", move |text| drop(say.send(text.to_owned()))).await.unwrap();
    let line = Line::new(&floor, floor.north()).await;
    let item = line.item("A-0001").await;
    hold(&floor, &line, item).await;
    let site = format!(" site:{}", floor.north().site());
    loop {
        let hint = said.recv().await.unwrap();
        let (node, topics) = hint.split_at(36);
        assert!(node.parse::<uuid::Uuid>().is_ok(), "{hint}");
        // A server's first word may be that anything moved.
        if topics == site {
            break;
        }
        assert_eq!(topics, " *");
    }
}

/// A `nats-server` on a port of its own; it ends with the value.
struct NatsServer {
    child: Child,
    port: u16,
}

impl NatsServer {
    async fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Self { child: Self::spawn(port), port };
        server.ready().await;
        server
    }

    fn spawn(port: u16) -> Child {
        let mut command = Command::new(nats_program());
        command.args(["--addr", "127.0.0.1", "--port", &port.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    async fn ready(&mut self) {
        let port = self.port;
        eventually("the NATS server", async || tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()).await;
        assert!(self.child.try_wait().unwrap().is_none(), "another program has port {port}");
    }

    fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    async fn start_again(&mut self) {
        self.child = Self::spawn(self.port);
        self.ready().await;
    }

    /// Settings as `NATS_URL` makes them; nothing is looked for without a hint.
    fn settings(&self, pause: Duration) -> Realtime {
        let env = [("NATS_URL".to_owned(), format!("nats://127.0.0.1:{}", self.port))];
        let nats = Config::read(Source::new(env, "").unwrap()).unwrap().realtime.nats;
        assert!(nats.is_some());
        Realtime { poll: NEVER, nats, pause }
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Debian has it where only administrators look.
fn nats_program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = folders.map(|folder| folder.join("nats-server")).find(|program| program.is_file());
    found.expect("nats-server is not installed; `./dev test` installs it")
}

#[tokio::test(flavor = "multi_thread")]
async fn over_nats_hints_arrive_where_the_database_carries_none() {
    let nats = NatsServer::start().await;
    // What is cut does not come back within the test.
    let settings = nats.settings(NEVER);
    let first = Floor::telling(&settings).await;
    let second = first.beside(&settings);
    let line = Line::new(&first, first.north()).await;
    let (mut there, mut here) = (follower(&second).await, follower(&first).await);
    cut_hints(&first).await;
    each_tells_both(&line, [&first, &second], [&mut there, &mut here]).await;
    nobody_hears(&first).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nats_is_away_hints_go_through_the_database_and_back_when_it_returns() {
    let mut nats = NatsServer::start().await;
    let settings = nats.settings(SOON);
    let first = Floor::telling(&settings).await;
    let second = first.beside(&settings);
    let line = Line::new(&first, first.north()).await;
    let items = [line.item("A-0001").await, line.item("A-0002").await, line.item("A-0003").await];
    let mut there = follower(&second).await;
    hold(&first, &line, items[0]).await;
    pushed(&mut there, items[0]).await;
    nats.stop();
    hold(&first, &line, items[1]).await;
    pushed(&mut there, items[1]).await;
    nats.start_again().await;
    hold(&first, &line, items[2]).await;
    pushed(&mut there, items[2]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nats_server_that_was_never_there_changes_nothing() {
    let mut nats = NatsServer::start().await;
    nats.stop();
    let settings = nats.settings(SOON);
    let first = Floor::telling(&settings).await;
    let second = first.beside(&settings);
    let line = Line::new(&first, first.north()).await;
    let item = line.item("A-0001").await;
    let mut there = follower(&second).await;
    // Somebody else's words on the channel are nobody's harm.
    execute(first.database().owner_url(), "NOTIFY floorline_topics, 'hello'").await;
    hold(&first, &line, item).await;
    pushed(&mut there, item).await;
}
