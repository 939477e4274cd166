//! A phone with a real key of its own.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Answer, At, Client};

/// An enrolled phone. It signs what it sends.
pub struct Phone {
    pub id: String,
    pub digits: String,
    key: SigningKey,
}

impl Phone {
    /// One that claims a code made by the organisation's administrator.
    pub async fn claimed(at: &At<'_>) -> Self {
        Self::claimed_by(at, new_key()).await
    }

    async fn claimed_by(at: &At<'_>, key: SigningKey) -> Self {
        let code = at
            .admin()
            .post("/v1/devices/enrolments", json!({ "site_id": at.site(), "name": "Phone" }))
            .await
            .text("code");
        let claim = json!({ "code": code, "public_key": public_jwk(&key), "platform": "test", "app_version": "1.0.0" });
        let answer = at.stranger().post("/v1/devices/enrolments/claim", claim).await;
        answer.assert_status(200);
        Self { id: answer.text("device_id"), digits: answer.text("digits"), key }
    }

    /// One that nobody ever let in.
    pub fn unknown() -> Self {
        Self { id: Uuid::new_v4().to_string(), digits: String::new(), key: new_key() }
    }

    /// The same phone let in by another organisation too, with the key it has.
    pub async fn also_at(&self, at: &At<'_>) -> Self {
        let phone = Self::claimed_by(at, self.key.clone()).await;
        let path = format!("/v1/devices/{}/approve", phone.id);
        at.admin().post(&path, json!({ "digits": phone.digits })).await.assert_status(200);
        phone
    }

    /// The public half of its key.
    pub fn jwk(&self) -> Value {
        public_jwk(&self.key)
    }

    /// Sends a request as `client` on this phone: signed, and signed again with the nonce it is given.
    pub async fn send(&self, client: &Client, method: &str, path: &str, body: Option<Value>) -> Answer {
        let first = self.send_once(client, method, path, body.clone(), None).await;
        match first.header("dpop-nonce") {
            Some(nonce) if first.json["code"] == "use_dpop_nonce" => {
                let nonce = nonce.to_owned();
                self.send_once(client, method, path, body, Some(&nonce)).await
            }
            _ => first,
        }
    }

    /// A ticket for `client` on this phone.
    pub async fn ticket(&self, client: &Client) -> Answer {
        self.send(client, "POST", "/v1/sync/ticket", Some(json!({ "device_id": self.id }))).await
    }

    async fn send_once(
        &self,
        client: &Client,
        method: &str,
        path: &str,
        body: Option<Value>,
        nonce: Option<&str>,
    ) -> Answer {
        let claims = self.claims(client, method, path, nonce);
        client.with("dpop", &self.sign(&claims)).send(method, path, body).await
    }

    /// What a proof of this request says.
    pub fn claims(&self, client: &Client, method: &str, path: &str, nonce: Option<&str>) -> Value {
        let path = path.split('?').next().unwrap();
        let mut claims =
            json!({ "jti": Uuid::new_v4(), "htm": method, "htu": format!("{}{path}", client.url()), "iat": 0 });
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        if let Some(token) = client.token() {
            claims["ath"] = URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes())).into();
        }
        claims
    }

    /// These claims as a proof by this phone's key.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_as(&json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk() }), claims)
    }

    /// The same under a head of one's own making.
    pub fn sign_as(&self, head: &Value, claims: &Value) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(head), encode(claims));
        let signature: Signature = self.key.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }
}

/// A new private key.
pub fn new_key() -> SigningKey {
    // Any 32 bytes below the curve's order are a key; two random UUIDs always are but for one in 2^32.
    loop {
        let bytes = [*Uuid::new_v4().as_bytes(), *Uuid::new_v4().as_bytes()].concat();
        if let Ok(key) = SigningKey::from_slice(&bytes) {
            return key;
        }
    }
}

/// The public half as a JWK.
pub fn public_jwk(key: &SigningKey) -> Value {
    let point = key.verifying_key().to_sec1_point(false);
    let coordinate = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point.as_bytes()[range]);
    json!({ "kty": "EC", "crv": "P-256", "x": coordinate(1..33), "y": coordinate(33..65) })
}
