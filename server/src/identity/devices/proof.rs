//! The device proof: a `DPoP` header as in RFC 9449, signed with the key that never leaves the device.
//!
//! It names the method, the address and the access token it goes with, and a nonce that this installation gave out within five minutes. Its
//! `iat` is not read: phones have wrong clocks, the nonce has ours. A nonce is a time and its MAC, so any server can check one. Each proof
//! is good once: every server remembers by whose key and under which `jti` it saw one, for as long as a nonce lives. The signature is no
//! part of that, since of each there is a second, equally sound one; and strangers' proofs are not remembered, since anybody can make a key.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use floorline_domain::{DeviceId, OrgId};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::key::DeviceKey;
use super::store::{self, Device};
use crate::app::App;
use crate::identity::lately::Lately;
use crate::identity::lookup;
use crate::platform::clock;
use crate::platform::http::{ApiError, Code};
use crate::platform::tenancy::{SigningKeys, TenantTx};

/// How long a nonce is taken.
const NONCE_TTL: TimeDelta = TimeDelta::minutes(5);
/// How far another server's clock may be ahead.
const AHEAD: TimeDelta = TimeDelta::seconds(30);
const PURPOSE: &str = "device proof nonce";
/// Proofs that all devices together use within the life of a nonce. More are refused, so that memory ends somewhere.
const MOST: usize = 200_000;

/// A request that was signed by some device's key; [`DeviceProof::device`] says by whose.
#[derive(Clone, Debug)]
pub struct DeviceProof {
    key: DeviceKey,
    jti: String,
    at: DateTime<Utc>,
}

/// The proofs of known devices that were used while their nonces live.
pub(in super::super) struct ProofMemory {
    seen: Mutex<Lately<[u8; 32], ()>>,
    most: usize,
}

/// Whether a proof may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    First,
    Again,
    TooMany,
}

#[derive(Deserialize)]
struct Head {
    typ: String,
    alg: String,
    jwk: Value,
}

#[derive(Deserialize)]
struct Claims {
    htm: String,
    htu: String,
    jti: String,
    nonce: Option<String>,
    ath: Option<String>,
}

/// What a proof must agree with.
struct Expected<'a> {
    method: &'a str,
    base: &'a str,
    path: &'a str,
    token: Option<&'a str>,
}

impl DeviceProof {
    /// The device with this id, if it is its key that signed; this uses the proof up. A device that does not exist is not told from one
    /// with another key.
    ///
    /// # Errors
    /// 401 when it is not, or when the proof was used before.
    pub async fn device(&self, app: &App, id: DeviceId) -> Result<Device, ApiError> {
        let unknown = || ApiError::new(Code::BadDeviceProof, "The proof is not by that device's key.");
        let (org, id) = lookup::device(&app.db, id.0).await?.ok_or_else(unknown)?;
        let mut tx = TenantTx::open(&app.db, org).await?;
        let device = self.device_in(&mut tx, app, id).await?;
        tx.commit().await?;
        Ok(device)
    }

    /// The device whose key signed, by nothing but that; this uses the proof up. Of several that have the same key it is one that may work, and
    /// then one of `preferred`.
    ///
    /// # Errors
    /// 401 when no device has it, or when the proof was used before.
    pub(in super::super) async fn enrolled(&self, app: &App, preferred: OrgId) -> Result<Device, ApiError> {
        let unknown = || ApiError::new(Code::BadDeviceProof, "No device that was let in here has this key.");
        let found = lookup::device_by_key(&app.db, &self.key.jwk(), preferred).await?;
        let (org, id) = found.ok_or_else(unknown)?;
        let mut tx = TenantTx::open(&app.db, org).await?;
        let device = self.device_in(&mut tx, app, id).await?;
        tx.commit().await?;
        Ok(device)
    }

    /// As [`Self::device`], in a transaction of the device's organisation.
    ///
    /// # Errors
    /// As [`Self::device`].
    pub(in super::super) async fn device_in(&self, tx: &mut TenantTx, app: &App, id: Uuid) -> Result<Device, ApiError> {
        let row = store::find(tx, id).await?;
        if DeviceKey::from_jwk(&row.public_key).as_ref() != Some(&self.key) {
            return Err(ApiError::new(Code::BadDeviceProof, "The proof is not by that device's key."));
        }
        match app.sign_in.proofs.spend(&self.key, &self.jti, self.at) {
            Use::First => Device::of(tx.org(), &row),
            Use::Again => {
                let error = ApiError::new(Code::BadDeviceProof, "This proof was used before.");
                Err(error.nonce(nonce(&app.keys, self.at)))
            }
            Use::TooMany => {
                Err(ApiError::new(Code::TooMany, "Devices prove themselves too often; wait a moment.").retry_after(60))
            }
        }
    }

