//! A browser that lets itself be told, and the push service it belongs to (RFC 8030). The service checks who sends (RFC 8292); the browser reads what only it can
//! (RFC 8188, RFC 8291), with nothing of the server's own.

use std::collections::{BTreeMap, VecDeque};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use aes_gcm::aead::Aead as _;
use aes_gcm::{Aes128Gcm, KeyInit as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::{PublicKey, SecretKey};
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use super::now;

/// The browser's half of a subscription.
pub struct Keys {
    secret: SecretKey,
    auth: [u8; 16],
}

/// What came for the browser.
#[derive(Clone, Debug)]
pub struct Told {
    pub headers: BTreeMap<String, String>,
    pub body: Value,
}

struct Heard {
    origin: String,
    keys: Keys,
    told: Mutex<Vec<Told>>,
    /// Requests, whether they were taken or not.
    asked: Mutex<usize>,
    refusals: Mutex<VecDeque<(u16, Option<&'static str>)>>,
}

/// A browser and its push service. Listens until it is dropped.
pub struct Browser {
    heard: Arc<Heard>,
    server: ServerHandle,
    /// What it is reached at.
    pub endpoint: String,
}

impl Browser {
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let keys = Keys { secret: super::phone::new_key().into(), auth: *Uuid::new_v4().as_bytes() };
        let (told, asked, refusals) = (Mutex::default(), Mutex::default(), Mutex::default());
        let heard = Arc::new(Heard { origin: origin.clone(), keys, told, asked, refusals });
        let data = web::Data::from(Arc::clone(&heard));
        let app = move || App::new().app_data(data.clone()).route("/push/{id}", web::post().to(take));
        let server = HttpServer::new(app)
            .workers(1)
            .keep_alive(super::KEEP_ALIVE)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run();
        let handle = server.handle();
        tokio::spawn(server);
        let endpoint = format!("{origin}/push/{}", Uuid::new_v4().simple());
        Self { heard, server: handle, endpoint }
    }

    /// What the page sends to the server: the address and the keys of its `PushSubscription`.
    pub fn subscription(&self) -> Value {
        let keys = &self.heard.keys;
        json!({
            "kind": "web", "address": self.endpoint,
            "p256dh": URL_SAFE_NO_PAD.encode(point(&keys.secret.public_key())), "auth": URL_SAFE_NO_PAD.encode(keys.auth),
        })
    }

    /// The next requests are refused so, one each: with a status, and perhaps when to come back.
    pub fn refuse(&self, refusals: impl IntoIterator<Item = (u16, Option<&'static str>)>) {
        self.heard.refusals.lock().unwrap().extend(refusals);
    }

    /// What it was told so far.
    pub fn told(&self) -> Vec<Told> {
        self.heard.told.lock().unwrap().clone()
    }

    /// How often the service was asked.
    pub fn asked(&self) -> usize {
        *self.heard.asked.lock().unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        tokio::spawn(self.server.stop(false));
    }
}

async fn take(heard: web::Data<Heard>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    *heard.asked.lock().unwrap() += 1;
    let headers: BTreeMap<String, String> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
        .collect();
    let header = |name: &str| headers.get(name).map(String::as_str).unwrap_or_default();
    if let Err(why) = sender(header("authorization"), &heard.origin) {
        return HttpResponse::Forbidden().body(why);
    }
    if header("ttl").parse::<u32>().is_err() || header("content-encoding") != "aes128gcm" || body.len() > 4096 {
        return HttpResponse::BadRequest().body("TTL, Content-Encoding or size");
    }
    if let Some((status, pause)) = heard.refusals.lock().unwrap().pop_front() {
        let mut answer = HttpResponse::build(status.try_into().unwrap());
        pause.map(|pause| answer.insert_header(("Retry-After", pause)));
        return answer.finish();
    }
    let Some(text) = heard.keys.read(&body) else { return HttpResponse::BadRequest().body("not for this browser") };
    heard.told.lock().unwrap().push(Told { headers, body: serde_json::from_slice(&text).unwrap() });
    HttpResponse::Created().insert_header(("Location", format!("{}/message/1", heard.origin))).finish()
}

/// Whether a VAPID header is signed by the key it names, for this service, and for a day at most.
fn sender(header: &str, origin: &str) -> Result<(), &'static str> {
    let parameters = header.strip_prefix("vapid ").ok_or("not VAPID")?;
    let named = |name: &str| parameters.split(',').find_map(|one| one.trim().strip_prefix(name)?.strip_prefix('='));
    let (token, key) = (named("t").ok_or("no t")?, named("k").ok_or("no k")?);
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| "not base64url");
    let key = VerifyingKey::from_sec1_bytes(&bytes(key)?).map_err(|_| "not a key")?;
    let (signed, signature) = token.rsplit_once('.').ok_or("not a JWT")?;
    let (head, claims) = signed.split_once('.').ok_or("not a JWT")?;
    let signature = Signature::from_slice(&bytes(signature)?).map_err(|_| "not a signature")?;
    key.verify(signed.as_bytes(), &signature).map_err(|_| "another key's signature")?;
    let read = |text: &str| serde_json::from_slice::<Value>(&bytes(text)?).map_err(|_| "not JSON");
    let (head, claims) = (read(head)?, read(claims)?);
    let lasts = claims["exp"].as_i64().unwrap_or_default() - now().timestamp();
    match head["alg"] == "ES256" && claims["aud"] == origin && (1..=86_400).contains(&lasts) {
        true => Ok(()),
        false => Err("not for here or now"),
    }
}

