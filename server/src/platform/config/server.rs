//! Where the server listens and how it is reached.
//!
//! | variable | in the file | default | meaning |
//! |---|---|---|---|
//! | `FLOORLINE_BIND` | `server.bind` | `127.0.0.1:8080`, with TLS `0.0.0.0:8443` | address and port to listen on; port 0 takes a free one |
//! | `FLOORLINE_PUBLIC_URL` | `server.public_url` | unset | what phones and labels use, such as `https://floor.example.com`; unset, labels are only made on loopback |
//! | `FLOORLINE_ALLOWED_ORIGINS` | `server.allowed_origins` | none | other origins whose pages may call the API and open sockets, such as `https://app.example.com`, separated by commas |
//! | `FLOORLINE_WORKERS` | `server.workers` | one a processor | threads that answer requests |

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;

use reqwest::Url;

use super::{Source, Tls, TlsFrom};

/// See the module.
#[derive(Debug, Clone)]
pub struct Server {
    /// Where to listen.
    pub bind: SocketAddr,
    /// Without a slash at its end.
    pub public_url: Option<String>,
    /// Origins besides the server's own, as browsers write them: small letters, no usual port, no path.
    pub allowed_origins: Vec<String>,
    /// None: one a processor.
    pub workers: Option<NonZeroUsize>,
}

impl Server {
    pub(super) fn read(source: &mut Source, tls: &Tls) -> Self {
        let usual = match tls.from {
            TlsFrom::Off => (Ipv4Addr::LOCALHOST, 8080),
            TlsFrom::Auto | TlsFrom::Acme | TlsFrom::Files { .. } => (Ipv4Addr::UNSPECIFIED, 8443),
        };
        Self {
            bind: source.get("server.bind", "FLOORLINE_BIND").unwrap_or_else(|| SocketAddr::from(usual)),
            public_url: source.parse("server.public_url", "FLOORLINE_PUBLIC_URL", public_url),
            allowed_origins: source
                .parse("server.allowed_origins", "FLOORLINE_ALLOWED_ORIGINS", |text| {
                    text.split(',').map(str::trim).map(origin).collect()
                })
                .unwrap_or_default(),
            workers: source.get("server.workers", "FLOORLINE_WORKERS"),
        }
    }
}

/// Scheme and host, perhaps a port and a path; no query.
fn public_url(text: &str) -> Result<String, String> {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return Err(format!("{text:?}: must start with https:// or http://"));
    };
    let host = rest.split('/').next().unwrap_or_default();
    if host.is_empty() || rest.contains(['?', '#', '@']) || rest.contains(char::is_whitespace) {
        return Err(format!("{text:?}: must be scheme://host, perhaps with a port and a path"));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// Scheme and host, perhaps a port, and nothing else: more would never equal what a browser sends.
fn origin(text: &str) -> Result<String, String> {
    let url = Url::parse(&public_url(text)?).map_err(|error| format!("{text:?}: {error}"))?;
    if url.path() != "/" {
        return Err(format!("{text:?}: an origin has no path"));
    }
    Ok(url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn origins_are_kept_as_browsers_write_them() {
        for (given, kept) in [
            ("https://app.example.com", "https://app.example.com"),
            ("https://App.Example.com:443/", "https://app.example.com"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("https://fabrik-süd.example", "https://xn--fabrik-sd-x9a.example"),
        ] {
            assert_eq!(origin(given).as_deref(), Ok(kept));
        }
    }

    #[test]
    fn what_no_browser_sends_is_no_origin() {
        for given in
            ["*", "null", "app.example.com", "https://a.example/app", "https://a.example?x", "ftp://a.example", ""]
        {
            assert!(origin(given).is_err(), "{given}");
        }
    }
}
