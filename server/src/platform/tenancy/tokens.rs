//! The server's signing key and the tokens made with it: access tokens and offline leases (EdDSA), refresh tokens, device-proof nonces
//! and other opaque codes (HMAC-SHA256 under keys derived from the same seed).

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::{
    DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _, spki::der::pem::LineEnding,
};
use floorline_domain::{OrgId, UserId};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256, Sha512};
use uuid::Uuid;

use crate::platform::key_file;

/// How long an access token is good for.
pub const ACCESS_TTL: TimeDelta = TimeDelta::minutes(10);

/// What an access token says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccessClaims {
    /// The user.
    pub sub: UserId,
    /// Their organisation.
    pub org: OrgId,
    /// The login (session of use).
    pub sid: Uuid,
    /// Issued at, seconds since 1970.
    pub iat: i64,
    /// Expires at, seconds since 1970.
    pub exp: i64,
    /// What the token is for: `access`. A lease is not accepted as an access token, nor the other way round.
    pub typ: String,
}

/// The signing keys: one that signs, and at most one predecessor that still verifies, tokens and MACs alike.
pub struct SigningKeys {
    signing: EncodingKey,
    kid: String,
    verifying: Vec<(String, DecodingKey)>,
    seed: [u8; 32],
    /// Of keys that make no MACs any more.
    earlier_seeds: Vec<[u8; 32]>,
}

impl std::fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKeys").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("the signing key file cannot be used: {0}")]
    Io(#[from] std::io::Error),
    /// The file is not an Ed25519 private key in PKCS #8 PEM.
    #[error("the signing key file is not an Ed25519 private key in PKCS #8 PEM")]
    Format,
}

impl SigningKeys {
    /// Reads the key from a PEM file.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        Self::from_pem(&std::fs::read_to_string(path)?)
    }

    /// Reads the key from a file, making it (readable by its owner only) when it does not exist.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn read_or_make(path: &Path) -> Result<Self, KeyError> {
        if !path.exists() {
            let key = SigningKey::from_bytes(&rand::random());
            key_file::make(path, key.to_pkcs8_pem(LineEnding::LF).map_err(|_| KeyError::Format)?.as_bytes())?;
        }
        Self::read(path)
    }

    /// A key for one run of the tests.
    ///
    /// # Errors
    /// Never in practice.
    pub fn random() -> Result<Self, KeyError> {
        Self::new(&SigningKey::from_bytes(&rand::random()))
    }

    /// Lets tokens and MACs of an earlier key verify while a change of key is under way.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn accept_also(&mut self, path: &Path) -> Result<(), KeyError> {
        let other = Self::read(path)?;
        self.verifying.extend(other.verifying);
        self.earlier_seeds.push(other.seed);
        Ok(())
    }

    fn from_pem(pem: &str) -> Result<Self, KeyError> {
        Self::new(&SigningKey::from_pkcs8_pem(pem).map_err(|_| KeyError::Format)?)
    }

    fn new(key: &SigningKey) -> Result<Self, KeyError> {
        let private = key.to_pkcs8_der().map_err(|_| KeyError::Format)?;
        let public = key.verifying_key().to_public_key_der().map_err(|_| KeyError::Format)?;
        let kid: String = Sha256::digest(public.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let decoding = DecodingKey::from_ed_der(key.verifying_key().as_bytes());
        Ok(Self {
            signing: EncodingKey::from_ed_der(private.as_bytes()),
            kid: kid.clone(),
            verifying: vec![(kid, decoding)],
            seed: key.to_bytes(),
            earlier_seeds: Vec::new(),
        })
    }

    /// A new access token and its claims.
    ///
    /// # Errors
    /// Never in practice; signing failed.
    pub fn issue_access(
        &self,
        user: UserId,
        org: OrgId,
        login: Uuid,
        now: DateTime<Utc>,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let claims = AccessClaims {
            sub: user,
            org,
            sid: login,
            iat: now.timestamp(),
            exp: (now + ACCESS_TTL).timestamp(),
            typ: "access".into(),
        };
        self.sign(&claims)
    }

    /// The claims of a valid access token of this installation.
    pub fn verify_access(&self, token: &str) -> Option<AccessClaims> {
        self.verify::<AccessClaims>(token).filter(|claims| claims.typ == "access")
    }

    /// Signs any claims; used for leases.
    ///
    /// # Errors
    /// Never in practice; signing failed.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, jsonwebtoken::errors::Error> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.signing)
    }

    /// Verifies signature and expiry; only EdDSA, only by a known `kid`.
    pub fn verify<T: DeserializeOwned + Clone>(&self, token: &str) -> Option<T> {
        self.decode(token, true)
    }

    /// Verifies the signature of what may have expired since: it still says what was granted then.
    pub fn verify_past<T: DeserializeOwned + Clone>(&self, token: &str) -> Option<T> {
        self.decode(token, false)
    }

    fn decode<T: DeserializeOwned + Clone>(&self, token: &str, unexpired: bool) -> Option<T> {
        let kid = jsonwebtoken::decode_header(token).ok()?.kid?;
        let (_, key) = self.verifying.iter().find(|(known, _)| *known == kid)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.leeway = 5;
        validation.validate_exp = unexpired;
        jsonwebtoken::decode::<T>(token, key, &validation).ok().map(|data| data.claims)
    }

    /// HMAC-SHA256 of `message` under the key for `purpose`, base64url. Purposes never share a key.
    pub fn mac(&self, purpose: &str, message: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac(&self.seed, purpose, message).finalize().into_bytes())
    }

    /// Whether `mac` is [`Self::mac`] of the same, by this key or an earlier one, compared in constant time.
    pub fn mac_matches(&self, purpose: &str, message: &str, mac: &str) -> bool {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(mac) else { return false };
        let mut seeds = std::iter::once(&self.seed).chain(&self.earlier_seeds);
        seeds.any(|seed| hmac(seed, purpose, message).verify_slice(&bytes).is_ok())
    }
}

