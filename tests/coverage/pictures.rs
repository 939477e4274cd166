//! The routes of photos, uploads and scans.

use serde_json::json;
use uuid::Uuid;

use super::Access::Needs;
use super::Route;
use crate::harness::Floor;
use crate::harness::upload::{BYTES, begin, jpeg};

const TUS: &[(&str, &str)] = &[("tus-resumable", "1.0.0")];

routes! {
    POST "/v1/uploads" => Needs("photo:upload"), with &[("tus-resumable", "1.0.0"), ("upload-length", "3"),
        ("upload-metadata", "mime aW1hZ2UvanBlZw==,sha256 YmE3ODE2YmY4ZjAxY2ZlYTQxNDE0MGRlNWRhZTIyMjNiMDAzNjFhMzk2MTc3YTljYjQxMGZmNjFmMjAwMTVhZA==")];
    HEAD "/v1/uploads/{id}" => Needs("photo:upload"), at upload, with TUS;
    PATCH "/v1/uploads/{id}" => Needs("photo:upload"), at upload, with &[("tus-resumable", "1.0.0"), ("upload-offset", "0"), ("content-type", BYTES)];
    DELETE "/v1/uploads/{id}" => Needs("photo:upload"), at upload, with TUS;

    GET "/v1/photos" => Needs("photo:view");
    GET "/v1/photos/{id}" => Needs("photo:view"), at photo;
    GET "/v1/photos/{id}/content" => Needs("photo:view"), at photo;

    POST "/v1/scans" => Needs("scan:record"), sending json!({ "raw": Uuid::new_v4().to_string() });
    GET "/v1/scans" => Needs("scan:view");
    GET "/v1/scans/statistics" => Needs("scan:view");
}

async fn upload(floor: &Floor) -> Vec<String> {
    let place = begin(&floor.north().admin(), &jpeg(1)).await;
    vec![place.rsplit('/').next().unwrap().to_owned()]
}

async fn photo(floor: &Floor) -> Vec<String> {
    vec![crate::harness::upload::upload(&floor.north().admin(), &jpeg(2)).await]
}
