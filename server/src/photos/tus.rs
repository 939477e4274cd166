//! The words of tus 1.0: what an upload's headers say.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpRequest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use floorline_mobile_sync::chain::Hash;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::platform::http::{ApiError, Code};

/// The version spoken.
pub(super) const VERSION: &str = "1.0.0";
/// The extensions offered.
pub(super) const EXTENSIONS: &str = "creation,expiration,checksum,termination";
/// Checksums of a single PATCH that are understood.
pub(super) const CHECKSUMS: &str = "sha1,sha256";

/// The request says that it speaks tus 1.0; 412 otherwise.
#[derive(Debug)]
pub(super) struct Resumable;

impl FromRequest for Resumable {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let said = text(request.headers(), "tus-resumable");
        ready(match said {
            Some(VERSION) => Ok(Self),
            _ => Err(ApiError::new(Code::TusVersion, "Send Tus-Resumable: 1.0.0.")),
        })
    }
}

/// A new upload, as its headers announce it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Announced {
    /// Bytes.
    pub(super) length: i64,
    /// What they hash to, in lower-case hexadecimal.
    pub(super) sha256: String,
    /// What they are said to be.
    pub(super) mime: String,
    /// The whole `Upload-Metadata`, to be given back.
    pub(super) metadata: String,
}

impl Announced {
    /// Reads the headers of a creation.
    ///
    /// # Errors
    /// 400 for headers that cannot be read, 422 for a hash that is none.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, ApiError> {
        let length = number(headers, "upload-length")?
            .ok_or_else(|| bad("Send the photo's size as Upload-Length; it cannot be deferred."))?;
        let metadata = text(headers, "upload-metadata")
            .filter(|metadata| metadata.len() <= METADATA_BYTES)
            .ok_or_else(|| bad("Send sha256 and mime in Upload-Metadata, of at most 4 KiB."))?;
        let sha256 = value(metadata, "sha256")?.to_ascii_lowercase();
        if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(ApiError::invalid_field("sha256", "FORMAT", "sha256 has 64 hexadecimal digits."));
        }
        Self { length, sha256, mime: value(metadata, "mime")?, metadata: metadata.to_owned() }.checked()
    }

    /// An upload whose bytes are here already.
    ///
    /// # Errors
    /// 422 for one that cannot be a photo.
    pub(super) fn of(length: i64, sha256: Hash, mime: &str) -> Result<Self, ApiError> {
        let sha256 = sha256.to_string();
        let metadata = format!("sha256 {},mime {}", STANDARD.encode(&sha256), STANDARD.encode(mime));
        Self { length, sha256, mime: mime.to_owned(), metadata }.checked()
    }

    fn checked(self) -> Result<Self, ApiError> {
        if self.length == 0 {
            return Err(ApiError::invalid_field("Upload-Length", "OUT_OF_RANGE", "A photo has at least one byte."));
        }
        if self.mime.is_empty() || self.mime.len() > 100 || self.mime.chars().any(char::is_control) {
            return Err(ApiError::invalid_field("mime", "LENGTH", "mime has 1 to 100 characters."));
        }
        Ok(self)
    }
}

/// Bytes that `Upload-Metadata` may have.
const METADATA_BYTES: usize = 4096;

/// One value of `Upload-Metadata`: pairs of a key and its value in base64, between commas.
fn value(metadata: &str, key: &str) -> Result<String, ApiError> {
    let mut found = metadata.split(',').filter_map(|pair| {
        let (name, value) = pair.trim().split_once(' ')?;
        (name == key).then_some(value)
    });
    let encoded = found.next().ok_or_else(|| bad(format!("Upload-Metadata has no {key}.")))?;
    if found.next().is_some() {
        return Err(bad(format!("Upload-Metadata has {key} twice.")));
    }
    let bytes = STANDARD.decode(encoded.trim()).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| bad(format!("{key} in Upload-Metadata is not base64 of a text.")))
}

/// What a PATCH says of the bytes it brings.
#[derive(Debug)]
pub(super) struct Chunk {
    /// Where they belong.
    pub(super) offset: i64,
    /// How many there are, unless they come chunked.
    pub(super) length: Option<i64>,
    /// What they hash to.
    pub(super) checksum: Option<Checksum>,
}

