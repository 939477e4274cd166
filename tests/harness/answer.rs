//! What the server answered, and what a test says about it.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// A whole answer. `json` is null when the body is none.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub json: Value,
    request: String,
}

impl Answer {
    pub(super) async fn of(method: &str, path: &str, response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.unwrap().to_vec();
        let json = serde_json::from_slice(&body).unwrap_or_default();
        Self { status, headers, body, json, request: format!("{method} {path}") }
    }

    /// The body of a 2xx; anything else fails the test and shows what came.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{self}");
        self.json
    }

    #[track_caller]
    pub fn assert_status(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// It is a problem document with this code, and its status agrees with the answer's.
    #[track_caller]
    pub fn assert_problem(&self, code: &str) -> &Self {
        assert_eq!(self.json["code"], code, "{self}");
        assert_eq!(self.json["status"], self.status, "{self}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self}");
        self
    }

    /// The problem names this field among its errors.
    #[track_caller]
    pub fn assert_field(&self, field: &str) -> &Self {
        let errors = self.json["errors"].as_array();
        assert!(errors.is_some_and(|errors| errors.iter().any(|error| error["field"] == field)), "{self}");
        self
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The `id` of what was answered.
    #[track_caller]
    pub fn id(&self) -> String {
        self.text("id")
    }

    /// A text at the top of the answer.
    #[track_caller]
    pub fn text(&self, name: &str) -> String {
        self.json[name].as_str().unwrap_or_else(|| panic!("no text {name} in {self}")).to_owned()
    }

    /// The version in the `ETag`.
    #[track_caller]
    pub fn version(&self) -> i64 {
        let tag = self.header("etag").unwrap_or_else(|| panic!("no ETag in {self}"));
        tag.trim_matches('"').parse().unwrap()
    }

    /// The rows of a list.
    #[track_caller]
    pub fn rows(&self) -> &Vec<Value> {
        self.json["data"].as_array().unwrap_or_else(|| panic!("no list in {self}"))
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} answered {}: {}", self.request, self.status, String::from_utf8_lossy(&self.body))
    }
}
