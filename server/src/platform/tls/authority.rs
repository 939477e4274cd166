//! An authority of this installation's own. It is told to phones once and lasts ten years, so it is kept on a short rein: it may vouch for private addresses, names of
//! one network and the public address that was configured when it was made, and a phone that trusts it believes it nothing else.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};

use super::names::{Name, Names};
use super::{TlsError, certificate, keep};

/// How long the authority lasts.
const AUTHORITY: TimeDelta = TimeDelta::days(3650);
/// How long what it makes lasts. With the day before, no more than the 398 that clients take.
const CERTIFICATE: TimeDelta = TimeDelta::days(397);
/// Clocks of phones are behind.
const BEFORE: TimeDelta = TimeDelta::days(1);
pub(super) const FILE: &str = "authority.crt";
pub(super) const KEY_FILE: &str = "authority.key";

/// The authority with its key.
pub(super) struct Authority {
    pub(super) certificate: CertificateDer<'static>,
    /// What phones show of it.
    pub(super) name: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key, as files hold them.
pub(super) struct Made {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Authority {
    /// The one in the folder, or a new one there: for a first start, and when the old one is about to end.
    pub(super) fn read_or_make(
        folder: &Path,
        names: &Names,
        now: DateTime<Utc>,
        spare: TimeDelta,
    ) -> Result<Self, TlsError> {
        keep::make_folder(folder)?;
        if folder.join(FILE).exists() {
            let authority = Self::read(folder)?;
            let ends_at = certificate::ends_at(&authority.certificate).map_err(TlsError::Library)?;
            if ends_at.is_none_or(|end| end > now + spare) {
                return Ok(authority);
            }
            tracing::warn!("the authority is about to end; every phone has to trust the new one");
        }
        Self::make(folder, names, now)?;
        Self::read(folder)
    }

    fn make(folder: &Path, names: &Names, now: DateTime<Utc>) -> Result<(), TlsError> {
        let key = KeyPair::generate()?;
        let mut params = params(&key);
        lasts(&mut params, now, AUTHORITY);
        let bounds = NameConstraints { permitted_subtrees: names.bounds(), excluded_subtrees: Vec::new() };
        params.name_constraints = Some(bounds);
        let certificate = params.self_signed(&key)?;
        // The key first: a certificate without its key would be taken for an authority.
        keep::write(&folder.join(KEY_FILE), &key.serialize_pem())?;
        keep::write(&folder.join(FILE), &certificate.pem())
    }

    fn read(folder: &Path) -> Result<Self, TlsError> {
        let (file, key_file) = (folder.join(FILE), folder.join(KEY_FILE));
        let not_pem = |path: PathBuf, what| TlsError::NotPem { path, what };
        let certificate = CertificateDer::from_pem_slice(&keep::read(&file)?);
        let certificate = certificate.map_err(|_| not_pem(file, "a certificate"))?;
        let key = String::from_utf8(keep::read(&key_file)?).ok().and_then(|pem| KeyPair::from_pem(&pem).ok());
        let key = key.ok_or_else(|| not_pem(key_file, "a private key"))?;
        let (name, params) = (name(&key), params(&key));
        Ok(Self { certificate, name, issuer: Issuer::new(params, key) })
    }

    /// A certificate for these names, with a key of its own.
    pub(super) fn make_for<'a>(
        &self,
        names: impl IntoIterator<Item = &'a Name>,
        now: DateTime<Utc>,
    ) -> Result<Made, TlsError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "Floorline");
        params.subject_alt_names = names.into_iter().map(Name::alternative).collect::<Result<_, _>>()?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        lasts(&mut params, now, CERTIFICATE);
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Made { certificate: certificate.pem(), key: key.serialize_pem() })
    }
}

/// What follows from the key alone, and so is the same whenever the authority is read.
fn params(key: &KeyPair) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name(key));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// Tells one installation's authority from another's on a phone that trusts two.
fn name(key: &KeyPair) -> String {
    let digest = Sha256::digest(key.public_key_raw());
    let digits: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("Floorline {digits}")
}

/// From the day before on; whole days, certificates need no more.
fn lasts(params: &mut CertificateParams, now: DateTime<Utc>, span: TimeDelta) {
    let [from, until] = [now - BEFORE, now + span].map(|at| {
        let [month, day] = [at.month(), at.day()].map(|number| u8::try_from(number).unwrap_or(1));
        date_time_ymd(at.year(), month, day)
    });
    (params.not_before, params.not_after) = (from, until);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::clock;

    const SPARE: TimeDelta = TimeDelta::days(30);

    fn named(text: &str) -> Name {
        text.parse().map_or_else(|_| Name::Dns(text.to_owned()), Name::Address)
    }

    #[test]
    fn it_vouches_for_its_own_network_and_for_nothing_else() {
        let (folder, now) = (tempfile::tempdir().unwrap(), clock::now());
        let names = Names::now(Some("https://floor.example.com"));
        let authority = Authority::read_or_make(folder.path(), &names, now, SPARE).unwrap();
        for (name, vouched) in [
            ("localhost", true),
            ("mill.local", true),
            ("floor.example.com", true),
            ("192.168.77.1", true),
            ("10.0.0.1", true),
            ("::1", true),
            ("fd12::5", true),
            ("bank.example", false),
            ("local.bank.example", false),
            ("example.com", false),
            ("8.8.8.8", false),
            ("2001:db8::5", false),
        ] {
            let made = authority.make_for([&named(name)], now).unwrap();
            let made = CertificateDer::from_pem_slice(made.certificate.as_bytes()).unwrap();
            assert_eq!(certificate::is_vouched_for(&made, &authority.certificate, now).is_ok(), vouched, "{name}");
        }
    }

    #[test]
    fn it_is_the_same_until_it_is_about_to_end() {
        let (folder, now) = (tempfile::tempdir().unwrap(), clock::now());
        let names = Names::now(None);
        let at = |now| Authority::read_or_make(folder.path(), &names, now, SPARE).unwrap();
        let first = at(now);
        assert_eq!(at(now + AUTHORITY - SPARE - BEFORE - BEFORE).certificate, first.certificate);
        let next = at(now + AUTHORITY - SPARE);
        assert!(next.certificate != first.certificate && next.name != first.name);
    }

    #[test]
    fn a_certificate_lasts_no_longer_than_clients_take() {
        let (folder, now) = (tempfile::tempdir().unwrap(), clock::now());
        let names = Names::now(None);
        let authority = Authority::read_or_make(folder.path(), &names, now, SPARE).unwrap();
        let made = authority.make_for([&named("localhost")], now).unwrap();
        let made = CertificateDer::from_pem_slice(made.certificate.as_bytes()).unwrap();
        let ends_at = certificate::ends_at(&made).unwrap().unwrap();
        assert!(ends_at - now > CERTIFICATE - BEFORE && ends_at - now <= CERTIFICATE, "{ends_at}");
        assert!(certificate::is_vouched_for(&made, &authority.certificate, now - TimeDelta::hours(1)).is_ok());
    }
}
