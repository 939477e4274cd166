//! Handhelds: a code, a key, six digits; and out again.

use chrono::TimeDelta;
use diesel::sql_types::{Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_server::platform::db::sql;
use serde_json::json;
use uuid::Uuid;

use crate::harness::phone::{new_key, public_jwk};
use crate::harness::{Floor, now};

#[derive(diesel::QueryableByName)]
struct State {
    #[diesel(sql_type = Text)]
    state: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_is_let_in_by_the_digits_both_screens_show() {
    let floor = Floor::new().await;
    let north = floor.north();
    let phone = north.claimed_phone().await;
    let path = format!("/v1/devices/{}", phone.id);
    let seen = north.supervisor().get(&path).await.ok();
    assert_eq!((seen["state"].clone(), seen["digits"].clone()), (json!("pending"), json!(phone.digits)));
    let status = phone.send(&floor.stranger(), "GET", &format!("{path}/status"), None).await.ok();
    assert_eq!((status["status"].clone(), status["site_id"].clone()), (json!("pending"), json!(north.site())));

    let approve = format!("{path}/approve");
    let wrong = if phone.digits == "000000" { "000001" } else { "000000" };
    north.admin().post(&approve, json!({ "digits": wrong })).await.assert_status(422).assert_field("digits");
    let approved = north.admin().post(&approve, json!({ "digits": phone.digits })).await.ok();
    assert_eq!((approved["state"].clone(), approved["digits"].clone()), (json!("active"), json!(null)));
    let status = phone.send(&floor.stranger(), "GET", &format!("{path}/status"), None).await.ok();
    assert_eq!(status["status"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_comes_as_text_as_address_and_as_a_picture() {
    let floor = Floor::new().await;
    let answer = floor
        .north()
        .supervisor()
        .post("/v1/devices/enrolments", json!({ "site_id": floor.north().site(), "name": "Phone 7" }))
        .await;
    answer.assert_status(201);
    let (code, url) = (answer.text("code"), answer.text("url"));
    assert_eq!(code.len(), 26);
    assert_eq!(url, format!("{}/enrol/{code}", floor.url()));
    assert!(answer.text("qr_svg").contains("<svg"));
    let claim = json!({ "code": url, "public_key": public_jwk(&new_key()) });
    floor.stranger().post("/v1/devices/enrolments/claim", claim).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_good_once_and_for_ten_minutes() {
    let floor = Floor::new().await;
    let make = async || {
        let body = json!({ "site_id": floor.north().site(), "name": "Phone" });
        floor.north().admin().post("/v1/devices/enrolments", body).await.text("code")
    };
    let claim = async |code: &str, key: &serde_json::Value| {
        floor.stranger().post("/v1/devices/enrolments/claim", json!({ "code": code, "public_key": key })).await
    };
    let (code, key) = (make().await, public_jwk(&new_key()));
    let first = claim(&code, &key).await.ok();
    assert_eq!(claim(&code, &key).await.ok(), first, "its answer was lost");
    claim(&code, &public_jwk(&new_key())).await.assert_status(409).assert_problem("STATE_CONFLICT");
    claim("0123456789ABCDEFGHJKMNPQRS", &key).await.assert_status(404).assert_problem("NOT_FOUND");

    let late = make().await;
    let mut tx = floor.tenant(floor.north().id()).await;
    let past = now() - TimeDelta::seconds(1);
    sql("UPDATE enrolments SET expires_at = $1").bind::<Timestamptz, _>(past).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    claim(&late, &key).await.assert_status(410).assert_problem("EXPIRED");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_public_keys_of_the_curve_are_taken() {
    let floor = Floor::new().await;
    let good = public_jwk(&new_key());
    let mut off_curve = good.clone();
    off_curve["x"] = good["y"].clone();
    let mut private = good.clone();
    private["d"] = good["x"].clone();
    for key in [off_curve, private, json!({}), json!("key"), json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" })] {
        let body = json!({ "code": "x", "public_key": key });
        let answer = floor.stranger().post("/v1/devices/enrolments/claim", body).await;
        answer.assert_status(422).assert_problem("INVALID").assert_field("public_key");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_belongs_to_a_site_of_its_organisation() {
    let floor = Floor::new().await;
    for place in [floor.south().site(), floor.north().area(), Uuid::new_v4().to_string()] {
        let body = json!({ "site_id": place, "name": "Phone" });
        floor.north().admin().post("/v1/devices/enrolments", body).await.assert_status(422).assert_field("site_id");
    }
    let phone = floor.north().phone().await;
    let path = format!("/v1/devices/{}", phone.id);
    let version = floor.north().admin().get(&path).await.version();
    let moved = floor.north().admin().if_match(version).patch(&path, json!({ "site_id": floor.south().site() })).await;
    moved.assert_status(422).assert_field("site_id");
    let renamed = floor.north().admin().if_match(version).patch(&path, json!({ "name": "Phone 7" })).await;
    assert_eq!(renamed.assert_status(200).json["name"], "Phone 7");
    floor.north().admin().if_match(version).patch(&path, json!({ "name": "Late" })).await.assert_status(412);
}

#[tokio::test(flavor = "multi_thread")]
async fn revoking_fences_the_streams_in_the_same_moment() {
    let floor = Floor::new().await;
    let north = floor.north();
    let (phone, other) = (north.phone().await, north.phone().await);
    for device in [&phone.id, &other.id] {
        let mut tx = floor.tenant(north.id()).await;
        sql("INSERT INTO sync_streams (org_id, id, kind, device_id, site_id, last_seq, last_hash, acked_seq, session, state, last_at) \
             VALUES ($1, $2, 'device', $3, $4, 0, '', 0, 0, 'open', now())")
        .bind::<SqlUuid, _>(north.id().0)
        .bind::<SqlUuid, _>(Uuid::new_v4())
        .bind::<SqlUuid, _>(device.parse::<Uuid>().unwrap())
        .bind::<SqlUuid, _>(north.site().parse::<Uuid>().unwrap())
        .execute(tx.conn())
        .await
        .unwrap();
        tx.commit().await.unwrap();
    }
    let revoke = format!("/v1/devices/{}/revoke", phone.id);
    let revoked = north.supervisor().post(&revoke, json!({ "reason": "lost" })).await.ok();
    assert_eq!(revoked["state"], "revoked");

    let mut tx = floor.tenant(north.id()).await;
    for (device, state) in [(&phone.id, "fenced"), (&other.id, "open")] {
        let found: State = sql("SELECT state FROM sync_streams WHERE device_id = $1")
            .bind::<SqlUuid, _>(device.parse::<Uuid>().unwrap())
            .get_result(tx.conn())
            .await
            .unwrap();
        assert_eq!(found.state, state);
    }
    let status = phone.send(&floor.stranger(), "GET", &format!("/v1/devices/{}/status", phone.id), None).await.ok();
    assert_eq!(status["status"], "revoked");
    let again = north.supervisor().post(&revoke, json!({})).await.ok();
    assert_eq!(again["revoked_at"], revoked["revoked_at"]);
    let approve = format!("/v1/devices/{}/approve", phone.id);
    north
        .admin()
        .post(&approve, json!({ "digits": phone.digits }))
        .await
        .assert_status(409)
        .assert_problem("STATE_CONFLICT");
    let audit = north.admin().get("/v1/audit?kind=device.revoked").await;
    assert_eq!(audit.rows()[0]["detail"]["reason"], "lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_show_ones_own_devices_by_state_and_site() {
    let floor = Floor::new().await;
    floor.north().phone().await;
    floor.north().claimed_phone().await;
    let list = async |query: &str| floor.north().supervisor().get(&format!("/v1/devices{query}")).await.rows().len();
    assert_eq!(list("").await, 2);
    assert_eq!(list("?state=pending").await, 1);
    assert_eq!(list(&format!("?site_id={}", floor.north().site())).await, 2);
    assert_eq!(floor.south().supervisor().get("/v1/devices").await.rows().len(), 0);
}
