//! TLS in front of a server that speaks none: HTTP/1.1 or HTTP/2, as the client likes, under a certificate for `localhost` that only [`AUTHORITY`] vouches for.

use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The file of the authority, as `SSL_CERT_FILE` names it. Its key is nowhere any more.
pub const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/harness/tls/authority.pem");

/// Listens until it is dropped.
pub struct Tls {
    /// Where.
    pub url: String,
    task: JoinHandle<()>,
}

impl Tls {
    /// In front of the server at `plain`, such as `http://127.0.0.1:40123`.
    pub async fn before(plain: &str) -> Self {
        let certificate = CertificateDer::from_pem_slice(include_bytes!("tls/localhost.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/localhost.key.pem")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let mut config = config.with_single_cert(vec![certificate], key).unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let plain = plain.strip_prefix("http://").unwrap().to_owned();
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(pass(acceptor.clone(), socket, plain.clone()));
            }
        });
        Self { url, task }
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Whoever does not trust the certificate is gone before anything was said.
async fn pass(acceptor: TlsAcceptor, socket: TcpStream, plain: String) {
    let Ok(mut heard) = acceptor.accept(socket).await else { return };
    let mut said = TcpStream::connect(plain).await.unwrap();
    let _ = copy_bidirectional(&mut heard, &mut said).await;
}
