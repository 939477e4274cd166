//! A certificate of a public authority, had by ACME (RFC 8555): the server proves in a handshake of TLS (RFC 8737) that the public name leads to it.
//!
//! Until the first one is there, one that nobody trusts is shown, so that the authority finds somebody to ask. After two thirds of a certificate's time the next one is
//! ordered. An order that fails is tried again after minutes, then hours: authorities count failures.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Error, Identifier, NewAccount, NewOrder, Order,
    OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use serde::{Deserialize, Serialize};

use super::names::{Name, Names};
use super::shown::Shown;
use super::{TlsError, certificate, keep};
use crate::platform::config;

const FILE: &str = "acme.crt";
const KEY_FILE: &str = "acme.key";
const ACCOUNT_FILE: &str = "acme.json";
/// Doublings of the first minute between orders that fail: more than twelve hours are not waited.
const DOUBLINGS: u32 = 10;

/// The authority, and how far the server is with it.
#[derive(Debug)]
pub(super) struct Acme {
    authority: config::Acme,
    folder: PathBuf,
    host: String,
    progress: Mutex<Progress>,
}

#[derive(Debug, Clone, Copy)]
struct Progress {
    /// When the next certificate is to be ordered.
    due: DateTime<Utc>,
    failures: u32,
}

/// An account at a directory.
#[derive(Serialize, Deserialize)]
struct Kept {
    directory: String,
    credentials: AccountCredentials,
}

impl Acme {
    /// Reads what is in the folder; what is missing there is ordered at the first look.
    pub(super) fn open(
        folder: &Path,
        public_url: Option<&str>,
        authority: &config::Acme,
        now: DateTime<Utc>,
    ) -> Result<(Self, CertifiedKey), TlsError> {
        let Some(Name::Dns(host)) = Names::now(public_url).public else { return Err(TlsError::NoPublicName) };
        keep::make_folder(folder)?;
        let mut acme = Self {
            authority: authority.clone(),
            folder: folder.to_owned(),
            host,
            progress: Mutex::new(Progress { due: now, failures: 0 }),
        };
        let kept = acme.kept();
        let first = match kept {
            Some(kept) => {
                let due = acme.due(&kept, now);
                acme.progress = Mutex::new(Progress { due, failures: 0 });
                kept
            }
            None => acme.placeholder()?,
        };
        Ok((acme, first))
    }