    /// The proof of a request that needs none; what was sent must be sound.
    ///
    /// # Errors
    /// 401 for a proof that is not.
    pub(in super::super) async fn if_sent(request: &HttpRequest) -> Result<Option<Self>, ApiError> {
        if request.headers().contains_key("dpop") { Self::extract(request).await.map(Some) } else { Ok(None) }
    }

    /// What is answered to who sent no proof where one is needed, with a nonce to make it with.
    pub(in super::super) fn missing(app: &App, now: DateTime<Utc>) -> ApiError {
        let error = ApiError::new(Code::BadDeviceProof, "Send a proof by the device's key as DPoP.");
        error.nonce(nonce(&app.keys, now))
    }

    fn read(request: &HttpRequest, app: &App, now: DateTime<Utc>) -> Result<Self, ApiError> {
        let headers = request.headers();
        let refused = |why: &str| ApiError::new(Code::BadDeviceProof, why).nonce(nonce(&app.keys, now));
        let mut proofs = headers.get_all("dpop");
        let (Some(proof), None) = (proofs.next().and_then(|value| value.to_str().ok()), proofs.next()) else {
            return Err(refused("Send one proof by the device's key as DPoP."));
        };
        let base = app.public_url.clone().unwrap_or_else(|| own_address(request));
        let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = token.and_then(|value| value.strip_prefix("Bearer "));
        let expected = Expected { method: request.method().as_str(), base: &base, path: request.path(), token };
        let (key, claims) = verify(proof, &expected).map_err(refused)?;
        if !claims.nonce.as_deref().is_some_and(|nonce| is_fresh(&app.keys, nonce, now)) {
            let error = ApiError::new(Code::UseDpopNonce, "Sign again, with the nonce in DPoP-Nonce.");
            return Err(error.nonce(nonce(&app.keys, now)));
        }
        Ok(Self { key, jti: claims.jti, at: now })
    }
}

impl FromRequest for DeviceProof {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let app = request.app_data::<web::Data<App>>().cloned();
        let proof = app
            .ok_or_else(|| ApiError::internal(anyhow::anyhow!("no App in the server")))
            .and_then(|app| Self::read(request, &app, clock::now()));
        Box::pin(std::future::ready(proof))
    }
}

impl Default for ProofMemory {
    fn default() -> Self {
        Self::of(MOST)
    }
}

impl ProofMemory {
    fn of(most: usize) -> Self {
        // A nonce of another server may have yet to begin its life.
        Self { seen: Mutex::new(Lately::new(NONCE_TTL + AHEAD)), most }
    }

    /// Uses the proof with this `jti` by this key.
    fn spend(&self, key: &DeviceKey, jti: &str, now: DateTime<Utc>) -> Use {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.pass(now);
        let proof: [u8; 32] =
            Sha256::new().chain_update(key.thumbprint()).chain_update(jti.as_bytes()).finalize().into();
        if seen.get_mut(&proof).is_some() {
            return Use::Again;
        }
        if seen.fresh() >= self.most {
            return Use::TooMany;
        }
        seen.keep(proof);
        Use::First
    }
}

/// Without a public address it is the one asked for: on loopback, or under a name that the server's certificate has.
pub(super) fn own_address(request: &HttpRequest) -> String {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| request.uri().authority().map(|authority| authority.as_str())).unwrap_or_default();
    let scheme = if request.app_config().secure() { "https" } else { "http" };
    format!("{scheme}://{host}")
}

/// Signature, method, address and token; everything but time.
fn verify(proof: &str, expected: &Expected<'_>) -> Result<(DeviceKey, Claims), &'static str> {
    let broken = "The proof is not a JWT.";
    let (signed, signature) = proof.rsplit_once('.').ok_or(broken)?;
    let (head, claims) = signed.split_once('.').ok_or(broken)?;
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| broken);
    let head: Head = serde_json::from_slice(&decode(head)?).map_err(|_| "The proof's head lacks typ, alg or jwk.")?;
    if head.alg != "ES256" || head.typ != "dpop+jwt" {
        return Err("A proof is a dpop+jwt signed by ES256.");
    }
    let key = DeviceKey::from_jwk(&head.jwk).ok_or("The proof's jwk is not a public key of P-256.")?;
    if !key.signed(signed.as_bytes(), &decode(signature)?) {
        return Err("The proof's signature is wrong.");
    }
    let claims: Claims = serde_json::from_slice(&decode(claims)?).map_err(|_| "The proof lacks htm, htu or jti.")?;
    if claims.htm != expected.method {
        return Err("The proof is for another method.");
    }
    if !is_address(&claims.htu, expected) {
        return Err("The proof is for another address.");
    }
    if claims.jti.is_empty() {
        return Err("The proof's jti is empty.");
    }
    let ath = expected.token.map(|token| URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes())));
    if ath.is_some() && claims.ath != ath {
        return Err("The proof is for another access token.");
    }
    Ok((key, claims))
}

