//! Counts open connections and refuses the surplus with words. Without this, clients beyond the file-descriptor limit hang instead of being told.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::ResponseError as _;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::middleware::Next;

use super::{ApiError, Code};

/// How many connections are open, and how many may be. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Connections {
    open: Arc<AtomicUsize>,
    most: usize,
}

/// Lives as long as its connection.
struct Counted {
    connections: Connections,
    surplus: bool,
}

impl Connections {
    /// A count that begins at zero.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { open: Arc::default(), most }
    }

    /// For `HttpServer::on_connect`.
    pub fn opened(&self, _socket: &dyn Any, extensions: &mut Extensions) {
        let before = self.open.fetch_add(1, Ordering::Relaxed);
        extensions.insert(Counted { connections: self.clone(), surplus: before >= self.most });
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.connections.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Middleware: a request on a surplus connection is answered 503, and its connection closed.
///
/// # Errors
/// Those of the wrapped service.
pub async fn refuse_surplus<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    if request.conn_data::<Counted>().is_some_and(|counted| counted.surplus) {
        let error = ApiError::new(Code::Overloaded, "This server has as many connections as it can take.");
        // An answer and no error: it gets its headers and is counted as all others are.
        let mut response = error.retry_after(5).error_response();
        response.head_mut().set_connection_type(ConnectionType::Close);
        return Ok(request.into_response(response.map_into_right_body()));
    }
    next.call(request).await.map(ServiceResponse::map_into_left_body)
}
