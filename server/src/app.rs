//! The application: what every handler can reach, and the HTTP service built from it. `floorline serve` and the tests build the same one.

use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{ResourceDef, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::{self, Condition, from_fn};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, web};
use anyhow::Context as _;
use tokio_util::sync::CancellationToken;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder};
use utoipa_actix_web::AppExt as _;

use crate::floor::engine::Engine;
use crate::floor::scans::ScanPace;
use crate::floor::sync::{self, Sockets};
use crate::identity::SignIn;
use crate::identity::push::Push;
use crate::photos::Pictures;
use crate::platform::config::{Config, Limits};
use crate::platform::db::Db;
use crate::platform::http::{self, ApiError, Code, RateLimits, origins, request_id};
use crate::platform::jobs::Wake;
use crate::platform::realtime::Hub;
use crate::platform::storage::Objects;
use crate::platform::tenancy::SigningKeys;
use crate::{refusals, routes};

/// Shared by all workers; cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Pools by role.
    pub db: Db,
    /// Signs and verifies tokens.
    pub keys: Arc<SigningKeys>,
    /// The address phones and browsers use, such as `https://floor.example.com`; without it labels are refused outside of loopback.
    pub public_url: Option<String>,
    /// Origins besides the server's own whose pages may call.
    pub allowed_origins: Arc<[String]>,
    /// Passwords, throttles and what else signing in needs between requests.
    pub sign_in: Arc<SignIn>,
    /// The one door through which items change.
    pub engine: Engine,
    /// Tells committed events to whoever follows them here.
    pub hub: Hub,
    /// The live sockets of this server.
    pub sockets: Sockets,
    /// Photos and the parts of uploads.
    pub objects: Objects,
    /// Where pictures are decoded, a few at a time.
    pub pictures: Pictures,
    /// Who scanned how often of late, over HTTP.
    pub scan_pace: ScanPace,
    /// Who sent how many requests of late.
    pub rates: Arc<RateLimits>,
    /// Wakes the job runner after a commit that brought jobs.
    pub jobs: Wake,
    /// Wakes phones and tells people on them.
    pub push: Push,
    /// How much this server takes on.
    pub limits: Limits,
    /// Cancelled when the server begins to stop: sockets say goodbye, `/health/ready` says no.
    pub draining: CancellationToken,
}

impl App {
    /// Puts the parts together as configured, over a database that is ready. Must be called inside the runtime: the fan-out starts here.
    ///
    /// # Errors
    /// The signing key, the keys for push, the folder for objects or the costs of passwords cannot be used.
    pub fn new(config: &Config, db: Db) -> anyhow::Result<Self> {
        let jobs = Wake::default();
        let engine = Engine::new(db.clone(), jobs.clone());
        Ok(Self {
            hub: sync::start(&db, &engine, &config.realtime),
            sockets: Sockets::new(config.limits.sockets),
            engine,
            db,
            keys: Arc::new(signing_keys(config)?),
            public_url: config.server.public_url.clone(),
            allowed_origins: config.server.allowed_origins.as_slice().into(),
            sign_in: Arc::new(SignIn::new(&config.sign_in)?),
            objects: Objects::open(&config.objects.folder)?,
            jobs,
            pictures: Pictures::default(),
            scan_pace: ScanPace::default(),
            rates: Arc::new(RateLimits::new(&config.limits, config.sign_in.behind_proxy)),
            push: Push::new(&config.push)?,
            limits: config.limits.clone(),
            draining: CancellationToken::new(),
        })
    }
}

fn signing_keys(config: &Config) -> anyhow::Result<SigningKeys> {
    let mut keys = match &config.signing.key {
        Some(file) => SigningKeys::read(file).with_context(|| format!("FLOORLINE_SIGNING_KEY: {}", file.display()))?,
        None => SigningKeys::read_or_make(&config.data.folder.join("signing_key.pem"))?,
    };
    if let Some(file) = &config.signing.previous {
        keys.accept_also(file).with_context(|| format!("FLOORLINE_SIGNING_KEY_PREVIOUS: {}", file.display()))?;
    }
    Ok(keys)
}

/// The HTTP service with all routes, its OpenAPI document and the middleware every request passes.
pub fn create_app(
    app: &App,
) -> actix_web::App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = actix_web::Error,
        InitError = (),
    > + use<>,
> {
    let (service, mut document) = actix_web::App::new()
        .into_utoipa_app()
        .openapi(description())
        .map(|service| {
            // The last is the outermost: whatever refuses stands inside of what every answer carries.
            service
                .wrap(from_fn(http::trace))
                .wrap(from_fn(http::limit_rates))
                .wrap(from_fn(http::refuse_surplus))
                .wrap(Condition::new(!app.allowed_origins.is_empty(), origins::cors(&app.allowed_origins)))
                .wrap(from_fn(origins::explain))
                .wrap(middleware::Compress::default())
                .wrap(from_fn(request_id::observe))
        })
        .app_data(web::Data::new(app.clone()))
        .configure(routes::configure)
        .split_for_parts();
    refusals::describe(&mut document);
    let known: Vec<(ResourceDef, String)> =
        document.paths.paths.iter().map(|(path, item)| (ResourceDef::new(path.as_str()), methods(item))).collect();
    service
        .configure(http::configure)
        .configure(|config| routes::document(config, document))
        .configure(routes::pages)
        .app_data(web::Data::new(KnownPaths(known)))
        .default_service(web::to(unmatched))
}

/// The OpenAPI document without starting anything.
pub fn openapi() -> OpenApi {
    let (_, mut document) =
        actix_web::App::new().into_utoipa_app().openapi(description()).configure(routes::configure).split_for_parts();
    refusals::describe(&mut document);
    document
}

struct KnownPaths(Vec<(ResourceDef, String)>);

/// 405 with `Allow` where only the method is wrong, else 404.
async fn unmatched(request: HttpRequest, known: web::Data<KnownPaths>) -> HttpResponse {
    let Some((_, allowed)) = known.0.iter().find(|(path, _)| path.is_match(request.path())) else {
        return ApiError::not_found("address").error_response();
    };
    let mut response = ApiError::new(Code::MethodNotAllowed, format!("This address takes {allowed}.")).error_response();
    if let Ok(value) = header::HeaderValue::from_str(allowed) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response
}

fn methods(item: &utoipa::openapi::PathItem) -> String {
    let mut methods = Vec::new();
    for (name, operation) in [
        ("GET", &item.get),
        ("POST", &item.post),
        ("PUT", &item.put),
        ("PATCH", &item.patch),
        ("DELETE", &item.delete),
        ("HEAD", &item.head),
    ] {
        if operation.is_some() {
            methods.push(name);
        }
    }
    methods.join(", ")
}

fn description() -> OpenApi {
    let mut document = OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Floorline")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some("Floor operations with QR scanning, offline handhelds and live queues. Errors are RFC 9457 problem documents."))
                .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
                .contact(Some(ContactBuilder::new().name(Some("Floorline")).build()))
                .build(),
        )
        .build();
    let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build());
    document.components.get_or_insert_default().add_security_scheme("bearer", bearer);
    document
}
