//! Photos: what is known of them, and what is shown.

use diesel_async::RunQueryDsl as _;
use floorline_server::platform::db::sql;
use floorline_server::platform::storage::sha256;
use image::{GenericImageView as _, ImageFormat};
use serde_json::json;

use crate::harness::line::{Line, ends};
use crate::harness::upload::{jpeg, picture, upload};
use crate::harness::{Floor, redacted};

#[derive(diesel::QueryableByName)]
struct Kept {
    #[diesel(sql_type = diesel::sql_types::Jsonb)]
    metadata: serde_json::Value,
}

/// A JPEG with EXIF as a phone writes it: held on its side, and with the place.
fn from_a_phone() -> Vec<u8> {
    let plain = picture(9, 1600, 800, ImageFormat::Jpeg);
    let (start, rest) = plain.split_at(2);
    let tiff = tiff();
    let length = u16::try_from(tiff.len() + 8).unwrap().to_be_bytes();
    [start, b"\xFF\xE1", &length, b"Exif\0\0", &tiff, rest].concat()
}

/// Little-endian TIFF: make, orientation 6 (turn right), and a GPS folder with 10°30′ S 106° E.
fn tiff() -> Vec<u8> {
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value].concat()
    };
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    bytes.extend(3u16.to_le_bytes());
    bytes.extend(entry(0x010F, 2, 4, *b"Cam\0"));
    bytes.extend(entry(0x0112, 3, 1, [6, 0, 0, 0]));
    bytes.extend(entry(0x8825, 4, 1, 50u32.to_le_bytes()));
    bytes.extend(0u32.to_le_bytes());
    bytes.extend(4u16.to_le_bytes());
    bytes.extend(entry(1, 2, 2, *b"S\0\0\0"));
    bytes.extend(entry(2, 5, 3, 104u32.to_le_bytes()));
    bytes.extend(entry(3, 2, 2, *b"E\0\0\0"));
    bytes.extend(entry(4, 5, 3, 128u32.to_le_bytes()));
    bytes.extend(0u32.to_le_bytes());
    for value in [10u32, 1, 30, 1, 0, 1, 106, 1, 0, 1, 0, 1] {
        bytes.extend(value.to_le_bytes());
    }
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_says_what_the_camera_said_but_not_where() {
    let floor = Floor::new().await;
    let operator = floor.as_("operator");
    let id = upload(&operator, &from_a_phone()).await;
    let mut photo = operator.get(&format!("/v1/photos/{id}")).await.ok();
    // The encoder's business, not ours.
    photo["size"] = json!("[size]");
    insta::assert_json_snapshot!(redacted(&photo), @r#"
    {
      "created_at": "[time]",
      "created_by": "[id]",
      "height": 1600,
      "id": "[id]",
      "metadata": {
        "make": "Cam",
        "orientation": 6
      },
      "mime": "image/jpeg",
      "references": [],
      "sha256": "[hash]",
      "size": "[size]",
      "taken_at": null,
      "width": 800
    }
    "#);
    // It is in the record all the same.
    let kept: Kept =
        sql("SELECT metadata FROM photos").get_result(floor.tenant(floor.north().id()).await.conn()).await.unwrap();
    assert_eq!(kept.metadata["gps"], json!({ "latitude_deg": -10.5, "longitude_deg": 106.0 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_upright_small_and_say_nothing_of_the_place() {
    let floor = Floor::new().await;
    let operator = floor.as_("operator");
    let original = from_a_phone();
    let id = upload(&operator, &original).await;
    assert!(exif::Reader::new().read_from_container(&mut std::io::Cursor::new(&original)).is_ok());
    for (query, size) in
        [("?size=thumb", (160, 320)), ("", (640, 1280)), ("?size=screen", (640, 1280)), ("?size=full", (800, 1600))]
    {
        let copy = operator.get(&format!("/v1/photos/{id}/content{query}")).await;
        copy.assert_status(200);
        assert_eq!(copy.header("content-type"), Some("image/jpeg"));
        assert_eq!(copy.header("cache-control"), Some("private, max-age=3600"));
        assert_eq!(image::load_from_memory(&copy.body).unwrap().dimensions(), size, "{query}");
        assert!(exif::Reader::new().read_from_container(&mut std::io::Cursor::new(&copy.body)).is_err());
    }
    operator.get(&format!("/v1/photos/{id}/content?size=huge")).await.assert_status(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_the_client_has_is_not_sent_again() {
    let floor = Floor::new().await;
    let operator = floor.as_("operator");
    let id = upload(&operator, &jpeg(1)).await;
    let path = format!("/v1/photos/{id}/content?size=thumb");
    let first = operator.get(&path).await;
    let tag = first.header("etag").unwrap().to_owned();
    let again = operator.with("if-none-match", &tag).get(&path).await;
    again.assert_status(304);
    assert!(again.body.is_empty());
    assert_eq!(operator.with("if-none-match", "\"another\"").get(&path).await.body, first.body);

    let kept = format!("{}/copies/{}/thumb", floor.north().id(), sha256(&jpeg(1)));
    assert_eq!(floor.app.objects.get(&kept, 1 << 20).await.unwrap(), first.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_are_listed_newest_first_by_page_item_and_hash() {
    let floor = Floor::new().await;
    let operator = floor.as_("operator");
    let line = Line::new(&floor, floor.north()).await;
    let (item, photo) = (line.item("A-0001").await, jpeg(1));
    let mut phone = line.phone(floor.north().person("operator").id).await;
    let written = phone.write([json!({
        "op": "action.complete", "item_id": item, "action_id": "cut.scan", "stage": "cut",
        "data": { "raw": format!("item:{item}") },
        "blobs": [{ "sha256": sha256(&photo), "size": photo.len(), "mime": "image/jpeg", "role": "front" }],
    })]);
    let answer = floor.app.engine.submit(written).await;
    assert_eq!(ends(&answer), ["applied"]);
    let mut ids = Vec::new();
    for seed in 1..=3 {
        ids.push(upload(&operator, &jpeg(seed)).await);
    }
    ids.reverse();

    let first = operator.get("/v1/photos?limit=2").await;
    let cursor = first.text("next_cursor");
    let second = operator.get(&format!("/v1/photos?limit=2&cursor={cursor}")).await;
    let listed: Vec<_> = first.rows().iter().chain(second.rows()).map(|row| row["id"].clone()).collect();
    assert_eq!(json!(listed), json!(ids));
    assert_eq!(second.json["next_cursor"], json!(null));

    let of_item = operator.get(&format!("/v1/photos?item_id={item}")).await;
    assert_eq!(of_item.rows().len(), 1);
    let references = json!([{ "item_id": item, "action_id": "cut.scan", "role": "front" }]);
    assert_eq!(of_item.rows()[0]["references"], references);
    let by_hash = operator.get(&format!("/v1/photos?sha256={}", sha256(&jpeg(2)))).await;
    assert_eq!(by_hash.rows()[0]["id"], json!(ids[1]));
    assert!(floor.south().operator().get("/v1/photos").await.rows().is_empty());
}
