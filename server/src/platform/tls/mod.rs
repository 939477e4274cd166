//! TLS at the server's own door: which certificate it shows, and how that stays good while the server runs.
//!
//! A camera opens only on a page that came over TLS, so a floor without a public name needs it as much as any. Four sources, one door:
//! - [`authority`] and [`local`]: an authority that this installation makes for itself and that vouches for nothing but the network it is in; phones are told once to
//!   trust it, by [`page`].
//! - [`acme`]: a public authority, for a public name.
//! - [`files`]: the operator's certificate and key.
//! - none: plain HTTP, for loopback and behind a proxy that does TLS.
//!
//! What is shown is swapped under the listener's feet ([`shown`]): nobody is disconnected by a renewal. [`Tls::look`] is where it happens; [`Tls::watch`] calls it each
//! minute and at every SIGHUP. The cryptography is ring's.

mod acme;
mod authority;
mod certificate;
mod error;
mod files;
mod keep;
mod local;
mod names;
pub mod page;
mod shown;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rustls::ServerConfig;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use self::acme::Acme;
pub use self::error::TlsError;
use self::files::Files;
use self::local::Local;
pub use self::local::Trust;
pub use self::names::address_in_the_network;
use self::shown::{PROOF_PROTOCOL, Shown};
use crate::platform::clock;
use crate::platform::config::{self, TlsFrom};

/// How often certificates are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// A door with TLS.
#[derive(Debug)]
pub struct Tls {
    source: Mutex<Source>,
    shown: Arc<Shown>,
    trust: Option<Trust>,
}

#[derive(Debug)]
enum Source {
    Acme(Arc<Acme>),
    Local(Box<Local>),
    Files(Files),
}

impl Tls {
    /// Opens it as configured; none where there is no TLS. What is made for it is kept in `folder`.
    ///
    /// # Errors
    /// There is no certificate to show, with the reason.
    pub fn open(
        settings: &config::Tls,
        folder: &Path,
        public_url: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Option<Self>, TlsError> {
        let (source, first, trust) = match &settings.from {
            TlsFrom::Off => return Ok(None),
            TlsFrom::Auto => {
                let (local, first) = Local::open(folder, public_url, now)?;
                let trust = local.trust();
                (Source::Local(Box::new(local)), first, Some(trust))
            }
            TlsFrom::Acme => {
                let (acme, first) = Acme::open(folder, public_url, &settings.acme, now)?;
                (Source::Acme(Arc::new(acme)), first, None)
            }
            TlsFrom::Files { certificate, key } => {
                let (files, first) = Files::open(certificate, key, now)?;
                (Source::Files(files), first, None)
            }
        };
        Ok(Some(Self { source: Mutex::new(source), shown: Arc::new(Shown::new(first)), trust }))
    }

    /// For the listener.
    ///
    /// # Errors
    /// Never in practice: ring knows the versions of TLS that rustls asks for.
    pub fn server_config(&self) -> Result<ServerConfig, TlsError> {
        let versions = ServerConfig::builder_with_provider(certificate::cryptography());
        let versions = versions.with_safe_default_protocol_versions().map_err(TlsError::Library)?;
        let shown = Arc::clone(&self.shown);
        let mut config = versions.with_no_client_auth().with_cert_resolver(shown);
        if self.acme().is_some() {
            config.alpn_protocols = vec![PROOF_PROTOCOL.to_vec()];
        }
        Ok(config)
    }

    /// Whom phones have to trust, if it is an authority of our own.
    pub fn trust(&self) -> Option<&Trust> {
        self.trust.as_ref()
    }

    /// Shows another certificate if there is a better one: files that changed, or one of our own that was due. Where that fails the one before stays, and the log says so.
    pub fn look(&self, now: DateTime<Utc>) {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let found = match &mut *source {
            Source::Local(local) => local.renewed(now),
            Source::Files(files) => files.changed(now),
            // It has to be waited for.
            Source::Acme(_) => Ok(None),
        };
        match found {
            Ok(None) => {}
            Ok(Some(next)) => {
                self.shown.swap(next);
                tracing::info!("another certificate is shown");
            }
            Err(error) => {
                tracing::error!(error = %error, "the certificate could not be renewed; the one before is shown")
            }
        }
    }

    /// Orders another certificate of a public authority if it is time, and shows it; the time it ends.
    ///
    /// # Errors
    /// None was had; the one before is shown, and the next order waits the longer the more have failed.
    pub async fn order(&self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, TlsError> {
        let Some(acme) = self.acme().filter(|acme| acme.is_due(now)) else { return Ok(None) };
        let next = acme.order(&self.shown, now).await?;
        let end = next.cert.first().and_then(|next| certificate::ends_at(next).ok().flatten());
        self.shown.swap(next);
        Ok(end)
    }

    fn acme(&self) -> Option<Arc<Acme>> {
        match &*self.source.lock().unwrap_or_else(PoisonError::into_inner) {
            Source::Acme(acme) => Some(Arc::clone(acme)),
            Source::Local(_) | Source::Files(_) => None,
        }
    }

    /// Looks each minute and at every SIGHUP, until cancelled. SIGHUP is heard from the call on, not once the future runs: unheard, it would end
    /// the process.
    pub fn watch(self: Arc<Self>, cancel: CancellationToken) -> impl Future<Output = ()> + Send + 'static {
        let hangup = signal(SignalKind::hangup())
            .inspect_err(|error| tracing::warn!(error = %error, "certificates are not looked at on SIGHUP"));
        async move { self.look_at_each(hangup.ok(), cancel).await }
    }

    async fn look_at_each(&self, mut hangup: Option<Signal>, cancel: CancellationToken) {
        let mut ordered = async || match &mut hangup {
            Some(hangup) => drop(hangup.recv().await),
            None => std::future::pending().await,
        };
        let mut every = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                () = cancel.cancelled() => return,
                _ = every.tick() => {}
                () = ordered() => {}
            }
            self.look(clock::now());
            tokio::select! {
                () = cancel.cancelled() => return,
                ordered = self.order(clock::now()) => match ordered {
                    Ok(None) => {}
                    Ok(Some(end)) => tracing::info!(%end, "a certificate of a public authority is shown"),
                    Err(error) => tracing::error!(error = %error, "no certificate was had; it is tried again later"),
                },
            }
        }
    }
}