    /// Whether it is time for another certificate.
    pub(super) fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.progress().due <= now
    }

    /// Orders the next certificate and keeps it; meanwhile `shown` shows the authority what it asks for.
    ///
    /// # Errors
    /// The authority was not reached or says no. The next order is due later the more often that happens.
    pub(super) async fn order(&self, shown: &Shown, now: DateTime<Utc>) -> Result<CertifiedKey, TlsError> {
        let ordered = self.ordered(shown).await;
        shown.prove(None);
        let next = match &ordered {
            Ok(certified) => Progress { due: self.due(certified, now), failures: 0 },
            Err(_) => {
                let failures = self.progress().failures + 1;
                let minutes = 2_i64.pow(failures.min(DOUBLINGS)).min(12 * 60);
                Progress { due: now + TimeDelta::minutes(minutes), failures }
            }
        };
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = next;
        ordered
    }

    async fn ordered(&self, shown: &Shown) -> Result<CertifiedKey, TlsError> {
        let account = self.account().await?;
        let names = [Identifier::Dns(self.host.clone())];
        let mut order = account.new_order(&NewOrder::new(&names)).await.map_err(|error| self.failed(error))?;
        self.prove(&mut order, shown).await?;
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(vec![self.host.clone()])?;
        params.distinguished_name = DistinguishedName::new();
        let request = params.serialize_request(&key)?;
        order.finalize_csr(request.der()).await.map_err(|error| self.failed(error))?;
        let chain = order.poll_certificate(&RetryPolicy::default()).await.map_err(|error| self.failed(error))?;
        let certified = certified(chain.as_bytes(), key.serialize_pem().as_bytes())?;
        keep::write(&self.folder.join(KEY_FILE), &key.serialize_pem())?;
        keep::write(&self.folder.join(FILE), &chain)?;
        Ok(certified)
    }

    /// Shows the authority that the name leads here.
    async fn prove(&self, order: &mut Order, shown: &Shown) -> Result<(), TlsError> {
        let failed = |error| self.failed(error);
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization.map_err(failed)?;
            if authorization.status == AuthorizationStatus::Valid {
                continue;
            }
            let Some(mut challenge) = authorization.challenge(ChallengeType::TlsAlpn01) else {
                return Err(self.not_proved("it does not ask over TLS (tls-alpn-01)"));
            };
            shown.prove(Some(self.proof(challenge.key_authorization().digest().as_ref())?));
            challenge.set_ready().await.map_err(failed)?;
        }
        match order.poll_ready(&RetryPolicy::default()).await {
            Ok(OrderStatus::Ready) => Ok(()),
            Ok(_) => Err(self.not_proved("it gave no reason")),
            Err(Error::Api(said)) => Err(self.not_proved(&said.to_string())),
            Err(error) => Err(failed(error)),
        }
    }

    /// The account at this directory, made where there is none.
    async fn account(&self) -> Result<Account, TlsError> {
        let failed = |error| self.failed(error);
        let asking = || match &self.authority.root {
            Some(root) => Account::builder_with_root(root),
            None => Account::builder(),
        };
        let path = self.folder.join(ACCOUNT_FILE);
        let kept = keep::read(&path).ok().and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
        if let Some(kept) = kept.filter(|kept| kept.directory == self.authority.directory) {
            return asking().map_err(failed)?.from_credentials(kept.credentials).await.map_err(failed);
        }
        let contact: Vec<&str> = self.authority.contact.as_deref().into_iter().collect();
        let wanted = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
        let directory = self.authority.directory.clone();
        let made = asking().map_err(failed)?.create(&wanted, directory.clone(), None).await;
        let (account, credentials) = made.map_err(failed)?;
        let text = serde_json::to_string(&Kept { directory, credentials }).map_err(|error| failed(error.into()))?;
        keep::write(&path, &text)?;
        Ok(account)
    }

    /// The one that is in the folder; none that can be used is none.
    fn kept(&self) -> Option<CertifiedKey> {
        let [chain, key] = [FILE, KEY_FILE].map(|file| keep::read(&self.folder.join(file)).ok());
        let kept = certified(&chain?, &key?).ok()?;
        let name = Name::Dns(self.host.clone()).asked()?;
        kept.cert.first().is_some_and(|shown| certificate::is_for(shown, &name)).then_some(kept)
    }

    /// After two thirds of the time it has left now.
    fn due(&self, certified: &CertifiedKey, now: DateTime<Utc>) -> DateTime<Utc> {
        let end = certified.cert.first().and_then(|shown| certificate::ends_at(shown).ok().flatten()).unwrap_or(now);
        let since = std::fs::metadata(self.folder.join(FILE)).and_then(|file| file.modified());
        let since = since.map_or(now, DateTime::<Utc>::from).min(now);
        since + (end - since) * 2 / 3
    }

    /// What is shown while there is nothing better.
    fn placeholder(&self) -> Result<CertifiedKey, TlsError> {
        own(&CertificateParams::new(vec![self.host.clone()])?)
    }

    fn proof(&self, digest: &[u8]) -> Result<CertifiedKey, TlsError> {
        let mut params = CertificateParams::new(vec![self.host.clone()])?;
        params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
        own(&params)
    }

    fn progress(&self) -> Progress {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, source: instant_acme::Error) -> TlsError {
        TlsError::Authority { directory: self.authority.directory.clone(), source }
    }

    fn not_proved(&self, why: &str) -> TlsError {
        TlsError::NotProved {
            directory: self.authority.directory.clone(),
            host: self.host.clone(),
            why: why.to_owned(),
        }
    }
}

/// A certificate that vouches for itself. What makes it a proof is an extension that no client understands, rustls included: it is not read again.
fn own(params: &CertificateParams) -> Result<CertifiedKey, TlsError> {
    let key = KeyPair::generate()?;
    let made = params.self_signed(&key)?;
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let key = certificate::cryptography().key_provider.load_private_key(key).map_err(TlsError::Library)?;
    Ok(CertifiedKey::new(vec![made.der().clone()], key))
}

fn certified(chain: &[u8], key: &[u8]) -> Result<CertifiedKey, TlsError> {
    let broken = |_| TlsError::Library(rustls::Error::General("what was made cannot be read".into()));
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
    let key = PrivateKeyDer::from_pem_slice(key).map_err(broken)?;
    CertifiedKey::from_der(chain.map_err(broken)?, key, &certificate::cryptography()).map_err(TlsError::Library)
}
