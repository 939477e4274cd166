//! How many requests an address and a user may send, and how they are told.

use std::sync::Arc;

use floorline_server::platform::config::{Limits, Rate};
use floorline_server::platform::http::RateLimits;
use serde_json::json;

use crate::harness::socket::Socket;
use crate::harness::{Answer, Floor, eventually};

/// A server with such limits within an hour: no test lasts until there is more.
async fn floor(address: Option<u32>, user: Option<u32>, behind_proxy: bool) -> Floor {
    let rate = |requests: Option<u32>| requests.map(|requests| Rate::new(requests, 3600).unwrap());
    Floor::with(|app| {
        let limits = Limits { address_rate: rate(address), user_rate: rate(user), ..app.limits.clone() };
        app.rates = Arc::new(RateLimits::new(&limits, behind_proxy));
        app.allowed_origins = ["https://app.example.com".to_owned()].into();
    })
    .await
}

fn told(answer: &Answer) -> (&str, &str) {
    (answer.header("ratelimit-policy").unwrap_or_default(), answer.header("ratelimit").unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_say_how_their_sender_stands() {
    let floor = floor(Some(10), Some(5), false).await;
    let stranger = floor.stranger().get("/v1/me").await;
    assert_eq!(stranger.status, 401);
    assert_eq!(told(&stranger), (r#""address";q=10;w=3600"#, r#""address";r=9;t=360"#));
    let known = floor.north().operator().get("/v1/me").await;
    assert_eq!(known.status, 200);
    assert_eq!(told(&known).0, r#""address";q=10;w=3600, "user";q=5;w=3600"#);
    assert_eq!(told(&known).1, r#""address";r=8;t=360, "user";r=4;t=720"#);
    assert_eq!(told(&floor.stranger().get("/v1/nowhere").await).1, r#""address";r=7;t=360"#, "whatever is answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_held_back_before_anything_is_believed() {
    let floor = floor(Some(2), Some(100), false).await;
    for client in [floor.stranger(), floor.stranger().bearer("nonsense")] {
        client.get("/v1/me").await.assert_status(401);
    }
    let refused = floor.north().operator().get("/v1/me").await;
    refused.assert_status(429).assert_problem("TOO_MANY");
    assert_eq!((&refused.json["retryable"], &refused.json["context"]), (&json!(true), &json!({ "policy": "address" })));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1700..=1800).contains(&wait), "{wait}");
    assert_eq!(told(&refused), (r#""address";q=2;w=3600"#, format!(r#""address";r=0;t={wait}"#).as_str()));
    assert!(refused.header("x-request-id").is_some() && refused.header("x-content-type-options").is_some());
    for path in ["/health/live", "/health/ready"] {
        // Readiness is asked of the database, which may be too busy for a moment.
        let watched = async || {
            let health = floor.stranger().get(path).await;
            assert_eq!(told(&health), ("", ""), "who watches is never counted");
            (health.status == 200).then_some(())
        };
        eventually(path, watched).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_counted_each_for_themselves_and_only_by_tokens_that_are_theirs() {
    let floor = floor(None, Some(2), false).await;
    let worker = floor.north().operator();
    let forged = format!("{}x", worker.token().unwrap());
    for _ in 0..5 {
        floor.stranger().bearer(&forged).get("/v1/me").await.assert_status(401);
    }
    for _ in 0..2 {
        worker.get("/v1/me").await.assert_status(200);
    }
    let refused = worker.get("/v1/me").await;
    refused.assert_status(429).assert_problem("TOO_MANY");
    assert_eq!(refused.json["context"], json!({ "policy": "user" }));
    floor.north().supervisor().get("/v1/me").await.assert_status(200);
    floor.stranger().get("/v1/me").await.assert_status(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_a_socket_is_a_request() {
    let floor = floor(Some(1), None, false).await;
    let _open = Socket::from_page(&floor, floor.url()).await.unwrap_or_else(|problem| panic!("{problem}"));
    let refused = Socket::from_page(&floor, floor.url()).await.err().unwrap();
    assert_eq!((&refused["code"], &refused["status"]), (&json!("TOO_MANY"), &json!(429)));
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_proxy_an_address_is_what_the_proxy_says() {
    let behind = floor(Some(1), None, true).await;
    let from = |hops: &str| behind.stranger().with("x-forwarded-for", hops);
    from("203.0.113.1").get("/v1/me").await.assert_status(401);
    from("203.0.113.2").get("/v1/me").await.assert_status(401);
    from("198.51.100.7, 203.0.113.1").get("/v1/me").await.assert_status(429);
    behind.stranger().get("/v1/me").await.assert_status(401);
    behind.stranger().get("/v1/me").await.assert_status(429);

    let alone = floor(Some(1), None, false).await;
    alone.stranger().with("x-forwarded-for", "203.0.113.1").get("/v1/me").await.assert_status(401);
    alone.stranger().with("x-forwarded-for", "203.0.113.2").get("/v1/me").await.assert_status(429);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_with_a_limit_of_its_own_tells_both() {
    let floor = floor(Some(10), None, false).await;
    let wrong = json!({ "email": "nobody@north.example", "password": "wrong" });
    let answer = floor.stranger().post("/v1/auth/login", wrong).await;
    answer.assert_status(401).assert_problem("WRONG_CREDENTIALS");
    assert_eq!(told(&answer).0, r#""login";q=5;w=900, "address";q=10;w=3600"#);
    assert!(told(&answer).1.starts_with(r#""login";r=4;t="#), "{:?}", told(&answer));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_may_read_that_it_was_held_back_and_asking_leave_costs_nothing() {
    let floor = floor(Some(1), None, false).await;
    let page = floor.stranger().with("origin", "https://app.example.com");
    for _ in 0..3 {
        page.with("access-control-request-method", "GET").send("OPTIONS", "/v1/me", None).await.assert_status(200);
    }
    page.get("/v1/me").await.assert_status(401);
    let refused = page.get("/v1/me").await;
    refused.assert_status(429);
    assert_eq!(refused.header("access-control-allow-origin"), Some("https://app.example.com"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_limits_nothing_is_told() {
    let floor = floor(None, None, false).await;
    let answer = floor.north().operator().get("/v1/me").await;
    assert_eq!((answer.status, told(&answer)), (200, ("", "")));
}
