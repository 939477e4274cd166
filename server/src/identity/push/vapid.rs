//! The key by which push services know this server (RFC 8292). A browser's subscription is bound to it: with another key it is good for nothing.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use p256::ecdsa::SigningKey;
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, LineEnding};
use reqwest::Url;
use serde::Serialize;

use crate::platform::key_file;

/// How long a signature is good for; services take up to 24 hours.
const LASTS: TimeDelta = TimeDelta::hours(12);

/// A private key of P-256, and its public half as browsers want it.
pub(super) struct VapidKey {
    signing: EncodingKey,
    public: String,
}

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum VapidError {
    #[error("the file cannot be used: {0}")]
    Io(#[from] std::io::Error),
    #[error("the file is not a private key of P-256 in PKCS #8 PEM")]
    Format(#[from] p256::pkcs8::Error),
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: String,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
}

impl VapidKey {
    /// Reads the key from a PEM file.
    pub(super) fn read(path: &Path) -> Result<Self, VapidError> {
        let key = SigningKey::from_pkcs8_pem(&std::fs::read_to_string(path)?)?;
        let public = URL_SAFE_NO_PAD.encode(key.verifying_key().to_sec1_point(false).as_bytes());
        Ok(Self { signing: EncodingKey::from_ec_der(key.to_pkcs8_der()?.as_bytes()), public })
    }

    /// The same, making it (readable by its owner only) when it does not exist.
    pub(super) fn read_or_make(path: &Path) -> Result<Self, VapidError> {
        if !path.exists() {
            key_file::make(path, random().to_pkcs8_pem(LineEnding::LF)?.as_bytes())?;
        }
        Self::read(path)
    }

    /// The public half: a point, base64url.
    pub(super) fn public(&self) -> &str {
        &self.public
    }

    /// The `Authorization` of a request to `endpoint`.
    pub(super) fn authorization(
        &self,
        endpoint: &Url,
        contact: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let aud = endpoint.origin().ascii_serialization();
        let claims = Claims { aud, exp: (now + LASTS).timestamp(), sub: contact };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &self.signing)?;
        Ok(format!("vapid t={token}, k={}", self.public))
    }
}

fn random() -> SigningKey {
    loop {
        // All but one in 2^32 are a key.
        if let Ok(key) = SigningKey::from_slice(&rand::random::<[u8; 32]>()) {
            return key;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vapid_key.pem");
        let made = VapidKey::read_or_make(&path).unwrap();
        assert_eq!(VapidKey::read_or_make(&path).unwrap().public(), made.public());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(URL_SAFE_NO_PAD.decode(made.public()).unwrap().len(), 65);
    }

    #[test]
    fn a_file_that_is_no_key_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vapid_key.pem");
        std::fs::write(&path, "not a key").unwrap();
        assert!(matches!(VapidKey::read_or_make(&path), Err(VapidError::Format(_))));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "not a key");
    }
}
