//! Requests to other people's servers: over TLS by rustls with the authorities that the system trusts, without following redirects, with an end, and no further
//! than they may go ([`Reach`]).
//!
//! The HTTP client beside it (`reqwest`, for the handheld and the bench) is built without TLS: with it each of its many clients would load the authorities.

mod names;
mod reach;

use std::error::Error;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{HeaderMap, RETRY_AFTER};
use hyper::{Request, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use reqwest::Url;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

use self::names::Names;
pub use self::reach::Reach;

/// A server that has not said all it has to say by then is asked another time.
pub const WITHIN: Duration = Duration::from_secs(20);
/// A connection is made within this, or not at all.
const CONNECT_WITHIN: Duration = Duration::from_secs(8);
/// What is kept of an answer's body.
const MOST: usize = 64 * 1024;

/// Opens connections no further than it may.
pub type Connector = HttpsConnector<HttpConnector<Names>>;

/// Sends requests, over connections it keeps for a while. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Outgoing {
    client: Client<Connector, Full<Bytes>>,
    reach: Reach,
}

/// What a server answered.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; empty where that was too long to be meant.
    pub body: Bytes,
}

/// Why there is no answer. Repeats nothing of the address, which may be a secret.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// The address is not one to be asked.
    #[error("the address may not be asked: {0}")]
    Address(&'static str),
    /// The request cannot be written.
    #[error("the request cannot be written: {0}")]
    Request(#[from] hyper::http::Error),
    /// The connection or the protocol failed.
    #[error("no answer: {0}")]
    Failed(String),
    /// It took too long.
    #[error("no answer within {} s", WITHIN.as_secs())]
    Late,
}

impl Outgoing {
    /// A sender that goes no further than `reach`.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(reach: Reach) -> anyhow::Result<Self> {
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(connector(reach)?), reach })
    }

    /// Posts a body.
    ///
    /// # Errors
    /// See [`Unanswered`]; an answer of any status is none.
    pub async fn post(&self, url: &Url, headers: HeaderMap, body: Bytes) -> Result<Answered, Unanswered> {
        self.reach.permits(url).map_err(Unanswered::Address)?;
        let mut request = Request::post(url.as_str()).body(Full::new(body))?;
        *request.headers_mut() = headers;
        let answered = async {
            let response = self.client.request(request).await.map_err(|error| Unanswered::Failed(chain(&error)))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, MOST).collect().await.map(|body| body.to_bytes()).unwrap_or_default();
            Ok(Answered { status: head.status, headers: head.headers, body })
        };
        tokio::time::timeout(WITHIN, answered).await.unwrap_or(Err(Unanswered::Late))
    }
}

/// A connector that goes no further than `reach`, for clients that bring their own way of asking.
///
/// # Errors
/// TLS cannot be set up.
pub fn connector(reach: Reach) -> anyhow::Result<Connector> {
    // Read once a process: the system's authorities are many.
    static TLS: LazyLock<Result<ClientConfig, rustls::Error>> = LazyLock::new(tls);
    let tls = TLS.clone()?;
    let mut http = HttpConnector::new_with_resolver(Names { reach });
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_connect_timeout(Some(CONNECT_WITHIN));
    Ok(HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_all_versions().wrap_connector(http))
}

/// How long a server asks to be left alone: in seconds, or until a date.
pub fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = DateTime::parse_from_rfc2822(text).ok()?;
    Some((until.to_utc() - now).to_std().unwrap_or_default())
}

/// An error with what brought it about.
pub fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn tls() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (count, _) = roots.add_parsable_certificates(found.certs);
    if count == 0 {
        tracing::warn!("the system trusts no authorities; other servers cannot be spoken to over TLS");
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    Ok(config.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_said_in_seconds_or_as_a_date() {
        let now = DateTime::parse_from_rfc3339("2026-11-22T08:00:00Z").unwrap().to_utc();
        for (said, seconds) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Sun, 22 Nov 2026 08:01:00 GMT", Some(60)),
            ("Sun, 22 Nov 2026 07:00:00 GMT", Some(0)),
            ("soon", None),
            ("-5", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, said.parse().unwrap())]);
            assert_eq!(retry_after(&headers, now), seconds.map(Duration::from_secs), "{said}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_not_asked_whatever_it_is_called() {
        let public = Outgoing::new(Reach::Public).unwrap();
        let near = Url::parse("https://127.0.0.1:1/").unwrap();
        let refused = public.post(&near, HeaderMap::new(), Bytes::new()).await.unwrap_err();
        assert!(matches!(refused, Unanswered::Address(_)), "{refused}");
        // A name is only known by its numbers.
        let mut names = Names { reach: Reach::Public };
        let refused = names.look_up("localhost").await.unwrap_err();
        assert!(refused.to_string().contains("public internet"), "{refused}");
        names.reach = Reach::PublicAndLoopback;
        assert!(names.look_up("localhost").await.unwrap().all(|address| address.ip().is_loopback()));
    }
}
