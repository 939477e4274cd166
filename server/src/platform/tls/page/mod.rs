//! The page that tells people how their phone comes to trust our authority. It comes without TLS, since a phone that does not trust us yet would not open another; all it
//! gives is public, and the fingerprint on it is to be compared with the one on the server's terminal. Whatever else is asked for here is sent to the door with TLS.

mod profile;

use std::net::SocketAddr;

use actix_web::dev::{HttpServiceFactory, Server};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, HOST, LOCATION};
use actix_web::middleware::DefaultHeaders;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use anyhow::Context as _;

use super::Trust;

/// It is one text with one style and loads nothing.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the page needs to know.
#[derive(Clone, Debug)]
pub struct Shown {
    trust: Trust,
    /// Where the door with TLS is.
    door: u16,
    /// Where phones open the app; without it, at the host that they asked for this page.
    app: Option<String>,
}

/// Makes the page's server; it listens and has to be run.
///
/// # Errors
/// Nothing can listen there.
pub fn listen(
    bind: SocketAddr,
    trust: Trust,
    door: u16,
    public_url: Option<&str>,
) -> anyhow::Result<(Server, SocketAddr)> {
    let shown = Shown { trust, door, app: public_url.map(|url| format!("{url}/app")) };
    let server = HttpServer::new(move || {
        let headers = DefaultHeaders::new().add((CACHE_CONTROL, "no-store")).add(("x-content-type-options", "nosniff"));
        App::new()
            .app_data(web::Data::new(shown.clone()))
            .wrap(headers)
            .service(routes())
            .default_service(web::to(elsewhere))
    });
    let server = server.workers(1).disable_signals().bind(bind);
    let server = server.with_context(|| format!("FLOORLINE_TLS_PAGE: cannot listen on {bind}"))?;
    let address = server.addrs().first().copied().unwrap_or(bind);
    Ok((server.run(), address))
}

fn routes() -> impl HttpServiceFactory {
    (
        web::resource("/").route(web::get().to(instructions)),
        web::resource("/ca.crt").route(web::get().to(authority)),
        web::resource("/floorline.mobileconfig").route(web::get().to(for_iphones)),
    )
}

async fn instructions(shown: web::Data<Shown>, request: HttpRequest) -> HttpResponse {
    let app = shown.app.clone().unwrap_or_else(|| format!("{}/app", door(&request, shown.door)));
    let page = include_str!("page.html")
        .replace("{name}", &escaped(&shown.trust.name))
        .replace("{fingerprint}", &escaped(&shown.trust.fingerprint))
        .replace("{app}", &escaped(&app));
    HttpResponse::Ok()
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .content_type("text/html; charset=utf-8")
        .body(page)
}

async fn authority(shown: web::Data<Shown>) -> HttpResponse {
    let named = (CONTENT_DISPOSITION, "attachment; filename=\"floorline-ca.crt\"");
    let certificate = shown.trust.certificate.clone();
    HttpResponse::Ok().insert_header(named).content_type("application/x-x509-ca-cert").body(certificate)
}

async fn for_iphones(shown: web::Data<Shown>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/x-apple-aspen-config").body(profile::profile(&shown.trust))
}

async fn elsewhere(shown: web::Data<Shown>, request: HttpRequest) -> HttpResponse {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let there = format!("{}{path}", door(&request, shown.door));
    HttpResponse::TemporaryRedirect().insert_header((LOCATION, there)).finish()
}

/// The door with TLS, at the host under which this page was asked for.
fn door(request: &HttpRequest, port: u16) -> String {
    let asked = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host = match asked.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => asked,
    };
    let host = if host.is_empty() { "localhost" } else { host };
    format!("https://{host}:{port}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_door_is_at_the_host_that_was_asked() {
        for (asked, found) in [
            ("192.168.1.5:8080", "https://192.168.1.5:8443"),
            ("mill.local", "https://mill.local:8443"),
            ("[fd12::5]:8080", "https://[fd12::5]:8443"),
            ("[fd12::5]", "https://[fd12::5]:8443"),
            ("", "https://localhost:8443"),
        ] {
            let request = TestRequest::default().insert_header((HOST, asked)).to_http_request();
            assert_eq!(door(&request, 8443), found, "{asked}");
        }
    }
}