fn hmac(seed: &[u8; 32], purpose: &str, message: &str) -> Hmac<Sha256> {
    let key: [u8; 64] =
        Sha512::new().chain_update(b"floorline ").chain_update(purpose.as_bytes()).chain_update(seed).finalize().into();
    let mut mac = Hmac::<Sha256>::new(&key.into());
    mac.update(message.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_the_key_before_made_still_counts_while_keys_change() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.pem");
        let old = SigningKeys::read_or_make(&path).unwrap();
        let (mac, token) = (old.mac("refresh token", "7.3"), old.sign(&serde_json::json!({ "exp": 1 })).unwrap());
        let mut new = SigningKeys::random().unwrap();
        assert!(!new.mac_matches("refresh token", "7.3", &mac));
        new.accept_also(&path).unwrap();
        assert!(new.mac_matches("refresh token", "7.3", &mac));
        assert!(!new.mac_matches("refresh token", "7.4", &mac) && !new.mac_matches("ticket", "7.3", &mac));
        assert!(new.verify_past::<serde_json::Value>(&token).is_some());
        assert!(new.mac_matches("refresh token", "7.3", &new.mac("refresh token", "7.3")), "its own as well");
        assert!(!old.mac_matches("refresh token", "7.3", &new.mac("refresh token", "7.3")));
    }

    #[test]
    fn a_key_is_made_once_whole_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        let made = SigningKeys::read_or_make(&path).unwrap();
        assert_eq!(SigningKeys::read_or_make(&path).unwrap().kid, made.kid);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(names, ["key.pem"], "nothing is left beside it");

        key_file::make(&path, b"of another process").unwrap();
        assert_eq!(SigningKeys::read(&path).unwrap().kid, made.kid, "the first one stays");
    }
}
