//! What every test stands on: the real server on a port of its own, with a database of its own.
//!
//! ```ignore
//! let floor = Floor::new().await;
//! let answer = floor.north().supervisor().post("/v1/locations", json!({ "kind": "area", "name": "Packing" })).await;
//! answer.assert_status(201);
//! floor.south().supervisor().get("/v1/locations/…").await.assert_problem("NOT_FOUND");
//! ```
//!
//! One private PostgreSQL cluster serves a run of the tests (`cluster.rs`); each floor's database is a clone of a migrated template that
//! holds two factories and two brands (`fixtures.rs`). The server logs in as one that owns nothing, as in production.
//! Tests are `#[tokio::test(flavor = "multi_thread")]`, since the server's writers outlive the request that started them.

#![allow(dead_code, unused_imports, reason = "what tests may say, whether one says it today or not")]

mod answer;
mod apart;
pub mod balancer;
pub mod browser;
mod client;
mod cluster;
pub mod collector;
pub mod database;
mod eventually;
pub mod feed;
pub mod firebase;
mod fixtures;
pub mod line;
pub mod localhost;
pub mod made;
pub mod phone;
pub mod proxy;
mod settings;
mod snapshot;
pub mod socket;
pub mod tls;
pub mod upload;

use std::path::Path;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use floorline_domain::OrgId;
use floorline_server::app::App;
use floorline_server::door;
use floorline_server::floor::engine::Engine;
use floorline_server::floor::scans::ScanPace;
use floorline_server::floor::sync::{self, Sockets};
use floorline_server::identity::SignIn;
use floorline_server::identity::push::Push;
use floorline_server::photos::Pictures;
use floorline_server::platform::config;
use floorline_server::platform::db::Db;
use floorline_server::platform::http::RateLimits;
use floorline_server::platform::jobs::Wake;
use floorline_server::platform::storage::Objects;
use floorline_server::platform::tenancy::{SigningKeys, TenantTx};
use serde_json::json;
use tokio_util::sync::CancellationToken;

pub use self::answer::Answer;
pub use self::apart::Apart;
pub use self::client::Client;
pub use self::cluster::{PrivateDatabase, count, execute};
pub use self::eventually::eventually;
use self::fixtures::Organization;
pub use self::fixtures::{Fixture, PASSWORD, Person};
pub use self::phone::Phone;
pub use self::settings::settings;
pub use self::snapshot::redacted;

/// Connections of one floor's server.
const POOL: usize = 8;
/// How long a played server keeps an idle connection, as ours does: after actix's five seconds it may be closed just as it is used again.
const KEEP_ALIVE: std::time::Duration = std::time::Duration::from_secs(75);

/// A running server with its own database, two factories (`north`, `south`) and two brands (`aurora` orders from north, `borealis` from south).
pub struct Floor {
    /// What the handlers see; for tests that look below HTTP.
    pub app: App,
    address: String,
    /// None where it runs in a process of its own.
    server: Option<ServerHandle>,
    http: reqwest::Client,
    database: Arc<PrivateDatabase>,
}

/// One of the four organisations, as a way to its people.
#[derive(Clone, Copy)]
pub struct At<'a> {
    floor: &'a Floor,
    organization: &'static Organization,
}

impl Floor {
    /// Starts one. It stops, and its database goes, when it is dropped.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// Starts one whose [`App`] was changed before.
    pub async fn with(change: impl FnOnce(&mut App)) -> Self {
        let database = Arc::new(PrivateDatabase::cloned().await);
        let mut app = app(database.url(), &config::Realtime::default());
        change(&mut app);
        Self::serve(database, app)
    }

    /// Starts one that tells and hears other servers in its own way.
    pub async fn telling(settings: &config::Realtime) -> Self {
        let database = Arc::new(PrivateDatabase::cloned().await);
        let app = app(database.url(), settings);
        Self::serve(database, app)
    }

    /// Another server on the same database, which takes the same tokens.
    pub fn beside(&self, settings: &config::Realtime) -> Self {
        let database = Arc::clone(&self.database);
        let app = App { keys: Arc::clone(&self.app.keys), ..app(database.url(), settings) };
        Self::serve(database, app)
    }

    fn serve(database: Arc<PrivateDatabase>, app: App) -> Self {
        let (server, address) = door::listen(&settings(Path::new("nothing is kept"), &[]), &app, None).unwrap();
        let handle = server.handle();
        tokio::spawn(server);
        Self { app, address: format!("http://{address}"), server: Some(handle), http: http(), database }
    }

    /// Starts one in a process of its own, which logs what the filter `log` lets through.
    pub async fn apart(log: &str) -> (Self, Apart) {
        Self::apart_with(log, &[]).await
    }

    /// The same with further settings, as environment.
    pub async fn apart_with(log: &str, more: &[(&str, &str)]) -> (Self, Apart) {
        let database = Arc::new(PrivateDatabase::cloned().await);
        let server = Apart::start(&database, log, more);
        let mut app = app(database.url(), &config::Realtime::default());
        app.keys = Arc::new(SigningKeys::read(&server.signing_key()).unwrap());
        (Self { app, address: server.url.clone(), server: None, http: http(), database }, server)
    }

