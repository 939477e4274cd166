//! HTTP as one person sends it.

use reqwest::Method;
use serde_json::Value;

use super::Answer;

/// A person (or nobody) in front of the server. Cheap to clone; [`Client::with`] adds a header for what follows.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    address: String,
    headers: Vec<(String, String)>,
}

impl Client {
    pub(super) fn new(http: &reqwest::Client, address: &str) -> Self {
        Self { http: http.clone(), address: address.to_owned(), headers: Vec::new() }
    }

    /// The same person, sending one more header.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.retain(|(known, _)| known != name);
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    /// The same person, sending an `Idempotency-Key`.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.with("idempotency-key", key)
    }

    /// The same person, changing this version.
    #[must_use]
    pub fn if_match(&self, version: i64) -> Self {
        self.with("if-match", &format!("\"{version}\""))
    }

    /// The same person with a token of their own.
    #[must_use]
    pub fn bearer(&self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    /// The access token sent, if any.
    pub fn token(&self) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(name, _)| name == "authorization")?;
        value.strip_prefix("Bearer ")
    }

    /// Where requests go.
    pub fn url(&self) -> &str {
        &self.address
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send("PATCH", path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send("PUT", path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None).await
    }

    /// Any method, with or without a JSON body.
    pub async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let request = self.request(method, path);
        let request = match body {
            Some(body) => request.header("content-type", "application/json").body(body.to_string()),
            None => request,
        };
        Answer::of(method, path, request.send().await.unwrap()).await
    }

    /// Bytes of any type, for uploads and for bodies that are no JSON.
    pub async fn send_bytes(&self, method: &str, path: &str, content_type: &str, body: Vec<u8>) -> Answer {
        let request = self.request(method, path).header("content-type", content_type).body(body);
        Answer::of(method, path, request.send().await.unwrap()).await
    }

    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, format!("{}{path}", self.address));
        self.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }
}