/// Scheme and host in any case, the path exactly, query and fragment not at all.
fn is_address(htu: &str, expected: &Expected<'_>) -> bool {
    let htu = htu.split(['?', '#']).next().unwrap_or_default();
    htu.split_at_checked(expected.base.len())
        .is_some_and(|(base, path)| base.eq_ignore_ascii_case(expected.base) && path == expected.path)
}

fn nonce(keys: &SigningKeys, now: DateTime<Utc>) -> String {
    let time = format!("{:x}", now.timestamp());
    format!("{time}.{}", keys.mac(PURPOSE, &time))
}

fn is_fresh(keys: &SigningKeys, nonce: &str, now: DateTime<Utc>) -> bool {
    let Some((time, mac)) = nonce.split_once('.') else { return false };
    let made = i64::from_str_radix(time, 16).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let timely = made.is_some_and(|made| made + NONCE_TTL > now && made < now + AHEAD);
    timely && keys.mac_matches(PURPOSE, time, mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> DeviceKey {
        DeviceKey::of(p256::ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap().verifying_key())
    }

    fn start() -> DateTime<Utc> {
        DateTime::from_timestamp(1_763_600_000, 0).unwrap()
    }

    #[test]
    fn a_nonce_is_good_for_five_minutes_and_only_here() {
        let keys = SigningKeys::random().unwrap();
        let given = nonce(&keys, start());
        assert!(is_fresh(&keys, &given, start()));
        assert!(is_fresh(&keys, &given, start() + TimeDelta::seconds(299)));
        assert!(!is_fresh(&keys, &given, start() + TimeDelta::seconds(300)));
        assert!(!is_fresh(&keys, &given, start() - TimeDelta::seconds(31)));
        assert!(!is_fresh(&SigningKeys::random().unwrap(), &given, start()));
        for wrong in ["", ".", "x.y", &given.replacen('6', "7", 1)] {
            assert!(!is_fresh(&keys, wrong, start()), "{wrong}");
        }
    }

    #[test]
    fn a_proof_is_good_once_while_its_nonce_lives() {
        let (memory, key) = (ProofMemory::default(), key(7));
        assert_eq!(memory.spend(&key, "a", start()), Use::First);
        assert_eq!(memory.spend(&key, "a", start() + NONCE_TTL + AHEAD - TimeDelta::seconds(1)), Use::Again);
        assert_eq!(memory.spend(&key, "b", start()), Use::First);
        assert_eq!(memory.spend(&self::key(8), "a", start()), Use::First, "another device may use the same name");
    }

    #[test]
    fn only_so_many_proofs_are_remembered_at_a_time() {
        let (memory, key) = (ProofMemory::of(3), key(7));
        for n in 0..3 {
            assert_eq!(memory.spend(&key, &n.to_string(), start()), Use::First);
        }
        assert_eq!(memory.spend(&key, "one more", start()), Use::TooMany);
        assert_eq!(memory.spend(&key, "0", start()), Use::Again);
        assert_eq!(memory.spend(&key, "one more", start() + NONCE_TTL + AHEAD), Use::First);
    }

    #[test]
    fn an_address_is_compared_as_urls_are() {
        let expected = Expected { method: "POST", base: "https://floor.example", path: "/v1/sync/ticket", token: None };
        for (htu, same) in [
            ("https://floor.example/v1/sync/ticket", true),
            ("HTTPS://Floor.Example/v1/sync/ticket?x=1#y", true),
            ("https://floor.example/v1/sync/Ticket", false),
            ("https://floor.example/v1/sync/ticket/", false),
            ("http://floor.example/v1/sync/ticket", false),
            ("https://floor.example.evil/v1/sync/ticket", false),
            ("é", false),
            ("", false),
        ] {
            assert_eq!(is_address(htu, &expected), same, "{htu}");
        }
    }
}
