//! The lines of an export, as their bytes come in.

use std::borrow::Cow;

use actix_web::web::Payload;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::{Bytes, BytesMut};
use floorline_domain::{DeviceId, StreamId};
use floorline_mobile_sync::chain::Hash;
use floorline_mobile_sync::wire::Raw;
use futures_util::StreamExt as _;
use serde::{Deserialize, Deserializer};

use crate::photos::SILENCE;
use crate::platform::http::{ApiError, Code};

/// The first line.
#[derive(Debug, Deserialize)]
pub(super) struct Head {
    /// What an export calls itself.
    pub(super) kind: String,
    /// Its form.
    pub(super) version: i64,
    /// The phone it was taken off.
    pub(super) device_id: Option<DeviceId>,
}

/// Any other line.
#[derive(Debug)]
pub(super) enum Line {
    Lease(Lease),
    Entry(Entry),
    File(File),
    /// Of a newer app.
    Unknown,
}

/// A lease that entries name.
#[derive(Debug, Deserialize)]
pub(super) struct Lease {
    /// As the server signed it.
    pub(super) lease: String,
}

/// An entry as the phone would send it.
#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    pub(super) stream_id: StreamId,
    pub(super) seq: i64,
    pub(super) hash: Hash,
    pub(super) entry: Raw,
}

/// A photo.
#[derive(Debug, Deserialize)]
pub(super) struct File {
    pub(super) sha256: Hash,
    pub(super) mime: String,
    #[serde(rename = "base64url", deserialize_with = "decoded")]
    pub(super) bytes: Bytes,
}

fn decoded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
    let text = Cow::<'de, str>::deserialize(deserializer)?;
    URL_SAFE_NO_PAD.decode(&*text).map(Bytes::from).map_err(serde::de::Error::custom)
}

impl Line {
    fn read(line: &[u8]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Kind<'a> {
            #[serde(borrow)]
            line: Cow<'a, str>,
        }
        Ok(match &*serde_json::from_slice::<Kind<'_>>(line)?.line {
            "lease" => Self::Lease(serde_json::from_slice(line)?),
            "entry" => Self::Entry(serde_json::from_slice(line)?),
            "file" => Self::File(serde_json::from_slice(line)?),
            _ => Self::Unknown,
        })
    }
}

/// A body that is cut into lines. One of them is held at a time.
pub(super) struct Lines {
    body: Payload,
    held: BytesMut,
    /// How much of what is held has no end of a line in it.
    searched: usize,
    longest: usize,
    number: usize,
}

impl Lines {
    pub(super) fn of(body: Payload, longest: usize) -> Self {
        Self { body, held: BytesMut::new(), searched: 0, longest, number: 0 }
    }

    /// The first line.
    pub(super) async fn head(&mut self) -> Result<Head, ApiError> {
        let line = self.next_line().await?.unwrap_or_default();
        serde_json::from_slice(&line).map_err(|error| self.unreadable(&error))
    }

    /// The next one; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Line>, ApiError> {
        match self.next_line().await? {
            Some(line) => Line::read(&line).map(Some).map_err(|error| self.unreadable(&error)),
            None => Ok(None),
        }
    }

    /// Something is wrong with the line that was read last.
    pub(super) fn bad(&self, what: &str) -> ApiError {
        ApiError::new(Code::BadRequest, format!("Line {}: {what}.", self.number))
    }

    fn unreadable(&self, error: &serde_json::Error) -> ApiError {
        self.bad(&format!("it cannot be read: {error}"))
    }

    async fn next_line(&mut self) -> Result<Option<Bytes>, ApiError> {
        loop {
            let line = self.cut().await?;
            if line.as_ref().is_none_or(|line| !line.trim_ascii().is_empty()) {
                return Ok(line);
            }
        }
    }

    async fn cut(&mut self) -> Result<Option<Bytes>, ApiError> {
        loop {
            let unsearched = self.held.get(self.searched..).unwrap_or_default();
            if let Some(end) = unsearched.iter().position(|byte| *byte == b'\n') {
                let line = self.held.split_to(self.searched + end + 1).freeze();
                return Ok(Some(self.count(line)));
            }
            self.searched = self.held.len();
            if self.searched > self.longest {
                let detail = format!("Line {} has more than {} bytes.", self.number + 1, self.longest);
                return Err(ApiError::new(Code::TooLarge, detail));
            }
            match tokio::time::timeout(SILENCE, self.body.next()).await {
                Ok(Some(Ok(bytes))) => self.held.extend_from_slice(&bytes),
                Ok(None) if self.held.is_empty() => return Ok(None),
                Ok(None) => {
                    let line = self.held.split().freeze();
                    return Ok(Some(self.count(line)));
                }
                Ok(Some(Err(_))) | Err(_) => {
                    return Err(ApiError::new(
                        Code::BadRequest,
                        "The body broke off. What came before stays; send it again.",
                    ));
                }
            }
        }
    }

    fn count(&mut self, line: Bytes) -> Bytes {
        (self.searched, self.number) = (0, self.number + 1);
        line
    }
}
