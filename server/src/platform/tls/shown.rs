//! The certificate that the listener shows now. Connections that were opened under the one before go on.
//!
//! A public authority that asks whether the server is who it says asks over a protocol of its own (`acme-tls/1`, RFC 8737), and is shown the proof made for it.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// What public authorities ask over.
pub(super) const PROOF_PROTOCOL: &[u8] = b"acme-tls/1";

/// One certificate for whoever asks, whatever name they asked for: phones also come by address.
#[derive(Debug)]
pub(super) struct Shown {
    certificate: RwLock<Arc<CertifiedKey>>,
    proof: RwLock<Option<Arc<CertifiedKey>>>,
}

impl Shown {
    pub(super) fn new(first: CertifiedKey) -> Self {
        Self { certificate: RwLock::new(Arc::new(first)), proof: RwLock::new(None) }
    }

    /// From now on this one.
    pub(super) fn swap(&self, next: CertifiedKey) {
        *self.certificate.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
    }

    /// What a public authority is shown from now on; none: it asked for nothing.
    pub(super) fn prove(&self, proof: Option<CertifiedKey>) {
        *self.proof.write().unwrap_or_else(PoisonError::into_inner) = proof.map(Arc::new);
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if hello.alpn().is_some_and(|mut protocols| protocols.any(|protocol| protocol == PROOF_PROTOCOL)) {
            return self.proof.read().unwrap_or_else(PoisonError::into_inner).clone();
        }
        Some(Arc::clone(&self.certificate.read().unwrap_or_else(PoisonError::into_inner)))
    }
}
