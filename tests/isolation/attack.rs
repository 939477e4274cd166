//! Every route of the document, called by those it is not for, with ids that exist.

use std::collections::{BTreeMap, BTreeSet};

use floorline_domain::OrgId;
use serde_json::json;

use super::document::{Document, Route};
use super::requests::{Place, Request, requests};
use super::rows::{Rows, changed};
use super::scene::Scene;
use crate::harness::{Answer, Client, Floor, PASSWORD};

/// Routes that answer whoever asks, and what guards them instead.
const PUBLIC: [(&str, &str); 11] = [
    ("GET /Q/{code}", "a label's page names nothing but its code"),
    ("GET /health/live", "whether the server lives"),
    ("GET /health/ready", "whether it is of use"),
    ("POST /v1/auth/login", "the password"),
    ("POST /v1/auth/badge", "the device's proof, and the PIN"),
    ("POST /v1/auth/refresh", "the refresh token"),
    ("POST /v1/devices/enrolments/claim", "the code, and the approval after it"),
    ("GET /v1/devices/{id}/status", "the device's proof"),
    ("GET /v1/sync", "the ticket in the hello"),
    ("PUT /v1/orders/{id}/progress", "offered to nobody"),
    ("OPTIONS /v1/uploads", "which tus this is"),
];

/// Routes for everybody who is signed in: they show what is one's own.
const FOR_EVERYBODY: [&str; 11] = [
    "POST /v1/auth/logout",
    "GET /v1/me",
    "POST /v1/me/password",
    "PUT /v1/me/pin",
    "GET /v1/me/quiet_hours",
    "PUT /v1/me/quiet_hours",
    "DELETE /v1/me/quiet_hours",
    "GET /v1/push/key",
    "GET /v1/organizations/{id}",
    "GET /v1/partnerships",
    "GET /v1/partnerships/{id}",
];

/// Routes that take another's id as they take any text, and say nothing about it.
const TAKES_ANY: [(&str, &str); 10] = [
    ("POST /v1/scans", "whatever a camera reads is kept as one's own scan"),
    ("POST /v1/items/batch/advance", "each row has an answer of its own"),
    ("POST /v1/items/batch/assign", "each row has an answer of its own"),
    ("POST /v1/items/batch/create", "each row has an answer of its own"),
    ("GET /Q/{code}", "a label's page names nothing but its code"),
    ("POST /v1/items/{id}/codes", "codes are any text, and one's own"),
    ("DELETE /v1/items/{id}/codes/{raw}", "codes are any text, and one's own"),
    ("POST /v1/labels/prints", "what is not one's own is answered as unknown"),
    ("GET /v1/scans/statistics", "of somebody who is not here there is nothing to count"),
    ("POST /v1/partnerships", "is proposed to the other side by its id, and shows its name"),
];

/// What routes are there to tell another organisation: the tables that grow by it.
const TELLS: [(&str, &[&str]); 2] =
    [("POST /v1/auth/login", &["audit_events", "audit_heads"]), ("POST /v1/partnerships", &["partnerships"])];

/// A floor with two organisations that have everything, and what must not get from one to the other.
pub struct Stage<'a> {
    pub document: Document,
    pub victim: Scene<'a>,
    pub attacker: Scene<'a>,
    pub rows: Rows,
    /// Ids and words of the victim that nobody else has.
    pub secrets: BTreeSet<String>,
}

impl<'a> Stage<'a> {
    pub async fn set(floor: &'a Floor) -> Self {
        let victim = Scene::set(floor, floor.north(), floor.aurora()).await;
        let attacker = Scene::set(floor, floor.south(), floor.borealis()).await;
        let mut rows = Rows::of(floor).await;
        let others: [OrgId; 2] = [floor.south().id(), floor.borealis().id()];
        let mut secrets = rows.ids(victim.at.id(), &others).await;
        secrets.insert(victim.word.clone());
        assert!(secrets.len() > 60, "the scene is too poor: {secrets:?}");
        let empty: Vec<_> =
            rows.fingerprint(victim.at.id()).await.into_iter().filter(|(_, rows)| rows.starts_with("0 ")).collect();
        assert!(empty.is_empty(), "tests/isolation/scene.rs puts nothing into {empty:?}");
        Self { document: Document::read(), victim, attacker, rows, secrets }
    }

