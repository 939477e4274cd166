//! Firebase, as far as it can be told from the other: the token endpoint, which checks the signature of the service account's assertion, and
//! `messages:send` of HTTP v1, with its refusals as Google writes them.

use std::collections::VecDeque;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use floorline_server::platform::config;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use super::localhost::Tls;

/// A key made for these tests alone.
const PRIVATE: &str = include_str!("firebase_key.pem");
const PUBLIC: &str = include_str!("firebase_key.pub.pem");
const KEY_ID: &str = "key-of-the-tests";
const ACCOUNT: &str = "floorline@mill-tests.iam.example";
const PROJECT: &str = "mill-tests";

/// What is answered instead of a yes.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// 401: the access token is not taken any more.
    Unauthenticated,
    /// 404: nobody has this registration token any more.
    Unregistered,
    /// 404, of something else: there is no such project.
    NoProject,
    /// 400: that was never a registration token.
    NotAToken,
    /// 429, and when to come back.
    Exhausted { retry_after: &'static str },
    /// 503.
    Unavailable,
}

/// A request that was taken or refused.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The access token.
    pub access: String,
    pub message: Value,
    pub status: u16,
}

#[derive(Default)]
struct Heard {
    url: Mutex<String>,
    /// Access tokens that are taken.
    good: Mutex<Vec<String>>,
    granted: Mutex<usize>,
    asked: Mutex<Vec<Asked>>,
    refusals: Mutex<VecDeque<Refusal>>,
    /// Statuses of the token endpoint.
    no_tokens: Mutex<VecDeque<u16>>,
}

/// Listens until it is dropped.
pub struct Firebase {
    /// Where, as `FLOORLINE_FCM_URL` says it.
    pub url: String,
    heard: Arc<Heard>,
    server: ServerHandle,
    folder: TempDir,
    tls: Option<Tls>,
}

impl Firebase {
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::new(Heard::default());
        let data = web::Data::from(Arc::clone(&heard));
        let app = move || {
            App::new()
                .app_data(data.clone())
                .route("/token", web::post().to(token))
                .route(&format!("/v1/projects/{PROJECT}/messages:send"), web::post().to(send))
        };
        let server = HttpServer::new(app)
            .workers(1)
            .keep_alive(super::KEEP_ALIVE)
            .disable_signals()
            .listen_auto_h2c(listener)
            .unwrap()
            .run();
        let handle = server.handle();
        tokio::spawn(server);
        let folder = tempfile::tempdir().unwrap();
        let firebase = Self { url, heard, server: handle, folder, tls: None };
        firebase.give_out();
        firebase
    }

    /// The same, spoken to over TLS only.
    pub async fn over_tls() -> Self {
        let mut firebase = Self::start();
        let tls = Tls::before(&firebase.url).await;
        firebase.url.clone_from(&tls.url);
        firebase.tls = Some(tls);
        firebase.give_out();
        firebase
    }

    /// Writes the account's file, and expects assertions for what it says.
    fn give_out(&self) {
        let url = &self.url;
        let account = json!({
            "type": "service_account", "project_id": PROJECT, "private_key_id": KEY_ID, "private_key": PRIVATE,
            "client_email": ACCOUNT, "client_id": "1", "token_uri": format!("{url}/token"),
        });
        std::fs::write(self.folder.path().join("account.json"), account.to_string()).unwrap();
        self.heard.url.lock().unwrap().clone_from(url);
    }

    /// The file that its console gives out.
    pub fn account(&self) -> String {
        self.folder.path().join("account.json").to_str().unwrap().to_owned()
    }

    /// The settings of a server that sends here.
    pub fn settings(&self) -> config::Push {
        config::Push { fcm_account: Some(self.account().into()), fcm_url: self.url.clone(), ..config::Push::default() }
    }

    /// The next requests are refused so, one each.
    pub fn refuse(&self, refusals: impl IntoIterator<Item = Refusal>) {
        self.heard.refusals.lock().unwrap().extend(refusals);
    }

    /// The next requests for an access token are answered with these statuses.
    pub fn grant_nothing(&self, statuses: impl IntoIterator<Item = u16>) {
        self.heard.no_tokens.lock().unwrap().extend(statuses);
    }

    /// Every request so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.heard.asked.lock().unwrap().clone()
    }

    /// The messages that were taken.
    pub fn taken(&self) -> Vec<Value> {
        self.asked().into_iter().filter(|asked| asked.status == 200).map(|asked| asked.message).collect()
    }

    /// How many access tokens were given out.
    pub fn granted(&self) -> usize {
        *self.heard.granted.lock().unwrap()
    }
}

impl Drop for Firebase {
    fn drop(&mut self) {
        tokio::spawn(self.server.stop(false));
    }
}

