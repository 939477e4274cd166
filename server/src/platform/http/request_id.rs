//! One id a request, in its log lines, its answer and its error.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::platform::telemetry::names;

tokio::task_local! {
    static CURRENT: String;
}

/// The id of the request being answered; empty outside of one.
pub fn current() -> String {
    CURRENT.try_with(Clone::clone).unwrap_or_default()
}

/// Middleware: names the request, counts and times it, and adds the headers every answer carries.
///
/// # Errors
/// Those of the wrapped service.
pub async fn observe<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let id = Uuid::now_v7().to_string();
    let method = request.method().clone();
    let started = std::time::Instant::now();
    // The pattern, never the address: what stands in that may have been typed by a person.
    let route = request.match_pattern().unwrap_or_else(|| "unmatched".into());
    let trace_id = tracing::field::Empty;
    let span = tracing::info_span!("request", request_id = %id, method = %method, route, trace_id);
    let response = CURRENT.scope(id.clone(), next.call(request).instrument(span.clone())).await;
    let mut response = response?;
    let status = response.status();
    let elapsed = started.elapsed();
    metrics::counter!(names::HTTP_REQUESTS, "method" => method.to_string(), "route" => route.clone(), "status" => status.as_str().to_owned()).increment(1);
    metrics::histogram!(names::HTTP_REQUEST_SECONDS, "route" => route).record(elapsed.as_secs_f64());
    span.in_scope(|| tracing::debug!(status = status.as_u16(), duration_ms = elapsed.as_millis(), "answered"));
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
    for (name, value) in SECURITY {
        let name = HeaderName::from_static(name);
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    Ok(response)
}

/// Sent with every answer unless the handler set its own.
const SECURITY: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-frame-options", "DENY"),
    (
        "content-security-policy",
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("permissions-policy", "camera=(self), microphone=(self), geolocation=(self)"),
];
