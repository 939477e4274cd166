//! Which sites' pages may call: CORS for requests, a look at `Origin` for sockets.

use std::collections::BTreeSet;

use serde_json::json;

use crate::harness::socket::{Came, Socket};
use crate::harness::{Answer, Client, Floor};

const APP: &str = "https://app.example.com";
const ELSEWHERE: &str = "https://elsewhere.example";

/// A server whose API pages of [`APP`] may call.
async fn floor() -> Floor {
    Floor::with(|app| app.allowed_origins = [APP.to_owned()].into()).await
}

/// What a browser asks before it sends such a request.
async fn preflight(floor: &Floor, origin: &str, path: &str, method: &str, headers: &str) -> Answer {
    let browser = floor.stranger().with("origin", origin).with("access-control-request-method", method);
    let browser = if headers.is_empty() { browser } else { browser.with("access-control-request-headers", headers) };
    browser.send("OPTIONS", path, None).await
}

fn page_of(client: &Client, origin: &str) -> Client {
    client.with("origin", origin)
}

fn listed(answer: &Answer, header: &str) -> BTreeSet<String> {
    let text = answer.header(header).unwrap_or_else(|| panic!("no {header} in {answer}"));
    text.split(',').map(|name| name.trim().to_ascii_lowercase()).collect()
}

/// Whether a browser lets a page of `origin` read this answer.
fn readable_by(answer: &Answer, origin: &str) -> bool {
    answer.header("access-control-allow-origin") == Some(origin)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_allowed_origins_there_is_no_cors() {
    let floor = Floor::new().await;
    let asked = preflight(&floor, APP, "/v1/orders", "POST", "authorization").await;
    asked.assert_status(405).assert_problem("METHOD_NOT_ALLOWED");
    let answer = page_of(&floor.north().operator(), APP).get("/v1/me").await;
    answer.assert_status(200);
    for answer in [asked, answer] {
        assert!(
            answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")),
            "{:?}",
            answer.headers
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_an_allowed_origin_is_told_what_it_may_send() {
    let floor = floor().await;
    let sent = "authorization,content-type,dpop,idempotency-key,if-match,traceparent,tus-resumable,upload-length,upload-metadata,upload-offset,upload-checksum";
    for method in ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"] {
        let answer = preflight(&floor, APP, "/v1/uploads", method, sent).await;
        answer.assert_status(200);
        assert!(readable_by(&answer, APP), "{answer}");
        assert!(listed(&answer, "access-control-allow-methods").contains(&method.to_ascii_lowercase()));
        let taken = listed(&answer, "access-control-allow-headers");
        assert!(sent.split(',').all(|name| taken.contains(name)), "{taken:?}");
        assert!(listed(&answer, "vary").contains("origin"), "{answer}");
        assert!(answer.header("access-control-max-age").is_some() && answer.header("x-request-id").is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_may_not_do_is_refused_with_a_problem() {
    let floor = floor().await;
    let stranger = preflight(&floor, ELSEWHERE, "/v1/orders", "POST", "authorization").await;
    stranger.assert_status(403).assert_problem("ORIGIN_NOT_ALLOWED");
    let method = preflight(&floor, APP, "/v1/orders", "TRACE", "").await;
    method.assert_status(400).assert_problem("BAD_REQUEST");
    let header = preflight(&floor, APP, "/v1/orders", "POST", "x-forwarded-for").await;
    header.assert_status(400).assert_problem("BAD_REQUEST");
    for refused in [stranger, method, header] {
        assert_eq!(refused.header("access-control-allow-origin"), None, "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_an_allowed_origin_reads_answers_and_others_do_not() {
    let floor = floor().await;
    let admin = floor.north().admin();
    let role = page_of(&admin, APP).key("one").post("/v1/roles", json!({ "name": "Packer", "permissions": [] })).await;
    role.assert_status(201);
    assert!(readable_by(&role, APP), "{role}");
    let told = listed(&role, "access-control-expose-headers");
    let needed = [
        "etag",
        "retry-after",
        "ratelimit",
        "ratelimit-policy",
        "idempotency-replayed",
        "location",
        "upload-offset",
        "upload-length",
        "tus-resumable",
        "dpop-nonce",
        "x-request-id",
    ];
    for name in needed {
        assert!(told.contains(name), "{name} is not in {told:?}");
    }
    assert!(listed(&role, "vary").contains("origin"), "{role}");

    for other in [page_of(&admin, ELSEWHERE), page_of(&admin, "null"), admin] {
        let answer = other.get("/v1/me").await;
        answer.assert_status(200);
        assert_eq!(answer.header("access-control-allow-origin"), None, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_an_allowed_origin_reads_errors_too() {
    let floor = floor().await;
    let (page, admin) = (page_of(&floor.stranger(), APP), page_of(&floor.north().admin(), APP));
    let unreadable = admin.send_bytes("POST", "/v1/roles", "application/json", b"{".to_vec()).await;
    unreadable.assert_problem("BAD_REQUEST");
    let answers = [
        page.get("/v1/me").await,
        page.get("/v1/nowhere").await,
        admin.delete("/v1/me").await,
        admin.get("/v1/items/0198c0de-0000-7000-8000-000000000000").await,
        admin.post("/v1/roles", json!({ "name": "", "permissions": [] })).await,
        unreadable,
    ];
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [401, 404, 405, 404, 422, 400]);
    for answer in answers {
        assert!(readable_by(&answer, APP), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tus_still_says_what_it_speaks_to_whoever_asks_that() {
    let floor = floor().await;
    let described = page_of(&floor.stranger(), APP).send("OPTIONS", "/v1/uploads", None).await;
    described.assert_status(204);
    assert!(readable_by(&described, APP) && described.header("tus-extension").is_some(), "{described}");
}

/// Open, and spoken to as everybody is.
async fn assert_open(socket: Result<Socket, serde_json::Value>, who: &str) {
    let mut socket = socket.unwrap_or_else(|problem| panic!("{who}: {problem}"));
    socket.send_text("hello".into()).await;
    assert_eq!(socket.next().await, Came::Closed(4400), "{who}");
}

fn assert_refused(socket: Result<Socket, serde_json::Value>, who: &str) {
    let problem = socket.err().unwrap_or_else(|| panic!("{who} was let in"));
    assert_eq!((&problem["code"], &problem["status"]), (&json!("ORIGIN_NOT_ALLOWED"), &json!(403)), "{who}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_our_own_and_of_allowed_sites_open_sockets() {
    let floor = Floor::with(|app| {
        app.public_url = Some("https://floor.example.com".into());
        app.allowed_origins = [APP.to_owned()].into();
    })
    .await;
    for origin in ["https://floor.example.com", APP, floor.url()] {
        assert_open(Socket::from_page(&floor, origin).await, origin).await;
    }
    assert_open(Ok(Socket::open(&floor).await), "no browser").await;
    let other_port = "http://127.0.0.1:1";
    for origin in [ELSEWHERE, "http://floor.example.com", other_port, "null"] {
        assert_refused(Socket::from_page(&floor, origin).await, origin);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_public_url_the_host_that_was_asked_is_our_own() {
    let floor = Floor::new().await;
    assert_open(Socket::from_page(&floor, floor.url()).await, floor.url()).await;
    for origin in [APP, ELSEWHERE] {
        assert_refused(Socket::from_page(&floor, origin).await, origin);
    }
}
