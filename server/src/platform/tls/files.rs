//! The operator's certificate and key, checked before they are shown, and read again when they change: who renews them writes the files and need not tell anybody.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

use super::{TlsError, certificate, keep};

/// Two files and what was in them when they were last looked at.
#[derive(Debug)]
pub(super) struct Files {
    certificate: PathBuf,
    key: PathBuf,
    seen: (Vec<u8>, Vec<u8>),
}

impl Files {
    /// Reads them for the first time.
    pub(super) fn open(certificate: &Path, key: &Path, now: DateTime<Utc>) -> Result<(Self, CertifiedKey), TlsError> {
        let mut files = Self { certificate: certificate.to_owned(), key: key.to_owned(), seen: Default::default() };
        files.seen = files.read()?;
        let first = files.checked(now)?;
        Ok((files, first))
    }

    /// The new certificate, once after the files changed. While only one of the two is new, they do not go together; the next look finds both.
    pub(super) fn changed(&mut self, now: DateTime<Utc>) -> Result<Option<CertifiedKey>, TlsError> {
        let found = self.read()?;
        if found == self.seen {
            return Ok(None);
        }
        self.seen = found;
        self.checked(now).map(Some)
    }

    fn read(&self) -> Result<(Vec<u8>, Vec<u8>), TlsError> {
        Ok((keep::read(&self.certificate)?, keep::read(&self.key)?))
    }

    fn checked(&self, now: DateTime<Utc>) -> Result<CertifiedKey, TlsError> {
        let no_certificate = || TlsError::NotPem { path: self.certificate.clone(), what: "a certificate" };
        let no_key = || TlsError::NotPem { path: self.key.clone(), what: "a private key" };
        let (certificates, key) = &self.seen;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificates).collect();
        let chain = chain.map_err(|_| no_certificate())?;
        let ends_at = certificate::ends_at(chain.first().ok_or_else(no_certificate)?).map_err(|_| no_certificate())?;
        if let Some(ended) = ends_at.filter(|end| *end <= now) {
            return Err(TlsError::Ended { path: self.certificate.clone(), ended });
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| no_key())?;
        CertifiedKey::from_der(chain, key, &certificate::cryptography()).map_err(|error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                TlsError::OtherKey { key: self.key.clone(), certificate: self.certificate.clone() }
            }
            _ => no_key(),
        })
    }
}
