//! Every route of the server, one page. A room lists its own; this page says which rooms there are.

use actix_web::{HttpResponse, web};
use utoipa::openapi::OpenApi;
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_swagger_ui::{SwaggerUi, Url};

use crate::platform::http::health;
use crate::{floor, handheld, identity, orders, photos};

/// Installs all routes; the OpenAPI document is collected from them.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .configure(health::routes)
        .configure(identity::routes)
        .configure(floor::locations::routes)
        .configure(floor::workflows::routes)
        .configure(floor::items::routes)
        .configure(floor::scans::routes)
        .configure(orders::routes)
        .configure(photos::routes)
        .configure(floor::sync::routes)
        .configure(floor::cases::routes)
        .configure(floor::labels::routes)
        .configure(floor::queues::routes)
        .configure(floor::shifts::routes);
}

/// What browsers show to people: not part of the contract.
pub fn pages(config: &mut web::ServiceConfig) {
    config.configure(handheld::pages);
}

/// The contract itself: the document and a page to read it.
pub fn document(config: &mut web::ServiceConfig, document: OpenApi) {
    let page = SwaggerUi::new("/docs/{_:.*}").urls(vec![(Url::new("Floorline", "/v1/openapi.json"), document)]);
    config
        .service(
            web::resource("/docs")
                .to(|| async { HttpResponse::PermanentRedirect().insert_header(("Location", "/docs/")).finish() }),
        )
        .service(page);
}
