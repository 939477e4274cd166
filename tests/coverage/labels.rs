//! The routes of labels.

use serde_json::json;
use uuid::Uuid;

use super::Access::{Anybody, Needs};
use super::Route;
use crate::harness::Floor;

routes! {
    GET "/Q/{code}" => Anybody;
    GET "/v1/items/{id}/label.{form}" => Needs("label:view"), at item_as_svg;
    GET "/v1/orders/{id}/labels.{form}" => Needs("label:view"), at order_as_zpl;
    POST "/v1/labels/blanks" => Needs("label:manage"), sending json!({ "count": 1 });
    GET "/v1/labels/blanks.{form}" => Needs("label:view"), at as_zpl;
    POST "/v1/labels/prints" => Needs("label:view"), sending json!({ "codes": ["M"] });
    GET "/v1/labels" => Needs("label:view");
    GET "/v1/labels/{code}" => Needs("label:view"), at blank;
    POST "/v1/labels/{code}/claim" => Needs("item:act"), at blank, sending json!({ "item_id": Uuid::nil() });
    POST "/v1/labels/{code}/revoke" => Needs("label:manage"), at blank, sending json!({});
    POST "/v1/locations/{id}/label" => Needs("label:manage"), at place;
    GET "/v1/locations/{id}/label.{form}" => Needs("label:view"), at place_as_png;
    POST "/v1/users/{id}/badge" => Needs("label:manage"), at worker;
    GET "/v1/users/{id}/badge.{form}" => Needs("label:view"), at worker_as_pdf;
    GET "/v1/items/{id}/codes" => Needs("label:view"), at item;
    POST "/v1/items/{id}/codes" => Needs("label:manage"), at item, sending json!({ "raw": "4006381333931" });
    DELETE "/v1/items/{id}/codes/{raw}" => Needs("label:manage"), at code;
}

async fn order(floor: &Floor) -> Vec<String> {
    vec![floor.north().accepted_order(1).await]
}

async fn order_as_zpl(floor: &Floor) -> Vec<String> {
    [order(floor).await, vec!["zpl".into()]].concat()
}

async fn item(floor: &Floor) -> Vec<String> {
    let order = floor.north().accepted_order(1).await;
    vec![floor.north().items_of(&order).await[0]["id"].as_str().unwrap().to_owned()]
}

async fn item_as_svg(floor: &Floor) -> Vec<String> {
    [item(floor).await, vec!["svg".into()]].concat()
}

async fn blank(floor: &Floor) -> Vec<String> {
    let made = floor.north().admin().post("/v1/labels/blanks", json!({ "count": 1 })).await;
    vec![made.json["labels"][0]["code"].as_str().unwrap().to_owned()]
}

async fn code(floor: &Floor) -> Vec<String> {
    let (item, raw) = (item(floor).await.remove(0), Uuid::new_v4().simple().to_string());
    floor.north().admin().post(&format!("/v1/items/{item}/codes"), json!({ "raw": raw })).await.assert_status(201);
    vec![item, raw]
}

async fn as_zpl(floor: &Floor) -> Vec<String> {
    blank(floor).await;
    vec!["zpl".into()]
}

async fn place(floor: &Floor) -> Vec<String> {
    let station = floor.north().station();
    floor.north().admin().post(&format!("/v1/locations/{station}/label"), json!({})).await.assert_status(201);
    vec![station]
}

async fn place_as_png(floor: &Floor) -> Vec<String> {
    [place(floor).await, vec!["png".into()]].concat()
}

async fn worker(floor: &Floor) -> Vec<String> {
    let worker = floor.north().person("operator").id.to_string();
    floor.north().admin().post(&format!("/v1/users/{worker}/badge"), json!({})).await.assert_status(201);
    vec![worker]
}

async fn worker_as_pdf(floor: &Floor) -> Vec<String> {
    [worker(floor).await, vec!["pdf".into()]].concat()
}
