//! Scans over HTTP: texts and pictures, what they mean, and how many.

use std::io::Cursor;

use futures_util::{StreamExt as _, stream};
use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use qrcode::{Color, QrCode};
use serde_json::{Value, json};

use crate::harness::line::Line;
use crate::harness::upload::jpeg;
use crate::harness::{Answer, Client, Floor, redacted};
use crate::uploads::bomb;

async fn scan(client: &Client, raw: &str) -> Answer {
    client.post("/v1/scans", json!({ "raw": raw })).await
}

/// A form with a picture, as browsers send it.
async fn scan_picture(client: &Client, picture: &[u8], item: Option<String>) -> Answer {
    let mut body = b"--edge\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n".to_vec();
    body.extend(picture);
    if let Some(item) = item {
        body.extend(
            format!("\r\n--edge\r\nContent-Disposition: form-data; name=\"item_id\"\r\n\r\n{item}").into_bytes(),
        );
    }
    body.extend(b"\r\n--edge--\r\n");
    client.send_bytes("POST", "/v1/scans", "multipart/form-data; boundary=edge", body).await
}

fn label(text: &str) -> Vec<u8> {
    let code = QrCode::new(text).unwrap();
    let (width, colors) = (u32::try_from(code.width()).unwrap(), code.to_colors());
    let dark = |x: u32, y: u32| {
        let (x, y) = (x / 6, y / 6);
        (4..width + 4).contains(&x)
            && (4..width + 4).contains(&y)
            && colors[usize::try_from((y - 4) * width + x - 4).unwrap()] == Color::Dark
    };
    let side = (width + 8) * 6;
    let image = GrayImage::from_fn(side, side, |x, y| Luma([if dark(x, y) { 20 } else { 235 }]));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageLuma8(image).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_an_item_shows_the_item_and_is_kept() {
    let floor = Floor::new().await;
    let line = Line::new(&floor, floor.north()).await;
    let item = line.item("A-0001").await;
    let operator = floor.as_("operator");
    let answer = scan(&operator, &format!("item:{item}")).await;
    answer.assert_status(200);
    insta::assert_json_snapshot!(redacted(&answer.json), @r#"
    {
      "item": {
        "assigned_to": null,
        "code": "A-0001",
        "id": "[id]",
        "location_id": null,
        "order_id": null,
        "site_id": "[id]",
        "stage": "cut",
        "status": "not_started",
        "version": 1
      },
      "kind": "item",
      "raw": "item:[id]",
      "result": "success",
      "value": "[id]",
      "verdict": {
        "at": {
          "cursor": 0,
          "topic": "site:[id]"
        },
        "outcome": "applied",
        "seq": 1
      }
    }
    "#);

    let kept = floor.as_("supervisor").get(&format!("/v1/scans?item_id={item}")).await;
    insta::assert_json_snapshot!(redacted(&kept.json), @r#"
    {
      "data": [
        {
          "at": "[time]",
          "device_id": null,
          "explanation": null,
          "id": "[id]",
          "item_id": "[id]",
          "kind": "item",
          "raw": "item:[id]",
          "result": "success",
          "stage": null,
          "user_id": "[id]",
          "value": "[id]"
        }
      ],
      "next_cursor": null
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_code_is_told_apart() {
    let floor = Floor::new().await;
    let operator = floor.as_("operator");
    let (place, person) = (floor.north().station(), floor.north().person("quality").id);
    let answer = scan(&operator, &format!("location:{place}")).await.ok();
    assert_eq!((&answer["kind"], &answer["location"]["name"]), (&json!("location"), &json!("Station 1")));
    let answer = scan(&operator, &format!("user:{person}")).await.ok();
    assert_eq!((&answer["kind"], &answer["user"]["name"]), (&json!("user"), &json!("Quality")));
    let answer = scan(&operator, "action:cut.scan").await.ok();
    assert_eq!((&answer["kind"], &answer["action"]["id"]), (&json!("action"), &json!("cut.scan")));

    let unknown = |answer: &Value| (answer["result"].clone(), answer["kind"].clone(), answer["explanation"].clone());
    let answer = scan(&operator, "a carton of milk").await.ok();
    assert_eq!(unknown(&answer), (json!("invalid"), json!("text"), json!("This code is not known here.")));
    let mut draws = (7u64..).map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let sound = floorline_domain::label::draw(floorline_domain::label::Kind::Item, || draws.next().unwrap());
    let answer = scan(&operator, &format!("HTTPS://ELSEWHERE.EXAMPLE/Q/{}", sound.as_str())).await.ok();
    assert_eq!(unknown(&answer), (json!("invalid"), json!("unknown"), json!("This is another factory's label.")));
    // Another organisation's item is a text that names nothing.
    let south = Line::new(&floor, floor.south()).await.item("B-0001").await;
    let answer = scan(&operator, &format!("item:{south}")).await.ok();
    assert_eq!(unknown(&answer).0, json!("invalid"));
    assert!(answer.get("item").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_scanned_again_at_once_is_the_earlier_scan() {
    let floor = Floor::new().await;
    let item = Line::new(&floor, floor.north()).await.item("A-0001").await;
    let operator = floor.as_("operator");
    scan(&operator, &format!("item:{item}")).await.assert_status(200);
    let again = scan(&operator, &format!("item:{item}")).await.ok();
    assert_eq!((&again["verdict"]["outcome"], &again["verdict"]["reason"]), (&json!("noop"), &json!("DUPLICATE_SCAN")));
    assert_eq!((&again["result"], &again["item"]["code"]), (&json!("success"), &json!("A-0001")));
    assert_eq!(floor.as_("supervisor").get("/v1/scans").await.rows().len(), 1);

    let keyed = operator.key("k1");
    let first = scan(&keyed, "another").await;
    let replayed = scan(&keyed, "another").await;
    assert_eq!(replayed.header("idempotency-replayed"), Some("true"));
    assert_eq!(replayed.json, first.json);
    scan(&keyed, "something else").await.assert_status(422).assert_problem("KEY_REUSED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_searched_for_its_code() {
    let floor = Floor::new().await;
    let item = Line::new(&floor, floor.north()).await.item("A-0001").await;
    let operator = floor.as_("operator");
    let answer = scan_picture(&operator, &label(&format!("item:{item}")), Some(item.to_string())).await.ok();
    assert_eq!((&answer["result"], &answer["item"]["code"]), (&json!("success"), &json!("A-0001")));

    let nothing = scan_picture(&operator, &jpeg(1), None).await.ok();
    assert_eq!((&nothing["result"], &nothing["verdict"]), (&json!("error"), &json!(null)));
    assert!(nothing["explanation"].as_str().unwrap().starts_with("No code could be read"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_that_are_none_or_too_much_are_refused() {
    let floor = Floor::new().await;
    let operator = floor.as_("operator");
    let zip_behind_png = [b"\x89PNG\r\n\x1A\n".as_slice(), b"PK\x03\x04 the rest of an archive"].concat();
    for (picture, status, code) in [
        (b"PK\x03\x04 an archive called a.png".to_vec(), 415, "IMAGE_NOT_A_PICTURE"),
        (zip_behind_png, 422, "IMAGE_DAMAGED"),
        (bomb(), 413, "IMAGE_TOO_MANY_PIXELS"),
        (Vec::new(), 422, "IMAGE_EMPTY"),
    ] {
        let answer = scan_picture(&operator, &picture, None).await;
        answer.assert_status(status);
        assert_eq!(answer.json["context"]["code"], code, "{answer}");
    }
    scan_picture(&operator, &vec![0; (10 << 20) + 1], None).await.assert_status(413).assert_problem("TOO_LARGE");
    let no_form =
        operator.send_bytes("POST", "/v1/scans", "multipart/form-data; boundary=edge", b"nothing".to_vec()).await;
    no_form.assert_status(400);
    let without = b"--edge\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n--edge--\r\n".to_vec();
    let without = operator.send_bytes("POST", "/v1/scans", "multipart/form-data; boundary=edge", without).await;
    without.assert_status(422).assert_field("image");
    operator.send_bytes("POST", "/v1/scans", "image/png", bomb()).await.assert_status(415);
    assert!(floor.as_("supervisor").get("/v1/scans").await.rows().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_that_cannot_be_codes_are_refused() {
    let floor = Floor::new().await;
    let operator = floor.as_("operator");
    scan(&operator, " ").await.assert_status(422).assert_field("raw");
    scan(&operator, &"x".repeat(9000)).await.assert_status(422).assert_field("raw");
    scan(&operator, "a\0b").await.assert_status(422).assert_field("raw");
    operator.post("/v1/scans", json!({ "text": "x" })).await.assert_status(400);
    let item = Line::new(&floor, floor.south()).await.item("B-0001").await;
    let of_another = json!({ "raw": "x", "item_id": item });
    operator.post("/v1/scans", of_another).await.assert_status(404).assert_problem("NOT_FOUND");
    floor.aurora().admin().post("/v1/scans", json!({ "raw": "x" })).await.assert_status(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_scans_at_once_are_held_back_to_ten() {
    let floor = Floor::new().await;
    let operator = floor.as_("operator");
    let begun = std::time::Instant::now();
    // A hundred connections are enough to be far beyond ten; a thousand would try the machine instead of the pace.
    let answers: Vec<Answer> = stream::iter(0..1000)
        .map(async |n| scan(&operator, &format!("code {n}")).await)
        .buffer_unordered(100)
        .collect()
        .await;
    // However slow the machine is: ten in every five seconds are taken. A busy one tells others to come again.
    let taken = answers.iter().filter(|answer| answer.status == 200).count();
    let windows = usize::try_from(begun.elapsed().as_secs() / 5).unwrap() + 1;
    assert!((1..=10 * (windows + 1)).contains(&taken), "{taken} in {windows} times five seconds");
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 429 | 503)));
    let refused = answers.iter().find(|answer| answer.status == 429).unwrap();
    refused.assert_problem("TOO_MANY");
    assert!((1..=5).contains(&refused.header("retry-after").unwrap().parse::<u64>().unwrap()));
    scan(&floor.north().second_operator(), "mine").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_day_is_counted_by_result_and_kind() {
    let floor = Floor::new().await;
    let item = Line::new(&floor, floor.north()).await.item("A-0001").await;
    let (operator, supervisor) = (floor.as_("operator"), floor.as_("supervisor"));
    scan(&operator, &format!("item:{item}")).await.assert_status(200);
    scan(&operator, "one thing").await.assert_status(200);
    scan(&supervisor, "another thing").await.assert_status(200);
    let counted = supervisor.get("/v1/scans/statistics").await.ok();
    insta::assert_json_snapshot!(redacted(&counted), @r#"
    {
      "by_kind": {
        "item": 1,
        "text": 2
      },
      "error": 0,
      "from": "[time]",
      "invalid": 2,
      "success": 1,
      "success_percent": 33.3,
      "to": "[time]",
      "total": 3
    }
    "#);
    let person = floor.north().person("supervisor").id;
    let own = supervisor.get(&format!("/v1/scans/statistics?user_id={person}")).await.ok();
    assert_eq!((&own["total"], &own["success_percent"]), (&json!(1), &json!(0.0)));
    assert_eq!(floor.south().supervisor().get("/v1/scans/statistics").await.ok()["total"], 0);

    let pages = supervisor.get("/v1/scans?limit=2").await;
    assert_eq!(pages.rows()[0]["raw"], "another thing");
    let rest = supervisor.get(&format!("/v1/scans?limit=2&cursor={}", pages.text("next_cursor"))).await;
    assert_eq!(rest.rows().len(), 1);
    assert_eq!(supervisor.get(&format!("/v1/scans?user_id={person}")).await.rows().len(), 1);
}
