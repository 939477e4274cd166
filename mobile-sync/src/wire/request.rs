//! One exchange over HTTP, for networks that let no WebSocket through.

use floorline_domain::json;
use serde::{Deserialize, Serialize};

use super::{BadFrame, Gap, Hello, Lease, Raw, Results, Retry, Submit, Welcome};
use crate::strict;

/// The body of `POST /v1/sync/submit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitRequest {
    /// The hello, without a ticket.
    pub hello: Hello,
    /// The batch, without a session; absent to fetch results only.
    #[serde(default)]
    pub submit: Option<Submit>,
}

impl SubmitRequest {
    /// Reads a request's body; what is no such body is answered 400.
    pub fn parse(text: &str) -> Result<Self, BadFrame> {
        let request: Self = json::read(text)?;
        strict::check(Raw::of(&request.hello)?.bytes())?;
        request.submit.as_ref().map_or(Ok(()), Submit::check)?;
        Ok(request)
    }
}

/// The answer to `POST /v1/sync/submit`: the welcome, the lease of whoever is signed in, and at most one of the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitResponse {
    /// The welcome of this request.
    pub welcome: Welcome,
    /// What a socket is told after its welcome; none for a blocked device, and none from an older server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// The batch's verdicts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Results>,
    /// Nothing was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// Nothing was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
}
