//! Every route of the OpenAPI document is refused to those it is not for.
//!
//! Each room has a table (`identity.rs` …). A row of it names a route, who may use it, and, where its address has an id, how to make one that exists. From that alone the
//! test sends the request as nobody (401), as someone who may do everything but this (403), as another organisation with an id that
//! exists (404), and at last as someone who may (anything but those three). A route without a row fails, and so does a row without a route.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;

use floorline_server::app::openapi;
use serde_json::{Value, json};

use crate::harness::{Answer, At, Client, Floor, PASSWORD};

/// Who may use a route.
#[derive(Clone, Copy, Debug)]
enum Access {
    /// Anybody; what protects it is tested by hand.
    Anybody,
    /// Everybody who is signed in.
    SignedIn,
    /// Holders of this permission, in a factory.
    Needs(&'static str),
    /// Holders of this permission, in a brand.
    BrandNeeds(&'static str),
}

use Access::{Anybody, BrandNeeds, Needs, SignedIn};

type Made<'a> = Pin<Box<dyn Future<Output = Vec<String>> + Send + 'a>>;

struct Route {
    method: &'static str,
    path: &'static str,
    access: Access,
    /// Makes what the address names, and gives its ids in their order there.
    at: Option<for<'a> fn(&'a Floor) -> Made<'a>>,
    /// What stands after the address's question mark.
    asking: Option<fn(&Floor) -> String>,
    body: Option<Value>,
    headers: &'static [(&'static str, &'static str)],
}

/// Writes a room's table: `METHOD "path" => who, at what_makes_its_ids, asking its_query, sending a_body, with headers;`
macro_rules! routes {
    ($($method:ident $path:literal => $access:expr $(, at $maker:path)? $(, asking $query:path)? $(, sending $body:expr)? $(, with $headers:expr)?;)+) => {
        pub(super) fn routes() -> Vec<Route> {
            vec![$(Route {
                method: stringify!($method),
                path: $path,
                access: $access,
                at: optional!($(|floor| Box::pin($maker(floor)))?),
                asking: optional!($($query)?),
                body: optional!($($body)?),
                headers: sent!($($headers)?),
            }),+]
        }
    };
}

macro_rules! sent {
    () => {
        &[]
    };
    ($headers:expr) => {
        $headers
    };
}

macro_rules! optional {
    () => {
        None
    };
    ($some:expr) => {
        Some($some)
    };
}

mod identity;
mod items;
mod labels;
mod orders;
mod pictures;
mod places;
mod push;
mod queues;
mod shifts;
mod sync;

/// All tables.
fn routes() -> Vec<Route> {
    // Identity last: its routes end the partnerships that orders need.
    let tables = [
        orders::routes(),
        items::routes(),
        pictures::routes(),
        places::routes(),
        labels::routes(),
        queues::routes(),
        shifts::routes(),
        push::routes(),
        sync::routes(),
        identity::routes(),
    ];
    tables.into_iter().flatten().collect()
}

#[test]
fn every_route_is_in_the_table_and_the_table_names_no_other() {
    let documented = documented();
    let mut listed = BTreeSet::new();
    for route in routes() {
        assert!(
            listed.insert((route.method.to_owned(), route.path.to_owned())),
            "{} {} stands twice",
            route.method,
            route.path
        );
    }
    let missing: Vec<_> = documented.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&documented).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "routes without a row: {missing:#?}\nrows without a route: {gone:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_refused_to_those_it_is_not_for() {
    let floor = Floor::new().await;
    let mut lacking = Lacking { floor: &floor, known: BTreeMap::new() };
    let mut faults = Vec::new();
    for route in routes() {
        faults.extend(try_route(&floor, &mut lacking, &route).await);
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

async fn try_route(floor: &Floor, lacking: &mut Lacking<'_>, route: &Route) -> Vec<String> {
    let Some((own, other)) = sides(floor, route.access) else { return Vec::new() };
    let ids = match route.at {
        Some(make) => make(floor).await,
        None => Vec::new(),
    };
    let named = route.path.matches('{').count();
    if ids.len() != named {
        return vec![format!("{} {}: its row makes {} ids for {named}", route.method, route.path, ids.len())];
    }
    let path = ids.iter().fold(route.path.to_owned(), |path, id| filled(&path, id));
    let path = route.asking.map_or(path.clone(), |query| format!("{path}?{}", query(floor)));
    let mut faults = Vec::new();
    let mut expect = |who: &str, right: bool, answer: &Answer| {
        if !right {
            faults.push(format!("as {who}: {answer}"));
        }
    };
    let answer = send(&floor.stranger(), route, &path).await;
    expect("nobody (401)", answer.status == 401, &answer);
    if let Needs(permission) | BrandNeeds(permission) = route.access {
        let answer = send(&lacking.client(own, permission).await, route, &path).await;
        expect("someone who may all but this (403)", answer.status == 403, &answer);
    }
    if !ids.is_empty() {
        let answer = send(&other.admin(), route, &path).await;
        expect("another organisation (404)", answer.status == 404, &answer);
    }
    // A login of its own, for the routes that end one.
    let may = floor.sign_in(&own.person("admin").email, PASSWORD).await;
    let answer = send(&may, route, &path).await;
    expect("someone who may", !matches!(answer.status, 400 | 401 | 403 | 404 | 405 | 500..), &answer);
    faults
}

/// The organisation a route is tried in, and the one that must see nothing of it.
fn sides(floor: &Floor, access: Access) -> Option<(At<'_>, At<'_>)> {
    match access {
        Anybody => None,
        SignedIn | Needs(_) => Some((floor.north(), floor.south())),
        BrandNeeds(_) => Some((floor.aurora(), floor.borealis())),
    }
}

async fn send(client: &Client, route: &Route, path: &str) -> Answer {
    let client = route.headers.iter().fold(client.if_match(1), |client, (name, value)| client.with(name, value));
    client.send(route.method, path, route.body.clone()).await
}

/// `path` with its first parameter replaced.
fn filled(path: &str, id: &str) -> String {
    let (before, rest) = path.split_once('{').unwrap();
    let (_, after) = rest.split_once('}').unwrap();
    format!("{before}{id}{after}")
}

/// People who may do everything an administrator may, but for one thing.
struct Lacking<'a> {
    floor: &'a Floor,
    known: BTreeMap<(String, &'static str), Client>,
}

impl Lacking<'_> {
    async fn client(&mut self, at: At<'_>, permission: &'static str) -> Client {
        let key = (at.id().to_string(), permission);
        if let Some(client) = self.known.get(&key) {
            return client.clone();
        }
        let client = self.make(at, permission).await;
        self.known.insert(key, client.clone());
        client
    }

    async fn make(&self, at: At<'_>, permission: &str) -> Client {
        let admin = at.admin();
        let me = admin.get("/v1/me").await.ok();
        let but_one: Vec<&str> = me["permissions"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .filter(|held| *held != permission && *held != "organization:create")
            .collect();
        let role =
            admin.post("/v1/roles", json!({ "name": format!("all but {permission}"), "permissions": but_one })).await;
        let email = format!("lacks-{}@{}.example", permission.replace(':', "-"), at.id());
        let user = json!({ "email": email, "name": "Lacking", "password": PASSWORD, "role_ids": [role.id()] });
        admin.post("/v1/users", user).await.assert_status(201);
        self.floor.sign_in(&email, PASSWORD).await
    }
}

fn documented() -> BTreeSet<(String, String)> {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut found = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            if ["get", "put", "post", "delete", "head", "patch"].contains(&method.as_str()) {
                found.insert((method.to_uppercase(), path.clone()));
            }
        }
    }
    found
}
