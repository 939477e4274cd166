//! The HTTP side of a device: enrolment, sign-in, tickets, snapshots, and the sync routes for when WebSockets are blocked.
//!
//! Plain HTTP only in this release: a device speaks to a server on loopback, or to a TLS proxy on its own machine.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use floorline_domain::ids::{DeviceId, ItemId, LocationId, OrgId, UserId};
use floorline_domain::item::Item;
use floorline_domain::permission::{Permission, PermissionSet};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::NativeError;
use super::key::{DeviceKey, Request};
use crate::topic::Topic;
use crate::wire::{SubmitRequest, SubmitResponse};

/// Where the server is, and where the device keeps its things.
#[derive(Debug, Clone)]
pub struct Server {
    /// Such as `http://127.0.0.1:8080`.
    pub url: String,
    /// The server's public URL, which proofs are signed for; by default the same.
    pub public_url: Option<String>,
    /// Connections to it, shared by all devices of a process.
    pub http: reqwest::Client,
}

impl Server {
    /// A server by its address.
    pub fn at(url: impl Into<String>) -> Result<Self, NativeError> {
        let http = reqwest::Client::builder()
            .tcp_nodelay(true)
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(60))
            .build()?;
        Ok(Self { url: url.into().trim_end_matches('/').to_owned(), public_url: None, http })
    }
}

/// The person who signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// Their name.
    #[serde(default)]
    pub name: String,
    /// Their organisation.
    pub organization_id: OrgId,
    /// Names of their roles.
    #[serde(default)]
    pub roles: Vec<String>,
    /// What they may do; words this build does not know are left out.
    #[serde(default)]
    pub permissions: Vec<String>,
}

impl User {
    /// The permissions this build knows.
    pub fn permission_set(&self) -> PermissionSet {
        self.permissions.iter().filter_map(|text| text.parse::<Permission>().ok()).collect()
    }
}

/// The device's place in an organisation, kept in its folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// Issued by the server.
    pub device_id: DeviceId,
    /// Shown on both screens and compared by a person.
    #[serde(default)]
    pub digits: String,
    /// The site the device was enrolled for, when the server says so.
    #[serde(default)]
    pub site_id: Option<LocationId>,
}

/// What the server thinks of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceStatus {
    /// Waits for an administrator.
    Pending,
    /// May sign in.
    Active,
    /// Blocked.
    Revoked,
}

#[derive(Clone, Deserialize)]
struct Tokens {
    access_token: String,
    expires_in: u64,
    #[serde(default)]
    refresh_token: Option<String>,
    user: User,
}

/// What survives a restart of the app.
#[derive(Serialize, Deserialize)]
struct KeptSession {
    refresh_token: Option<String>,
    user: User,
}

struct Login {
    access_token: Option<(String, Instant)>,
    refresh_token: Option<String>,
}

/// What a request carries to say who sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    None,
    Bearer,
    Device,
    BearerAndDevice,
}

/// A device's HTTP client.
pub struct Api {
    server: Server,
    folder: PathBuf,
    key: DeviceKey,
    nonce: Mutex<Option<String>>,
    login: tokio::sync::Mutex<Login>,
}

#[derive(Deserialize)]
struct Ticket {
    ticket: String,
}

#[derive(Deserialize)]
struct Status {
    status: DeviceStatus,
}

#[derive(Default, Deserialize)]
struct Problem {
    #[serde(default)]
    code: String,
    #[serde(default)]
    detail: Option<String>,
    #[serde(default)]
    title: String,
}

impl Api {
    /// A client with the key and session of a folder, which is made if absent.
    pub fn open(server: Server, folder: &Path) -> Result<Self, NativeError> {
        std::fs::create_dir_all(folder)?;
        let refresh_token = kept_session(folder).and_then(|kept| kept.refresh_token);
        Ok(Self {
            server,
            key: DeviceKey::in_folder(folder)?,
            folder: folder.to_owned(),
            nonce: Mutex::new(None),
            login: tokio::sync::Mutex::new(Login { access_token: None, refresh_token }),
        })
    }

    /// The server.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Claims a one-time enrolment code for this device; an administrator then compares the digits.
    pub async fn claim(&self, code: &str, app_version: &str) -> Result<Enrolled, NativeError> {
        let body = json!({
            "code": code, "public_key": self.key.public_jwk(), "platform": "native", "app_version": app_version,
        });
        let response = self.send(Method::POST, "/v1/devices/enrolments/claim", Some(body), Proof::None).await?;
        let enrolled: Enrolled = read(response).await?;
        let kept = serde_json::to_vec(&enrolled).map_err(|error| NativeError::Unreachable(error.to_string()))?;
        std::fs::write(self.folder.join("device.json"), kept)?;
        Ok(enrolled)
    }

