//! The service account of a Firebase project: the file that its console gives out, and the access tokens that are had for it (RFC 7523).

use std::path::Path;

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::outcome::Outcome;
use crate::platform::clock;
use crate::platform::outgoing::{Answered, Outgoing, Reach, retry_after};

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
const GRANT: &str = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
/// How long an assertion is good for; an hour is the most there is.
const ASSERTED: TimeDelta = TimeDelta::minutes(30);
/// A token that ends so soon is not used any more.
const EARLY: TimeDelta = TimeDelta::minutes(1);

/// A service account.
pub(super) struct ServiceAccount {
    project: String,
    email: String,
    key_id: String,
    key: EncodingKey,
    tokens: Url,
    outgoing: Outgoing,
    /// Locked while a token is fetched: one is enough for all who wait.
    held: Mutex<Option<Held>>,
}

struct Held {
    text: String,
    until: DateTime<Utc>,
}

/// What of the file is used.
#[derive(Deserialize)]
struct File {
    project_id: String,
    private_key_id: String,
    private_key: String,
    client_email: String,
    token_uri: String,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: i64,
}

impl ServiceAccount {
    /// Reads the file.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)?;
        // What is wrong with it is said without what stands in it.
        let file: File = serde_json::from_str(&text)
            .map_err(|error| anyhow!("not the key of a service account, at line {}", error.line()))?;
        let key = EncodingKey::from_rsa_pem(file.private_key.as_bytes())
            .map_err(|_| anyhow!("private_key is not an RSA key in PEM"))?;
        let tokens = Url::parse(&file.token_uri).context("token_uri")?;
        Reach::Settings.permits(&tokens).map_err(|why| anyhow!("token_uri: {why}"))?;
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
        if file.project_id.is_empty() || !plain(&file.project_id) {
            return Err(anyhow!("project_id is not the name of a project"));
        }
        Ok(Self {
            project: file.project_id,
            email: file.client_email,
            key_id: file.private_key_id,
            key,
            tokens,
            outgoing: Outgoing::new(Reach::Settings)?,
            held: Mutex::new(None),
        })
    }

    /// The project whose phones are told.
    pub(super) fn project(&self) -> &str {
        &self.project
    }

    /// An access token: the one that is held, or a new one.
    pub(super) async fn access(&self) -> Result<String, Outcome> {
        let mut held = self.held.lock().await;
        let now = clock::now();
        if let Some(good) = held.as_ref().filter(|held| held.until > now) {
            return Ok(good.text.clone());
        }
        *held = None;
        let granted = self.fetch(now).await?;
        let until = now + TimeDelta::seconds(granted.expires_in.clamp(0, 86_400)) - EARLY;
        let new = held.insert(Held { text: granted.access_token, until });
        Ok(new.text.clone())
    }

    /// A token was refused before its time.
    pub(super) async fn forget(&self, refused: &str) {
        let mut held = self.held.lock().await;
        // Somebody else may have renewed it meanwhile.
        if held.as_ref().is_some_and(|held| held.text == refused) {
            *held = None;
        }
    }

    async fn fetch(&self, now: DateTime<Utc>) -> Result<Granted, Outcome> {
        let assertion =
            self.assertion(now).map_err(|error| Outcome::later(format!("the assertion cannot be signed: {error}")))?;
        let headers =
            [(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))].into_iter().collect();
        let body = Bytes::from(format!("grant_type={GRANT}&assertion={assertion}"));
        match self.outgoing.post(&self.tokens, headers, body).await {
            Ok(answered) => granted(&answered),
            Err(unanswered) => Err(Outcome::later(format!("an access token: {unanswered}"))),
        }
    }

    fn assertion(&self, now: DateTime<Utc>) -> Result<String, jsonwebtoken::errors::Error> {
        let mut head = Header::new(Algorithm::RS256);
        head.kid = Some(self.key_id.clone());
        let claims = json!({
            "iss": self.email, "scope": SCOPE, "aud": self.tokens.as_str(),
            "iat": now.timestamp(), "exp": (now + ASSERTED).timestamp(),
        });
        jsonwebtoken::encode(&head, &claims, &self.key)
    }
}

fn granted(answered: &Answered) -> Result<Granted, Outcome> {
    let refused = |what: String| Outcome::Later {
        why: format!("an access token: {what}"),
        after: retry_after(&answered.headers, clock::now()),
    };
    if !answered.status.is_success() {
        let error: Value = serde_json::from_slice(&answered.body).unwrap_or_default();
        let word = error.get("error").and_then(Value::as_str).filter(|word| word.len() < 64).unwrap_or_default();
        return Err(refused(format!("answered {} {word}", answered.status.as_u16())));
    }
    let granted: Option<Granted> = serde_json::from_slice(&answered.body).ok();
    // It goes into a header as it is.
    let sound = |granted: &Granted| granted.access_token.bytes().all(|byte| byte.is_ascii_graphic());
    granted.filter(sound).ok_or_else(|| refused("the answer is none".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_used_says_why_and_repeats_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("account.json");
        let sound = json!({
            "project_id": "mill", "private_key_id": "1", "private_key": "hunter2", "client_email": "a@b", "token_uri": "https://x/",
        });
        for (text, word) in [("{\n\"hunter2\"".to_owned(), "line 2"), (sound.to_string(), "private_key")] {
            std::fs::write(&path, text).unwrap();
            let error = ServiceAccount::read(&path).err().unwrap();
            assert!(format!("{error:#}").contains(word) && !format!("{error:#}").contains("hunter2"), "{error:#}");
        }
    }
}
