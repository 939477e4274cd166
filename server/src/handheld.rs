//! The handheld in the browser: the built files of `server/web`, carried in the binary and served under `/app/`.
//!
//! Files under `assets/` carry their content's hash in their name and never change; the others are asked for each time and answered 304 while they
//! are the same. A page of another address gets no script of ours, and ours none of another: nothing is loaded from elsewhere, nothing is inline.

use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, EntityTag,
    IF_NONE_MATCH, LOCATION, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rust_embed::{Embed, EmbeddedFile};

/// What `./dev web` builds. In a debug build they are read from the folder each time.
#[derive(Embed)]
#[folder = "web/dist/"]
#[allow_missing = true]
struct Files;

/// Scripts and styles of our own only; `wasm-unsafe-eval` compiles WebAssembly and lets nothing else be evaluated.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; img-src 'self' blob: data:; \
                      media-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A year, in seconds.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// The app, and the short ways to it.
pub fn pages(config: &mut web::ServiceConfig) {
    config
        .route("/", web::get().to(to_the_app))
        .route("/app", web::get().to(to_the_app))
        .route("/enrol/{code}", web::get().to(to_enrolment))
        .route("/app/{path:.*}", web::get().to(file));
}

async fn to_the_app() -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, "/app/")).finish()
}

/// What an enrolment's QR code says, read by a phone's own camera: the app goes on with the code.
async fn to_enrolment(code: web::Path<String>) -> HttpResponse {
    let code: String =
        code.chars().filter(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_')).collect();
    HttpResponse::SeeOther().insert_header((LOCATION, format!("/app/#/enrol/{code}"))).finish()
}

/// A built file; any other path is a screen of the app, which finds its way by itself.
async fn file(request: HttpRequest, path: web::Path<String>) -> HttpResponse {
    if Files::get("index.html").is_none() {
        return HttpResponse::NotFound().content_type("text/plain; charset=utf-8").body(
            "This build of Floorline carries no browser app. Build it with ./dev web, then build the server again.",
        );
    }
    let asked = Some(path.as_str()).filter(|path| !path.is_empty());
    let name = asked.filter(|path| path.contains('.') || path.starts_with("assets/")).unwrap_or("index.html");
    match (accepts_brotli(&request), Files::get(&format!("{name}.br")), Files::get(name)) {
        (true, Some(packed), Some(plain)) => answer(&request, name, &plain, Some(packed)),
        (_, _, Some(plain)) => answer(&request, name, &plain, None),
        _ => HttpResponse::NotFound().content_type("text/plain; charset=utf-8").body("There is no such file."),
    }
}

fn answer(request: &HttpRequest, name: &str, plain: &EmbeddedFile, packed: Option<EmbeddedFile>) -> HttpResponse {
    let tag = EntityTag::new_strong(URL_SAFE_NO_PAD.encode(plain.metadata.sha256_hash()));
    let cached = if name.starts_with("assets/") { FOR_EVER } else { "no-cache" };
    let known = request.headers().get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let is_known = known.is_some_and(|known| known.contains(tag.tag()));
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((CACHE_CONTROL, cached))
        .insert_header((ETAG, tag))
        .insert_header((VARY, "Accept-Encoding"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((CONTENT_TYPE, content_type(name)));
    if is_known {
        // A body here would be read as the beginning of the next answer.
        return response.finish();
    }
    let (encoding, body) = match packed {
        Some(packed) => ("br", packed.data),
        // Says that it is as it should be, so that it is not packed again for each phone.
        None => ("identity", plain.data.clone()),
    };
    response.insert_header((CONTENT_ENCODING, encoding)).body(body.into_owned())
}

fn accepts_brotli(request: &HttpRequest) -> bool {
    let accepted = request.headers().get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| accepted.split(',').any(|coding| coding.trim().split(';').next() == Some("br")))
}

/// Of the kinds of file that the build makes.
fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    }
}
