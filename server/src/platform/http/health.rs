//! What a load balancer asks: is the process there, and should it get requests.

use std::time::Duration;

use actix_web::{HttpResponse, get, web};
use diesel_async::SimpleAsyncConnection as _;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{ApiError, Code, Problem};
use crate::app::App;
use crate::platform::db::Role;

/// A database that takes longer than this to answer nothing at all is not ready.
const PATIENCE: Duration = Duration::from_secs(1);

/// The routes of this room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(live).service(ready);
}

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `live` or `ready`.
    pub status: &'static str,
}

/// The process answers. Restart it when this fails.
#[utoipa::path(tag = "health", responses((status = 200, body = Health)))]
#[get("/health/live")]
async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "live" })
}

/// The server wants requests: its database answers and it is not stopping. Send requests elsewhere when this fails, and ask again.
#[utoipa::path(tag = "health", responses((status = 200, body = Health), (status = 503, body = Problem)))]
#[get("/health/ready")]
async fn ready(app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    if app.draining.is_cancelled() {
        return Err(ApiError::new(Code::Draining, "This server is stopping.").retry_after(5));
    }
    let ask = async {
        let mut conn = app.db.get(Role::Poll).await?;
        Ok::<(), ApiError>(conn.batch_execute("SELECT 1").await?)
    };
    match tokio::time::timeout(PATIENCE, ask).await {
        Ok(answer) => answer.map(|()| HttpResponse::Ok().json(Health { status: "ready" })),
        Err(_) => Err(ApiError::busy("The database does not answer.")),
    }
}
