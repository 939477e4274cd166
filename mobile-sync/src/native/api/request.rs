//! One request: who sends it, sent again with the nonce or the token the server asks for, and the problem it may end in.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response};
use serde::Deserialize;
use serde_json::Value;

use super::Api;
use crate::native::error::NativeError;
use crate::native::key::Request;
use crate::native::traceparent;

/// What a request carries to say who sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    None,
    Bearer,
    Device,
    BearerAndDevice,
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
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        proof: Proof,
    ) -> Result<Response, NativeError> {
        self.send_text(method, path, body.map(|body| body.to_string()), proof).await
    }

    /// Sends a request, again with the nonce the server asks for, and again with a new token when the old one has ended.
    pub(super) async fn send_text(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
        proof: Proof,
    ) -> Result<Response, NativeError> {
        let (mut renew, mut renewed, mut nonces) = (false, false, 0);
        let traceparent = traceparent();
        loop {
            let token = self.token_for(proof, std::mem::take(&mut renew)).await?;
            let mut request = self.server.http.request(method.clone(), format!("{}{path}", self.server.url));
            request = request.header("traceparent", &traceparent);
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
        let issued_at = crate::native::wall_clock_ms() / 1000;
        self.key.prove(Request {
            method: method.as_str(),
            url: &url,
            access_token: token,
            nonce: nonce.as_deref(),
            issued_at,
        })
    }

    /// A request of the upload protocol; its status is the caller's to judge.
    pub(in crate::native) async fn upload(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Response, NativeError> {
        let path = path.strip_prefix(self.public_url()).or_else(|| path.strip_prefix(&self.server.url)).unwrap_or(path);
        let token = self.access_token(false).await?;
        let request = self.server.http.request(method, format!("{}{path}", self.server.url)).bearer_auth(token);
        Ok(request.headers(headers).header("traceparent", traceparent()).body(body).send().await?)
    }
}

pub(super) async fn read<T: serde::de::DeserializeOwned>(response: Response) -> Result<T, NativeError> {
    let text = response.text().await?;
    serde_json::from_str(&text)
        .map_err(|error| NativeError::Unreachable(format!("an answer of another shape: {error}")))
}

/// The response, or the problem it is.
pub(in crate::native) async fn checked(response: Response) -> Result<Response, NativeError> {
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
pub(in crate::native) fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// Headers from names and values; what no header can hold is left out.
pub(in crate::native) fn headers<const N: usize>(pairs: [(&'static str, String); N]) -> HeaderMap {
    let header = |(name, value): (&'static str, String)| {
        Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(&value).ok()?))
    };
    pairs.into_iter().filter_map(header).collect()
}
