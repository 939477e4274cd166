//! Tickets, and the proofs that buy them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use diesel::sql_types::Timestamptz;
use diesel_async::RunQueryDsl as _;
use floorline_server::identity::redeem_ticket;
use floorline_server::platform::db::sql;
use p256::ecdsa::Signature;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, Floor, Phone, now};

const PATH: &str = "/v1/sync/ticket";

async fn nonce(floor: &Floor, phone: &Phone) -> String {
    let client = floor.north().operator();
    let proof = phone.sign(&phone.claims(&client, "POST", PATH, None));
    let answer = client.with("dpop", &proof).post(PATH, json!({ "device_id": phone.id })).await;
    answer.assert_status(401).assert_problem("use_dpop_nonce");
    assert_eq!(answer.header("www-authenticate"), Some("DPoP error=\"use_dpop_nonce\""));
    answer.header("dpop-nonce").unwrap().to_owned()
}

async fn with_proof(client: &Client, phone: &Phone, proof: &str) -> Answer {
    client.with("dpop", proof).post(PATH, json!({ "device_id": phone.id })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_learns_what_is_wrong_with_a_body_before_it_is_known_who_asks() {
    let floor = Floor::new().await;
    let known = floor.north().operator();
    let strangers = [floor.stranger(), floor.stranger().with("dpop", "none"), floor.stranger().bearer("none")];
    for path in [PATH, "/v1/sync/submit"] {
        for body in [b"".as_slice(), b"{", b"[]", br#"{"device_id": 7}"#, b"\xff"] {
            for (n, stranger) in strangers.iter().enumerate() {
                let answer = stranger.send_bytes("POST", path, "application/json", body.to_vec()).await;
                assert_eq!(answer.status, 401, "stranger {n}: {answer}");
            }
            known.send_bytes("POST", path, "application/json", body.to_vec()).await.assert_status(400);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_lets_one_user_in_on_one_device_once() {
    let floor = Floor::new().await;
    let (north, phone) = (floor.north(), floor.north().phone().await);
    let answer = phone.ticket(&north.operator()).await;
    assert_eq!(answer.assert_status(200).json["expires_in"], 30);
    let ticket = answer.text("ticket");
    let session = redeem_ticket(&floor.app.db, &ticket, now()).await.unwrap().unwrap();
    assert_eq!((session.org, session.user), (north.id(), north.person("operator").id));
    assert_eq!(session.device.unwrap().to_string(), phone.id);
    assert_eq!(session.login, Some(north.person("operator").login));
    assert_eq!(redeem_ticket(&floor.app.db, &ticket, now()).await.unwrap(), None);
    assert_eq!(redeem_ticket(&floor.app.db, "never given", now()).await.unwrap(), None);
    let late = phone.ticket(&north.operator()).await.text("ticket");
    assert_eq!(redeem_ticket(&floor.app.db, &late, now() + TimeDelta::seconds(31)).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_device_a_session_only_reads() {
    let floor = Floor::new().await;
    let ticket = floor.north().supervisor().post(PATH, json!({})).await.text("ticket");
    let session = redeem_ticket(&floor.app.db, &ticket, now()).await.unwrap().unwrap();
    assert_eq!(session.device, None);
    assert_eq!(session.user, floor.north().person("supervisor").id);
    floor.aurora().viewer().post(PATH, json!({})).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_part_of_a_proof_counts() {
    let floor = Floor::new().await;
    let (phone, other) = (floor.north().phone().await, floor.north().phone().await);
    let client = floor.north().operator();
    let nonce = nonce(&floor, &phone).await;
    let good = phone.claims(&client, "POST", PATH, Some(&nonce));
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        phone.sign(&claims)
    };
    let head = |name: &str, value: Value| {
        let mut head = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": phone.jwk() });
        head[name] = value;
        phone.sign_as(&head, &good)
    };
    for (what, proof) in [
        ("another method", with("htm", json!("GET"))),
        ("another address", with("htu", json!("http://127.0.0.1:1/v1/sync/ticket"))),
        ("another path", with("htu", json!(format!("{}/v1/me", floor.url())))),
        ("another token", with("ath", json!("AAAA"))),
        ("no token", with("ath", Value::Null)),
        ("no jti", with("jti", json!(""))),
        ("another type", head("typ", json!("JWT"))),
        ("no signature asked for", head("alg", json!("none"))),
        ("another phone's key in the head", head("jwk", other.jwk())),
        ("no key", head("jwk", json!({}))),
        ("another phone's proof", other.sign(&other.claims(&client, "POST", PATH, Some(&nonce)))),
        ("no proof at all", "x".into()),
        ("an empty proof", "..".into()),
    ] {
        let answer = with_proof(&client, &phone, &proof).await;
        assert_eq!((answer.status, answer.json["code"].as_str()), (401, Some("BAD_DEVICE_PROOF")), "{what}: {answer}");
    }
    client.post(PATH, json!({ "device_id": phone.id })).await.assert_status(401).assert_problem("BAD_DEVICE_PROOF");
    with_proof(&client, &phone, &phone.sign(&good)).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_is_good_once_and_a_nonce_more_often() {
    let floor = Floor::new().await;
    let phone = floor.north().phone().await;
    let client = floor.north().operator();
    let nonce = nonce(&floor, &phone).await;
    let proof = phone.sign(&phone.claims(&client, "POST", PATH, Some(&nonce)));
    with_proof(&client, &phone, &proof).await.assert_status(200);
    with_proof(&client, &phone, &proof).await.assert_status(401).assert_problem("BAD_DEVICE_PROOF");
    let next = phone.sign(&phone.claims(&client, "POST", PATH, Some(&nonce)));
    with_proof(&client, &phone, &next).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_signature_of_the_same_words_is_the_same_proof() {
    let floor = Floor::new().await;
    let phone = floor.north().phone().await;
    let client = floor.north().operator();
    let nonce = nonce(&floor, &phone).await;
    let claims = phone.claims(&client, "POST", PATH, Some(&nonce));
    let proof = phone.sign(&claims);
    let twin = mirrored(&proof);
    assert_ne!(proof, twin);
    with_proof(&client, &phone, &proof).await.assert_status(200);
    with_proof(&client, &phone, &twin).await.assert_status(401).assert_problem("BAD_DEVICE_PROOF");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_proofs_of_known_devices_are_remembered() {
    let floor = Floor::new().await;
    let (phone, stranger) = (floor.north().phone().await, floor.north().phone().await);
    let client = floor.north().operator();
    let nonce = nonce(&floor, &phone).await;
    let foreign = stranger.sign(&stranger.claims(&client, "POST", PATH, Some(&nonce)));
    for _ in 0..2 {
        let refused = with_proof(&client, &phone, &foreign).await;
        assert_eq!(refused.assert_status(401).text("detail"), "The proof is not by that device's key.");
    }
}

/// The proof with the other of the two signatures that every key can make of the same words: (r, n − s) for (r, s).
fn mirrored(proof: &str) -> String {
    let (signed, signature) = proof.rsplit_once('.').unwrap();
    let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    let (r, s) = signature.split_scalars();
    let twin = Signature::from_scalars(*r, -*s).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(twin.to_bytes()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_of_somebody_elses_is_answered_with_one_of_ours() {
    let floor = Floor::new().await;
    let phone = floor.north().phone().await;
    let client = floor.north().operator();
    for nonce in ["x", "", "68f00000.AAAA"] {
        let proof = phone.sign(&phone.claims(&client, "POST", PATH, Some(nonce)));
        let answer = with_proof(&client, &phone, &proof).await;
        answer.assert_status(401).assert_problem("use_dpop_nonce");
        assert!(answer.header("dpop-nonce").is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_public_address_proofs_name_that_one() {
    let floor = Floor::with(|app| app.public_url = Some("https://floor.example".into())).await;
    let phone = floor.north().phone().await;
    let client = floor.north().operator();
    phone.ticket(&client).await.assert_status(401).assert_problem("BAD_DEVICE_PROOF");
    let mut claims = phone.claims(&client, "POST", PATH, None);
    claims["htu"] = json!("https://floor.example/v1/sync/ticket");
    let answer = with_proof(&client, &phone, &phone.sign(&claims)).await;
    claims["nonce"] = answer.assert_problem("use_dpop_nonce").header("dpop-nonce").unwrap().into();
    with_proof(&client, &phone, &phone.sign(&claims)).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_works_for_its_own_organisation_only() {
    let floor = Floor::new().await;
    let phone = floor.north().phone().await;
    phone.ticket(&floor.south().operator()).await.assert_status(401).assert_problem("BAD_DEVICE_PROOF");
    phone.ticket(&floor.stranger()).await.assert_status(401).assert_problem("NOT_SIGNED_IN");
    let unknown =
        phone.send(&floor.north().operator(), "POST", PATH, Some(json!({ "device_id": uuid::Uuid::new_v4() }))).await;
    unknown.assert_status(401).assert_problem("BAD_DEVICE_PROOF");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_waits_gets_no_ticket() {
    let floor = Floor::new().await;
    let phone = floor.north().claimed_phone().await;
    phone.ticket(&floor.north().operator()).await.assert_status(403).assert_problem("DEVICE_PENDING");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_device_hands_in_what_it_holds_for_a_week() {
    let floor = Floor::new().await;
    let (north, phone) = (floor.north(), floor.north().phone().await);
    north.admin().post(&format!("/v1/devices/{}/revoke", phone.id), json!({})).await.assert_status(200);
    let ticket = phone.ticket(&floor.stranger()).await.text("ticket");
    let session = redeem_ticket(&floor.app.db, &ticket, now()).await.unwrap().unwrap();
    assert_eq!((session.login, session.device.unwrap().to_string()), (None, phone.id.clone()));

    let mut tx = floor.tenant(north.id()).await;
    let long_ago = now() - TimeDelta::days(7);
    sql("UPDATE devices SET revoked_at = $1").bind::<Timestamptz, _>(long_ago).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    phone.ticket(&floor.stranger()).await.assert_status(403).assert_problem("DEVICE_REVOKED");
    phone.ticket(&north.operator()).await.assert_status(403).assert_problem("DEVICE_REVOKED");
}
