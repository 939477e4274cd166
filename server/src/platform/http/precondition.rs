//! Row versions over HTTP: `ETag` out, `If-Match` in.

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{FromRequest, HttpRequest};
use serde::Deserialize;
use std::future::{Ready, ready};

use super::codes::Code;
use super::error::ApiError;

/// The version the client changes, from `If-Match`. Extracting it answers 428 when the header is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IfMatch(pub i64);

impl IfMatch {
    /// Compares with the row's present version.
    ///
    /// # Errors
    /// 412 when the row was changed meanwhile.
    pub fn check(self, version: i64) -> Result<(), ApiError> {
        if self.0 == version {
            return Ok(());
        }
        Err(ApiError::new(Code::VersionMismatch, format!("It is at version {version} now; load it again.")))
    }
}

impl FromRequest for IfMatch {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match request.headers().get(header::IF_MATCH) {
            None => Err(ApiError::new(Code::VersionRequired, "Send the ETag of the version you change as If-Match.")),
            Some(value) => value
                .to_str()
                .ok()
                .and_then(|text| text.trim_start_matches("W/").trim_matches('"').parse().ok())
                .map(IfMatch)
                .ok_or_else(|| ApiError::new(Code::BadRequest, "If-Match is not an ETag of this server.")),
        })
    }
}

/// The `ETag` of a row's version.
pub fn etag(version: i64) -> (header::HeaderName, HeaderValue) {
    let value = HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"0\""));
    (header::ETAG, value)
}

/// The `ETag` of a row as an answer's JSON shows it; none for an answer without a version.
pub fn etag_of(body: &[u8]) -> Option<(header::HeaderName, HeaderValue)> {
    #[derive(Deserialize)]
    struct Versioned {
        version: i64,
    }
    serde_json::from_slice::<Versioned>(body).ok().map(|row| etag(row.version))
}