    /// The enrolment kept in the folder.
    pub fn enrolled(&self) -> Option<Enrolled> {
        serde_json::from_slice(&std::fs::read(self.folder.join("device.json")).ok()?).ok()
    }

    /// Whether the device has been approved.
    pub async fn device_status(&self, device: DeviceId) -> Result<DeviceStatus, NativeError> {
        let path = format!("/v1/devices/{device}/status");
        let status: Status = read(self.send(Method::GET, &path, None, Proof::Device).await?).await?;
        Ok(status.status)
    }

    /// Waits until an administrator has approved or blocked the device.
    pub async fn wait_until_approved(&self, device: DeviceId) -> Result<DeviceStatus, NativeError> {
        loop {
            match self.device_status(device).await {
                Ok(DeviceStatus::Pending) => {}
                Ok(status) => return Ok(status),
                Err(error) if error.status().is_some_and(|status| status < 500 && status != 429) => return Err(error),
                Err(_) => {}
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Signs a person in; the session is kept in the folder.
    pub async fn sign_in(&self, email: &str, password: &str) -> Result<User, NativeError> {
        let mut login = self.login.lock().await;
        let body = json!({ "email": email, "password": password });
        let tokens: Tokens = read(self.post("/v1/auth/login", &body).await?).await?;
        self.keep(&mut login, tokens)
    }

    /// The person of the kept session.
    pub fn user(&self) -> Option<User> {
        kept_session(&self.folder).map(|kept| kept.user)
    }

    /// A ticket for one hello of this device.
    pub async fn ticket(&self, device: DeviceId) -> Result<String, NativeError> {
        let body = json!({ "device_id": device });
        let response = self.send(Method::POST, "/v1/sync/ticket", Some(body), Proof::BearerAndDevice).await?;
        Ok(read::<Ticket>(response).await?.ticket)
    }

    /// A snapshot's whole text, by path and query.
    pub async fn snapshot(&self, path: &str) -> Result<String, NativeError> {
        let path = path.strip_prefix(self.public_url()).unwrap_or(path);
        Ok(self.send(Method::GET, path, None, Proof::Bearer).await?.text().await?)
    }

    /// One exchange without a WebSocket.
    pub async fn submit(&self, request: &SubmitRequest) -> Result<SubmitResponse, NativeError> {
        let body = serde_json::to_string(request).map_err(|error| NativeError::Unreachable(error.to_string()))?;
        read(self.send_text(Method::POST, "/v1/sync/submit", Some(body), Proof::BearerAndDevice).await?).await
    }

    /// Waits for the next events of a feed: the text of one `push` or `reset`, or none when nothing happened.
    pub async fn feed(
        &self,
        topic: Topic,
        epoch: &str,
        cursor: i64,
        wait: Duration,
    ) -> Result<Option<String>, NativeError> {
        let path = format!("/v1/sync/feed?topic={topic}&epoch={epoch}&cursor={cursor}&wait={}", wait.as_secs());
        let text = self.send(Method::GET, &path, None, Proof::Bearer).await?.text().await?;
        Ok(Some(text).filter(|text| !text.trim().is_empty()))
    }

    /// An item the floor does not have yet.
    pub async fn item(&self, id: ItemId) -> Result<Item, NativeError> {
        read(self.send(Method::GET, &format!("/v1/items/{id}"), None, Proof::Bearer).await?).await
    }

    /// Any route of the API, with the session's token; a problem is an error.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, NativeError> {
        let text = self.send(method, path, body, Proof::Bearer).await?.text().await?;
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).map_err(|error| NativeError::Unreachable(error.to_string()))
    }

    /// A request of the upload protocol; its status is the caller's to judge.
    pub(super) async fn upload(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Response, NativeError> {
        let path = path.strip_prefix(self.public_url()).or_else(|| path.strip_prefix(&self.server.url)).unwrap_or(path);
        let token = self.access_token(false).await?;
        let request = self.server.http.request(method, format!("{}{path}", self.server.url)).bearer_auth(token);
        Ok(request.headers(headers).body(body).send().await?)
    }

    fn public_url(&self) -> &str {
        self.server.public_url.as_deref().unwrap_or(&self.server.url)
    }

    fn keep(&self, login: &mut Login, tokens: Tokens) -> Result<User, NativeError> {
        let expires = Instant::now() + Duration::from_secs(tokens.expires_in.saturating_sub(30));
        login.access_token = Some((tokens.access_token, expires));
        if tokens.refresh_token.is_some() {
            login.refresh_token = tokens.refresh_token;
        }
        let kept = KeptSession { refresh_token: login.refresh_token.clone(), user: tokens.user };
        let bytes = serde_json::to_vec(&kept).map_err(|error| NativeError::Unreachable(error.to_string()))?;
        super::key::write_private(&self.folder.join("session.json"), &bytes)?;
        Ok(kept.user)
    }

    /// A token that is good for a while; `renew` when the server has just refused the present one.
    async fn access_token(&self, renew: bool) -> Result<String, NativeError> {
        let mut login = self.login.lock().await;
        if let Some((token, expires)) = &login.access_token
            && !renew
            && Instant::now() < *expires
        {
            return Ok(token.clone());
        }
        let Some(refresh_token) = login.refresh_token.clone() else { return Err(NativeError::SignedOut) };
        let body = json!({ "refresh_token": refresh_token });
        let tokens: Tokens = read(self.post("/v1/auth/refresh", &body).await?).await?;
        let token = tokens.access_token.clone();
        self.keep(&mut login, tokens)?;
        Ok(token)
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Response, NativeError> {
        let response = self.server.http.post(format!("{}{path}", self.server.url)).json(body).send().await?;
        checked(response).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        proof: Proof,
    ) -> Result<Response, NativeError> {
        self.send_text(method, path, body.map(|body| body.to_string()), proof).await
    }

    /// Sends a request, again with the nonce the server asks for, and again with a new token when the old one has ended.
    async fn send_text(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
        proof: Proof,
    ) -> Result<Response, NativeError> {
        let (mut renew, mut renewed, mut nonces) = (false, false, 0);
        loop {
            let token = self.token_for(proof, std::mem::take(&mut renew)).await?;
            let mut request = self.server.http.request(method.clone(), format!("{}{path}", self.server.url));
            if let Some(token) = &token {
                request = request.bearer_auth(token);
            }
            if matches!(proof, Proof::Device | Proof::BearerAndDevice) {
                request = request.header("DPoP", self.prove(&method, path, token.as_deref()));
            }
            if let Some(body) = &body {
                request = request.header("Content-Type", "application/json").body(body.clone());
            }
            let response = request.send().await?;
            if let (Some(nonce), Ok(mut known)) = (response.headers().get("DPoP-Nonce"), self.nonce.lock()) {
                *known = nonce.to_str().ok().map(str::to_owned);
            }
            let refused = match checked(response).await {
                Err(refused) if refused.status() == Some(401) => refused,
                answered => return answered,
            };
            match refused.code() {
                Some("use_dpop_nonce") if nonces < 2 => nonces += 1,
                Some("NOT_SIGNED_IN") if token.is_some() && !renewed => (renew, renewed) = (true, true),
                _ => return Err(refused),
            }
        }
    }

    /// The token a request carries. A device proves itself even when its person is signed out: a blocked one may still hand
    /// in what it holds.
    async fn token_for(&self, proof: Proof, renew: bool) -> Result<Option<String>, NativeError> {
        match proof {
            Proof::None | Proof::Device => Ok(None),
            Proof::Bearer => self.access_token(renew).await.map(Some),
            Proof::BearerAndDevice => match self.access_token(renew).await {
                Ok(token) => Ok(Some(token)),
                Err(NativeError::SignedOut | NativeError::Problem { status: 401 | 403, .. }) => Ok(None),
                Err(error) => Err(error),
            },
        }
    }

    fn prove(&self, method: &Method, path: &str, token: Option<&str>) -> String {
        let nonce = self.nonce.lock().ok().and_then(|nonce| nonce.clone());
        let path = path.split('?').next().unwrap_or(path);
        let url = format!("{}{path}", self.public_url());
        let issued_at = super::wall_clock_ms() / 1000;
        self.key.prove(Request {
            method: method.as_str(),
            url: &url,
            access_token: token,
            nonce: nonce.as_deref(),
            issued_at,
        })
    }
}

fn kept_session(folder: &Path) -> Option<KeptSession> {
    serde_json::from_slice(&std::fs::read(folder.join("session.json")).ok()?).ok()
}

async fn read<T: serde::de::DeserializeOwned>(response: Response) -> Result<T, NativeError> {
    let text = response.text().await?;
    serde_json::from_str(&text)
        .map_err(|error| NativeError::Unreachable(format!("an answer of another shape: {error}")))
}

/// The response, or the problem it is.
pub(super) async fn checked(response: Response) -> Result<Response, NativeError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let retry_after_ms = number(response.headers(), "Retry-After").map(|seconds| seconds.saturating_mul(1000));
    let problem: Problem = serde_json::from_str(&response.text().await?).unwrap_or_default();
    Err(NativeError::Problem {
        status: status.as_u16(),
        code: problem.code,
        detail: problem.detail.unwrap_or(problem.title),
        retry_after_ms,
    })
}

/// A header that is a whole number.
pub(super) fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// Headers from names and values; what no header can hold is left out.
pub(super) fn headers<const N: usize>(pairs: [(&'static str, String); N]) -> HeaderMap {
    let header = |(name, value): (&'static str, String)| {
        Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(&value).ok()?))
    };
    pairs.into_iter().filter_map(header).collect()
}
