//! A certificate of our own authority's, kept in the data folder and made anew a month before it ends, or when this machine is asked under other names than before.

use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::authority::{self, Authority, Made};
use super::names::{Name, Names};
use super::{TlsError, certificate, keep};

/// What is left of a certificate when the next one is made.
const SPARE: TimeDelta = TimeDelta::days(30);
const FILE: &str = "server.crt";
const KEY_FILE: &str = "server.key";

/// The authority, and what it made last.
#[derive(Debug)]
pub(super) struct Local {
    folder: PathBuf,
    public_url: Option<String>,
    authority: Authority,
    shown: CertificateDer<'static>,
}

/// Whom phones have to trust.
#[derive(Clone, Debug)]
pub struct Trust {
    /// The authority's certificate, in DER.
    pub certificate: Vec<u8>,
    /// What phones call it.
    pub name: String,
    /// SHA-256 of the certificate, in pairs of digits; for comparing it by eye.
    pub fingerprint: String,
}

impl Local {
    /// Reads what is in the folder, and makes what is not.
    pub(super) fn open(
        folder: &Path,
        public_url: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(Self, CertifiedKey), TlsError> {
        let names = Names::now(public_url);
        let authority = Authority::read_or_make(folder, &names, now, SPARE)?;
        let (folder, public_url) = (folder.to_owned(), public_url.map(ToOwned::to_owned));
        let mut local = Self { folder, public_url, authority, shown: CertificateDer::from(Vec::new()) };
        let kept = local.kept().filter(|kept| kept.cert.first().is_some_and(|kept| local.is_good(kept, &names, now)));
        let first = match kept {
            Some(kept) => kept,
            None => local.make(&names, now)?,
        };
        local.shown = first.cert.first().cloned().unwrap_or(local.shown);
        Ok((local, first))
    }

    /// The next certificate, if it is time.
    pub(super) fn renewed(&mut self, now: DateTime<Utc>) -> Result<Option<CertifiedKey>, TlsError> {
        let names = Names::now(self.public_url.as_deref());
        if self.is_good(&self.shown, &names, now) {
            return Ok(None);
        }
        let next = self.make(&names, now)?;
        if let Some(shown) = next.cert.first() {
            self.shown = shown.clone();
        }
        Ok(Some(next))
    }

    pub(super) fn trust(&self) -> Trust {
        let certificate = &self.authority.certificate;
        Trust {
            certificate: certificate.to_vec(),
            name: self.authority.name.clone(),
            fingerprint: certificate::fingerprint(certificate),
        }
    }

    /// Whether clients take it, for a month to come, under whatever name they ask by.
    fn is_good(&self, shown: &CertificateDer<'_>, names: &Names, now: DateTime<Utc>) -> bool {
        let lasts = certificate::ends_at(shown).is_ok_and(|end| end.is_none_or(|end| end > now + SPARE));
        let is_for = |name: &Name| name.asked().is_some_and(|name| certificate::is_for(shown, &name));
        lasts
            && certificate::is_vouched_for(shown, &self.authority.certificate, now).is_ok()
            && names.without_own().iter().all(is_for)
    }

    /// The one that is in the folder; none that can be used is none.
    fn kept(&self) -> Option<CertifiedKey> {
        let made = |file| keep::read(&self.folder.join(file)).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        certified(&Made { certificate: made(FILE)?, key: made(KEY_FILE)? }).ok()
    }

    /// Makes one and keeps it. An authority that is older than the machine's name makes one without that.
    fn make(&self, names: &Names, now: DateTime<Utc>) -> Result<CertifiedKey, TlsError> {
        for names in [names.all(), names.without_own()] {
            if let Some((made, certified)) = self.vouched(names.iter(), now)? {
                keep::write(&self.folder.join(KEY_FILE), &made.key)?;
                keep::write(&self.folder.join(FILE), &made.certificate)?;
                return Ok(certified);
            }
        }
        match &names.public {
            Some(host) if self.vouched(&names.of_the_network, now)?.is_some() => {
                Err(TlsError::OutOfBounds { folder: self.folder.clone(), host: host.to_string() })
            }
            _ => Err(TlsError::OtherKey {
                key: self.folder.join(authority::KEY_FILE),
                certificate: self.folder.join(authority::FILE),
            }),
        }
    }

    /// A certificate for these names, if clients that trust the authority will take it.
    fn vouched<'a>(
        &self,
        names: impl IntoIterator<Item = &'a Name>,
        now: DateTime<Utc>,
    ) -> Result<Option<(Made, CertifiedKey)>, TlsError> {
        let made = self.authority.make_for(names, now)?;
        let certified = certified(&made)?;
        let taken = |made| certificate::is_vouched_for(made, &self.authority.certificate, now).is_ok();
        Ok(certified.cert.first().is_some_and(taken).then_some((made, certified)))
    }
}

fn certified(made: &Made) -> Result<CertifiedKey, TlsError> {
    let broken = |_| TlsError::Library(rustls::Error::General("what was made cannot be read".into()));
    let certificate = CertificateDer::from_pem_slice(made.certificate.as_bytes()).map_err(broken)?;
    let key = PrivateKeyDer::from_pem_slice(made.key.as_bytes()).map_err(broken)?;
    CertifiedKey::from_der(vec![certificate], key, &certificate::cryptography()).map_err(TlsError::Library)
}
