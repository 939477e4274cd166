//! Someone at a desk: a person signed in over HTTP, who tries again when the server is away.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use uuid::Uuid;

/// How long a request is tried again while the server restarts.
const PATIENCE: Duration = Duration::from_secs(90);

/// A signed-in person.
pub(super) struct Desk {
    http: reqwest::Client,
    url: String,
    email: String,
    password: String,
    token: Mutex<Option<(String, Instant)>>,
}

impl Desk {
    pub(super) fn new(http: &reqwest::Client, url: &str, email: &str, password: &str) -> Self {
        Self {
            http: http.clone(),
            url: url.to_owned(),
            email: email.to_owned(),
            password: password.to_owned(),
            token: Mutex::new(None),
        }
    }

    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.json(Method::GET, path, None).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.json(Method::POST, path, Some(body)).await
    }

    /// The bytes of an answer, such as a label's picture.
    pub(super) async fn bytes(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        Ok(self.send(Method::GET, path, None).await?.bytes().await?.to_vec())
    }

    /// A question that may be refused: `None` when the rules say no.
    pub(super) async fn ask(&self, path: &str, body: Value) -> anyhow::Result<Option<Value>> {
        let answer = self.try_send(&Method::POST, path, Some(&body), &Uuid::new_v4().to_string()).await?;
        if answer.status().is_success() { Ok(Some(answer.json().await.unwrap_or(Value::Null))) } else { Ok(None) }
    }

    async fn json(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let text = self.send(method, path, body).await?.text().await?;
        if text.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_str(&text)?) }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<reqwest::Response> {
        let answer = self.try_send(&method, path, body.as_ref(), &Uuid::new_v4().to_string()).await?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let (status, text) = (answer.status(), answer.text().await.unwrap_or_default());
        anyhow::bail!("{method} {path} as {}: {status} {text}", self.email)
    }

    /// Sends until there is an answer other than "later". One key for all tries: what was done is not done twice.
    async fn try_send(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
        key: &str,
    ) -> anyhow::Result<reqwest::Response> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let last = match self.once(method, path, body, key).await {
                Ok(answer) if !later(answer.status()) => return Ok(answer),
                Ok(answer) => format!("{}", answer.status()),
                Err(error) => format!("{error:#}"),
            };
            anyhow::ensure!(Instant::now() < deadline, "{method} {path}: no answer for {PATIENCE:?}, lastly {last}");
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    async fn once(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
        key: &str,
    ) -> anyhow::Result<reqwest::Response> {
        let token = self.token().await?;
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.url)).bearer_auth(token);
        if *method == Method::POST {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            *self.token.lock().await = None;
        }
        Ok(answer)
    }

    async fn token(&self) -> anyhow::Result<String> {
        let mut kept = self.token.lock().await;
        if let Some((token, _)) = kept.as_ref().filter(|(_, until)| Instant::now() < *until) {
            return Ok(token.clone());
        }
        let body = json!({ "email": self.email, "password": self.password });
        let answer =
            self.http.post(format!("{}/v1/auth/login", self.url)).json(&body).send().await?.error_for_status()?;
        let tokens: Value = answer.json().await?;
        let token =
            tokens.get("access_token").and_then(Value::as_str).context("no access token in the answer")?.to_owned();
        *kept = Some((token.clone(), Instant::now() + Duration::from_secs(480)));
        Ok(token)
    }
}

fn later(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::UNAUTHORIZED
            | StatusCode::BAD_GATEWAY
    )
}