    /// What of the victim stands in an answer, and was not in the request already.
    pub fn leaked(&self, request: &Request, answer: &Answer) -> Vec<&String> {
        let headers = format!("{:?}", answer.headers);
        let told = format!("{headers} {}", String::from_utf8_lossy(&answer.body)).to_lowercase();
        let sent = request.text();
        self.secrets.iter().filter(|secret| told.contains(*secret) && !sent.contains(*secret)).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_gives_or_takes_anything_of_another_organisation() {
    let floor = Floor::new().await;
    let mut stage = Stage::set(&floor).await;
    let victim = stage.victim.at.id();
    let mut faults = Vec::new();
    let mut seen: BTreeMap<u16, u32> = BTreeMap::new();
    let mut before = stage.rows.fingerprint(victim).await;
    for attacker in ["admin@south.example", "admin@borealis.example"] {
        for route in &stage.document.routes {
            // A login of its own, for the routes that end one.
            let client = floor.sign_in(attacker, PASSWORD).await;
            for request in requests(&stage.document, route, &stage.attacker, &stage.victim) {
                let answer = request.send(&client).await;
                *seen.entry(answer.status).or_default() += 1;
                let leaked = stage.leaked(&request, &answer);
                if !leaked.is_empty() {
                    faults.push(format!("{attacker} learns {leaked:?} by {}: {answer}", request.name));
                }
                if let Some(fault) = wrong(route, &request, &answer) {
                    faults.push(format!("{attacker}, {}: {fault}: {answer}", request.name));
                }
            }
            let after = stage.rows.fingerprint(victim).await;
            let told = TELLS.iter().find(|(name, _)| *name == route.name()).map_or(&[][..], |(_, tables)| tables);
            let told = |change: &String| told.iter().any(|table| change.starts_with(&format!("{table}:")));
            for change in changed(&before, &after).into_iter().filter(|change| !told(change)) {
                faults.push(format!("{attacker} changed by {}: {change}", route.name()));
            }
            before = after;
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}\n{seen:?}", faults.len(), faults.join("\n"));
    assert!(seen.get(&404).is_some_and(|times| *times > 100), "hardly anything was looked for: {seen:?}");
}

/// What is wrong with an answer to somebody of another organisation, if anything.
fn wrong(route: &Route, request: &Request, answer: &Answer) -> Option<&'static str> {
    let takes_any = TAKES_ANY.iter().any(|(name, _)| *name == route.name());
    let nothing_of_it = answer.json["data"].as_array().is_some_and(Vec::is_empty);
    match (&request.place, answer.status) {
        (_, 500..) => Some("our fault"),
        (_, 400 | 415) if route.path != "/v1/sync" && route.path != "/v1/sync/submit" => {
            Some("the test wrote what cannot be read; mend tests/isolation/words.rs")
        }
        (Place::Nowhere, _) => None,
        (_, 200..300) if takes_any || (route.method == "GET" && nothing_of_it) => None,
        (_, 200..300) => Some("it was done"),
        (Place::Path(_) | Place::Everywhere, 401 | 403 | 404 | 405) => None,
        (Place::Path(_), _) => Some("neither 404 nor 403"),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_serves_someone_of_the_organisation_who_may_do_nothing() {
    let floor = Floor::new().await;
    let mut stage = Stage::set(&floor).await;
    let north = floor.north();
    let nobody = json!({ "email": "nobody@north.example", "name": "Nobody", "password": PASSWORD, "role_ids": [] });
    north.admin().post("/v1/users", nobody).await.assert_status(201);
    let mut faults = Vec::new();
    let mut before = stage.rows.fingerprint(north.id()).await;
    for route in
        stage.document.routes.iter().filter(|route| route.signed && !FOR_EVERYBODY.contains(&route.name().as_str()))
    {
        let client = floor.sign_in("nobody@north.example", PASSWORD).await;
        let request = requests(&stage.document, route, &stage.victim, &stage.victim).pop().unwrap();
        let answer = request.send(&client).await;
        // The way in for phones looks at the device's proof first.
        let refused = matches!(answer.status, 403 | 404) || (route.path == "/v1/sync/submit" && answer.status == 401);
        if !refused {
            faults.push(format!("{}: {answer}", request.name));
        }
        let mut after = stage.rows.fingerprint(north.id()).await;
        for signing_in in ["logins", "audit_events", "audit_heads"] {
            after.insert(signing_in.into(), before[signing_in].clone());
        }
        for change in changed(&before, &after) {
            faults.push(format!("{} changed {change}", route.name()));
        }
        before = after;
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_but_the_public_ones_serves_the_unsigned() {
    let floor = Floor::new().await;
    let mut stage = Stage::set(&floor).await;
    let before = stage.rows.fingerprint(floor.north().id()).await;
    let mut faults = Vec::new();
    let public = |route: &Route| PUBLIC.iter().any(|(name, _)| *name == route.name());
    for route in &stage.document.routes {
        if route.signed == public(route) && route.name() != "PUT /v1/orders/{id}/progress" {
            faults.push(format!(
                "{}: the document and PUBLIC in tests/isolation/attack.rs disagree on whether it asks for a token",
                route.name()
            ));
        }
        let request = requests(&stage.document, route, &stage.victim, &stage.victim).pop().unwrap();
        for (who, client) in unsigned(&floor) {
            let answer = request.send(&client).await;
            if answer.status != 401 && !public(route) {
                faults.push(format!("{} {who}: {answer}", request.name));
            }
            let leaked = stage.leaked(&request, &answer);
            if !leaked.is_empty() && route.signed {
                faults.push(format!("{} {who} told {leaked:?}: {answer}", request.name));
            }
        }
    }
    let mut after = stage.rows.fingerprint(floor.north().id()).await;
    // A failed sign-in is told to those whose account it is.
    for told in ["audit_events", "audit_heads"] {
        after.insert(told.into(), before[told].clone());
    }
    faults.extend(changed(&before, &after));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Nobody, and somebody whose token was signed by another server.
fn unsigned(floor: &Floor) -> [(&'static str, Client); 2] {
    let foreign = floorline_server::platform::tenancy::SigningKeys::random().unwrap();
    let admin = floor.north().person("admin");
    let token = foreign.issue_access(admin.id, admin.org, admin.login, crate::harness::now()).unwrap();
    [("without a token", floor.stranger()), ("with another server's token", floor.stranger().bearer(&token))]
}
