//! A device's public key: a point of P-256, as a JWK on the wire and in the database.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// A sound public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DeviceKey(VerifyingKey);

impl DeviceKey {
    #[cfg(test)]
    pub(super) fn of(key: &VerifyingKey) -> Self {
        Self(*key)
    }

    /// Reads a JWK. None for another kind of key, another curve, or a point that is not on it.
    pub(super) fn from_jwk(jwk: &Value) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        if text("kty")? != "EC" || text("crv")? != "P-256" || jwk.get("d").is_some() {
            return None;
        }
        let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok().filter(|bytes| bytes.len() == 32);
        let point = [vec![4], coordinate("x")?, coordinate("y")?].concat();
        VerifyingKey::from_sec1_bytes(&point).ok().map(Self)
    }

    /// The JWK with what belongs to the key and nothing else.
    pub(super) fn jwk(&self) -> Value {
        let point = self.0.to_sec1_point(false);
        let coordinate =
            |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(point.as_bytes().get(range).unwrap_or_default());
        json!({ "kty": "EC", "crv": "P-256", "x": coordinate(1..33), "y": coordinate(33..65) })
    }

    /// What tells it from every other key.
    pub(super) fn thumbprint(&self) -> [u8; 32] {
        Sha256::digest(self.0.to_sec1_point(true).as_bytes()).into()
    }

    /// Whether `signature` (r and s, 32 bytes each) is this key's over `message`.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.0.verify(message, &signature).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::SigningKey;
    use p256::ecdsa::signature::Signer as _;

    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_slice(&[7; 32]).unwrap()
    }

    #[test]
    fn a_key_goes_through_json_and_checks_its_own_signatures() {
        let key = key();
        let public = DeviceKey(*key.verifying_key());
        let again = DeviceKey::from_jwk(&public.jwk()).unwrap();
        assert_eq!(again, public);
        let signature: Signature = key.sign(b"message");
        assert!(again.signed(b"message", &signature.to_bytes()));
        assert!(!again.signed(b"massage", &signature.to_bytes()));
        assert!(!again.signed(b"message", b"short"));
    }

    #[test]
    fn what_is_no_public_key_of_the_curve_is_refused() {
        let sound = DeviceKey(*key().verifying_key()).jwk();
        let with = |name: &str, value: Value| {
            let mut jwk = sound.clone();
            jwk[name] = value;
            jwk
        };
        for wrong in [
            with("kty", json!("RSA")),
            with("crv", json!("P-384")),
            with("x", json!("AAAA")),
            with("x", sound["y"].clone()),
            with("y", json!(7)),
            with("d", json!("a private key has no business here")),
            json!(null),
            json!({}),
        ] {
            assert_eq!(DeviceKey::from_jwk(&wrong), None, "{wrong}");
        }
    }
}
