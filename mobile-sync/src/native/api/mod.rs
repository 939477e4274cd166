//! The HTTP side of a device: enrolment, sign-in, tickets, snapshots, and the sync routes for when WebSockets are blocked.
//!
//! Plain HTTP only in this release: a device speaks to a server on loopback, or to a TLS proxy on its own machine.

mod enrolment;
mod login;
mod request;
mod sync;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use floorline_domain::ids::ItemId;
use floorline_domain::item::Item;
use reqwest::Method;
use serde_json::Value;

pub use self::enrolment::{DeviceStatus, Enrolled};
pub use self::login::User;
use self::login::{Login, kept_session};
use self::request::{Proof, read};
pub(super) use self::request::{checked, headers, number};
use super::error::NativeError;
use super::key::DeviceKey;

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

/// A device's HTTP client.
pub struct Api {
    server: Server,
    folder: PathBuf,
    key: DeviceKey,
    nonce: Mutex<Option<String>>,
    login: tokio::sync::Mutex<Login>,
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

    fn public_url(&self) -> &str {
        self.server.public_url.as_deref().unwrap_or(&self.server.url)
    }
}
