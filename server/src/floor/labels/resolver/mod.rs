//! `/Q/{code}`: what a label is, said to whoever opens its address.
//!
//! Nothing about a thing is in its code, so the answer depends on who asks: a worker sees the stage and what to do next, who oversees the
//! floor also what happened, a brand the progress of its order, and anybody else a passport if the order has a public one. The page is
//! small, has no script and is the same as JSON for `Accept: application/json`. It is always 200: saying that a code is another factory's
//! is an answer.

mod card;
mod find;
mod page;
mod say;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::Utc;
use utoipa_actix_web::service_config::ServiceConfig;

use self::card::Card;
pub use self::find::factory_of;
use crate::app::App;
use crate::platform::http::{ApiError, Problem};
use crate::platform::tenancy::Identity;

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(resolve);
}

/// Says what a label is, as a page or as JSON.
#[utoipa::path(tag = "labels", security((), ("bearer" = [])), params(("code" = String, Path)), responses(
    (status = 200, description = "What it is to whoever asks", content((Card = "application/json"), (String = "text/html"))),
    (status = "5XX", description = "Not known at the moment", body = Problem)))]
#[get("/Q/{code}")]
async fn resolve(
    app: web::Data<App>,
    code: web::Path<String>,
    viewer: Option<Identity>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let card = say::say(&app, &code, viewer.as_ref(), Utc::now()).await?;
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header((header::VARY, "accept, authorization"))
        .insert_header(("x-robots-tag", "noindex"));
    if wants_json(&request) {
        return Ok(response.json(card));
    }
    response.insert_header((header::CONTENT_SECURITY_POLICY, page::POLICY));
    Ok(response.content_type("text/html; charset=utf-8").body(page::render(&card)))
}

fn wants_json(request: &HttpRequest) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.contains("application/json") && !accept.contains("text/html")
}
