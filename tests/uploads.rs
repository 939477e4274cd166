//! Uploads, as tus 1.0 has them: whole, in pieces, interrupted, wrong and hostile.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use floorline_server::platform::storage::sha256;
use image::ImageFormat;
use serde_json::json;

use crate::harness::Floor;
use crate::harness::upload::{BYTES, announce, begin, jpeg, metadata, picture, send, tus, upload};

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_is_uploaded_in_pieces_and_is_there() {
    let floor = Floor::new().await;
    let (operator, bytes) = (floor.as_("operator"), jpeg(1));
    let place = begin(&operator, &bytes).await;
    let (first, rest) = bytes.split_at(100);

    let answer = send(&operator, &place, 0, first).await;
    answer.assert_status(204);
    assert_eq!(answer.header("upload-offset"), Some("100"));
    assert_eq!(answer.header("tus-resumable"), Some("1.0.0"));
    assert!(answer.header("upload-expires").unwrap().ends_with("GMT"));
    assert_eq!(answer.header("content-location"), None);

    let answer = send(&operator, &place, 100, rest).await;
    answer.assert_status(204);
    let photo = operator.get(answer.header("content-location").unwrap()).await.ok();
    assert_eq!(photo["sha256"], sha256(&bytes));
    assert_eq!((&photo["width"], &photo["height"]), (&json!(64), &json!(48)));
    assert_eq!(photo["mime"], "image/jpeg");

    let path = format!("{}/photos/{}/{}", floor.north().id(), &sha256(&bytes)[..2], sha256(&bytes));
    assert_eq!(floor.app.objects.get(&path, 1 << 20).await.unwrap(), bytes);
    let head = tus(&operator).send("HEAD", &place, None).await;
    assert_eq!(head.header("upload-offset"), Some(bytes.len().to_string().as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_was_cut_off_goes_on_where_it_stands() {
    let floor = Floor::new().await;
    let (operator, bytes) = (floor.as_("operator"), jpeg(1));
    let place = begin(&operator, &bytes).await;
    send(&operator, &place, 0, &bytes[..70]).await.assert_status(204);

    send(&operator, &place, 0, &bytes[..70]).await.assert_status(409).assert_problem("STATE_CONFLICT");
    let ahead = send(&operator, &place, 90, &bytes[90..]).await;
    ahead.assert_status(409);
    assert_eq!(ahead.json["context"]["upload_offset"], 70);

    let head = tus(&operator).send("HEAD", &place, None).await;
    head.assert_status(200);
    assert_eq!(head.header("upload-offset"), Some("70"));
    assert_eq!(head.header("upload-length"), Some(bytes.len().to_string().as_str()));
    assert_eq!(head.header("upload-metadata"), Some(metadata(&sha256(&bytes), "image/jpeg").as_str()));
    assert_eq!(head.header("cache-control"), Some("no-store"));
    send(&operator, &place, 70, &bytes[70..]).await.assert_status(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_photo_is_stored_in_parts_of_a_mebibyte() {
    let floor = Floor::new().await;
    // Noise does not compress: about three megabytes.
    let noise = image::RgbImage::from_fn(1000, 1000, |x, y| {
        let mixed = (x ^ (y << 10)).wrapping_mul(2_654_435_761);
        image::Rgb([mixed >> 24, mixed >> 16, mixed >> 8].map(|level| u8::try_from(level & 255).unwrap()))
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    noise.write_to(&mut bytes, ImageFormat::Png).unwrap();
    let bytes = bytes.into_inner();
    assert!(bytes.len() > 2 << 20);
    let id = upload(&floor.as_("operator"), &bytes).await;
    let photo = floor.as_("operator").get(&format!("/v1/photos/{id}")).await.ok();
    assert_eq!((&photo["mime"], &photo["size"]), (&json!("image/png"), &json!(bytes.len())));
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_here_already_are_not_sent_again() {
    let floor = Floor::new().await;
    let bytes = jpeg(1);
    let id = upload(&floor.as_("operator"), &bytes).await;
    let length = u64::try_from(bytes.len()).unwrap();

    let again = announce(&floor.north().second_operator(), length, &sha256(&bytes).to_uppercase()).await;
    again.assert_status(201);
    assert_eq!(again.header("upload-offset"), Some(length.to_string().as_str()));
    assert_eq!(again.header("content-location"), Some(format!("/v1/photos/{id}").as_str()));

    // Another organisation is told nothing of it.
    let elsewhere = announce(&floor.south().operator(), length, &sha256(&bytes)).await;
    elsewhere.assert_status(201);
    assert_eq!(elsewhere.header("upload-offset"), Some("0"));
    assert_ne!(upload(&floor.south().operator(), &bytes).await, id);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_upload_the_same_bytes_get_one_photo() {
    let floor = Floor::new().await;
    let (one, other, bytes) = (floor.north().operator(), floor.north().second_operator(), jpeg(1));
    let (first, second) = (begin(&one, &bytes).await, begin(&other, &bytes).await);
    let (a, b) = tokio::join!(send(&one, &first, 0, &bytes), send(&other, &second, 0, &bytes));
    assert_eq!((a.status, b.status), (204, 204), "{a} {b}");
    assert_eq!(a.header("content-location"), b.header("content-location"));
    assert_eq!(one.get("/v1/photos").await.rows().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_large_is_refused_before_a_byte_is_sent() {
    let floor = Floor::new().await;
    let operator = floor.as_("operator");
    let answer = announce(&operator, 200 * 1024 * 1024, &"ab".repeat(32)).await;
    answer.assert_status(413).assert_problem("TOO_LARGE");
    assert_eq!(answer.json["context"]["limit_bytes"], 10 * 1024 * 1024);
    assert_eq!(answer.header("tus-resumable"), Some("1.0.0"));

    let organization = format!("/v1/organizations/{}", floor.north().id());
    let own = |bytes: u64| json!({ "settings": { "photo_bytes": bytes } });
    let admin = floor.as_("admin");
    let version = admin.get(&organization).await.version();
    admin.if_match(version).patch(&organization, own(20 << 20)).await.assert_status(200);
    announce(&operator, 20 << 20, &"ab".repeat(32)).await.assert_status(201);
    announce(&operator, (20 << 20) + 1, &"ab".repeat(32)).await.assert_status(413);
    admin.if_match(version + 1).patch(&organization, own(1 << 30)).await.assert_status(200);
    announce(&operator, 50 << 20, &"ab".repeat(32)).await.assert_status(201);
    announce(&operator, (50 << 20) + 1, &"ab".repeat(32)).await.assert_status(413);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_bytes_than_announced_are_refused() {
    let floor = Floor::new().await;
    let (operator, bytes) = (floor.as_("operator"), jpeg(1));
    let place = begin(&operator, &bytes).await;
    let longer = [bytes.as_slice(), b"and more"].concat();
    send(&operator, &place, 0, &longer).await.assert_status(413).assert_problem("TOO_LARGE");
    send(&operator, &place, 0, &bytes).await.assert_status(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_hash_to_something_else_drop_the_upload() {
    let floor = Floor::new().await;
    let (operator, bytes) = (floor.as_("operator"), jpeg(1));
    let answer = announce(&operator, u64::try_from(bytes.len()).unwrap(), &sha256(b"other")).await;
    let place = answer.header("location").unwrap().to_owned();
    send(&operator, &place, 0, &bytes).await.assert_status(460).assert_problem("CHECKSUM_MISMATCH");
    assert_eq!(tus(&operator).send("HEAD", &place, None).await.status, 404);
    assert!(operator.get("/v1/photos").await.rows().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_piece_with_a_checksum_counts_only_when_it_fits() {
    let floor = Floor::new().await;
    let (operator, bytes) = (floor.as_("operator"), jpeg(1));
    let place = begin(&operator, &bytes).await;
    let sent = |checksum: String| tus(&operator).with("upload-offset", "0").with("upload-checksum", &checksum);

    let wrong = sent(format!("sha256 {}", STANDARD.encode([7; 32])));
    wrong.send_bytes("PATCH", &place, BYTES, bytes.clone()).await.assert_status(460);
    assert_eq!(tus(&operator).send("HEAD", &place, None).await.header("upload-offset"), Some("0"));
    sent("crc32 AAAA".into()).send_bytes("PATCH", &place, BYTES, bytes.clone()).await.assert_status(400);

    let hash: [u8; 32] = std::array::from_fn(|n| u8::from_str_radix(&sha256(&bytes)[n * 2..n * 2 + 2], 16).unwrap());
    let right = sent(format!("sha256 {}", STANDARD.encode(hash)));
    right.send_bytes("PATCH", &place, BYTES, bytes.clone()).await.assert_status(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_picture_is_refused_and_dropped() {
    let floor = Floor::new().await;
    let operator = floor.as_("operator");
    let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec();
    let zip_behind_png = [b"\x89PNG\r\n\x1A\n".as_slice(), b"PK\x03\x04 the rest of an archive"].concat();
    let mut cut = picture(1, 300, 300, ImageFormat::Png);
    cut.truncate(cut.len() / 2);
    for (bytes, status, code, words) in [
        (b"PK\x03\x04 an archive called photo.png".to_vec(), 415, "IMAGE_NOT_A_PICTURE", "a ZIP archive"),
        (heic, 415, "IMAGE_KIND_UNSUPPORTED", "HEIC pictures cannot be read here"),
        (zip_behind_png, 422, "IMAGE_DAMAGED", "damaged"),
        (cut, 422, "IMAGE_DAMAGED", "damaged"),
        (bomb(), 413, "IMAGE_TOO_MANY_PIXELS", "50000 × 50000"),
    ] {
        let place = begin(&operator, &bytes).await;
        let answer = send(&operator, &place, 0, &bytes).await;
        answer.assert_status(status);
        assert_eq!(answer.json["context"]["code"], code, "{answer}");
        assert!(answer.text("detail").contains(words), "{answer}");
        assert_eq!(tus(&operator).send("HEAD", &place, None).await.status, 404);
        let path = format!("{}/photos/{}/{}", floor.north().id(), &sha256(&bytes)[..2], sha256(&bytes));
        assert_eq!(floor.app.objects.size(&path).await.unwrap(), None);
    }
    assert!(operator.get("/v1/photos").await.rows().is_empty());
}

/// A hundred bytes of PNG whose header claims 50,000 by 50,000 pixels.
pub fn bomb() -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(50_000u32.to_be_bytes());
    header.extend(50_000u32.to_be_bytes());
    header.extend([8, 0, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1A\n".to_vec();
    for chunk in [header, b"IDAT\x78\x9c\x63\x00".to_vec(), b"IEND".to_vec()] {
        let crc = !chunk.iter().fold(u32::MAX, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
        });
        png.extend(u32::try_from(chunk.len() - 4).unwrap().to_be_bytes());
        png.extend(&chunk);
        png.extend(crc.to_be_bytes());
    }
    png
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_there_for_who_began_it_only() {
    let floor = Floor::new().await;
    let bytes = jpeg(1);
    let place = begin(&floor.north().operator(), &bytes).await;
    for other in [floor.north().second_operator(), floor.north().admin(), floor.south().operator()] {
        assert_eq!(tus(&other).send("HEAD", &place, None).await.status, 404);
        send(&other, &place, 0, &bytes).await.assert_problem("NOT_FOUND");
        tus(&other).send("DELETE", &place, None).await.assert_problem("NOT_FOUND");
    }
    send(&floor.aurora().viewer(), &place, 0, &bytes).await.assert_status(403);
    send(&floor.stranger(), &place, 0, &bytes).await.assert_status(401);
    send(&floor.north().operator(), &place, 0, &bytes).await.assert_status(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_can_be_given_up() {
    let floor = Floor::new().await;
    let (operator, bytes) = (tus(&floor.as_("operator")), jpeg(1));
    let place = begin(&operator, &bytes).await;
    send(&operator, &place, 0, &bytes[..50]).await.assert_status(204);
    operator.send("DELETE", &place, None).await.assert_status(204);
    operator.send("DELETE", &place, None).await.assert_status(404);
    send(&operator, &place, 50, &bytes[50..]).await.assert_status(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_not_tus_are_told_what_is() {
    let floor = Floor::new().await;
    let (operator, bytes) = (floor.as_("operator"), jpeg(1));
    let options = floor.stranger().send("OPTIONS", "/v1/uploads", None).await;
    options.assert_status(204);
    assert_eq!(options.header("tus-version"), Some("1.0.0"));
    assert_eq!(options.header("tus-extension"), Some("creation,expiration,checksum,termination"));
    assert_eq!(options.header("tus-checksum-algorithm"), Some("sha1,sha256"));
    assert_eq!(options.header("tus-max-size"), Some("52428800"));
    let own = operator.send("OPTIONS", "/v1/uploads", None).await;
    assert_eq!(own.header("tus-max-size"), Some("10485760"));

    let newer = operator.with("tus-resumable", "2.0.0").send("POST", "/v1/uploads", None).await;
    newer.assert_status(412).assert_problem("TUS_VERSION");
    assert_eq!(newer.header("tus-version"), Some("1.0.0"));
    tus(&operator).send("POST", "/v1/uploads", None).await.assert_status(400);
    announce(&operator, 0, &sha256(b"")).await.assert_status(422).assert_field("Upload-Length");
    announce(&operator, 5, "abc").await.assert_status(422).assert_field("sha256");

    let place = begin(&operator, &bytes).await;
    let patch = tus(&operator);
    patch.send_bytes("PATCH", &place, BYTES, bytes.clone()).await.assert_status(400);
    let at = patch.with("upload-offset", "0");
    at.send_bytes("PATCH", &place, "image/jpeg", bytes.clone()).await.assert_status(415);
    patch.with("upload-offset", "-1").send_bytes("PATCH", &place, BYTES, bytes.clone()).await.assert_status(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_at_the_end_of_a_finished_upload_is_told_what_it_became() {
    let floor = Floor::new().await;
    let (operator, bytes) = (floor.as_("operator"), jpeg(1));
    let id = upload(&operator, &bytes).await;
    let again = announce(&operator, u64::try_from(bytes.len()).unwrap(), &sha256(&bytes)).await;
    let place = again.header("location").unwrap();
    for _ in 0..2 {
        let answer = send(&operator, place, bytes.len(), b"").await;
        answer.assert_status(204);
        assert_eq!(answer.header("content-location"), Some(format!("/v1/photos/{id}").as_str()));
    }
    send(&operator, place, bytes.len(), b"and more").await.assert_status(413);
    tus(&operator).send("HEAD", place, None).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_piece_sent_twice_at_once_counts_once() {
    let floor = Floor::new().await;
    let (operator, bytes) = (floor.as_("operator"), jpeg(1));
    let place = begin(&operator, &bytes).await;
    let (a, b) = tokio::join!(send(&operator, &place, 0, &bytes), send(&operator, &place, 0, &bytes));
    let mut ends = [a.status, b.status];
    ends.sort_unstable();
    assert!(matches!(ends, [204, 409]), "{a} {b}");
    let head = tus(&operator).send("HEAD", &place, None).await;
    assert_eq!(head.header("upload-offset"), Some(bytes.len().to_string().as_str()));
    assert_eq!(operator.get("/v1/photos").await.rows().len(), 1);
}
