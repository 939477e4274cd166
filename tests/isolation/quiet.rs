//! What a server says of itself, its log and its metrics, holds nothing that a person wrote and no id of another organisation (`docs/logging.md`).

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::attack::Stage;
use super::requests::requests;
use super::scene::Scene;
use crate::harness::socket::{Socket, reader};
use crate::harness::{Client, Floor, PASSWORD};

#[tokio::test(flavor = "multi_thread")]
async fn neither_log_nor_metrics_say_what_people_wrote_or_whose_things_others_asked_for() {
    let (floor, server) = Floor::apart("debug").await;
    let stage = Stage::set(&floor).await;
    let word = stage.victim.word.clone();
    let before = server.log().len();
    for route in &stage.document.routes {
        // A login of its own, for the routes that end one.
        let client = floor.sign_in("admin@south.example", PASSWORD).await;
        for request in requests(&stage.document, route, &stage.attacker, &stage.victim) {
            request.send(&client).await;
        }
    }
    let attacked = server.log().split_off(before);
    for route in &stage.document.routes {
        let client = floor.sign_in("admin@north.example", PASSWORD).await.key(&word);
        let request = requests(&stage.document, route, &stage.victim, &stage.victim).pop().unwrap();
        request.saying(&word).send(&client).await;
    }
    write_in_odd_places(&floor, &floor.north().admin(), &stage.victim).await;
    let metrics = reqwest::get(&server.metrics).await.unwrap().text().await.unwrap();
    let log = server.stop();

    let answered = log.lines().filter(|line| line.contains(r#""message":"answered""#)).count();
    assert!(answered > 300, "only {answered} requests are logged:\n{log}");
    let pattern = "/v1/items/{id}/codes/{raw}";
    assert!(log.contains(pattern) && metrics.contains(pattern), "nobody took a code away");
    // As text, and as the bytes that a statement's parameter is.
    let bytes = format!("{:?}", word.as_bytes());
    let says = |line: &&str| line.to_lowercase().contains(&word) || line.contains(bytes.trim_matches(['[', ']']));
    let wrote: Vec<_> = log.lines().filter(says).take(20).collect();
    assert!(wrote.is_empty(), "the log says what a person wrote:\n{}", wrote.join("\n"));
    let named = |text: &str| stage.secrets.iter().any(|secret| text.contains(secret.as_str()));
    // Outside of requests the server does its own work, some of it on the victim's rows.
    let of_requests = attacked.to_lowercase();
    let told: Vec<_> = of_requests.lines().filter(|line| line.contains("request_id") && named(line)).take(20).collect();
    assert!(told.is_empty(), "the log of another's requests names the victim's things:\n{}", told.join("\n"));
    let measured: Vec<_> = metrics.lines().filter(|line| named(&line.to_lowercase())).collect();
    assert!(measured.is_empty(), "metrics name things:\n{}", measured.join("\n"));
}

/// Writes the word where no form has a field for it.
async fn write_in_odd_places(floor: &Floor, client: &Client, scene: &Scene<'_>) {
    let word = &scene.word;
    for path in [
        format!("/v1/items?q={word}"),
        format!("/v1/items?status={word}"),
        format!("/v1/items?cursor={word}"),
        format!("/v1/items/{word}"),
        format!("/v1/sync/feed?topic={word}&wait=0"),
        format!("/v1/{word}"),
        format!("/{word}?{word}={word}"),
        format!("/Q/{word}"),
        format!("/docs/{word}"),
    ] {
        client.with("user-agent", word).get(&path).await;
    }
    for body in [format!("{{\"{word}"), format!("\"{word}\""), format!("{{\"name\": 7, \"{word}\": 1}}")] {
        for path in ["/v1/users", "/v1/orders", "/v1/workflows", "/v1/sync/submit", "/v1/auth/login"] {
            client.send_bytes("POST", path, "application/json", body.clone().into_bytes()).await;
        }
    }
    client.send_bytes("POST", "/v1/users", word, b"{}".to_vec()).await.assert_status(415);
    let login = json!({ "email": scene.name("email"), "password": format!("not {word}") });
    floor.stranger().post("/v1/auth/login", login).await.assert_status(401);
    floor.stranger().bearer(word).get("/v1/me").await.assert_status(401);
    client.with("if-match", word).patch("/v1/users/x", json!({})).await;
    client.with("origin", &format!("https://{word}.example")).get("/v1/me").await;
    for message in
        [word.clone(), json!({ "type": word }).to_string(), json!({ "type": "hello", "ticket": word }).to_string()]
    {
        let mut socket = Socket::open(floor).await;
        socket.send_message(Message::text(message)).await;
        socket.closed().await;
    }
    let (mut socket, welcome) = reader(floor, client, json!([])).await;
    let batch = json!({ "type": "submit", "session": welcome["session"], "first_seq": 1, "entries": [{ "op": word }], "hashes": [word] });
    socket.send(&batch).await;
    socket.closed().await;
}
