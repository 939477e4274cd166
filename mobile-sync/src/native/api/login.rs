//! The person who signed in, and the tokens that say so; the session outlives a restart of the app.

use std::path::Path;
use std::time::{Duration, Instant};

use floorline_domain::ids::{OrgId, UserId};
use floorline_domain::permission::{Permission, PermissionSet};
use reqwest::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Api;
use super::request::{checked, read};
use crate::native::error::NativeError;

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

#[derive(Clone, Deserialize)]
struct Tokens {
    access_token: String,
    expires_in: u64,
    #[serde(default)]
    pub(super) refresh_token: Option<String>,
    user: User,
}

/// What survives a restart of the app.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptSession {
    pub(super) refresh_token: Option<String>,
    user: User,
}

pub(super) struct Login {
    pub(super) access_token: Option<(String, Instant)>,
    pub(super) refresh_token: Option<String>,
}

impl Api {
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

    fn keep(&self, login: &mut Login, tokens: Tokens) -> Result<User, NativeError> {
        let expires = Instant::now() + Duration::from_secs(tokens.expires_in.saturating_sub(30));
        login.access_token = Some((tokens.access_token, expires));
        if tokens.refresh_token.is_some() {
            login.refresh_token = tokens.refresh_token;
        }
        let kept = KeptSession { refresh_token: login.refresh_token.clone(), user: tokens.user };
        let bytes = serde_json::to_vec(&kept).map_err(|error| NativeError::Unreachable(error.to_string()))?;
        crate::native::key::write_private(&self.folder.join("session.json"), &bytes)?;
        Ok(kept.user)
    }

    /// A token that is good for a while; `renew` when the server has just refused the present one.
    pub(super) async fn access_token(&self, renew: bool) -> Result<String, NativeError> {
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
}

pub(super) fn kept_session(folder: &Path) -> Option<KeptSession> {
    serde_json::from_slice(&std::fs::read(folder.join("session.json")).ok()?).ok()
}
