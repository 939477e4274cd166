//! What a certificate says, as far as the verifier that every client has would say it: it reads no more of it than is needed, and that is enough here.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};
use sha2::{Digest as _, Sha256};

/// The last second that a certificate can name.
const END_OF_TIME: u64 = 253_402_300_799;

/// The one kind of cryptography in the program.
pub(super) fn cryptography() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// When it ends; none for one that never does. Asked at the end of time, the verifier says since when it has not been good.
///
/// # Errors
/// It is no certificate.
pub(super) fn ends_at(certificate: &CertificateDer<'_>) -> Result<Option<DateTime<Utc>>, Error> {
    let never = UnixTime::since_unix_epoch(Duration::from_secs(END_OF_TIME));
    match judge(certificate, &RootCertStore::empty(), never) {
        Err(Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
            let seconds = i64::try_from(not_after.as_secs()).unwrap_or(i64::MAX);
            Ok(DateTime::from_timestamp(seconds, 0))
        }
        Err(error @ Error::InvalidCertificate(CertificateError::BadEncoding)) => Err(error),
        _ => Ok(None),
    }
}

/// Whether a client that trusts `authority` takes it now.
///
/// # Errors
/// Why not.
pub(super) fn is_vouched_for(
    certificate: &CertificateDer<'_>,
    authority: &CertificateDer<'static>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone())?;
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    judge(certificate, &roots, UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
}

/// Whether it is one for this name or address.
pub(super) fn is_for(certificate: &CertificateDer<'_>, name: &ServerName<'_>) -> bool {
    ParsedCertificate::try_from(certificate).is_ok_and(|parsed| verify_server_name(&parsed, name).is_ok())
}

/// SHA-256 over all of it, as screens and `openssl x509 -fingerprint` write it.
pub(super) fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let bytes: Vec<String> = Sha256::digest(certificate).iter().map(|byte| format!("{byte:02X}")).collect();
    bytes.join(":")
}

fn judge(certificate: &CertificateDer<'_>, roots: &RootCertStore, at: UnixTime) -> Result<(), Error> {
    let parsed = ParsedCertificate::try_from(certificate)?;
    let algorithms = cryptography().signature_verification_algorithms.all;
    verify_server_cert_signed_by_trust_anchor(&parsed, roots, &[], at, algorithms)
}