impl Keys {
    /// Reads a body that was encrypted for this browser; none where it was not.
    pub fn read(&self, body: &[u8]) -> Option<Vec<u8>> {
        let (head, rest) = body.split_at_checked(21)?;
        let (salt, size) = (&head[..16], u32::from_be_bytes(head[16..20].try_into().unwrap()));
        let (sender, record) = rest.split_at_checked(usize::from(head[20]))?;
        if record.len() > usize::try_from(size).ok()? {
            return None;
        }
        let public = PublicKey::from_sec1_bytes(sender).ok()?;
        let shared = p256::ecdh::diffie_hellman(self.secret.to_nonzero_scalar(), public.as_affine());
        let own = point(&self.secret.public_key());
        let info = [b"WebPush: info\0".as_slice(), &own, sender].concat();
        let key = derived(&self.auth, shared.raw_secret_bytes(), &info);
        let content = derived(salt, &key, b"Content-Encoding: aes128gcm\0");
        let nonce = derived(salt, &key, b"Content-Encoding: nonce\0");
        let cipher = Aes128Gcm::new_from_slice(&content[..16]).unwrap();
        let nonce: [u8; 12] = nonce[..12].try_into().unwrap();
        let mut text = cipher.decrypt(&nonce.into(), record).ok()?;
        // The last record ends in a 2, behind which are zeros.
        while text.pop()? == 0 {}
        Some(text)
    }
}

/// HKDF (RFC 5869) of one block.
fn derived(salt: &[u8], secret: &[u8], info: &[u8]) -> Vec<u8> {
    let mac = |key: &[u8], parts: &[&[u8]]| {
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).unwrap();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().to_vec()
    };
    mac(&mac(salt, &[secret]), &[info, &[1]])
}

fn point(key: &PublicKey) -> Vec<u8> {
    VerifyingKey::from(*key).to_sec1_point(false).as_bytes().to_vec()
}

/// The example of RFC 8291, section 5.
#[test]
fn a_browser_reads_what_the_standard_says_it_reads() {
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let keys = Keys {
        secret: SecretKey::from_slice(&bytes("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")).unwrap(),
        auth: bytes("BTBZMqHH6r4Tts7J_aSIgg").try_into().unwrap(),
    };
    let body = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
    assert_eq!(keys.read(&bytes(body)).unwrap(), b"When I grow up, I want to be a watermelon");
}
