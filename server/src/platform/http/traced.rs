//! One span a request. Those that are turned away before they are looked at (too many, too fast) have none.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web;
use tracing::Instrument as _;

use crate::app::App;
use crate::platform::telemetry::{TraceParent, spans};
use crate::platform::tenancy::access_claims;

/// Middleware: makes the request's span, within the one of its log lines.
///
/// # Errors
/// Those of the wrapped service.
pub async fn trace<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let span = spans::request(request.method().as_str(), || request.match_pattern(), || parent(&request));
    let answered = async {
        let answer = next.call(request).await;
        let status = match &answer {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        spans::answered(status.as_u16());
        answer
    };
    answered.instrument(span).await
}

/// Where a caller's own trace goes on here. A stranger's does not: it could be made to look like somebody else's.
fn parent(request: &ServiceRequest) -> Option<TraceParent> {
    let said = TraceParent::read(request.headers().get("traceparent")?.to_str().ok()?)?;
    let app = request.app_data::<web::Data<App>>()?;
    access_claims(request.request(), &app.keys).map(|_| said)
}
