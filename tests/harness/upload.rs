//! Photos for tests, and tus as a well-behaved client speaks it.

use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use floorline_server::platform::storage::sha256;
use image::{ImageFormat, Rgb, RgbImage};

use super::{Answer, Client};

/// The type of an upload's bytes.
pub const BYTES: &str = "application/offset+octet-stream";

/// A picture that is like no other: `seed` colours it.
pub fn picture(seed: u8, width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let step = |n: u32| u8::try_from(n % 200).unwrap();
    let image = RgbImage::from_fn(width, height, |x, y| Rgb([seed, step(x), step(y)]));
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A JPEG of 64 by 48 pixels.
pub fn jpeg(seed: u8) -> Vec<u8> {
    picture(seed, 64, 48, ImageFormat::Jpeg)
}

/// The same client, speaking tus.
pub fn tus(client: &Client) -> Client {
    client.with("tus-resumable", "1.0.0")
}

/// `Upload-Metadata` for these bytes.
pub fn metadata(sha256: &str, mime: &str) -> String {
    format!("sha256 {},mime {}", STANDARD.encode(sha256), STANDARD.encode(mime))
}

/// Announces an upload.
pub async fn announce(client: &Client, length: u64, sha256: &str) -> Answer {
    let client =
        tus(client).with("upload-length", &length.to_string()).with("upload-metadata", &metadata(sha256, "image/jpeg"));
    client.send("POST", "/v1/uploads", None).await
}

/// Announces these bytes; where they are to be sent.
pub async fn begin(client: &Client, bytes: &[u8]) -> String {
    let answer = announce(client, u64::try_from(bytes.len()).unwrap(), &sha256(bytes)).await;
    answer.assert_status(201);
    answer.header("location").unwrap().to_owned()
}

/// Sends bytes that belong at `offset`.
pub async fn send(client: &Client, place: &str, offset: usize, bytes: &[u8]) -> Answer {
    let client = tus(client).with("upload-offset", &offset.to_string());
    client.send_bytes("PATCH", place, BYTES, bytes.to_vec()).await
}

/// Uploads a photo at once, unless it is there already; its id.
pub async fn upload(client: &Client, bytes: &[u8]) -> String {
    let mut answer = announce(client, u64::try_from(bytes.len()).unwrap(), &sha256(bytes)).await;
    answer.assert_status(201);
    if answer.header("upload-offset") == Some("0") {
        answer = send(client, answer.header("location").unwrap(), 0, bytes).await;
        answer.assert_status(204);
    }
    answer.header("content-location").unwrap().rsplit('/').next().unwrap().to_owned()
}
