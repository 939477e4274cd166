//! Signing in, staying so, and guessing.

use std::sync::Arc;

use chrono::TimeDelta;
use diesel_async::RunQueryDsl as _;
use floorline_server::identity::SignIn;
use floorline_server::platform::config;
use floorline_server::platform::db::sql;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::harness::{Answer, Floor, PASSWORD, now, redacted};

#[derive(diesel::QueryableByName)]
struct Stored {
    #[diesel(sql_type = diesel::sql_types::Text)]
    password_hash: String,
}

async fn sign_in(floor: &Floor, email: &str, password: &str) -> Answer {
    floor.stranger().post("/v1/auth/login", json!({ "email": email, "password": password })).await
}

async fn refresh(floor: &Floor, token: &str) -> Answer {
    floor.stranger().post("/v1/auth/refresh", json!({ "refresh_token": token })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_says_who_one_is_and_what_one_may() {
    let floor = Floor::new().await;
    let mut answer = sign_in(&floor, " Operator@North.Example ", PASSWORD).await.ok();
    answer["refresh_token"] = "[token]".into();
    assert_json_snapshot!(redacted(&answer));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_is_who_one_is() {
    let floor = Floor::new().await;
    let client = floor.sign_in("quality@south.example", PASSWORD).await;
    let me = client.get("/v1/me").await.ok();
    assert_eq!(me["email"], "quality@south.example");
    assert_eq!(me["organization_id"], floor.south().id().to_string());
    client.bearer("eyJhbGciOiJub25lIn0.e30.").get("/v1/me").await.assert_status(401).assert_problem("NOT_SIGNED_IN");
    let other_floor = Floor::new().await;
    let foreign = other_floor.as_user("quality@south.example");
    floor.stranger().bearer(foreign.token().unwrap()).get("/v1/me").await.assert_status(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_an_unknown_person_are_answered_alike() {
    let floor = Floor::new().await;
    let wrong = sign_in(&floor, "operator@north.example", "not the password").await;
    let unknown = sign_in(&floor, "nobody@north.example", "not the password").await;
    for answer in [&wrong, &unknown] {
        answer.assert_status(401).assert_problem("WRONG_CREDENTIALS");
    }
    let without_id = |answer: &Answer| {
        let mut json = answer.json.clone();
        json["request_id"] = Value::Null;
        json
    };
    assert_eq!(without_id(&wrong), without_id(&unknown));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sixth_guess_waits_even_with_the_right_password() {
    let floor = Floor::new().await;
    for left in (0..5).rev() {
        let answer = sign_in(&floor, "operator@north.example", "guess number one").await;
        answer.assert_status(401);
        assert!(answer.header("ratelimit").unwrap().starts_with(&format!("\"login\";r={left};t=")), "{answer}");
    }
    let answer = sign_in(&floor, "operator@north.example", PASSWORD).await;
    answer.assert_status(429).assert_problem("TOO_MANY");
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((890..=900).contains(&wait), "{wait}");
    assert_eq!(answer.header("ratelimit-policy"), Some("\"login\";q=5;w=900"));
    assert_eq!(answer.header("ratelimit"), Some(format!("\"login\";r=0;t={wait}").as_str()));
    sign_in(&floor, "quality@north.example", PASSWORD).await.assert_status(429);
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_made_at_once_gain_nothing() {
    let floor = Floor::new().await;
    let guesses = (0..20).map(|n| {
        let (client, body) =
            (floor.stranger(), json!({ "email": "operator@north.example", "password": format!("guess {n}") }));
        async move { client.post("/v1/auth/login", body).await.status }
    });
    let answers = futures_util::future::join_all(guesses).await;
    assert_eq!(answers.iter().filter(|status| **status == 401).count(), 5, "{answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 429).count(), 15, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_forgets_the_failures_before_it() {
    let floor = Floor::new().await;
    for _ in 0..2 {
        for _ in 0..2 {
            sign_in(&floor, "operator@north.example", "not the password").await.assert_status(401);
        }
        sign_in(&floor, "operator@north.example", PASSWORD).await.assert_status(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_whose_answer_was_lost_is_repeated() {
    let floor = Floor::new().await;
    let first = sign_in(&floor, "operator@north.example", PASSWORD).await.text("refresh_token");
    let second = refresh(&floor, &first).await.text("refresh_token");
    assert_ne!(first, second);
    let again = refresh(&floor, &first).await;
    assert_eq!(again.text("refresh_token"), second, "the predecessor answers the same until the successor is used");
    floor.stranger().bearer(&again.text("access_token")).get("/v1/me").await.assert_status(200);

    let third = refresh(&floor, &second).await.text("refresh_token");
    assert_eq!(refresh(&floor, &second).await.text("refresh_token"), third);
}

#[tokio::test(flavor = "multi_thread")]
async fn refreshes_at_the_same_moment_agree() {
    let floor = Floor::new().await;
    let token = sign_in(&floor, "operator@north.example", PASSWORD).await.text("refresh_token");
    let answers = futures_util::future::join_all((0..8).map(|_| refresh(&floor, &token))).await;
    let mut tokens: Vec<String> = answers.iter().map(|answer| answer.text("refresh_token")).collect();
    tokens.dedup();
    assert_eq!(tokens.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_used_after_its_successor_ends_the_login_for_both_who_hold_it() {
    let floor = Floor::new().await;
    let first = sign_in(&floor, "operator@north.example", PASSWORD).await.text("refresh_token");
    let second = refresh(&floor, &first).await.text("refresh_token");
    let third = refresh(&floor, &second).await;
    refresh(&floor, &first).await.assert_status(401).assert_problem("NOT_SIGNED_IN");
    refresh(&floor, &third.text("refresh_token")).await.assert_status(401);
    floor.stranger().bearer(&third.text("access_token")).get("/v1/me").await.assert_status(401);
    let audit = floor.north().admin().get("/v1/audit?kind=login.reuse_detected").await;
    assert_eq!(audit.rows().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_both_tokens() {
    let floor = Floor::new().await;
    let answer = sign_in(&floor, "operator@north.example", PASSWORD).await;
    let client = floor.stranger().bearer(&answer.text("access_token"));
    client.post("/v1/auth/logout", json!({})).await.assert_status(204);
    client.get("/v1/me").await.assert_status(401);
    refresh(&floor, &answer.text("refresh_token")).await.assert_status(401);
    floor.north().operator().get("/v1/me").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_no_refresh_token() {
    let floor = Floor::new().await;
    let good = sign_in(&floor, "operator@north.example", PASSWORD).await.text("refresh_token");
    for token in ["", "x", "a.b.c", &good.replacen(".1.", ".2.", 1), &good[1..]] {
        refresh(&floor, token).await.assert_status(401).assert_problem("NOT_SIGNED_IN");
    }
    floor.stranger().post("/v1/auth/refresh", json!({})).await.assert_status(400).assert_problem("BAD_REQUEST");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_ends_when_it_was_not_used_for_a_month() {
    let floor = Floor::new().await;
    let answer = sign_in(&floor, "operator@north.example", PASSWORD).await;
    let mut tx = floor.tenant(floor.north().id()).await;
    sql("UPDATE logins SET expires_at = $1")
        .bind::<diesel::sql_types::Timestamptz, _>(now() - TimeDelta::seconds(1))
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    refresh(&floor, &answer.text("refresh_token")).await.assert_status(401);
    floor.stranger().bearer(&answer.text("access_token")).get("/v1/me").await.assert_status(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_changes_ones_own_password_and_ends_ones_other_logins() {
    let floor = Floor::new().await;
    let other = floor.sign_in("operator@north.example", PASSWORD).await;
    let client = floor.sign_in("operator@north.example", PASSWORD).await;
    let change = |current: &str, new: &str| json!({ "current_password": current, "new_password": new });
    let wrong = client.post("/v1/me/password", change("wrong", "a better password")).await;
    wrong.assert_status(422).assert_problem("INVALID").assert_field("current_password");
    client.post("/v1/me/password", change(PASSWORD, "short")).await.assert_status(422).assert_field("new_password");
    client.post("/v1/me/password", change(PASSWORD, "a better password")).await.assert_status(204);
    client.get("/v1/me").await.assert_status(200);
    other.get("/v1/me").await.assert_status(401);
    sign_in(&floor, "operator@north.example", PASSWORD).await.assert_status(401);
    sign_in(&floor, "operator@north.example", "a better password").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_attempts_are_told_to_the_organisation_as_often_as_they_are_let_through() {
    let floor = Floor::new().await;
    for _ in 0..7 {
        sign_in(&floor, "Operator@North.example", "not the password").await;
    }
    sign_in(&floor, "nobody@north.example", "not the password").await;
    let told = floor.north().admin().get("/v1/audit?kind=login.failed").await;
    assert_eq!(told.rows().len(), 5, "the sixth was not tried: {told}");
    let event = &told.rows()[0];
    assert_eq!(event["actor_id"], Value::Null, "nobody proved who they are");
    assert_eq!(event["detail"]["user_id"], json!(floor.north().person("operator").id));
    assert_eq!(event["detail"]["address_hash"].as_str().unwrap().len(), 43);
    assert!(!told.json.to_string().contains("127.0.0.1"), "{told}");
    assert_eq!(floor.south().admin().get("/v1/audit?kind=login.failed").await.rows().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_says_of_itself_is_kept_only_so_far() {
    let floor = Floor::new().await;
    let credentials = json!({ "email": "operator@north.example", "password": PASSWORD });
    let talker = floor.stranger().with("user-agent", &"long ".repeat(1_000));
    talker.post("/v1/auth/login", credentials).await.assert_status(200);
    let told = floor.north().admin().get("/v1/audit?kind=login.started").await;
    assert_eq!(told.rows()[0]["detail"]["user_agent"].as_str().unwrap().len(), 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_brings_an_old_hash_up_to_todays_cost() {
    let dearer = config::SignIn { password_memory_kib: 16, password_passes: 2, behind_proxy: false };
    let floor = Floor::with(|app| app.sign_in = Arc::new(SignIn::new(&dearer).unwrap())).await;
    let cost = async || {
        let mut tx = floor.tenant(floor.north().id()).await;
        let stored: Stored = sql("SELECT password_hash FROM users WHERE email = 'operator@north.example'")
            .get_result(tx.conn())
            .await
            .unwrap();
        stored.password_hash.split('$').nth(3).unwrap().to_owned()
    };
    assert_eq!(cost().await, "m=8,t=1,p=1");
    sign_in(&floor, "operator@north.example", "not the password").await.assert_status(401);
    assert_eq!(cost().await, "m=8,t=1,p=1");
    sign_in(&floor, "operator@north.example", PASSWORD).await.assert_status(200);
    assert_eq!(cost().await, "m=16,t=2,p=1");
    sign_in(&floor, "operator@north.example", PASSWORD).await.assert_status(200);
}
