//! The door: where a server listens, and who can read along.
//!
//! With TLS of its own it listens to its network. Without, only to this machine, or to a proxy in front that does TLS: passwords, PINs and tokens are not said aloud in a
//! factory's wireless network, and a phone gives no camera to a page that came so.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::dev::Server;
use anyhow::Context as _;

use crate::app::{App, create_app};
use crate::platform::clock;
use crate::platform::config::{Config, TlsFrom, TlsPage};
use crate::platform::http::Connections;
use crate::platform::tls::{Tls, page};

/// The usual port of the page about our own authority.
const PAGE_PORT: u16 = 8080;
/// How long a connection without a request stays open. Whoever closes first breaks a request that is on its way, and proxies repeat none that
/// changes something: so longer than the 60 seconds they usually keep theirs.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a greeting by TLS and the head of a request may take. The wireless network of a factory loses packets for seconds.
const SLOWEST_BEGIN: Duration = Duration::from_secs(15);

/// Gets the certificate ready, where there is to be one.
///
/// # Errors
/// Others could read along, or there is no certificate that can be shown.
pub fn tls(config: &Config) -> anyhow::Result<Option<Arc<Tls>>> {
    may_listen(config)?;
    let (folder, public_url) = (config.data.folder.join("tls"), config.server.public_url.as_deref());
    let tls = Tls::open(&config.tls, &folder, public_url, clock::now()).context("FLOORLINE_TLS")?;
    Ok(tls.map(Arc::new))
}

/// Nobody is let in where others read along, and phones are not sent to an address without TLS where there is some.
fn may_listen(config: &Config) -> anyhow::Result<()> {
    let (bind, plain) = (config.server.bind, config.tls.from == TlsFrom::Off);
    anyhow::ensure!(
        !plain || bind.ip().is_loopback() || config.sign_in.behind_proxy,
        "FLOORLINE_BIND: {bind} can be reached by others, who would read passwords along, and phones give no camera to a page without TLS. Choose one:\n  \
         --tls auto (FLOORLINE_TLS=auto): makes a certificate for this network and shows phones how to trust it\n  \
         --tls acme (FLOORLINE_TLS=acme): has one made by a public authority for the name in FLOORLINE_PUBLIC_URL, which leads here\n  \
         --tls CERTIFICATE.pem,KEY.pem (FLOORLINE_TLS=…): shows yours\n  \
         --behind-proxy (FLOORLINE_BEHIND_PROXY=true): a proxy in front does TLS, and nobody else can reach this address\n\
         Or listen on 127.0.0.1."
    );
    let public = config.server.public_url.as_deref().unwrap_or_default();
    anyhow::ensure!(
        plain || !public.starts_with("http://"),
        "FLOORLINE_PUBLIC_URL: {public} must begin with https:// where the server does TLS"
    );
    Ok(())
}

/// Makes the server; it listens and has to be run.
///
/// # Errors
/// Nothing can listen there.
pub fn listen(config: &Config, app: &App, tls: Option<&Tls>) -> anyhow::Result<(Server, SocketAddr)> {
    let connections = Connections::new(config.limits.connections);
    let served = app.clone();
    let mut server = HttpServer::new(move || create_app(&served))
        .on_connect(move |socket, extensions| connections.opened(socket, extensions))
        // Small frames would wait 40 ms for company.
        .tcp_nodelay(true)
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(SLOWEST_BEGIN)
        .tls_handshake_timeout(SLOWEST_BEGIN)
        .shutdown_timeout(config.limits.drain.as_secs())
        .disable_signals();
    if let Some(workers) = config.server.workers {
        server = server.workers(workers.get());
    }
    let bind = config.server.bind;
    let server = match tls {
        Some(tls) => server.bind_rustls_0_23(bind, tls.server_config()?),
        None => server.bind(bind),
    };
    let server = server.with_context(|| format!("FLOORLINE_BIND: cannot listen on {bind}"))?;
    let address = server.addrs().first().copied().unwrap_or(bind);
    Ok((server.run(), address))
}

/// Makes the server of the page about our own authority, if there is one and somebody wants the page. `door` is where the server itself listens.
///
/// # Errors
/// Nothing can listen there.
pub fn listen_for_strangers(
    config: &Config,
    tls: Option<&Tls>,
    door: SocketAddr,
) -> anyhow::Result<Option<(Server, SocketAddr)>> {
    let Some(trust) = tls.and_then(Tls::trust) else { return Ok(None) };
    // Who asked for any port gets any here too.
    let port = if config.server.bind.port() == 0 { 0 } else { PAGE_PORT };
    let bind = match config.tls.page {
        TlsPage::Off => return Ok(None),
        TlsPage::At(bind) => bind,
        TlsPage::Beside => SocketAddr::new(door.ip(), port),
    };
    page::listen(bind, trust.clone(), door.port(), config.server.public_url.as_deref()).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::config::Source;

    #[test]
    fn others_are_let_in_over_tls_or_by_a_proxy_and_else_this_machine_alone() {
        for (env, may) in [
            (&[][..], true),
            (&[("FLOORLINE_BIND", "[::1]:8080")], true),
            (&[("FLOORLINE_BIND", "0.0.0.0:8080")], false),
            (&[("FLOORLINE_BIND", "192.168.1.5:8080")], false),
            (&[("FLOORLINE_BIND", "0.0.0.0:8080"), ("FLOORLINE_BEHIND_PROXY", "true")], true),
            (&[("FLOORLINE_BIND", "0.0.0.0:8443"), ("FLOORLINE_TLS", "auto")], true),
            (&[("FLOORLINE_BIND", "0.0.0.0:8443"), ("FLOORLINE_TLS", "a.pem,b.pem")], true),
            (&[("FLOORLINE_TLS", "auto"), ("FLOORLINE_PUBLIC_URL", "https://floor.example.com")], true),
            (&[("FLOORLINE_TLS", "auto"), ("FLOORLINE_PUBLIC_URL", "http://floor.example.com")], false),
            (&[("FLOORLINE_PUBLIC_URL", "http://floor.example.com")], true),
        ] {
            let set = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let config = Config::read(Source::new(set, "").unwrap()).unwrap();
            assert_eq!(may_listen(&config).is_ok(), may, "{env:?}");
        }
    }
}