impl Chunk {
    /// Reads the headers of a PATCH.
    ///
    /// # Errors
    /// 400 for headers that cannot be read, 415 for another type of body.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, ApiError> {
        if text(headers, "content-type") != Some("application/offset+octet-stream") {
            return Err(ApiError::new(Code::UnsupportedMedia, "Send the bytes as application/offset+octet-stream."));
        }
        let offset = number(headers, "upload-offset")?.ok_or_else(|| bad("Send Upload-Offset."))?;
        let length = number(headers, header::CONTENT_LENGTH.as_str())?;
        let checksum = text(headers, "upload-checksum").map(Checksum::read).transpose()?;
        Ok(Self { offset, length, checksum })
    }
}

/// Hashes what comes, to be compared at the end.
#[derive(Debug)]
pub(super) struct Checksum {
    hasher: Hasher,
    expected: Vec<u8>,
}

#[derive(Debug)]
enum Hasher {
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Checksum {
    fn read(text: &str) -> Result<Self, ApiError> {
        let (algorithm, encoded) = text.split_once(' ').unwrap_or((text, ""));
        let hasher = match algorithm {
            "sha1" => Hasher::Sha1(Sha1::new()),
            "sha256" => Hasher::Sha256(Sha256::new()),
            _ => return Err(bad(format!("Upload-Checksum is one of {CHECKSUMS}."))),
        };
        let expected = STANDARD.decode(encoded.trim()).map_err(|_| bad("Upload-Checksum is not base64."))?;
        Ok(Self { hasher, expected })
    }

    /// Takes the next bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        match &mut self.hasher {
            Hasher::Sha1(hasher) => hasher.update(bytes),
            Hasher::Sha256(hasher) => hasher.update(bytes),
        }
    }

    /// Whether they were what was announced.
    pub(super) fn fits(self) -> bool {
        match self.hasher {
            Hasher::Sha1(hasher) => hasher.finalize().as_slice() == self.expected,
            Hasher::Sha256(hasher) => hasher.finalize().as_slice() == self.expected,
        }
    }
}

/// A time as `Upload-Expires` has it.
pub(super) fn http_date(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn number(headers: &HeaderMap, name: &str) -> Result<Option<i64>, ApiError> {
    let Some(text) = text(headers, name) else { return Ok(None) };
    let number = text.parse::<i64>().ok().filter(|number| *number >= 0);
    number.map(Some).ok_or_else(|| bad(format!("{name} is a whole number from 0.")))
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn bad(detail: impl Into<String>) -> ApiError {
    ApiError::new(Code::BadRequest, detail)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    fn announced(length: &str, metadata: &str) -> Result<Announced, u16> {
        Announced::read(&headers(&[("upload-length", length), ("upload-metadata", metadata)]))
            .map_err(|error| error.code().status().as_u16())
    }

    fn pair(key: &str, value: &str) -> String {
        format!("{key} {}", STANDARD.encode(value))
    }

    #[test]
    fn an_upload_is_announced_by_size_hash_and_type() {
        let hash = "AB".repeat(32);
        let metadata = format!("{},{}, name", pair("mime", "image/jpeg"), pair("sha256", &hash));
        let upload = announced("12", &metadata).unwrap();
        assert_eq!((upload.length, upload.sha256, upload.mime.as_str()), (12, hash.to_lowercase(), "image/jpeg"));
    }

    #[test]
    fn each_fault_of_an_announcement_has_its_status() {
        let (hash, mime) = (pair("sha256", &"ab".repeat(32)), pair("mime", "image/png"));
        for (length, metadata, status) in [
            ("x", format!("{hash},{mime}"), 400),
            ("-1", format!("{hash},{mime}"), 400),
            ("0", format!("{hash},{mime}"), 422),
            ("1", hash.clone(), 400),
            ("1", mime.clone(), 400),
            ("1", format!("{hash},{hash},{mime}"), 400),
            ("1", format!("sha256 ***,{mime}"), 400),
            ("1", format!("{},{mime}", pair("sha256", "abc")), 422),
            ("1", format!("{hash},{}", pair("mime", "a\u{0}b")), 422),
            ("1", "x".repeat(5000), 400),
        ] {
            assert_eq!(announced(length, &metadata), Err(status), "{length} {metadata}");
        }
    }

    #[test]
    fn a_checksum_fits_its_bytes_only() {
        for (text, fits) in [
            ("sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", true),
            ("sha256 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", true),
            ("sha1 AAAA", false),
        ] {
            let mut checksum = Checksum::read(text).unwrap();
            checksum.update(b"a");
            checksum.update(b"bc");
            assert_eq!(checksum.fits(), fits, "{text}");
        }
        assert!(Checksum::read("crc32 AAAA").is_err());
        assert!(Checksum::read("sha1 *").is_err());
    }
}