    /// The factory in the north; its administrator founded the installation.
    pub fn north(&self) -> At<'_> {
        self.at("north")
    }

    /// The other factory.
    pub fn south(&self) -> At<'_> {
        self.at("south")
    }

    /// The brand that orders from the north.
    pub fn aurora(&self) -> At<'_> {
        self.at("aurora")
    }

    /// The brand that orders from the south.
    pub fn borealis(&self) -> At<'_> {
        self.at("borealis")
    }

    /// Someone who has not signed in.
    pub fn stranger(&self) -> Client {
        Client::new(&self.http, &self.address)
    }

    /// A person by e-mail, signed in.
    pub fn as_user(&self, email: &str) -> Client {
        let person = Fixture::get().person(email);
        let token = self.app.keys.issue_access(person.id, person.org, person.login, now()).unwrap();
        self.stranger().with("authorization", &format!("Bearer {token}"))
    }

    /// A person who signs in as people do, by their password.
    pub async fn sign_in(&self, email: &str, password: &str) -> Client {
        let answer = self.stranger().post("/v1/auth/login", json!({ "email": email, "password": password })).await;
        self.stranger().bearer(answer.assert_status(200).text("access_token").as_str())
    }

    /// Someone of the north by role: `admin`, `supervisor`, `operator`, `quality`.
    pub fn as_(&self, role: &str) -> Client {
        self.as_user(&format!("{role}@north.example"))
    }

    /// A transaction in an organisation, as the server opens it.
    pub async fn tenant(&self, org: OrgId) -> TenantTx {
        TenantTx::open(&self.app.db, org).await.unwrap()
    }

    /// Where the server listens, such as `http://127.0.0.1:40123`.
    pub fn url(&self) -> &str {
        &self.address
    }

    /// The database, for tests that look below the server.
    pub fn database(&self) -> &PrivateDatabase {
        &self.database
    }

    fn at(&self, name: &str) -> At<'_> {
        At { floor: self, organization: Fixture::get().organization(name) }
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        // The command is sent at once; nobody waits for the answer. The database is dropped with force afterwards.
        if let Some(server) = &self.server {
            drop(server.stop(false));
        }
        self.app.db.close();
    }
}

impl At<'_> {
    /// The organisation's id.
    pub fn id(&self) -> OrgId {
        self.organization.id
    }

    /// A factory's only site, as text.
    pub fn site(&self) -> String {
        self.organization.place("site")
    }

    /// An area of that site.
    pub fn area(&self) -> String {
        self.organization.place("area")
    }

    /// A station in that area.
    pub fn station(&self) -> String {
        self.organization.place("station")
    }

    /// Who holds a role here.
    pub fn person(&self, role: &str) -> &'static Person {
        Fixture::get().person(&format!("{role}@{}.example", self.organization.key))
    }

    /// Someone with this role, signed in.
    pub fn as_(&self, role: &str) -> Client {
        self.floor.as_user(&self.person(role).email)
    }

    /// Someone in front of the same server who has not signed in.
    pub fn stranger(&self) -> Client {
        self.floor.stranger()
    }

    /// Everything within the organisation is allowed to them.
    pub fn admin(&self) -> Client {
        self.as_("admin")
    }

    /// Runs the floor.
    pub fn supervisor(&self) -> Client {
        self.as_("supervisor")
    }

    /// Works on it.
    pub fn operator(&self) -> Client {
        self.as_("operator")
    }

    /// A second operator.
    pub fn second_operator(&self) -> Client {
        self.as_("operator2")
    }

    /// Inspects.
    pub fn quality(&self) -> Client {
        self.as_("quality")
    }

    /// A phone whose code was claimed, and that nobody approved yet.
    pub async fn claimed_phone(&self) -> Phone {
        Phone::claimed(self).await
    }

    /// A phone that may work.
    pub async fn phone(&self) -> Phone {
        let phone = self.claimed_phone().await;
        let path = format!("/v1/devices/{}/approve", phone.id);
        self.admin().post(&path, json!({ "digits": phone.digits })).await.assert_status(200);
        phone
    }

    /// Of a brand: looks, and changes nothing.
    pub fn viewer(&self) -> Client {
        self.as_("viewer")
    }
}

fn http() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// The server's parts over one database, with hashes that cost next to nothing.
fn app(url: &str, settings: &config::Realtime) -> App {
    let cheap = config::SignIn { password_memory_kib: 8, password_passes: 1, behind_proxy: false };
    let db = Db::new(url, POOL).unwrap();
    let jobs = Wake::default();
    let engine = Engine::new(db.clone(), jobs.clone());
    // Rates are tested where they are; elsewhere a test may be as fast as it can.
    let limits = config::Limits { address_rate: None, user_rate: None, ..config::Limits::default() };
    App {
        hub: sync::start(&db, &engine, settings),
        sockets: Sockets::new(limits.sockets),
        engine,
        db,
        keys: Arc::new(SigningKeys::random().unwrap()),
        public_url: None,
        allowed_origins: Arc::default(),
        sign_in: Arc::new(SignIn::new(&cheap).unwrap()),
        objects: Objects::in_memory(),
        rates: Arc::new(RateLimits::new(&limits, false)),
        jobs,
        pictures: Pictures::default(),
        scan_pace: ScanPace::default(),
        push: Push::new(&config::Push::default()).unwrap(),
        limits,
        draining: CancellationToken::new(),
    }
}

/// The clock, where a test has to give a time.
pub fn now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}
