//! The routes of the protocol: tickets, snapshots, and the exchange and the feed without a WebSocket.

use std::time::Duration;

use floorline_domain::ids::DeviceId;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::Api;
use super::request::{Proof, read};
use crate::native::error::NativeError;
use crate::topic::Topic;
use crate::wire::{SubmitRequest, SubmitResponse};

#[derive(Deserialize)]
struct Ticket {
    ticket: String,
}

impl Api {
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
}
