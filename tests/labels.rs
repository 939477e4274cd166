//! Labels over HTTP: drawn, counted, made blank, claimed, replaced, revoked, and codes of other makers.

use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl as _;
use floorline_mobile_sync::decode::{Budget, ImageLimits, decode, read_image};
use floorline_server::platform::db::sql;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::harness::{Answer, Floor, redacted};

async fn item(floor: &Floor) -> Value {
    let order = floor.north().accepted_order(1).await;
    floor.north().items_of(&order).await.remove(0)
}

fn id(of: &Value) -> &str {
    of["id"].as_str().unwrap()
}

async fn label_of(floor: &Floor, item: &Value) -> Value {
    floor.north().supervisor().get(&format!("/v1/labels?item_id={}&status=active", id(item))).await.rows()[0].clone()
}

async fn blank(floor: &Floor) -> String {
    let made = floor.north().supervisor().post("/v1/labels/blanks", json!({ "count": 1 })).await;
    made.json["labels"][0]["code"].as_str().unwrap().to_owned()
}

fn shown(answer: &Answer) -> Value {
    let mut json = redacted(&answer.json);
    json["code"] = json!("[code]");
    json
}

#[tokio::test(flavor = "multi_thread")]
async fn an_items_label_is_drawn_in_every_form() {
    let floor = Floor::new().await;
    let item = item(&floor).await;
    let code = label_of(&floor, &item).await["code"].as_str().unwrap().to_owned();
    let path = format!("/v1/items/{}/label", id(&item));
    let worker = floor.north().operator();
    for (form, kind, begins) in [
        ("svg", "image/svg+xml", &b"<svg"[..]),
        ("png", "image/png", b"\x89PNG"),
        ("pdf", "application/pdf", b"%PDF"),
        ("zpl", "application/zpl", b"^XA"),
    ] {
        let drawn = worker.get(&format!("{path}.{form}")).await;
        drawn.assert_status(200);
        assert_eq!(drawn.header("content-type"), Some(kind));
        assert!(drawn.body.starts_with(begins), "{form}");
    }
    let png = worker.get(&format!("{path}.png?module=6")).await;
    let picture = read_image(&png.body, ImageLimits::default()).unwrap();
    let read = decode(&picture, Budget::lasting(std::time::Duration::from_secs(60))).unwrap().text;
    assert!(read.starts_with("HTTP://LOCALHOST:") && read.ends_with(&format!("/Q/{code}")), "{read}");
    worker.get(&format!("{path}.gif")).await.assert_status(404);
    worker.get(&format!("{path}.pdf?template=poster")).await.assert_status(422).assert_field("template");
    worker.get(&format!("{path}.zpl?copies=0")).await.assert_status(422).assert_field("copies");
    worker.get(&format!("{path}.zpl?dpi=72")).await.assert_status(422).assert_field("dpi");
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_lead_to_the_public_url_and_refuse_one_that_cannot_be_printed() {
    let floor = Floor::with(|app| app.public_url = Some("https://floor.example.com".into())).await;
    let item = item(&floor).await;
    let zpl = floor.north().operator().get(&format!("/v1/items/{}/label.zpl", id(&item))).await;
    assert!(String::from_utf8_lossy(&zpl.body).contains("HTTPS://FLOOR.EXAMPLE.COM/Q/M"));

    let floor = Floor::with(|app| app.public_url = Some("https://floor_1.example.com".into())).await;
    let item = self::item(&floor).await;
    let refused = floor.north().operator().get(&format!("/v1/items/{}/label.zpl", id(&item))).await;
    refused.assert_status(422).assert_problem("INVALID");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orders_labels_come_as_one_document_or_in_parts() {
    let floor = Floor::new().await;
    let order = floor.north().accepted_order(5).await;
    let (by, path) = (floor.north().supervisor(), format!("/v1/orders/{order}/labels"));
    let sheet = by.get(&format!("{path}.pdf?template=sheet")).await;
    assert!(sheet.body.starts_with(b"%PDF"));
    let program = by.get(&format!("{path}.zpl")).await;
    assert_eq!(String::from_utf8_lossy(&program.body).matches("^XA").count(), 5);

    let mut seen = String::new();
    let mut next = format!("{path}.zpl?limit=2");
    let mut documents = 0;
    loop {
        let part = by.get(&next).await;
        part.assert_status(200);
        documents += 1;
        seen.push_str(&String::from_utf8_lossy(&part.body));
        let Some(link) = part.header("link") else { break };
        next = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
    }
    assert_eq!((documents, seen), (3, String::from_utf8_lossy(&program.body).into_owned()));

    by.get(&format!("{path}.svg")).await.assert_status(404);
    by.get(&format!("{path}.pdf?limit=0")).await.assert_status(422).assert_field("limit");
    by.get(&format!("{path}.pdf?limit=10001")).await.assert_status(422).assert_field("limit");
    let pending = floor.north().order(1).await;
    by.get(&format!("/v1/orders/{pending}/labels.pdf")).await.assert_status(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_labels_are_one_document() {
    let floor = Floor::new().await;
    let order = floor.north().accepted_order(10_000).await;
    let by = floor.north().supervisor();
    let program = by.get(&format!("/v1/orders/{order}/labels.zpl")).await;
    program.assert_status(200);
    assert_eq!(String::from_utf8_lossy(&program.body).matches("^XA").count(), 10_000);
    let counted = by.post("/v1/labels/prints", json!({ "order_id": order })).await;
    assert_eq!(counted.json["counted"], 10_000);
    by.get(&format!("/v1/orders/{order}/labels.zpl?unprinted=true")).await.assert_status(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn prints_are_counted_once_a_request() {
    let floor = Floor::new().await;
    let item = item(&floor).await;
    let label = label_of(&floor, &item).await;
    assert_eq!((&label["print_count"], &label["printed_at"]), (&json!(0), &Value::Null));
    let body = json!({ "codes": [label["code"], "nonsense"] });
    let by = floor.north().operator().key("printed-1");
    for _ in 0..2 {
        let counted = by.post("/v1/labels/prints", body.clone()).await;
        assert_eq!(counted.json, json!({ "counted": 1, "unknown": ["nonsense"] }));
    }
    let label = label_of(&floor, &item).await;
    assert_eq!(label["print_count"], 1);
    assert_eq!(label["version"], 1, "printing is nothing that happened to the label");
    for bad in [json!({}), json!({ "codes": [] }), json!({ "codes": ["M"], "order_id": item["order_id"] })] {
        by.key("other").post("/v1/labels/prints", bad).await.assert_status(422).assert_field("codes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blank_label_is_claimed_and_takes_the_place_of_another() {
    let floor = Floor::new().await;
    let item = item(&floor).await;
    let (first, code) = (label_of(&floor, &item).await, blank(&floor).await);
    let worker = floor.north().operator();
    let path = format!("/v1/labels/{code}/claim");

    let needs = worker.post(&path, json!({ "item_id": id(&item) })).await;
    needs.assert_status(409).assert_problem("TRANSITION_NOT_ALLOWED");
    assert_eq!(needs.json["context"]["needs"], "replace");

    let claimed = worker.post(&path, json!({ "item_id": id(&item), "replace": true })).await;
    claimed.assert_status(200);
    assert_eq!(claimed.json["label"]["status"], "active");
    assert_eq!(claimed.json["label"]["order_id"], item["order_id"], "it belongs to the item's order now");
    let again = worker.post(&path, json!({ "item_id": id(&item), "replace": true })).await;
    assert_eq!((again.status, &again.json["verdict"]["outcome"]), (200, &json!("noop")));

    let old = worker.get(&format!("/v1/labels/{}", first["code"].as_str().unwrap())).await;
    assert_eq!((&old.json["status"], &old.json["replaced_by"]), (&json!("replaced"), &claimed.json["label"]["id"]));
    let other = self::item(&floor).await;
    worker.post(&path, json!({ "item_id": id(&other) })).await.assert_problem("LABEL_TAKEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_is_revoked_for_good() {
    let floor = Floor::new().await;
    let code = blank(&floor).await;
    let by = floor.north().supervisor();
    let revoke = format!("/v1/labels/{code}/revoke");
    let revoked = by.post(&revoke, json!({ "reason": "Smudged" })).await;
    revoked.assert_status(200);
    assert_json_snapshot!("a_revoked_label", shown(&revoked));
    assert_eq!(by.post(&revoke, json!({})).await.ok()["version"], revoked.json["version"], "once is enough");
    let item = item(&floor).await;
    by.post(&format!("/v1/labels/{code}/claim"), json!({ "item_id": id(&item), "replace": true }))
        .await
        .assert_problem("LABEL_REVOKED");
    by.post(&revoke, json!({ "reason": "x".repeat(501) })).await.assert_status(422).assert_field("reason");
}

#[tokio::test(flavor = "multi_thread")]
async fn blanks_are_made_in_numbers_and_printed() {
    let floor = Floor::new().await;
    let by = floor.north().supervisor();
    let made = by.post("/v1/labels/blanks", json!({ "count": 1000 })).await;
    made.assert_status(201);
    assert_eq!(made.json["labels"].as_array().unwrap().len(), 1000);
    let program = by.get("/v1/labels/blanks.zpl?limit=24&unprinted=true").await;
    assert_eq!(String::from_utf8_lossy(&program.body).matches("^XA").count(), 24);
    for count in [0, 1001] {
        by.post("/v1/labels/blanks", json!({ "count": count })).await.assert_status(422).assert_field("count");
    }
    by.post("/v1/labels/blanks", json!({ "count": -1 })).await.assert_problem("BAD_REQUEST");
    by.post("/v1/labels/blanks", json!({ "count": 1.5 })).await.assert_problem("BAD_REQUEST");
    assert_eq!(events(&floor).await, 1000);
    by.get("/v1/labels?status=printed").await.assert_status(422).assert_field("status");
}

async fn events(floor: &Floor) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let mut tx = floor.tenant(floor.north().id()).await;
    let row: Row = sql("SELECT count(*) AS n FROM events e JOIN labels l ON l.id = e.subject_id AND l.version = e.version WHERE e.kind = 'label.made'")
        .get_result(tx.conn())
        .await
        .unwrap();
    row.n
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_of_other_makers_find_the_item() {
    let floor = Floor::new().await;
    let (item, other) = (item(&floor).await, item(&floor).await);
    let by = floor.north().supervisor();
    let path = format!("/v1/items/{}/codes", id(&item));
    let made = by.post(&path, json!({ "raw": " 4006381333931 " })).await;
    made.assert_status(201);
    assert_json_snapshot!("a_code_of_another_maker", redacted(&made.json));
    by.post(&path, json!({ "raw": "4006381333931" })).await.assert_status(201);
    let others = format!("/v1/items/{}/codes", id(&other));
    by.post(&others, json!({ "raw": "4006381333931" })).await.assert_status(409).assert_problem("DUPLICATE");
    by.post(&others, json!({ "raw": item["code"] })).await.assert_problem("DUPLICATE");
    let label = label_of(&floor, &item).await["code"].clone();
    for raw in [json!(""), json!("a\u{0}b"), json!("x".repeat(501)), label, json!("item:1")] {
        by.post(&path, json!({ "raw": raw })).await.assert_status(422).assert_field("raw");
    }
    assert_eq!(by.get(&path).await.rows().len(), 1);
    let again = json!({ "raw": "PALLET 9" });
    let (one, other) = tokio::join!(by.post(&path, again.clone()), by.post(&path, again));
    one.assert_status(201);
    assert_eq!(other.json["id"], one.json["id"], "two who register the same at once: {other}");
    by.delete(&format!("{path}/PALLET%209")).await.assert_status(204);
    by.post(&path, json!({ "raw": "a/b c%" })).await.assert_status(201);
    by.delete(&format!("{path}/a%2Fb%20c%25")).await.assert_status(204);
    floor.north().operator().post(&path, json!({ "raw": "1" })).await.assert_status(403);
    by.delete(&format!("{others}/4006381333931")).await.assert_status(404);
    by.delete(&format!("{path}/4006381333931")).await.assert_status(204);
    assert!(by.get(&path).await.rows().is_empty());
}

#[derive(diesel::QueryableByName)]
struct Logged {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    version: i64,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_was_taken_from_an_item_finds_another_and_what_became_of_it_is_logged() {
    let floor = Floor::new().await;
    let (first, second) = (item(&floor).await, item(&floor).await);
    let by = floor.north().supervisor();
    let codes = |item: &Value| format!("/v1/items/{}/codes", id(item));
    // The same person's scan of it again would be the earlier one.
    let found_by = async |person: &str| {
        let scan = floor.north().as_(person).post("/v1/scans", json!({ "raw": "RACK 7" })).await;
        scan.json["item"]["id"].clone()
    };
    by.post(&codes(&first), json!({ "raw": "RACK 7" })).await.assert_status(201);
    assert_eq!(found_by("operator").await, first["id"]);
    by.delete(&format!("{}/RACK%207", codes(&first))).await.assert_status(204);
    assert_eq!(found_by("operator2").await, Value::Null);
    by.delete(&format!("{}/RACK%207", codes(&first))).await.assert_status(404);
    by.post(&codes(&second), json!({ "raw": "RACK 7" })).await.assert_status(201);
    assert_eq!(found_by("supervisor").await, second["id"]);

    let mut tx = floor.tenant(floor.north().id()).await;
    let logged: Vec<Logged> = sql("SELECT kind, version FROM events WHERE subject_type = 'item_code' ORDER BY version")
        .load(tx.conn())
        .await
        .unwrap();
    let logged: Vec<(&str, i64)> = logged.iter().map(|event| (event.kind.as_str(), event.version)).collect();
    assert_eq!(logged, [("item_code.registered", 1), ("item_code.removed", 2), ("item_code.registered", 3)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_gs1_finds_its_item_however_it_is_written() {
    let floor = Floor::new().await;
    let item = item(&floor).await;
    let by = floor.north().supervisor();
    let path = format!("/v1/items/{}/codes", id(&item));
    let made = by.post(&path, json!({ "raw": "]d2010950600013435217271231\u{1d}21A1" })).await;
    made.assert_status(201);
    assert_eq!(made.text("raw"), "(01)09506000134352(21)A1");
    by.post(&path, json!({ "raw": "(01)09506000134353(21)A1" })).await.assert_status(422).assert_field("raw");
    for raw in ["https://id.gs1.org/01/09506000134352/21/A1?17=271231", "(01)09506000134352(21)A1"] {
        let scan = floor.north().operator().post("/v1/scans", json!({ "raw": raw })).await;
        assert_eq!(scan.json["item"]["id"], item["id"], "{raw}: {}", scan.json);
    }
    by.delete(&format!("{path}/https:%2F%2Fbrand.example%2F01%2F09506000134352%2F21%2FA1")).await.assert_status(204);
    assert!(by.get(&path).await.rows().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_are_their_factorys_alone() {
    let floor = Floor::new().await;
    let item = item(&floor).await;
    let code = label_of(&floor, &item).await["code"].as_str().unwrap().to_owned();
    let south = floor.south().supervisor();
    south.get(&format!("/v1/labels/{code}")).await.assert_status(404);
    south.post(&format!("/v1/labels/{code}/revoke"), json!({})).await.assert_status(404);
    assert!(south.get("/v1/labels").await.rows().is_empty());
    let counted = south.post("/v1/labels/prints", json!({ "codes": [code] })).await;
    assert_eq!(counted.json, json!({ "counted": 0, "unknown": [code] }));
    let blank = blank(&floor).await;
    floor.north().operator().post(&format!("/v1/labels/{blank}/revoke"), json!({})).await.assert_status(403);
    floor.north().operator().get("/v1/labels/M0000").await.assert_status(404);
}
