//! Web Push: RFC 8030, with the body encrypted for the browser alone (RFC 8291).

use bytes::Bytes;
use chrono::TimeDelta;
use hyper::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use web_push_native::{Auth, encrypt};

use super::content;
use super::notice::{Notice, Urgency};
use super::outcome::Outcome;
use super::subscription::WebAddress;
use super::vapid::VapidKey;
use crate::platform::clock;
use crate::platform::outgoing::{Answered, Outgoing, Reach, retry_after};

const TTL: HeaderName = HeaderName::from_static("ttl");
const URGENCY: HeaderName = HeaderName::from_static("urgency");
const TOPIC: HeaderName = HeaderName::from_static("topic");

/// Sends to browsers' push services.
pub(super) struct Web {
    key: VapidKey,
    contact: Option<String>,
    outgoing: Outgoing,
}

impl Web {
    pub(super) fn new(key: VapidKey, contact: Option<String>, reach: Reach) -> anyhow::Result<Self> {
        Ok(Self { key, contact, outgoing: Outgoing::new(reach)? })
    }

    /// What browsers subscribe with.
    pub(super) fn public_key(&self) -> &str {
        self.key.public()
    }

    pub(super) async fn send(&self, to: &WebAddress, notice: &Notice, left: TimeDelta) -> Outcome {
        let body = match encrypt(content::json(notice).to_string().into_bytes(), &to.key, &Auth::from(to.auth)) {
            Ok(body) => body,
            Err(error) => return Outcome::later(format!("the notice cannot be encrypted: {error}")),
        };
        let headers = match self.headers(to, notice, left) {
            Ok(headers) => headers,
            Err(error) => return Outcome::later(format!("the request cannot be written: {error}")),
        };
        match self.outgoing.post(&to.endpoint, headers, Bytes::from(body)).await {
            Ok(answered) => judge(&answered),
            Err(unanswered) => Outcome::later(unanswered.to_string()),
        }
    }

    fn headers(&self, to: &WebAddress, notice: &Notice, left: TimeDelta) -> anyhow::Result<HeaderMap> {
        let signed = self.key.authorization(&to.endpoint, self.contact.as_deref(), clock::now())?;
        let urgency = match notice.news.urgency() {
            Urgency::Wake => "low",
            Urgency::Calm => "normal",
            Urgency::Urgent => "high",
        };
        let mut headers = HeaderMap::from_iter([
            (AUTHORIZATION, HeaderValue::try_from(signed)?),
            (CONTENT_ENCODING, HeaderValue::from_static("aes128gcm")),
            (CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
            (TTL, HeaderValue::from(left.num_seconds())),
            (URGENCY, HeaderValue::from_static(urgency)),
        ]);
        if let Some(group) = notice.news.group() {
            headers.insert(TOPIC, HeaderValue::from_static(group));
        }
        Ok(headers)
    }
}

/// Every signature is new, so that a 401 is not mended by another one at once: a wrong clock, or a key that the browser did not subscribe with.
fn judge(answered: &Answered) -> Outcome {
    match answered.status.as_u16() {
        200..=299 => Outcome::Sent,
        404 => Outcome::Gone("404"),
        410 => Outcome::Gone("410"),
        status => Outcome::Later {
            why: format!("the push service answered {status}"),
            after: retry_after(&answered.headers, clock::now()),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hyper::StatusCode;
    use hyper::header::RETRY_AFTER;

    use super::*;

    fn answered(status: u16, pause: Option<&'static str>) -> Answered {
        let headers = pause.map(|pause| (RETRY_AFTER, HeaderValue::from_static(pause))).into_iter().collect();
        Answered { status: StatusCode::from_u16(status).unwrap(), headers, body: Bytes::new() }
    }

    #[test]
    fn an_address_is_given_up_only_when_its_service_does_not_know_it() {
        for status in [200, 201, 202] {
            assert_eq!(judge(&answered(status, None)), Outcome::Sent);
        }
        for status in [404, 410] {
            assert!(matches!(judge(&answered(status, None)), Outcome::Gone(_)), "{status}");
        }
        for status in [301, 400, 401, 403, 413, 429, 500, 503] {
            let Outcome::Later { why, after: None } = judge(&answered(status, None)) else { panic!("{status}") };
            assert!(why.contains(&status.to_string()));
            let Outcome::Later { after, .. } = judge(&answered(status, Some("30"))) else { panic!("{status}") };
            assert_eq!(after, Some(Duration::from_secs(30)));
        }
    }
}
