//! Which sites' pages may call. A browser says in `Origin` where the page came from that asks; other clients say nothing, and are not asked.
//!
//! - **Requests**: CORS ([`cors`]) lets pages of the allowed origins read answers. Others are answered too, and their browsers keep the answer
//!   from them: a token is needed for anything, and no page has one of its own accord. Without allowed origins there is no CORS.
//! - **Sockets**: browsers open them across sites without asking, so the server itself looks ([`check`]).

use std::net::IpAddr;

use actix_cors::{Cors, CorsError};
use actix_web::HttpRequest;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{ResponseError as _, http::Method};
use reqwest::Url;

use super::codes::Code;
use super::error::ApiError;

/// Seconds for which a browser need not ask again what it may send.
const MAX_AGE: usize = 3600;

/// What pages may send, beside what they may anyway.
const TAKEN: [&str; 12] = [
    "authorization",
    "content-type",
    "dpop",
    "idempotency-key",
    "if-match",
    "traceparent",
    "tus-resumable",
    "upload-checksum",
    "upload-defer-length",
    "upload-length",
    "upload-metadata",
    "upload-offset",
];

/// What pages may read of an answer, beside what they may anyway.
const TOLD: [&str; 17] = [
    "dpop-nonce",
    "etag",
    "idempotency-replayed",
    "link",
    "location",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "tus-checksum-algorithm",
    "tus-extension",
    "tus-max-size",
    "tus-resumable",
    "tus-version",
    "upload-expires",
    "upload-length",
    "upload-offset",
    "x-request-id",
];

/// The middleware that lets pages of these origins read answers.
pub fn cors(allowed: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods([Method::GET, Method::HEAD, Method::POST, Method::PATCH, Method::PUT, Method::DELETE])
        .allowed_headers(TAKEN)
        .expose_headers(TOLD)
        .max_age(MAX_AGE);
    allowed.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}

/// Middleware around [`cors`]: what it refuses is a problem document like every other refusal.
///
/// # Errors
/// Those of the wrapped service.
pub async fn explain<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let response = next.call(request).await?;
    let refused =
        response.response().error().and_then(|error| error.as_error::<CorsError>()).map(|error| match error {
            CorsError::OriginNotAllowed => not_allowed(),
            other => ApiError::new(Code::BadRequest, other.to_string()),
        });
    Ok(match refused {
        Some(refused) => response.into_response(refused.error_response()).map_into_right_body(),
        None => response.map_into_left_body(),
    })
}

/// Lets through what is no browser, pages of the server's own origin, and those of the allowed ones.
///
/// Its own origin is that of `public_url`; on loopback, and while `public_url` is unset, it is also the host that was asked. A host that merely
/// resolves to this machine is not loopback.
///
/// # Errors
/// 403 for a page of any other site.
pub fn check(request: &HttpRequest, public_url: Option<&str>, allowed: &[String]) -> Result<(), ApiError> {
    let Some(origin) = request.headers().get(header::ORIGIN) else { return Ok(()) };
    let asked = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    match origin.to_str().ok().and_then(|origin| Url::parse(origin).ok()) {
        Some(page) if is_own(&page, asked, public_url) || is_among(&page, allowed) => Ok(()),
        _ => Err(not_allowed()),
    }
}

fn is_own(page: &Url, asked: Option<&str>, public_url: Option<&str>) -> bool {
    let public = public_url.and_then(|url| Url::parse(url).ok());
    if public.is_some_and(|public| public.origin() == page.origin()) {
        return true;
    }
    // Which scheme the client used is not known behind a proxy that ends TLS; the page's is taken.
    let asked = asked.and_then(|host| Url::parse(&format!("{}://{host}", page.scheme())).ok());
    asked.is_some_and(|asked| asked.origin() == page.origin() && (public_url.is_none() || is_loopback(&asked)))
}

fn is_among(page: &Url, allowed: &[String]) -> bool {
    let page = page.origin();
    page.is_tuple() && allowed.contains(&page.ascii_serialization())
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn not_allowed() -> ApiError {
    ApiError::new(Code::OriginNotAllowed, "Pages of that site are not among those that may call this server.")
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    /// Whether a page of `origin` may open a socket at `host`.
    fn may(origin: &str, host: &str, public_url: Option<&str>) -> bool {
        let request = TestRequest::default().insert_header(("origin", origin)).insert_header(("host", host));
        check(&request.to_http_request(), public_url, &["https://app.example.com".to_owned()]).is_ok()
    }

    #[test]
    fn the_public_origin_and_the_allowed_ones_may() {
        let public = Some("https://floor.example.com/north");
        assert!(may("https://floor.example.com", "10.0.0.7:8080", public));
        assert!(may("https://app.example.com", "floor.example.com", public));
        for other in [
            "https://evil.example",
            "http://floor.example.com",
            "https://floor.example.com:8443",
            "https://floor.example.com.evil.example",
            "https://app.example.com.evil.example",
            "http://app.example.com",
            "null",
            "",
            "file://",
        ] {
            assert!(!may(other, "floor.example.com", public), "{other}");
        }
    }

    #[test]
    fn the_host_that_was_asked_is_its_own_only_on_loopback_or_without_a_public_url() {
        let public = Some("https://floor.example.com");
        for host in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080"] {
            assert!(may(&format!("http://{host}"), host, public), "{host}");
            assert!(!may("http://localhost:3000", host, public), "{host}");
        }
        for host in ["evil.example", "192.168.1.4:8080", "localhost.evil.example"] {
            assert!(!may(&format!("http://{host}"), host, public), "{host}");
            assert!(may(&format!("http://{host}"), host, None), "{host}");
        }
        assert!(!may("https://evil.example", "192.168.1.4:8080", None));
        assert!(may("https://floor.local", "floor.local:443", None), "the usual port is not written by browsers");
    }

    #[test]
    fn who_says_no_origin_is_no_browser() {
        assert!(check(&TestRequest::default().to_http_request(), Some("https://floor.example.com"), &[]).is_ok());
    }
}
