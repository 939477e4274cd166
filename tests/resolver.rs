//! `/Q/{code}`: who is told what.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::harness::made::order_of;
use crate::harness::{Client, Floor, redacted};

async fn card(client: &Client, code: &str) -> Value {
    client.with("accept", "application/json").get(&format!("/Q/{code}")).await.ok()
}

fn shown(card: &Value) -> Value {
    let mut shown = redacted(card);
    shown["code"] = json!("[code]");
    shown
}

/// An order of aurora's that the north accepted, and its item's label.
async fn label(floor: &Floor, public: bool) -> (String, Value) {
    let mut wish = order_of(1);
    wish["factory_id"] = json!(floor.north().id());
    wish["po_number"] = json!("PO-1");
    wish["public_passport"] = json!(public);
    let order = floor.aurora().admin().post("/v1/orders", wish).await;
    order.assert_status(201);
    let accept = json!({ "workflow_id": floor.north().workflow().await });
    let path = format!("/v1/orders/{}/accept", order.id());
    floor.north().supervisor().post(&path, accept).await.assert_status(200);
    let item = floor.north().items_of(&order.id()).await.remove(0);
    let path = format!("/v1/labels?item_id={}", item["id"].as_str().unwrap());
    let label = floor.north().supervisor().get(&path).await.rows()[0].clone();
    (label["code"].as_str().unwrap().to_owned(), item)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_is_told_what_is_theirs() {
    let floor = Floor::new().await;
    let (code, _) = label(&floor, false).await;
    assert_json_snapshot!("resolved_by_a_worker", shown(&card(&floor.north().operator(), &code).await));
    let overseen = card(&floor.north().supervisor(), &code).await;
    assert_eq!((&overseen["kind"], &overseen["history"][0]["kind"]), (&json!("history"), &json!("item.created")));
    assert_json_snapshot!("resolved_by_the_brand", shown(&card(&floor.aurora().viewer(), &code).await));
    for other in [floor.stranger(), floor.south().supervisor(), floor.borealis().viewer()] {
        let card = card(&other, &code).await;
        assert_eq!((&card["kind"], &card["facts"], &card["item_id"]), (&json!("sign_in"), &json!([]), &Value::Null));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_passport_is_for_everybody() {
    let floor = Floor::new().await;
    let (code, _) = label(&floor, true).await;
    let card = card(&floor.stranger(), &code).await;
    assert_json_snapshot!("resolved_by_a_stranger", shown(&card));
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_that_are_not_in_use_say_so() {
    let floor = Floor::new().await;
    let (code, item) = label(&floor, false).await;
    let (by, worker) = (floor.north().supervisor(), floor.north().operator());
    let made = by.post("/v1/labels/blanks", json!({ "count": 1 })).await;
    let blank = made.json["labels"][0]["code"].as_str().unwrap().to_owned();
    assert_eq!(card(&worker, &blank).await["kind"], "blank");
    assert_eq!(card(&floor.stranger(), &blank).await["kind"], "sign_in");

    let claim = json!({ "item_id": item["id"], "replace": true });
    worker.post(&format!("/v1/labels/{blank}/claim"), claim).await.assert_status(200);
    let old = card(&worker, &code).await;
    assert_eq!(old["kind"], "work");
    assert!(old["notice"].as_str().unwrap().contains(&blank), "{old}");

    by.post(&format!("/v1/labels/{blank}/revoke"), json!({})).await.assert_status(200);
    for anybody in [worker, floor.stranger()] {
        assert_eq!(card(&anybody, &blank).await["kind"], "revoked");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_nobodys_is_explained() {
    let floor = Floor::new().await;
    let made = floor.south().supervisor().post("/v1/labels/blanks", json!({ "count": 1 })).await;
    let of_south = made.json["labels"][0]["code"].as_str().unwrap().to_owned();
    assert_eq!(card(&floor.north().operator(), &of_south).await["kind"], "sign_in");
    let foreign = floorline_domain::label::draw(floorline_domain::label::Kind::Item, || 7);
    assert_eq!(card(&floor.stranger(), foreign.as_str()).await["kind"], "foreign");
    for unsound in ["M0000", "M0000000000000000000000", "M00000000000000", "%3Cscript%3E"] {
        let card = card(&floor.stranger(), unsound).await;
        assert_eq!(card["kind"], "unsound", "{unsound}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_has_no_script_and_no_markup_of_others() {
    let floor = Floor::new().await;
    let page = floor.stranger().with("accept", "text/html,*/*").get("/Q/%3Cscript%3Ealert(1)").await;
    page.assert_status(200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    let text = String::from_utf8(page.body.clone()).unwrap();
    assert!(!text.contains("<script") && text.contains("&lt;script&gt;alert(1)"), "{text}");
    assert!(text.contains("<html lang=\"en\">") && text.contains("<h1>Not a label</h1>"), "{text}");
}