async fn token(heard: web::Data<Heard>, form: web::Form<Vec<(String, String)>>) -> HttpResponse {
    if let Some(status) = heard.no_tokens.lock().unwrap().pop_front() {
        return HttpResponse::build(status.try_into().unwrap()).json(json!({ "error": "temporarily_unavailable" }));
    }
    let said = |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let granted = said("grant_type") == Some("urn:ietf:params:oauth:grant-type:jwt-bearer");
    if !granted || !is_sound(&heard, said("assertion").unwrap_or_default()) {
        return HttpResponse::BadRequest()
            .json(json!({ "error": "invalid_grant", "error_description": "Invalid JWT Signature." }));
    }
    let token = format!("ya29.{}", Uuid::new_v4().simple());
    heard.good.lock().unwrap().push(token.clone());
    *heard.granted.lock().unwrap() += 1;
    HttpResponse::Ok().json(json!({ "access_token": token, "expires_in": 3599, "token_type": "Bearer" }))
}

/// Signed by the account's key, for this endpoint and this scope, and for an hour at most.
fn is_sound(heard: &Heard, assertion: &str) -> bool {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[format!("{}/token", heard.url.lock().unwrap())]);
    validation.set_issuer(&[ACCOUNT]);
    validation.set_required_spec_claims(&["exp", "aud", "iss"]);
    let key = DecodingKey::from_rsa_pem(PUBLIC.as_bytes()).unwrap();
    let Ok(read) = jsonwebtoken::decode::<Value>(assertion, &key, &validation) else { return false };
    let (claims, number) = (&read.claims, |name: &str| read.claims[name].as_i64().unwrap_or_default());
    read.header.kid.as_deref() == Some(KEY_ID)
        && claims["scope"] == "https://www.googleapis.com/auth/firebase.messaging"
        && number("exp") - number("iat") <= 3600
}

async fn send(heard: web::Data<Heard>, request: HttpRequest, body: web::Json<Value>) -> HttpResponse {
    let access = request.headers().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let access = access.strip_prefix("Bearer ").unwrap_or_default().to_owned();
    let message = body["message"].clone();
    let refusal = heard.refusals.lock().unwrap().pop_front();
    if matches!(refusal, Some(Refusal::Unauthenticated)) {
        heard.good.lock().unwrap().retain(|good| *good != access);
    }
    let known = heard.good.lock().unwrap().contains(&access);
    let answer = match refusal {
        _ if !known => refused(&Refusal::Unauthenticated),
        Some(refusal) => refused(&refusal),
        None if !is_message(&message) => refused(&Refusal::NotAToken),
        None => HttpResponse::Ok().json(json!({ "name": format!("projects/{PROJECT}/messages/{}", Uuid::new_v4()) })),
    };
    heard.asked.lock().unwrap().push(Asked { access, message, status: answer.status().as_u16() });
    answer
}

/// Data are texts, and a time to live is seconds and an `s`.
fn is_message(message: &Value) -> bool {
    let texts = message["data"].as_object().is_some_and(|data| data.values().all(Value::is_string));
    let ttl = message["android"]["ttl"].as_str().and_then(|ttl| ttl.strip_suffix('s'));
    message["token"].is_string() && texts && ttl.is_some_and(|ttl| ttl.parse::<f64>().is_ok_and(|ttl| ttl > 0.0))
}

fn refused(refusal: &Refusal) -> HttpResponse {
    let own =
        |code: &str| json!([{ "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code }]);
    let (code, status, message, details) = match refusal {
        Refusal::Unauthenticated => (
            401,
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials.",
            json!([{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "ACCESS_TOKEN_EXPIRED" }]),
        ),
        Refusal::Unregistered => (404, "NOT_FOUND", "Requested entity was not found.", own("UNREGISTERED")),
        Refusal::NoProject => (404, "NOT_FOUND", "Requested entity was not found.", json!([])),
        Refusal::NotAToken => (
            400,
            "INVALID_ARGUMENT",
            "The registration token is not a valid FCM registration token",
            json!([
                { "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": "INVALID_ARGUMENT" },
                { "@type": "type.googleapis.com/google.rpc.BadRequest",
                  "fieldViolations": [{ "field": "message.token", "description": "Invalid registration token" }] },
            ]),
        ),
        Refusal::Exhausted { .. } => (429, "RESOURCE_EXHAUSTED", "Quota exceeded.", own("QUOTA_EXCEEDED")),
        Refusal::Unavailable => (503, "UNAVAILABLE", "The service is currently unavailable.", own("UNAVAILABLE")),
    };
    let mut answer = HttpResponse::build(u16::try_into(code).unwrap());
    if let Refusal::Exhausted { retry_after } = refusal {
        answer.insert_header(("Retry-After", *retry_after));
    }
    answer.json(json!({ "error": { "code": code, "message": message, "status": status, "details": details } }))
}
