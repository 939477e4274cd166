//! The device's own key, and the proofs it signs.
//!
//! The key is made on the device and never leaves it. A proof is a JWT as in RFC 9449, signed for one request; the server
//! names the nonce and reads no clock of ours.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::error::NativeError;

/// A P-256 key in a file.
#[derive(Clone)]
pub struct DeviceKey {
    key: SigningKey,
}

impl std::fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeviceKey")
    }
}

/// What a proof is for.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Such as `POST`.
    pub method: &'a str,
    /// The public URL, without query.
    pub url: &'a str,
    /// The access token that is sent beside it.
    pub access_token: Option<&'a str>,
    /// The nonce the server asked for.
    pub nonce: Option<&'a str>,
    /// Seconds since 1970, by this device's clock; written for form's sake.
    pub issued_at: i64,
}

impl DeviceKey {
    /// Reads the key of a folder, or makes one there.
    pub fn in_folder(folder: &Path) -> Result<Self, NativeError> {
        let path = folder.join("device.pem");
        if let Ok(pem) = std::fs::read_to_string(&path) {
            let key = SigningKey::from_pkcs8_pem(&pem).map_err(|error| NativeError::Key(error.to_string()))?;
            return Ok(Self { key });
        }
        let made = Self::random()?;
        let pem = made.key.to_pkcs8_pem(LineEnding::LF).map_err(|error| NativeError::Key(error.to_string()))?;
        write_private(&path, pem.as_bytes())?;
        Ok(made)
    }

    /// A new key, kept nowhere.
    pub fn random() -> Result<Self, NativeError> {
        // A random 256-bit number is no valid scalar once in 2^32: draw again.
        for _ in 0..16 {
            if let Ok(key) = SigningKey::from_slice(&super::random::<32>()) {
                return Ok(Self { key });
            }
        }
        Err(NativeError::Key("no key could be drawn".to_owned()))
    }

    /// The public half as a JWK.
    pub fn public_jwk(&self) -> Value {
        let point = self.key.verifying_key().to_sec1_point(false);
        let coordinate = |bytes: Option<&[u8]>| URL_SAFE_NO_PAD.encode(bytes.unwrap_or_default());
        json!({
            "kty": "EC", "crv": "P-256",
            "x": coordinate(point.x().map(|x| x.as_ref())), "y": coordinate(point.y().map(|y| y.as_ref())),
        })
    }

    /// The proof for one request.
    pub fn prove(&self, request: Request<'_>) -> String {
        let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": self.public_jwk() });
        let mut claims = json!({
            "htm": request.method, "htu": request.url, "iat": request.issued_at, "jti": URL_SAFE_NO_PAD.encode(super::random::<16>()),
        });
        if let Some(members) = claims.as_object_mut() {
            if let Some(nonce) = request.nonce {
                members.insert("nonce".to_owned(), json!(nonce));
            }
            if let Some(token) = request.access_token {
                members.insert("ath".to_owned(), json!(URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes()))));
            }
        }
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature: Signature = self.key.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }
}

/// Writes a file that only its owner reads, wholly or not at all.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), NativeError> {
    use std::io::Write;
    let part = path.with_extension("part");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(std::fs::rename(part, path)?)
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::VerifyingKey;
    use p256::ecdsa::signature::Verifier;

    use super::*;

    #[test]
    fn a_proof_is_signed_by_the_key_it_names() {
        let folder = tempfile::tempdir().unwrap();
        let key = DeviceKey::in_folder(folder.path()).unwrap();
        let again = DeviceKey::in_folder(folder.path()).unwrap();
        assert_eq!(key.public_jwk(), again.public_jwk(), "the key is kept");
        let request = Request {
            method: "POST",
            url: "http://127.0.0.1/v1/sync/ticket",
            access_token: Some("token"),
            nonce: Some("n"),
            issued_at: 0,
        };
        let proof = key.prove(request);
        let (signed, signature) = proof.rsplit_once('.').unwrap();
        let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        let (header, claims) = signed.split_once('.').unwrap();
        let read = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        let (header, claims) = (read(header), read(claims));
        assert_eq!((&header["typ"], &header["alg"]), (&json!("dpop+jwt"), &json!("ES256")));
        assert_eq!((&claims["htm"], &claims["nonce"]), (&json!("POST"), &json!("n")));
        assert_eq!(claims["ath"], json!(URL_SAFE_NO_PAD.encode(Sha256::digest(b"token"))));
        let mut point = vec![4];
        point.extend(URL_SAFE_NO_PAD.decode(header["jwk"]["x"].as_str().unwrap()).unwrap());
        point.extend(URL_SAFE_NO_PAD.decode(header["jwk"]["y"].as_str().unwrap()).unwrap());
        VerifyingKey::from_sec1_bytes(&point).unwrap().verify(signed.as_bytes(), &signature).unwrap();
    }
}
