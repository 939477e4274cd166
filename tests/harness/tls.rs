//! A client that takes nobody's word for who the server is but that of the authorities it trusts, and tells what it was shown.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Such a client.
pub struct TlsClient(TlsConnector);

/// A connection, and the certificate it began with.
pub struct TlsConnection {
    stream: TlsStream<TcpStream>,
    name: String,
    pub certificate: CertificateDer<'static>,
}

/// An answer over TLS.
#[derive(Debug)]
pub struct Told {
    pub status: u16,
    pub text: String,
    pub certificate: CertificateDer<'static>,
}

#[derive(Debug)]
struct Standing(UnixTime);

impl TimeProvider for Standing {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0)
    }
}

impl TlsClient {
    /// One that trusts these authorities, and whose clock stands there.
    pub fn trusting(authorities: &[CertificateDer<'static>], now: DateTime<Utc>) -> Self {
        let mut roots = RootCertStore::empty();
        for authority in authorities {
            roots.add(authority.clone()).unwrap();
        }
        let seconds = Duration::from_secs(u64::try_from(now.timestamp()).unwrap());
        let clock = Arc::new(Standing(UnixTime::since_unix_epoch(seconds)));
        let config = ClientConfig::builder_with_details(Arc::new(ring::default_provider()), clock)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self(TlsConnector::from(Arc::new(config)))
    }

    /// Connects to `address` under `name`, or says why it does not.
    pub async fn connect(&self, address: SocketAddr, name: &str) -> std::io::Result<TlsConnection> {
        let server = ServerName::try_from(name.to_owned()).unwrap();
        let stream = self.0.connect(server, TcpStream::connect(address).await?).await?;
        let certificate = stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned();
        Ok(TlsConnection { stream, name: format!("{name}:{}", address.port()), certificate })
    }

    /// One request on a connection of its own.
    pub async fn get(&self, address: SocketAddr, name: &str, path: &str) -> std::io::Result<Told> {
        Ok(self.connect(address, name).await?.get(path, "").await)
    }
}

impl TlsConnection {
    /// Asks, with further lines in the head, and reads to the end.
    pub async fn get(mut self, path: &str, more: &str) -> Told {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{more}\r\n", self.name);
        self.stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // Not every server says goodbye before it hangs up.
        let _ = self.stream.read_to_end(&mut answer).await;
        let text = String::from_utf8_lossy(&answer).into_owned();
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{text}"));
        Told { status, text, certificate: self.certificate }
    }
}
